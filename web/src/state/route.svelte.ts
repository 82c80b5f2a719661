/** Where in the app one is; the address bar says the same. */

/** `/files/a/b` is the folder `/a/b`. */
const FILES = '/files';

function folderOf(address: string): string {
  if (!address.startsWith(`${FILES}/`)) return '/';
  try {
    return '/' + address.slice(FILES.length + 1).split('/').filter(Boolean).map(decodeURIComponent).join('/');
  } catch {
    return '/'; // no address that this app has made
  }
}

let folder = $state(folderOf(location.pathname));
addEventListener('popstate', () => (folder = folderOf(location.pathname)));

export const addressOf = (path: string) =>
  path === '/' ? '/' : FILES + path.split('/').map(encodeURIComponent).join('/');

export const route = {
  get folder() {
    return folder;
  },
  open(path: string): void {
    if (path === folder) return;
    history.pushState(null, '', addressOf(path));
    folder = path;
  },
};
