/** Who is here and what operators do to them, warnings, the running server and its limits. */
import { ask, type Schemas } from './http';

export type Client = Schemas['ClientOut'];
export type Warning = Schemas['WarningOut'];
export type Status = Schemas['StatusOut'];
export type Limits = Schemas['LimitsOut'];
export type Values = Schemas['LimitValuesOut'];
export type Lately = Schemas['LatelyOut'];

export interface Kick {
  reason: string;
  block_minutes: number;
  block_address: boolean;
}

const client = (id: string, act: string, body?: unknown) => ask<void>('POST', `/clients/${encodeURIComponent(id)}/${act}`, body);

export const clients = () => ask<Schemas['ClientsOut']>('GET', '/clients').then((found) => found.clients);
/** The id of the client that this page itself is. */
export const ownId = async () => {
  const { sessions } = await ask<Schemas['SessionsOut']>('GET', '/sessions');
  return String(sessions.find((each) => each.current)?.id ?? '');
};
export const kick = (id: string, how: Kick) => client(id, 'kick', how);
export const pause = (id: string) => client(id, 'pause');
export const resume = (id: string) => client(id, 'resume');
export const warn = (id: string, text: string) => client(id, 'warnings', { text });

/** The latest warnings of all operators, the newest first. */
export const warnings = () => ask<Schemas['WarningsOut']>('GET', '/warnings?all=true').then((found) => found.warnings);
/** Everybody who is here but oneself. */
export const warnAll = (text: string) =>
  ask<Schemas['WarningsOut']>('POST', '/warnings', { everybody: true, text }).then((sent) => sent.warnings);

export const status = () => ask<Status>('GET', '/status');
/** What moved in the last minutes, step by step. */
export const lately = () => ask<Lately>('GET', '/status/lately');
export const limits = () => ask<Limits>('GET', '/limits');
/** Null is what the configuration says. */
export const changeLimits = (wanted: { readonly [Name in keyof Values]?: Values[Name] | null }) => ask<Limits>('PATCH', '/limits', wanted);
export const stop = (afterTransfers: boolean, withinSeconds: number | null) =>
  ask<Schemas['StopOut']>('POST', '/server/stop', { after_transfers: afterTransfers, within_seconds: withinSeconds });
