// The action bar: always in view, with what can be done, where the rater is, and what is saved.

import { make } from "./dom.js";

const SAY_SAVED_EVERY_MS = 30_000;
const STATES = {
  saving: "Saving …",
  offline: "No connection. Your choices are kept here and will be sent.",
  signed_out: "You are signed out. Your choices are kept here: please open your invite link again.",
  closed: "The study takes no judgments at the moment.",
  refused: "This could not be sent. Please try again.",
};

/** Draw the bar; each handler of `on` belongs to the button of its name. */
export function createBar(root, data, { t, on }) {
  const revising = data.mode === "revise";
  const button = (label, kind, onclick) => make("button", { type: "button", class: kind, onclick }, label);
  const submitLabel = revising ? t("Save the change") : t("Submit");
  const submit = button(submitLabel, "primary", () => on.submit());
  const flip = button(t("To the form"), "flip", () => on.flip());
  const others = revising
    ? [button(t("Leave it as it is"), "quiet", () => on.leave())]
    : [button(t("Skip"), "quiet", () => on.skip("skip")),
      button(t("I cannot judge this"), "quiet", () => on.skip("cannot_judge"))];
  const group = make("div", { class: "bar-others", id: "bar-others" }, ...others,
    button(t("Settings"), "quiet", () => on.settings()));
  const more = make("button", { type: "button", class: "more", "aria-expanded": "false", "aria-controls": "bar-others" }, t("More"));
  const saved = make("span", { class: "bar-saved" });
  const spoken = make("span", { class: "unseen", role: "status" });
  const bar = make("div", { class: "bar", role: "region", "aria-label": t("What you do here") },
    make("p", { class: "bar-state" }, ...place(data, t), saved, spoken),
    make("div", { class: "bar-buttons" }, submit, group, more, flip));
  more.addEventListener("click", () => unfold(bar, more));
  group.addEventListener("click", () => unfold(bar, more, false));
  root.append(bar);
  return {
    ...states({ bar, saved, spoken, submit, submitLabel, t, language: data.language }),
    /** Say on the button what it leads to: `form` or `text`. */
    leadTo: (part) => { flip.textContent = part === "form" ? t("To the form") : t("To the text"); },
    destroy: () => bar.remove(),
  };
}

function place(data, t) {
  if (data.mode === "revise") return [];
  const { done, left, minutes_left: minutes } = data.place;
  const where = make("span", { class: "bar-place" }, t("Unit {number} of {total}", { number: done + 1, total: done + left }));
  return minutes === null || minutes === undefined ? [where]
    : [where, make("span", { class: "bar-time" }, t("about {minutes} min left", { minutes }))];
}

function unfold(bar, more, open = !bar.classList.contains("unfolded")) {
  bar.classList.toggle("unfolded", open);
  more.setAttribute("aria-expanded", String(open));
}

function states({ bar, saved, spoken, submit, submitLabel, t, language }) {
  const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
  let saidAt = -Infinity;
  const say = (message) => { spoken.textContent = message; };
  return {
    /** Show what the line to the server says of itself. */
    setState: ({ kind, saved_at: savedAt, message }) => {
      const isSaved = kind === "saved";
      const words = isSaved
        ? savedAt ? t("Saved at {time}", { time: clock.format(new Date(savedAt)) }) : ""
        : message || t(STATES[kind]);
      const wasTrouble = ["offline", "signed_out", "closed", "refused"].includes(bar.dataset.state);
      bar.dataset.state = kind;
      saved.textContent = words;
      if (kind === "saving" || !words) return;
      // Saving goes on all the time: to hear of each one would drown the work.
      if (isSaved && !wasTrouble && performance.now() - saidAt < SAY_SAVED_EVERY_MS) return;
      if (isSaved) saidAt = performance.now();
      say(words);
    },
    /** Between the press and the answer the button is asleep. */
    setSending: (isSending) => {
      submit.setAttribute("aria-disabled", String(isSending));
      submit.disabled = isSending;
      submit.textContent = isSending ? t("Submitting …") : submitLabel;
    },
    say,
  };
}
