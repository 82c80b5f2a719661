/** What operators ask for: accounts and groups, what everybody shares, the guard, certificates, folder drives. */
import { ask, type Schemas } from './http';

export type Account = Schemas['ManagedAccountOut'];
export type AccountChange = Schemas['AccountChangeIn'];
export type NewAccount = Schemas['AccountIn'];
export type ResetCode = Schemas['ResetCodeOut'];
export type Group = Schemas['GroupOut'];
export type Grant = Schemas['SeenGrantOut'];
export type Link = Schemas['SeenLinkOut'];
export type Block = Schemas['BlockOut'];
export type LogEvent = Schemas['LogEventOut'];
export type Certificate = Schemas['CertificateOut'];
export type Device = Schemas['DeviceOut'];
export type Drive = Schemas['FolderDriveOut'];
export type State = 'active' | 'waiting' | 'disabled' | 'expired';

const named = encodeURIComponent;

/** A question with those values that are given. */
function query(values: Record<string, string | number | boolean | null | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
}

export interface Which {
  search?: string;
  role?: string;
  state?: string;
  cursor?: string | null;
  limit: number;
}

export const accounts = (which: Which, signal?: AbortSignal) =>
  ask<Schemas['ManagedAccountsOut']>('GET', `/admin/accounts?${query({ ...which })}`, undefined, signal);
export const makeAccount = (account: NewAccount) => ask<Account>('POST', '/admin/accounts', account);
export const changeAccount = (name: string, change: AccountChange) =>
  ask<Account>('PATCH', `/admin/accounts/${named(name)}`, change);
export const deleteAccount = (name: string) => ask<void>('DELETE', `/admin/accounts/${named(name)}`);
export const decide = (name: string, verdict: 'approve' | 'reject') =>
  ask<void>('POST', `/admin/accounts/${named(name)}/${verdict}`);
export const resetCode = (name: string, hours: number) =>
  ask<ResetCode>('POST', `/admin/accounts/${named(name)}/reset`, { hours });
export const dropFactor = (name: string) => ask<void>('DELETE', `/admin/accounts/${named(name)}/totp`);
export const endSessions = (name: string) => ask<{ ended: number }>('DELETE', `/sessions?${query({ account: name })}`);

export const groups = async () => (await ask<{ groups: Group[] }>('GET', '/admin/groups')).groups;
export const makeGroup = (name: string) => ask<Group>('POST', '/admin/groups', { name });
export const renameGroup = (name: string, to: string) => ask<void>('PATCH', `/admin/groups/${named(name)}`, { name: to });
export const deleteGroup = (name: string) => ask<void>('DELETE', `/admin/groups/${named(name)}`);
export const join = (group: string, account: string) =>
  ask<void>('PUT', `/admin/groups/${named(group)}/members/${named(account)}`);
export const leave = (group: string, account: string) =>
  ask<void>('DELETE', `/admin/groups/${named(group)}/members/${named(account)}`);

export const grants = (account: string, after: string | number | null, signal?: AbortSignal) =>
  ask<Schemas['SeenGrantsOut']>('GET', `/admin/grants?${query({ account, after, limit: 100 })}`, undefined, signal);
export const revokeGrant = (number: number) => ask<void>('DELETE', `/admin/grants/${number}`);
export const links = (account: string, after: string | number | null, signal?: AbortSignal) =>
  ask<Schemas['SeenLinksOut']>('GET', `/admin/links?${query({ account, after, limit: 100 })}`, undefined, signal);
export const revokeLink = (number: number) => ask<void>('DELETE', `/admin/links/${number}`);

export const blocks = async () => (await ask<{ blocks: Block[] }>('GET', '/admin/guard')).blocks;
export const unblock = (subject?: string) => ask<{ unblocked: number }>('DELETE', `/admin/guard?${query({ subject })}`);
/** What the guard and the doors refused lately. */
export const refusals = (cursor: string | null, signal?: AbortSignal) =>
  ask<Schemas['LogOut']>('GET', `/log?${query({ category: 'security', severity: 'warning', limit: 50, cursor })}`, undefined, signal);

/** The server's certificate, taken from its files now. */
export const reloadCertificates = () => ask<Schemas['CertificatesOut']>('POST', '/admin/certificates/reload');
export const certificates = () => ask<Schemas['CertificatesOut']>('GET', '/admin/certificates');
export const devices = async () => (await ask<{ devices: Device[] }>('GET', '/devices?everybody=true')).devices;
export const revokeDevice = (number: number) => ask<Device>('DELETE', `/devices/${number}`);

export const drives = async () => (await ask<{ drives: Drive[] }>('GET', '/admin/drives')).drives;
export const grantDrive = (drive: string, to: string, rights: string) =>
  ask('PUT', '/grants', { path: `/Drives/${drive}`, to, rights });
export const revokeDrive = (drive: string, to: string) =>
  ask('DELETE', `/grants?${query({ path: `/Drives/${drive}`, to })}`);
