import { expect, test } from 'vitest';

import { NONE, all, kept, only, these, through, toggle, type Selection } from '../src/lib/selection';

const keys = ['/a', '/b', '/c', '/d', '/e'];
const picked = (selection: Selection) => [...selection.picked].sort().join('');

test('a click picks one row and lets go of the others', () => {
  expect(picked(only(keys, 1))).toBe('/b');
  expect(picked(only(keys, 9))).toBe('');
});

test('with Ctrl rows come and go one by one', () => {
  const two = toggle(only(keys, 1), keys, 3);
  expect(picked(two)).toBe('/b/d');
  expect(picked(toggle(two, keys, 1))).toBe('/d');
});

test('with Shift everything from the anchor on is picked, either way', () => {
  const from = only(keys, 2);
  const down = through(from, keys, 4);
  expect(picked(down)).toBe('/c/d/e');
  expect(picked(through(down, keys, 1))).toBe('/b/c');
});

test('what is gone is picked no more, and the keyboard stands on a row that is there', () => {
  const last = through(only(keys, 3), keys, 4);
  const left = kept(last, keys, ['/a', '/d']);
  expect(picked(left)).toBe('/d');
  expect(left.active).toBe(1);
  expect(kept(all(NONE, keys), keys, []).active).toBe(0);
});

test('the keyboard stays on its row when others come before it', () => {
  const on = only(keys, 2);
  expect(kept(on, keys, ['/0', '/1', ...keys])).toMatchObject({ active: 4, anchor: 4 });
  expect(kept(on, keys, ['/b', '/c'])).toMatchObject({ active: 1 });
});

test('what a band touches is picked besides what was', () => {
  expect(picked(these(new Set(['/a']), keys, [2, 3, 9], 3))).toBe('/a/c/d');
});
