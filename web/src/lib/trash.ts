/** What the trash reckons. Pure. */
const DAY = 86_400_000;

/** Days that are left, the last one counted. */
export const daysLeft = (ends: Date, now: Date): number => Math.max(1, Math.ceil((ends.getTime() - now.getTime()) / DAY));

/** What a click on a box picks: with Shift, all from the last one on, as this one now is. */
export function pick<Key>(picked: ReadonlySet<Key>, keys: readonly Key[], at: number, last: number | null, range: boolean): Set<Key> {
  const next = new Set(picked);
  const key = keys[at];
  if (key === undefined) return next;
  const on = !picked.has(key);
  const [from, to] = range && last !== null ? [Math.min(at, last), Math.max(at, last)] : [at, at];
  for (const each of keys.slice(from, to + 1)) {
    if (on) next.add(each);
    else next.delete(each);
  }
  return next;
}
