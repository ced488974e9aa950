import type { ApiCaller } from './api-caller.js';
import type { PhoneSeen } from './testbed.js';

const POLL_EVERY_MS = 40;

/** Watches every phone of the organisation during a journey and collects every broken promise of the phone object. */
export class InvariantPoller {
  readonly broken: string[] = [];
  looks = 0;
  readonly #last = new Map<string, PhoneSeen>();
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(private readonly api: ApiCaller) {}

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Fails with everything that was seen broken, or when nothing was ever seen. */
  verify(): void {
    if (this.broken.length > 0) throw new Error(`phone invariants broken:\n${[...new Set(this.broken)].join('\n')}`);
    if (this.looks === 0) throw new Error('the invariant poller never saw a phone list');
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#look();
      await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
    }
  }

  async #look(): Promise<void> {
    const answer = await this.api.call<PhoneSeen[]>('GET', '/v1/phones/all').catch(() => null);
    // A server that is being restarted, or is busy with a rate limit, shows nothing; the next look will.
    if (answer?.status !== 200) return;
    this.looks += 1;
    for (const phone of answer.body) {
      this.#check(phone, this.#last.get(phone.phone_id));
      this.#last.set(phone.phone_id, phone);
    }
  }

  #check(now: PhoneSeen, before: PhoneSeen | undefined): void {
    const promise = (holds: boolean, text: string) => {
      if (!holds)
        this.broken.push(`${text}: ${JSON.stringify(now)}${before ? ` after ${JSON.stringify(before)}` : ''}`);
    };
    promise(['CONNECTED', 'DISCONNECTED'].includes(now.wa_state), 'wa_state has two values');
    promise(now.qr_code === null || now.wa_state === 'DISCONNECTED', 'a QR only while disconnected');
    promise(now.qr_code === null || now.is_browser_open, 'a QR only while the session is open');
    promise(!now.is_ready || now.wa_state === 'CONNECTED', 'ready only while connected');
    promise(now.wa_state !== 'CONNECTED' || now.is_browser_open, 'connected only while the session is open');
    promise(now.wa_state !== 'CONNECTED' || now.org_phone !== null, 'connected only with a number');
    promise(Object.keys(now.label_ids).length === now.labels.length, 'labels and label_ids in step');
    if (before === undefined) return;
    const first = before.first_connected_at;
    promise(first === null || first === now.first_connected_at, 'first_connected_at is written once');
    promise(before.org_phone === null || before.org_phone === now.org_phone, 'org_phone never changes');
    promise(now.updated_at >= before.updated_at, 'updated_at never goes back');
    const same = JSON.stringify({ ...now, updated_at: '' }) === JSON.stringify({ ...before, updated_at: '' });
    promise(same || now.updated_at > before.updated_at, 'updated_at rises with every visible change');
  }
}
