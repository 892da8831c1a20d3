// The images of a question: above its words, and large in a dialog of their own.

import { make } from "./dom.js";

const LEAST_PX = 128; // smaller ones are enlarged to this: an eye must find them, and a finger
const SLIP_PX = 4; // how far a mouse may slip in a click

/** The images of a panel, in their order; null where there are none. */
export function createImages(images, t) {
  if (!images?.length) return null;
  const total = images.length;
  return make("div", { class: "images" }, ...images.map((image, index) =>
    createImage(image, t("Image {number} of {total}, belongs to the question", { number: index + 1, total }), t)));
}

/** One image in the place that it will fill, so that nothing moves when it comes. */
function createImage({ address, width, height }, alt, t) {
  const picture = make("img", { alt, width, height, decoding: "async" });
  const opener = make("button", { type: "button", class: "image-opener", onclick: () => enlarge(picture, opener, t) },
    picture, make("span", { class: "image-hint" }, t("Enlarge")));
  const trouble = make("div", { class: "image-trouble", hidden: true },
    make("p", { role: "status" }), make("button", { type: "button", onclick: () => load() }, t("Try again")));
  const load = () => {
    trouble.firstChild.textContent = "";
    picture.removeAttribute("src");
    picture.setAttribute("src", address);
  };
  const show = (hasFailed) => {
    const hadFocus = trouble.contains(document.activeElement);
    opener.hidden = hasFailed;
    trouble.hidden = !hasFailed;
    if (hasFailed) trouble.firstChild.textContent = t("The image could not be loaded.");
    else if (hadFocus) opener.focus();
  };
  picture.addEventListener("error", () => show(true));
  picture.addEventListener("load", () => show(false));
  load();
  return sized(make("div", { class: "image" }, opener, trouble), width, height);
}

/** Tell the style sheet how large an image is. */
function sized(element, width, height) {
  const enlarged = Math.max(1, LEAST_PX / Math.max(width, height));
  element.style.setProperty("--width", width);
  element.style.setProperty("--height", height);
  element.style.setProperty("--shown", width * enlarged);
  element.classList.toggle("tiny", enlarged > 1);
  return element;
}

/** Show an image as large as the window, or pixel by pixel; Escape leads back to where it was opened. */
function enlarge(picture, opener, t) {
  const large = picture.cloneNode();
  const view = make("div", { class: "image-view", tabindex: "0", role: "group", dir: "ltr", "aria-label": picture.alt }, large);
  const sizes = [["whole", t("Whole image")], ["actual", t("Actual size")]].map(([size, label]) =>
    make("button", { type: "button", "data-size": size, onclick: () => show(size, middleOf(view)) }, label));
  const dialog = make("dialog", { class: "image-dialog", "aria-label": picture.alt },
    make("div", { class: "image-bar" },
      make("div", { class: "image-sizes", role: "group", "aria-label": t("Size of the image") }, ...sizes),
      make("button", { type: "button", onclick: () => dialog.close() }, t("Close"))),
    view);

  const show = (size, at) => {
    const before = large.getBoundingClientRect();
    dialog.dataset.size = size;
    sizes.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.size === size)));
    const after = large.getBoundingClientRect();
    // The same spot of the image stays under finger or mouse.
    view.scrollLeft += after.left + (at.x - before.left) * (after.width / before.width) - at.x;
    view.scrollTop += after.top + (at.y - before.top) * (after.height / before.height) - at.y;
  };
  const flip = (at) => show(dialog.dataset.size === "whole" ? "actual" : "whole", at);

  view.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    flip(middleOf(view));
  });
  letMouseDrag(view, { onClick: flip });
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener.focus({ preventScroll: true });
  });
  opener.closest(".desk").append(sized(dialog, ...["width", "height"].map((side) => Number(picture.getAttribute(side)))));
  dialog.showModal();
  show("whole", middleOf(view));
  view.focus();
}

function middleOf(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}

/** A mouse moves what is larger than its frame, as a finger does by itself; a click is told. */
function letMouseDrag(view, { onClick }) {
  let from = null;
  let hasMoved = false;
  view.addEventListener("pointerdown", ({ pointerType, clientX, clientY }) => {
    hasMoved = false;
    from = pointerType === "mouse" ? { x: clientX + view.scrollLeft, y: clientY + view.scrollTop, clientX, clientY } : null;
  });
  view.addEventListener("pointermove", ({ buttons, clientX, clientY }) => {
    if (!from || !(buttons & 1)) return;
    view.scrollTo(from.x - clientX, from.y - clientY);
    hasMoved ||= Math.hypot(clientX - from.clientX, clientY - from.clientY) > SLIP_PX;
  });
  view.addEventListener("dragstart", (event) => event.preventDefault());
  view.addEventListener("click", (event) => {
    if (!hasMoved && event.target !== view) onClick({ x: event.clientX, y: event.clientY });
  });
}
