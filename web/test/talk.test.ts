import { expect, test } from 'vitest';

import { daysApart, lengthOf, mark, merged, pieces, waitOf, type Said } from '../src/lib/talk';

const said = (sequence: number, more: Partial<Said> = {}): Said => ({
  sequence,
  id: `id ${sequence}`,
  mine: false,
  sender: 'sara',
  at: `2026-11-21T09:${String(sequence).padStart(2, '0')}:00Z`,
  ...more,
});
const kinds = (messages: readonly Said[], newFrom: number | null = null) =>
  pieces(messages, newFrom).map((each) => (each.kind === 'message' ? `${each.message.sequence}${each.first ? '*' : ''}` : each.kind));

test('what comes twice, or in any order, is there once, in order', () => {
  const all = [said(1), said(2), said(3), said(4)];
  expect(merged([all[2]!, all[3]!], [all[1]!, all[0]!, all[2]!])).toEqual(all);
  expect(merged(all, [])).toBe(all);
  const changed = said(2, { sender: 'renamed' });
  expect(merged(all, [changed])[1]).toBe(changed);
});

test('a day, a person and a pause each begin anew', () => {
  expect(kinds([])).toEqual([]);
  expect(kinds([said(1), said(2), said(3, { sender: 'ada' }), said(4, { sender: 'ada', mine: true })])).toEqual(['day', '1*', '2', '3*', '4*']);
  expect(kinds([said(1), said(2, { at: '2026-11-21T09:30:00Z' })])).toEqual(['day', '1*', '2*']);
  expect(kinds([said(1), said(2, { at: '2026-11-23T09:01:00Z' })])).toEqual(['day', '1*', 'day', '2*']);
});

test('the line of what is new stands once, before the first of somebody else', () => {
  expect(kinds([said(1), said(2), said(3)], 2)).toEqual(['day', '1*', 'new', '2*', '3']);
  expect(kinds([said(1), said(2, { mine: true }), said(3)], 2)).toEqual(['day', '1*', '2*', 'new', '3*']);
  expect(kinds([said(1)], 2)).toEqual(['day', '1*']);
});

test('every piece has a key of its own', () => {
  const found = pieces([said(1), said(2), said(3, { at: '2026-11-22T09:00:00Z' })], 2);
  expect(new Set(found.map((each) => each.key)).size).toBe(found.length);
});

test('how far a message has come', () => {
  expect([1, 2, 3].map((each) => mark(each, 2, 1))).toEqual(['read', 'delivered', 'sent']);
});

test.each([
  ['', 0],
  ['سلام', 4],
  ['😀😀', 2],
  ['e\u0301', 1],
])('%j has so many characters', (text, length) => {
  expect(lengthOf(text)).toBe(length);
});

test('days are those of the calendar', () => {
  expect(daysApart(new Date(2026, 10, 20, 23, 59), new Date(2026, 10, 21, 0, 1))).toBe(1);
  expect(daysApart(new Date(2026, 10, 21, 0, 1), new Date(2026, 10, 21, 23, 59))).toBe(0);
  expect(daysApart(new Date(2026, 1, 28), new Date(2026, 2, 1))).toBe(1);
});

test('it waits longer each time, or as the server says', () => {
  expect([1, 2, 3, 9].map((tries) => waitOf(tries, null))).toEqual([2, 4, 8, 30]);
  expect(waitOf(9, 3)).toBe(3);
});
