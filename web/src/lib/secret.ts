/** Passwords for people: to hand over once, to say, to type from paper. */

// Nothing that looks like something else.
const SIGNS = 'abcdefghjkmnpqrstuvwxyz23456789';
/** What lies above the last whole multiple would make some signs likelier than others. */
const FAIR = 256 - (256 % SIGNS.length);

/** Groups for the eye of so many signs, of 4.9 bits each. `random` fills with random bytes. */
export function newPassword(groups = 4, size = 5, random: (bytes: Uint8Array<ArrayBuffer>) => void = (bytes) => crypto.getRandomValues(bytes)): string {
  const found: string[] = [];
  const bytes = new Uint8Array(32);
  while (found.length < groups * size) {
    random(bytes);
    for (const byte of bytes) if (byte < FAIR) found.push(SIGNS[byte % SIGNS.length] as string);
  }
  return Array.from({ length: groups }, (_, at) => found.slice(at * size, (at + 1) * size).join('')).join('-');
}
