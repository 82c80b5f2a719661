/** A tree of folders as a list of rows, and the keys of the ARIA tree pattern on it. Pure. */
export interface TreeRow {
  readonly path: string;
  readonly level: number;
  readonly open: boolean;
  /** Whether there is something in it; undefined while nobody knows. */
  readonly inside: boolean | undefined;
}

export type Children = ReadonlyMap<string, readonly string[]>;

export function rowsOf(top: string, children: Children, open: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (path: string, level: number): void => {
    const below = children.get(path);
    const isOpen = open.has(path) && below?.length !== 0;
    rows.push({ path, level, open: isOpen, inside: below && below.length > 0 });
    if (isOpen) for (const each of below ?? []) add(each, level + 1);
  };
  add(top, 1);
  return rows;
}

/** What a key does: go to a row, or open or close the one that the keyboard stands on. `forward` is the key that opens. */
export function step(rows: readonly TreeRow[], at: number, key: string, forward: 'ArrowRight' | 'ArrowLeft'): { to?: number; open?: boolean } {
  const row = rows[at];
  if (!row) return {};
  const last = rows.length - 1;
  const back = forward === 'ArrowRight' ? 'ArrowLeft' : 'ArrowRight';
  if (key === 'ArrowDown') return { to: Math.min(last, at + 1) };
  if (key === 'ArrowUp') return { to: Math.max(0, at - 1) };
  if (key === 'Home') return { to: 0 };
  if (key === 'End') return { to: last };
  if (key === forward) {
    if (!row.open) return row.inside === false ? {} : { open: true };
    return (rows[at + 1]?.level ?? 0) > row.level ? { to: at + 1 } : {};
  }
  if (key === back) {
    if (row.open) return { open: false };
    for (let above = at - 1; above >= 0; above -= 1) if ((rows[above]?.level ?? 0) < row.level) return { to: above };
  }
  return {};
}
