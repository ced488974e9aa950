import { describe, expect, it } from 'vitest';
import { baileysDriver } from './clients/baileys-client.js';
import { zapoDriver } from './clients/zapo-client.js';
import { until } from './until.js';
import { arrives, online, sandboxWorld } from './world.js';

const world = sandboxWorld();

const pairs = [
  { name: 'baileys and baileys', left: baileysDriver, right: baileysDriver },
  { name: 'zapo and zapo', left: zapoDriver, right: zapoDriver },
  { name: 'baileys and zapo', left: baileysDriver, right: zapoDriver },
];

describe.each(pairs)('$name', ({ left, right }) => {
  it('write to each other by number, with receipts', async () => {
    const [asha, ravi] = await Promise.all([world.linked(left, 'Asha'), world.linked(right, 'Ravi')]);
    const there = await asha.client.sendText(ravi.handset.jid, 'there');
    expect(await arrives(ravi.client, 'there')).toMatchObject({ id: there, fromMe: false });
    await until('the delivery receipt', () => asha.client.receiptOf(there) !== 'none');
    await ravi.client.markRead(there);
    await until('the read receipt', () => asha.client.receiptOf(there) === 'read');

    const back = await ravi.client.sendText(asha.handset.jid, 'and back');
    expect(await arrives(asha.client, 'and back')).toMatchObject({ id: back, fromMe: false });
    await until('the delivery receipt', () => ravi.client.receiptOf(back) !== 'none');
    await asha.client.sendText(ravi.handset.jid, 'again');
    await arrives(ravi.client, 'again');
  });

  it('write to each other by LID', async () => {
    const [bilal, sara] = await Promise.all([world.linked(left, 'Bilal'), world.linked(right, 'Sara')]);
    await bilal.client.sendText(sara.handset.lid, 'there');
    await arrives(sara.client, 'there');
    await sara.client.sendText(bilal.handset.lid, 'and back');
    await arrives(bilal.client, 'and back');
    await bilal.client.sendText(sara.handset.lid, 'again');
    await arrives(sara.client, 'again');
  });

  it('mend a ratchet that one of them lost', async () => {
    const [chitra, tara] = await Promise.all([world.linked(left, 'Chitra'), world.linked(right, 'Tara')]);
    await chitra.client.sendText(tara.handset.jid, 'before');
    await arrives(tara.client, 'before');
    await tara.client.sendText(chitra.handset.jid, 'turn');
    await arrives(chitra.client, 'turn');
    await chitra.client.sendText(tara.handset.jid, 'settled');
    await arrives(tara.client, 'settled');
    await tara.client.forgetSessions();
    const id = await chitra.client.sendText(tara.handset.jid, 'after the loss');
    expect(await arrives(tara.client, 'after the loss')).toMatchObject({ id });
  });

  it('share one account: each sees what the other writes, and both receive', async () => {
    const dev = await world.linked(left, 'Dev');
    const second = await world.link(right, dev.number);
    await online(second);
    const uma = await world.person('Uma');
    const id = await dev.client.sendText(uma.jid, 'from the first device');
    expect(await arrives(second, 'from the first device')).toMatchObject({ id, fromMe: true });
    await second.sendText(uma.jid, 'from the second device');
    expect(await arrives(dev.client, 'from the second device')).toMatchObject({ fromMe: true });
    await world.control.write(uma.number, dev.number, 'to both');
    await Promise.all([arrives(dev.client, 'to both'), arrives(second, 'to both')]);
  });
});
