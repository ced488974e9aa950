import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiCaller } from './api-caller.js';
import { eventually } from './eventually.js';
import { InvariantPoller } from './invariant-poller.js';
import { ServerProcess } from './server-process.js';

export const TEST_API_KEY = 'tl_test_key_that_is_long_enough_for_the_bootstrap_0001';

/** The phone object as far as journeys look at it. */
export interface PhoneSeen {
  readonly [key: string]: unknown;
  readonly org_id: string;
  readonly phone_id: string;
  readonly org_phone: string | null;
  readonly wa_state: 'CONNECTED' | 'DISCONNECTED';
  readonly is_ready: boolean;
  readonly is_browser_open: boolean;
  readonly qr_code: string | null;
  readonly phone_name: string | null;
  readonly phone_image: string | null;
  readonly first_connected_at: string | null;
  readonly updated_at: string;
  readonly labels: readonly string[];
  readonly label_ids: Readonly<Record<string, true>>;
  readonly status: string;
  readonly reason_code: string | null;
}

export interface Person {
  readonly name: string;
  readonly number: string;
}

/** A whole world in one object: the real server with its own database and data directory, and people with handsets. */
export class Testbed {
  readonly dataDir: string;
  readonly api: ApiCaller;
  readonly poller: InvariantPoller;

  private constructor(
    readonly server: ServerProcess,
    dataDir: string,
  ) {
    this.dataDir = dataDir;
    this.api = new ApiCaller(server.url, TEST_API_KEY);
    this.poller = new InvariantPoller(this.api);
  }

  static async create(options: { env?: NodeJS.ProcessEnv; port?: number } = {}): Promise<Testbed> {
    const dataDir = mkdtempSync(join(tmpdir(), 'trunkline-test-'));
    const server = await ServerProcess.start(
      {
        TRUNKLINE_DATA_DIR: dataDir,
        TRUNKLINE_BOOTSTRAP_API_KEY: TEST_API_KEY,
        TRUNKLINE_DEFAULT_NETWORK: 'sandbox',
        LOG_LEVEL: 'debug',
        ...options.env,
      },
      options.port,
    );
    const bed = new Testbed(server, dataDir);
    bed.poller.start();
    return bed;
  }

  /** A person with a handset on the sandbox network. */
  async person(name: string, number: string, more: Record<string, unknown> = {}): Promise<Person> {
    await this.api.must('POST', '/sandbox/v1/handsets', { body: { number, name, ...more } });
    return { name, number };
  }

  createPhone(body?: Record<string, unknown>): Promise<PhoneSeen> {
    return this.api.must<PhoneSeen>('POST', '/v1/phones/create', body === undefined ? {} : { body });
  }

  phone(phoneId: string): Promise<PhoneSeen> {
    return this.api.must<PhoneSeen>('GET', '/v1/phones', { phone: phoneId });
  }

  /** Waits until the phone looks as wanted. */
  phoneIs(phoneId: string, what: string, test: (phone: PhoneSeen) => boolean, limitMs?: number): Promise<PhoneSeen> {
    return eventually(
      `phone is ${what}`,
      async () => {
        const phone = await this.phone(phoneId);
        if (test(phone)) return phone;
        throw new Error(`it is ${JSON.stringify(phone)}`);
      },
      limitMs,
    );
  }

  qrOf(phoneId: string): Promise<PhoneSeen> {
    return this.phoneIs(phoneId, 'showing a QR', (phone) => phone.qr_code !== null);
  }

  ready(phoneId: string, limitMs?: number): Promise<PhoneSeen> {
    return this.phoneIs(phoneId, 'ready', (phone) => phone.is_ready, limitMs);
  }

  async scan(person: Person, qrCode: string): Promise<void> {
    await this.api.must('POST', `/sandbox/v1/handsets/${person.number}/scan`, { body: { qr_code: qrCode } });
  }

  /** A phone created and linked to the person's handset, ready. */
  async linkedPhone(person: Person): Promise<PhoneSeen> {
    const { phone_id } = await this.createPhone();
    const { qr_code } = await this.qrOf(phone_id);
    await this.scan(person, qr_code ?? '');
    return this.ready(phone_id);
  }

  /** Ends everything and fails when an invariant of the phone object was broken at any time. */
  async stop(): Promise<void> {
    await this.poller.stop();
    await this.server.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
    this.poller.verify();
  }
}
