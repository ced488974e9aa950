/** Addresses. A user has a phone-number address and a LID address; a device adds its number to either. */

export const PN_SERVER = 's.whatsapp.net';
export const LID_SERVER = 'lid';
/** How the network names itself: an address with an empty user, which clients compare as it is. */
export const SERVER_JID = '@s.whatsapp.net';
export const GROUP_SERVER = 'g.us';

export type Addressing = 'pn' | 'lid';

export interface Jid {
  user: string;
  server: string;
  device: number;
}

/** Parses an address; undefined when it is not one. The legacy server `c.us` reads as the phone-number server. */
export function parseJid(jid: string | undefined): Jid | undefined {
  if (jid === undefined) return undefined;
  const at = jid.indexOf('@');
  if (at < 0) return undefined;
  const server = jid.slice(at + 1);
  const [userAgent = '', device] = jid.slice(0, at).split(':');
  const [user = ''] = userAgent.split('_');
  const index = device === undefined ? 0 : Number(device);
  if (!Number.isSafeInteger(index) || index < 0) return undefined;
  return { user, server: server === 'c.us' ? PN_SERVER : server, device: index };
}

/** Writes an address; device 0 is the phone and is not written. */
export function formatJid(user: string, server: string, device = 0): string {
  return device === 0 ? `${user}@${server}` : `${user}:${device}@${server}`;
}

/** True for the server's own address in both spellings encoders produce. */
export function isServerJid(jid: string | undefined): boolean {
  return jid === undefined || jid === PN_SERVER || jid === `@${PN_SERVER}`;
}

/** True for a group address. */
export function isGroupJid(jid: string | undefined): boolean {
  return jid?.endsWith(`@${GROUP_SERVER}`) === true;
}
