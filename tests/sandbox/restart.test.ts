import { describe, expect, it } from 'vitest';
import { drivers } from './clients/drivers.js';
import { arrives, online, sandboxWorld } from './world.js';

describe.each(drivers)('the network restarts under $library', (driver) => {
  const world = sandboxWorld();

  it('and nobody has to link again', async () => {
    const asha = await world.linked(driver, 'Asha');
    const away = await world.linked(driver, 'Bilal');
    const ravi = await world.person('Ravi');
    await world.control.write(ravi.number, asha.number, 'before');
    await arrives(asha.client, 'before');
    await asha.client.sendText(ravi.jid, 'noted');
    const awayState = await away.client.state();
    await away.client.close();
    await world.control.write(ravi.number, away.number, 'for later');

    await world.restart();

    await online(asha.client, 2);
    await world.control.write(ravi.number, asha.number, 'after');
    await arrives(asha.client, 'after');
    await asha.client.sendText(ravi.jid, 'noted again');
    await world.handsetReceives(ravi.number, 'noted');
    await world.handsetReceives(ravi.number, 'noted again');

    const back = world.reopen(driver, awayState);
    await back.connect();
    await online(back);
    expect(await arrives(back, 'for later')).toMatchObject({ offline: true });
    expect((await world.control.handset(away.number)).linked_devices).toMatchObject([
      { jid: back.jid, connected: true },
    ]);
  });
});
