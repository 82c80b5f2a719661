/** The first run: the first administrator, and what may be chosen at once. */
import { ask, type Schemas } from './http';

/** Make the first administrator, who is signed in by it. */
export const setUp = (code: string, name: string, password: string) =>
  ask<Schemas['SignInOut']>('POST', '/setup', { code, name, password, cookie: true });

/** How fast all transfers together may be, in bytes a second; 0 is no limit. */
export const limitRates = (rate: number) =>
  ask<Schemas['LimitsOut']>('PATCH', '/limits', { rate_up: rate, rate_down: rate });

/** The certificate authority of this server, PEM. */
export async function authority(): Promise<string> {
  const answer = await fetch('/ca.pem', { credentials: 'same-origin' });
  return answer.ok ? answer.text() : '';
}
