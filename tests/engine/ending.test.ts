import { describe, expect, test } from 'vitest';
import { until } from '../sandbox/until.js';
import { engineWorld } from './engine-world.js';

const world = engineWorld();

describe('how sessions end', () => {
  test('close keeps the link, may be repeated, and nothing is told afterwards', async () => {
    const { handset, phone } = await world.linked('Asha');
    await Promise.all([1, 2].map(async () => phone.session?.close()));
    await phone.session?.close();
    expect(phone.all('closed')).toEqual([{ kind: 'closed', close: { source: 'ours', unlinked: false } }]);
    expect(phone.facts.at(-1)?.kind).toBe('closed');
    expect((await world.control.handset(handset.number)).linked_devices).toHaveLength(1);
    await until('the connection to be gone', async () =>
      (await world.control.connections()).every(({ number }) => number !== handset.number),
    );
  });

  test('unlink removes the device from the handset', async () => {
    const { handset, phone } = await world.linked('Bilal');
    expect(await phone.session?.unlink()).toBe(true);
    expect(await phone.closed()).toEqual({ source: 'ours', unlinked: true });
    expect((await world.control.handset(handset.number)).linked_devices).toEqual([]);
  });

  test('unlink of a session that is not open closes it and says that nobody was told', async () => {
    const phone = world.phone();
    phone.open('pair');
    await phone.fact('qr-offered');
    expect(await phone.session?.unlink()).toBe(false);
    expect(await phone.closed()).toEqual({ source: 'ours', unlinked: false });
  });

  test('removed on the handset', async () => {
    const { handset, phone } = await world.linked('Chitra');
    await world.control.unlink(handset.number);
    expect(await phone.closed()).toMatchObject({ source: 'stream-error', code: 401, conflict: 'device_removed' });
    phone.open('login');
    expect(await phone.closed()).toMatchObject({ source: 'failure', code: 401 });
  });

  test('once the right to run the phone has ended, nothing is sent any more, not even a receipt', async () => {
    const { handset, phone } = await world.linked('Kavi');
    const friend = await world.person('Lata');
    const receipts = async () => (await world.control.stats()).received['receipt inactive'];
    const before = await receipts();
    phone.mayWrite = false;
    await world.control.write(friend.number, handset.number, 'for the next owner');
    expect(await phone.closed()).toEqual({ source: 'ours', unlinked: false });
    expect(await receipts()).toBe(before);
    phone.mayWrite = true;
    await phone.login();
    await phone.arrives('for the next owner');
    await until('the receipt', async () => (await receipts()) !== before);
  });

  test('opened elsewhere with the same credentials', async () => {
    const { phone } = await world.linked('Dev');
    const first = phone.facts;
    await phone.login();
    expect(await until('the first to be replaced', () => first.find(({ kind }) => kind === 'closed'))).toMatchObject({
      close: { source: 'stream-error', conflict: 'replaced' },
    });
  });
});

describe('faults of the network', () => {
  test.each([
    [{ kind: 'drop' }, { source: 'connection-ended' }],
    [{ kind: 'drop', variant: 'reset' }, { source: 'connection-ended' }],
    [
      { kind: 'stream_error', code: 503 },
      { source: 'stream-error', code: 503, conflict: null },
    ],
    [
      { kind: 'stream_error', code: 515 },
      { source: 'stream-error', code: 515 },
    ],
    [
      { kind: 'stream_error', code: 516 },
      { source: 'stream-error', code: 516 },
    ],
    [{ kind: 'replaced' }, { source: 'stream-error', conflict: 'replaced' }],
    [{ kind: 'downgrade_webclient' }, { source: 'not-multidevice' }],
  ])('%o while open', async (fault, close) => {
    const { handset, phone } = await world.linked(`Esha ${JSON.stringify(fault)}`);
    await world.control.fault({ target: handset.number, times: 1, ...fault });
    expect(await phone.closed()).toMatchObject(close);
  });

  test.each([401, 402, 403, 405, 406, 409, 500, 503])('login refused with %i', async (reason) => {
    const { handset, phone } = await world.linked(`Farid ${reason}`);
    await phone.session?.close();
    await world.control.fault({ target: handset.number, kind: 'failure', reason, attrs: { expire: '3600' }, times: 1 });
    phone.open('login');
    expect(await phone.closed()).toMatchObject({ source: 'failure', code: reason, attrs: { expire: '3600' } });
    await phone.login();
  });

  test.each([401, 403, 407, 429, 503])('the upgrade refused with %i is no logout and no hang', async (status) => {
    const phone = world.phone();
    await world.control.fault({ target: phone.phoneId, kind: 'refuse_upgrade', status, times: 1 });
    phone.open('pair');
    expect(await phone.closed()).toEqual({ source: 'upgrade-refused', status });
  });

  test('nobody listens', async () => {
    const phone = world.phone({ socketUrl: () => 'ws://127.0.0.1:1/ws/chat' });
    phone.open('pair');
    expect(await phone.closed()).toMatchObject({ source: 'network' });
  });

  test('a server that is silent from the start ends at the connect deadline', async () => {
    const { handset, phone } = await world.linked('Gita');
    await phone.session?.close();
    const impatient = world.phone({ connectTimeoutMs: 3_000 });
    Object.assign(impatient.store, { credentials: phone.store.credentials, keys: phone.store.keys });
    await world.control.fault({ target: handset.number, kind: 'freeze', times: 1 });
    impatient.open('login');
    expect(await impatient.closed()).toEqual({ source: 'connect-timeout' });
  });

  test('a socket that is open and silent is found dead', async () => {
    const handset = await world.person('Hari');
    const phone = world.phone({ keepAliveMs: 1_000, halfOpenMs: 2_500 });
    await phone.link(world.control, handset.number);
    await world.control.fault({ target: handset.number, kind: 'freeze', times: 1 });
    expect(await phone.closed()).toEqual({ source: 'half-open' });
  });

  test('a wedged store is found deaf, although the socket lives', async () => {
    const handset = await world.person('Indu');
    const friend = await world.person('Jaya');
    const phone = world.phone({ deafMs: 2_000 });
    await phone.link(world.control, handset.number);
    let release = (): void => {};
    phone.store.beforeWrite = (change) =>
      change.inbox === undefined
        ? undefined
        : new Promise<void>((resolve) => {
            release = resolve;
          });
    await world.control.write(friend.number, handset.number, 'stuck');
    expect(await phone.closed()).toEqual({ source: 'deaf' });
    phone.store.beforeWrite = () => {};
    release();
    await phone.login();
    await phone.arrives('stuck');
  });
});
