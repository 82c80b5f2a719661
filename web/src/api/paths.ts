/** Paths as the server writes them: `/a/b`, the root is `/`. Names may hold anything but a slash. */

/** Each name percent-encoded once, for an address. */
export function inUrl(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** The name of what lies there. */
export const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export function join(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** The folders on the way, the root first. */
export function trail(path: string): { name: string; path: string }[] {
  const found = [{ name: '', path: '/' }];
  let at = '';
  for (const name of path.split('/').filter(Boolean)) {
    at += `/${name}`;
    found.push({ name, path: at });
  }
  return found;
}
