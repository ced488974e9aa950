import type { EngineClose } from '../engine/engine-close.js';

/**
 * The one table from the end of a connection to what follows. Nothing else decides to retry, to stop or to retire
 * credentials. Which end is which is told by its source (`causeOf`), never by a number alone.
 */

export type UserAction = 'none' | 'scan_qr' | 'open_phone' | 'wait' | 'contact_whatsapp' | 'check_proxy' | 'upgrade';

/** The word of the public `status` field that a standing cause gives. */
export type CauseStatus = 'reconnecting' | 'stopped' | 'logged_out' | 'banned' | 'replaced' | 'outdated' | 'error';

export type Rule =
  /** Try again with backoff, never earlier than the floor. */
  | { readonly do: 'backoff'; readonly floorMs: number }
  /** Try again at fixed distances; the last one repeats. Not announced as a blip. */
  | { readonly do: 'ladder'; readonly delaysMs: readonly number[] }
  /** Give up the link: credentials are retired and a new QR is needed. */
  | { readonly do: 'retire' }
  /** Keep credentials and wait; null = until somebody restarts the phone. */
  | { readonly do: 'halt'; readonly forMs: number | null }
  /** Close the session until somebody starts it. */
  | { readonly do: 'rest' };

export interface Cause {
  readonly rule: Rule;
  readonly status: CauseStatus;
  readonly userAction: UserAction;
  /** Plain words for people. */
  readonly sentence: string;
  /** A drop of this kind stays CONNECTED on the public side for the grace time. */
  readonly grace: boolean;
  /** So many of this cause become another cause: within the time, or (null) without a stable connection in between. */
  readonly escalate?: { readonly times: number; readonly withinMs: number | null; readonly to: CauseCode };
  /** Many phones failing like this at once pause the whole fleet. */
  readonly fleet: boolean;
  /** Somebody who runs the server should look: told as an error in the log. */
  readonly alarm: boolean;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const backoff = (floorMs = 0): Rule => ({ do: 'backoff', floorMs });
const ladder = (...delaysMs: number[]): Rule => ({ do: 'ladder', delaysMs });
const retire: Rule = { do: 'retire' };
const halt = (forMs: number | null): Rule => ({ do: 'halt', forMs });
const rest: Rule = { do: 'rest' };

function cause(
  rule: Rule,
  status: CauseStatus,
  userAction: UserAction,
  sentence: string,
  more: { grace?: boolean; escalate?: Cause['escalate']; fleet?: boolean; alarm?: boolean } = {},
): Cause {
  const { grace = rule.do === 'backoff', escalate, fleet = false, alarm = false } = more;
  return { rule, status, userAction, sentence, grace, fleet, alarm, ...(escalate && { escalate }) };
}

export const CAUSES = {
  created: cause(rest, 'stopped', 'none', 'The phone was created and has not been started.'),
  stopped: cause(rest, 'stopped', 'none', 'The phone was stopped on purpose.'),
  deleted: cause(rest, 'stopped', 'none', 'The phone was deleted.'),
  reset: cause(rest, 'stopped', 'scan_qr', 'The phone was reset. Scan the new QR code to link it again.'),
  restart_asked: cause(backoff(), 'reconnecting', 'none', 'The phone is being restarted.'),
  moved: cause(backoff(), 'reconnecting', 'none', 'The phone is moving to another worker.'),
  qr_expired: cause(rest, 'stopped', 'scan_qr', 'Nobody scanned the QR code in time. Restart the phone for a new one.'),
  wrong_number: cause(
    rest,
    'stopped',
    'scan_qr',
    'Another number scanned the QR code. Link the number this phone belongs to, or create a new phone.',
  ),
  duplicate_number: cause(
    rest,
    'stopped',
    'scan_qr',
    'That number is already linked to another phone of the organisation.',
  ),
  pairing_failed: cause(
    rest,
    'error',
    'none',
    'No QR code could be offered, because WhatsApp could not be reached. Restart the phone to try again.',
  ),
  restart_required: cause(ladder(0), 'reconnecting', 'none', 'WhatsApp asked for a reconnect.', {
    grace: true,
    escalate: { times: 4, withinMs: MINUTE, to: 'restart_loop' },
  }),
  restart_loop: cause(backoff(), 'reconnecting', 'none', 'WhatsApp keeps asking for a reconnect.'),
  forced_logout: cause(
    halt(10 * SECOND),
    'logged_out',
    'none',
    'WhatsApp ended the session. Checking whether the link still holds.',
  ),
  logged_out: cause(
    retire,
    'logged_out',
    'scan_qr',
    'The device was unlinked on the handset. Restart the phone and scan the QR code again.',
  ),
  temp_ban: cause(
    halt(6 * HOUR),
    'banned',
    'wait',
    'WhatsApp has banned this number for some time. Nothing is sent until the ban ends.',
  ),
  locked: cause(
    retire,
    'logged_out',
    'contact_whatsapp',
    'WhatsApp has locked the account or its main device is gone. Open WhatsApp on the handset, then link again.',
  ),
  outdated: cause(
    ladder(15 * MINUTE),
    'outdated',
    'upgrade',
    'WhatsApp says that this version is too old. Upgrade the server.',
    { fleet: true, alarm: true },
  ),
  banned: cause(retire, 'banned', 'contact_whatsapp', 'WhatsApp has banned this number.'),
  config: cause(
    halt(null),
    'error',
    'upgrade',
    'WhatsApp refused how this server introduces itself. Upgrade the server.',
    { alarm: true },
  ),
  not_multidevice: cause(
    halt(null),
    'error',
    'open_phone',
    'The account has not joined multi-device. Update WhatsApp on the handset, then restart the phone.',
  ),
  refused: cause(
    ladder(MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR),
    'error',
    'wait',
    'WhatsApp refused the login for a reason that is not known.',
  ),
  untrusted_server: cause(
    ladder(5 * MINUTE),
    'error',
    'check_proxy',
    'The other end is not WhatsApp. Check the proxy and the network: nothing is sent.',
    { alarm: true },
  ),
  server_error: cause(backoff(), 'reconnecting', 'none', 'WhatsApp had an internal error.', { fleet: true }),
  unavailable: cause(backoff(5 * SECOND), 'reconnecting', 'none', 'WhatsApp is not available at the moment.', {
    fleet: true,
  }),
  protocol_error: cause(backoff(), 'reconnecting', 'none', 'WhatsApp did not understand the session.', {
    escalate: { times: 5, withinMs: null, to: 'protocol_errors' },
  }),
  protocol_errors: cause(
    ladder(15 * MINUTE),
    'error',
    'upgrade',
    'WhatsApp keeps rejecting what this server sends. It is tried again every 15 minutes.',
    { alarm: true },
  ),
  bad_frame: cause(backoff(), 'reconnecting', 'none', 'Data from WhatsApp could not be read.', {
    escalate: { times: 5, withinMs: 10 * MINUTE, to: 'bad_frames' },
  }),
  bad_frames: cause(
    halt(15 * MINUTE),
    'error',
    'wait',
    'Data from WhatsApp could not be read several times. The phone rests for 15 minutes.',
    { alarm: true },
  ),
  replaced: cause(ladder(30 * SECOND), 'reconnecting', 'none', 'The same link was opened somewhere else.', {
    grace: true,
    escalate: { times: 2, withinMs: 10 * MINUTE, to: 'replaced_again' },
  }),
  replaced_again: cause(
    halt(null),
    'replaced',
    'none',
    'Another copy of this phone is running elsewhere. Stop the other copy, then restart the phone.',
    { alarm: true },
  ),
  connection_lost: cause(backoff(), 'reconnecting', 'none', 'The connection to WhatsApp was lost.'),
  half_open: cause(backoff(), 'reconnecting', 'none', 'WhatsApp stopped answering.'),
  network: cause(backoff(), 'reconnecting', 'none', 'WhatsApp cannot be reached.', { fleet: true }),
  proxy_refused: cause(backoff(), 'reconnecting', 'check_proxy', 'The proxy refused the connection. Check the proxy.'),
  edge_busy: cause(backoff(5 * MINUTE), 'reconnecting', 'wait', 'WhatsApp asked to slow down.', { fleet: true }),
  upgrade_refused: cause(backoff(), 'reconnecting', 'none', 'The connection was refused on the way to WhatsApp.', {
    fleet: true,
  }),
  connect_timeout: cause(backoff(), 'reconnecting', 'none', 'WhatsApp did not answer in time.', { fleet: true }),
  deaf: cause(ladder(0), 'reconnecting', 'none', 'The session was stuck and is opened again.', {
    grace: true,
    escalate: { times: 2, withinMs: HOUR, to: 'deaf_again' },
  }),
  deaf_again: cause(backoff(), 'reconnecting', 'none', 'The session got stuck again; its worker is recycled.', {
    escalate: { times: 2, withinMs: HOUR, to: 'deaf_often' },
    alarm: true,
  }),
  deaf_often: cause(
    halt(15 * MINUTE),
    'error',
    'wait',
    'The session of this phone keeps getting stuck. It rests for 15 minutes.',
    { alarm: true },
  ),
  sync_stalled: cause(backoff(), 'reconnecting', 'none', 'WhatsApp did not hand over everything that it kept for us.'),
  engine_fault: cause(backoff(), 'reconnecting', 'none', 'The session ended with an internal error.'),
  budget_spent: cause(
    ladder(15 * MINUTE),
    'error',
    'wait',
    'The phone could not stay connected for an hour. It is tried again every 15 minutes.',
  ),
  crashed_workers: cause(
    halt(HOUR),
    'error',
    'upgrade',
    'The data of this phone crashed its worker several times. It rests for an hour.',
    { alarm: true },
  ),
} as const satisfies Record<string, Omit<Cause, 'escalate'> & { escalate?: unknown }>;

export type CauseCode =
  | 'created'
  | 'stopped'
  | 'deleted'
  | 'reset'
  | 'restart_asked'
  | 'moved'
  | 'qr_expired'
  | 'wrong_number'
  | 'duplicate_number'
  | 'pairing_failed'
  | 'restart_required'
  | 'restart_loop'
  | 'forced_logout'
  | 'logged_out'
  | 'temp_ban'
  | 'locked'
  | 'outdated'
  | 'banned'
  | 'config'
  | 'not_multidevice'
  | 'refused'
  | 'untrusted_server'
  | 'server_error'
  | 'unavailable'
  | 'protocol_error'
  | 'protocol_errors'
  | 'bad_frame'
  | 'bad_frames'
  | 'replaced'
  | 'replaced_again'
  | 'connection_lost'
  | 'half_open'
  | 'network'
  | 'proxy_refused'
  | 'edge_busy'
  | 'upgrade_refused'
  | 'connect_timeout'
  | 'deaf'
  | 'deaf_again'
  | 'deaf_often'
  | 'sync_stalled'
  | 'engine_fault'
  | 'budget_spent'
  | 'crashed_workers';

export function causeRow(code: CauseCode): Cause {
  return CAUSES[code];
}

export const CAUSE_CODES = Object.keys(CAUSES) as readonly CauseCode[];

/** Which cause an end is, by its source. */
export function causeOf(close: EngineClose): CauseCode {
  switch (close.source) {
    case 'failure':
      return causeOfFailure(close.code);
    case 'stream-error':
      return causeOfStreamError(close);
    case 'connection-ended':
      return 'connection_lost';
    case 'network':
      return 'network';
    case 'upgrade-refused':
      return causeOfUpgrade(close.status);
    case 'half-open':
      return 'half_open';
    case 'connect-timeout':
      return 'connect_timeout';
    case 'deaf':
      return 'deaf';
    case 'bad-frame':
      return 'bad_frame';
    case 'untrusted-server':
      return 'untrusted_server';
    case 'pairing-ended':
      return 'qr_expired';
    case 'not-multidevice':
      return 'not_multidevice';
    case 'ours':
      // Nobody listens to an engine that was told to close, so an end that it calls ours and that is heard is a fault.
      return close.unlinked ? 'logged_out' : 'engine_fault';
    case 'engine-fault':
      return 'engine_fault';
  }
}

const FAILURES: Readonly<Record<number, CauseCode>> = {
  401: 'logged_out',
  402: 'temp_ban',
  403: 'locked',
  405: 'outdated',
  406: 'banned',
  409: 'config',
  411: 'not_multidevice',
  500: 'server_error',
  503: 'unavailable',
};

function causeOfFailure(code: number): CauseCode {
  return FAILURES[code] ?? 'refused';
}

function causeOfStreamError(close: Extract<EngineClose, { source: 'stream-error' }>): CauseCode {
  if (close.conflict === 'device_removed') return 'logged_out';
  if (close.conflict === 'replaced') return 'replaced';
  switch (close.code) {
    case 515:
      return 'restart_required';
    case 516:
      return 'forced_logout';
    case 503:
      return 'unavailable';
    default:
      return 'protocol_error';
  }
}

function causeOfUpgrade(status: number): CauseCode {
  if (status === 429) return 'edge_busy';
  return status === 401 || status === 403 || status === 407 ? 'proxy_refused' : 'upgrade_refused';
}
