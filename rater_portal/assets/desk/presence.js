// Whether the rater is at work: the tab is seen, and there was a sign of hands not long ago.

const BEAT_MS = 20_000;
const IDLE_MS = 120_000;
const SIGNS = ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "touchmove"];

/** Call `onBeat` every 20 seconds of work, and at the first sign after a pause. */
export function watchPresence(onBeat) {
  let signAt = performance.now();
  let beatAt = performance.now();

  const beat = () => {
    beatAt = performance.now();
    onBeat();
  };
  const isSeen = () => document.visibilityState === "visible";
  const tick = () => {
    if (isSeen() && performance.now() - signAt <= IDLE_MS) beat();
  };
  const sign = () => {
    const wasAway = performance.now() - Math.max(signAt, beatAt) > BEAT_MS;
    signAt = performance.now();
    // What follows counts from here, and not from before the pause.
    if (wasAway && isSeen()) beat();
  };

  const timer = setInterval(tick, BEAT_MS);
  for (const kind of SIGNS) document.addEventListener(kind, sign, { capture: true, passive: true });
  return () => {
    clearInterval(timer);
    for (const kind of SIGNS) document.removeEventListener(kind, sign, { capture: true });
  };
}
