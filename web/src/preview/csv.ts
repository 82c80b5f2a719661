/** Values set apart by commas (RFC 4180), and by semicolons or tabs as spreadsheets of other countries write them.
 *
 * Every value is text and stays text: what begins like a formula is shown as it was written.
 */
export const ROWS_MAX = 200_000;
export const COLUMNS_MAX = 500;

/** A reader that takes pieces one after the other: whatever is cut in the middle goes on with the next one. */
export class Csv {
  readonly rows: string[][] = [];
  #separator: string;
  #row: string[] = [];
  #value = '';
  /** Within quotes; after a quote within quotes, which may be doubled; or neither. */
  #state: 'plain' | 'quoted' | 'quote' = 'plain';
  #began = false;
  #afterReturn = false;

  constructor(separator = ',') {
    this.#separator = separator;
  }

  /** Whether more rows would be too many. */
  get full(): boolean {
    return this.rows.length >= ROWS_MAX;
  }

  take(text: string): void {
    for (const character of text) {
      if (this.full) return;
      this.#one(character);
    }
  }

  /** Nothing follows: a last line without its end counts too. */
  end(): void {
    if (this.#began || this.#row.length) this.#endRow();
  }

  #one(character: string): void {
    const returned = this.#afterReturn;
    this.#afterReturn = false;
    if (this.#state === 'quoted') {
      if (character === '"') this.#state = 'quote';
      else this.#value += character;
      return;
    }
    if (this.#state === 'quote') {
      this.#state = 'plain';
      if (character === '"') {
        this.#value += character;
        this.#state = 'quoted';
        return;
      }
    }
    if (character === this.#separator) this.#endValue();
    else if (character === '\r') {
      this.#endRow();
      this.#afterReturn = true;
    } else if (character === '\n') {
      if (!returned) this.#endRow();
    } else if (character === '"' && !this.#value) {
      this.#state = 'quoted';
      this.#began = true;
    } else {
      this.#value += character;
      this.#began = true;
    }
  }

  #endValue(): void {
    if (this.#row.length < COLUMNS_MAX) this.#row.push(this.#value);
    this.#value = '';
    this.#began = true;
  }

  #endRow(): void {
    this.#endValue();
    // A line with nothing in it is no row.
    if (this.#row.length > 1 || this.#row[0]) this.rows.push(this.#row);
    this.#row = [];
    this.#began = false;
    this.#state = 'plain';
  }
}

/** The separator that the first lines agree on. */
export function separatorOf(text: string): string {
  const lines = text.slice(0, 20_000).split(/\r?\n/).slice(0, 10).filter(Boolean);
  const found = [',', ';', '\t', '|'].map((each) => {
    const counts = lines.map((line) => line.replace(/"[^"]*"/g, '').split(each).length - 1);
    const least = Math.min(...counts);
    return { each, least: Number.isFinite(least) ? least : 0, sum: counts.reduce((sum, count) => sum + count, 0) };
  });
  found.sort((one, other) => other.least - one.least || other.sum - one.sum);
  return found[0]?.sum ? found[0].each : ',';
}

/** A bold character takes as much room as so many plain ones. */
const BOLD = 1.3;

/** How wide each column wants to be, in plain characters, judged by the first rows; the very first is the bold header. */
export function widths(rows: readonly (readonly string[])[], most = 40): number[] {
  const found: number[] = [];
  rows.slice(0, 200).forEach((row, index) => {
    row.forEach((value, at) => (found[at] = Math.min(most, Math.max(found[at] ?? 4, value.length * (index ? 1 : BOLD)))));
  });
  return found;
}
