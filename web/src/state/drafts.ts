/** What somebody has written and not sent, kept in this tab until it is: over a reload, and over a new sign-in. */
const PREFIX = 'draft ';

export const drafts = {
  /** What stands under a name, or '' */
  get(name: string): string {
    try {
      return sessionStorage.getItem(PREFIX + name) ?? '';
    } catch {
      return '';
    }
  },

  set(name: string, text: string): void {
    try {
      if (text) sessionStorage.setItem(PREFIX + name, text);
      else sessionStorage.removeItem(PREFIX + name);
    } catch {
      // a private window, or no room: it lasts as long as the page
    }
  },

  /** The names of all that begin so. */
  names(beginning = ''): string[] {
    try {
      const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX + beginning));
      return keys.map((key) => key.slice(PREFIX.length));
    } catch {
      return [];
    }
  },

  /** Whoever signs out leaves nothing to the next one at this screen. */
  clear(): void {
    for (const name of drafts.names()) drafts.set(name, '');
  },
};
