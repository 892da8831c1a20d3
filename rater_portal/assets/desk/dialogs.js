// The two small dialogs of the desk: leaving a unit out, and settings. The browser traps the focus.

import { make } from "./dom.js";
import { areDistinct, bindings } from "./keys.js";

let numbers = 0;

function ask(root, { title, lead, fields, ok, cancel, onOk }) {
  const titleId = `dialog-${++numbers}`;
  const problem = make("p", { class: "item-problem", role: "alert", hidden: true });
  const complain = (message) => { problem.textContent = message; problem.hidden = false; };
  const close = () => { dialog.close(); };
  const form = make("form", { method: "dialog", novalidate: true },
    make("h2", { id: titleId }, title), lead ? make("p", {}, lead) : null, ...fields, problem,
    make("div", { class: "dialog-buttons" },
      make("button", { type: "submit", class: "primary" }, ok),
      make("button", { type: "button", class: "quiet", onclick: close }, cancel)));
  const dialog = make("dialog", { class: "desk-dialog", "aria-labelledby": titleId }, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const trouble = onOk();
    if (trouble) complain(trouble);
    else close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  root.append(dialog);
  dialog.showModal();
}

/** Ask why a unit is left out; `onChosen(reason, comment)`. */
export function askToSkip(root, { kind, training, reasons, t, onChosen }) {
  const isSkip = kind === "skip";
  const radios = reasons.map(({ code, label }, index) => [
    make("input", { type: "radio", name: "skip-reason", id: `skip-${index}`, value: code }), label]);
  const comment = make("textarea", { id: "skip-comment", rows: "2", maxlength: "1000" });
  ask(root, {
    title: isSkip ? t("Skip this unit?") : t("You cannot judge this unit?"),
    lead: training ? t("You can leave it out. In the training, its questions then count as not judged as expected.")
      : isSkip ? t("It goes to another rater. Skipping is never held against you.")
      : t("Thank you for saying so: that is better than a guess."),
    fields: [
      make("fieldset", { class: "plain" }, make("legend", {}, t("Reason")),
        ...radios.map(([input, label]) => make("div", { class: "option" }, input, make("label", { for: input.id }, label)))),
      make("label", { for: "skip-comment" }, t("Anything to add? (optional)")), comment,
    ],
    ok: isSkip ? t("Skip this unit") : t("Go on without a judgment"),
    cancel: t("Cancel"),
    onOk: () => {
      const chosen = radios.find(([input]) => input.checked)?.[0].value;
      if (!chosen) return t("Please choose a reason.");
      onChosen(chosen, comment.value);
      return null;
    },
  });
}

/** Let the rater set keys, size of the texts and language; `onSaved({keys, bindings, text_size, language})`. */
export function askForSettings(root, { preferences, languages, language, t, onSaved }) {
  const keys = keyFields(preferences, t);
  const sizes = [t("Normal"), t("Large"), t("Very large")].map((label, index) => [
    make("input", { type: "radio", name: "text-size", id: `size-${index}`, value: index, checked: index === preferences.text_size }), label]);
  const tongue = languages?.length > 1 ? make("select", { id: "desk-language" },
    ...languages.map(([code, name]) => make("option", { value: code, lang: code, selected: code === language }, name))) : null;
  ask(root, {
    title: t("Settings"),
    fields: [
      keys.element,
      make("fieldset", { class: "plain row" }, make("legend", {}, t("Size of the texts")),
        ...sizes.map(([input, label]) => make("div", { class: "option" }, input, make("label", { for: input.id }, label)))),
      ...tongue ? [make("label", { for: "desk-language" }, t("Language")), tongue] : [],
    ],
    ok: t("Save"),
    cancel: t("Cancel"),
    onOk: () => {
      const chosen = keys.read();
      if (chosen.keys && !areDistinct(chosen.bindings)) return t("Each key can have one meaning only.");
      onSaved({ ...chosen, text_size: sizes.findIndex(([input]) => input.checked), language: tongue?.value ?? language });
      return null;
    },
  });
}

function keyFields(preferences, t) {
  const now = bindings(preferences);
  const on = make("input", { type: "checkbox", id: "keys-on", checked: preferences.keys });
  const field = (id, label, value, length) => [
    make("label", { for: id }, label), make("input", { id, value, maxlength: length, autocomplete: "off", spellcheck: "false" })];
  const next = field("key-next", t("Next item"), now.next, 1);
  const previous = field("key-previous", t("Previous item"), now.previous, 1);
  const options = field("key-options", t("Options, from the first on"), now.options, 10);
  const element = make("fieldset", { class: "plain" }, make("legend", {}, t("Keys")),
    make("div", { class: "option" }, on, make("label", { for: "keys-on" }, t("Single keys choose options and move between items"))),
    make("div", { class: "pairs" }, ...next, ...previous, ...options),
    make("p", { class: "item-help" }, t("Ctrl+Enter submits, in any case.")));
  const value = ([, input]) => input.value.trim();
  return {
    element,
    read: () => ({ keys: on.checked, bindings: { next: value(next), previous: value(previous), options: value(options) } }),
  };
}
