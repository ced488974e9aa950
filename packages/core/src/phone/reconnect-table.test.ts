import { describe, expect, test } from 'vitest';
import type { EngineClose } from '../engine/engine-close.js';
import type { CauseCode, CauseStatus, UserAction } from './disconnect-cause.js';
import { causeOf, causeRow } from './disconnect-cause.js';
import type { Ended, Facts } from './phone-input.js';
import { projectPhone } from './phone-projection.js';
import type { PhoneState, StateName } from './phone-state.js';
import { closed, endings, HOUR, isLinkedIn, MINUTE, NOW, SAMPLES, step } from './sample-phone.js';

/** One row of the promise: what an end of a session does to a phone, as people see it. */
interface Row {
  readonly signal: string;
  readonly close: EngineClose;
  readonly from?: PhoneState;
  readonly recent?: readonly Ended[];
  readonly code: CauseCode;
  readonly state: StateName;
  readonly wa?: 'CONNECTED';
  readonly open: boolean;
  readonly status: CauseStatus;
  readonly action?: UserAction;
  /** The next attempt, milliseconds from now at the least and at the most; 'now' = it is opened at once. */
  readonly next: readonly [number, number] | 'now' | null;
  readonly credentials?: 'retire';
  readonly events: readonly string[];
}

const failure = (code: number, attrs: Record<string, string> = {}): EngineClose => ({ source: 'failure', code, attrs });
const stream = (code: number | null, more: Partial<EngineClose & { source: 'stream-error' }> = {}): EngineClose => ({
  source: 'stream-error',
  code,
  conflict: null,
  child: null,
  ...more,
});
const upgrade = (status: number): EngineClose => ({ source: 'upgrade-refused', status });

/** A blip: said to be connected for the grace, and tried again soon. */
const blip = {
  state: 'reconnecting',
  wa: 'CONNECTED',
  open: true,
  status: 'reconnecting',
  events: ['updated'],
} as const;
/** The link is given up. */
const retired = {
  state: 'unlinked',
  open: false,
  next: null,
  credentials: 'retire',
  events: ['disconnected'],
} as const;
/** Credentials are kept, nothing runs, people must do something. */
const stopped = { state: 'halted', open: false, next: null, events: ['disconnected'] } as const;
/** Announced at once, and tried again after a long while. */
const waiting = { state: 'reconnecting', open: true, events: ['disconnected'] } as const;
const FIRST_BACKOFF = [1_000, 2_000] as const;

