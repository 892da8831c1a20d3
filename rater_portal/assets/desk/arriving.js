// A new screen starts at its top, with the focus on its heading. All screens of the portal use this.

/** Note which screen shows now; when it is another than before, bring its heading into view and focus. */
export function arrive(place, headingOf) {
  const { dataset } = document.body;
  const before = dataset.place;
  dataset.place = place;
  // The first screen is left where the browser put it.
  if (before !== undefined && before !== place) standAtTop(headingOf());
}

function standAtTop(heading) {
  if (!heading) return;
  document.querySelector("[data-testid=stMain]").scrollTo({ top: 0, behavior: "instant" });
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
