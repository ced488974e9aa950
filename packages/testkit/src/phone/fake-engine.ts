import type {
  Engine,
  EngineClose,
  EngineFact,
  EngineSession,
  LinkedIdentity,
  OpenSession,
  PairingVerdict,
  PhoneNumber,
} from '@trunkline/core';
import type { ManualClock } from './manual-clock.js';

export const RESTART_REQUIRED: EngineClose = { source: 'stream-error', code: 515, conflict: null, child: null };

/** An engine whose WhatsApp is the test. It keeps the promises of the port and counts the sockets of each phone. */
export class FakeEngine implements Engine {
  readonly sessions: FakeSession[] = [];
  /** The most sockets that one phone ever had open at the same time. */
  mostAtOnce = 0;
  /** Runs at each opening; throwing is a programming error of the engine. */
  onOpen: (session: FakeSession) => void = () => {};

  constructor(readonly clock: ManualClock) {}

  open(input: OpenSession): FakeSession {
    const session = new FakeSession(this, input);
    this.sessions.push(session);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.openOf(input.lease.phoneId).length);
    this.onOpen(session);
    return session;
  }

  /** Sockets of a phone that are open now. */
  openOf(phoneId: string): FakeSession[] {
    return this.sessions.filter((session) => session.isOpen && session.input.lease.phoneId === phoneId);
  }

  /** The session that was opened last. */
  get last(): FakeSession {
    const last = this.sessions.at(-1);
    if (last === undefined) throw new Error('no session was opened');
    return last;
  }
}

export class FakeSession implements EngineSession {
  isOpen = true;
  /** What WhatsApp does when it is told to remove the device. */
  onUnlink: 'removes' | 'refuses' | 'is silent' = 'removes';
  /** A session that does not come back from closing. */
  hangsOnClose = false;
  readonly calls: string[] = [];

  constructor(
    private readonly engine: FakeEngine,
    readonly input: OpenSession,
  ) {}

  tell(fact: EngineFact): Promise<void> {
    return this.input.onFact(fact);
  }

  offerQr(qrCode: string, lifeMs = 20_000): Promise<void> {
    return this.tell({ kind: 'qr-offered', qrCode, expiresAt: new Date(this.engine.clock.now() + lifeMs) });
  }

  /** A handset answers. An accepted one is linked: credentials first, then the word, then the end that follows. */
  async scan(identity: LinkedIdentity): Promise<PairingVerdict> {
    const verdict = await this.input.judgePairing(identity);
    if (!verdict.accept) {
      await this.end({ source: 'ours', unlinked: false });
      return verdict;
    }
    await this.input.store.write({ credentials: Buffer.from(identity.number) });
    await this.tell({ kind: 'paired', identity });
    await this.end(RESTART_REQUIRED);
    return verdict;
  }

  async logIn(): Promise<void> {
    await this.tell({ kind: 'opened' });
    await this.tell({ kind: 'drained' });
  }

  /** The socket ends. */
  async end(close: EngineClose): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.tell({ kind: 'closed', close });
  }

  async close(): Promise<void> {
    this.calls.push('close');
    if (this.hangsOnClose) return new Promise(() => {});
    // Not awaited: who closes does not wait for its own mailbox.
    void this.end({ source: 'ours', unlinked: false });
  }

  async unlink(): Promise<boolean> {
    this.calls.push('unlink');
    if (this.onUnlink === 'is silent') return new Promise(() => {});
    const unlinked = this.onUnlink === 'removes';
    void this.end({ source: 'ours', unlinked });
    return unlinked;
  }

  async requestPairingCode(number: PhoneNumber): Promise<{ code: string; expiresAt: Date }> {
    this.calls.push(`code for ${number}`);
    return { code: 'ABCD-1234', expiresAt: new Date(this.engine.clock.now() + 160_000) };
  }

  async setProfileName(name: string): Promise<void> {
    this.calls.push(`name ${name}`);
  }

  async setProfileImage(jpeg: Uint8Array): Promise<void> {
    this.calls.push(`image of ${jpeg.length} bytes`);
  }

  async resync(): Promise<void> {
    this.calls.push('resync');
  }
}
