/** Warnings, and one's own account: password, second factor, sessions, devices, tokens. */
import { ask, type Schemas } from './http';

export type Warning = Schemas['WarningOut'];
export type Session = Schemas['SessionOut'];
export type Device = Schemas['DeviceOut'];
export type Token = Schemas['TokenOut'];
export type NewToken = Schemas['NewTokenOut'];
export type Scope = Schemas['Scope'];
export type Totp = Schemas['TotpOut'];
export type Enrolment = Schemas['EnrolmentOut'];
export type DeviceCode = Schemas['CodeOut'];
export type PasswordChanged = Schemas['PasswordChangedOut'];

export const warnings = async () => (await ask<Schemas['WarningsOut']>('GET', '/warnings')).warnings;
export const acknowledge = (id: number) => ask<void>('POST', `/warnings/${id}/acknowledge`);

export const changePassword = (old: string, now: string) => ask<PasswordChanged>('POST', '/account/password', { old, new: now });

export const totp = () => ask<Totp>('GET', '/totp');
export const beginTotp = (password: string) => ask<Enrolment>('POST', '/totp', { password });
export const confirmTotp = async (code: string) => (await ask<Schemas['RecoveryOut']>('POST', '/totp/confirm', { code })).recovery;
export const renewRecovery = async (code: string) => (await ask<Schemas['RecoveryOut']>('POST', '/totp/recovery', { code })).recovery;
export const disableTotp = (code: string) => ask<void>('POST', '/totp/disable', { code });

export const sessions = async () => (await ask<Schemas['SessionsOut']>('GET', '/sessions')).sessions;
export const endSession = (id: number) => ask<void>('DELETE', `/sessions/${id}`);
export const endOtherSessions = async () => (await ask<Schemas['EndedOut']>('DELETE', '/sessions')).ended;

export const devices = async () => (await ask<Schemas['DevicesOut']>('GET', '/devices')).devices;
export const revokeDevice = (id: number) => ask<Device>('DELETE', `/devices/${id}`);
export const deviceCode = (minutes: number) => ask<DeviceCode>('POST', '/devices/codes', { minutes });

export const tokens = async () => (await ask<Schemas['TokensOut']>('GET', '/tokens')).tokens;
export const revokeToken = (id: number) => ask<void>('DELETE', `/tokens/${id}`);
export const makeToken = (wanted: Schemas['TokenIn']) => ask<NewToken>('POST', '/tokens', wanted);
