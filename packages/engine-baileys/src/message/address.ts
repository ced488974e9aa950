import { type Address, type ChatAddress, type ChatId, type Lid, parseChatId, parsePhoneNumber } from '@trunkline/core';
import { jidDecode } from 'baileys';

/** Who we are on WhatsApp: the JIDs of our device and of its privacy address. */
export interface Me {
  readonly id: string;
  readonly lid: string | null;
}

/** Joins the spellings of one person that a stanza gives; null when none of them is a person. */
export function addressOf(...jids: (string | null | undefined)[]): Address | null {
  let number: Address['number'] = null;
  let lid: Address['lid'] = null;
  for (const jid of jids) {
    const decoded = jidDecode(jid ?? undefined);
    if (!decoded?.user) continue;
    const { user, server } = decoded;
    if (server === 's.whatsapp.net' || server === 'c.us' || server === 'hosted') number ??= parsePhoneNumber(user);
    if (server === 'lid' || server === 'hosted.lid') lid ??= user as Lid;
  }
  return number === null && lid === null ? null : { number, lid };
}

export function groupOf(jid: string | null | undefined): ChatId | null {
  return jid?.endsWith('@g.us') ? parseChatId(jid) : null;
}

/** The chat that a JID names, or null for what we do not keep: status, newsletters, broadcast lists. */
export function chatOf(
  jid: string | null | undefined,
  ...alternatives: (string | null | undefined)[]
): ChatAddress | null {
  const groupId = groupOf(jid);
  if (groupId !== null) return { kind: 'group', groupId };
  const address = addressOf(jid, ...alternatives);
  return address === null ? null : { kind: 'person', address };
}

export function isMe(jid: string | null | undefined, me: Me): boolean {
  const user = jidDecode(jid ?? undefined)?.user;
  return user !== undefined && (user === jidDecode(me.id)?.user || user === jidDecode(me.lid ?? undefined)?.user);
}

export function myAddress(me: Me): Address {
  return addressOf(me.id, me.lid) ?? { number: null, lid: null };
}
