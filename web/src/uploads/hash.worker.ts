/** SHA-256 of whole files, one after another. Browsers have none that takes a file bit by bit, so it is WebAssembly. */
import { createSHA256 } from 'hash-wasm';

import { Reader } from './reading';

const PIECE = 1024 * 1024;
const pieces = new Reader(PIECE);
let line: Promise<unknown> = Promise.resolve();

async function digest(file: File): Promise<string> {
  const hasher = await createSHA256();
  for (let at = 0; at < file.size; at += PIECE) {
    await pieces.within(file.slice(at, at + PIECE), (bytes) => hasher.update(bytes));
  }
  return hasher.digest();
}

addEventListener('message', (event: MessageEvent<{ id: number; file: File }>) => {
  const { id, file } = event.data;
  line = line.then(async () => postMessage({ id, sha256: await digest(file).catch(() => '') }));
});
