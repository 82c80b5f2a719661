/** A password to hand over once: 98 random bits in signs that nobody confuses, in groups for the eye. */
const SIGNS = 'abcdefghjkmnpqrstuvwxyz2345678';

export function newPassword(groups = 4): string {
  const size = 5;
  const found: string[] = [];
  while (found.length < groups * size) {
    // What lies above the last whole multiple would make some signs likelier than others.
    const fits = [...crypto.getRandomValues(new Uint8Array(64))].filter((each) => each < 240);
    found.push(...fits.map((each) => SIGNS[each % 30] as string));
  }
  return Array.from({ length: groups }, (_, at) => found.slice(at * size, (at + 1) * size).join('')).join('-');
}
