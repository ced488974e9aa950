import { describe, expect, it } from 'vitest';
import { drivers } from './clients/drivers.js';
import { until } from './until.js';
import { arrives, ended, online, sandboxWorld } from './world.js';

const world = sandboxWorld();

describe.each(drivers)('$library comes back', (driver) => {
  it('after its connection was cut, and is connected once', async () => {
    const { number, client } = await world.linked(driver, 'Asha');
    const ravi = await world.person('Ravi');
    client.cutConnection();
    await online(client, 2);
    await world.control.write(ravi.number, number, 'still there?');
    await arrives(client, 'still there?');
    await client.sendText(ravi.jid, 'yes');
    const live = await world.control.connections();
    expect(live.filter((connection) => connection.number === number)).toMatchObject([{ jid: client.jid }]);
  });

  it('to what waited for it, in the order it was written, before anything new', async () => {
    const { number, client } = await world.linked(driver, 'Bilal');
    const sara = await world.person('Sara');
    const live = await world.control.write(sara.number, number, 'live');
    await arrives(client, 'live');
    // Both libraries tell us first and confirm then; what is not confirmed would rightly come again.
    await world.handsetShows(sara.number, live, 'delivered');
    const state = await client.state();
    await client.close();
    const texts = ['one', 'two', 'three', 'four', 'five'];
    for (const text of texts) await world.control.write(sara.number, number, text);
    const again = world.reopen(driver, state);
    await again.connect();
    await online(again);
    await world.control.write(sara.number, number, 'live again');
    expect(await arrives(again, 'live again')).toMatchObject({ offline: false });
    expect(again.messages.map(({ text, offline }) => [text, offline])).toEqual([
      ...texts.map((text) => [text, true]),
      ['live again', false],
    ]);
  });

  it('to what was written during an outage, in order, by itself', async () => {
    const { number, client } = await world.linked(driver, 'Bela');
    const sana = await world.person('Sana');
    const { id } = await world.control.fault({ target: number, kind: 'refuse_upgrade', status: 503 });
    client.cutConnection();
    await until('the network to see it gone', async () =>
      (await world.control.connections()).every((live) => live.number !== number),
    );
    const texts = ['one', 'two', 'three'];
    for (const text of texts) await world.control.write(sana.number, number, text);
    await world.control.removeFault(id);
    await online(client, 2);
    await arrives(client, 'three');
    expect(client.messages.map(({ text, offline }) => [text, offline])).toEqual(texts.map((text) => [text, true]));
  });

  it('once, with each waiting message handed over once', async () => {
    const { number, client } = await world.linked(driver, 'Chitra');
    const tara = await world.person('Tara');
    const state = await client.state();
    await client.close();
    const id = await world.control.write(tara.number, number, 'only once');
    const again = world.reopen(driver, state);
    await again.connect();
    await online(again);
    await arrives(again, 'only once');
    await world.handsetShows(tara.number, id, 'delivered');
    again.cutConnection();
    await online(again, 2);
    await world.control.write(tara.number, number, 'next');
    await arrives(again, 'next');
    expect(again.messages.map((message) => message.text)).toEqual(['only once', 'next']);
  });

  it('with stored state, under the same device', async () => {
    const { number, client } = await world.linked(driver, 'Dev');
    const state = await client.state();
    await client.close();
    await until('the handset to see it gone', async () => {
      const { linked_devices } = await world.control.handset(number);
      return linked_devices[0]?.connected === false;
    });
    const again = world.reopen(driver, state);
    await again.connect();
    await online(again);
    expect(again.jid).toBe(client.jid);
    expect((await world.control.handset(number)).linked_devices).toMatchObject([{ jid: client.jid, connected: true }]);
  });

  it('not with another Noise key', async () => {
    const { client } = await world.linked(driver, 'Esha');
    const state = await client.state();
    const impostor = world.reopen(driver, state.withForeignNoiseKey());
    await impostor.connect();
    expect(await ended(impostor)).toBe('refused-401');
    expect(client.ending).toBeUndefined();
  });

  it('in place of itself: a second login evicts the first', async () => {
    const { number, client } = await world.linked(driver, 'Farid');
    const uma = await world.person('Uma');
    const twin = world.reopen(driver, await client.state());
    await twin.connect();
    await online(twin);
    expect(await ended(client)).toBe('replaced');
    await world.control.write(uma.number, number, 'who is there');
    await arrives(twin, 'who is there');
    const live = await world.control.connections();
    expect(live.filter((connection) => connection.number === number)).toHaveLength(1);
  });
});
