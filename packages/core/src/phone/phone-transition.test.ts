import { describe, expect, test } from 'vitest';
import type { CommandKind } from './phone.js';
import type { PhoneInput } from './phone-input.js';
import { shiftState } from './phone-state.js';
import { transition } from './phone-transition.js';
import {
  closed,
  endings,
  factsOf,
  HOUR,
  isLinkedIn,
  MINUTE,
  NOW,
  PERSON,
  SAMPLE_NAMES,
  SAMPLES,
  type SampleName,
  step,
} from './sample-phone.js';
import { wakeAt } from './wake-at.js';

/** The next state in a few words, and the effects: enough to tell one transition from another. */
function go(from: SampleName, input: PhoneInput, more: Parameters<typeof step>[2] = {}): string {
  const { done } = step(SAMPLES[from], input, more);
  if (done.ignored) return '–';
  const { state, effects, credentials } = done;
  const words: string[] = [state.name];
  if ('purpose' in state) words.push(state.next === null ? state.purpose : `${state.purpose}→${state.next}`);
  if ('cause' in state && state.cause !== null) words.push(state.cause);
  for (const effect of effects) words.push(`+${effect.do}${'purpose' in effect ? ` ${effect.purpose}` : ''}`);
  if (credentials !== null) words.push(`!${credentials}`);
  return words.join(' ');
}

const RESTARTED = 'reconnecting restart_asked +close +open login';
const PAIR_AGAIN = 'starting pair +close +open pair';
const RESET = 'starting pair reset +close +open pair';
const DELETED = 'off deleted +close !delete';
const LOGIN_AGAIN = 'starting login +close +open login';
const UNLINK_BY_LOGIN = 'starting unlink→pair reset +close +open login';
const DELETE_BY_LOGIN = 'starting unlink→delete deleted +close +open login';

/** Every command in every situation: start, restart, resync, reset, delete. */
const COMMANDS: Record<SampleName, readonly [string, string, string, string, string]> = {
  'off, created': [PAIR_AGAIN, PAIR_AGAIN, '–', RESET, DELETED],
  'off, QR ran out': [PAIR_AGAIN, PAIR_AGAIN, '–', RESET, DELETED],
  'off, deleted': ['–', '–', '–', '–', DELETED],
  'starting, to pair': ['–', PAIR_AGAIN, '–', RESET, DELETED],
  'starting, to pair again soon': ['–', PAIR_AGAIN, '–', RESET, DELETED],
  'starting, to log in': ['–', LOGIN_AGAIN, '–', UNLINK_BY_LOGIN, DELETE_BY_LOGIN],
  'starting, first login of a link': [
    '–',
    'starting login→pair +close +open login',
    '–',
    UNLINK_BY_LOGIN,
    DELETE_BY_LOGIN,
  ],
  'starting, to unlink and pair': ['–', '–', '–', 'starting unlink→pair reset', 'starting unlink→delete deleted'],
  'starting, to unlink and delete': ['–', '–', '–', '–', 'starting unlink→delete deleted'],
  'pairing, QR': ['–', PAIR_AGAIN, '–', RESET, DELETED],
  'pairing, code': ['–', PAIR_AGAIN, '–', RESET, DELETED],
  'pairing, finishing': ['–', PAIR_AGAIN, '–', RESET, DELETED],
  syncing: [
    '–',
    RESTARTED,
    'syncing +resync',
    'starting unlink→pair reset +unlink',
    'starting unlink→delete deleted +unlink',
  ],
  online: [
    '–',
    RESTARTED,
    'online +resync',
    'starting unlink→pair reset +unlink',
    'starting unlink→delete deleted +unlink',
  ],
  'online, handset asleep': [
    '–',
    RESTARTED,
    'online +resync',
    'starting unlink→pair reset +unlink',
    'starting unlink→delete deleted +unlink',
  ],
  'online, not stable yet': [
    '–',
    RESTARTED,
    'online +resync',
    'starting unlink→pair reset +unlink',
    'starting unlink→delete deleted +unlink',
  ],
  'reconnecting, in grace': ['–', RESTARTED, '–', UNLINK_BY_LOGIN, DELETE_BY_LOGIN],
  'reconnecting, announced': ['–', RESTARTED, '–', UNLINK_BY_LOGIN, DELETE_BY_LOGIN],
  'reconnecting, opening': ['–', RESTARTED, '–', UNLINK_BY_LOGIN, DELETE_BY_LOGIN],
  'reconnecting, opening, announced': ['–', RESTARTED, '–', UNLINK_BY_LOGIN, DELETE_BY_LOGIN],
  unlinked: [PAIR_AGAIN, PAIR_AGAIN, '–', RESET, DELETED],
  'halted, until': [LOGIN_AGAIN, LOGIN_AGAIN, '–', UNLINK_BY_LOGIN, DELETE_BY_LOGIN],
  'halted for good': [LOGIN_AGAIN, LOGIN_AGAIN, '–', UNLINK_BY_LOGIN, DELETE_BY_LOGIN],
};

