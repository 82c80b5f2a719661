/** How a session came to its end, of what the server says about it. */
import type { Problem } from '../api/problem';

/** An operator ended it, with or without a word; or its time was up; or it was ended from another place. */
export interface Ended {
  readonly by: 'operator' | 'time' | 'elsewhere';
  readonly reason: string;
}

export function endOf(problem: Problem, expires: string | null, now: number): Ended {
  if (problem.code !== 'session_ended') return { by: expires && Date.parse(expires) <= now ? 'time' : 'elsewhere', reason: '' };
  const before = `${problem.title}: `;
  return { by: 'operator', reason: problem.message.startsWith(before) ? problem.message.slice(before.length) : '' };
}
