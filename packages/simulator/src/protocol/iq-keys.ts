/** Signal keys: how many a device has left, what it uploads, and bundles for those who want to write to it. */

import { typedKey, verify } from '../wire/curve.js';
import { child, childBytes, children, el, type Node, readUint, uint } from '../wire/node.js';
import { takeBundle } from '../world/bundle.js';
import { packPreKeys, type SignedPreKey } from '../world/prekeys.js';
import { badRequest, type IqRequest, type IqTable, notFound } from './iq.js';

const KEY_TYPE = Buffer.from([5]);

/** Whether to remind a device to upload more: once when few are left, and once more when none is. */
function isLow(left: number): boolean {
  return left === 4 || left === 0;
}

function keyNode(tag: string, id: number, publicKey: Buffer, signature?: Buffer): Node {
  const parts = [el('id', {}, uint(id, 3)), el('value', {}, publicKey)];
  if (signature !== undefined) parts.push(el('signature', {}, signature));
  return el(tag, {}, parts);
}

function readSignedPreKey(node: Node | undefined, identityKey: Buffer): SignedPreKey {
  const id = readUint(childBytes(node, 'id'));
  const publicKey = childBytes(node, 'value');
  const signature = childBytes(node, 'signature');
  if (id === undefined || publicKey?.length !== 32 || signature?.length !== 64) throw badRequest();
  if (!verify(identityKey, typedKey(publicKey), signature)) throw badRequest();
  return { id, publicKey, signature };
}

function count({ asker }: IqRequest): Node[] {
  return [el('count', { value: asker.device.prekeys.count })];
}

function digest({ asker }: IqRequest): Node[] {
  const { record, prekeys } = asker.device;
  if (!record.settled) throw notFound();
  const { ids, hash } = prekeys.digest(record.identityKey, record.signedPreKey);
  const { id, publicKey, signature } = record.signedPreKey;
  return [
    el('digest', {}, [
      el('registration', {}, uint(record.registrationId, 4)),
      el('type', {}, KEY_TYPE),
      el('identity', {}, record.identityKey),
      keyNode('skey', id, publicKey, signature),
      el(
        'list',
        {},
        ids.map((preKeyId) => el('id', {}, uint(preKeyId, 3))),
      ),
      el('hash', {}, hash),
    ]),
  ];
}

function upload({ iq, asker }: IqRequest): Node[] {
  const { device, connection } = asker;
  const { network } = connection;
  const identityKey = childBytes(iq, 'identity');
  const registrationId = readUint(childBytes(iq, 'registration'));
  if (!identityKey?.equals(device.record.identityKey) || registrationId === undefined) throw badRequest();
  const signedPreKey = readSignedPreKey(child(iq, 'skey'), identityKey);
  const keys = children(child(iq, 'list'), 'key').map((key) => {
    const id = childBytes(key, 'id');
    const publicKey = childBytes(key, 'value');
    if (id?.length !== 3 || publicKey?.length !== 32) throw badRequest();
    return { id, publicKey };
  });
  const first = !device.record.settled;
  network.world.journal.transaction(() => {
    Object.assign(device.record, { registrationId, signedPreKey, settled: true });
    device.prekeys.add(packPreKeys(keys));
    network.world.saveDevice(device);
  });
  if (first) network.settle(device);
  return [];
}

function rotate({ body, asker }: IqRequest): Node[] {
  const { device, connection } = asker;
  device.record.signedPreKey = readSignedPreKey(child(body, 'skey'), device.record.identityKey);
  connection.network.world.saveDevice(device);
  return [];
}

function bundles({ body, asker }: IqRequest): Node[] {
  const users = children(body, 'user').map((user) => bundleNode(user.attrs.jid ?? '', asker));
  return [el('list', {}, users)];
}

function bundleNode(jid: string, asker: IqRequest['asker']): Node {
  const { network } = asker.connection;
  const endpoint = network.world.resolve(jid);
  const bundle = endpoint && takeBundle(endpoint, network.handsets);
  if (endpoint === undefined || bundle === undefined) {
    return el('user', { jid }, [el('error', { code: 404, text: 'item-not-found' })]);
  }
  const device = endpoint.account.devices.get(endpoint.index);
  if (device !== undefined && isLow(device.prekeys.count)) network.notices.remindOfPreKeys(device);
  const { signedPreKey: signed, preKey, deviceIdentity } = bundle;
  return el('user', { jid, t: Math.floor(Date.now() / 1000) }, [
    el('registration', {}, uint(bundle.registrationId, 4)),
    el('type', {}, KEY_TYPE),
    el('identity', {}, bundle.identityKey),
    ...(preKey === undefined ? [] : [keyNode('key', preKey.id, preKey.publicKey)]),
    keyNode('skey', signed.id, signed.publicKey, signed.signature),
    ...(deviceIdentity === undefined ? [] : [el('device-identity', {}, deviceIdentity)]),
  ]);
}

/** Registration data of a device in the order a plain fetch of it would give it, without taking keys. */
function identities({ body, asker }: IqRequest): Node[] {
  const { world } = asker.connection.network;
  const users = children(body, 'user').map((user) => {
    const found = world.resolve(user.attrs.jid);
    const key =
      found?.index === 0
        ? found.account.record.identity.publicKey
        : found?.account.devices.get(found.index)?.record.identityKey;
    if (key === undefined) return el('user', user.attrs, [el('error', { code: 404, text: 'item-not-found' })]);
    return el('user', user.attrs, [el('type', {}, KEY_TYPE), el('identity', {}, key)]);
  });
  return [el('list', {}, users)];
}

export const keyRequests: IqTable = {
  'get encrypt count': count,
  'get encrypt digest': digest,
  'get encrypt key': bundles,
  'get encrypt identity': identities,
  'set encrypt rotate': rotate,
  'set encrypt *': upload,
};
