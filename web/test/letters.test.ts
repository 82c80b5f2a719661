import { describe, expect, it } from 'vitest';

import { Finder } from '../src/preview/finder';
import { countOf, folded, placesOf } from '../src/preview/letters';
import { ordered } from '../src/preview/order';

const found = (text: string, query: string) => placesOf(folded(text), folded(query).text.trim()).map(([from, to]) => text.slice(from, to));

describe('which letters count as the same', () => {
  it.each([
    ['Straße and STRASSE', 'strasse', ['STRASSE']],
    ['Éclair, eclair', 'ECLAIR', ['Éclair', 'eclair']],
    ['an oﬃce', 'ffi', ['ﬃ']],
    ['two\n  lines', 'two lines', ['two\n  lines']],
    ['aaaa', 'aa', ['aa', 'aa']],
    ['گزارش‌های ماهانه', 'گزارشهای', ['گزارش‌های']],
    ['كتاب يك', 'کتاب یک', ['كتاب يك']],
    ['سـلام', 'سلام', ['سـلام']],
    ['کِتاب', 'کتاب', ['کِتاب']],
    ['سال ۱۴۰۳', '1403', ['۱۴۰۳']],
    ['co\u00adoperate', 'cooperate', ['co\u00adoperate']],
    ['𝐁𝐨𝐥𝐝 😀 end', 'bold 😀', ['𝐁𝐨𝐥𝐝 😀']],
    ['nothing', '', []],
    ['1+1 (a)', '(a)', ['(a)']],
  ])('%j has %j', (text, query, wanted) => {
    expect(found(text, query)).toEqual(wanted);
    expect(countOf(folded(text).text, folded(query).text.trim())).toBe(wanted.length);
  });
});

describe('looking through pages', () => {
  const PAGES = ['one two one', '', 'two', 'one'];
  const made = (read = async (page: number) => PAGES[page - 1] as string) => new Finder(PAGES.length, read, () => {});

  it('begins at the page in view and goes round', async () => {
    const finder = made();
    await finder.look('ONE', 3);
    expect([finder.total, finder.whole, finder.current, finder.place]).toEqual([3, true, { page: 4, index: 0 }, 3]);
    const places = [1, 1, 1, -1, -1].map((by) => {
      finder.step(by as 1 | -1);
      return finder.place;
    });
    expect(places).toEqual([1, 2, 3, 2, 1]);
    finder.step(-1);
    expect(finder.current).toEqual({ page: 4, index: 0 });
  });
  it('forgets what it looked for before', async () => {
    const finder = made();
    const before = finder.look('one', 1);
    await Promise.all([before, finder.look('two', 1)]);
    expect([finder.wanted, finder.total]).toEqual(['two', 2]);
    await finder.look(' ', 1);
    expect([finder.wanted, finder.total, finder.whole, finder.current]).toEqual(['', 0, true, null]);
    finder.step(1);
    expect(finder.current).toBeNull();
  });
  it('reads a page once, and goes on where one cannot be read', async () => {
    const asked: number[] = [];
    const finder = made(async (page) => {
      asked.push(page);
      if (page === 1) throw new Error('damaged');
      return PAGES[page - 1] as string;
    });
    await finder.look('one', 1);
    await finder.look('two', 1);
    expect(asked).toEqual([1, 2, 3, 4]);
    expect([finder.total, finder.lettered]).toEqual([1, true]);
  });
  it('knows a document of pictures', async () => {
    const finder = new Finder(3, async () => ' \n', () => {});
    await finder.look('x', 2);
    expect([finder.total, finder.lettered, finder.whole]).toEqual([0, false, true]);
  });
  it('stops', async () => {
    const finder = made();
    const looking = finder.look('one', 1);
    finder.stop();
    await looking;
    expect(finder.whole).toBe(false);
  });
});

describe('the order in which text is read', () => {
  /** Pieces from the left to the right, a bar between them; `/` ends a line. */
  const pieces = (seen: string, turned = 0) =>
    seen.split('|').map((str, at) => ({
      str: str.replace('/', ''),
      dir: 'ltr',
      width: 10,
      height: 10,
      transform: [10, turned, 0, 10, 10 * at, 0],
      fontName: 'f',
      hasEOL: str.endsWith('/'),
    }));
  const read = (seen: string) => ordered(pieces(seen)).map((each) => each.str + (each.hasEOL ? '/' : '')).join('|');

  it.each([
    ['one| |two/|three', 'one| |two/|three'],
    ['.|ش|ﺰ|گ|/', 'گ|ز|ش|.|/'],
    ['ب|ا/|plain', 'ا|ب|/|plain'],
    ['است|12|34|کتاب', 'کتاب|12|34|است'],
    ['است| |the| |plan| |این', 'این| |the| |plan| |است'],
    ['the| |word| |ب|ا| |here| |is', 'the| |word| |ا|ب| |here| |is'],
    ['سلام| |one', 'سلام| |one'],
    ['ﻻ', 'لا'],
  ])('%j is read %j', (seen, wanted) => {
    expect(read(seen)).toBe(wanted);
  });
  it('leaves what is in order, or does not lie flat', () => {
    const logical = pieces('گ|ز|ش').map((each, at) => ({ ...each, transform: [10, 0, 0, 10, 100 - 10 * at, 0] }));
    expect(ordered(logical)).toEqual(logical);
    expect(ordered(pieces('ش|ز|گ', 5)).map((each) => each.str)).toEqual(['ش', 'ز', 'گ']);
  });
});
