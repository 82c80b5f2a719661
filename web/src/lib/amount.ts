/** Amounts of bytes as people type them: a number and a unit, in powers of 1,000 as everywhere in the app. */

export const UNITS = ['MB', 'GB', 'TB'] as const;
export type Unit = (typeof UNITS)[number];
const BYTES: Record<Unit, number> = { MB: 1e6, GB: 1e9, TB: 1e12 };
/** What the server takes at most: 2^53 is enough for everybody, and a number that JavaScript can count to. */
const MOST = Number.MAX_SAFE_INTEGER;

/** Digits of any script that the app speaks, and its decimal signs, as numbers are written in programs. */
export function plain(text: string): string {
  return text
    .trim()
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/[٫,]/g, '.')
    .replace(/٬/g, '');
}

/** The largest unit in which it is not less than one; no limit is an empty text. */
export function split(bytes: number | null): { text: string; unit: Unit } {
  if (!bytes) return { text: '', unit: 'GB' };
  const unit = [...UNITS].reverse().find((each) => bytes >= BYTES[each]) ?? 'MB';
  return { text: String(Number((bytes / BYTES[unit]).toPrecision(12))), unit };
}

/** In bytes: 0 for an empty text, which is no limit, and null for what is no amount. */
export function bytesOf(text: string, unit: Unit): number | null {
  const number = plain(text);
  if (!number) return 0;
  if (!/^\d{1,12}(\.\d{1,9})?$/.test(number)) return null;
  const bytes = Math.round(Number(number) * BYTES[unit]);
  return bytes <= MOST ? bytes : null;
}

/** A whole number that is typed; 0 for nothing, and null for what is none. */
export function countOf(text: string): number | null {
  const number = plain(text);
  if (!number) return 0;
  return /^\d{1,15}$/.test(number) ? Number(number) : null;
}
