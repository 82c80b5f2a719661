/** What the server says when something does not work (RFC 9457), or what is said for it when it says nothing. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string;
  readonly retryAfter: number | null;
  /** What all problems of this code have in common; the message says more, or begins with it. */
  readonly title: string;

  constructor(code: string, status: number, message: string, hint = '', retryAfter: number | null = null, title = '') {
    super(message);
    this.code = code;
    this.status = status;
    this.hint = hint;
    this.retryAfter = retryAfter;
    this.title = title;
  }

  /** Whether whoever asked is signed in no more. A wrong password is a 401 too, and ends nothing. */
  get signedOut(): boolean {
    return this.code === 'sign_in_required' || this.code === 'session_ended';
  }
}

/** Read an answer that is no success. It never throws. */
export async function problemOf(answer: Response): Promise<Problem> {
  const wait = Number(answer.headers.get('retry-after'));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
  try {
    const said = (await answer.json()) as Record<string, unknown>;
    const text = (name: string) => (typeof said[name] === 'string' ? said[name] : '');
    return new Problem(text('code') || 'unknown', answer.status, text('detail') || text('title'), text('hint'), retryAfter, text('title'));
  } catch {
    return new Problem('unknown', answer.status, '', '', retryAfter);
  }
}