const TABLE: readonly Row[] = [
  { signal: 'stream 515', close: stream(515), code: 'restart_required', ...blip, next: 'now' },
  {
    signal: 'stream 515, the fourth in a minute',
    close: stream(515),
    recent: endings('restart_required', 3),
    code: 'restart_loop',
    ...blip,
    next: FIRST_BACKOFF,
  },
  {
    signal: 'stream 515, the fourth in more than a minute',
    close: stream(515),
    recent: endings('restart_required', 3, 30_000),
    code: 'restart_required',
    ...blip,
    next: 'now',
  },
  {
    signal: 'stream 516',
    close: stream(516),
    code: 'forced_logout',
    state: 'halted',
    open: false,
    status: 'logged_out',
    next: [10_000, 10_000],
    events: ['disconnected'],
  },
  {
    signal: 'stream conflict device_removed',
    close: stream(401, { conflict: 'device_removed', child: 'conflict' }),
    code: 'logged_out',
    ...retired,
    status: 'logged_out',
    action: 'scan_qr',
  },
  {
    signal: 'failure 401',
    close: failure(401),
    from: SAMPLES['reconnecting, opening'],
    code: 'logged_out',
    ...retired,
    status: 'logged_out',
    action: 'scan_qr',
  },
  {
    signal: 'failure 402 with an end',
    close: failure(402, { code: '101', expire: '7200' }),
    code: 'temp_ban',
    ...stopped,
    status: 'banned',
    action: 'wait',
    next: [2 * HOUR + MINUTE, 2 * HOUR + 10 * MINUTE],
  },
  {
    signal: 'failure 402 without an end',
    close: failure(402),
    code: 'temp_ban',
    ...stopped,
    status: 'banned',
    action: 'wait',
    next: [6 * HOUR, 6 * HOUR],
  },
  {
    signal: 'failure 402 with an end that is no number of seconds',
    close: failure(402, { expire: 'Infinity' }),
    code: 'temp_ban',
    ...stopped,
    status: 'banned',
    action: 'wait',
    next: [6 * HOUR, 6 * HOUR],
  },
  {
    signal: 'failure 403',
    close: failure(403),
    code: 'locked',
    ...retired,
    status: 'logged_out',
    action: 'contact_whatsapp',
  },
  {
    signal: 'failure 405',
    close: failure(405),
    code: 'outdated',
    ...waiting,
    status: 'outdated',
    action: 'upgrade',
    next: [15 * MINUTE, 15 * MINUTE],
  },
  {
    signal: 'failure 406',
    close: failure(406),
    code: 'banned',
    ...retired,
    status: 'banned',
    action: 'contact_whatsapp',
  },
  { signal: 'failure 409', close: failure(409), code: 'config', ...stopped, status: 'error', action: 'upgrade' },
  {
    signal: 'ib downgrade_webclient',
    close: { source: 'not-multidevice' },
    code: 'not_multidevice',
    ...stopped,
    status: 'error',
    action: 'open_phone',
  },
  ...[400, 415, 418, 501, 422].map(
    (code): Row => ({
      signal: `failure ${code}`,
      close: failure(code),
      code: 'refused',
      ...waiting,
      status: 'error',
      action: 'wait',
      next: [MINUTE, MINUTE],
    }),
  ),
  ...([5, 15, 60, 60] as const).map(
    (minutes, before): Row => ({
      signal: `failure 400 for the ${before + 2}. time`,
      close: failure(400),
      from: { ...SAMPLES['reconnecting, opening, announced'], failures: before + 1 },
      recent: endings('refused', before + 1, HOUR),
      code: 'refused',
      ...waiting,
      events: ['updated'],
      status: 'error',
      action: 'wait',
      next: [minutes * MINUTE, minutes * MINUTE],
    }),
  ),
  {
    signal: 'strict Noise failure',
    close: { source: 'untrusted-server' },
    code: 'untrusted_server',
    ...waiting,
    status: 'error',
    action: 'check_proxy',
    next: [5 * MINUTE, 5 * MINUTE],
  },
  { signal: 'failure 500', close: failure(500), code: 'server_error', ...blip, next: FIRST_BACKOFF },
  { signal: 'failure 503', close: failure(503), code: 'unavailable', ...blip, next: [5_000, 5_000] },
  { signal: 'stream 503', close: stream(503), code: 'unavailable', ...blip, next: [5_000, 5_000] },
  ...['ack', 'xml-not-well-formed', 'never heard of'].map(
    (child): Row => ({
      signal: `stream error ${child}`,
      close: stream(500, { child }),
      code: 'protocol_error',
      ...blip,
      next: FIRST_BACKOFF,
    }),
  ),
  {
    signal: 'stream 401 without device_removed',
    close: stream(401),
    code: 'protocol_error',
    ...blip,
    next: FIRST_BACKOFF,
  },
  {
    signal: 'stream error ack, the fifth in a row',
    close: stream(500, { child: 'ack' }),
    from: { ...SAMPLES.online, failures: 4 },
    recent: endings('protocol_error', 4),
    code: 'protocol_errors',
    ...waiting,
    status: 'error',
    action: 'upgrade',
    next: [15 * MINUTE, 15 * MINUTE],
  },
  {
    signal: 'stream error ack, the fifth in an hour with stable times in between',
    close: stream(500, { child: 'ack' }),
    recent: endings('protocol_error', 4, 10 * MINUTE),
    code: 'protocol_error',
    ...blip,
    next: FIRST_BACKOFF,
  },
  {
    signal: 'bad frame',
    close: { source: 'bad-frame', message: 'bad tag' },
    code: 'bad_frame',
    ...blip,
    next: FIRST_BACKOFF,
  },
  {
    signal: 'bad frame, the fifth in ten minutes',
    close: { source: 'bad-frame', message: 'bad tag' },
    recent: endings('bad_frame', 4, 2 * MINUTE),
    code: 'bad_frames',
    ...stopped,
    status: 'error',
    action: 'wait',
    next: [15 * MINUTE, 15 * MINUTE],
  },
  {
    signal: 'stream conflict replaced',
    close: stream(null, { conflict: 'replaced', child: 'conflict' }),
    code: 'replaced',
    ...blip,
    next: [30_000, 30_000],
  },
  {
    signal: 'stream conflict replaced, again within ten minutes',
    close: stream(null, { conflict: 'replaced', child: 'conflict' }),
    recent: endings('replaced', 1, 9 * MINUTE),
    code: 'replaced_again',
    ...stopped,
    status: 'replaced',
  },
  {
    signal: 'connection closed by the server or the network',
    close: { source: 'connection-ended', message: 'Connection Terminated' },
    code: 'connection_lost',
    ...blip,
    next: FIRST_BACKOFF,
  },
  { signal: 'keepalive lost', close: { source: 'half-open' }, code: 'half_open', ...blip, next: FIRST_BACKOFF },
  {
    signal: 'refused, DNS, no hello',
    close: { source: 'network', message: 'ECONNREFUSED' },
    code: 'network',
    ...blip,
    next: FIRST_BACKOFF,
  },
  ...[401, 403, 407].map(
    (status): Row => ({
      signal: `upgrade answered ${status}`,
      close: upgrade(status),
      code: 'proxy_refused',
      ...blip,
      action: 'check_proxy',
      next: FIRST_BACKOFF,
    }),
  ),
  {
    signal: 'upgrade answered 429',
    close: upgrade(429),
    code: 'edge_busy',
    ...blip,
    action: 'wait',
    next: [5 * MINUTE, 5 * MINUTE],
  },
  { signal: 'upgrade answered 503', close: upgrade(503), code: 'upgrade_refused', ...blip, next: FIRST_BACKOFF },
  {
    signal: 'connect watchdog',
    close: { source: 'connect-timeout' },
    code: 'connect_timeout',
    ...blip,
    next: FIRST_BACKOFF,
  },
  { signal: 'deaf watchdog', close: { source: 'deaf' }, code: 'deaf', ...blip, next: 'now' },
  {
    signal: 'deaf watchdog, twice in an hour',
    close: { source: 'deaf' },
    recent: endings('deaf', 1, 50 * MINUTE),
    code: 'deaf_again',
    ...blip,
    next: FIRST_BACKOFF,
  },
  {
    signal: 'deaf watchdog, after its worker was recycled',
    close: { source: 'deaf' },
    recent: endings('deaf_again', 1, 10 * MINUTE),
    code: 'deaf_often',
    ...stopped,
    status: 'error',
    action: 'wait',
    next: [15 * MINUTE, 15 * MINUTE],
  },
  {
    signal: 'a fault of the engine, its local 401 included',
    close: { source: 'engine-fault', message: 'not authenticated yet' },
    code: 'engine_fault',
    ...blip,
    next: FIRST_BACKOFF,
  },
  {
    signal: 'the end of a pairing, told of a phone that is linked',
    close: { source: 'pairing-ended' },
    code: 'engine_fault',
    ...blip,
    next: FIRST_BACKOFF,
  },
  {
    signal: 'an end that the engine calls ours, though nobody asked',
    close: { source: 'ours', unlinked: false },
    code: 'engine_fault',
    ...blip,
    next: FIRST_BACKOFF,
  },
];

