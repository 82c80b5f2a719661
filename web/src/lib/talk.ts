/** What a conversation looks like, of the messages that it has. Pure. */

export interface Said {
  readonly sequence: number;
  readonly id: string;
  readonly mine: boolean;
  readonly sender: string;
  readonly at: string;
}

/** Both together in their order; events come more than once, and pages may overlap. */
export function merged<Message extends Said>(some: readonly Message[], more: readonly Message[]): readonly Message[] {
  if (!more.length) return some;
  const known = new Map(some.map((each) => [each.sequence, each]));
  for (const each of more) known.set(each.sequence, each);
  return [...known.values()].sort((a, b) => a.sequence - b.sequence);
}

export type Piece<Message extends Said> =
  | { readonly kind: 'day'; readonly key: string; readonly at: string }
  | { readonly kind: 'new'; readonly key: string }
  /** `first` of several in a row by one person, who is named there. */
  | { readonly kind: 'message'; readonly key: string; readonly message: Message; readonly first: boolean };

const APART = 10 * 60_000;

/** Messages with a line where a day begins, and one before the first that was new when one came. */
export function pieces<Message extends Said>(messages: readonly Message[], newFrom: number | null): Piece<Message>[] {
  const found: Piece<Message>[] = [];
  let before: Message | undefined;
  let marked = false;
  for (const message of messages) {
    const day = new Date(message.at).toDateString();
    const turned = !before || new Date(before.at).toDateString() !== day;
    if (turned) found.push({ kind: 'day', key: `day ${day}`, at: message.at });
    const marks = !marked && newFrom !== null && message.sequence >= newFrom && !message.mine;
    if (marks) {
      found.push({ kind: 'new', key: 'new' });
      marked = true;
    }
    const follows =
      before && !turned && !marks && before.mine === message.mine && before.sender === message.sender && Date.parse(message.at) - Date.parse(before.at) < APART;
    found.push({ kind: 'message', key: message.id, message, first: !follows });
    before = message;
  }
  return found;
}

export type Mark = 'sent' | 'delivered' | 'read';

/** How far a message of one's own has come. */
export function mark(sequence: number, delivered: number, read: number): Mark {
  return sequence <= read ? 'read' : sequence <= delivered ? 'delivered' : 'sent';
}

/** Characters as the server counts them: code points in normal form C. */
export const lengthOf = (text: string): number => [...text.normalize('NFC')].length;

/** Whole days from one to the other as the calendar has them here. */
export function daysApart(then: Date, now: Date): number {
  const midnight = (of: Date) => Date.UTC(of.getFullYear(), of.getMonth(), of.getDate());
  return Math.round((midnight(now) - midnight(then)) / 86_400_000);
}

/** Seconds before what was not sent is tried again: longer each time, or as long as the server says. */
export const waitOf = (tries: number, said: number | null): number => said ?? Math.min(30, 2 ** Math.min(tries, 5));
