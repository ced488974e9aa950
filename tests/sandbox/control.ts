/** The sandbox's control API as a person would drive it, typed. */
import { randomUUID } from 'node:crypto';

export interface LinkedDevice {
  readonly jid: string;
  readonly linked_at: string;
  readonly connected: boolean;
}

export interface Handset {
  readonly number: string;
  readonly name: string;
  readonly jid: string;
  readonly lid: string;
  readonly platform: string;
  readonly business: boolean;
  readonly linked_devices: readonly LinkedDevice[];
}

export interface HandsetMessage {
  readonly id: string;
  readonly chat: string;
  readonly from: string;
  readonly from_me: boolean;
  readonly type: string;
  readonly text: string | null;
  readonly status: string;
  readonly at: string;
}

export interface Connection {
  readonly jid: string;
  readonly number: string;
  readonly connected_at: string;
}

export interface Fault {
  readonly target: string;
  readonly kind: string;
  readonly times?: number;
  readonly for_ms?: number;
  readonly [option: string]: unknown;
}

export interface Stats {
  readonly received: Readonly<Record<string, number>>;
  readonly sent: Readonly<Record<string, number>>;
  readonly unknown: readonly { readonly kind: string; readonly count: number; readonly samples: readonly string[] }[];
  readonly violations: { readonly count: number; readonly last: string | null };
}

/** A refusal of the control API, with what it said. */
export class ControlRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    call: string,
    body: string,
  ) {
    super(`${call} answered ${status}: ${body}`);
  }
}

/** One organisation's view of the sandbox. */
export class SandboxControl {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(
    control: { readonly url: string; readonly secret: string },
    readonly orgId: string = randomUUID(),
  ) {
    this.#url = control.url;
    this.#headers = { 'x-sandbox-secret': control.secret, 'x-org-id': orgId };
  }

  createHandset(number: string, more: { name?: string; business?: boolean; platform?: string } = {}): Promise<Handset> {
    return this.#call('POST', 'handsets', { number, ...more });
  }

  handset(number: string): Promise<Handset> {
    return this.#call('GET', `handsets/${number}`);
  }

  scan(number: string, qr_code: string): Promise<Handset> {
    return this.#call('POST', `handsets/${number}/scan`, { qr_code });
  }

  typePairingCode(number: string, code: string): Promise<unknown> {
    return this.#call('POST', `handsets/${number}/pairing-code`, { code });
  }

  unlink(number: string, jid?: string): Promise<unknown> {
    return this.#call('POST', `handsets/${number}/unlink`, jid === undefined ? {} : { jid });
  }

  async write(number: string, to: string, text: string): Promise<string> {
    const sent = await this.#call<{ id: string }>('POST', `handsets/${number}/messages`, { to, text });
    return sent.id;
  }

  async messages(number: string, chat?: string): Promise<readonly HandsetMessage[]> {
    const query = chat === undefined ? '' : `?chat=${encodeURIComponent(chat)}`;
    const answer = await this.#call<readonly HandsetMessage[] | { messages: readonly HandsetMessage[] }>(
      'GET',
      `handsets/${number}/messages${query}`,
    );
    return 'messages' in answer ? answer.messages : answer;
  }

  read(number: string, chat: string, ids?: readonly string[]): Promise<unknown> {
    return this.#call('POST', `handsets/${number}/read`, ids === undefined ? { chat } : { chat, ids });
  }

  fault(fault: Fault): Promise<{ id: string }> {
    return this.#call('POST', 'faults', fault);
  }

  removeFault(id: string): Promise<unknown> {
    return this.#call('DELETE', `faults/${id}`);
  }

  async connections(): Promise<readonly Connection[]> {
    const answer = await this.#call<readonly Connection[] | { connections: readonly Connection[] }>(
      'GET',
      'connections',
    );
    return 'connections' in answer ? answer.connections : answer;
  }

  stats(): Promise<Stats> {
    return this.#call('GET', 'stats');
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#url}/sandbox/v1/${path}`, {
      method,
      headers: { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    if (!response.ok) throw new ControlRefusal(response.status, codeIn(text), `${method} ${path}`, text);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

function codeIn(body: string): string {
  try {
    const parsed: { code?: unknown } = JSON.parse(body);
    return typeof parsed.code === 'string' ? parsed.code : '';
  } catch {
    return '';
  }
}
