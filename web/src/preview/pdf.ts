/** pdf.js, with a worker and data files of our own: nothing is fetched from elsewhere, nothing is evaluated. */
import { getDocument, GlobalWorkerOptions, type PDFDocumentLoadingTask } from 'pdfjs-dist';
import worker from 'pdfjs-dist/build/pdf.worker.min.mjs?url';

GlobalWorkerOptions.workerSrc = worker;

/** Where `vite.config.ts` puts what pdf.js reads by name. */
const DATA = '/pdfjs/';
const PIXELS = 50_000_000;

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
