/** Speeds and counts as people type them, and as they are shown where they can be changed. The only place that knows. */

const BYTES: Record<string, number> = {
  b: 1,
  k: 1024, // a bare letter is what the configuration means by it
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
  بایت: 1,
  کیلوبایت: 1e3,
  مگابایت: 1e6,
  گیگابایت: 1e9,
  ترابایت: 1e12,
};
const BITS: Record<string, number> = {
  bit: 1,
  kbit: 1e3,
  mbit: 1e6,
  gbit: 1e9,
  بیت: 1,
  کیلوبیت: 1e3,
  مگابیت: 1e6,
  گیگابیت: 1e9,
};
const SHOWN = ['TB', 'GB', 'MB', 'kB'] as const;
const SHOWN_BINARY = ['TiB', 'GiB', 'MiB', 'KiB'] as const;
const NUMBER = /^(\d+(?:\.\d+)?)\s*(.*)$/su;

/** Persian and Arabic digits, points and letters of other keyboards, as plain ones. */
export function plain(text: string): string {
  return text
    .replace(/[۰-۹]/gu, (digit) => String(digit.charCodeAt(0) - 0x06f0))
    .replace(/[٠-٩]/gu, (digit) => String(digit.charCodeAt(0) - 0x0660))
    .replaceAll('٫', '.')
    .replace(/[٬\u200c\u200e\u200f\u2066-\u2069]/gu, '')
    .replaceAll('ي', 'ی')
    .replaceAll('ك', 'ک')
    .trim();
}

/** Bytes in a second; 0 is no limit, and so is nothing. Null is what cannot be understood. */
export function readRate(text: string): number | null {
  const typed = plain(text);
  if (!typed) return 0;
  const match = NUMBER.exec(typed);
  if (!match) return null;
  const bytes = Number(match[1]) * unitOf(match[2] ?? '');
  return Number.isFinite(bytes) ? Math.round(bytes) : null;
}

/** Bytes in one of it; NaN is no unit. */
function unitOf(text: string): number {
  // "Mbps" are bits, as who sells lines has it; "MBps" are bytes, as who copies files has it.
  const perSecond = /^([kKmMgG])?([bB])ps$/u.exec(text);
  if (perSecond) return (perSecond[2] === 'b' ? 1 / 8 : 1) * (BYTES[`${perSecond[1] ?? ''}b`.toLowerCase()] ?? Number.NaN);
  const unit = text
    .toLowerCase()
    .replace(/\s*(?:\/\s*(?:s|sec|second|ثانیه)|per second|بر ثانیه|در ثانیه)$/u, '')
    .trim();
  if (!unit) return 1;
  return BYTES[unit] ?? (BITS[unit] ?? Number.NaN) / 8;
}

/** The shortest text that `readRate` reads as just this. */
export function rateText(bytes: number): string {
  if (!bytes) return '';
  for (const units of [SHOWN, SHOWN_BINARY])
    for (const unit of units) {
      const value = bytes / (BYTES[unit.toLowerCase()] as number);
      if (value >= 1 && Number.isInteger(value * 10)) return `${value} ${unit}/s`;
    }
  return `${bytes} B/s`;
}

/** A whole number; 0 is no limit, and so is nothing. Null is none. */
export function readCount(text: string): number | null {
  const typed = plain(text).replaceAll(',', '');
  if (!typed) return 0;
  return /^\d{1,15}$/u.test(typed) ? Number(typed) : null;
}
