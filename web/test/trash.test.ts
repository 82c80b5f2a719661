import { expect, test } from 'vitest';

import { daysLeft, pick } from '../src/lib/trash';

test('days are counted down to the last', () => {
  const now = new Date('2026-03-01T12:00:00Z');
  expect(daysLeft(new Date('2026-03-31T12:00:00Z'), now)).toBe(30);
  expect(daysLeft(new Date('2026-03-02T11:00:00Z'), now)).toBe(1);
  expect(daysLeft(new Date('2026-02-01T00:00:00Z'), now)).toBe(1);
});

test('a range is picked, and let go, from the last box on', () => {
  const keys = [5, 4, 3, 2, 1];
  const first = pick(new Set<number>(), keys, 1, null, false);
  expect([...first]).toEqual([4]);
  const range = pick(first, keys, 3, 1, true);
  expect([...range]).toEqual([4, 3, 2]);
  expect([...pick(range, keys, 2, 3, true)]).toEqual([4]);
  expect([...pick(range, keys, 9, 3, true)]).toEqual([4, 3, 2]);
});
