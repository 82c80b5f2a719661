/** Which rows of a list are in view, however many there are.
 *
 * Browsers cut elements off at some 17 to 33 million pixels. Beyond `TALLEST` the scroll bar stands for the list in
 * proportion, and rows are walked through one by one with the wheel and the keyboard.
 */
export const TALLEST = 8_000_000;

export interface Frame {
  readonly count: number;
  /** Of one row, in pixels. */
  readonly row: number;
  /** Of what can be seen at once, in pixels. */
  readonly view: number;
}

export const heightOf = ({ count, row }: Frame) => Math.min(count * row, TALLEST);
export const isScaled = ({ count, row }: Frame) => count * row > TALLEST;

/** The greatest row, with a fraction, that may stand at the top. */
export const lastFirst = ({ count, row, view }: Frame) => Math.max(0, count - view / row);

export const clamp = (first: number, frame: Frame) => Math.max(0, Math.min(first, lastFirst(frame)));

/** The row at the top, with a fraction, when the list is scrolled so far. */
export function firstAt(scrolled: number, frame: Frame): number {
  if (!isScaled(frame)) return clamp(scrolled / frame.row, frame);
  return clamp((scrolled / (TALLEST - frame.view)) * lastFirst(frame), frame);
}

/** How far the list is scrolled when that row is at the top. */
export function scrolledTo(first: number, frame: Frame): number {
  if (!isScaled(frame)) return clamp(first, frame) * frame.row;
  return (clamp(first, frame) / lastFirst(frame)) * (TALLEST - frame.view);
}

/** The rows to draw: [from, to). */
export function drawn(first: number, frame: Frame, around = 6): { from: number; to: number } {
  const from = Math.max(0, Math.floor(first) - around);
  return { from, to: Math.min(frame.count, Math.ceil(first + frame.view / frame.row) + around) };
}
