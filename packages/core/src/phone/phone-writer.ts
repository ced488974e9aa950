import type { EngineFact, LinkedIdentity } from '../engine/engine-port.js';
import type { Lease } from '../lease/lease.js';
import type { Mailbox } from '../support/mailbox.js';
import { judgePairing, type PairingRefusal } from './judge-pairing.js';
import type { Phone, PhoneCommand } from './phone.js';
import { diaryLine, primarySeenChange, profileChange, stateChange } from './phone-change.js';
import { phoneEvents } from './phone-events.js';
import type { Transition } from './phone-input.js';
import type { PhoneMemory } from './phone-memory.js';
import type { SessionDeps } from './phone-session-deps.js';
import type { PhoneDecision } from './phone-store.js';

/** About half a minute. What cannot be stored after it waits in the inbox for the next login. */
const CONTENT_TRIES = 20;

type Decision = Omit<PhoneDecision, 'events'>;

/** Everything that a session reads and stores. Used inside its tasks: a database that is away is waited for. */
export class PhoneWriter {
  /** The row of a deletion stays until the phone is really gone, so that a crash in between finishes it. */
  deletion: number | null = null;

  constructor(
    private readonly lease: Lease,
    private readonly deps: SessionDeps,
    private readonly memory: PhoneMemory,
    private readonly mailbox: Mailbox,
  ) {}

  async recall(): Promise<void> {
    this.memory.recall(await this.mailbox.insist(() => this.deps.store.read(this.lease)));
  }

  /** The engine stores a link before it tells us; when it fails in between, only the store knows. */
  async lookForLink(): Promise<void> {
    const { linked } = await this.mailbox.insist(() => this.deps.store.read(this.lease));
    this.memory.linked = linked;
  }

  commands(): Promise<PhoneCommand[]> {
    return this.mailbox.insist(() => this.deps.store.commands([this.lease]));
  }

  /** State, events, diary, credentials and settled commands in one commit. */
  async transition(done: Transition, settles: readonly number[], nowMs: number): Promise<void> {
    const { state, credentials } = done;
    const before = this.memory.state;
    const diary = diaryLine(before, done);
    const isGone = state.name === 'off' && state.cause === 'deleted';
    const settled = isGone && this.deletion !== null ? [...settles, this.deletion] : settles;
    await this.mailbox.insist(async () => {
      this.deps.crash('before-state');
      await this.#change((phone) => ({
        change: stateChange(before, done, phone, nowMs),
        settles: settled,
        ...(credentials !== null && { credentials }),
        ...(diary !== null && { diary }),
      }));
      this.deps.crash('after-state');
    });
  }

  async content(fact: Extract<EngineFact, { kind: 'message' | 'history' }>): Promise<void> {
    const { store, crash } = this.deps;
    crash('before-receive');
    await this.mailbox.insist(async () => {
      if (fact.kind === 'message') await store.receive(this.lease, fact.message);
      else await store.storeHistory(this.lease, fact.batch);
    }, CONTENT_TRIES);
    crash('after-receive');
  }

  async profile(fact: Extract<EngineFact, { kind: 'profile' }>): Promise<void> {
    await this.#save((phone) => profileChange(phone, fact));
    if (fact.image !== undefined) await this.image(fact.image);
  }

  name(name: string): Promise<void> {
    return this.#save(() => ({ change: { name } }));
  }

  async image(image: Uint8Array | null): Promise<void> {
    const { phone } = await this.mailbox.insist(() => this.deps.store.read(this.lease));
    if (!(await this.mailbox.insist(() => this.deps.keepImage(phone, image), CONTENT_TRIES))) return;
    const imageChangedAt = image === null ? null : new Date(this.deps.clock.now());
    await this.#save(() => ({ change: { imageChangedAt } }));
  }

  primarySeen(at: Date): Promise<void> {
    this.memory.primarySeenAt = Math.max(at.getTime(), this.memory.primarySeenAt ?? 0);
    return this.#save((phone) => primarySeenChange(phone, at));
  }

  /** Null = the handset may link. A refusal is audited. */
  async judge(identity: LinkedIdentity): Promise<PairingRefusal | null> {
    const { store, audit } = this.deps;
    const refusal = await this.mailbox.insist(() => judgePairing(store, this.lease, identity));
    if (refusal === null) return null;
    await this.mailbox.insist(() => audit(this.lease, `pairing refused: ${refusal}`, { number: identity.number }));
    return refusal;
  }

  #save(decide: (phone: Phone) => Decision | null): Promise<void> {
    return this.mailbox.insist(() => this.#change(decide));
  }

  async #change(decide: (phone: Phone) => Decision | null): Promise<void> {
    const { present, store } = this.deps;
    const { deleted } = this.memory;
    const events = (before: Phone, after: Phone) => (deleted ? [] : phoneEvents(present(before), present(after)));
    await store.change(this.lease, (phone) => {
      const decision = decide(phone);
      return decision && { ...decision, events };
    });
  }
}
