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

/** Those at some places, besides what is picked already in `base`. */
export function these(base: ReadonlySet<string>, keys: readonly string[], places: Iterable<number>, active: number): Selection {
  const picked = new Set(base);
  for (const at of places) if (keys[at] !== undefined) picked.add(keys[at]);
  return { picked, active, anchor: active };
}

/** The same after the list has changed: what is gone is picked no more, and the keyboard stands where it stood. */
export function kept(selection: Selection, before: readonly string[], keys: readonly string[]): Selection {
  const there = selection.picked.size ? new Set(keys) : null;
  const last = Math.max(0, keys.length - 1);
  const moved = (at: number): number => {
    const key = before[at];
    if (key === undefined || keys[at] === key) return Math.min(at, last);
    const now = keys.indexOf(key);
    return now < 0 ? Math.min(at, last) : now;
  };
  return {
    picked: there ? new Set([...selection.picked].filter((key) => there.has(key))) : selection.picked,
    active: moved(selection.active),
    anchor: moved(selection.anchor),
  };
}
