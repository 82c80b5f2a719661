/** Which characters bytes stand for: told by their mark, or guessed from how they look. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252' | 'binary';

const PROBE = 64 * 1024;

/** `head` is the beginning of a file; `whole` says that nothing follows, so that a cut character counts as wrong. */
export function encodingOf(head: Uint8Array, whole = false): Encoding {
  const probe = head.subarray(0, PROBE);
  const [a, b, c] = probe;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (probe.includes(0)) return wide(probe);
  if (hasControls(probe)) return 'binary';
  return isUtf8(probe, whole && probe.length === head.length) ? 'utf-8' : 'windows-1252';
}

/** Two bytes for each character, without a mark: one of them is zero for most of what people write. */
function wide(probe: Uint8Array): Encoding {
  const zeros: [number, number] = [0, 0];
  for (let at = 0; at < probe.length; at += 1) if (probe[at] === 0) zeros[(at % 2) as 0 | 1] += 1;
  const half = probe.length / 2;
  if (zeros[1] > 0.6 * half && zeros[0] < 0.05 * half) return 'utf-16le';
  if (zeros[0] > 0.6 * half && zeros[1] < 0.05 * half) return 'utf-16be';
  return 'binary';
}

/** Such as no text has; tab, line feed, form feed, carriage return and escape may be there. */
function hasControls(probe: Uint8Array): boolean {
  return probe.some((byte) => byte < 9 || byte === 11 || (byte > 13 && byte < 32 && byte !== 27) || byte === 127);
}

function isUtf8(probe: Uint8Array, whole: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(probe, { stream: !whole });
    return true;
  } catch {
    return false;
  }
}

/** A reader of pieces, one after the other: no character is torn where two of them meet. */
export function reader(encoding: Encoding): (piece: Uint8Array, last: boolean) => string {
  const decoder = new TextDecoder(encoding === 'binary' ? 'windows-1252' : encoding);
  return (piece, last) => decoder.decode(piece, { stream: !last });
}
