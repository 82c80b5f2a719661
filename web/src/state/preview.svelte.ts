/** The file that is shown over its folder. Its name stands in the address, so that it can be shared, and Back closes it. */
import { addressOf, route } from './route.svelte';

/** Whether it was opened here, so that going back leads to the folder. */
let opened = false;

const address = (folder: string, name: string) => `${addressOf(folder)}?${new URLSearchParams({ view: name })}`;

export const preview = {
  /** Empty while none is shown. */
  get name() {
    return route.query.get('view') ?? '';
  },
  open(folder: string, name: string): void {
    opened = true;
    route.go(address(folder, name));
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
