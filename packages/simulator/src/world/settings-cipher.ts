/** How synced settings are sealed: one mutation at a time, with a running hash over the whole collection. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { proto } from 'baileys/WAProto/index.js';
import { expandAppStateKeys, generatePatchMac, generateSnapshotMac, LTHashAntiTampering } from 'whatsapp-rust-bridge';
import type { AppStateKey } from './account.js';

const { SyncdOperation } = proto.SyncdMutation;
const MAC_BYTES = 32;
const IV_BYTES = 16;
const LT_HASH_BYTES = 128;

interface Keys {
  index: Buffer;
  valueEncryption: Buffer;
  valueMac: Buffer;
  snapshotMac: Buffer;
  patchMac: Buffer;
}

/** Where a collection stands: its version, its hash, and the mac of every value in it by the mac of its index. */
export interface CollectionHash {
  version: number;
  hash: Buffer;
  values: Map<string, Buffer>;
}

export interface Setting {
  index: string[];
  action: proto.ISyncActionValue;
  version: number;
}

export function emptyHash(): CollectionHash {
  return { version: 0, hash: Buffer.alloc(LT_HASH_BYTES), values: new Map() };
}

function expandKeys(key: AppStateKey): Keys {
  const expanded = expandAppStateKeys(key.data);
  try {
    return {
      index: Buffer.from(expanded.indexKey),
      valueEncryption: Buffer.from(expanded.valueEncryptionKey),
      valueMac: Buffer.from(expanded.valueMacKey),
      snapshotMac: Buffer.from(expanded.snapshotMacKey),
      patchMac: Buffer.from(expanded.patchMacKey),
    };
  } finally {
    expanded.free();
  }
}

function valueMac(operation: number, value: Uint8Array, keyId: Uint8Array, key: Buffer): Buffer {
  const prefix = Buffer.concat([Buffer.from([operation === SyncdOperation.SET ? 1 : 2]), keyId]);
  const length = Buffer.alloc(8);
  length[7] = prefix.length;
  return createHmac('sha512', key).update(prefix).update(value).update(length).digest().subarray(0, MAC_BYTES);
}

interface Change {
  operation: number;
  indexMac: Buffer;
  valueMac: Buffer;
}

/** The collection's hash after some changes. */
function advance(state: CollectionHash, changes: Change[]): CollectionHash {
  const values = new Map(state.values);
  const added: Buffer[] = [];
  const removed: Buffer[] = [];
  for (const { operation, indexMac, valueMac: mac } of changes) {
    const key = indexMac.toString('base64');
    const before = values.get(key);
    if (before !== undefined) removed.push(before);
    if (operation === SyncdOperation.SET) {
      added.push(mac);
      values.set(key, mac);
    } else values.delete(key);
  }
  const lt = new LTHashAntiTampering();
  try {
    return { version: state.version + 1, hash: Buffer.from(lt.subtractThenAdd(state.hash, removed, added)), values };
  } finally {
    lt.free();
  }
}

function macs(keys: Keys, state: CollectionHash, collection: string, values: Buffer[]) {
  const version = BigInt(state.version);
  const snapshotMac = generateSnapshotMac(state.hash, version, collection, keys.snapshotMac);
  return { snapshotMac, patchMac: generatePatchMac(snapshotMac, values, version, collection, keys.patchMac) };
}

/** Seals one setting into a patch on top of a collection. */
export function sealSetting(key: AppStateKey, collection: string, state: CollectionHash, setting: Setting) {
  const keys = expandKeys(key);
  const index = Buffer.from(JSON.stringify(setting.index));
  const plain = proto.SyncActionData.encode({
    index,
    value: setting.action,
    padding: Buffer.alloc(0),
    version: setting.version,
  }).finish();
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-cbc', keys.valueEncryption, iv);
  const value = Buffer.concat([iv, cipher.update(plain), cipher.final()]);
  const change = {
    operation: SyncdOperation.SET,
    indexMac: createHmac('sha256', keys.index).update(index).digest(),
    valueMac: valueMac(SyncdOperation.SET, value, key.id, keys.valueMac),
  };
  const next = advance(state, [change]);
  const patch: proto.ISyncdPatch = {
    version: { version: next.version },
    ...macs(keys, next, collection, [change.valueMac]),
    keyId: { id: key.id },
    mutations: [
      {
        operation: SyncdOperation.SET,
        record: {
          index: { blob: change.indexMac },
          value: { blob: Buffer.concat([value, change.valueMac]) },
          keyId: { id: key.id },
        },
      },
    ],
  };
  return { patch: Buffer.from(proto.SyncdPatch.encode(patch).finish()), state: next };
}

/** Opens a patch and checks every mac in it; throws when one is wrong or the key is not ours. */
export function openPatch(key: AppStateKey, collection: string, state: CollectionHash, patch: proto.ISyncdPatch) {
  const keys = expandKeys(key);
  const settings: Setting[] = [];
  const changes = (patch.mutations ?? []).map(({ operation, record }): Change => {
    const blob = Buffer.from(record?.value?.blob ?? []);
    const keyId = record?.keyId?.id ?? Buffer.alloc(0);
    if (!key.id.equals(keyId)) throw new Error('the setting is sealed with an unknown key');
    const value = blob.subarray(0, -MAC_BYTES);
    const change = {
      operation: operation ?? SyncdOperation.SET,
      indexMac: Buffer.from(record?.index?.blob ?? []),
      valueMac: blob.subarray(-MAC_BYTES),
    };
    if (!valueMac(change.operation, value, keyId, keys.valueMac).equals(change.valueMac)) {
      throw new Error('the mac of a setting is wrong');
    }
    settings.push(readSetting(keys, value, change.indexMac));
    return change;
  });
  const next = advance(state, changes);
  const expected = macs(
    keys,
    next,
    collection,
    changes.map((change) => change.valueMac),
  );
  if (!Buffer.from(expected.snapshotMac).equals(patch.snapshotMac ?? Buffer.alloc(0))) {
    throw new Error('the mac over the collection is wrong');
  }
  if (!Buffer.from(expected.patchMac).equals(patch.patchMac ?? Buffer.alloc(0))) {
    throw new Error('the mac over the patch is wrong');
  }
  return { settings, state: next };
}

function readSetting(keys: Keys, value: Buffer, indexMac: Buffer): Setting {
  const cipher = createDecipheriv('aes-256-cbc', keys.valueEncryption, value.subarray(0, IV_BYTES));
  const plain = Buffer.concat([cipher.update(value.subarray(IV_BYTES)), cipher.final()]);
  const data = proto.SyncActionData.decode(plain);
  const index = Buffer.from(data.index ?? []);
  if (!createHmac('sha256', keys.index).update(index).digest().equals(indexMac)) {
    throw new Error('the mac of an index is wrong');
  }
  const path: unknown = JSON.parse(index.toString('utf8'));
  if (!Array.isArray(path)) throw new Error('an index is not a list');
  return { index: path.map(String), action: data.value ?? {}, version: data.version ?? 0 };
}
