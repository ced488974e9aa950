import { randomBytes } from 'node:crypto';
import type { Network } from '../lease/lease.js';
import type { Clock } from '../support/clock.js';
import { Invalid } from '../support/errors.js';
import type { Phone } from './phone.js';
import type { PublicPhone } from './phone-events.js';
import type { PhoneState } from './phone-state.js';
import type { PhoneStore } from './phone-store.js';

export interface CreatePhoneDeps {
  readonly phones: PhoneStore;
  readonly clock: Clock;
  readonly present: (phone: Phone) => PublicPhone;
}

export interface NewPhone {
  readonly orgId: string;
  readonly network: Network;
  readonly name: string | null;
  readonly labels: readonly string[];
  /** Phones that the organisation may have. */
  readonly most: number;
}

/** Makes a phone that wants to run and be linked, so that the next worker shows its QR. */
export async function createPhone(deps: CreatePhoneDeps, input: NewPhone): Promise<Phone> {
  const { phones, clock, present } = deps;
  const { orgId, network, name, most } = input;
  if ((await phones.count(orgId)) >= most) {
    throw new Invalid(`The organisation has ${most} phones, which is the most it may have. Delete one first.`);
  }
  return phones.create({
    orgId,
    phoneId: newPhoneId(),
    network,
    name,
    labels: await phones.resolveLabels(orgId, 'phone', input.labels),
    state: freshState(clock.now()),
    events: (phone) => [{ name: 'org.phone.updated', payload: JSON.stringify(present(phone)) }],
  });
}

function freshState(now: number): PhoneState {
  return {
    name: 'starting',
    purpose: 'pair',
    next: null,
    cause: null,
    retryAt: null,
    failures: 0,
    since: now,
    askedAt: now,
  };
}

const LETTERS = 26;
const ID_LETTERS = 16;
/** The largest multiple of 26 in a byte; bytes above would make the first letters likelier. */
const FAIR = Math.floor(256 / LETTERS) * LETTERS;

/** `phone-` and sixteen random lowercase letters. */
export function newPhoneId(): string {
  let letters = '';
  while (letters.length < ID_LETTERS) {
    for (const byte of randomBytes(ID_LETTERS)) {
      if (byte < FAIR && letters.length < ID_LETTERS) letters += String.fromCharCode(97 + (byte % LETTERS));
    }
  }
  return `phone-${letters}`;
}
