/** What the pointer does on the list beyond a click: a rubber band with the mouse, holding still with a finger. */
const FAR = 5;
const HOLD = 450;
const EDGE = 28;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Around {
  readonly scroller: () => HTMLElement;
  /** Where the rows begin. */
  readonly rows: () => HTMLElement;
  /** A band was drawn over this part of the rows. */
  readonly onband: (box: Box) => void;
  /** A finger stays on something. */
  readonly onhold: (on: Element) => void;
}

export class Pointer {
  band = $state.raw<Box | null>(null);
  /** The click that follows belongs to the band, or to the finger that stayed. */
  spent = false;
  touch = false;

  #around: Around;
  #from: { x: number; y: number; id: number } | null = null;
  #at = { x: 0, y: 0 };
  #hold: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;

  constructor(around: Around) {
    this.#around = around;
  }

  down(event: PointerEvent, mayBand: boolean): void {
    this.spent = false;
    this.touch = event.pointerType === 'touch';
    this.#at = { x: event.clientX, y: event.clientY };
    const on = event.target as Element;
    if (this.touch) {
      this.#hold = setTimeout(() => {
        this.spent = true;
        this.#around.onhold(on);
      }, HOLD);
    } else if (event.button === 0 && mayBand) this.#from = { ...this.#place(), id: event.pointerId };
  }

  moved(event: PointerEvent): void {
    if (Math.hypot(event.clientX - this.#at.x, event.clientY - this.#at.y) > FAR) clearTimeout(this.#hold);
    if (!this.#from) return;
    const moved = Math.hypot(event.clientX - this.#at.x, event.clientY - this.#at.y) > FAR;
    if (!this.band && !moved) return;
    if (!this.band) this.#around.scroller().setPointerCapture(this.#from.id);
    this.#at = { x: event.clientX, y: event.clientY };
    this.#draw();
    this.#creep();
  }

  up(): void {
    clearTimeout(this.#hold);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.band) this.spent = true;
    this.band = null;
    this.#from = null;
  }

  /** Where the pointer is among the rows, however far they are scrolled. */
  #place(): { x: number; y: number } {
    const rows = this.#around.rows().getBoundingClientRect();
    return { x: this.#at.x - rows.x, y: this.#at.y - rows.y };
  }

  #draw(): void {
    if (!this.#from) return;
    const to = this.#place();
    const { x, y } = this.#from;
    this.band = { x: Math.min(x, to.x), y: Math.max(0, Math.min(y, to.y)), width: Math.abs(to.x - x), height: Math.abs(to.y - y) };
    this.#around.onband(this.band);
  }

  /** At the edges the list goes on below the band. */
  #creep(): void {
    if (this.#frame || !this.band) return;
    const scroller = this.#around.scroller();
    const { top, bottom } = scroller.getBoundingClientRect();
    const step = this.#at.y < top + EDGE ? -1 : this.#at.y > bottom - EDGE ? 1 : 0;
    if (!step) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const before = scroller.scrollTop;
      scroller.scrollTop += step * 14;
      if (scroller.scrollTop === before) return;
      this.#draw();
      this.#creep();
    });
  }
}