describe.each(TABLE)('$signal', (row) => {
  const from = row.from ?? SAMPLES.online;
  const go = (more: Partial<Facts> = {}) => step(from, closed(row.close), { recent: row.recent ?? [], ...more });

  test('means what it says, to the phone and to people', () => {
    const { done, view, events } = go();
    expect(done.ended?.code).toBe(row.code);
    expect(done.state.name).toBe(row.state);
    expect(view).toMatchObject({
      waState: row.wa ?? 'DISCONNECTED',
      isReady: false,
      isBrowserOpen: row.open,
      qrCode: null,
      status: row.status,
      reasonCode: row.code,
      reason: causeRow(row.code).sentence,
      userAction: row.action ?? 'none',
    });
    expect(events).toEqual(row.events);
  });

  test('is tried again at its time, and only then', () => {
    for (const random of [0, 0.3, 1]) {
      const { done, view } = go({ random });
      const opens = done.effects.filter((effect) => effect.do === 'open');
      expect(opens).toHaveLength(row.next === 'now' ? 1 : 0);
      if (row.next === 'now' || row.next === null) expect(view.nextAttemptAt).toBeNull();
      else {
        expect(view.nextAttemptAt).toBeGreaterThanOrEqual(NOW + row.next[0]);
        expect(view.nextAttemptAt).toBeLessThanOrEqual(NOW + row.next[1]);
      }
    }
  });

  test(row.credentials === 'retire' ? 'retires the credentials' : 'keeps the credentials', () => {
    expect(go().done.credentials).toBe(row.credentials ?? null);
  });

  test('is announced when the grace is over, unless it was at once', () => {
    const { done } = go();
    if (row.wa !== 'CONNECTED') return;
    const { view, events } = step(done.state, { kind: 'time' }, { now: NOW + 15_000, openSince: NOW });
    expect(view).toMatchObject({ waState: 'DISCONNECTED', isBrowserOpen: true, isReady: false });
    expect(events).toEqual(['disconnected']);
  });
});

