/** Keys as they are written down, such as `Ctrl+Shift+N`, `F2` or `?`, and as people press them. */

export interface Pressed {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

/** Whether it is this key. Command counts as Ctrl; a letter is found where it lies, whatever alphabet is on. */
export function matches(written: string, pressed: Pressed): boolean {
  const held = written.split('+');
  const key = held.pop() ?? '';
  if (held.includes('Ctrl') !== (pressed.ctrlKey || pressed.metaKey)) return false;
  if (held.includes('Alt') !== pressed.altKey) return false;
  const letter = /^[A-Z]$/.test(key);
  // A sign such as ? is written with Shift on one keyboard and without on another.
  if ((letter || key.length > 1) && held.includes('Shift') !== pressed.shiftKey) return false;
  if (!letter) return pressed.key === key;
  const latin = /^[a-z]$/i.test(pressed.key);
  return latin ? pressed.key.toUpperCase() === key : pressed.code === `Key${key}`;
}

/** Whether it is one sign that people write, alone: those are pressed by mistake, and said by whoever dictates. */
export const isSingle = (written: string): boolean => written.length === 1;

const SIGNS: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  ' ': 'Space',
  Escape: 'Esc',
};
const ON_A_MAC: Record<string, string> = { Ctrl: '⌘', Shift: '⇧', Alt: '⌥' };

/** What stands on the keys, one by one. */
export function caps(written: string, mac: boolean): string[] {
  return written.split('+').map((each) => (mac && ON_A_MAC[each]) || SIGNS[each] || each);
}

/** Whether the keyboard is a Mac's. */
export const isMac = (): boolean => /^Mac|^iP/.test(navigator.platform);
