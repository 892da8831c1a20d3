// After a new unit: its heading gets the focus and the page stands at its top.
// While typing: a field that has rested for a second is sent, as if it had been left.
// After the server was away: the form waits until the server has drawn it again.

const REST_MS = 1000;
const ASK_AFTER_MS = 100;
let shownPlace = null;
let resting = null;
let line = null;
let askForDrawing = null;

function rest(event) {
  if (event.target.tagName !== "TEXTAREA") return;
  clearTimeout(resting);
  resting = setTimeout(() => {
    event.target.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
  }, REST_MS);
}

function standAtTop() {
  const heading = document.querySelector("[data-testid=stMain] h1");
  if (!heading) return;
  document.querySelector("[data-testid=stMain]").scrollTo({ top: 0 });
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// A server that was started anew drops clicks on parts of the page that it has not drawn yet, so
// it is asked to draw the page, and nobody may click in the form before it has.
function followLine(app) {
  const isOn = app.dataset.testConnectionState === "CONNECTED";
  const isDrawing = app.dataset.testScriptState !== "notRunning";
  if (!isOn) line = "gone";
  else if (line === "gone") {
    line = "back";
    setTimeout(() => line === "back" && askForDrawing(), ASK_AFTER_MS);
  } else if (line === "back" && isDrawing) line = "drawing";
  else if (line === "drawing" && !isDrawing) line = "there";
  const form = document.querySelector(".st-key-rubric");
  if (form) form.inert = line !== "there";
}

export default function attention({ data, setTriggerValue }) {
  askForDrawing = () => setTriggerValue("returned", true);
  document.removeEventListener("input", rest, true);
  document.addEventListener("input", rest, true);
  if (!line) {
    const app = document.querySelector("[data-testid=stApp]");
    line = "there";
    new MutationObserver(() => followLine(app)).observe(app, {
      attributeFilter: ["data-test-connection-state", "data-test-script-state"],
    });
  }
  if (data.place === shownPlace) return;
  // The first screen is left where the browser put it.
  if (shownPlace !== null) requestAnimationFrame(() => setTimeout(standAtTop, 50));
  shownPlace = data.place;
}