test('a temporary ban is stored as a restriction until the next attempt', () => {
  const { done } = step(SAMPLES.online, closed(failure(402, { expire: '60' })), { random: 0 });
  expect(done.restrictedUntil).toBe(NOW + 2 * MINUTE);
  expect(step(SAMPLES.online, closed(failure(402, { expire: '1e300' }))).done.restrictedUntil).toBeLessThan(8.64e15);
});

test('a session that got stuck twice asks for a new worker', () => {
  const { done } = step(SAMPLES.online, closed({ source: 'deaf' }), { recent: endings('deaf', 1) });
  expect(done.effects).toEqual([{ do: 'recycle-worker' }]);
});

test('backoff doubles up to five minutes, with jitter from the half', () => {
  const delays = Array.from({ length: 12 }, (_, failures) => {
    const from = { ...SAMPLES['reconnecting, opening'], failures };
    const at = (random: number) => step(from, closed({ source: 'half-open' }), { random }).view.nextAttemptAt ?? 0;
    return [at(0) - NOW, at(1) - NOW];
  });
  const most = [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300].map((seconds) => seconds * 1_000);
  expect(delays).toEqual(most.map((ms) => [ms / 2, ms]));
});

test('after thirty attempts in an hour a phone is tried every 15 minutes', () => {
  const recent = endings('connection_lost', 30, 100_000);
  const { done, view } = step(SAMPLES['reconnecting, opening, announced'], closed({ source: 'half-open' }), { recent });
  expect(view).toMatchObject({ status: 'error', reasonCode: 'budget_spent', nextAttemptAt: NOW + 15 * MINUTE });
  expect(view.isBrowserOpen).toBe(true);
  expect(done.ended?.code).toBe('half_open');
  expect(done.credentials).toBeNull();
});

test.each(['restart_required', 'forced_logout', 'deaf', 'replaced'] as const)(
  'the budget also bounds %s, which has its own rhythm',
  (code) => {
    const close: Record<typeof code, EngineClose> = {
      restart_required: stream(515),
      forced_logout: stream(516),
      deaf: { source: 'deaf' },
      replaced: stream(null, { conflict: 'replaced' }),
    };
    const recent = endings('connection_lost', 30, 100_000);
    expect(step(SAMPLES.online, closed(close[code]), { recent }).view.reasonCode).toBe('budget_spent');
  },
);

