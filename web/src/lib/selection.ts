/** Which rows of a list are picked, as file managers have it. Pure: each act gives a new selection. */
export interface Selection {
  readonly picked: ReadonlySet<string>;
  /** The row that the keyboard stands on. */
  readonly active: number;
  /** Where a range begins. */
  readonly anchor: number;
}

export const NONE: Selection = { picked: new Set(), active: 0, anchor: 0 };

export function only(keys: readonly string[], at: number): Selection {
  const key = keys[at];
  return { picked: new Set(key === undefined ? [] : [key]), active: at, anchor: at };
}

export function toggle(selection: Selection, keys: readonly string[], at: number): Selection {
  const picked = new Set(selection.picked);
  const key = keys[at];
  if (key !== undefined && !picked.delete(key)) picked.add(key);
  return { picked, active: at, anchor: at };
}

/** Everything between the anchor and `at`. */
export function through(selection: Selection, keys: readonly string[], at: number): Selection {
  const [from, to] = [Math.min(selection.anchor, at), Math.max(selection.anchor, at)];
  return { picked: new Set(keys.slice(from, to + 1)), active: at, anchor: selection.anchor };
}

export function all(selection: Selection, keys: readonly string[]): Selection {
  return { ...selection, picked: new Set(keys) };
}

/** The same after the list has changed: what is gone is picked no more. */
export function kept(selection: Selection, keys: readonly string[]): Selection {
  const there = new Set(keys);
  const last = Math.max(0, keys.length - 1);
  return {
    picked: new Set([...selection.picked].filter((key) => there.has(key))),
    active: Math.min(selection.active, last),
    anchor: Math.min(selection.anchor, last),
  };
}
