import { expect, test } from 'vitest';

import { day, exactly, size, when } from '../src/lib/format';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1 kB'],
  [1049, '1 kB'],
  [1050, '1.1 kB'],
  [99_949, '99.9 kB'],
  [99_950, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1 MB'],
  [5_368_709_120, '5.4 GB'],
  [9e15, '9 PB'],
  [9e18, '9,000 PB'],
])('%d bytes are %s', (bytes, said) => expect(size(bytes, 'en')).toBe(said));

test('Persian has its own digits and words', () => expect(size(2_300_000, 'fa-IR')).toBe('۲٫۳ مگابایت'));

const NOW = new Date(2026, 10, 21, 15, 30);

test.each([
  [new Date(2026, 10, 21, 9, 5), '09:05'],
  [new Date(2026, 10, 20, 23, 59), '20 Nov'],
  [new Date(2025, 10, 21, 15, 30), '21 Nov 2025'],
])('%s', (moment, said) => expect(when(moment, NOW, 'en-GB')).toBe(said));

test('Persian has its own calendar', () => expect(when(new Date(2025, 2, 21, 12), NOW, 'fa-IR')).toContain('۱۴۰۴'));

test('Persian has the parts of a date in its own order', () => {
  const at = new Date(2026, 10, 22, 2, 12, 19);
  expect(day(at, 'fa-IR')).toBe('یکشنبه ۱ آذر ۱۴۰۵');
  expect(exactly(at, 'fa-IR')).toBe('یکشنبه ۱ آذر ۱۴۰۵، ۲:۱۲:۱۹');
  expect(day(at, 'en-GB')).toBe('Sunday, 22 November 2026');
});
