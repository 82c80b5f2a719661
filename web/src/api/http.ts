/** One way to ask the server. The session is a cookie that scripts cannot read; the browser adds it by itself. */
import { Problem, problemOf } from './problem';
import type { components } from './schema';

export type Schemas = components['schemas'];
export const API = '/api/v1';

/** Ask a JSON route. Throws `Problem`, and what `signal` was aborted with. */
export async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(API + path, {
      method,
      credentials: 'same-origin',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem('offline', 0, '');
  }
  if (!answer.ok) throw await problemOf(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}
