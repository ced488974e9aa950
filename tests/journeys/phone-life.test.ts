import { eventually, Testbed } from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let bed: Testbed;
beforeAll(async () => {
  bed = await Testbed.create();
});
afterAll(() => bed.stop());

const handset = (number: string) =>
  bed.api.must<{ linked_devices: unknown[]; name: string; image: string | null }>(
    'GET',
    `/sandbox/v1/handsets/${number}`,
  );

describe('linking', () => {
  test('by pairing code', async () => {
    const ben = await bed.person('Ben', '4915112345601');
    const { phone_id } = await bed.createPhone();
    await bed.qrOf(phone_id);
    const { code } = await bed.api.must<{ code: string; expires_at: string }>('POST', '/v1/phones/pairing-code', {
      phone: phone_id,
      body: { number: ben.number },
    });
    const wrong = await bed.api.call('POST', `/sandbox/v1/handsets/${ben.number}/pairing-code`, {
      body: { code: 'WRONG123' },
    });
    expect(wrong).toMatchObject({ status: 409, body: { code: 'WRONG_CODE' } });
    const again = await bed.api.must<{ code: string }>('POST', '/v1/phones/pairing-code', {
      phone: phone_id,
      body: { number: ben.number },
    });
    expect(again.code).toMatch(/^[A-Z0-9]{4}-?[A-Z0-9]{4}$/);
    expect(code).not.toBe('');
    await bed.api.must('POST', `/sandbox/v1/handsets/${ben.number}/pairing-code`, { body: { code: again.code } });
    expect(await bed.ready(phone_id)).toMatchObject({ org_phone: `${ben.number}@c.us` });
  });

  test('another number on a later scan is refused, audited, and the QR comes back', async () => {
    const carla = await bed.person('Carla', '4915112345602');
    const dieter = await bed.person('Dieter', '4915112345603');
    const { phone_id } = await bed.linkedPhone(carla);
    await bed.api.must('POST', '/v1/phones/reset', { phone: phone_id });
    const { qr_code } = await bed.qrOf(phone_id);
    await bed.api.call('POST', `/sandbox/v1/handsets/${dieter.number}/scan`, { body: { qr_code } });
    const back = await bed.phoneIs(phone_id, 'showing a new QR', (phone) => {
      return phone.qr_code !== null && phone.qr_code !== qr_code && phone.reason_code === 'wrong_number';
    });
    expect(back.org_phone).toBe(`${carla.number}@c.us`);
    await eventually(
      'Dieter has no linked device',
      async () => (await handset(dieter.number)).linked_devices.length === 0,
    );
    await bed.scan(carla, back.qr_code ?? '');
    await bed.ready(phone_id);
  });

  test('the same number twice in one organisation is refused', async () => {
    const emma = await bed.person('Emma', '4915112345604');
    await bed.linkedPhone(emma);
    const second = await bed.createPhone();
    const { qr_code } = await bed.qrOf(second.phone_id);
    await bed.api.call('POST', `/sandbox/v1/handsets/${emma.number}/scan`, { body: { qr_code } });
    await bed.phoneIs(second.phone_id, 'refused', (phone) => phone.reason_code === 'duplicate_number');
    await eventually(
      'Emma has one linked device',
      async () => (await handset(emma.number)).linked_devices.length === 1,
    );
  });
});

describe('profile', () => {
  test('name and picture are read from the account, changed on WhatsApp, and read back', async () => {
    const finn = await bed.person('Finn', '4915112345605');
    const phone = await bed.linkedPhone(finn);
    await bed.phoneIs(phone.phone_id, 'named after the account', ({ phone_name }) => phone_name === 'Finn');
    const image = await redSquare();
    const changed = await bed.api.must<{ phone_image: string }>('PATCH', '/v1/phones/update', {
      phone: phone.phone_id,
      body: { phone_image: image },
    });
    const url = new URL(changed.phone_image);
    expect(url.pathname).toContain(`${phone.org_id}%2F${finn.number}%40c.us.jpg`);
    expect(Number(url.searchParams.get('timestamp'))).toBeGreaterThan(0);
    const served = await fetch(bed.server.url + url.pathname + url.search);
    expect(served.headers.get('content-type')).toBe('image/jpeg');
    expect(served.headers.get('x-content-type-options')).toBe('nosniff');
    await eventually('the handset shows the picture', async () => (await handset(finn.number)).image !== null);
  });

  test('a business account answers 422 on the name', async () => {
    const shop = await bed.person('Gita Shop', '4915112345606', { business: true });
    const phone = await bed.linkedPhone(shop);
    const answer = await bed.api.call('PATCH', '/v1/phones/update', {
      phone: phone.phone_id,
      body: { phone_name: 'New name' },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'VALIDATION_ERROR' } });
  });
});

describe('unlinked on the handset', () => {
  test('says so in plain words and comes back with a new scan after a restart', async () => {
    const hana = await bed.person('Hana', '4915112345607');
    const phone = await bed.linkedPhone(hana);
    await bed.api.must('POST', `/sandbox/v1/handsets/${hana.number}/unlink`, { body: {} });
    const out = await bed.phoneIs(phone.phone_id, 'logged out', ({ status }) => status === 'logged_out');
    expect(out).toMatchObject({
      wa_state: 'DISCONNECTED',
      is_browser_open: false,
      is_ready: false,
      qr_code: null,
      reason_code: 'logged_out',
    });
    await bed.api.must('POST', '/v1/phones/restart', { phone: phone.phone_id });
    const { qr_code } = await bed.qrOf(phone.phone_id);
    await bed.scan(hana, qr_code ?? '');
    await bed.ready(phone.phone_id);
  });
});

async function redSquare(): Promise<string> {
  const { default: sharp } = await import('sharp');
  const png = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#cc0000' } })
    .png()
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
