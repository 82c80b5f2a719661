/** The file that is shown over its folder. Its name stands in the address, so that it can be shared, and Back closes it. */
import { addressOf, route } from './route.svelte';

/** Whether it was opened here, so that going back leads to the folder. */
let opened = false;

const address = (folder: string, name: string, version?: number) =>
  `${addressOf(folder)}?${new URLSearchParams({ view: name, ...(version === undefined ? {} : { version: String(version) }) })}`;

export const preview = {
  /** Empty while none is shown. */
  get name() {
    return route.query.get('view') ?? '';
  },
  /** The number of the version that is shown; null: the file as it is. */
  get version(): number | null {
    const given = route.query.get('version') ?? '';
    return /^[0-9]{1,15}$/.test(given) ? Number(given) : null;
  },
  open(folder: string, name: string, version?: number): void {
    opened = true;
    route.go(address(folder, name, version));
  },
  /** Another one in the place of this one: Back still leads to the folder. */
  turn(folder: string, name: string): void {
    route.replace(address(folder, name));
  },
  close(folder: string): void {
    if (opened) history.back();
    else route.replace(addressOf(folder));
    opened = false;
  },
};
