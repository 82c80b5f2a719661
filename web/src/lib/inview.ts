/** Which rows of a long list are drawn. All rows are equally high, so this is arithmetic. Pure. */
const AROUND = 10;

export interface View {
  /** How far it is scrolled, how high the window is, and how high a row, in pixels. */
  readonly top: number;
  readonly height: number;
  readonly row: number;
}

/** The rows in view with some around them, and always the one that the keyboard stands on: else it would lose it. */
export function inView({ top, height, row }: View, count: number, active: number): number[] {
  const first = Math.max(0, Math.floor(top / row) - AROUND);
  const last = Math.min(count - 1, Math.ceil((top + height) / row) + AROUND);
  const rows: number[] = [];
  if (active >= 0 && active < first && active < count) rows.push(active);
  for (let at = first; at <= last; at += 1) rows.push(at);
  if (active > last && active < count) rows.push(active);
  return rows;
}

/** How far to scroll so that a row is in view: no farther than needed. */
export function toShow(at: number, { top, height, row }: View): number {
  if (at * row < top) return at * row;
  return Math.max(top, (at + 1) * row - height);
}
