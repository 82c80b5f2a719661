import { expect, test } from 'vitest';

import { inView, toShow } from '../src/lib/inview';
import { Typing } from '../src/lib/typing';

const view = { top: 4400, height: 440, row: 44 };

test('the rows in view are drawn, and the one with the keyboard', () => {
  const rows = inView(view, 100_000, 5);
  expect(rows[0]).toBe(5);
  expect(rows).toContain(100);
  expect(rows).toContain(110);
  expect(rows.length).toBeLessThan(40);
  expect(inView(view, 100_000, 99_999).at(-1)).toBe(99_999);
  expect(inView(view, 100_000, 105).length).toBe(rows.length - 1);
});

test('no row is drawn that is not there', () => {
  expect(inView(view, 0, 0)).toEqual([]);
  expect(inView({ top: 0, height: 500, row: 44 }, 3, 7)).toEqual([0, 1, 2]);
});

test.each([
  [99, 4356],
  [100, 4400],
  [105, 4400],
  [110, 4444],
])('row %d is shown at %d', (at, top) => expect(toShow(at, view)).toBe(top));

const names = ['alpha', 'Beta', 'bravo', 'گزارش', 'bz', 'a b'].map((name) => ({ name }));

test('typing goes to what begins so', () => {
  const typing = new Typing();
  expect(typing.type('b', names, 0, 0)).toBe(1);
  expect(typing.type('r', names, 1, 300)).toBe(2);
  expect(typing.type('گ', names, 2, 3000)).toBe(3);
  expect(typing.type('x', names, 3, 9000)).toBe(-1);
});

test('the same letter again goes to the next one, and around', () => {
  const typing = new Typing();
  expect(typing.type('b', names, 1, 0)).toBe(2);
  expect(typing.type('b', names, 2, 300)).toBe(4);
  expect(typing.type('b', names, 4, 600)).toBe(1);
});
