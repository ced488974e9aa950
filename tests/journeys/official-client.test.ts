import { createRequire } from 'node:module';
import type { PeriskopeApi as PeriskopeApiType } from '@periskope/periskope-client';
import { eventually, type PhoneSeen, TEST_API_KEY, Testbed } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leadPort8080To } from '../lead-port-8080.js';

// Loaded as its users load it.
const { PeriskopeApi } = createRequire(import.meta.url)('@periskope/periskope-client') as {
  PeriskopeApi: typeof PeriskopeApiType;
};
const PHONE_EVENTS = ['org.phone.connected', 'org.phone.disconnected', 'org.phone.updated', 'org.phone.qr'] as const;

let bed: Testbed;
let restore: () => void;
const client = (phone: string) => new PeriskopeApi({ authToken: TEST_API_KEY, phone, env: 'local' });

beforeAll(async () => {
  bed = await Testbed.create();
  restore = leadPort8080To(Number(new URL(bed.server.url).port));
});
afterAll(async () => {
  restore();
  await bed.stop();
});

test('every phone method and every phone event of the unmodified official client, from a fresh server', async () => {
  const asha = await bed.person('Asha', '918527184400');

  // create: a full row, at once
  const created = await client('').phone.create();
  expect(created.error).toBeNull();
  expect(created.status).toBe(200);
  const row = created.data as unknown as PhoneSeen;
  expect(row).toMatchObject({ org_phone: null, wa_state: 'DISCONNECTED', is_ready: false, first_connected_at: null });
  expect(row.phone_id).toMatch(/^phone-[a-z]{16}$/);
  const api = client(row.phone_id);

  const seen: { name: string; phone: PhoneSeen }[] = [];
  api.connect();
  for (const name of PHONE_EVENTS) {
    api.on(name, ((phone: PhoneSeen) => seen.push({ name, phone })) as never);
  }

  // the QR appears without another call, as text and as an image
  const waiting = await bed.qrOf(row.phone_id);
  const qr = await api.phone.getQR();
  expect(qr.status).toBe(200);
  const png = Buffer.from((qr.data as unknown as { type: string; data: number[] }).data);
  expect(png.subarray(1, 4).toString()).toBe('PNG');

  // scan: connected, ready, bound to the number
  await bed.scan(asha, waiting.qr_code ?? '');
  const ready = await bed.ready(row.phone_id);
  expect(ready).toMatchObject({ org_phone: '918527184400@c.us', wa_state: 'CONNECTED', qr_code: null });
  expect(ready.first_connected_at).not.toBeNull();
  expect((await api.phone.info()).data).toMatchObject({ phone_id: row.phone_id, is_ready: true });
  expect((await client('918527184400').phone.info()).data).toMatchObject({ phone_id: row.phone_id });
  expect((await api.phone.getAll()).data?.map((phone) => phone.phone_id)).toContain(row.phone_id);
  const noQr = await api.phone.getQR();
  expect(noQr).toMatchObject({ status: 404, error: { code: 'NOT_FOUND_ERROR' } });

  // labels and name
  const labelled = await api.phone.update({ labels: 'Support, vip,support' });
  expect(labelled.data?.labels).toEqual(['Support', 'vip']);
  const named = await api.phone.update({ phone_name: 'Support desk' });
  expect(named.data).toMatchObject({ phone_name: 'Support desk' });
  const handset = await bed.api.must('GET', `/sandbox/v1/handsets/${asha.number}`);
  expect(handset).toMatchObject({ name: 'Support desk' });
  expect((await api.phone.update({} as never)).error).toMatchObject({
    statusCode: 422,
    message: 'Invalid body. At least one of the following keys are required: phone_name, phone_image, labels',
  });

  // restart keeps the link, resync is accepted, reset asks for a new scan
  expect((await api.phone.restart()).status).toBe(204);
  await eventually('the restart is through', () => seen.some((event) => event.phone.reason_code === 'restart_asked'));
  await bed.ready(row.phone_id);
  expect((await api.phone.resync()).status).toBe(204);
  expect((await api.phone.reset()).status).toBe(204);
  const again = await bed.qrOf(row.phone_id);
  expect(again).toMatchObject({ wa_state: 'DISCONNECTED', org_phone: '918527184400@c.us' });
  await bed.scan(asha, again.qr_code ?? '');
  await bed.ready(row.phone_id);

  await eventually('all four events came', () =>
    PHONE_EVENTS.every((name) => seen.some((event) => event.name === name)),
  );
  const edges = () => seen.map(({ name }) => name).filter((name) => /connected$/.test(name));
  await eventually('the last edge came', () => edges().length >= 3);
  for (const { name, phone } of seen) {
    expect(phone.phone_id).toBe(row.phone_id);
    if (name === 'org.phone.connected') expect(phone.wa_state).toBe('CONNECTED');
    if (name === 'org.phone.disconnected') expect(phone.wa_state).toBe('DISCONNECTED');
    if (name === 'org.phone.qr') expect(phone.qr_code).not.toBeNull();
  }
  expect(edges()).toEqual(['org.phone.connected', 'org.phone.disconnected', 'org.phone.connected']);

  // delete hides it and unlinks the device on the handset
  expect((await api.phone.delete()).status).toBe(204);
  expect((await api.phone.info()).error).toMatchObject({ statusCode: 404 });
  await eventually('the handset has no linked device', async () => {
    const { linked_devices } = await bed.api.must<{ linked_devices: unknown[] }>(
      'GET',
      `/sandbox/v1/handsets/${asha.number}`,
    );
    return linked_devices.length === 0;
  });
  api.disconnect();
});
