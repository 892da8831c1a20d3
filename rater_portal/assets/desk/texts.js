// The texts of a unit: questions and answers in a fixed arrangement, and what helps to read them.

import { showDifferences } from "./differences.js";
import { make } from "./dom.js";
import { createImages } from "./images.js";
import { createMarks } from "./marks.js";
import { createNote } from "./note.js";
import { Painting } from "./painting.js";
import { createSides } from "./sides.js";

const NUMBERS = "desk sentence numbers";

/** Show the unit's texts in `root`, behind the note if it has one. */
export function createTexts(root, data, { t, onMarks, currentItem, onSkip = () => {} }) {
  return new Texts(root, data, { t, onMarks, currentItem, onSkip });
}

class Texts {
  constructor(root, data, { t, onMarks, currentItem, onSkip }) {
    Object.assign(this, { data, t, onMarks, currentItem, unread: data.marks });
    this.root = make("div", { class: "texts", "data-kind": data.kind });
    root.append(this.root);
    if (data.content_note) createNote(this.root, data, { t, onSkip, onShow: () => this.reveal() });
    else this.build();
  }

  /** The rater asked for the texts: they come, and reading starts at the first of them. */
  reveal() {
    this.build();
    this.panels[0].heading.focus();
  }

  build() {
    const { data, t, root } = this;
    this.panels = data.panels.map((panel) => createPanel(panel, t));
    const texts = this.arranged();
    this.marking = createMarks(root, this.panels, {
      items: data.items, lang: data.rubric_language, marks: this.unread, t, onMarks: this.onMarks, currentItem: this.currentItem,
    });
    root.prepend(this.tools(), this.marking.byNumber.root, ...texts);
  }

  /** The panels as elements in their order: a shared question on top, then one side or two. */
  arranged() {
    const shared = this.panels.filter((panel) => panel.shared);
    const sides = [1, 2]
      .map((position) => this.panels.filter((panel) => !panel.shared && panel.position === position))
      .filter((panels) => panels.length);
    const elements = sides.map((panels) => make("div", { class: "side" }, ...panels.map((panel) => panel.element)));
    const answers = sides.map((panels, index) => ({ name: panels.at(-1).name, element: elements[index] }));
    if (sides.length < 2) return [...shared.map((panel) => panel.element), ...elements];
    const both = createSides(this.root, answers, this);
    sides.forEach((panels, index) => panels.forEach((panel) => { panel.reveal = () => both.show(index); }));
    return [...shared.map((panel) => panel.element), both.bar, make("div", { class: "sides" }, ...elements)];
  }

  /** What helps to read, in one row; arrow keys move in it, so that it is one stop for Tab. */
  tools() {
    const { t } = this;
    const numbers = toggle(t("Number the sentences"), numbersAreOn(), (isOn) => {
      localStorage.setItem(NUMBERS, isOn ? "on" : "off");
      this.number(isOn);
    });
    this.number(numbersAreOn());
    const buttons = [this.marking.opener, numbers];
    const aside = make("div", { class: "differences", role: "status" });
    if (this.data.kind === "counterfactual") {
      const questions = this.panels.filter((panel) => panel.kind === "question");
      buttons.push(toggle(t("Show where the questions differ"), false, (isOn) => {
        if (isOn) this.hide = showDifferences(questions, aside, t);
        else this.hide();
        this.marking.paint();
      }));
    }
    const bar = make("div", { class: "texts-tools", role: "toolbar", "aria-label": t("Reading aids") }, ...buttons);
    rove(bar, buttons);
    return make("div", {}, bar, aside);
  }

  number(isOn) {
    this.root.classList.toggle("numbered", isOn);
    for (const panel of this.panels) panel.painting.number(isOn);
  }

  /** All marked passages. */
  marks() {
    return this.marking ? this.marking.all() : this.unread;
  }

  /** Show other marks, from another tab or the server. */
  setMarks(marks) {
    this.unread = marks;
    this.marking?.set(marks);
  }

  destroy() {
    this.marking?.destroy();
    for (const panel of this.panels ?? []) panel.painting.destroy();
    this.root.remove();
  }
}

function createPanel(panel, t) {
  const body = make("div", { class: "panel-body" });
  body.innerHTML = panel.html;
  const frame = make("div", { class: "panel-text" }, body);
  const heading = make("h2", { class: "panel-name", tabindex: "-1" }, panel.name);
  const cut = panel.is_cut
    ? make("p", { class: "cut" }, t("The answer ends here: it reached a length limit."))
    : null;
  const element = make("article", { class: `panel ${panel.kind}-panel`, "aria-label": panel.name },
    heading, createImages(panel.images, t), frame, cut);
  return { ...panel, body, heading, element, painting: new Painting(frame, body), reveal: () => {} };
}

function toggle(words, isOn, onToggle) {
  const button = make("button", { type: "button", class: "tool", "aria-pressed": String(isOn) }, words);
  button.addEventListener("click", () => {
    const turnsOn = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", String(turnsOn));
    onToggle(turnsOn);
  });
  return button;
}

function rove(bar, buttons) {
  const stop = (button) => buttons.forEach((each) => { each.tabIndex = each === button ? 0 : -1; });
  stop(buttons[0]);
  bar.addEventListener("focusin", (event) => stop(event.target));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const onwards = getComputedStyle(bar).direction === "rtl" ? -step : step;
    const place = buttons.indexOf(event.target) + onwards;
    buttons[(place + buttons.length) % buttons.length].focus();
  });
}

function numbersAreOn() {
  return localStorage.getItem(NUMBERS) !== "off";
}
