// The desk: one unit's texts, its rubric and the action bar, put together from their modules.
//
// Streamlit calls `desk` with every run of the page. A run that brings nothing new leaves the desk
// as it is: what the rater does goes to the server over the line, and not through the page.

import { arrive } from "./arriving.js";
import { createBar } from "./bar.js";
import { askForSettings, askToSkip } from "./dialogs.js";
import { make } from "./dom.js";
import { createForm } from "./form.js";
import { listenToKeys } from "./keys.js";
import { createLine } from "./line.js";
import { createTexts } from "./texts.js";

const ASK_AGAIN_MS = 3000;
const desks = new WeakMap();

/** Show this unit in `parentElement`, unless it shows already. */
export default function desk({ data: [data], parentElement, setTriggerValue }) {
  const before = desks.get(parentElement);
  const name = `${data.mode} ${data.assignment} ${data.language}`;
  if (before?.name !== name) {
    const same = before?.data.assignment === data.assignment && before.data.mode === data.mode;
    const kept = same ? { draft: before.form.codes(), marks: before.texts.marks() } : {};
    before?.destroy();
    desks.set(parentElement, new Desk(parentElement, { ...data, ...kept }, name));
  }
  desks.get(parentElement).ask = (how) => setTriggerValue("moved", `${how} ${data.assignment} ${Date.now()}`);
  return () => {
    desks.get(parentElement)?.destroy();
    desks.delete(parentElement);
  };
}

class Desk {
  constructor(parent, data, name) {
    Object.assign(this, { data, name, preferences: data.preferences, sending: false });
    this.t = (message, values = {}) =>
      (data.words[message] ?? message).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
    this.build(parent);
    this.line = createLine(data, {
      t: this.t,
      onState: (state) => this.bar.setState(state),
      onDraft: (draft) => this.mergeDraft(draft),
      onRefused: (refusal) => this.refused(refusal),
      onGone: () => this.leave("gone"),
      onBreak: () => this.offerBreak(),
    });
    this.bar.setState({ kind: "saved", saved_at: data.saved_at });
    this.stopKeys = listenToKeys(this.root, {
      form: () => this.form, preferences: () => this.preferences, onSubmit: () => this.submit(),
    });
    if (data.break_due) this.offerBreak();
    arrive(`${data.mode} ${data.assignment}`, () => this.heading);
  }

  build(parent) {
    const { data, t } = this;
    this.heading = make("h1", { tabindex: "-1" }, data.title);
    this.breakPlace = make("div", { class: "break-place", role: "status" });
    this.textsPlace = make("section", { class: "desk-texts", "aria-label": t("Texts to judge") });
    this.formPlace = make("section", { class: "desk-form", "aria-label": t("Your judgment") });
    this.root = make("div", { class: "desk", "data-kind": data.kind, lang: data.language, dir: data.direction },
      make("div", { class: "desk-body" },
        make("div", { class: "desk-left" }, this.head(), this.breakPlace, this.textsPlace),
        this.formPlace));
    this.showSize();
    parent.append(this.root);
    this.texts = createTexts(this.textsPlace, data, {
      t, onMarks: (marks) => this.line.marks(marks), currentItem: () => this.form.currentItem(),
      onSkip: () => this.actions().skip("skip"),
    });
    this.buildForm(data.draft);
    this.bar = createBar(this.root, data, { t, on: this.actions() });
    this.watchFlip();
  }

  head() {
    const { data, t } = this;
    const skip = make("button", { type: "button", class: "to-form", onclick: () => this.goToForm() }, t("To the form"));
    const lang = data.rubric_language;
    const guide = make("div", { class: "guide-words", lang });
    guide.innerHTML = data.guide.html;
    return make("header", { class: "desk-head" }, this.heading, skip,
      make("a", { class: "desk-out", href: "/signout" }, t("Sign out")),
      make("details", { class: "guide" }, make("summary", {}, t("Guide"),
        make("span", { class: "guide-title" }, ": ", make("span", { lang }, data.guide.title))), guide),
      data.synthetic ? make("p", { class: "synthetic", role: "note" }, t("Synthetic raters: simulated judgments show how the platform works; they say nothing about any model.")) : null);
  }

  goToForm() {
    this.form.focusItem(this.form.currentItem());
  }

  buildForm(draft) {
    const current = this.form?.currentItem();
    this.form?.destroy();
    const data = { ...this.data, draft, preferences: this.preferences };
    this.form = createForm(this.formPlace, data, {
      t: this.t, onChange: (item, codes) => this.line.change(item, codes),
    });
    if (current) this.form.open(current);
    if (this.data.mode !== "revise" || this.reason) return;
    this.reason = make("textarea", { id: "revise-reason", rows: "2", maxlength: "500", "aria-required": "true" });
    this.reasonProblem = make("p", { class: "item-problem", role: "alert", hidden: true });
    this.formPlace.append(make("div", { class: "revise" },
      make("label", { for: "revise-reason" }, this.t("Why do you change it?")), this.reasonProblem, this.reason));
  }

