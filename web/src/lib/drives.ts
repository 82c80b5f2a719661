/** Which drive a path lies on: one's own, somebody's who shares it, or a mounted one. Pure. */
export function driveOf(path: string): string {
  const [first, second] = path.split('/').filter(Boolean);
  return (first === 'Shared' || first === 'Drives') && second !== undefined ? `${first}/${second}` : '';
}

/** Folders of the server keep no earlier versions of their files, and have no trash. */
export const hasVersions = (path: string): boolean => !driveOf(path).startsWith('Drives/');
