/** The bytes of files, as previews need them: whole for what the browser plays by itself, in pieces for the rest. */
import { entry as entryAt, fileUrl, type Entry } from './client';
import { API } from './http';
import { inUrl } from './paths';
import { Problem, problemOf } from './problem';
import { versions, versionUrl } from './trash';

/** What is shown: a file as it is, or as it was in one of its earlier versions. */
export type Shown = Entry & { readonly version?: number };

/** Where the browser fetches all of it. */
export const contentUrl = ({ path, version }: Shown) => (version === undefined ? fileUrl(path) : versionUrl(path, version));

/** Where the browser fetches an image, sound or film: only these get a media type, and none of them can run. */
export function mediaUrl(entry: Shown): string {
  const address = contentUrl(entry);
  return `${address}${address.includes('?') ? '&' : '?'}media=${encodeURIComponent(entry.etag)}`;
}

/** A file as it was in a version, and who wrote that; null where there is no such version any more. */
export async function versionAt(path: string, number: number, signal?: AbortSignal): Promise<{ entry: Shown; by: string } | null> {
  const [now, found] = await Promise.all([entryAt(path, signal), versions(path)]);
  const then = found.find((each) => each.number === number);
  if (!then) return null;
  const { size, sha256, modified, created, by } = then;
  return { entry: { ...now, size, sha256, modified, created, etag: `version-${number}`, version: number }, by };
}

/** The sizes in which the server makes pictures of files, in pixels of the longer side. */
export type Box = 96 | 320 | 1600;

export const thumbnailUrl = ({ path, etag }: Entry, box: Box) => `${API}/thumbnails${inUrl(path)}?${new URLSearchParams({ size: String(box), version: etag })}`;

async function fetched(address: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, { credentials: 'same-origin', headers, signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem('offline', 0, '');
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

/** The bytes [from, to) of the version that `entry` describes, fewer where it ends. Throws `Problem`. */
export async function piece(entry: Shown, from: number, to: number, signal?: AbortSignal): Promise<Uint8Array> {
  const end = Math.min(to, entry.size);
  if (end <= from) return new Uint8Array();
  // What a file was never changes, so nothing has to match.
  const match: Record<string, string> = entry.version === undefined ? { 'if-match': `"${entry.etag}"` } : {};
  const headers = { range: `bytes=${from}-${end - 1}`, ...match };
  return new Uint8Array(await (await fetched(contentUrl(entry), headers, signal)).arrayBuffer());
}
