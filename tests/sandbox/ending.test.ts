import { describe, expect, it } from 'vitest';
import { drivers } from './clients/drivers.js';
import { until } from './until.js';
import { arrives, ended, sandboxWorld } from './world.js';

const world = sandboxWorld();

describe.each(drivers)('$library is unlinked', (driver) => {
  it('from the handset, and cannot log in again', async () => {
    const { number, client } = await world.linked(driver, 'Asha');
    const state = await client.state();
    await world.control.unlink(number);
    expect(await ended(client)).toBe('unlinked');
    expect((await world.control.handset(number)).linked_devices).toEqual([]);
    const again = world.reopen(driver, state);
    await again.connect();
    expect(await ended(again)).toBe('refused-401');
  });

  it('from the handset while away, and learns it at login', async () => {
    const { number, client } = await world.linked(driver, 'Bilal');
    const state = await client.state();
    await client.close();
    await world.control.unlink(number);
    const again = world.reopen(driver, state);
    await again.connect();
    expect(await ended(again)).toBe('refused-401');
  });

  it('by its own logout, and the handset sees it', async () => {
    const { number, client } = await world.linked(driver, 'Chitra');
    const state = await client.state();
    await client.logout();
    await until('the handset to forget the device', async () => {
      const { linked_devices } = await world.control.handset(number);
      return linked_devices.length === 0;
    });
    expect(await ended(client)).toBe('unlinked');
    const again = world.reopen(driver, state);
    await again.connect();
    expect(await ended(again)).toBe('refused-401');
  });

  it('without touching the other device of the account', async () => {
    const { number, client } = await world.linked(driver, 'Dev');
    const second = await world.link(driver, number);
    const uma = await world.person('Uma');
    await world.control.unlink(number, client.jid);
    expect(await ended(client)).toBe('unlinked');
    await world.control.write(uma.number, number, 'to the one that stays');
    await arrives(second, 'to the one that stays');
    await second.sendText(uma.jid, 'got it');
    expect(second.ending).toBeUndefined();
  });

  it('and may be linked again', async () => {
    const { number, client } = await world.linked(driver, 'Esha');
    await world.control.unlink(number);
    expect(await ended(client)).toBe('unlinked');
    const again = await world.link(driver, number);
    const vik = await world.person('Vik');
    await world.control.write(vik.number, number, 'welcome back');
    await arrives(again, 'welcome back');
  });
});
