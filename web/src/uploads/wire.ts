/** Requests with a body that is seen going out, for the worker. What cannot be told from a cut line counts as one. */
import { Problem, toProblem } from '../api/problem';

export interface Answer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | null;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: XMLHttpRequestBodyInit | null;
  readonly signal: AbortSignal;
  readonly onsent?: (bytes: number) => void;
}

export type Send = (request: Request) => Promise<Answer>;

/** The server may let a transfer wait its turn without a word; longer than this is a dead line. */
const SILENCE_MS = 90_000;

/** Throws `Problem` for what is no success, and what `signal` was aborted with. */
export const send: Send = ({ method, path, headers = {}, body = null, signal, onsent }) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    let silence: ReturnType<typeof setTimeout>;
    const listenOn = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE_MS);
    };
    const stop = () => request.abort();
    request.open(method, path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      listenOn();
      onsent?.(event.loaded);
    };
    request.onloadend = () => {
      clearTimeout(silence);
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason as Error);
      else if (!request.status) reject(new Problem('offline', 0, '', '', null, '', true));
      else if (request.status >= 400) {
        reject(toProblem(request.responseText, request.status, Number(request.getResponseHeader('retry-after'))));
      } else resolve({ status: request.status, text: request.responseText, header: (name) => request.getResponseHeader(name) });
    };
    signal.addEventListener('abort', stop);
    listenOn();
    request.send(body);
  });
