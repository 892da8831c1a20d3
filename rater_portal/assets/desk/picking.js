// Picking a passage: with the mouse or a finger in the text, or by the number of a sentence.

import { make } from "./dom.js";
import { placesOf, quoteOf, sentencesOf } from "./places.js";

const SETTLED_MS = 250;
const BELOW_PX = 8;
const BAR_PX = 112;
const LONGEST_QUOTE = 4000;
const FIRST_WORDS = 48;
let controls = 0;

/** Hear of passages that are selected in one of the panels; `onPicked` gets null when none is. */
export function listenToSelection(panels, onPicked) {
  let waiting;
  let isHeld = false;
  const look = () => {
    const selection = document.getSelection();
    const range = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : null;
    const panel = range && panels.find(({ body }) => placesOf(body, range));
    onPicked(panel ? { panel, ...placesOf(panel.body, range), box: range.getBoundingClientRect() } : null);
  };
  const later = () => {
    clearTimeout(waiting);
    if (!isHeld) waiting = setTimeout(look, SETTLED_MS);
  };
  // Nothing may come up under a hand that is still drawing.
  const heard = {
    selectionchange: later,
    pointerdown: () => { isHeld = true; clearTimeout(waiting); },
    pointerup: () => { isHeld = false; later(); },
    pointercancel: () => { isHeld = false; later(); },
  };
  for (const [kind, listener] of Object.entries(heard)) document.addEventListener(kind, listener);
  return () => {
    clearTimeout(waiting);
    for (const [kind, listener] of Object.entries(heard)) document.removeEventListener(kind, listener);
  };
}

/** The small form that ties a passage to an item; one stands by the text, one takes numbers. */
export class Tie {
  constructor({ items, lang, t, currentItem, onTied, onClosed }) {
    Object.assign(this, { t, currentItem, onTied, onClosed, passage: null });
    this.item = choice(items.map((item) => [item.id, item.text]), lang);
    this.problem = make("p", { class: "tie-problem", role: "alert", hidden: true });
    this.root = make("form", { class: "tie", hidden: true },
      labelled(t("Marked for"), this.item), this.problem,
      make("div", { class: "tie-buttons" },
        make("button", { type: "submit", class: "tie-mark" }, t("Mark")),
        make("button", { type: "button", class: "quiet", onclick: () => this.close() }, t("Cancel"))));
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.tie();
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /** Show the form; the item that is being answered is chosen already. */
  open() {
    if (this.root.hidden) this.item.value = this.currentItem() ?? this.item.value;
    this.showProblem("");
    this.root.hidden = false;
  }

  /** Show the form below a passage in the text, and in any case in view. */
  openAt(passage, origin) {
    this.passage = passage;
    this.open();
    const { offsetWidth, offsetHeight } = this.root;
    const lowest = window.innerHeight - BAR_PX - offsetHeight;
    const top = Math.max(0, Math.min(passage.box.bottom + BELOW_PX, lowest));
    const left = Math.max(0, Math.min(passage.box.left - origin.left, origin.width - offsetWidth));
    this.root.style.top = `${top - origin.top}px`;
    this.root.style.left = `${left}px`;
  }

  /** What is to be marked. */
  picked() {
    return this.passage;
  }

  tie() {
    const { panel, start, end } = this.picked();
    const quote = quoteOf(panel.body, start, end);
    if ([...quote].length > LONGEST_QUOTE) {
      this.showProblem(this.t("This passage is too long to be marked. Please choose a shorter one."));
      return;
    }
    this.onTied({ panel, start, end, quote, item: this.item.value });
    this.close();
  }

  showProblem(message) {
    this.problem.textContent = message;
    this.problem.hidden = !message;
  }

  close() {
    if (this.root.hidden) return;
    this.root.hidden = true;
    this.onClosed();
  }
}

/** The same form with sentences to choose from: nothing needs a mouse. */
export class NumberTie extends Tie {
  constructor(panels, options) {
    super(options);
    this.panels = panels;
    const { t } = this;
    this.panel = choice(panels.map(({ name }, index) => [index, name]));
    this.from = choice([]);
    this.until = choice([]);
    this.panel.addEventListener("change", () => this.offer());
    this.from.addEventListener("change", () => {
      if (Number(this.until.value) < Number(this.from.value)) this.until.value = this.from.value;
    });
    this.root.classList.add("by-number");
    this.root.prepend(...(panels.length > 1 ? [labelled(t("Text"), this.panel)] : []),
      labelled(t("From sentence"), this.from), labelled(t("To sentence"), this.until));
    this.root.prepend(make("p", { class: "tie-hint" }, t("Choose sentences by number, or select words in a text with the mouse or a finger.")));
    this.panel.value = Math.max(0, panels.findIndex(({ kind }) => kind === "answer"));
    this.offer();
  }

  offer() {
    this.sentences = sentencesOf(this.panels[this.panel.value].body);
    for (const list of [this.from, this.until]) {
      list.replaceChildren(...this.sentences.map(({ number, words }) =>
        make("option", { value: number }, `${number}. ${beginning(words)}`)));
    }
  }

  picked() {
    const numbers = [Number(this.from.value), Number(this.until.value)].sort((a, b) => a - b);
    const [first, last] = numbers.map((number) => this.sentences.find((one) => one.number === number));
    return { panel: this.panels[this.panel.value], start: first.start, end: last.end };
  }
}

/** The first words of a passage, on one line. */
export function beginning(words) {
  const line = words.replace(/\s+/g, " ");
  return line.length > FIRST_WORDS ? `${line.slice(0, FIRST_WORDS).trimEnd()} …` : line;
}

function choice(options, lang) {
  return make("select", {}, ...options.map(([value, label]) => make("option", { value, lang }, label)));
}

function labelled(words, control) {
  control.id = `tie-${controls += 1}`;
  return make("div", { class: "tie-field" }, make("label", { for: control.id }, words), control);
}
