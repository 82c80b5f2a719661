/** What this browser remembers of how somebody likes the page; nothing when it may not. */
const get = (key: string): string | null => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};
const set = (key: string, value: string | null): void => {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // a private window: it is forgotten with the page
  }
};

export const remembered = {
  get language() {
    return get('language');
  },
  set language(value: string | null) {
    set('language', value);
  },
  get notices() {
    return get('notices');
  },
  set notices(value: string | null) {
    set('notices', value);
  },
  get theme() {
    return get('theme');
  },
  set theme(value: string | null) {
    set('theme', value);
  },
  get view() {
    return get('view');
  },
  set view(value: string | null) {
    set('view', value);
  },
  get keys() {
    return get('keys');
  },
  set keys(value: string | null) {
    set('keys', value);
  },
  get tree() {
    return get('tree');
  },
  set tree(value: string | null) {
    set('tree', value);
  },
};
