import { describe, expect, it } from 'vitest';
import { drivers } from './clients/drivers.js';
import { until } from './until.js';
import { arrives, sandboxWorld } from './world.js';

const world = sandboxWorld();

describe.each(drivers)('$library exchanges text with a person', (driver) => {
  it('in PN addressing, both ways', async () => {
    const { number, client } = await world.linked(driver, 'Asha');
    const ravi = await world.person('Ravi');
    const id = await world.control.write(ravi.number, number, 'is the shop open');
    expect(await arrives(client, 'is the shop open')).toMatchObject({ id, fromMe: false, offline: false });
    const answer = await client.sendText(ravi.jid, 'until nine');
    expect(await world.handsetReceives(ravi.number, 'until nine')).toMatchObject({ id: answer, from_me: false });
    await world.control.write(ravi.number, number, 'thank you');
    await arrives(client, 'thank you');
  });

  it('in LID addressing, both ways', async () => {
    const { number, client } = await world.linked(driver, 'Bilal');
    const sara = await world.person('Sara');
    const id = await client.sendText(sara.lid, 'good morning');
    expect(await world.handsetReceives(sara.number, 'good morning')).toMatchObject({ id, from_me: false });
    await world.control.write(sara.number, number, 'and to you');
    const received = await arrives(client, 'and to you');
    expect([sara.lid, sara.jid]).toContain(received.chat);
    await client.sendText(sara.lid, 'see you');
    await world.handsetReceives(sara.number, 'see you');
  });

  it('first to the LID, then to the number of the same person', async () => {
    const { client } = await world.linked(driver, 'Chitra');
    const tara = await world.person('Tara');
    await client.sendText(tara.lid, 'one');
    await client.sendText(tara.jid, 'two');
    await client.sendText(tara.lid, 'three');
    for (const text of ['one', 'two', 'three']) await world.handsetReceives(tara.number, text);
  });

  it('with receipts from the person', async () => {
    const { number, client } = await world.linked(driver, 'Dev');
    const uma = await world.person('Uma');
    const id = await client.sendText(uma.jid, 'did you get it');
    await until('the delivery receipt', () => client.receiptOf(id) !== 'none');
    await world.control.read(uma.number, number, [id]);
    await until('the read receipt', () => client.receiptOf(id) === 'read');
  });

  it('with receipts to the person', async () => {
    const { number, client } = await world.linked(driver, 'Esha');
    const vik = await world.person('Vik');
    const id = await world.control.write(vik.number, number, 'please confirm');
    await arrives(client, 'please confirm');
    await world.handsetShows(vik.number, id, 'delivered');
    await client.markRead(id);
    await world.handsetShows(vik.number, id, 'read');
  });

  it('and what the owner writes on the handset reaches the linked device as its own', async () => {
    const { number, client } = await world.linked(driver, 'Farid');
    const wali = await world.person('Wali');
    const id = await world.control.write(number, wali.number, 'from my pocket');
    const copy = await arrives(client, 'from my pocket');
    expect(copy).toMatchObject({ id, fromMe: true });
    expect([wali.jid, wali.lid]).toContain(copy.chat);
    expect(await world.handsetReceives(wali.number, 'from my pocket')).toMatchObject({ id, from_me: false });
  });

  it('and what the linked device writes shows on the handset as its own', async () => {
    const { number, client } = await world.linked(driver, 'Gita');
    const xena = await world.person('Xena');
    const id = await client.sendText(xena.jid, 'from the desk');
    expect(await world.handsetReceives(number, 'from the desk')).toMatchObject({ id, from_me: true });
  });

  it('in order, also when many leave at once', async () => {
    const { number, client } = await world.linked(driver, 'Hari');
    const yash = await world.person('Yash');
    const texts = Array.from({ length: 12 }, (_, index) => `line ${index}`);
    for (const text of texts) await world.control.write(yash.number, number, text);
    await arrives(client, 'line 11');
    expect(client.messages.map((message) => message.text)).toEqual(texts);
  });
});

describe.each(drivers)('$library', (driver) => {
  it.runIf(driver.canStayQuiet)('confirms delivery also while it does not appear online', async () => {
    const { number } = await world.person('Asha');
    const client = await world.link(driver, number, { quiet: true });
    const ravi = await world.person('Ravi');
    const id = await world.control.write(ravi.number, number, 'anybody there');
    await arrives(client, 'anybody there');
    await world.handsetShows(ravi.number, id, 'delivered');
    expect((await world.control.stats()).received['receipt inactive']).toBeGreaterThan(0);
  });

  it('is given what the account had before it was linked', async () => {
    const bilal = await world.person('Bilal');
    const sara = await world.person('Sara');
    await world.control.write(sara.number, bilal.number, 'long before');
    await world.control.write(bilal.number, sara.number, 'also before');
    const client = await world.link(driver, bilal.number);
    await until('the history', () => client.historyMessages === 2);
    expect(client.messages).toEqual([]);
  });
});

describe.each(drivers)('$library mends a broken ratchet', (driver) => {
  it('when the phone lost it: asks again and gets the message', async () => {
    const { number, client } = await world.linked(driver, 'Asha');
    const ravi = await world.person('Ravi');
    await world.control.write(ravi.number, number, 'first');
    await arrives(client, 'first');
    await client.sendText(ravi.jid, 'so that the ratchet turns');
    await world.handsetReceives(ravi.number, 'so that the ratchet turns');
    await world.control.write(ravi.number, number, 'second');
    await arrives(client, 'second');
    await client.forgetSessions();
    const id = await world.control.write(ravi.number, number, 'after the loss');
    expect(await arrives(client, 'after the loss')).toMatchObject({ id });
    expect((await world.control.stats()).received['receipt retry']).toBeGreaterThan(0);
    await world.control.write(ravi.number, number, 'and on');
    await arrives(client, 'and on');
  });

  it('when the person cannot open what it sent: answers the retry receipt', async () => {
    const { client } = await world.linked(driver, 'Bilal');
    const sara = await world.person('Sara');
    await client.sendText(sara.jid, 'first');
    await world.handsetReceives(sara.number, 'first');
    await client.damageSessions();
    const sentBefore = (await world.control.stats()).received['message text'] ?? 0;
    const id = await client.sendText(sara.jid, 'after the damage');
    expect(await world.handsetReceives(sara.number, 'after the damage')).toMatchObject({ id });
    const sentAfter = (await world.control.stats()).received['message text'] ?? 0;
    expect(sentAfter - sentBefore, 'the message and at least one resend').toBeGreaterThan(1);
    await client.sendText(sara.jid, 'and on');
    await world.handsetReceives(sara.number, 'and on');
    const shown = (await world.control.messages(sara.number)).map((message) => message.text);
    expect(shown).toEqual(['first', 'after the damage', 'and on']);
  });

  it('when the person asks again although nothing was wrong', async () => {
    const { client } = await world.linked(driver, 'Chitra');
    const tara = await world.person('Tara');
    await client.sendText(tara.jid, 'first');
    await world.handsetReceives(tara.number, 'first');
    await world.control.fault({ target: tara.number, kind: 'retry_receipt', times: 1 });
    await client.sendText(tara.jid, 'asked for again');
    await world.handsetReceives(tara.number, 'asked for again');
    await client.sendText(tara.jid, 'and on');
    await world.handsetReceives(tara.number, 'and on');
    const shown = (await world.control.messages(tara.number)).map((message) => message.text);
    expect(shown).toEqual(['first', 'asked for again', 'and on']);
  });
});
