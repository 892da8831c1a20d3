// What lies behind a panel's text: numbers of the sentences in the margin, marked passages.
//
// All of it is drawn on a layer of its own, so that the text stays as the server counts it and a
// screen reader hears nothing twice. Overlapping marks show as such.

import { make } from "./dom.js";
import { rangesBetween, sentencesOf } from "./places.js";

const SAME_LINE_PX = 6;

/** Draw on the layer of a panel, again whenever its text is laid out anew. */
export class Painting {
  constructor(frame, body) {
    this.body = body;
    this.layer = make("div", { class: "panel-layer", "aria-hidden": "true" });
    this.passages = [];
    this.numbered = false;
    frame.prepend(this.layer);
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(body);
  }

  /** Show these passages, `{start, end, label}`. */
  show(passages) {
    this.passages = passages;
    this.draw();
  }

  /** Show or hide the numbers of the sentences. */
  number(numbered) {
    this.numbered = numbered;
    this.draw();
  }

  draw() {
    // Numbers stand where the lines of this text begin, whatever the page around it is written in.
    this.layer.dir = getComputedStyle(this.body.firstElementChild ?? this.body).direction;
    const origin = this.layer.getBoundingClientRect();
    const numbers = this.numbered ? this.numbers(origin) : [];
    this.layer.replaceChildren(...this.passages.flatMap((one) => this.passage(one, origin)), ...numbers);
  }

  passage({ start, end, label }, origin) {
    const lines = rangesBetween(this.body, start, end).flatMap((range) => [...range.getClientRects()]);
    return lines.filter((line) => line.width).map((line, index) => {
      const box = make("span", { class: label ? "passage" : "passage pending" });
      if (label && !index) box.append(make("span", { class: "passage-label" }, label));
      return place(box, line, origin, true);
    });
  }

  /** One number a line; where several sentences begin in one line, the first and the last. */
  numbers(origin) {
    const lines = [];
    const sentences = sentencesOf(this.body);
    if (sentences.length < 2) return [];
    for (const { number, span } of sentences) {
      const [box] = span.getClientRects();
      if (!box) continue;
      const line = lines.at(-1);
      if (line && Math.abs(line.box.top - box.top) < SAME_LINE_PX) line.last = number;
      else lines.push({ box, first: number, last: number });
    }
    return lines.map(({ box, first, last }) => {
      const words = first === last ? String(first) : `${first}–${last}`;
      return place(make("span", { class: "number" }, words), box, origin, false);
    });
  }

  destroy() {
    this.watch.disconnect();
  }
}

function place(element, box, origin, isWide) {
  element.style.top = `${box.top - origin.top}px`;
  element.style.height = `${box.height}px`;
  if (isWide) {
    element.style.left = `${box.left - origin.left}px`;
    element.style.width = `${box.width}px`;
  }
  return element;
}
