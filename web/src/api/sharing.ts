/** What one lets others do with one's files, by name or by link, and what others let one do. */
import { ask, type Schemas } from './http';

export type Given = Schemas['GivenOut'];
export type Received = Schemas['ReceivedOut'];
export type Link = Schemas['LinkOut'];
export type LinkTerms = Pick<Schemas['LinkIn'], 'path' | 'rights' | 'password' | 'expires' | 'downloads' | 'name'>;

export const grants = (signal?: AbortSignal) => ask<Schemas['GrantsOut']>('GET', '/grants', undefined, signal);
export const grant = (path: string, to: string, rights: number) => ask<Given>('PUT', '/grants', { path, to, rights });
export const revoke = (path: string, to: string) =>
  ask<{ revoked: number }>('DELETE', `/grants?${new URLSearchParams({ path, to })}`);

export const links = async (signal?: AbortSignal) =>
  (await ask<Schemas['LinksOut']>('GET', '/links', undefined, signal)).links;
export const makeLink = (terms: LinkTerms) => ask<Link>('POST', '/links', terms);
/** One link with its secret: the server can always say it again to whoever made it. */
export const showLink = (id: number) => ask<Link>('GET', `/links/${id}`);
export const endLink = (id: number) => ask<void>('DELETE', `/links/${id}`);

/** Everybody there is. For operators; the server tells others nothing. */
export async function everybody(): Promise<{ accounts: string[]; groups: string[] }> {
  const [people, groups] = await Promise.all([
    ask<Schemas['ManagedAccountsOut']>('GET', '/admin/accounts'),
    ask<Schemas['GroupsOut']>('GET', '/admin/groups'),
  ]);
  return { accounts: people.accounts.map((each) => each.name), groups: groups.groups.map((each) => each.name) };
}
