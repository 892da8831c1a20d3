// After a new unit: its heading gets the focus and the page stands at its top.
// While typing: a field that has rested for a second is sent, as if it had been left.

const REST_MS = 1000;
let shownPlace = null;
let resting = null;

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

export default function attention({ data }) {
  document.removeEventListener("input", rest, true);
  document.addEventListener("input", rest, true);
  if (data.place === shownPlace) return;
  // The first screen is left where the browser put it.
  if (shownPlace !== null) requestAnimationFrame(() => setTimeout(standAtTop, 50));
  shownPlace = data.place;
}
