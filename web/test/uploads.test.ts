import { expect, test } from 'vitest';

import { framed } from '../src/uploads/frames';
import { PIECE, partSize, parts, pieceEnd } from '../src/uploads/parts';
import { Rate } from '../src/uploads/rate';

const MIB = 1024 * 1024;

test.each([0, 1, 32 * MIB, 32 * MIB + 1, 5 * 1024 * MIB, 16 * 1024 * 1024 * MIB])('parts cover a file of %d bytes', (size) => {
  const found = parts(size);
  expect(found.length).toBeLessThanOrEqual(1000);
  expect(found.reduce((sum, each) => sum + each.end - each.begin, 0)).toBe(size);
  expect(found.every((each, at) => each.begin === (found[at - 1]?.end ?? 0))).toBe(true);
  expect(partSize(size) % PIECE).toBe(0);
});

test('pieces end with their part', () => {
  const part = { begin: 100, end: 100 + PIECE + 5 };
  expect(pieceEnd(part, 0)).toBe(PIECE);
  expect(pieceEnd(part, PIECE)).toBe(PIECE + 5);
});

test('frames are a length, a header and the content', async () => {
  const content = new Uint8Array([1, 2, 3]);
  const body = new Uint8Array(await new Blob(framed([{ header: { path: '/é', size: 3 }, content }])).arrayBuffer());
  const length = new DataView(body.buffer).getUint32(0);
  expect(JSON.parse(new TextDecoder().decode(body.slice(4, 4 + length)))).toEqual({ path: '/é', size: 3 });
  expect([...body.slice(4 + length)]).toEqual([1, 2, 3]);
});

test('the rate is that of the last seconds, and nothing until there is one', () => {
  const rate = new Rate();
  rate.add(0, 0);
  expect(rate.secondsFor(100)).toBeNull();
  for (let second = 1; second <= 20; second += 1) rate.add(second * 1000, second < 10 ? 0 : (second - 9) * 500);
  expect(rate.perSecond).toBeCloseTo(500, 0);
  expect(rate.secondsFor(1000)).toBeCloseTo(2, 0);
  rate.add(21_000, 0);
  expect(rate.perSecond).toBe(0);
});