test('ends of pairings by people cost no budget', () => {
  const recent = endings('qr_expired', 30, 100_000);
  expect(step(SAMPLES.online, closed({ source: 'half-open' }), { recent }).view.reasonCode).toBe('half_open');
});

describe('what a session says when it opens', () => {
  test('open, before the backlog is here', () => {
    const { view, events } = step(SAMPLES['starting, to log in'], { kind: 'opened' });
    expect(view).toMatchObject({ waState: 'CONNECTED', isReady: false, isBrowserOpen: true, status: 'syncing' });
    expect(events).toEqual(['connected']);
  });

  test('the backlog is here', () => {
    const { view, events } = step(SAMPLES.syncing, { kind: 'drained' });
    expect(view).toMatchObject({ waState: 'CONNECTED', isReady: true, isBrowserOpen: true, status: 'ready' });
    expect(events).toEqual(['updated']);
  });

  test('coming back within the grace is no news for `connected`', () => {
    expect(step(SAMPLES['reconnecting, opening'], { kind: 'opened' }).events).toEqual(['updated']);
    expect(step(SAMPLES['reconnecting, opening, announced'], { kind: 'opened' }).events).toEqual(['connected']);
  });

  test('a QR code', () => {
    const qr = { kind: 'qr-offered', qrCode: 'new code', expiresAt: NOW + 60_000 } as const;
    const first = step(SAMPLES['starting, to pair'], qr);
    expect(first.view).toMatchObject({
      waState: 'DISCONNECTED',
      isBrowserOpen: true,
      isReady: false,
      qrCode: 'new code',
    });
    expect(first.view).toMatchObject({ status: 'qr', userAction: 'scan_qr' });
    expect(first.events).toEqual(['updated', 'qr']);
    expect(step(SAMPLES['pairing, QR'], qr).events).toEqual(['qr']);
  });

  test('QR codes that ran out close the session', () => {
    const { done, view, events } = step(SAMPLES['pairing, QR'], closed({ source: 'pairing-ended' }));
    expect(view).toMatchObject({ waState: 'DISCONNECTED', isBrowserOpen: false, qrCode: null, status: 'stopped' });
    expect(view).toMatchObject({ reasonCode: 'qr_expired', userAction: 'scan_qr', nextAttemptAt: null });
    expect(done.effects).toEqual([]);
    expect(events).toEqual(['updated']);
  });

  test('a restriction is said of a phone that is online', () => {
    expect(projectPhone(SAMPLES.online, true)).toMatchObject({
      waState: 'CONNECTED',
      isReady: true,
      status: 'restricted',
    });
  });
});

describe('our own unlink', () => {
  test('reset tells WhatsApp, then offers a QR code', () => {
    const told = step(SAMPLES.online, { kind: 'command', command: 'reset' });
    expect(told.done.effects).toEqual([{ do: 'unlink' }]);
    expect(told.view).toMatchObject({ waState: 'DISCONNECTED', isBrowserOpen: true, reasonCode: 'reset' });
    expect(told.events).toEqual(['disconnected']);
    const gone = step(told.done.state, closed({ source: 'ours', unlinked: true }));
    expect(gone.done).toMatchObject({ credentials: 'retire', state: { name: 'starting', purpose: 'pair' } });
    expect(gone.done.effects).toEqual([{ do: 'close' }, { do: 'open', purpose: 'pair' }]);
  });
});

test('only a definite logout retires credentials', () => {
  const definite: readonly CauseCode[] = ['logged_out', 'locked', 'banned'];
  for (const { close, from, recent } of TABLE) {
    const state = from ?? SAMPLES.online;
    expect(isLinkedIn(state)).toBe(true);
    const { done } = step(state, closed(close), { recent: recent ?? [] });
    expect(done.credentials !== null).toBe(definite.includes(causeOf(close)));
  }
});
