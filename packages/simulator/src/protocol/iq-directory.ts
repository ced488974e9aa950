/** Who has which devices, which LID, and who is on the network at all. */
import { randomBytes } from 'node:crypto';
import { PN_SERVER } from '../wire/jid.js';
import { child, children, el, type Node, text } from '../wire/node.js';
import type { Account } from '../world/account.js';
import { signKeyIndexList } from '../world/device-identity.js';
import type { IqRequest, IqTable } from './iq.js';
import type { Network } from './network.js';

/** Answers one protocol of a query for one user; a user nobody knows has no account. */
type Answer = (account: Account | undefined, asker: Account, network: Network) => Node;

const answers: Record<string, Answer> = {
  devices: (account, asker, network) => {
    if (account === undefined) return el('devices', {}, [el('device-list', {}, [])]);
    network.watch(account, asker);
    const companions = [...account.devices.values()];
    const list = companions.map(({ index, record }) => el('device', { id: index, 'key-index': record.keyIndex }));
    const content = [el('device-list', { hash: deviceHash(account) }, [el('device', { id: 0 }), ...list])];
    if (companions.length > 0) {
      const t = Math.floor(Date.now() / 1000);
      content.push(el('key-index-list', { ts: t }, signKeyIndexList(account)));
    }
    return el('devices', {}, content);
  },
  lid: (account) => el('lid', { val: account?.jid('lid') }),
  contact: (account) => el('contact', { type: account === undefined ? 'out' : 'in' }),
  status: (account) => {
    if (account === undefined) return el('status', { code: 404 });
    return el('status', { t: Math.floor(account.record.createdAt / 1000) }, Buffer.from(account.record.about));
  },
  picture: (account) => el('picture', { id: account?.picture?.id }),
  business: (account) =>
    el('business', {}, account?.record.business === true ? [el('verified_name', { v: 1, verified_level: 'low' })] : []),
  disappearing_mode: () => el('disappearing_mode', { duration: 0, t: 0 }),
  username: () => el('username'),
  sidelist: () => el('sidelist'),
  feature: () => el('feature'),
  text_status: () => el('text_status'),
  bot: () => el('bot'),
};

function deviceHash(account: Account): string {
  return `2:${randomBytes(3).toString('hex')}${account.devices.size}`;
}

function usync({ body, asker }: IqRequest): Node[] {
  const { network } = asker.connection;
  const protocols = children(child(body, 'query')).map((item) => item.tag);
  for (const tag of protocols) if (answers[tag] === undefined) network.stats.unknown(el(`usync ${tag}`));
  const known = protocols.filter((tag) => answers[tag] !== undefined);
  const users = children(child(body, 'list'), 'user').map((user) => {
    const { jid, account } = identify(user, network);
    const content = known.map((tag) => answers[tag]?.(account, asker.device.account, network) ?? el(tag));
    return el('user', { jid, pn_jid: account?.jid('pn') }, content);
  });
  return [
    el('usync', { ...body.attrs, last: 'true', index: 0 }, [
      el(
        'result',
        {},
        known.map((tag) => el(tag)),
      ),
      el('list', {}, users),
    ]),
  ];
}

/** Who an entry of a query means; asked by phone number, people answer under their number's address. */
function identify(user: Node, network: Network): { jid: string; account: Account | undefined } {
  const { jid } = user.attrs;
  if (jid !== undefined) return { jid, account: network.world.resolve(jid)?.account };
  const digits = (text(child(user, 'contact')) ?? '').replace(/\D/g, '');
  return { jid: `${digits}@${PN_SERVER}`, account: network.world.account(digits) };
}

export const directoryRequests: IqTable = { 'get usync usync': usync };
