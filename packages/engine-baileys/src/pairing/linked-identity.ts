import { type Lid, type LinkedIdentity, parsePhoneNumber } from '@trunkline/core';
import { type AuthenticationCreds, type BinaryNode, getBinaryNodeChild, jidDecode } from 'baileys';

/** Reads who the handset says it is from a verified pair-success. */
export function linkedIdentity(stanza: BinaryNode, update: Partial<AuthenticationCreds>): LinkedIdentity {
  const decoded = jidDecode(update.me?.id);
  const number = decoded === undefined ? null : parsePhoneNumber(decoded.user);
  if (decoded === undefined || number === null) throw new Error('pair-success names no phone number');
  const business = getBinaryNodeChild(getBinaryNodeChild(stanza, 'pair-success'), 'biz');
  const platform = update.platform ?? 'unknown';
  return {
    number,
    lid: lidOf(update.me?.lid),
    device: decoded.device ?? 0,
    platform,
    isBusiness: isBusinessPlatform(platform) || Boolean(business?.attrs.name),
    name: update.me?.name ?? null,
  };
}

export function lidOf(jid: string | undefined | null): Lid | null {
  const decoded = jidDecode(jid ?? undefined);
  return decoded !== undefined && decoded.server === 'lid' ? (decoded.user as Lid) : null;
}

/** The Business apps report themselves as `smba` (Android) and `smbi` (iPhone). */
export function isBusinessPlatform(platform: string | undefined): boolean {
  return platform?.startsWith('smb') ?? false;
}
