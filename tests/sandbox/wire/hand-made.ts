/** Hand-made linked devices: registered, scanned, linked and logged in over the bare wire. */
import type { World } from '../world.js';
import { Companion } from './companion.js';
import { bytesIn, type Cut, childOf, childrenOf, WireClient, type WireNode, type WireOptions } from './wire-client.js';

export const hasChild = (tag: string) => (node: WireNode) => childrenOf(node, tag).length > 0;

/** A connection that has been offered refs. */
export async function registered(world: World, options: Partial<WireOptions> = {}) {
  const companion = new Companion();
  const payload = companion.registration();
  const { client, greeted } = await WireClient.open(world.network.url, { payload, noise: companion.noise, ...options });
  const offer = await client.next('pair-device', hasChild('pair-device'));
  const refs = childrenOf(childOf(offer, 'pair-device'), 'ref').map((ref) => bytesIn(ref).toString());
  client.send({ tag: 'iq', attrs: { to: 's.whatsapp.net', type: 'result', id: offer.attrs.id ?? '' } });
  return { companion, client, greeted, refs };
}

/** A device that a person scanned and that has not yet answered. `scanning` is the person's call, still open. */
export async function scanned(world: World, number: string) {
  const device = await registered(world);
  const scanning = world.control.scan(number, device.companion.qrCode(device.refs[0] ?? ''));
  scanning.catch(() => undefined);
  const success = await device.client.next('pair-success', hasChild('pair-success'));
  return { ...device, scanning, success };
}

/** A linked device, with what it needs to log in. */
export async function linkedByHand(world: World, number: string) {
  const { companion, client, greeted, scanning, success } = await scanned(world, number);
  const { jid, reply } = companion.answer(success);
  client.send(reply);
  await scanning;
  const login = { payload: companion.login(jid), noise: companion.noise, serverStatic: greeted.serverStatic };
  return { companion, jid, login };
}

/** A hand-made device that is online. */
export async function online(world: World, number: string, cut?: Cut): Promise<WireClient> {
  const { login } = await linkedByHand(world, number);
  return logIn(world, { ...login, ...(cut && { cut }) });
}

/** Logs a hand-made device in. */
export async function logIn(world: World, login: WireOptions): Promise<WireClient> {
  const { client } = await WireClient.open(world.network.url, login);
  await client.next('success', (node) => node.tag === 'success');
  return client;
}
