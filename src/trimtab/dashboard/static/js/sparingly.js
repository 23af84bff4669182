// What is costly to bring up to date takes a small share of the time and no more, however fast the
// study changes: it may need the same processor.

const SHARE = 0.03; // of the time, in the long run
const CREDIT = 500; // ms of work, saved up at most: for changes that a person made or waits for
const ALONE = 3000; // ms of rest after which a change is not one of many: it is not put off
const SOON = 20; // ms, in which several changes become one
const LATEST = 20_000; // ms that a change of a picture waits at most
/** Milliseconds that a change of words waits at most. */
export const WORDS = 1000;
const END = 500; // ms without a change, at least, after which a run of changes has ended
const FADE = 0.8; // of a gap between two changes that was longer than those after it

/**
 * A function to be called at each change, after which `work` runs: at once after a rest and where
 * there is credit, else when there is again, or when none has come for twice as long as they lately were apart, or
 * after `latest` milliseconds. One run at a time: no answer overtakes another.
 */
export function sparingly(work, latest = LATEST) {
  let credit = CREDIT;
  let countedAt = performance.now();
  let changedAt = -Infinity;
  let gap = latest; // ms, about the longest between two changes lately
  let isRunning = false;
  let isAwaited = false;
  let isUrgent = false;
  let timer = null;

  function count(spent) {
    const now = performance.now();
    credit = Math.min(credit + SHARE * (now - countedAt), CREDIT);
    credit = Math.max(credit - spent, -SHARE * latest);
    countedAt = now;
  }

  function plan() {
    if (isRunning || !isAwaited) return;
    count(0);
    const end = changedAt + Math.max(END, 2 * gap) - performance.now();
    clearTimeout(timer);
    timer = setTimeout(run, isUrgent ? SOON : Math.max(Math.min(-credit / SHARE, end), SOON));
  }

  async function run() {
    isRunning = true;
    isAwaited = isUrgent = false;
    const began = performance.now();
    try {
      await work();
    } finally {
      count(performance.now() - began);
      isRunning = false;
      plan();
    }
  }

  return () => {
    const now = performance.now();
    isUrgent ||= now - changedAt >= ALONE;
    gap = Math.min(Math.max(FADE * gap, now - changedAt), latest);
    changedAt = now;
    isAwaited = true;
    plan();
  };
}
