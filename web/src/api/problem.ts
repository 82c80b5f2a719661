export type Values = Readonly<Record<string, string | number>>;

/** What is known of something that did not work: all that words for it are made of. It can be sent between threads. */
export interface Failure {
  readonly code: string;
  /** What happened, in the language of the server. */
  readonly message: string;
  /** What to do next, in the same. */
  readonly hint: string;
  /** What all failures of this code have in common; the message says more, or begins with it. */
  readonly title: string;
  readonly retryAfter: number | null;
  /** Which case of its code it is, and what it is about: for words in other languages. */
  readonly reason: string;
  readonly values: Values;
}

/** What the server says when something does not work (RFC 9457), or what is said for it when it says nothing. */
export class Problem extends Error implements Failure {
  readonly code: string;
  readonly status: number;
  readonly hint: string;
  readonly retryAfter: number | null;
  readonly title: string;
  /** Whether the same request may succeed later although nobody changes anything. */
  readonly retryable: boolean;
  readonly reason: string;
  readonly values: Values;

  constructor(
    code: string,
    status: number,
    message: string,
    hint = '',
    retryAfter: number | null = null,
    title = '',
    retryable = false,
    reason = '',
    values: Values = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.hint = hint;
    this.retryAfter = retryAfter;
    this.title = title;
    this.retryable = retryable;
    this.reason = reason;
    this.values = values;
  }

  /** Whether whoever asked is signed in no more. A wrong password is a 401 too, and ends nothing. */
  get signedOut(): boolean {
    return this.code === 'sign_in_required' || this.code === 'session_ended';
  }
}

/** A failure of which nothing is known but this. */
export const failure = (code: string, message = ''): Failure => ({ code, message, hint: '', title: '', retryAfter: null, reason: '', values: {} });

/** The same without what a thread cannot send to another. */
export const plain = ({ code, message, hint, title, retryAfter, reason, values }: Failure): Failure => ({ code, message, hint, title, retryAfter, reason, values });

/** Read an answer that is no success. It never throws. */
export async function problemOf(answer: Response): Promise<Problem> {
  const wait = Number(answer.headers.get('retry-after'));
  return toProblem(await answer.text().catch(() => ''), answer.status, wait);
}

/** The same of a body that was read already. Gateways in between say 502 to 504 of what passes. */
export function toProblem(body: string, status: number, wait = 0): Problem {
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
  try {
    const said = JSON.parse(body) as Record<string, unknown>;
    const text = (name: string) => (typeof said[name] === 'string' ? said[name] : '');
    const words = [text('code') || 'unknown', status, text('detail') || text('title'), text('hint')] as const;
    return new Problem(...words, retryAfter, text('title'), said['retryable'] === true, text('reason'), valuesOf(said['values']));
  } catch {
    return new Problem('unknown', status, '', '', retryAfter, '', status >= 502 && status <= 504);
  }
}

function valuesOf(said: unknown): Values {
  const pairs = said !== null && typeof said === 'object' ? Object.entries(said) : [];
  return Object.fromEntries(pairs.filter((pair): pair is [string, string | number] => typeof pair[1] === 'string' || typeof pair[1] === 'number'));
}
