// One item of a rubric: a real fieldset with native controls, its code read and set.

import { make } from "./dom.js";

const NEAR_THE_END = 200;

/** Whether one option of several is chosen. */
export const isGroup = (item) => ["choice", "scale", "preference"].includes(item.kind);

/** Whether an item has a code. */
export function isAnswered(code) {
  return !(code === null || code === undefined || code === "" || (Array.isArray(code) && !code.length));
}

/** Build an item, its words in the language `lang`; `onInput(code)` hears of every change. */
export function createItem(item, { t, lang, name, optionKey, onInput }) {
  const parts = { item, options: [], t, lang };
  const helpId = `${name}-help`;
  const need = item.required ? t("Required") : t("Optional");
  parts.chosen = make("span", { class: "item-chosen", lang, "aria-hidden": "true" });
  parts.problem = make("p", { class: "item-problem", role: "alert", hidden: true });
  parts.root = make(
    "fieldset",
    {
      class: "item",
      "data-item": item.id,
      tabindex: "-1",
      role: isGroup(item) ? "radiogroup" : null,
      "aria-required": isGroup(item) ? String(item.required) : null,
      "aria-describedby": item.help ? helpId : null,
    },
    make("legend", {}, make("span", { class: "item-text", id: `${name}-text`, lang }, item.text), " ",
      make("span", { class: "item-need" }, need)),
    parts.chosen,
    item.help ? make("p", { class: "item-help", id: helpId, lang }, item.help) : null,
    parts.problem,
    controls(parts, name, optionKey, onInput),
  );
  return { ...parts, ...access(parts) };
}

function controls(parts, name, optionKey, onInput) {
  const { item, lang } = parts;
  const tell = () => onInput(read(parts));
  if (item.kind === "text") return textField(parts, name, tell);
  if (item.kind === "number") return numberField(parts, name, tell);
  const type = item.kind === "multichoice" ? "checkbox" : "radio";
  parts.options = item.options.map((option, index) =>
    optionRow(option, { type, lang, name, id: `${name}-${index}`, hotkey: optionKey(index), onchange: tell }));
  return make("div", { class: "item-options" }, ...parts.options.map((option) => option.row));
}

function optionRow(option, { type, lang, name, id, hotkey, onchange }) {
  const input = make("input", {
    type, name, id, value: option.code, onchange,
    "aria-describedby": option.help ? `${id}-help` : null,
    "aria-keyshortcuts": hotkey,
  });
  const help = option.help ? make("span", { class: "option-help", id: `${id}-help`, lang }, option.help) : null;
  const label = make("label", { for: id },
    make("span", { class: "option-label", lang }, option.label),
    hotkey ? make("kbd", { "aria-hidden": "true" }, hotkey) : null);
  return { code: option.code, label: option.label, input, row: make("div", { class: "option" }, input, label, help) };
}

function textField(parts, name, tell) {
  const { item, t } = parts;
  const left = make("p", { class: "item-left", hidden: true });
  const grow = () => {
    const room = item.max_length - [...parts.field.value].length;
    left.hidden = room > NEAR_THE_END;
    left.textContent = t("{count} characters left", { count: room });
  };
  parts.field = make("textarea", {
    rows: "3", maxlength: item.max_length, "aria-labelledby": `${name}-text`, name,
    "aria-required": String(item.required),
    "aria-describedby": item.help ? `${name}-help` : null,
    oninput: () => { grow(); tell(); },
  });
  return make("div", { class: "item-options" }, parts.field, left);
}

function numberField(parts, name, tell) {
  const { item } = parts;
  parts.field = make("input", {
    type: "number", step: "any", min: item.minimum, max: item.maximum, name,
    "aria-labelledby": `${name}-text`, "aria-required": String(item.required), oninput: tell,
  });
  return make("div", { class: "item-options" }, parts.field);
}

function read({ item, options, field }) {
  if (item.kind === "text") return field.value || null;
  if (item.kind === "number") return field.value === "" ? null : Number(field.value);
  const chosen = options.filter((option) => option.input.checked).map((option) => option.code);
  return item.kind === "multichoice" ? chosen : chosen[0] ?? null;
}

function write({ item, options, field }, code) {
  if (field) {
    const words = code === null || code === undefined ? "" : String(code);
    if (field.value !== words) field.value = words;
    return;
  }
  const chosen = item.kind === "multichoice" ? code ?? [] : [code];
  for (const option of options) option.input.checked = chosen.includes(option.code);
}

function spoken({ item, options, field, t }) {
  if (field) return field.value;
  const chosen = options.filter((option) => option.input.checked).map((option) => option.label);
  return chosen.join(item.kind === "multichoice" ? " · " : "") || t("nothing chosen");
}

function access(parts) {
  return {
    code: () => read(parts),
    setCode: (code) => write(parts, code),
    /** Bring the line of an answered item up to date. */
    summarise: () => { parts.chosen.textContent = spoken(parts); },
    showProblem: (message) => {
      parts.problem.textContent = message ?? "";
      parts.problem.hidden = !message;
      parts.root.toggleAttribute("data-problem", Boolean(message));
    },
    /** Focus what answers it; a field for text only when asked to, so that keys keep their meaning. */
    focus: ({ intoText = false, preventScroll = false } = {}) => {
      const checked = parts.options.find((option) => option.input.checked) ?? parts.options[0];
      const target = checked?.input ?? (intoText ? parts.field : parts.root);
      target.focus({ preventScroll });
    },
    /** Choose the option with this index as a hand would; false if there is none. */
    press: (index) => {
      const input = parts.options[index]?.input;
      input?.focus();
      input?.click();
      return Boolean(input);
    },
  };
}
