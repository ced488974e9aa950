import type { LinkedIdentity, PairingVerdict } from '@trunkline/core';
import { type AuthenticationCreds, type BinaryNode, configureSuccessfulPairing, S_WHATSAPP_NET } from 'baileys';
import { linkedIdentity } from './linked-identity.js';

export type PairingOutcome =
  | { readonly kind: 'paired'; readonly identity: LinkedIdentity }
  | { readonly kind: 'refused'; readonly reason: string };

export interface PairSuccessInput {
  readonly stanza: BinaryNode;
  readonly creds: AuthenticationCreds;
  readonly judge: (identity: LinkedIdentity) => Promise<PairingVerdict>;
  /** Resolves when credentials and keys are durable. */
  readonly store: () => Promise<void>;
  readonly send: (node: BinaryNode) => Promise<void>;
}

/**
 * Answers pair-success. The library tells the handset first and hopes that its host stores the credentials; here a
 * link exists for the handset only after it is stored, and a pairing that we do not want leaves no trace.
 */
export async function answerPairSuccess(input: PairSuccessInput): Promise<PairingOutcome> {
  const { stanza, creds } = input;
  const { reply, update, identity } = await verified(input);
  const verdict = await input.judge(identity);
  if (!verdict.accept) {
    await input.send(refusal(stanza));
    return { kind: 'refused', reason: verdict.reason };
  }
  Object.assign(creds, update);
  await input.store();
  // From here the link may exist on both sides even when the answer seems lost, so the next step is a login.
  await input.send(reply).catch(() => {});
  return { kind: 'paired', identity };
}

/** Checks the signatures of the handset; one that is wrong is refused before anybody hears of the pairing. */
async function verified({ stanza, creds, send }: PairSuccessInput) {
  try {
    const { reply, creds: update } = configureSuccessfulPairing(stanza, creds);
    return { reply, update, identity: linkedIdentity(stanza, update) };
  } catch (error) {
    await send(refusal(stanza)).catch(() => {});
    throw error;
  }
}

function refusal(stanza: BinaryNode): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'error', id: stanza.attrs.id ?? '' },
    content: [{ tag: 'error', attrs: { code: '500', text: 'internal-error' } }],
  };
}
