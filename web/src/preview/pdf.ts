/**
 * pdf.js, with a worker and data files of our own: nothing is fetched from elsewhere, nothing is evaluated (it has no
 * code for that any more, and the content policy lets none run), and links are drawn without being any.
 */
import { getDocument, GlobalWorkerOptions, type PDFDocumentLoadingTask, type PDFPageProxy } from 'pdfjs-dist';
import type { TextContent, TextItem } from 'pdfjs-dist/types/src/display/api';
import worker from 'pdfjs-dist/build/pdf.worker.min.mjs?url';

import { ordered } from './order';

GlobalWorkerOptions.workerSrc = worker;

/** Where `vite.config.ts` puts what pdf.js reads by name. */
const DATA = '/pdfjs/';
const PIXELS = 50_000_000;
/** What a page of a book has is far from this; beyond it letters are seen and cannot be picked. */
const PIECES = 50_000;
const LETTERS = 1_000_000;

export function opened(url: string): PDFDocumentLoadingTask {
  return getDocument({
    url,
    cMapUrl: `${DATA}cmaps/`,
    standardFontDataUrl: `${DATA}fonts/`,
    useSystemFonts: false, // they differ from machine to machine; those that are shipped do not
    wasmUrl: `${DATA}wasm/`,
    useWasm: false, // the content policy lets nothing be compiled at run time; there is a script that does the same
    enableXfa: false,
    stopAtErrors: false,
    maxImageSize: PIXELS,
    disableAutoFetch: true, // only what the pages in view need, by ranges
    disableStream: true,
    verbosity: 0,
  });
}

/** The letters of a page: as pdf.js places them, as one text, and where in it each piece begins. */
export interface Letters {
  readonly content: TextContent;
  readonly text: string;
  readonly begins: readonly number[];
}

export async function lettersOf(page: PDFPageProxy): Promise<Letters> {
  const reader = (page.streamTextContent() as ReadableStream<TextContent>).getReader();
  const found: TextItem[] = [];
  const content: TextContent = { items: [], styles: Object.create(null), lang: null };
  for (let length = 0; found.length < PIECES && length < LETTERS; ) {
    const { value, done } = await reader.read();
    if (done) break;
    Object.assign(content.styles, value.styles);
    content.lang ??= value.lang;
    for (const item of value.items) {
      if (!('str' in item)) continue;
      found.push(item);
      length += item.str.length;
    }
  }
  await reader.cancel(new Error('that is enough'));
  const begins: number[] = [];
  let text = '';
  for (const item of (content.items = ordered(found))) {
    begins.push(text.length);
    text += item.hasEOL ? `${item.str}\n` : item.str;
  }
  return { content, text, begins };
}
