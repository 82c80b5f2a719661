/** What of the log is looked at, as the address says it: the names are those of the API. */
export const CATEGORIES = ['server', 'connection', 'sign-in', 'transfer', 'file', 'sharing', 'chat', 'security', 'administration', 'error'] as const;
export const SEVERITIES = ['debug', 'info', 'warning', 'error'] as const;
/** What has no field of its own, and is chosen in an event's details. */
export const EXTRAS = ['address', 'door', 'session', 'request'] as const;

const TEXTS = ['search', 'actor', ...EXTRAS] as const;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** Only what the server understands: an address may be typed by hand. */
export function wantedOf(query: URLSearchParams): URLSearchParams {
  const wanted = new URLSearchParams();
  for (const category of new Set(query.getAll('category')))
    if ((CATEGORIES as readonly string[]).includes(category)) wanted.append('category', category);
  const severity = query.get('severity') ?? '';
  if ((SEVERITIES as readonly string[]).includes(severity) && severity !== 'debug') wanted.set('severity', severity);
  for (const name of TEXTS) {
    const value = query.get(name)?.slice(0, 256);
    if (value && (name !== 'session' || /^[1-9]\d{0,17}$/.test(value))) wanted.set(name, value);
  }
  for (const name of ['since', 'until']) {
    const value = query.get(name) ?? '';
    if (MOMENT.test(value) && !Number.isNaN(Date.parse(value))) wanted.set(name, new Date(value).toISOString());
  }
  return wanted;
}

/** The same with one filter otherwise; an empty value is none. */
export function changed(wanted: URLSearchParams, name: string, value: string): URLSearchParams {
  const other = new URLSearchParams(wanted);
  if (value) other.set(name, value);
  else other.delete(name);
  return other;
}

/** The same with or without a category. */
export function toggled(wanted: URLSearchParams, category: string): URLSearchParams {
  const other = new URLSearchParams(wanted);
  if (other.has('category', category)) other.delete('category', category);
  else other.append('category', category);
  return other;
}

/** A moment as a field for dates has it, in the time of the place where one is; and back. */
export function localOf(moment: string | null): string {
  if (!moment) return '';
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
export const momentOf = (local: string): string => (local ? new Date(local).toISOString() : '');
