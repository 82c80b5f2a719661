/** The bytes of files, as previews need them: whole for what the browser plays by itself, in pieces for the rest. */
import { fileUrl, type Entry } from './client';
import { API } from './http';
import { inUrl } from './paths';
import { Problem, problemOf } from './problem';

/** Where the browser fetches an image, sound or film: only these get a media type, and none of them can run. */
export const mediaUrl = (entry: Entry) => `${fileUrl(entry.path)}?media=${encodeURIComponent(entry.etag)}`;

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
export async function piece(entry: Entry, from: number, to: number, signal?: AbortSignal): Promise<Uint8Array> {
  const end = Math.min(to, entry.size);
  if (end <= from) return new Uint8Array();
  const headers = { range: `bytes=${from}-${end - 1}`, 'if-match': `"${entry.etag}"` };
  return new Uint8Array(await (await fetched(fileUrl(entry.path), headers, signal)).arrayBuffer());
}
