import { expect, test, vi } from 'vitest';

import { Reader } from '../src/uploads/reading';

const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 7 + (at >> 8)) & 255);

test('pieces come whole, one after another and beside each other', async () => {
  const reader = new Reader(70_000);
  const file = new Blob([bytes]);
  const read = (begin: number, end: number) => reader.within(file.slice(begin, end), (piece) => piece.slice());
  expect(await read(0, 70_000)).toEqual(bytes.slice(0, 70_000));
  expect(await read(199_999, 200_000)).toEqual(bytes.slice(199_999));
  const places = [0, 65_536, 130_000, 3];
  const beside = await Promise.all(places.map((at) => read(at, at + 70_000)));
  expect(beside).toEqual(places.map((at) => bytes.slice(at, at + 70_000)));
});

test('memory is used again', async () => {
  const reader = new Reader(1000);
  const file = new Blob([bytes]);
  const lengths = new Set<number>();
  for (let at = 0; at < 5000; at += 500) await reader.within(file.slice(at, at + 500), (piece) => lengths.add(piece.buffer.byteLength));
  expect([...lengths]).toEqual([1000]);
});

test('a browser that cannot read into given memory reads all the same', async () => {
  const file = new Blob([bytes.slice(0, 10)]);
  vi.spyOn(file, 'stream').mockReturnValue(new ReadableStream());
  expect(await new Reader(20).within(file, (piece) => [...piece])).toEqual([...bytes.slice(0, 10)]);
});

test('a file that is shorter than it was is unreadable', async () => {
  const file = new Blob([bytes.slice(0, 10)]);
  vi.spyOn(file, 'stream').mockReturnValue(new Blob([bytes.slice(0, 4)]).stream() as never);
  await expect(new Reader(20).within(file, () => 0)).rejects.toMatchObject({ code: 'unreadable' });
});
