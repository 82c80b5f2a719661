/** Names of files. Pure. */

/** A name without its ending, which says what it is; of `.profile` and `archive.` that is all of it. */
export function stem(name: string): string {
  const dot = name.lastIndexOf('.');
  const double = /\.tar\.[a-z0-9]+$/i.exec(name);
  if (double && double.index > 0) return name.slice(0, double.index);
  return dot > 0 && dot < name.length - 1 ? name.slice(0, dot) : name;
}
