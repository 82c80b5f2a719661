/** What the first run goes by. */

/** How many characters a password has at least, until the server has said so. */
export const LEAST = 10;

export type Part = 'code' | 'name' | 'password';

const WHOSE: Readonly<Record<string, Part>> = {
  not_found: 'code',
  invalid_name: 'name',
  exists: 'name',
  weak_password: 'password',
};

/** Which field a refusal is about, if about one. */
export const faultOf = (code: string): Part | null => WHOSE[code] ?? null;
