/** How a file can be shown. The name decides; only where it says nothing, the first bytes do (`encoding.ts`). */
import type { Entry } from '../api/client';
import { family } from '../lib/family';

/** `guess`: text or bytes, whichever it turns out to be. `drawn`: an image that the server has to draw. */
export type View = 'image' | 'drawn' | 'pages' | 'document' | 'table' | 'text' | 'audio' | 'video' | 'hex' | 'guess';

const ENDINGS: readonly [View, string][] = [
  ['image', 'avif bmp gif jpeg jpg png svg webp'],
  ['drawn', 'tif tiff'],
  ['pages', 'pdf'],
  ['document', 'markdown md'],
  ['table', 'csv tsv'],
  ['audio', 'aac flac m4a mp3 oga ogg opus wav'],
  ['video', 'm4v mov mp4 ogv webm'],
  ['text', 'json log rst txt'],
  ['hex', '7z bin bz2 class dll exe gz iso jar o pyc rar so tar tgz wasm xz zip zst'],
];
const views = new Map(ENDINGS.flatMap(([view, endings]) => endings.split(' ').map((each) => [each, view] as const)));

const ending = (name: string) => (name.lastIndexOf('.') > 0 ? name.slice(name.lastIndexOf('.') + 1).toLowerCase() : '');

/** All ways to show it, the best first. Every file can be looked at byte by byte. */
export function viewsOf(entry: Pick<Entry, 'name'>): readonly View[] {
  const best = views.get(ending(entry.name)) ?? (family(entry.name) === 'code' ? 'text' : 'guess');
  if (best === 'hex') return ['hex', 'text'];
  if (best === 'guess') return ['guess', 'text', 'hex'];
  if (best === 'text') return ['text', 'hex'];
  const asText = best === 'document' || best === 'table' || ending(entry.name) === 'svg';
  return asText ? [best, 'text', 'hex'] : [best, 'hex'];
}

/** Whether values are set apart by tabs. */
export const isTabbed = (name: string) => ending(name) === 'tsv';

/** Whether the server may have a picture of it. */
export function isPictured(entry: Entry): boolean {
  return entry.kind === 'file' && /\.(avif|bmp|gif|jpe?g|pdf|png|tiff?|webp)$/i.test(entry.name);
}
