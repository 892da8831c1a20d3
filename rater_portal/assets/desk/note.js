// The note before texts that may distress: calm words first, the texts when the rater asks for them.

import { make } from "./dom.js";

/** Show the note; the rater goes on by `onShow`, or leaves the unit by `onSkip`. */
export function createNote(root, data, { t, onShow, onSkip }) {
  const show = () => {
    note.remove();
    onShow();
  };
  const note = make("section", { class: "content-note", "aria-label": t("Before you read") },
    make("h2", {}, t("Before you read")),
    make("p", {}, data.content_note),
    make("p", {}, data.training ? t("Take your time. You can skip this unit.")
      : t("Take your time. You can skip this unit, and it is never held against you.")),
    make("div", { class: "content-note-buttons" },
      make("button", { type: "button", class: "primary", onclick: show }, t("Show the texts")),
      make("button", { type: "button", class: "quiet", onclick: onSkip }, t("Skip this unit"))),
    support(data.support, t));
  root.append(note);
}

function support(contacts, t) {
  if (!contacts.length) return null;
  return make("div", { class: "content-note-support" },
    make("p", {}, t("If you would like to talk to someone:")),
    make("ul", {}, ...contacts.map(({ name, contact, region }) =>
      make("li", {}, make("strong", {}, name), `: ${contact}`, region ? ` (${region})` : ""))));
}