const KINDS: readonly CommandKind[] = ['start', 'restart', 'resync', 'reset', 'delete'];

test.each(SAMPLE_NAMES)('commands to a phone that is %s', (from) => {
  const answers = KINDS.map((command) => go(from, { kind: 'command', command }));
  expect(answers).toEqual(COMMANDS[from]);
});

/** What a node makes of a phone that it has just taken: with credentials as the situation has them, and with the opposite. */
const CLAIMED: Record<SampleName, readonly [string, string]> = {
  'off, created': ['–', '–'],
  'off, QR ran out': ['–', '–'],
  'off, deleted': ['–', '–'],
  'starting, to pair': ['starting pair +open pair', 'starting login→pair +open login'],
  'starting, to pair again soon': ['starting pair +open pair', 'starting login→pair +open login'],
  'starting, to log in': ['starting login +open login', 'off logged_out !retire'],
  'starting, first login of a link': ['starting login→pair +open login', 'off logged_out !retire'],
  'starting, to unlink and pair': ['starting unlink→pair reset +open login', RESET],
  'starting, to unlink and delete': ['starting unlink→delete deleted +open login', DELETED],
  'pairing, QR': ['starting pair +open pair', 'starting login→pair +open login'],
  'pairing, code': ['starting pair +open pair', 'starting login→pair +open login'],
  'pairing, finishing': ['starting pair +open pair', 'starting login→pair +open login'],
  syncing: ['reconnecting moved +open login', 'off logged_out !retire'],
  online: ['reconnecting moved +open login', 'off logged_out !retire'],
  'online, handset asleep': ['reconnecting moved +open login', 'off logged_out !retire'],
  'online, not stable yet': ['reconnecting moved +open login', 'off logged_out !retire'],
  'reconnecting, in grace': ['–', 'off logged_out !retire'],
  'reconnecting, announced': ['–', 'off logged_out !retire'],
  'reconnecting, opening': ['reconnecting moved +open login', 'off logged_out !retire'],
  'reconnecting, opening, announced': ['reconnecting moved +open login', 'off logged_out !retire'],
  unlinked: ['–', '–'],
  'halted, until': ['–', '–'],
  'halted for good': ['–', '–'],
};

test.each(SAMPLE_NAMES)('a node takes a phone that is %s', (from) => {
  const linked = isLinkedIn(SAMPLES[from]);
  expect([go(from, { kind: 'claimed' }), go(from, { kind: 'claimed' }, { linked: !linked })]).toEqual(CLAIMED[from]);
});

