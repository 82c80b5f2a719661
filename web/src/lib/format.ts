/** Numbers, sizes, speeds and times for people, with the digits and the calendar of their language. */

/** Whether a language is written from the right. */
export const rightToLeft = (locale: string) => /^(ar|fa|he|ur)\b/.test(locale);

const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

/** To make one takes far longer than to use it. */
function kept<Format extends Intl.NumberFormat | Intl.DateTimeFormat>(locale: string, options: object, make: () => Format): Format {
  const key = locale + JSON.stringify(options);
  let found = made.get(key) as Format | undefined;
  if (!found) made.set(key, (found = make()));
  return found;
}
const numbers = (locale: string, options: Intl.NumberFormatOptions = {}) => kept(locale, options, () => new Intl.NumberFormat(locale, options));
const dates = (locale: string, options: Intl.DateTimeFormatOptions) => kept(locale, options, () => new Intl.DateTimeFormat(locale, options));

export const count = (number: number, locale: string) => numbers(locale).format(number);

/** Of a whole number of hundredths. */
export const percent = (hundredths: number, locale: string) =>
  numbers(locale, { style: 'percent', maximumFractionDigits: 0 }).format(hundredths / 100);

/** So many of a unit, written out. */
export const amount = (number: number, unit: string, locale: string, digits = 0) =>
  numbers(locale, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: digits }).format(number);

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

function bytes(number: number, locale: string, over: '' | '-per-second'): string {
  let at = 0;
  let value = number;
  while (at < UNITS.length - 1 && value >= 999.5) {
    value /= 1000;
    at += 1;
  }
  const options: Intl.NumberFormatOptions = {
    style: 'unit',
    unit: `${UNITS[at]}${over}`,
    // Beside digits that run the other way a Latin unit would be drawn on the wrong side of them.
    unitDisplay: rightToLeft(locale) || (at === 0 && !over) ? 'long' : 'short',
    maximumFractionDigits: at === 0 || value >= 99.95 ? 0 : 1,
  };
  return numbers(locale, options).format(value);
}

/** In powers of 1,000, as disks and networks are sold. */
export const size = (number: number, locale: string) => bytes(number, locale, '');

/** Bytes in a second, like sizes. */
export const rate = (number: number, locale: string) => bytes(number, locale, '-per-second');

/** The time of the day. */
export const time = (moment: Date, locale: string) => dates(locale, { hour: '2-digit', minute: '2-digit' }).format(moment);

const isSameDay = (one: Date, other: Date) => one.toDateString() === other.toDateString();

/** The time today, the day this year, and the year for what is older. */
export function when(moment: Date, now: Date, locale: string): string {
  if (isSameDay(moment, now)) return time(moment, locale);
  const year = moment.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return dates(locale, { day: 'numeric', month: 'short', ...year }).format(moment);
}

/** When it was, to the second; today needs no date. */
export function stamp(moment: Date, now: Date, locale: string): string {
  const day = isSameDay(moment, now) ? {} : ({ day: 'numeric', month: 'short' } as const);
  return dates(locale, { ...day, hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(moment);
}

export function exactly(moment: Date, locale: string, date: 'full' | 'medium' = 'full'): string {
  if (date === 'full' && persian(locale)) return `${day(moment, locale)}، ${dates(locale, { timeStyle: 'medium' }).format(moment)}`;
  return dates(locale, { dateStyle: date, timeStyle: 'medium' }).format(moment);
}

/** A day with its name. Intl writes the Persian calendar's full date with the year first and a Latin comma, as nobody does. */
export function day(at: Date, locale: string): string {
  if (!persian(locale)) return dates(locale, { dateStyle: 'full' }).format(at);
  return `${dates(locale, { weekday: 'long' }).format(at)} ${dates(locale, { dateStyle: 'long' }).format(at)}`;
}

const persian = (locale: string) => /^fa\b/.test(locale);

/** A day and a time, short: for what will be, or was long ago. */
export const moment = (at: Date, locale: string) => dates(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(at);

/** How long something still takes: in minutes or hours once that is enough. */
export function duration(seconds: number, locale: string): string {
  if (seconds < 90) return amount(seconds, 'second', locale);
  return seconds < 5400 ? amount(seconds / 60, 'minute', locale) : amount(seconds / 3600, 'hour', locale, 1);
}

const SPANS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A span of time in its two greatest units: `2 hr 5 min`. */
export function span(seconds: number, locale: string): string {
  let left = Math.max(0, Math.round(seconds));
  const from = SPANS.findIndex(([, length]) => left >= length);
  const parts: string[] = [];
  for (const [unit, length] of from < 0 ? SPANS.slice(-1) : SPANS.slice(from, from + 2)) {
    const whole = Math.floor(left / length);
    left -= whole * length;
    if (whole || !parts.length) parts.push(numbers(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(whole));
  }
  return parts.join(' ');
}
