// Two texts to compare: side by side where there is room, else one at a time at the same place.

import { make } from "./dom.js";

/** The switch between two sides; on a wide screen both show and the style sheet hides it. */
export function createSides(root, sides, { t }) {
  const buttons = sides.map(({ name }, index) =>
    make("button", { type: "button", class: "side-switch", onclick: () => show(index) }, name));
  const bar = make("div", { class: "sides-switch", role: "group", "aria-label": t("Which text is shown") }, ...buttons);
  let shown = 0;

  const show = (index) => {
    const share = shareRead(bar, sides[shown].element);
    mark(index);
    if (share > 0) readOnAt(bar, sides[index].element, share);
  };
  const mark = (index) => {
    shown = index;
    root.dataset.shown = index + 1;
    buttons.forEach((button, each) => button.setAttribute("aria-pressed", String(each === index)));
  };
  mark(0);
  return { bar, show: mark };
}

/** How much of a side, 0 to 1, stands above the line right below the switch. */
function shareRead(bar, side) {
  const { top, height } = side.getBoundingClientRect();
  return Math.min(1, (bar.getBoundingClientRect().bottom - top) / (height || 1));
}

function readOnAt(bar, side, share) {
  const { top, height } = side.getBoundingClientRect();
  scrollerOf(side).scrollTop += top + share * height - bar.getBoundingClientRect().bottom;
}

function scrollerOf(element) {
  for (let place = element.parentElement; place; place = place.parentElement) {
    const { overflowY } = getComputedStyle(place);
    if (["auto", "scroll"].includes(overflowY) && place.scrollHeight > place.clientHeight) return place;
  }
  return document.scrollingElement;
}
