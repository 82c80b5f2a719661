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

  /** Whether there is any. */
  any(): boolean {
    try {
      return Object.keys(sessionStorage).some((key) => key.startsWith(PREFIX));
    } catch {
      return false;
    }
  },

  /** Whoever signs out leaves nothing to the next one at this screen. */
  clear(): void {
    try {
      for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
    } catch {
      // there is nothing then
    }
  },
};
