import { jidDecode, WAJIDDomains } from 'baileys';

/** Device 99 is WhatsApp's own cloud device of a business; only the hosted servers have one. */
const HOSTED_DEVICE = 99;

export interface SignalAddress {
  readonly user: string;
  readonly device: number;
}

/** The Signal address of a device JID: `<user>.<device>`, with the domain in the user for everything but PN. */
export function signalAddress(jid: string): SignalAddress {
  const decoded = jidDecode(jid);
  if (!decoded?.user) throw new Error(`not the address of a device: ${jid}`);
  const { user, server, domainType = WAJIDDomains.WHATSAPP, device = 0 } = decoded;
  if (device === HOSTED_DEVICE && server !== 'hosted' && server !== 'hosted.lid') {
    throw new Error(`device ${HOSTED_DEVICE} exists only on hosted servers: ${jid}`);
  }
  return { user: domainType === WAJIDDomains.WHATSAPP ? user : `${user}_${domainType}`, device };
}

export function addressText({ user, device }: SignalAddress): string {
  return `${user}.${device}`;
}

/** Key of the sender key of one author in one group. */
export function senderKeyId(group: string, { user, device }: SignalAddress): string {
  return `${group}::${user}::${device}`;
}
