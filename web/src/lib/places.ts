import { baseOf } from '../api/paths';

/** What folders are called that have no name of their own, or one of the server's. */
export function nameOf(path: string, t: (key: string) => string): string {
  if (path === '/') return t('home-folder');
  if (path === '/Shared') return t('shared-folder');
  if (path === '/Drives') return t('drives-folder');
  return baseOf(path);
}
