// Marked passages: drawn in the texts, listed below them, each tied to an item of the rubric.

import { make } from "./dom.js";
import { NumberTie, Tie, listenToSelection } from "./picking.js";
import { quoteOf, rangesBetween, sentencesOf } from "./places.js";

const MOST_MARKS = 100;
const FIELDS = ["id", "item", "position", "panel", "start", "end", "quote", "sentence"];

/** Let a rater mark passages in `panels`; `onMarks(marks)` hears of every change by hand. */
export function createMarks(root, panels, { items, lang, marks, t, onMarks, currentItem }) {
  return new Marks(root, panels, { items, lang, marks, t, onMarks, currentItem });
}

class Marks {
  constructor(root, panels, { items, lang, marks, t, onMarks, currentItem }) {
    Object.assign(this, { root, panels, items, lang, t, onMarks });
    const options = { items, lang, t, currentItem, onTied: (passage) => this.add(passage) };
    this.byHand = new Tie({ ...options, onClosed: () => this.letGo() });
    this.byNumber = new NumberTie(panels, { ...options, onClosed: () => this.closeNumbers() });
    this.opener = make("button", {
      type: "button", class: "tool", "aria-expanded": "false", onclick: () => this.toggleNumbers(),
    }, t("Mark a passage"));
    this.said = make("p", { class: "marks-said", role: "status" });
    this.list = make("ol", { class: "marks-list" });
    this.place = make("section", { class: "marks", "aria-label": t("Marked passages") },
      make("h2", { class: "panel-name" }, t("Marked passages")), this.list);
    root.append(this.byHand.root, this.said, this.place);
    this.stop = listenToSelection(panels, (picked) => this.pick(picked));
    this.set(marks);
  }

  /** All marks, as they go to the server. */
  all() {
    return this.marks;
  }

  /** Show other marks, from the server or another tab; nobody is told. */
  set(marks) {
    if (this.marks && isSame(marks, this.marks)) return;
    this.marks = marks.map((mark) => this.anchored(mark));
    this.draw();
  }

  add({ panel, start, end, quote, item }) {
    if (this.marks.length >= MOST_MARKS) {
      this.said.textContent = this.t("No more than {count} passages can be marked.", { count: MOST_MARKS });
      return;
    }
    const sentence = sentenceAt(panel.body, start);
    const number = 1 + Math.max(0, ...this.marks.map(({ id }) => Number(id.slice(1)) || 0));
    const { kind, position } = panel;
    this.change([...this.marks, { id: `m${number}`, item, position, panel: kind, start, end, quote, sentence }]);
    this.said.textContent = this.t("Marked as passage {number}.", { number: this.marks.length });
  }

  remove(id) {
    const index = this.marks.findIndex((mark) => mark.id === id);
    this.change(this.marks.filter((mark) => mark.id !== id));
    this.said.textContent = this.t("The mark is removed.");
    const buttons = this.list.querySelectorAll(".mark-remove");
    (buttons[Math.min(index, buttons.length - 1)] ?? this.opener).focus();
  }

  change(marks) {
    this.marks = marks;
    this.draw();
    this.onMarks(marks);
  }

  draw() {
    this.place.hidden = !this.marks.length;
    this.list.replaceChildren(...this.marks.map((mark, index) => this.entry(mark, index + 1)));
    this.paint();
  }

  paint() {
    const shown = this.marks.map((mark, index) => ({ ...mark, label: String(index + 1) }));
    for (const panel of this.panels) {
      const mine = shown.filter((mark) => this.panelOf(mark) === panel);
      const pending = this.picked?.panel === panel ? [this.picked] : [];
      panel.painting.show([...mine, ...pending]);
    }
  }

  entry(mark, number) {
    const { t } = this;
    const panel = this.panelOf(mark);
    const item = this.items.find(({ id }) => id === mark.item);
    const where = mark.sentence === null ? panel?.name
      : t("{name}, sentence {number}", { name: panel?.name, number: mark.sentence });
    return make("li", {},
      make("button", { type: "button", class: "mark-quote", dir: "auto", onclick: () => this.show(mark) }, `“${mark.quote}”`),
      make("span", { class: "mark-about" }, `${where} · `, make("span", { lang: this.lang }, item?.text ?? mark.item)),
      make("button", {
        type: "button", class: "quiet mark-remove", onclick: () => this.remove(mark.id),
        "aria-label": t("Remove passage {number}", { number }),
      }, t("Remove")));
  }

  /** Bring a marked passage into view. */
  show(mark) {
    const panel = this.panelOf(mark);
    panel?.reveal();
    const [range] = panel ? rangesBetween(panel.body, mark.start, mark.end) : [];
    range?.startContainer.parentElement.scrollIntoView({ block: "center" });
  }

  panelOf(mark) {
    return this.panels.find(({ kind, position }) => kind === mark.panel && position === mark.position);
  }

  /** A mark where its words stand, should the text be drawn otherwise than when it was made. */
  anchored(mark) {
    const body = this.panelOf(mark)?.body;
    if (!body || quoteOf(body, mark.start, mark.end) === mark.quote) return mark;
    const at = body.textContent.indexOf(mark.quote);
    if (at < 0) return mark;
    const start = [...body.textContent.slice(0, at)].length;
    return { ...mark, start, end: start + [...mark.quote].length };
  }

  /** A passage was selected in a text, or let go. */
  pick(picked) {
    if (!picked) {
      if (!this.byHand.root.contains(document.activeElement)) this.byHand.close();
      return;
    }
    this.picked = picked;
    this.byHand.openAt(picked, this.root.getBoundingClientRect());
    this.paint();
  }

  letGo() {
    this.picked = null;
    document.getSelection().removeAllRanges();
    this.paint();
  }

  toggleNumbers() {
    if (!this.byNumber.root.hidden) {
      this.byNumber.close();
      return;
    }
    this.byNumber.open();
    this.opener.setAttribute("aria-expanded", "true");
    this.byNumber.root.querySelector("select").focus();
  }

  closeNumbers() {
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.focus();
  }

  destroy() {
    this.stop();
  }
}

function sentenceAt(body, place) {
  const found = sentencesOf(body).find(({ start, end }) => start <= place && place < end);
  return found?.number ?? null;
}

/** Whether two lists hold the same marks: a list that is drawn anew would take the focus away. */
function isSame(some, others) {
  return some.length === others.length
    && some.every((mark, index) => FIELDS.every((field) => mark[field] === others[index][field]));
}
