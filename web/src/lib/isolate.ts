/** A name within a text that is no markup: first strong isolate and its end, so that it cannot turn the line around. */
export const isolated = (name: string): string => String.fromCharCode(0x2068) + name + String.fromCharCode(0x2069);

/** For a canvas, which knows no `bdi`: what is written from the right says so by itself. */
export const turned = (text: string, dir: 'ltr' | 'rtl') => (dir === 'rtl' ? `\u2067${text}\u2069` : text);
