// Where two questions differ, word by word: marked in both, and said in words.

import { make } from "./dom.js";
import { rangesBetween, lengthOf } from "./places.js";

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{M}\p{N}]/gu;

/** Passages, `{start, end, words}`, that each of two texts has and the other has not. */
export function differences(first, second) {
  const texts = [first, second];
  const words = texts.map((text) => [...text.matchAll(WORD)]);
  const shared = sharedWords(...words.map((list) => list.map(([word]) => word)));
  return words.map((list, side) => {
    const kept = new Set(shared.map((pair) => pair[side]));
    return runs(list.filter((_, index) => !kept.has(index)), texts[side]);
  });
}

/** Mark the differences in two panels; gives the way to take the marks away again. */
export function showDifferences([first, second], place, t) {
  const found = differences(first.body.textContent, second.body.textContent);
  const wrapped = [first, second].flatMap(({ body }, side) =>
    found[side].flatMap(({ start, end }) => rangesBetween(body, start, end).map(wrap)));
  place.replaceChildren(...[first, second].map(({ name }, side) =>
    make("p", {}, make("strong", {}, t("Only in {name}:", { name })), " ",
      found[side].map(({ words }) => `“${words}”`).join(", ") || t("nothing"))));
  return () => {
    place.replaceChildren();
    wrapped.forEach(unwrap);
  };
}

/** Pairs of indices of the longest sequence of words that both lists have. */
function sharedWords(first, second) {
  const longest = Array.from({ length: first.length + 1 }, () => new Uint16Array(second.length + 1));
  for (let i = first.length - 1; i >= 0; i -= 1) {
    for (let j = second.length - 1; j >= 0; j -= 1) {
      longest[i][j] = first[i] === second[j]
        ? longest[i + 1][j + 1] + 1
        : Math.max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < first.length && j < second.length;) {
    if (first[i] === second[j]) pairs.push([i++, j++]);
    else if (longest[i + 1][j] >= longest[i][j + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}

/** Differing words that stand side by side are one passage. */
function runs(words, text) {
  const found = [];
  for (const match of words) {
    const until = match.index + match[0].length;
    const last = found.at(-1);
    if (last && !text.slice(last.until, match.index).trim()) last.until = until;
    else found.push({ from: match.index, until });
  }
  return found.map(({ from, until }) => {
    const start = lengthOf(text.slice(0, from));
    const passage = text.slice(from, until);
    return { start, end: start + lengthOf(passage), words: passage };
  });
}

function wrap(range) {
  const element = make("mark", { class: "differs" });
  range.surroundContents(element);
  return element;
}

function unwrap(element) {
  const parent = element.parentNode;
  element.replaceWith(...element.childNodes);
  parent.normalize();
}
