import { eventually, type PhoneSeen, Testbed } from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let bed: Testbed;
let lastNumber = 4_915_117_770_000;
beforeAll(async () => {
  bed = await Testbed.create();
});
afterAll(() => bed.stop());

type Fault = Record<string, unknown> & { kind: string };
interface Row {
  readonly says: string;
  /** Strike one after another; a standing one is lifted before the phone is restarted. */
  readonly faults: readonly Fault[];
  readonly shows: Partial<PhoneSeen>;
  /** What a restart leads to once the fault is lifted: the link still holds, or a new scan is needed. */
  readonly afterRestart: 'ready' | 'qr';
  readonly nextAttempt: 'set' | 'none';
}

const drop: Fault = { kind: 'drop', variant: 'terminate' };
const failure = (reason: number, attrs: Record<string, unknown> = {}): Fault[] => [
  { kind: 'failure', reason, ...attrs },
  drop,
];
const refused = (status: number): Fault[] => [{ kind: 'refuse_upgrade', status }, drop];
const closed = { wa_state: 'DISCONNECTED', is_browser_open: false, is_ready: false, qr_code: null } as const;
const trying = { wa_state: 'DISCONNECTED', is_browser_open: true, is_ready: false, qr_code: null } as const;
const blip = { wa_state: 'CONNECTED', is_browser_open: true, is_ready: false, qr_code: null } as const;

const row = (
  says: string,
  faults: readonly Fault[],
  shows: Partial<PhoneSeen>,
  afterRestart: Row['afterRestart'] = 'ready',
  nextAttempt: Row['nextAttempt'] = 'set',
): Row => ({ says, faults, shows, afterRestart, nextAttempt });

const ROWS: readonly Row[] = [
  row(
    'device removed',
    [{ kind: 'stream_error', code: 401, conflict: 'device_removed' }],
    { ...closed, status: 'logged_out', reason_code: 'logged_out', user_action: 'scan_qr' },
    'qr',
    'none',
  ),
  row('401', failure(401), { ...closed, status: 'logged_out', reason_code: 'logged_out' }, 'qr', 'none'),
  row('temporary ban', failure(402, { code: 101, expire: 3600 }), {
    ...closed,
    status: 'banned',
    reason_code: 'temp_ban',
    user_action: 'wait',
  }),
  row('403', failure(403), { ...closed, reason_code: 'locked', user_action: 'contact_whatsapp' }, 'qr', 'none'),
  row('405', failure(405), { ...trying, status: 'outdated', reason_code: 'outdated', user_action: 'upgrade' }),
  row('406', failure(406), { ...closed, status: 'banned', reason_code: 'banned' }, 'qr', 'none'),
  row('409', failure(409), { ...closed, status: 'error', reason_code: 'config' }, 'ready', 'none'),
  row('unknown failure', failure(418), { ...trying, status: 'error', reason_code: 'refused' }),
  row(
    'multi-device not joined',
    [{ kind: 'downgrade_webclient' }],
    { ...closed, reason_code: 'not_multidevice' },
    'ready',
    'none',
  ),
  row('replaced', [{ kind: 'replaced' }], { ...blip, reason_code: 'replaced' }),
  row('proxy refused', refused(407), { reason_code: 'proxy_refused', user_action: 'check_proxy' }),
  row('edge busy', refused(429), { reason_code: 'edge_busy' }),
  row('stream 503', [{ kind: 'stream_error', code: 503 }], { ...blip, reason_code: 'unavailable' }),
  row('500', failure(500), { reason_code: 'server_error' }),
  row('bad frame', [{ kind: 'bad_frame', variant: 'bad_gcm' }], { ...blip, reason_code: 'bad_frame' }),
  row('stream error of no known kind', [{ kind: 'stream_error', child: 'xml-not-well-formed' }], {
    reason_code: 'protocol_error',
  }),
  row('end of stream', [{ kind: 'drop', variant: 'xmlstreamend' }], { ...blip, reason_code: 'connection_lost' }),
];

describe('every end of a session shows what it is, what follows, and what to do', () => {
  test.each(ROWS)('$says', async ({ faults, shows, afterRestart, nextAttempt }) => {
    lastNumber += 1;
    const person = await bed.person('Nora', String(lastNumber));
    const phone = await bed.linkedPhone(person);
    const standing: string[] = [];
    for (const fault of faults) {
      const body = { target: person.number, ...fault };
      const { id } = await bed.api.must<{ id: string }>('POST', '/sandbox/v1/faults', { body });
      standing.push(id);
    }
    const seen = await eventually(`it shows ${JSON.stringify(shows)}`, async () => {
      const now = await bed.phone(phone.phone_id);
      expect(now).toMatchObject(shows);
      return now;
    });
    expect(seen.reason).toMatch(/^[A-Z].*\.$/);
    expect(seen.next_attempt_at === null).toBe(nextAttempt === 'none');
    // A blip that nobody is told of is no disconnect.
    if (seen.wa_state === 'DISCONNECTED') expect(seen.last_disconnect).toMatchObject({ reason_code: seen.reason_code });

    for (const id of standing) await bed.api.call('DELETE', `/sandbox/v1/faults/${id}`);
    await bed.api.must('POST', '/v1/phones/restart', { phone: phone.phone_id });
    if (afterRestart === 'ready') await bed.ready(phone.phone_id);
    else await bed.qrOf(phone.phone_id);

    const history = await bed.api.must<{ reason_code: string | null }[]>('GET', '/v1/phones/history', {
      phone: phone.phone_id,
    });
    expect(history.some(({ reason_code }) => reason_code === seen.reason_code)).toBe(true);
    await bed.api.must('DELETE', '/v1/phones/delete', { phone: phone.phone_id });
  });
});
