import { proto } from 'baileys/WAProto/index.js';
import { describe, expect, it } from 'vitest';
import { Account, newAccountRecord } from './account.js';
import { Journal } from './journal.js';
import { Settings } from './settings.js';
import { emptyHash, openPatch, sealSetting } from './settings-cipher.js';

const account = new Account(
  newAccountRecord({ number: '919820000001', org: 'o', name: 'Asha', platform: 'android', business: false }),
  Journal.open(undefined),
);
const key = account.record.appStateKey;
const named = (name: string) => ({
  index: ['setting_pushName'],
  action: { pushNameSetting: { name }, timestamp: 1 },
  version: 1,
});
const nameIn = (patch: Buffer, state = emptyHash()) => {
  const { settings } = openPatch(key, 'critical_block', state, proto.SyncdPatch.decode(patch));
  return settings[0]?.action.pushNameSetting?.name;
};

describe('synced settings', () => {
  it('open again in order, a later value replacing an earlier one', () => {
    const first = sealSetting(key, 'critical_block', emptyHash(), named('one'));
    const second = sealSetting(key, 'critical_block', first.state, named('two'));
    expect([nameIn(first.patch), nameIn(second.patch, first.state)]).toEqual(['one', 'two']);
    expect(second.state.values.size).toBe(1);
    expect(second.state.version).toBe(2);
  });

  it('are refused out of order, in another collection, under another key, or changed', () => {
    const first = sealSetting(key, 'critical_block', emptyHash(), named('one'));
    const second = sealSetting(key, 'critical_block', first.state, named('two'));
    expect(() => nameIn(second.patch)).toThrow('collection');
    const patch = proto.SyncdPatch.decode(first.patch);
    expect(() => openPatch(key, 'regular', emptyHash(), patch)).toThrow('collection');
    const other = { ...key, id: Buffer.from('another') };
    expect(() => openPatch(other, 'critical_block', emptyHash(), patch)).toThrow('unknown key');
    const blob = patch.mutations[0]?.record?.value?.blob;
    if (blob) blob[20] = (blob[20] ?? 0) ^ 1;
    expect(() => openPatch(key, 'critical_block', emptyHash(), patch)).toThrow('mac of a setting');
  });

  it('taken from a device get the version others ask by', () => {
    const settings = new Settings(Journal.open(undefined));
    settings.write(account, 'critical_block', named('one'));
    const state = openPatch(
      key,
      'critical_block',
      emptyHash(),
      proto.SyncdPatch.decode(settings.after(account, 'critical_block', 0)[0] ?? Buffer.alloc(0)),
    ).state;
    const { patch } = sealSetting(key, 'critical_block', state, named('two'));
    const bare = proto.SyncdPatch.decode(patch);
    bare.version = null;
    settings.accept(account, 'critical_block', Buffer.from(proto.SyncdPatch.encode(bare).finish()));
    const [stored] = settings.after(account, 'critical_block', 1);
    expect(Number(proto.SyncdPatch.decode(stored ?? Buffer.alloc(0)).version?.version)).toBe(2);
    expect(() => settings.accept(account, 'critical_block', patch)).toThrow();
  });
});
