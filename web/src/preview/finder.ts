/** Looks for words in the pages of a document, one page after the other, and knows which hit one stands at. */
import { countOf, folded } from './letters';

/** The text of so many letters is remembered; pages beyond are read anew for each search. */
const KEPT = 8_000_000;
/** How often it tells while it goes on. */
const EACH = 100;

/** A hit: the page, from 1, and which one on that page, from 0. */
export interface Hit {
  readonly page: number;
  readonly index: number;
}

export class Finder {
  /** What is looked for, as `folded` has it; empty when nothing is. */
  wanted = '';
  total = 0;
  /** Whether every page was looked at. */
  whole = false;
  /** Whether there are letters on any page that was looked at. */
  lettered = false;
  current: Hit | null = null;

  #pages: number;
  #read: (page: number) => Promise<string>;
  #tell: () => void;
  #counts: number[] = [];
  #texts = new Map<number, string>();
  #kept = 0;
  #turn = 0;

  /** `read` gives the text of a page, `tell` is called when something changed. */
  constructor(pages: number, read: (page: number) => Promise<string>, tell: () => void) {
    this.#pages = pages;
    this.#read = read;
    this.#tell = tell;
  }

  /** Begin anew, at a page; ends what was looked for before. */
  async look(query: string, from: number): Promise<void> {
    const turn = ++this.#turn;
    this.wanted = folded(query).text.trim();
    [this.#counts, this.total, this.current, this.lettered] = [[], 0, null, false];
    this.whole = !this.wanted;
    this.#tell();
    let told = performance.now();
    for (let at = 0; at < this.#pages && !this.whole; at++) {
      const page = ((from - 1 + at) % this.#pages) + 1;
      const text = await this.#text(page);
      if (turn !== this.#turn) return;
      this.#counted(page, text);
      this.whole = at === this.#pages - 1;
      if (!this.whole && performance.now() - told < EACH) continue;
      this.#tell();
      told = performance.now();
    }
  }

  /** To the next hit or the one before, round and round. */
  step(by: 1 | -1): void {
    if (!this.current) return;
    let { page, index } = this.current;
    index += by;
    while (index < 0 || index >= (this.#counts[page - 1] ?? 0)) {
      page = ((page - 1 + by + this.#pages) % this.#pages) + 1;
      index = by > 0 ? 0 : (this.#counts[page - 1] ?? 0) - 1;
    }
    this.current = { page, index };
    this.#tell();
  }

  /** The how-manieth hit one stands at; 0 as long as that is not known. */
  get place(): number {
    if (!this.current || !this.whole) return 0;
    return this.#counts.slice(0, this.current.page - 1).reduce((sum, each) => sum + each, this.current.index + 1);
  }

  stop(): void {
    this.#turn++;
  }

  #counted(page: number, text: string): void {
    const count = (this.#counts[page - 1] = countOf(text, this.wanted));
    this.total += count;
    this.lettered ||= text.trim() !== '';
    if (count) this.current ??= { page, index: 0 };
  }

  async #text(page: number): Promise<string> {
    const known = this.#texts.get(page);
    if (known !== undefined) return known;
    const { text } = folded(await this.#read(page).catch(() => '')); // a damaged page has none
    if (this.#kept + text.length <= KEPT) {
      this.#texts.set(page, text);
      this.#kept += text.length;
    }
    return text;
  }
}
