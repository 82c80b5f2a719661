/** Searching in text that somebody else set: which letters count as the same, and where they stand. */

/** Letters that keyboards of Arabic and of Persian have apart, and digits of both. */
const SAME = new Map([...'يىكةە'].map((letter, at) => [letter, 'ییکهه'[at] as string]));
/** Marks, joiners, signs of direction, soft hyphens and lengthened strokes: nobody types them to find a word. */
const SILENT = /[\p{M}\u00ad\u0640\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;
const DIGIT = /[٠-٩۰-۹]/;

/** `at[n]` is where in the original the letter `n` of `text` is from; one more tells where that ends. */
export interface Folded {
  readonly text: string;
  readonly at: readonly number[];
}

function plain(letter: string): string {
  if (letter < '\u0080') return letter.toLowerCase();
  let out = '';
  for (const part of letter.normalize('NFKD').toLowerCase()) {
    if (SILENT.test(part)) continue;
    out += DIGIT.test(part) ? String(part.charCodeAt(0) & 15) : (SAME.get(part) ?? part);
  }
  return out;
}

/** Without case, marks and the differences that nobody sees; any white space is one blank. */
export function folded(original: string): Folded {
  const at: number[] = [];
  let text = '';
  let place = 0;
  for (const letter of original) {
    const here = /\s/.test(letter) ? (text.endsWith(' ') ? '' : ' ') : plain(letter);
    for (let n = 0; n < here.length; n++) at.push(place);
    text += here;
    place += letter.length;
  }
  at.push(original.length);
  return { text, at };
}

/** How often something stands in a text; no letter counts twice. Both are folded. */
export function countOf(text: string, wanted: string): number {
  let count = 0;
  for (let at = text.indexOf(wanted); wanted && at >= 0; at = text.indexOf(wanted, at + wanted.length)) count++;
  return count;
}

/** Where `wanted`, which is folded, stands in the original: begins and ends. */
export function placesOf({ text, at }: Folded, wanted: string): [number, number][] {
  const found: [number, number][] = [];
  for (let begin = text.indexOf(wanted); wanted && begin >= 0; begin = text.indexOf(wanted, begin + wanted.length)) {
    let end = begin + wanted.length;
    while (at[end] === at[end - 1]) end++; // one sign of the original may be several letters
    found.push([at[begin] as number, at[end] as number]);
  }
  return found;
}