describe('a node that takes a phone', () => {
  const claimed = { kind: 'claimed' } as const;

  test('lets it stay CONNECTED for the grace, if it was', () => {
    for (const from of ['online', 'syncing', 'reconnecting, opening'] as const) {
      const { view, events } = step(SAMPLES[from], claimed);
      expect(view.waState).toBe('CONNECTED');
      expect(events).toEqual(['updated']);
    }
    expect(step(SAMPLES['reconnecting, opening, announced'], claimed).view.waState).toBe('DISCONNECTED');
  });

  test('keeps what the backoff knows', () => {
    expect(step(SAMPLES['online, not stable yet'], claimed).done.state).toMatchObject({ failures: 3 });
    expect(step(SAMPLES['reconnecting, opening'], claimed).done.state).toMatchObject({ failures: 1 });
  });

  test('does not believe a moment that no rule gives', () => {
    const late = { ...SAMPLES['reconnecting, announced'], retryAt: NOW + 3 * HOUR };
    expect(step(late, claimed).done.effects).toEqual([{ do: 'open', purpose: 'login' }]);
    const long = { ...SAMPLES['reconnecting, in grace'], connectedUntil: NOW + 2 * HOUR };
    expect(step(long, claimed).done.state).toMatchObject({ connectedUntil: NOW + 15_000 });
  });

  test('offers no QR code that nobody has asked for in ten minutes', () => {
    const old = { ...SAMPLES['pairing, QR'], askedAt: NOW - 11 * MINUTE };
    expect(step(old, claimed).done.state).toMatchObject({ name: 'off', cause: 'qr_expired' });
  });

  test('knows who linked when the node before ended in the middle of it', () => {
    const { done } = step(SAMPLES['pairing, finishing'], claimed, { linked: true });
    expect(done.identity).toEqual(PERSON);
  });
});

/** The moment that each situation waits for, milliseconds from now, and what it brings. */
const MOMENTS: Record<SampleName, readonly [number, string] | null> = {
  'off, created': null,
  'off, QR ran out': null,
  'off, deleted': null,
  'starting, to pair': [89_000, 'starting pair connect_timeout +close'],
  'starting, to pair again soon': [2_000, 'starting pair network +open pair'],
  'starting, to log in': [89_000, 'reconnecting connect_timeout +close'],
  'starting, first login of a link': [89_000, 'reconnecting connect_timeout +close'],
  'starting, to unlink and pair': [19_000, 'starting pair reset +close +open pair !retire'],
  'starting, to unlink and delete': [19_000, 'off deleted +close !delete'],
  'pairing, QR': [40_000, 'off qr_expired +close'],
  'pairing, code': [40_000, 'off qr_expired +close'],
  'pairing, finishing': [90_000, 'off qr_expired +close'],
  syncing: [599_000, 'reconnecting sync_stalled +close'],
  online: [5 * HOUR, 'online'],
  'online, handset asleep': [5 * HOUR, 'online'],
  'online, not stable yet': [59_000, 'online'],
  'reconnecting, in grace': [2_000, 'reconnecting connection_lost +open login'],
  'reconnecting, announced': [60_000, 'reconnecting connection_lost +open login'],
  'reconnecting, opening': [10_000, 'reconnecting connection_lost'],
  'reconnecting, opening, announced': [89_000, 'reconnecting connect_timeout +close'],
  unlinked: null,
  'halted, until': [HOUR, 'reconnecting temp_ban +open login'],
  'halted for good': null,
};

test.each(SAMPLE_NAMES)('time passes for a phone that is %s', (from) => {
  const state = SAMPLES[from];
  const { openSince } = factsOf(state);
  const at = wakeAt(state, openSince);
  const moment = MOMENTS[from];
  expect(at).toBe(moment === null ? null : NOW + moment[0]);
  if (at === null || moment === null) {
    expect(go(from, { kind: 'time' }, { now: NOW + 100 * HOUR })).toBe('–');
    return;
  }
  // A timer that fires for a moment that is not the state's any more, or too early, means nothing.
  expect(go(from, { kind: 'time' }, { now: at - 1 })).toBe('–');
  expect(go(from, { kind: 'time' }, { now: at })).toBe(moment[1]);
});

test('a phone that waits for its turn to open does not run out of time', () => {
  for (const from of ['starting, to pair', 'starting, to log in', 'reconnecting, opening, announced'] as const) {
    expect(wakeAt(SAMPLES[from], null)).toBeNull();
    expect(go(from, { kind: 'time' }, { now: NOW + HOUR, openSince: null })).toBe('–');
  }
  expect(go('reconnecting, opening', { kind: 'time' }, { now: NOW + HOUR, openSince: null })).toBe(
    'reconnecting connection_lost',
  );
});

