/** Which rows of the queue are in view. Pure. */
import type { Item } from './queue';

const PLAIN = 58;
/** What went wrong needs room to say what to do about it. */
const WORDY = 94;
const BEYOND = 4;

export const heightOf = (item: Item): number => (item.problem || item.state === 'lost' ? WORDY : PLAIN);

/** Where each row begins, and at last where they all end. */
export function offsets(items: readonly Item[]): number[] {
  let at = 0;
  const tops = [0];
  for (const item of items) tops.push((at += heightOf(item)));
  return tops;
}

/** The rows that show in a window of `height` at `scrolled`, and a few beside them. */
export function visible(tops: readonly number[], scrolled: number, height: number): { from: number; to: number } {
  let low = 0;
  let high = tops.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= scrolled) low = middle;
    else high = middle - 1;
  }
  let to = low;
  while (to < tops.length - 1 && (tops[to] ?? 0) < scrolled + height) to += 1;
  return { from: Math.max(0, low - BEYOND), to: Math.min(tops.length - 1, to + BEYOND) };
}
