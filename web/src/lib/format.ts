/** Sizes and times for people, with the digits and the calendar of their language. */

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

/** Whether a language is written from the right. */
export const rightToLeft = (locale: string) => /^(ar|fa|he|ur)\b/.test(locale);

/** In powers of 1,000, as disks and networks are sold. */
export function size(bytes: number, locale: string): string {
  let unit = 0;
  let value = bytes;
  while (unit < UNITS.length - 1 && value >= 999.5) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[unit] as string,
    // Beside digits that run the other way a Latin unit would be drawn on the wrong side of them.
    unitDisplay: unit === 0 || rightToLeft(locale) ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(value);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: string, kind: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${kind}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.DateTimeFormat(locale, options)));
  return found;
}

/** The time today, the day this year, and the year for what is older. */
export function when(moment: Date, now: Date, locale: string): string {
  const sameDay = moment.toDateString() === now.toDateString();
  if (sameDay) return format(locale, 'time', { hour: '2-digit', minute: '2-digit' }).format(moment);
  const sameYear = moment.getFullYear() === now.getFullYear();
  const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  return format(locale, sameYear ? 'day' : 'year', sameYear ? day : { ...day, year: 'numeric' }).format(moment);
}

export function exactly(moment: Date, locale: string, date: 'full' | 'medium' = 'full'): string {
  if (date === 'full' && persian(locale)) return `${dayInFull(moment, locale)}، ${format(locale, 'clock', { timeStyle: 'medium' }).format(moment)}`;
  return format(locale, `exact ${date}`, { dateStyle: date, timeStyle: 'medium' }).format(moment);
}

/** Intl writes the Persian calendar's full date with the year first and a Latin comma, as nobody does. */
export function dayInFull(moment: Date, locale: string): string {
  if (!persian(locale)) return format(locale, 'full day', { dateStyle: 'full' }).format(moment);
  return `${format(locale, 'weekday', { weekday: 'long' }).format(moment)} ${format(locale, 'long day', { dateStyle: 'long' }).format(moment)}`;
}

const persian = (locale: string) => /^fa\b/.test(locale);

/** A day and a time, short: for what will be, or was long ago. */
export function moment(at: Date, locale: string): string {
  return format(locale, 'moment', { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** How long something still takes: in minutes or hours once that is enough. */
export function duration(seconds: number, locale: string): string {
  const [value, unit] = seconds < 90 ? [seconds, 'second'] : seconds < 5400 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: unit === 'hour' ? 1 : 0 }).format(value);
}

export function percent(share: number, locale: string): string {
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(share / 100);
}
