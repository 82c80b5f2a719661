/** A finger that wipes to the side. What scrolls to that side keeps its own use of the finger. */
const FAR = 60;
const SOON = 600;

export class Swipe {
  #on: (right: boolean) => void;
  #from: { x: number; y: number; at: number } | null = null;

  /** `on` is told whether the finger went to the right. */
  constructor(on: (right: boolean) => void) {
    this.#on = on;
  }

  begin(event: TouchEvent): void {
    const touch = event.touches[0];
    const alone = event.touches.length === 1 && touch && !scrollsAside(event.target as Element);
    this.#from = alone ? { x: touch.clientX, y: touch.clientY, at: event.timeStamp } : null;
  }

  end(event: TouchEvent): void {
    const [from, touch] = [this.#from, event.changedTouches[0]];
    this.#from = null;
    if (!from || !touch || event.timeStamp - from.at > SOON) return;
    const [x, y] = [touch.clientX - from.x, touch.clientY - from.y];
    if (Math.abs(x) >= FAR && Math.abs(x) > 2 * Math.abs(y)) this.#on(x > 0);
  }
}

function scrollsAside(element: Element | null): boolean {
  for (let at = element; at; at = at.parentElement) {
    if (at.matches('audio, video, input') || (at.scrollWidth > at.clientWidth + 1 && at.matches('[data-scrolls], [role=table]'))) return true;
  }
  return false;
}
