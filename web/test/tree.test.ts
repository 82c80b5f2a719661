import { expect, test } from 'vitest';

import { choices, settled } from '../src/lib/conflicts';
import { driveOf } from '../src/lib/drives';
import { stem } from '../src/lib/names';
import { rowsOf, step } from '../src/lib/tree';

const children = new Map([
  ['/', ['/a', '/b']],
  ['/a', ['/a/x']],
  ['/b', []],
]);
const rows = rowsOf('/', children, new Set(['/', '/a', '/b']));

test('a tree is a list of rows', () => {
  expect(rows.map(({ path, level }) => `${level} ${path}`)).toEqual(['1 /', '2 /a', '3 /a/x', '2 /b']);
  expect(rows.map((row) => row.open)).toEqual([true, true, false, false]);
  expect(rows.map((row) => row.inside)).toEqual([true, true, undefined, false]);
});

test.each([
  [0, 'ArrowDown', { to: 1 }],
  [0, 'ArrowUp', { to: 0 }],
  [0, 'ArrowRight', { to: 1 }],
  [1, 'ArrowLeft', { open: false }],
  [2, 'ArrowLeft', { to: 1 }],
  [2, 'ArrowRight', { open: true }],
  [3, 'ArrowRight', {}],
  [3, 'ArrowLeft', { to: 0 }],
  [1, 'End', { to: 3 }],
  [2, 'Home', { to: 0 }],
  [1, 'x', {}],
])('from row %d %s', (at, key, done) => expect(step(rows, at, key, 'ArrowRight')).toEqual(done));

test('what opens is the other arrow where one reads the other way', () =>
  expect(step(rows, 2, 'ArrowLeft', 'ArrowLeft')).toEqual({ open: true }));

test.each([
  ['a.txt', 'a'],
  ['a.tar.gz', 'a'],
  ['.profile', '.profile'],
  ['.tar.gz', '.tar'],
  ['archive.', 'archive.'],
  ['none', 'none'],
])('of %s %s is marked', (name, marked) => expect(stem(name)).toBe(marked));

const file = (modified: string) => ({ kind: 'file', modified }) as const;
const [old, young] = [file('2026-01-01T00:00:00Z'), file('2026-01-02T00:00:00Z')];
const folder = { kind: 'folder', modified: '2026-01-01T00:00:00Z' } as const;

test('taken names', () => {
  expect(choices(folder, old)).toEqual(['rename', 'skip']);
  expect(settled('newer', young, old)).toBe('overwrite');
  expect(settled('newer', old, young)).toBe('skip');
  expect(settled('overwrite', old, young)).toBe('overwrite');
  expect(settled('overwrite', folder, old)).toBe('skip');
  expect(settled('rename', folder, folder)).toBe('rename');
});

test.each([
  ['/a/b', ''],
  ['/Shared', ''],
  ['/Shared/ada/x', 'Shared/ada'],
  ['/Drives/disk', 'Drives/disk'],
])('%s lies on %s', (path, drive) => expect(driveOf(path)).toBe(drive));
