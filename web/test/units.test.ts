import { expect, test } from 'vitest';

import { rateText, readCount, readRate } from '../src/lib/units';

test.each([
  ['', 0],
  ['  ', 0],
  ['0', 0],
  ['4096', 4096],
  ['50 MB/s', 50_000_000],
  ['50MB', 50_000_000],
  ['50 mb / s', 50_000_000],
  ['1.5 GB per second', 1_500_000_000],
  ['10 MiB/s', 10_485_760],
  ['500K', 512_000],
  ['10M', 10_485_760],
  ['100 Mbit/s', 12_500_000],
  ['100 Mbps', 12_500_000],
  ['100 MBps', 100_000_000],
  ['8 bps', 1],
  ['۵۰ مگابایت بر ثانیه', 50_000_000],
  ['٥٠ MB', 50_000_000],
  ['۱٫۵ گیگابایت', 1_500_000_000],
  ['۱۰۰ مگابيت در ثانيه', 12_500_000],
])('%s is %d bytes in a second', (text, bytes) => expect(readRate(text)).toBe(bytes));

test.each(['fast', '-1', '1e6', '0x10', '5 furlongs', '1.2.3', 'MB', '5 MB/h', '9'.repeat(400)])('%s is no speed', (text) =>
  expect(readRate(text)).toBeNull(),
);

test.each([
  [0, ''],
  [1, '1 B/s'],
  [1000, '1 kB/s'],
  [1024, '1 KiB/s'],
  [1_500_000, '1.5 MB/s'],
  [50_000_000, '50 MB/s'],
  [10_485_760, '10 MiB/s'],
  [1_234_567, '1234567 B/s'],
])('%d bytes in a second are written as %s', (bytes, text) => expect(rateText(bytes)).toBe(text));

test('what is written is read as the same', () => {
  let seed = 7;
  for (let at = 0; at < 2000; at += 1) {
    seed = (seed * 48_271) % 2_147_483_647;
    const bytes = at % 3 ? seed : (seed % 1000) * 10 ** (at % 10);
    expect(readRate(rateText(bytes))).toBe(bytes);
  }
});

test.each([
  ['', 0],
  ['0', 0],
  ['1,000', 1000],
  ['۱۲', 12],
  ['۱٬۲۰۰', 1200],
  [' ٣ ', 3],
  ['1.5', null],
  ['-1', null],
  ['many', null],
])('%s counts as %s', (text, count) => expect(readCount(text)).toBe(count));
