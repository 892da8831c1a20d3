// Single keys: digits choose in the current item, J and K move. All can be changed or switched off.

import { takesText } from "./dom.js";

export const DEFAULTS = { next: "j", previous: "k", options: "1234567890" };

/** The keys in force, those that the rater chose before the usual ones. */
export function bindings(preferences) {
  return { ...DEFAULTS, ...preferences.bindings };
}

/** The key of an option, or null where there is none. */
export function optionKey(preferences, index) {
  return preferences.keys ? [...bindings(preferences).options][index] ?? null : null;
}

/** Whether these keys can be told apart. */
export function areDistinct({ next, previous, options }) {
  const all = [next, previous, ...options];
  return all.every((key) => [...key].length === 1) && new Set(all.map((key) => key.toLowerCase())).size === all.length;
}

/** Listen to the keyboard for one desk; `form()` and `preferences()` are asked at every key. */
export function listenToKeys(root, { form, preferences, onSubmit }) {
  const heard = (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onSubmit();
    } else if (takesText(event.target)) leaveText(event);
    else if (preferences().keys && !event.ctrlKey && !event.metaKey && !event.altKey) single(event);
    else if (!preferences().keys) enter(event, form());
  };

  const single = (event) => {
    if (enter(event, form()) || event.repeat) return;
    const { next, previous, options } = bindings(preferences());
    const key = event.key.toLowerCase();
    if (key === next.toLowerCase()) form().step(1);
    else if (key === previous.toLowerCase()) form().step(-1);
    else if (options.toLowerCase().includes(key) && [...key].length === 1) form().press([...options.toLowerCase()].indexOf(key));
    else return;
    event.preventDefault();
  };

  document.addEventListener("keydown", heard);
  return () => document.removeEventListener("keydown", heard);
}

function leaveText(event) {
  if (event.key !== "Escape" || !event.target.closest("[data-item]")) return;
  event.preventDefault();
  event.target.closest("[data-item]").focus();
}

function enter(event, form) {
  if (event.key !== "Enter" || !event.target.matches?.("[data-item]")) return false;
  event.preventDefault();
  form.enterText();
  return true;
}
