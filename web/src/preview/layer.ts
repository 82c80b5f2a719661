/** The letters of a page, invisible over its drawing, where they can be picked, copied and marked. */
import { TextLayer, type PageViewport } from 'pdfjs-dist';

import { folded, placesOf, type Folded } from './letters';
import type { Letters } from './pdf';

/** Where marks are known that do not stand in the document itself; browsers without them show no more than the place. */
const marks = 'highlights' in CSS ? { all: new Highlight(), current: new Highlight() } : null;
if (marks) {
  marks.current.priority = 1;
  CSS.highlights.set('pdf-hit', marks.all);
  CSS.highlights.set('pdf-hit-current', marks.current);
}

export class Layer {
  #place: HTMLElement;
  #layer: TextLayer;
  #text: Folded;
  /** Each piece of text, and where in the whole it begins. */
  #nodes: { node: Text; from: number }[] = [];
  #items: Letters;
  #ranges: Range[] = [];

  constructor(place: HTMLElement, letters: Letters, viewport: PageViewport) {
    this.#place = place;
    this.#items = letters;
    this.#text = folded(letters.text);
    place.style.setProperty('--total-scale-factor', String(viewport.scale));
    this.#layer = new TextLayer({ textContentSource: letters.content, container: place, viewport });
  }

  async draw(): Promise<void> {
    await this.#layer.render();
    this.#layer.textDivs.forEach((each, at) => {
      if (each.firstChild instanceof Text) this.#nodes.push({ node: each.firstChild, from: this.#items.begins[at] as number });
    });
    const end = document.createElement('div');
    end.className = 'end';
    this.#place.append(end);
  }

  /** Mark what is looked for; returns where the hit is that one stands at. */
  mark(wanted: string, current: number | null): Range | null {
    this.#unmark();
    this.#ranges = placesOf(this.#text, wanted).flatMap(([from, to]) => this.#range(from, to) ?? []);
    const found = current === null ? null : (this.#ranges[current] ?? null);
    for (const each of this.#ranges) marks?.[each === found ? 'current' : 'all'].add(each);
    return found;
  }

  remove(): void {
    this.#unmark();
    this.#layer.cancel();
    this.#place.replaceChildren();
  }

  #unmark(): void {
    for (const each of this.#ranges) {
      marks?.all.delete(each);
      marks?.current.delete(each);
    }
    this.#ranges = [];
  }

  #range(from: number, to: number): Range | null {
    const [first, last] = [this.#at(from), this.#at(to - 1)];
    if (!first || !last) return null;
    const range = document.createRange();
    range.setStart(first.node, Math.min(from - first.from, first.node.length));
    range.setEnd(last.node, Math.min(to - last.from, last.node.length));
    return range;
  }

  /** The piece in which a letter is, found by halves. */
  #at(place: number): { node: Text; from: number } | undefined {
    let [low, high] = [0, this.#nodes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#nodes[middle]?.from ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return this.#nodes[low - 1];
  }
}

/**
 * Letters are picked with the mouse line by line: over what lies between them the end of the page would be nearest.
 * Something that fills the page while one picks, beside the letter that was reached last, keeps that from happening.
 */
export function picking(room: HTMLElement): () => void {
  const asked = new AbortController();
  const { signal } = asked;
  const done = () => {
    room.classList.remove('picking');
    for (const end of room.querySelectorAll('.letters > .end')) end.parentElement?.append(end);
  };
  room.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && event.button === 0) room.classList.add('picking');
  }, { signal }); // prettier-ignore
  for (const kind of ['pointerup', 'pointercancel', 'blur']) window.addEventListener(kind, done, { signal });
  document.addEventListener('selectionchange', () => room.classList.contains('picking') && follow(), { signal });
  return () => asked.abort();
}

function follow(): void {
  const { anchorNode, anchorOffset, focusNode, focusOffset } = getSelection() ?? {};
  const letter = focusNode instanceof Text ? focusNode.parentElement : null;
  const layer = letter?.closest('.letters');
  const end = layer?.querySelector('.end');
  if (!letter || !layer || !end || !anchorNode || !focusNode) return;
  const way = anchorNode.compareDocumentPosition(focusNode);
  const back = way ? way & Node.DOCUMENT_POSITION_PRECEDING : (focusOffset ?? 0) < (anchorOffset ?? 0);
  letter[back ? 'before' : 'after'](end);
}
