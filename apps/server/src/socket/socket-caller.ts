import { type ApiKey, hashApiToken, type OrgStore, type PhoneStore, parsePhoneNumber } from '@trunkline/core';

/** Who is behind a socket and which rooms of events are theirs. */
export interface SocketCaller {
  readonly key: ApiKey;
  readonly tokenHash: Uint8Array;
  readonly rooms: readonly string[];
}

/** The reason is shown to the caller as `connect_error`. */
export class SocketRefused extends Error {}

/** Reads the handshake headers of the official client: `Authorization` and, optionally, `x-phone`. */
export async function authenticateSocket(
  deps: { orgs: OrgStore; phones: PhoneStore },
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Promise<SocketCaller> {
  const token = /^Bearer\s+(\S+)$/i.exec(one(headers.authorization))?.[1];
  if (token === undefined) throw new SocketRefused('Invalid bearer auth token');
  const tokenHash = hashApiToken(token);
  const key = await deps.orgs.findKey(tokenHash);
  if (key === null || !key.scope.read) throw new SocketRefused('Invalid bearer auth token');
  return { key, tokenHash, rooms: await roomsOf(deps.phones, key, one(headers['x-phone']).trim()) };
}

/** Without `x-phone` every event that the key may see; with it those of one phone, given by id or by number. */
async function roomsOf(phones: PhoneStore, key: ApiKey, phone: string): Promise<string[]> {
  const { orgId, scope } = key;
  if (phone === '') return scope.phones === null ? [orgRoom(orgId)] : scope.phones.map((id) => phoneRoom(orgId, id));
  if (phone.startsWith('phone-')) {
    if (scope.phones !== null && !scope.phones.includes(phone)) throw new SocketRefused('Invalid bearer auth token');
    return [phoneRoom(orgId, phone)];
  }
  const number = parsePhoneNumber(phone);
  if (number === null) throw new SocketRefused('Invalid Header: {x-phone}. Give a phone_id or a number');
  if (scope.phones === null) return [numberRoom(orgId, number)];
  const allowed = (await phones.findByNumber(orgId, number)).filter(({ phoneId }) => scope.phones?.includes(phoneId));
  if (allowed.length === 0) throw new SocketRefused('Invalid bearer auth token');
  return allowed.map(({ phoneId }) => phoneRoom(orgId, phoneId));
}

export const orgRoom = (orgId: string) => `org:${orgId}`;
export const phoneRoom = (orgId: string, phoneId: string) => `org:${orgId}:phone:${phoneId}`;
export const numberRoom = (orgId: string, number: string) => `org:${orgId}:number:${number}`;

function one(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}
