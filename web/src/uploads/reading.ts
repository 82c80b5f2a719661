/**
 * Pieces of files, read into memory that is used again. A piece in a buffer of its own each time would leave gigabytes
 * to collect, and browsers wait with that until a tab holds hundreds of megabytes.
 */
import { Problem } from '../api/problem';

/** Chromium collects a stream of a file that only its own reader holds, and the read that waits is never answered. */
const open = new Set<ReadableStreamBYOBReader>();

export class Reader {
  readonly #free: ArrayBuffer[] = [];

  constructor(readonly most: number) {}

  /** Hand a piece of at most `most` bytes to `work`, which may hold it until it ends. Throws `Problem` if it has gone or changed. */
  async within<T>(piece: Blob, work: (bytes: Uint8Array<ArrayBuffer>) => Promise<T> | T): Promise<T> {
    const read = await filled(piece, this.#free.pop() ?? new ArrayBuffer(this.most));
    try {
      return await work(read);
    } finally {
      this.#free.push(read.buffer);
    }
  }
}

async function filled(piece: Blob, buffer: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const reader = bufferReader(piece.stream());
    if (!reader) return copied(new Uint8Array(await piece.arrayBuffer()), buffer);
    open.add(reader);
    try {
      return await all(reader, piece.size, buffer);
    } finally {
      open.delete(reader);
      reader.cancel().catch(() => undefined);
    }
  } catch {
    throw new Problem('unreadable', 0, '');
  }
}

async function all(reader: ReadableStreamBYOBReader, size: number, buffer: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
  let own = buffer; // it changes hands with each read
  for (let at = 0; at < size; ) {
    const { value, done } = await reader.read(new Uint8Array(own, at, size - at));
    if (done || !value) throw new Error('shorter than it was');
    at += value.byteLength;
    own = value.buffer;
  }
  return new Uint8Array(own, 0, size);
}

/** Null where the browser cannot read into a given buffer. */
function bufferReader(stream: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStreamBYOBReader | null {
  try {
    return stream.getReader({ mode: 'byob' });
  } catch {
    return null;
  }
}

function copied(from: Uint8Array, buffer: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const to = new Uint8Array(buffer, 0, from.length);
  to.set(from);
  return to;
}