test('the engine that paired does not run out of time while it waited for the handset', () => {
  const { done } = step(SAMPLES['pairing, finishing'], { kind: 'paired', identity: PERSON }, { openSince: NOW - HOUR });
  expect(wakeAt(done.state, NOW - HOUR)).toBe(NOW + 90_000);
});

test('a stored moment moves with the wall clock, whatever the state', () => {
  for (const name of SAMPLE_NAMES) {
    const state = SAMPLES[name];
    const openSince = factsOf(state).openSince;
    const before = wakeAt(state, openSince);
    const after = wakeAt(shiftState(state, 2 * HOUR), openSince === null ? null : openSince + 2 * HOUR);
    expect(after).toBe(before === null ? null : before + 2 * HOUR);
    expect(shiftState(shiftState(state, 2 * HOUR), -2 * HOUR)).toEqual(state);
  }
});

describe('pairing', () => {
  const accepted = { kind: 'pairing-accepted', identity: PERSON } as const;
  const paired = { kind: 'paired', identity: PERSON } as const;

  test('hides the QR code as soon as a handset answered', () => {
    const { view } = step(SAMPLES['pairing, QR'], accepted);
    expect(view).toMatchObject({ qrCode: null, isBrowserOpen: true, waState: 'DISCONNECTED' });
  });

  test('goes through the reconnect that WhatsApp asks for without a word of a drop', () => {
    const linked = step(SAMPLES['pairing, finishing'], paired);
    expect(linked.done).toMatchObject({ identity: PERSON, effects: [], state: { purpose: 'login', next: 'pair' } });
    const again = step(linked.done.state, closed({ source: 'stream-error', code: 515, conflict: null, child: null }));
    expect(again.done.effects).toEqual([{ do: 'open', purpose: 'login' }]);
    expect(again.done.state).toEqual(linked.done.state);
    expect(step(again.done.state, { kind: 'opened' }).events).toEqual(['connected']);
  });

  test('does not lose a link that was stored before the engine fell silent', () => {
    const silent = closed({ source: 'connection-ended', message: 'reset' });
    const { done } = step(SAMPLES['pairing, finishing'], silent, { linked: true });
    expect(done).toMatchObject({ identity: PERSON, state: { name: 'starting', purpose: 'login' } });
    expect(done.effects).toContainEqual({ do: 'open', purpose: 'login' });
  });

  test('begins anew when WhatsApp does not know the link', () => {
    const refused = closed({ source: 'failure', code: 401, attrs: {} });
    expect(go('starting, first login of a link', refused)).toBe('starting pair +open pair !retire');
    expect(go('starting, to log in', refused)).toBe('unlinked logged_out !retire');
  });

  test('shows the QR code again when the refused handset has heard of it', () => {
    const { done, view } = step(SAMPLES['pairing, QR'], { kind: 'pairing-refused', cause: 'wrong_number' });
    expect(done.effects).toEqual([]);
    expect(view).toMatchObject({ reasonCode: 'wrong_number', qrCode: null, nextAttemptAt: NOW + 2_000 });
    expect(step(done.state, closed({ source: 'ours', unlinked: false })).done.ignored).toBe(true);
    expect(step(done.state, { kind: 'time' }, { now: NOW + 2_000 }).done.effects).toEqual([
      { do: 'open', purpose: 'pair' },
    ]);
  });

  test('ends after five refusals in an hour', () => {
    const refuse = { kind: 'pairing-refused', cause: 'duplicate_number' } as const;
    expect(go('pairing, QR', refuse, { recent: endings('wrong_number', 4) })).toBe('off duplicate_number !retire');
    expect(go('pairing, QR', refuse, { recent: endings('wrong_number', 4, HOUR) })).toBe(
      'starting pair duplicate_number',
    );
  });

  test('ends after five tries without a link, also when a QR code was shown each time', () => {
    const reset = closed({ source: 'connection-ended', message: 'reset' });
    let state = step(SAMPLES['starting, to pair'], reset).done.state;
    for (let tries = 1; tries < 5; tries += 1) {
      expect(state).toMatchObject({ name: 'starting', failures: tries });
      const opened = step(state, { kind: 'time' }, { now: NOW + HOUR }).done.state;
      const shown = step(opened, { kind: 'qr-offered', qrCode: 'code', expiresAt: NOW + HOUR }).done.state;
      state = step(shown, reset).done.state;
    }
    expect(state).toMatchObject({ name: 'off', cause: 'pairing_failed' });
    expect(step(SAMPLES['starting, to pair'], { kind: 'claimed' }).view.isBrowserOpen).toBe(true);
  });

  test('tells at once what only people can change', () => {
    const end = (code: number) => closed({ source: 'failure', code, attrs: {} });
    expect(go('starting, to pair', end(405))).toBe('off outdated');
    expect(go('starting, to pair', end(409))).toBe('halted config');
    expect(go('starting, to pair', closed({ source: 'not-multidevice' }))).toBe('halted not_multidevice');
    expect(go('starting, to pair', closed({ source: 'untrusted-server' }))).toBe('off untrusted_server');
  });

  test('never says that it is trying when it is not', () => {
    const { view } = step({ ...SAMPLES['starting, to pair'], failures: 4 }, closed({ source: 'half-open' }));
    expect(view).toMatchObject({ isBrowserOpen: false, status: 'error', reasonCode: 'pairing_failed' });
  });
});

