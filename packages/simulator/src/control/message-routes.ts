/** What people do with their handsets: writing, reading, reacting, typing. */
import type { Network } from '../protocol/network.js';
import { parseJid } from '../wire/jid.js';
import { el } from '../wire/node.js';
import type { Account } from '../world/account.js';
import type { LoggedMessage } from '../world/handset/chat-log.js';
import { buildDeletion, buildEdit, buildReaction, buildText } from '../world/handset/content.js';
import type { Body } from './body.js';
import { notFound } from './control-error.js';
import type { ControlRequest, ControlRoutes } from './control-server.js';
import { handsetOf } from './handset-routes.js';
import { presentMessage } from './present.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
const EDIT = '1';
const REVOKE = '7';

/** The person a number or an address names. People write across organisations: it is one network. */
function partnerOf(network: Network, body: Body, field: string): Account | undefined {
  const address = body.text(field);
  const jid = address.includes('@') ? address : `${address.replace(/\D/g, '')}@s.whatsapp.net`;
  const found = network.world.resolve(jid)?.account;
  if (found === undefined && address !== '') body.refuse(field, `${field} must be a number or address on this network`);
  return found;
}

/** The chat and the message a call is about. */
function targetOf(
  network: Network,
  request: ControlRequest,
): { owner: Account; chat: Account; message: LoggedMessage } {
  const owner = handsetOf(network, request);
  const chat = partnerOf(network, request.body, 'chat');
  const id = request.body.text('message_id');
  request.body.check();
  const message = chat && network.handsets.of(owner).log.find(chat.number, id);
  if (chat === undefined || message === undefined) throw notFound('Message');
  return { owner, chat, message };
}

async function write(network: Network, request: ControlRequest) {
  const owner = handsetOf(network, request);
  const { body } = request;
  const to = partnerOf(network, body, 'to');
  const text = body.text('text');
  const replyTo = body.optionalText('reply_to');
  const mentions = body.texts('mentions').map((number) => network.world.account(number)?.jid() ?? number);
  const handset = network.handsets.of(owner);
  const quoted = to && replyTo !== undefined ? handset.log.find(to.number, replyTo) : undefined;
  if (replyTo !== undefined && quoted === undefined) body.refuse('reply_to', 'reply_to must be a message of this chat');
  body.check();
  if (to === undefined) throw notFound('Recipient');
  const author = quoted && (network.world.account(quoted.from)?.jid(handset.addressingOf(to)) ?? quoted.from);
  const reply = quoted && author !== undefined ? { replyTo: { message: quoted, authorJid: author } } : {};
  const id = await handset.send(to, buildText({ text, mentions, ...reply }));
  return { status: 201, body: { id } };
}

function list(network: Network, request: ControlRequest) {
  const { log } = network.handsets.of(handsetOf(network, request));
  const wanted = request.query.get('chat');
  const chat = wanted === null ? undefined : (network.world.resolve(wanted)?.account.number ?? parseJid(wanted)?.user);
  const limit = Math.min(Number(request.query.get('limit') ?? DEFAULT_LIMIT) || DEFAULT_LIMIT, MAX_LIMIT);
  const messages = log.list(chat ?? wanted?.replace(/\D/g, ''));
  return { status: 200, body: messages.slice(-limit).map(presentMessage) };
}

function read(network: Network, request: ControlRequest) {
  const owner = handsetOf(network, request);
  const chat = partnerOf(network, request.body, 'chat');
  const wanted = request.body.texts('ids');
  request.body.check();
  if (chat === undefined) throw notFound('Chat');
  const { log } = network.handsets.of(owner);
  const unread = log.list(chat.number).filter((message) => !message.fromMe && message.status === 'received');
  const ids = wanted.length > 0 ? wanted : unread.map((message) => message.id);
  network.handsets.of(owner).read(chat, ids);
  return { status: 204 };
}

async function react(network: Network, request: ControlRequest) {
  const { owner, chat, message } = targetOf(network, request);
  const emoji = request.body.optionalText('emoji') ?? '';
  request.body.check();
  const handset = network.handsets.of(owner);
  await handset.send(chat, buildReaction(chat.jid(handset.addressingOf(chat)), message, emoji), { logged: false });
  if (emoji === '') delete message.reactions[owner.number];
  else message.reactions[owner.number] = emoji;
  handset.log.save(message);
  return { status: 204 };
}

async function edit(network: Network, request: ControlRequest) {
  const { owner, chat, message } = targetOf(network, request);
  const text = request.body.text('text');
  if (!message.fromMe) request.body.refuse('message_id', 'only own messages can be edited');
  request.body.check();
  const handset = network.handsets.of(owner);
  const chatJid = chat.jid(handset.addressingOf(chat));
  await handset.send(chat, buildEdit(chatJid, message, text), { attrs: { edit: EDIT }, logged: false });
  Object.assign(message, { text, edited: true });
  handset.log.save(message);
  return { status: 204 };
}

async function remove(network: Network, request: ControlRequest) {
  const { owner, chat, message } = targetOf(network, request);
  if (!message.fromMe) request.body.refuse('message_id', 'only own messages can be deleted for everybody');
  request.body.check();
  const handset = network.handsets.of(owner);
  const chatJid = chat.jid(handset.addressingOf(chat));
  await handset.send(chat, buildDeletion(chatJid, message), { attrs: { edit: REVOKE }, logged: false });
  message.deleted = true;
  delete message.text;
  handset.log.save(message);
  return { status: 204 };
}

function typing(network: Network, request: ControlRequest) {
  const owner = handsetOf(network, request);
  const chat = partnerOf(network, request.body, 'chat');
  const state = request.body.choice('state', ['composing', 'recording', 'paused', 'typing']);
  request.body.check();
  if (chat === undefined) throw notFound('Chat');
  const shown = state === 'paused' ? el('paused') : el('composing', state === 'recording' ? { media: 'audio' } : {});
  const to = chat.jid(network.handsets.of(owner).addressingOf(chat));
  network.presence.chatState({ account: owner, index: 0 }, el('chatstate', { to }, [shown]));
  return { status: 204 };
}

export function messageRoutes(network: Network): ControlRoutes {
  return {
    'POST handsets/:number/messages': (request) => write(network, request),
    'GET handsets/:number/messages': (request) => list(network, request),
    'POST handsets/:number/read': (request) => read(network, request),
    'POST handsets/:number/react': (request) => react(network, request),
    'POST handsets/:number/edit': (request) => edit(network, request),
    'POST handsets/:number/delete': (request) => remove(network, request),
    'POST handsets/:number/typing': (request) => typing(network, request),
  };
}
