// Places in a panel's text: code points of its `textContent`, as the server counts them.

/** How many code points a text has. */
export const lengthOf = (text) => [...text].length;

/** The text nodes below an element with the places where they begin and end. */
export function* textNodes(body) {
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  let start = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const end = start + lengthOf(node.data);
    yield { node, start, end };
    start = end;
  }
}

/** Ranges that cover the text between two places, one for each text node. */
export function rangesBetween(body, start, end) {
  const ranges = [];
  for (const text of textNodes(body)) {
    const first = Math.max(start, text.start);
    const last = Math.min(end, text.end);
    if (first >= last) continue;
    const range = document.createRange();
    range.setStart(text.node, unitsUntil(text.node.data, first - text.start));
    range.setEnd(text.node, unitsUntil(text.node.data, last - text.start));
    ranges.push(range);
  }
  return ranges;
}

/** What is marked by a range inside an element, without the blanks around it; null if nothing. */
export function placesOf(body, range) {
  if (!range.intersectsNode(body)) return null;
  const inside = document.createRange();
  inside.selectNodeContents(body);
  if (range.compareBoundaryPoints(Range.START_TO_START, inside) > 0) {
    inside.setStart(range.startContainer, range.startOffset);
  }
  if (range.compareBoundaryPoints(Range.END_TO_END, inside) < 0) {
    inside.setEnd(range.endContainer, range.endOffset);
  }
  const before = document.createRange();
  before.selectNodeContents(body);
  before.setEnd(inside.startContainer, inside.startOffset);
  return trimmed(before.toString(), inside.toString());
}

/** The words between two places. */
export function quoteOf(body, start, end) {
  return [...body.textContent].slice(start, end).join("");
}

/** All numbered sentences of a panel, with their places and words. */
export function sentencesOf(body) {
  const found = new Map();
  for (const { node, start, end } of textNodes(body)) {
    const span = node.parentElement.closest(".sentence");
    if (!span) continue;
    const number = Number(span.dataset.sentence);
    const sentence = found.get(number) ?? { number, start, span };
    found.set(number, { ...sentence, end });
  }
  const signs = [...body.textContent];
  return [...found.values()].map((one) => ({ ...one, words: signs.slice(one.start, one.end).join("") }));
}

function trimmed(before, text) {
  const words = text.trim();
  if (!words) return null;
  const start = lengthOf(before) + lengthOf(text.slice(0, text.indexOf(words)));
  return { start, end: start + lengthOf(words) };
}

function unitsUntil(text, points) {
  return [...text].slice(0, points).join("").length;
}
