// The line to the server: drafts as they are chosen, and at the end the judgment.
//
// One message at a time. What the server has not confirmed stays on the device and is sent again,
// with the age of each choice, so that of two devices the later choice wins. A judgment is sent
// with the same submission id until it is answered.

import { post } from "./post.js";
import { watchPresence } from "./presence.js";
import { isSame, pauseAfter } from "./retrying.js";
import { age, Unsent } from "./unsent.js";

const REST_MS = 600;
const LONGEST_WAIT_MS = 1_500;

/** Connect one unit with the server; `onDraft` hears of what other tabs and devices chose. */
export function createLine(data, handlers) {
  return new Line(data, handlers);
}

class Line {
  constructor(data, handlers) {
    const { onState, onDraft, onRefused, onGone, onBreak = () => {} } = handlers;
    Object.assign(this, { data, onState, onDraft, onRefused, onGone, onBreak });
    this.unsent = new Unsent(data);
    // A revision is no draft: it stays here until it is sent as a whole.
    this.drafts = data.mode !== "revise";
    Object.assign(this, { codes: data.draft, savedAt: data.saved_at, closing: null });
    Object.assign(this, { isBusy: false, isOver: false, wantsDraft: false, wantsBeat: false });
    Object.assign(this, { dueAt: Infinity, retryAt: 0, failures: 0 });
    Object.assign(this, { isSignedOut: false, isClosed: false, isRefused: false });
    this.isOffline = !navigator.onLine;
    this.listen();
    queueMicrotask(() => this.begin());
  }

  /** An item was changed by hand; `codes` are all codes on the screen. */
  change(item, codes) {
    this.codes = codes;
    this.unsent.put(item, codes[item] ?? null);
    this.closing?.renew({ codes });
    this.schedule();
  }

  /** Marks were changed by hand. */
  marks(marks) {
    this.shownMarks = marks;
    this.unsent.putMarks(marks);
    this.closing?.renew({ marks });
    this.schedule();
  }

  /** Submit: resolves with the receipt, or with null if refused; never if the unit is gone. */
  submit(codes, marks, reason) {
    const { assignment, submission } = this.data;
    const message = { assignment, submission, codes, marks, ...(reason ? { reason } : {}) };
    return this.close("/desk/submit", message, (newer) => Object.assign(message, newer));
  }

  /** Leave the unit out: resolves as `submit` does. */
  skip(kind, reason, comment) {
    const message = { assignment: this.data.assignment, kind, reason, comment: comment || null };
    return this.close("/desk/skip", message, () => {});
  }

  /** Send something that has nothing to do with the unit, once; null if it was not taken. */
  async post(path, message) {
    const { status, answer } = await post(path, message);
    return status === 200 ? answer : null;
  }

  destroy() {
    this.sendLast();
    // A change that was given up must not come back when the judgment is opened again.
    if (!this.drafts) this.unsent.clear();
    this.end();
  }

  listen() {
    this.listening = new AbortController();
    const on = (target, kind, act) => target.addEventListener(kind, act, { signal: this.listening.signal });
    const seen = () => (document.visibilityState === "visible" ? this.wake() : this.sendLast());
    on(window, "online", () => this.wake());
    on(window, "offline", () => { this.isOffline = true; this.tell(); });
    on(window, "pagehide", () => this.sendLast());
    on(document, "visibilitychange", seen);
    if (this.drafts) this.stopBeats = watchPresence(() => { this.wantsBeat = true; this.pump(); });
  }

  end() {
    this.isOver = true;
    clearTimeout(this.timer);
    this.stopBeats?.();
    this.listening.abort();
  }

  /** Show and send what an earlier tab could not. */
  begin() {
    if (this.isOver) return;
    if (!this.unsent.isEmpty) {
      this.show(this.unsent.over(this.codes), this.unsent.marks?.value ?? null);
      this.dueAt = this.drafts ? 0 : Infinity;
    }
    this.tell();
    this.pump();
  }

  schedule() {
    const now = performance.now();
    this.firstAt ??= now;
    this.dueAt = this.drafts ? Math.min(now + REST_MS, this.firstAt + LONGEST_WAIT_MS) : Infinity;
    this.isRefused = false;
    this.tell();
    this.wait();
  }

  /** The connection or the rater is back: ask at once, also for what other devices chose. */
  wake() {
    this.retryAt = 0;
    this.wantsDraft = this.drafts;
    if (!this.drafts) this.isOffline = false;
    this.tell();
    this.pump();
  }

  close(path, message, renew) {
    return new Promise((resolve) => {
      this.closing = { path, message, renew, resolve };
      this.retryAt = 0;
      this.isRefused = false;
      this.tell();
      this.pump();
    });
  }

  /** Send what is due, one message after another. */
  async pump() {
    if (this.isBusy || this.isOver) return;
    const send = this.next();
    if (send) {
      this.isBusy = true;
      try {
        await send.call(this);
      } finally {
        this.isBusy = false;
      }
      this.tell();
      this.pump();
    } else this.wait();
  }

  next() {
    if (performance.now() < this.retryAt) return null;
    if (this.closing) return this.sendClosing;
    if (this.wantsBeat) return this.sendBeat;
    if (this.wantsDraft || performance.now() >= this.dueAt) return this.sendDraft;
    return null;
  }

