import { execFileSync } from 'node:child_process';
import { eventually, type PhoneSeen, Testbed } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let bed: Testbed;
let lastNumber = 4_915_119_990_000;
beforeAll(async () => {
  bed = await Testbed.create();
});
afterAll(() => bed.stop());

function killWorker(): void {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  for (const line of rows) {
    const [pid, ppid, ...args] = line.trim().split(/\s+/);
    if (Number(ppid) === bed.server.pid && args.join(' ').includes('worker-main')) process.kill(Number(pid), 'SIGKILL');
  }
}

type Step = (phone: PhoneSeen, scan: () => Promise<void>) => Promise<void>;

const STEPS: readonly [string, Step][] = [
  ['while the QR is shown', async () => killWorker()],
  [
    'while the scan is under way',
    async (_phone, scan) => {
      const scanned = scan();
      killWorker();
      await scanned;
    },
  ],
  [
    'right after the handset has linked',
    async (_phone, scan) => {
      await scan();
      killWorker();
    },
  ],
  [
    'at the first login',
    async ({ phone_id }, scan) => {
      await scan();
      await bed.phoneIs(phone_id, 'scanned', ({ qr_code }) => qr_code === null);
      killWorker();
    },
  ],
  [
    'once connected',
    async ({ phone_id }, scan) => {
      await scan();
      await bed.phoneIs(phone_id, 'connected', ({ wa_state }) => wa_state === 'CONNECTED');
      await bed.ready(phone_id);
      killWorker();
      await bed.phoneIs(phone_id, 'seen without a worker', ({ is_ready }) => !is_ready);
    },
  ],
];

test.each(STEPS)(
  'a pairing killed %s ends linked and restored, or with a clean new QR',
  { timeout: 120_000 },
  async (_when, step) => {
    lastNumber += 1;
    const person = await bed.person('Olga', String(lastNumber));
    const { phone_id } = await bed.createPhone();
    const shown = await bed.qrOf(phone_id);
    const scan = async () => {
      // The scan itself may fail: its other end was killed.
      await bed.api.call('POST', `/sandbox/v1/handsets/${person.number}/scan`, { body: { qr_code: shown.qr_code } });
    };
    await step(shown, scan);

    const after = await bed.phoneIs(
      phone_id,
      'ready, or showing another QR',
      (phone) => phone.is_ready || (phone.qr_code !== null && phone.qr_code !== shown.qr_code),
      60_000,
    );
    if (!after.is_ready) {
      await eventually('the new QR links', async () => {
        const { qr_code, is_ready } = await bed.phone(phone_id);
        if (qr_code !== null) await bed.scan(person, qr_code);
        return qr_code !== null || is_ready;
      });
    }
    expect(await bed.ready(phone_id, 60_000)).toMatchObject({ org_phone: `${person.number}@c.us` });
  },
);
