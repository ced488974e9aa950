import { describe, expect, it } from 'vitest';
import { drivers } from './clients/drivers.js';
import { until } from './until.js';
import { online } from './wire/hand-made.js';
import { childOf, childrenOf, type WireClient, type WireNode } from './wire/wire-client.js';
import { arrives, sandboxWorld } from './world.js';

const world = sandboxWorld();

/** Takes that many bundles of one device, as that many strangers would. */
async function takeBundles(client: WireClient, jid: string, count: number): Promise<readonly WireNode[]> {
  const users = Array.from({ length: count }, () => ({ tag: 'user', attrs: { jid } }));
  const attrs = { to: 's.whatsapp.net', type: 'get', xmlns: 'encrypt' };
  const answer = await client.ask({ tag: 'iq', attrs, content: [{ tag: 'key', attrs: {}, content: users }] });
  return childrenOf(childOf(answer, 'list'), 'user');
}

const oneTimeIds = (bundles: readonly WireNode[]) =>
  bundles.flatMap((bundle) => childrenOf(bundle, 'key').map((key) => JSON.stringify(childOf(key, 'id').content)));

/** How often anybody uploaded keys; the libraries put different parts of the upload first. */
async function uploads(): Promise<number> {
  const { received } = await world.control.stats();
  return (received['iq set encrypt registration'] ?? 0) + (received['iq set encrypt identity'] ?? 0);
}

describe.each(drivers)('$library keeps its one-time keys in stock', (driver) => {
  it('each is given out once, and running low makes it upload more', async () => {
    const earlier = await uploads();
    const { number, client } = await world.linked(driver, 'Asha');
    const { number: curious } = await world.person('a curious stranger');
    const stranger = await online(world, curious);
    const before = await until('the first upload', async () => {
      const now = await uploads();
      return now > earlier && now;
    });
    const jid = client.jid ?? '';

    const first = oneTimeIds(await takeBundles(stranger, jid, 400));
    const second = oneTimeIds(await takeBundles(stranger, jid, 410));
    expect(new Set([...first, ...second]).size).toBe(810);
    await until('another upload', async () => (await uploads()) > before);
    const fresh = oneTimeIds(await takeBundles(stranger, jid, 2));
    expect(fresh).toHaveLength(2);

    const { number: friend } = await world.person('a friend');
    await world.control.write(friend, number, 'new session, new key');
    await arrives(client, 'new session, new key');
    stranger.close();
  });
});
