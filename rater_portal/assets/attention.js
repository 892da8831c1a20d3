// A page that Streamlit draws: after a change of screen its heading gets the focus, at the top.

import { arrive } from "./desk/arriving.js";

const DRAWN_AFTER_MS = 50;

/** Called with every run of a page; `data.place` names the screen. */
export default function attention({ data }) {
  const heading = () => document.querySelector("[data-testid=stMain] h1");
  requestAnimationFrame(() => setTimeout(() => arrive(data.place, heading), DRAWN_AFTER_MS));
}
