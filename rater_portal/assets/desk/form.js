// The rubric as a form: items one after another, the current one open, the answered ones a line each.

import { make } from "./dom.js";
import { createItem, isAnswered, isGroup } from "./items.js";
import { optionKey } from "./keys.js";

const MISSING = {
  multichoice: "Please choose at least one of the options.",
  text: "Please write an answer.",
  number: "Please enter a number.",
};
const GUARD_MS = 350;

/** Which items are asked with these codes: the rubric's conditions, as the server reads them. */
export function shownItems(items, codes) {
  const kept = {};
  return items.filter((item) => {
    const given = item.show_if ? [kept[item.show_if.item]].flat() : null;
    if (given && !given.some((code) => item.show_if.is_in.includes(code))) return false;
    kept[item.id] = codes[item.id];
    return true;
  });
}

/** Draw the rubric into `root`; `onChange(item, codes)` hears of every change by hand. */
export function createForm(root, data, { t, onChange, onCurrent = () => {} }) {
  return new Form(root, data, { t, onChange, onCurrent });
}

class Form {
  constructor(root, data, { t, onChange, onCurrent }) {
    Object.assign(this, { root, data, t, onChange, onCurrent, current: null, byPointer: false });
    this.guardedUntil = 0;
    const keyOf = (index) => optionKey(data.preferences, index);
    this.items = new Map(data.items.map((item) => [
      item.id,
      createItem(item, {
        t, lang: data.rubric_language, optionKey: keyOf, name: `item-${data.assignment}-${item.id}`,
        onInput: () => this.changed(item.id),
      }),
    ]));
    this.element = make("form", { class: "items", novalidate: true }, ...[...this.items.values()].map((one) => one.root));
    this.listen();
    root.append(this.element);
    this.setCodes(data.draft);
    this.open(this.firstOpen());
  }

  listen() {
    const { element } = this;
    element.addEventListener("submit", (event) => event.preventDefault());
    element.addEventListener("focusin", (event) => {
      // A label that moves while the finger is down would miss its click.
      if (!this.pressed) this.open(this.idAt(event.target));
    });
    element.addEventListener("pointerdown", () => { this.pressed = this.byPointer = true; });
    element.addEventListener("keydown", () => { this.byPointer = false; });
    // The second click of a double click would hit the item that has just come under it.
    element.addEventListener("click", (event) => {
      if (event.detail < 2 || performance.now() > this.guardedUntil) return;
      event.preventDefault();
      event.stopPropagation();
    }, true);
    element.addEventListener("click", (event) => this.clicked(event));
    this.release = () => { this.pressed = false; };
    for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, this.release);
  }

  clicked(event) {
    const id = this.idAt(event.target);
    if (!id || id === this.current) return;
    const wasLine = this.items.get(id).root.dataset.state === "answered";
    this.open(id);
    if (wasLine) this.items.get(id).focus({ preventScroll: true });
  }

  idAt(target) {
    return target.closest?.("[data-item]")?.dataset.item ?? null;
  }

  /** All codes as they stand on the screen; what is hidden keeps its code, and the server drops it. */
  codes() {
    return Object.fromEntries([...this.items].map(([id, one]) => [id, one.code()]));
  }

  /** Show other codes, from another tab or the server; nobody is told. */
  setCodes(codes) {
    for (const [id, one] of this.items) one.setCode(codes[id] ?? null);
    this.draw();
  }

  changed(id) {
    this.items.get(id).showProblem(null);
    this.draw();
    this.onChange(id, this.codes());
    const { kind } = this.items.get(id).item;
    // Arrow keys pass over options that are not meant: only a click or a key of its own moves on.
    if (isGroup({ kind }) && this.byPointer) this.moveOn(id);
  }

  moveOn(id) {
    const next = this.neighbour(id, 1);
    if (!next) return;
    const { root } = this.items.get(next);
    this.guardedUntil = performance.now() + GUARD_MS;
    this.open(next);
    // A finger that chose must not bring up a phone's keyboard.
    if (this.byPointer) root.focus({ preventScroll: true });
    else this.items.get(next).focus();
    root.scrollIntoView({ block: "nearest" });
  }

  shown() {
    return shownItems(this.data.items, this.codes()).map((item) => item.id);
  }

  neighbour(id, step) {
    const shown = this.shown();
    return shown[shown.indexOf(id) + step] ?? null;
  }

  firstOpen() {
    const shown = this.shown();
    return shown.find((id) => !isAnswered(this.items.get(id).code())) ?? shown.at(-1);
  }

  open(id) {
    if (!id || id === this.current) return;
    this.current = id;
    this.draw();
    this.onCurrent(id);
  }

  draw() {
    const shown = this.shown();
    for (const [id, one] of this.items) {
      const answered = isAnswered(one.code());
      one.root.hidden = !shown.includes(id);
      one.root.dataset.state = id === this.current ? "current" : answered ? "answered" : "waiting";
      if (answered) one.summarise();
    }
  }

  /** The item that keys act on. */
  currentItem() {
    return this.current;
  }

  /** Focus an item and open it. */
  focusItem(id, { intoText = false } = {}) {
    this.open(id);
    const one = this.items.get(id);
    one.focus({ intoText });
    one.root.scrollIntoView({ block: "nearest" });
  }

  /** Go to the next item or the one before it; into the current one if nothing has the focus yet. */
  step(by) {
    const inside = this.element.contains(document.activeElement);
    const id = inside ? this.neighbour(this.current, by) ?? this.current : this.current;
    this.focusItem(id);
  }

  /** Choose the option of the current item with this index, and go on where one choice is all. */
  press(index) {
    const { current } = this;
    const one = this.items.get(current);
    this.byPointer = false;
    if (one.press(index) && isGroup(one.item)) this.moveOn(current);
  }

  /** Move from the item itself into its field for text. */
  enterText() {
    this.items.get(this.current).focus({ intoText: true });
  }

  /** What is still missing, by item. */
  missing() {
    const codes = this.codes();
    return shownItems(this.data.items, codes)
      .filter((item) => item.required && !isAnswered(codes[item.id]))
      .map((item) => ({ item: item.id, message: this.t(MISSING[item.kind] ?? "Please choose one of the options.") }));
  }

  /** Show problems at their items and go to the first; the others keep none. */
  showProblems(problems) {
    const messages = new Map(problems.map((problem) => [problem.item, problem.message]));
    for (const [id, one] of this.items) one.showProblem(messages.get(id));
    const first = this.shown().find((id) => messages.has(id));
    if (first) this.focusItem(first, { intoText: true });
  }

  destroy() {
    for (const kind of ["pointerup", "pointercancel"]) document.removeEventListener(kind, this.release);
    this.element.remove();
  }
}
