import { describe, expect, it } from 'vitest';
import { drivers } from './clients/drivers.js';
import { until } from './until.js';
import { arrives, ended, online, sandboxWorld } from './world.js';

const world = sandboxWorld();

describe.each(drivers)('$library under a fault', (driver) => {
  const linked = async (name: string) => {
    const phone = await world.linked(driver, name);
    const friend = await world.person(`friend of ${name}`);
    const works = async (text: string) => {
      await world.control.write(friend.number, phone.number, text);
      await arrives(phone.client, text);
    };
    return { ...phone, works };
  };

  it('drop: comes back', async () => {
    const { number, client, works } = await linked('Asha');
    await world.control.fault({ target: number, kind: 'drop' });
    await online(client, 2);
    await works('after the drop');
  });

  it('stream error 503: comes back', async () => {
    const { number, client, works } = await linked('Bilal');
    await world.control.fault({ target: number, kind: 'stream_error', code: 503 });
    await online(client, 2);
    await works('after 503');
  });

  it.runIf(driver.resumesAfter515)('stream error 515: comes back', async () => {
    const { number, client, works } = await linked('Chitra');
    await world.control.fault({ target: number, kind: 'stream_error', code: 515 });
    await online(client, 2);
    await works('after 515');
  });

  it.runIf(driver.survivesBadFrames)('a broken frame: comes back', async () => {
    const { number, client, works } = await linked('Dara');
    await world.control.fault({ target: number, kind: 'bad_frame', variant: 'bad_gcm' });
    await online(client, 2);
    await works('after the broken frame');
  });

  it('replaced: stops', async () => {
    const { number, client } = await linked('Dev');
    await world.control.fault({ target: number, kind: 'replaced' });
    expect(await ended(client)).toBe('replaced');
  });

  it.each([
    { reason: 401, ending: 'refused-401' },
    { reason: 403, ending: 'refused-403' },
    { reason: 405, ending: 'refused-405' },
  ])('failure $reason: is told so', async ({ reason, ending }) => {
    const { number, client } = await linked('Esha');
    await world.control.fault({ target: number, kind: 'failure', reason });
    client.cutConnection();
    expect(await ended(client)).toBe(ending);
  });

  it('failure 403 for a while: logs in again with the same state afterwards', async () => {
    const { number, client } = await linked('Farid');
    const state = await client.state();
    const { id } = await world.control.fault({ target: number, kind: 'failure', reason: 403 });
    client.cutConnection();
    expect(await ended(client)).toBe('refused-403');
    await world.control.removeFault(id);
    const again = world.reopen(driver, state);
    await again.connect();
    await online(again);
  });

  it('refused upgrades: keeps trying', async () => {
    const { number, client, works } = await linked('Gita');
    await world.control.fault({ target: number, kind: 'refuse_upgrade', status: 503, times: 2 });
    client.cutConnection();
    await online(client, 2);
    await works('after the refusals');
  });

  it('a frozen and a slow network: messages arrive late, in order', async () => {
    const { number, client } = await linked('Hari');
    const friend = await world.person('Ina');
    await world.control.fault({ target: number, kind: 'freeze', for_ms: 400 });
    await world.control.write(friend.number, number, 'through the freeze');
    await arrives(client, 'through the freeze');
    await world.control.fault({ target: number, kind: 'delay', ms: 150 });
    for (const text of ['slow one', 'slow two']) await world.control.write(friend.number, number, text);
    await arrives(client, 'slow two');
    await until('both receipts', async () => {
      const messages = await world.control.messages(friend.number);
      return messages.every((message) => message.status === 'delivered');
    });
    expect(client.messages.map((message) => message.text)).toEqual(['through the freeze', 'slow one', 'slow two']);
  });
});
