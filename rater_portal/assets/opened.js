// Questions that are reviewed one after another: a new one, or a form of it, has the keyboard.

const DRAWN_AFTER_MS = 80;

/** Called with every run; `data.opened` names what is open, `data.at` finds where to go on. */
export default function opened({ data }) {
  const { dataset } = document.body;
  const before = dataset.opened;
  dataset.opened = data.opened;
  // The first one is left where the browser put it.
  if (before === undefined || before === data.opened) return;
  requestAnimationFrame(() => setTimeout(() => goOn(document.querySelector(data.at)), DRAWN_AFTER_MS));
}

function goOn(place) {
  if (!place) return;
  if (place.matches("h2")) place.tabIndex = -1;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "nearest", behavior: "instant" });
}