  wait() {
    if (this.isOver) return;
    const isWaiting = this.closing || this.wantsBeat || this.wantsDraft;
    const at = Math.max(isWaiting ? 0 : this.dueAt, this.retryAt);
    clearTimeout(this.timer);
    if (at < Infinity) this.timer = setTimeout(() => this.pump(), Math.max(0, at - performance.now()));
  }

  async sendDraft() {
    const taken = this.unsent.taken();
    this.firstAt = undefined;
    this.dueAt = Infinity;
    const { status, answer } = await post("/desk/draft", this.draftOf(taken));
    if (this.isLost(status)) {
      this.wantsDraft = true;
      return;
    }
    this.wantsDraft = false;
    if (status === 200) this.drafted(taken, answer);
    else this.refuse(status, answer);
  }

  draftOf({ items, marks }) {
    const codes = Object.fromEntries([...items].map(([item, { value }]) => [item, value]));
    const changed = Object.fromEntries([...items].map(([item, choice]) => [item, age(choice)]));
    const message = { assignment: this.data.assignment, codes, changed };
    return marks ? { ...message, marks: marks.value, marks_changed: age(marks) } : message;
  }

  drafted(taken, answer) {
    this.unsent.confirm(taken);
    this.savedAt = answer.saved_at;
    this.show(this.unsent.over(answer.codes), this.unsent.marks ? null : answer.marks);
  }

  /** Show what differs from the screen; null marks are left as they are. */
  show(codes, marks) {
    const differs = [...new Set([...Object.keys(codes), ...Object.keys(this.codes)])].some(
      (item) => !isSame(codes[item], this.codes[item]),
    );
    this.codes = codes;
    const isNew = marks !== null && !isSame(marks, this.shownMarks ?? this.data.marks);
    if (marks !== null) this.shownMarks = marks;
    if (differs || isNew) this.onDraft({ codes: differs ? codes : null, marks: isNew ? marks : null });
  }

  async sendClosing() {
    const { path, message, resolve } = this.closing;
    const { status, answer } = await post(path, message);
    if (this.isLost(status)) return;
    if (status === 200) {
      this.unsent.clear();
      this.end();
      resolve(answer);
    } else if (status === 423) {
      await this.keepDraft();
      this.leave();
    } else {
      this.closing = null;
      this.wantsDraft = this.drafts;
      this.refuse(status, answer);
      if (!this.isOver) resolve(null);
    }
  }

  /** A study that takes no judgments now still keeps what was chosen. */
  async keepDraft() {
    if (this.unsent.isEmpty || !this.drafts) return;
    const taken = this.unsent.taken();
    const { status } = await post("/desk/draft", this.draftOf(taken));
    if (status === 200) this.unsent.confirm(taken);
  }

  async sendBeat() {
    this.wantsBeat = false;
    const { status, answer } = await post("/desk/beat", { assignment: this.data.assignment });
    if (this.isLost(status)) {
      // Somebody has to find out when the server is back.
      this.wantsDraft = true;
      return;
    }
    this.isClosed = status === 423;
    if (status === 409 || status === 403) this.refuse(status, answer);
    if (answer.break_due) this.onBreak();
  }

  /** Whether a message has to be sent again: no answer, a server in trouble, or nobody signed in. */
  isLost(status) {
    this.isSignedOut = status === 401;
    this.isOffline = status === 0 || status === 429 || status >= 500;
    if (!this.isSignedOut && !this.isOffline) {
      this.failures = 0;
      this.retryAt = 0;
      return false;
    }
    this.failures += 1;
    this.retryAt = performance.now() + pauseAfter(this.failures);
    return true;
  }

  /** What the server does not take, ever. */
  refuse(status, answer) {
    if (status === 409) this.unsent.clear();
    if (status === 409 || status === 403) this.leave();
    else if (status === 423) this.isClosed = true;
    else {
      const problems = answer.problems ?? [];
      this.isRefused = problems.length === 0;
      this.toldKind = null;
      this.onRefused({ problems, message: answer.message });
    }
  }

  leave() {
    this.end();
    this.onGone();
  }

  /** The page goes: what is still here is given to the browser, which sends it without us. */
  sendLast() {
    if (this.isOver) return;
    if (this.closing) post(this.closing.path, this.closing.message, { keepalive: true });
    else if (this.drafts && !this.unsent.isEmpty) {
      post("/desk/draft", this.draftOf(this.unsent.taken()), { keepalive: true });
    }
  }

  tell() {
    const kind = this.kind();
    if (this.isOver || this.isRefused || (kind === this.toldKind && this.savedAt === this.toldAt)) return;
    Object.assign(this, { toldKind: kind, toldAt: this.savedAt });
    this.onState({ kind, saved_at: this.savedAt });
  }

  kind() {
    if (this.isSignedOut) return "signed_out";
    if (this.isOffline) return "offline";
    if (this.isClosed) return "closed";
    const isClean = !this.closing && (this.unsent.isEmpty || !this.drafts);
    return isClean ? "saved" : "saving";
  }
}
