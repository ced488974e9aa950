import { Invalid } from '@trunkline/core';
import { WA_CERT_DETAILS } from 'baileys';

const whatsappRoot = WA_CERT_DETAILS.PUBLIC_KEY;

/**
 * Chooses whose certificate chain this process trusts. The library reads one constant for all sockets, so a process
 * serves either WhatsApp or one sandbox and the choice cannot change.
 */
export function trustRoot(root: Uint8Array | undefined): void {
  const wanted = root === undefined ? whatsappRoot : Buffer.from(root);
  if (wanted.length !== 32) throw new Invalid('the trusted root must be 32 bytes');
  const isFirst = !chosen;
  if (!isFirst && !WA_CERT_DETAILS.PUBLIC_KEY.equals(wanted)) {
    throw new Invalid('this process already trusts another network: use one process per network');
  }
  chosen = true;
  WA_CERT_DETAILS.PUBLIC_KEY = wanted;
}

let chosen = false;
