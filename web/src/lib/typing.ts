/** Typing the begin of a name goes to it. Pure but for the clock that is given. */
const FORGET = 1000;

export class Typing {
  #typed = '';
  #last = -Infinity;

  /** One more character. Returns the place to go to, or -1. The same character again goes to the next that begins so. */
  type(character: string, names: readonly { readonly name: string }[], from: number, now: number): number {
    this.#typed = now - this.#last > FORGET ? character : this.#typed + character;
    this.#last = now;
    const again = [...this.#typed].every((each) => each === character);
    const wanted = plain(again ? character : this.#typed);
    const begin = again && (this.#typed.length > 1 || plain(names[from]?.name ?? '').startsWith(wanted)) ? from + 1 : from;
    for (let step = 0; step < names.length; step += 1) {
      const at = (begin + step) % names.length;
      if (plain(names[at]?.name ?? '').startsWith(wanted)) return at;
    }
    return -1;
  }

  /** Whether a space belongs to what is being typed. */
  goesOn(now: number): boolean {
    return now - this.#last <= FORGET;
  }
}

const plain = (text: string) => text.normalize('NFKC').toLowerCase();
