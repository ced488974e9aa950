import { describe, expect, it } from 'vitest';
import { baileysDriver } from './clients/baileys-client.js';
import { drivers } from './clients/drivers.js';
import { until } from './until.js';
import { ended, online, sandboxWorld } from './world.js';

const world = sandboxWorld();
const refused = (code: string) => ({ status: 409, code });

describe.each(drivers)('$library pairs', (driver) => {
  it('by QR, and both sides then name the same device', async () => {
    const { number, client } = await world.linked(driver, 'Asha');
    const handset = await world.control.handset(number);
    expect(client.jid).toBe(`${number}:1@s.whatsapp.net`);
    expect(client.lid).toBe(handset.lid.replace('@', ':1@'));
    expect(handset.linked_devices).toMatchObject([{ jid: client.jid, connected: true }]);
  });

  it('by code', async () => {
    const { number } = await world.person('Bilal');
    const client = world.fresh(driver);
    await client.connect();
    const code = await client.requestPairingCode(number);
    await world.control.typePairingCode(number, code);
    await online(client);
    expect(client.jid).toBe(`${number}:1@s.whatsapp.net`);
  });

  it('after a wrong code, once the right one is typed', async () => {
    const { number } = await world.person('Chitra');
    const client = world.fresh(driver);
    await client.connect();
    const code = await client.requestPairingCode(number);
    const wrong = code === 'ABCD1234' ? 'ABCD1235' : 'ABCD1234';
    await expect(world.control.typePairingCode(number, wrong)).rejects.toMatchObject(refused('WRONG_CODE'));
    expect((await world.control.handset(number)).linked_devices).toEqual([]);
    await world.control.typePairingCode(number, code);
    await online(client);
  });

  it('only with a QR of a connection that still stands', async () => {
    const { number } = await world.person('Dev');
    const gone = world.fresh(driver);
    await gone.connect();
    const oldQr = await until('a QR code', () => gone.qrCodes.at(-1));
    await gone.close();
    await until('the refs to be forgotten', async () => {
      const refusal = await world.control.scan(number, oldQr).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toMatchObject(refused('QR_EXPIRED'));
      return true;
    });
    const client = await world.link(driver, number);
    expect(client.qrCodes.at(-1)).not.toBe(oldQr);
  });

  it('beside another device of the account, under an index never used before', async () => {
    const { number, client: first } = await world.linked(driver, 'Esha');
    const second = await world.link(driver, number);
    expect(second.jid).toBe(`${number}:2@s.whatsapp.net`);
    await world.control.unlink(number, second.jid);
    expect(await ended(second)).toBe('unlinked');
    const third = await world.link(driver, number);
    expect(third.jid).toBe(`${number}:3@s.whatsapp.net`);
    const handset = await world.control.handset(number);
    expect(handset.linked_devices.map((device) => device.jid)).toEqual([first.jid, third.jid]);
  });
});

describe('refs', () => {
  it('rotate, and the client gives up when they have run out', async () => {
    const { number } = await world.person('Farid');
    const client = world.fresh(baileysDriver, { qrTimeoutMs: 60 });
    await client.connect();
    expect(await ended(client)).toBe('qr-ended');
    expect(new Set(client.qrCodes).size).toBe(6);
    const last = client.qrCodes.at(-1) ?? '';
    await expect(world.control.scan(number, last)).rejects.toMatchObject(refused('QR_EXPIRED'));
  });

  it('any ref still on offer pairs, not only the first', async () => {
    const { number } = await world.person('Gita');
    const client = world.fresh(baileysDriver, { qrTimeoutMs: 400 });
    await client.connect();
    const third = await until('the third QR code', () => client.qrCodes[2]);
    await world.control.scan(number, third);
    await online(client);
  });

  it('made up by nobody are refused, like codes nobody asked for', async () => {
    const { number } = await world.person('Hari');
    await expect(world.control.scan(number, '2@nothing,AA==,AA==,AA==,1')).rejects.toMatchObject(refused('QR_EXPIRED'));
    await expect(world.control.typePairingCode(number, 'ABCD1234')).rejects.toMatchObject(refused('WRONG_CODE'));
  });
});
