// What the server has not confirmed yet, kept on the device too: a crash or a reload loses nothing.

const PREFIX = "desk unsent";
const KEPT_MS = 30 * 24 * 3600 * 1000;

/** A choice, and when it was made by both clocks of this computer. */
function stamped(value, wall = Date.now()) {
  return { value, wall, since: performance.now() - Math.max(0, Date.now() - wall) };
}

/** Seconds since a choice: sleep stops the one clock, and the other can be set. */
export function age({ wall, since }) {
  return Math.max(0, performance.now() - since, Date.now() - wall) / 1000;
}

/** The unconfirmed choices of one unit, those of tabs that are gone among them. */
export class Unsent {
  constructor(data) {
    this.prefix = `${PREFIX} ${data.assignment} ${data.submission} `;
    this.key = this.prefix + crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.items = new Map();
    this.marks = null;
    this.adopt();
  }

  get isEmpty() {
    return this.items.size === 0 && this.marks === null;
  }

  put(item, code) {
    this.items.set(item, stamped(code));
    this.keep();
  }

  putMarks(marks) {
    this.marks = stamped(marks);
    this.keep();
  }

  /** What there is now, to be confirmed when it has arrived. */
  taken() {
    return { items: new Map(this.items), marks: this.marks };
  }

  /** Forget what has arrived, unless it was changed meanwhile. */
  confirm(taken) {
    for (const [item, choice] of taken.items) {
      if (this.items.get(item) === choice) this.items.delete(item);
    }
    if (this.marks === taken.marks) this.marks = null;
    this.keep();
  }

  /** Codes with the unconfirmed choices laid over them. */
  over(codes) {
    const laid = { ...codes };
    for (const [item, { value }] of this.items) laid[item] = value;
    return laid;
  }

  clear() {
    this.confirm(this.taken());
  }

  keep() {
    const plain = ({ value, wall }) => ({ value, wall });
    const items = [...this.items].map(([item, choice]) => [item, plain(choice)]);
    stored((storage) => {
      if (this.isEmpty) storage.removeItem(this.key);
      else storage.setItem(this.key, JSON.stringify({ items, marks: this.marks && plain(this.marks) }));
    });
  }

  /** Take over what other tabs left behind; a tab that still lives keeps its own in mind. */
  adopt() {
    const keys = stored((storage) => Object.keys(storage)) ?? [];
    for (const key of keys.filter((name) => name.startsWith(PREFIX))) {
      const left = stored((storage) => JSON.parse(storage.getItem(key)));
      const isMine = key.startsWith(this.prefix);
      if (isMine && left) this.merge(left);
      if (isMine || !left || isOld(left)) stored((storage) => storage.removeItem(key));
    }
    this.keep();
  }

  merge({ items, marks }) {
    for (const [item, { value, wall }] of items) {
      if (!(this.items.get(item)?.wall > wall)) this.items.set(item, stamped(value, wall));
    }
    if (marks && !(this.marks?.wall > marks.wall)) this.marks = stamped(marks.value, marks.wall);
  }
}

function isOld({ items, marks }) {
  const walls = [...items.map(([, choice]) => choice.wall), marks?.wall ?? 0];
  return Math.max(...walls) < Date.now() - KEPT_MS;
}

/** What comes of something done with the storage; nothing where it is forbidden, full or spoilt. */
function stored(act) {
  try {
    return act(localStorage);
  } catch (error) {
    if (!(error instanceof DOMException || error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
