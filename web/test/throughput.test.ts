import { expect, test } from 'vitest';

import { changed, localOf, momentOf, toggled, wantedOf } from '../src/lib/logview';
import { ceiling, marks, points, summary } from '../src/lib/throughput';

test('bytes of steps become speeds, and the last step ended just now', () => {
  const steps = { step_seconds: 2, up: [1, 2, 4, 6], down: [0, 0, 0, 8] };
  expect(points(steps, 100, 600)).toEqual([
    [94, 96, 98, 100],
    [0.5, 1, 2, 3],
    [0, 0, 0, 4],
  ]);
  expect(points(steps, 100, 4)).toEqual([
    [98, 100],
    [2, 3],
    [0, 4],
  ]);
});

test.each([
  [0, 1000],
  [1000, 1000],
  [1001, 2000],
  [2_600_000, 5_000_000],
  [5_000_001, 10_000_000],
  [999_999_999, 1_000_000_000],
])('%d fits below %d', (most, top) => expect(ceiling(most)).toBe(top));

test.each([
  [1000, [0, 250, 500, 750, 1000]],
  [5000, [0, 1000, 2000, 3000, 4000, 5000]],
])('%d has the marks %j', (top, expected) => expect(marks(top)).toEqual(expected));

test('a summary of nothing is nothing', () => expect(summary([])).toEqual({ average: 0, most: 0 }));
test('a summary', () => expect(summary([0, 2, 4])).toEqual({ average: 2, most: 4 }));

const wanted = (query: string) => wantedOf(new URLSearchParams(query)).toString();

test.each([
  ['', ''],
  ['category=file&category=file&category=chat', 'category=file&category=chat'],
  ['category=nonsense&severity=loud&other=1', ''],
  ['severity=debug', ''],
  ['severity=warning&search=a%20b&actor=%D8%B9', 'severity=warning&search=a+b&actor=%D8%B9'],
  ['session=12', 'session=12'],
  ['session=x', ''],
  ['since=2026-11-21T09:00:00Z&until=never', 'since=2026-11-21T09%3A00%3A00.000Z'],
])('%s asks the server for %s', (query, asked) => expect(wanted(query)).toBe(asked));

test('filters come and go', () => {
  const first = new URLSearchParams('category=file&actor=ada');
  expect(toggled(first, 'chat').getAll('category')).toEqual(['file', 'chat']);
  expect(toggled(first, 'file').getAll('category')).toEqual([]);
  expect(changed(first, 'actor', '').toString()).toBe('category=file');
  expect(changed(first, 'door', 'ftps').toString()).toBe('category=file&actor=ada&door=ftps');
});

test('a field for dates gives back what it was given, to the minute', () => {
  expect(momentOf(localOf('2026-11-21T09:30:00.000Z'))).toBe('2026-11-21T09:30:00.000Z');
  expect([localOf(null), momentOf('')]).toEqual(['', '']);
});
