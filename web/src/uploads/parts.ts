/** How a large file is cut: parts that go up beside each other, and pieces within them, each with its checksum. */
const MIB = 1024 * 1024;
export const PIECE = 4 * MIB;
const PART_LEAST = 32 * MIB;
/** The server joins at most a thousand. */
const PARTS_MOST = 900;

export interface Part {
  readonly begin: number;
  readonly end: number;
}

/** How long the parts of a file of that size are. */
export function partSize(size: number): number {
  return Math.max(PART_LEAST, Math.ceil(size / PARTS_MOST / PIECE) * PIECE);
}

export function parts(size: number, length = partSize(size)): Part[] {
  const found: Part[] = [];
  for (let begin = 0; begin < size; begin += length) found.push({ begin, end: Math.min(size, begin + length) });
  return found;
}

/** Where the piece that begins at `offset` of a part ends. */
export const pieceEnd = (part: Part, offset: number): number => Math.min(part.end - part.begin, offset + PIECE);
