// When to try again, and what has arrived as it was.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/** How long to wait after so many failures: not the same for all browsers of a server that is back. */
export function pauseAfter(failures) {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  return pause * (0.75 + Math.random() / 2);
}

/** Whether two codes are the same; nothing chosen can be said in several ways. */
export function isSame(one, other) {
  const plain = (code) => (code === undefined || code === "" || code?.length === 0 ? null : code);
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
}
