/** Small files in one body: see "Blocks" in docs/protocol.md. */
export const BATCH_TYPE = 'application/vnd.sft.batch';

export interface Frame {
  readonly header: Record<string, unknown>;
  readonly content: Uint8Array<ArrayBuffer>;
}

/** The parts of a body; a Blob or a request takes them as they are, without another copy. */
export function framed(frames: readonly Frame[]): Uint8Array<ArrayBuffer>[] {
  const text = new TextEncoder();
  return frames.flatMap(({ header, content }) => {
    const head = text.encode(JSON.stringify(header));
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, head.length);
    return [length, head, content];
  });
}
