/** Files on their way to the computer: the browser fetches them by itself. */
import { fileUrl, zipUrl, type Entry } from '../api/client';

export function fetchFile(address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = '';
  link.click();
}

/** One file as it is; several, or folders, as a ZIP archive. */
export function download(entries: readonly Entry[]): void {
  const [only, another] = entries;
  if (only?.kind === 'file' && !another) fetchFile(fileUrl(only.path));
  else if (only) fetchFile(zipUrl(entries.map((entry) => entry.path)));
}
