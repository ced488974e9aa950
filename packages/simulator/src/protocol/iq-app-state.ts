/** Settings shared between the handset and its linked devices. */
import { bytes, child, children, el, type Node } from '../wire/node.js';
import { COLLECTIONS } from '../world/settings.js';
import type { IqRequest, IqTable } from './iq.js';

function sync({ body, asker }: IqRequest): Node[] {
  return [
    el(
      'sync',
      {},
      children(body, 'collection').map((wanted) => syncCollection(wanted, asker)),
    ),
  ];
}

function syncCollection(wanted: Node, asker: IqRequest['asker']): Node {
  const { profiles } = asker.connection.network;
  const { account } = asker.device;
  const name = wanted.attrs.name ?? '';
  const version = Number(wanted.attrs.version ?? 0);
  if (!COLLECTIONS.includes(name) || !Number.isSafeInteger(version)) return failure(name, 400, 'bad-request');
  const patches = [...children(wanted, 'patch'), ...children(child(wanted, 'patches'), 'patch')];
  if (patches.length > 0) {
    if (version !== profiles.settings.version(account, name)) return failure(name, 409, 'conflict');
    try {
      for (const patch of patches) {
        profiles.apply(account, name, bytes(patch) ?? Buffer.alloc(0), asker.device.index);
      }
    } catch (error) {
      asker.connection.network.log('warn', 'a device sent a setting that cannot be read', { problem: String(error) });
      return failure(name, 400, 'bad-request');
    }
    return collection(name, profiles.settings.version(account, name), []);
  }
  return collection(name, profiles.settings.version(account, name), profiles.settings.after(account, name, version));
}

function collection(name: string, version: number, patches: Buffer[]): Node {
  const content =
    patches.length === 0
      ? undefined
      : [
          el(
            'patches',
            {},
            patches.map((patch) => el('patch', {}, patch)),
          ),
        ];
  return el('collection', { name, version, has_more_patches: 'false', type: 'result' }, content);
}

function failure(name: string, code: number, text: string): Node {
  return el('collection', { name, type: 'error' }, [el('error', { code, text })]);
}

export const appStateRequests: IqTable = { 'set w:sync:app:state sync': sync };
