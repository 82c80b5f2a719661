/** Amounts of bytes as people type them: a number and a unit, in powers of 1,000 as everywhere in the app. */
import { plain } from './units';

export const UNITS = ['MB', 'GB', 'TB'] as const;
export type Unit = (typeof UNITS)[number];
const BYTES: Record<Unit, number> = { MB: 1e6, GB: 1e9, TB: 1e12 };
/** What the server takes at most: 2^53 is enough for everybody, and a number that JavaScript can count to. */
const MOST = Number.MAX_SAFE_INTEGER;

/** The largest unit in which it is not less than one; no limit is an empty text. */
export function split(bytes: number | null): { text: string; unit: Unit } {
  if (!bytes) return { text: '', unit: 'GB' };
  const unit = [...UNITS].reverse().find((each) => bytes >= BYTES[each]) ?? 'MB';
  return { text: String(Number((bytes / BYTES[unit]).toPrecision(12))), unit };
}

/** In bytes: 0 for an empty text, which is no limit, and null for what is no amount. */
export function bytesOf(text: string, unit: Unit): number | null {
  const number = plain(text).replace(',', '.');
  if (!number) return 0;
  if (!/^\d{1,12}(\.\d{1,9})?$/.test(number)) return null;
  const bytes = Math.round(Number(number) * BYTES[unit]);
  return bytes <= MOST ? bytes : null;
}
