import { expect, test } from 'vitest';

import { caps, isSingle, matches, type Pressed } from '../src/lib/keys';

const pressed = (key: string, held: Partial<Pressed> = {}): Pressed => ({
  key,
  code: '',
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...held,
});

test.each([
  ['F2', pressed('F2'), true],
  ['F2', pressed('F2', { shiftKey: true }), false],
  ['Ctrl+C', pressed('c', { ctrlKey: true }), true],
  ['Ctrl+C', pressed('c', { metaKey: true }), true],
  ['Ctrl+C', pressed('C', { ctrlKey: true, shiftKey: true }), false],
  ['Ctrl+C', pressed('c'), false],
  ['Ctrl+Shift+F', pressed('F', { ctrlKey: true, shiftKey: true }), true],
  ['Alt+Enter', pressed('Enter', { altKey: true }), true],
  ['Enter', pressed('Enter', { altKey: true }), false],
  ['?', pressed('?', { shiftKey: true }), true],
  ['/', pressed('/', { shiftKey: true }), true],
  ['/', pressed('/', { ctrlKey: true }), false],
])('%s', (written, event, is) => expect(matches(written, event)).toBe(is));

test('a letter is found where it lies while another alphabet is on', () => {
  expect(matches('Ctrl+C', pressed('ز', { ctrlKey: true, code: 'KeyC' }))).toBe(true);
  expect(matches('Ctrl+C', pressed('j', { ctrlKey: true, code: 'KeyC' }))).toBe(false);
});

test('caps are those of the keyboard', () => {
  expect(caps('Ctrl+Shift+F', false)).toEqual(['Ctrl', 'Shift', 'F']);
  expect(caps('Ctrl+Shift+F', true)).toEqual(['⌘', '⇧', 'F']);
  expect(caps(' ', false)).toEqual(['Space']);
});

test('signs pressed alone are told from keys that write nothing', () => {
  expect(['/', '?', 'A', '1'].every(isSingle)).toBe(true);
  expect(['Ctrl+F', 'F2', 'Delete', 'Escape', 'Shift+F10'].some(isSingle)).toBe(false);
});
