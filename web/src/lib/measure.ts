/** Speeds, spans and counts for people, with the digits of their language. */

import { rightToLeft } from './format';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes in a second, in powers of 1,000 like sizes. */
export function rate(bytes: number, locale: string): string {
  let unit = 0;
  let value = bytes;
  while (unit < UNITS.length - 1 && value >= 999.5) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: `${UNITS[unit]}-per-second`,
    unitDisplay: rightToLeft(locale) ? 'long' : 'short', // as sizes do
    maximumFractionDigits: digits,
  }).format(value);
}

const SPANS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A span of time in its two greatest units: `2 hr 5 min`. */
export function span(seconds: number, locale: string): string {
  const whole = Math.max(0, Math.round(seconds));
  const first = Math.max(0, SPANS.findIndex(([, length]) => whole >= length));
  const from = whole ? first : SPANS.length - 1;
  let left = whole;
  const parts: string[] = [];
  for (const [unit, length] of SPANS.slice(from, from + 2)) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count || !parts.length)
      parts.push(new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(count));
  }
  return parts.join(' ');
}

export const count = (number: number, locale: string) => new Intl.NumberFormat(locale).format(number);

/** Of a whole number of hundredths. */
export const percent = (hundredths: number, locale: string) =>
  new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(hundredths / 100);

/** When it was, to the second; today needs no date. */
export function stamp(moment: Date, now: Date, locale: string): string {
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  const day = moment.toDateString() === now.toDateString() ? {} : ({ day: 'numeric', month: 'short' } as const);
  return new Intl.DateTimeFormat(locale, { ...day, ...time }).format(moment);
}

/** For a canvas, which knows no `bdi`: what is written from the right says so by itself. */
export const isolated = (text: string, dir: 'ltr' | 'rtl') => (dir === 'rtl' ? `\u2067${text}\u2069` : text);