  actions() {
    return {
      submit: () => this.submit(),
      leave: () => this.leave("left"),
      skip: (kind) => askToSkip(this.root, {
        kind, training: this.data.training, reasons: this.data.skip_reasons, t: this.t,
        onChosen: (reason, comment) => this.skip(kind, reason, comment),
      }),
      settings: () => askForSettings(this.root, {
        preferences: this.preferences, languages: this.data.languages, language: this.data.language,
        t: this.t, onSaved: (chosen) => this.savePreferences(chosen),
      }),
      flip: () => this.flip(),
    };
  }

  /** Submit what is on the screen, once; what is missing is asked for first. */
  async submit() {
    if (this.sending || !this.hasReason()) return;
    const missing = this.form.missing();
    if (missing.length) {
      this.form.showProblems(missing);
      return;
    }
    await this.send(() => this.line.submit(this.form.codes(), this.texts.marks(), this.reason?.value.trim()), "submitted");
  }

  /** Hand the unit back with a reason. */
  skip(kind, reason, comment) {
    return this.send(() => this.line.skip(kind, reason, comment), "skipped");
  }

  async send(sending, how) {
    this.setSending(true);
    const answer = await sending();
    if (answer) this.leave(how);
    else this.setSending(false);
  }

  setSending(isSending) {
    this.sending = isSending;
    this.bar.setSending(isSending);
  }

  hasReason() {
    if (!this.reason || this.reason.value.trim()) return true;
    this.reasonProblem.textContent = this.t("Please say why you change it.");
    this.reasonProblem.hidden = false;
    this.reason.focus();
    return false;
  }

  /** The server did not take it: say so at the items, or in the bar. */
  refused({ problems, message }) {
    this.setSending(false);
    if (problems?.length) this.form.showProblems(problems);
    else this.bar.setState({ kind: "refused", message });
  }

  /** Ask the page for what comes next, and again while nothing comes: it may be cut off just now. */
  leave(how) {
    if (this.leaving) return;
    this.setSending(true);
    this.root.setAttribute("aria-busy", "true");
    this.ask(how);
    this.leaving = setInterval(() => this.ask(how), ASK_AGAIN_MS);
  }

  mergeDraft({ codes, marks }) {
    if (this.sending) return;
    if (codes) this.form.setCodes(codes);
    if (marks) this.texts.setMarks(marks);
  }

  async savePreferences({ keys, bindings, text_size: textSize, language }) {
    this.preferences = { keys, bindings, text_size: textSize };
    this.showSize();
    this.buildForm(this.form.codes());
    const saved = await this.line.post("/desk/preferences", { keys, bindings, text_size: textSize, language });
    if (!saved) this.bar.setState({ kind: "refused" });
    else if (language !== this.data.language) this.ask("reloaded");
  }

  showSize() {
    this.root.dataset.size = this.preferences.text_size;
  }

  /** Offer a break in a strip that is in nobody's way. */
  offerBreak() {
    if (this.breakOffered) return;
    this.breakOffered = true;
    const { t, breakPlace } = this;
    const words = make("p", {}, t("You have been at it for a while. A short break does good, and nothing is lost."));
    const away = () => breakPlace.replaceChildren();
    const take = () => {
      this.line.post("/desk/rest", {});
      breakPlace.replaceChildren(make("p", {}, t("Enjoy your break. Everything is saved: go on whenever you like.")),
        make("button", { type: "button", class: "quiet", onclick: away }, t("Go on")));
    };
    breakPlace.replaceChildren(words,
      make("button", { type: "button", class: "quiet", onclick: take }, t("Take a break")),
      make("button", { type: "button", class: "quiet", onclick: away }, t("Not now")));
  }

  /** On a phone texts and form stand below each other: one button leads from one to the other. */
  watchFlip() {
    this.flipWatch = new IntersectionObserver(([form]) => {
      this.inForm = form.isIntersecting;
      this.bar.leadTo(this.inForm ? "text" : "form");
    }, { rootMargin: "0px 0px -40% 0px" });
    this.flipWatch.observe(this.formPlace);
  }

  flip() {
    if (this.inForm) {
      this.heading.scrollIntoView();
      this.heading.focus({ preventScroll: true });
    } else {
      this.formPlace.scrollIntoView();
      this.goToForm();
    }
  }

  destroy() {
    clearInterval(this.leaving);
    this.flipWatch.disconnect();
    this.stopKeys();
    this.line.destroy();
    this.texts.destroy();
    this.form.destroy();
    this.root.remove();
  }
}
