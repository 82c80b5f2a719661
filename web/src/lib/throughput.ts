/** The chart of what moves: its points, and its axis in numbers that people count in. */

export interface Steps {
  readonly step_seconds: number;
  readonly up: readonly number[];
  readonly down: readonly number[];
}

/** Times (in seconds) and speeds (in bytes a second) of the steps before `now`, the oldest first. */
export function points(steps: Steps, now: number, seconds: number): [number[], number[], number[]] {
  const length = Math.min(steps.up.length, Math.round(seconds / steps.step_seconds));
  const speed = (bytes: readonly number[]) => bytes.slice(bytes.length - length).map((each) => each / steps.step_seconds);
  const times = Array.from({ length }, (_, at) => now - (length - 1 - at) * steps.step_seconds);
  return [times, speed(steps.up), speed(steps.down)];
}

/** The least of 1, 2, 5, 10, 20 … that leaves room for `most`; an empty chart has a scale, too. */
export function ceiling(most: number): number {
  const least = Math.max(most, 1000);
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((each) => each * power >= least) ?? 10) * power;
}

/** Marks from nothing to the ceiling. */
export function marks(top: number): number[] {
  const first = Number(String(top)[0]);
  const parts = first === 5 ? 5 : 4;
  return Array.from({ length: parts + 1 }, (_, at) => (top / parts) * at);
}

export interface Summary {
  readonly average: number;
  readonly most: number;
}

export function summary(speeds: readonly number[]): Summary {
  if (!speeds.length) return { average: 0, most: 0 };
  return { average: speeds.reduce((sum, each) => sum + each, 0) / speeds.length, most: Math.max(...speeds) };
}