describe('a handset that nobody uses', () => {
  const DAY = 24 * HOUR;
  const check = (days: number) =>
    step(SAMPLES.online, { kind: 'time' }, { now: NOW + 5 * HOUR, primarySeenAt: NOW + 5 * HOUR - days * DAY });

  test('is told of after 12 days, while everything works', () => {
    const { view, events } = check(12);
    expect(view).toMatchObject({ waState: 'CONNECTED', isReady: true, isBrowserOpen: true, status: 'ready' });
    expect(view).toMatchObject({ userAction: 'open_phone', reason: expect.stringContaining('12 days') });
    expect(events).toEqual(['updated']);
  });

  test('is not told of before, and not when it was never seen', () => {
    expect(check(11.9).events).toEqual([]);
    expect(step(SAMPLES.online, { kind: 'time' }, { now: NOW + 5 * HOUR }).view.userAction).toBe('none');
  });

  test('is told of at once when the phone comes online, and taken back when the handset was used', () => {
    const slept = { primarySeenAt: NOW - 13 * DAY };
    expect(step(SAMPLES.syncing, { kind: 'drained' }, slept).view.userAction).toBe('open_phone');
    const used = { now: NOW + 5 * HOUR, primarySeenAt: NOW };
    expect(step(SAMPLES['online, handset asleep'], { kind: 'time' }, used).events).toEqual(['updated']);
  });
});

describe('since', () => {
  test('tells when the drop began, not when it was tried last', () => {
    const { view } = step(SAMPLES['reconnecting, opening'], closed({ source: 'half-open' }));
    expect(view.since).toBe(SAMPLES['reconnecting, opening'].since);
  });
});

test('facts that mean nothing in a state change nothing', () => {
  const meaningless: readonly [SampleName, PhoneInput][] = [
    ['off, created', { kind: 'opened' }],
    ['unlinked', closed({ source: 'deaf' })],
    ['halted for good', { kind: 'drained' }],
    ['online', { kind: 'opened' }],
    ['online', { kind: 'qr-offered', qrCode: 'x', expiresAt: NOW }],
    ['reconnecting, opening', { kind: 'drained' }],
    ['starting, to pair', { kind: 'opened' }],
    ['pairing, QR', { kind: 'opened' }],
    ['reconnecting, in grace', { kind: 'opened' }],
    ['reconnecting, in grace', closed({ source: 'deaf' })],
    ['starting, to pair again soon', { kind: 'qr-offered', qrCode: 'x', expiresAt: NOW }],
  ];
  for (const [from, input] of meaningless) {
    const done = transition(SAMPLES[from], input, factsOf(SAMPLES[from]));
    expect(done).toMatchObject({ ignored: true, effects: [], state: SAMPLES[from], credentials: null, ended: null });
  }
});
