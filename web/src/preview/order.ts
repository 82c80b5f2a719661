/**
 * Text that runs to the left, in the order in which it is read. Many programs write it into a PDF as it is seen, from
 * the left to the right, each piece of a word apart; then nothing can be found in it, and what is copied is nonsense.
 */
import type { TextItem } from 'pdfjs-dist/types/src/display/api';

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const LEFT_TO_RIGHT = /[\p{L}\p{Nd}]/u;
/** Letters in the form that they have at one place of a word; who copies them wants the letter. */
const FORMS = /[\ufb1d-\ufdfb\ufe70-\ufefc]+/g;

type Way = 'rtl' | 'ltr' | '';

function wayOf({ str }: TextItem): Way {
  if (/^\P{L}*\p{Nd}/u.test(str) && !/\p{L}/u.test(str)) return 'ltr'; // numbers do so in every script
  return RIGHT_TO_LEFT.test(str) ? 'rtl' : LEFT_TO_RIGHT.test(str) ? 'ltr' : '';
}

/** The pieces of one line or several, as they stand in the file; each line ends with `hasEOL`. */
export function ordered(items: readonly TextItem[]): TextItem[] {
  const out: TextItem[] = [];
  let line: TextItem[] = [];
  const flush = () => {
    out.push(...read(line));
    line = [];
  };
  for (const item of items) {
    line.push(FORMS.test(item.str) ? { ...item, str: item.str.replace(FORMS, (forms) => forms.normalize('NFKC')) } : item);
    FORMS.lastIndex = 0;
    if (item.hasEOL) flush();
  }
  flush();
  return out;
}

function read(line: TextItem[]): TextItem[] {
  const ways = line.map(wayOf);
  const count = (way: Way) => ways.filter((each) => each === way).length;
  if (!count('rtl') || !seen(line, ways)) return line;
  const ends = line.some((each) => each.hasEOL);
  const [base, other]: Way[] = count('rtl') >= count('ltr') ? ['rtl', 'ltr'] : ['ltr', 'rtl'];
  const turned = base === 'rtl' ? line.toReversed() : [...line];
  turnRuns(turned, other as Way);
  if (!ends) return turned;
  // An end of the line that stood at a piece of its own, or at the last one seen, belongs behind all.
  const words = turned.filter((each) => each.str || !each.hasEOL).map((each) => ({ ...each, hasEOL: false }));
  words.push({ ...(line.at(-1) as TextItem), str: '', width: 0, hasEOL: true });
  return words;
}

/** Whether words that run to the left were written as they are seen. */
function seen(line: readonly TextItem[], ways: readonly Way[]): boolean {
  let [rising, falling, before] = [0, 0, NaN];
  for (const [at, item] of line.entries()) {
    const [, b = 0, , , x = 0] = item.transform as number[];
    if (Math.abs(b) > 1e-3) return false; // it does not lie flat
    if (ways[at] !== 'rtl') continue;
    if (x > before) rising++;
    else if (x < before) falling++;
    before = x;
  }
  return rising > falling;
}

/** Each run of pieces of a way, with what lies between them, the other way around. */
function turnRuns(line: TextItem[], way: Way): void {
  const opposite = way === 'rtl' ? 'ltr' : 'rtl';
  for (let begin = 0; begin < line.length; begin++) {
    if (wayOf(line[begin] as TextItem) !== way) continue;
    let end = begin;
    for (let at = begin; at < line.length && wayOf(line[at] as TextItem) !== opposite; at++) {
      if (wayOf(line[at] as TextItem) === way) end = at;
    }
    line.splice(begin, end - begin + 1, ...line.slice(begin, end + 1).reverse());
    begin = end;
  }
}
