/** Days as a date field has them, in the time zone of whoever looks at it. */

/** The day of a moment, as `2026-11-21`; empty for none. */
export function dayOf(moment: string | null): string {
  if (!moment) return '';
  const at = new Date(moment);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** The last second of a day, for what holds until its end; null for none. */
export function endOf(day: string): string | null {
  const [year, month, date] = day.split('-').map(Number);
  if (!year || !month || !date) return null;
  return new Date(year, month - 1, date, 23, 59, 59).toISOString();
}
