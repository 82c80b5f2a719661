/** Where in the app one is; the address bar says the same. */

/** `/files/a/b` is the folder `/a/b`, and so is `/` the first of them; all else is `/room/rest/of/it?query`. */
const FILES = 'files';

export interface Place {
  readonly room: string;
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

function placeOf(at: Location | URL): Place {
  const query = new URLSearchParams(at.search);
  try {
    const [room = FILES, ...rest] = at.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    return { room, rest, query };
  } catch {
    return { room: FILES, rest: [], query }; // no address that this app has made
  }
}

let place = $state.raw(placeOf(location));
addEventListener('popstate', () => (place = placeOf(location)));

const folderOf = (at: Place) => (at.room === FILES ? '/' + at.rest.join('/') : '/');

/** Derived, so that whoever shows the folder does not begin anew when only the query changes. */
const folder = $derived(folderOf(place));

/** The address of a folder. */
export const addressOf = (path: string) =>
  path === '/' ? '/' : `/${FILES}` + path.split('/').map(encodeURIComponent).join('/');

export const route = {
  get room() {
    return place.room;
  },
  /** What follows the room, name by name. */
  get rest() {
    return place.rest;
  },
  get query() {
    return place.query;
  },
  /** The folder that is open; the home while one is in another room. */
  get folder() {
    return folder;
  },
  /** Open a folder. */
  open: (path: string): void => route.go(addressOf(path)),

  /** Go to an address of the app. */
  go(address: string): void {
    const to = new URL(address, location.origin);
    if (to.pathname + to.search === location.pathname + location.search) return;
    history.pushState(null, '', to);
    place = placeOf(to);
  },

  /** The same in the place of where one is: Back leads to what was before. */
  replace(address: string): void {
    const to = new URL(address, location.origin);
    history.replaceState(history.state, '', to);
    place = placeOf(to);
  },

  /** Say in the address how one looks at the same page, as with a filter; going back leads to the page before it. */
  ask(query: URLSearchParams | Readonly<Record<string, string>>): void {
    const to = new URL(location.href);
    const pairs = query instanceof URLSearchParams ? [...query] : Object.entries(query);
    to.search = new URLSearchParams(pairs.filter(([, value]) => value)).toString();
    history.replaceState(null, '', to);
    place = placeOf(to);
  },
};

/** For links of the app: follow a plain click here, and leave the others to the browser. */
export function follow(event: MouseEvent): void {
  const link = (event.currentTarget as HTMLElement).closest('a');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  route.go(link.pathname + link.search);
}
