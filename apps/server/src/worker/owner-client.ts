import { type LeaseStore, type OwnerCalls, PhoneNotRunning } from '@trunkline/core';
import { request } from 'undici';
import { errorOf, NOT_OWNER_STATUS, type OwnerAnswer, type OwnerCall } from './owner-call.js';
import { signCall } from './signed-call.js';

const ANSWER_LIMIT_MS = 45_000;
const NOBODY = 'no worker runs this phone at the moment; restart the phone and try again';

/** Reaches the owner of a phone on whichever node it is; a change of owner in between is followed once. */
export function ownerClient(leases: LeaseStore, secret: Uint8Array): OwnerCalls {
  return {
    async pairingCode(phoneId, number) {
      const value = await ask(phoneId, { call: 'pairing-code', number });
      return { code: value?.code ?? '', expiresAt: new Date(value?.expiresAt ?? '') };
    },
    async setProfileName(phoneId, name) {
      await ask(phoneId, { call: 'profile-name', name });
    },
    async setProfileImage(phoneId, jpeg) {
      await ask(phoneId, { call: 'profile-image', jpegBase64: Buffer.from(jpeg).toString('base64') });
    },
  };

  async function ask(phoneId: string, call: OwnerCall) {
    const answer = (await askOnce(phoneId, call)) ?? (await askOnce(phoneId, call));
    if (answer === null) throw new PhoneNotRunning(NOBODY);
    if (!answer.ok) throw errorOf(answer);
    return answer.value;
  }

  /** Null when the node that should be the owner is not, or is gone before it heard us. */
  async function askOnce(phoneId: string, call: OwnerCall): Promise<OwnerAnswer | null> {
    const owner = await leases.ownerOf(phoneId);
    if (owner === null) throw new PhoneNotRunning(NOBODY);
    const path = `/${encodeURIComponent(phoneId)}`;
    const body = JSON.stringify(call);
    try {
      const response = await request(owner.address + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signCall(secret, owner.nodeId, path, body) },
        body,
        headersTimeout: ANSWER_LIMIT_MS,
        bodyTimeout: ANSWER_LIMIT_MS,
      });
      const answer = (await response.body.json()) as OwnerAnswer;
      return response.statusCode === NOT_OWNER_STATUS ? null : answer;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return null;
      throw error;
    }
  }
}
