/**
 * Pieces of files, read into memory that is used again. A piece in a buffer of its own each time would leave gigabytes
 * to collect, and browsers wait with that until a tab holds hundreds of megabytes.
 */
import { Problem } from '../api/problem';

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
  const { size } = piece;
  let own = buffer;
  try {
    const stream = piece.stream();
    const reader = bufferReader(stream);
    if (!reader) return copied(new Uint8Array(await piece.arrayBuffer()), own);
    // It is never asked for more than there is: Chromium leaves a read that meets the end unanswered.
    for (let at = 0; at < size; ) {
      const { value, done } = await reader.read(new Uint8Array(own, at, size - at));
      if (done || !value) throw new Error('shorter than it was');
      at += value.byteLength;
      own = value.buffer;
    }
    reader.cancel().catch(() => undefined);
    return new Uint8Array(own, 0, size);
  } catch {
    throw new Problem('unreadable', 0, '');
  }
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
