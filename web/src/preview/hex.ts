/** Bytes as people read them: a place, the bytes in hexadecimal, and the characters they may be. */

/** How many digits the last place of a file needs; at least eight, so that columns do not jump. */
export const digitsOf = (size: number) => Math.max(8, Math.max(0, size - 1).toString(16).length);

export const place = (at: number, digits: number) => at.toString(16).padStart(digits, '0');

/** `null` stands for what was not fetched yet. */
export function bytesOf(row: Uint8Array | null, length: number): string {
  if (!row) return Array.from({ length }, () => '··').join(' ');
  return Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

export function charactersOf(row: Uint8Array | null): string {
  if (!row) return '';
  return Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
}
