/** What the server says when something does not work (RFC 9457), or what is said for it when it says nothing. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string;
  readonly retryAfter: number | null;
  /** What all problems of this code have in common; the message says more, or begins with it. */
  readonly title: string;
  /** Whether the same request may succeed later although nobody changes anything. */
  readonly retryable: boolean;

  constructor(code: string, status: number, message: string, hint = '', retryAfter: number | null = null, title = '', retryable = false) {
    super(message);
    this.code = code;
    this.status = status;
    this.hint = hint;
    this.retryAfter = retryAfter;
    this.title = title;
    this.retryable = retryable;
  }

  /** Whether whoever asked is signed in no more. A wrong password is a 401 too, and ends nothing. */
  get signedOut(): boolean {
    return this.code === 'sign_in_required' || this.code === 'session_ended';
  }
}

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
    return new Problem(...words, retryAfter, text('title'), said['retryable'] === true);
  } catch {
    return new Problem('unknown', status, '', '', retryAfter, '', status >= 502 && status <= 504);
  }
}
