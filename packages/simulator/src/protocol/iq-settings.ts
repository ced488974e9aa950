/** Account-wide settings and the small talk of a login. */
import { children, el, type Node, text } from '../wire/node.js';
import { badRequest, type IqRequest, type IqTable } from './iq.js';

const nothing = (): Node[] => [];

function privacy({ asker }: IqRequest): Node[] {
  const { privacy: settings } = asker.device.account.record;
  return [
    el(
      'privacy',
      {},
      Object.entries(settings).map(([name, value]) => el('category', { name, value })),
    ),
  ];
}

function setPrivacy({ body, asker }: IqRequest): Node[] {
  const { account } = asker.device;
  for (const { attrs } of children(body, 'category')) {
    const { name, value } = attrs;
    if (name === undefined || value === undefined) throw badRequest();
    account.record.privacy[name] = value;
  }
  asker.connection.network.world.saveAccount(account);
  return [el('privacy', {}, children(body, 'category'))];
}

function blocklist({ asker }: IqRequest): Node[] {
  return [
    el(
      'list',
      {},
      asker.device.account.record.blocked.map((jid) => el('item', { jid })),
    ),
  ];
}

function setBlocklist({ iq, asker }: IqRequest): Node[] {
  const { network } = asker.connection;
  const { account } = asker.device;
  const items = children(iq, 'item');
  for (const { attrs } of items) {
    const jid = network.world.resolve(attrs.jid)?.account.jid('lid') ?? attrs.jid;
    if (jid === undefined) throw badRequest();
    const others = account.record.blocked.filter((blocked) => blocked !== jid);
    account.record.blocked = attrs.action === 'block' ? [...others, jid] : others;
  }
  network.world.saveAccount(account);
  const change = [el('blocklist', { action: 'modify' }, items)];
  network.notices.notify(account, 'account_sync', change, { except: asker.device.index });
  return blocklist({ iq, body: iq, asker });
}

function props(): Node[] {
  return [el('props', { protocol: 1, ab_key: 'sandbox', hash: 'sandbox', refresh: 86_400, refresh_id: 1 })];
}

function setAbout({ body, asker }: IqRequest): Node[] {
  const { account } = asker.device;
  account.record.about = text(body) ?? '';
  asker.connection.network.world.saveAccount(account);
  return [];
}

/** Queries over GraphQL: an empty result says that nothing is set and nothing is restricted. */
function mex(): Node[] {
  return [el('result', {}, Buffer.from(JSON.stringify({ data: {} })))];
}

export const settingRequests: IqTable = {
  'get privacy privacy': privacy,
  'set privacy privacy': setPrivacy,
  'set privacy tokens': nothing,
  'get blocklist *': blocklist,
  'set blocklist *': setBlocklist,
  'get abt props': props,
  'set passive active': nothing,
  'set passive passive': nothing,
  'get w:p ping': nothing,
  'get w:p *': nothing,
  'set urn:xmpp:whatsapp:dirty clean': nothing,
  'set w:stats add': nothing,
  'set disappearing_mode disappearing_mode': nothing,
  'get disappearing_mode *': () => [el('disappearing_mode', { duration: 0 })],
  'set status status': setAbout,
  'get w:mex query': mex,
  'get newsletter *': nothing,
  'get bot bot': () => [el('bot', {}, [])],
  'get w:biz business_profile': () => [el('business_profile', {}, [])],
};
