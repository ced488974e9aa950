/** What a decrypted message does to a handset's chats. */
import { proto } from 'baileys/WAProto/index.js';
import type { Node } from '../../wire/node.js';
import type { Account } from '../account.js';
import type { World } from '../world.js';
import type { ChatLog, LoggedMessage } from './chat-log.js';
import { unwrap, viewContent } from './content.js';

const ProtocolType = proto.Message.ProtocolMessage.Type;

export interface Arrival {
  owner: Account;
  author: Account;
  node: Node;
  message: proto.IMessage;
}

/** Stores a new message, or applies a reaction, an edit or a deletion to the one it is about. */
export function applyMessage(world: World, log: ChatLog, { owner, author, node, message }: Arrival): void {
  const fromMe = author === owner;
  const sent = message.deviceSentMessage;
  const content = sent?.message ?? message;
  const partner = fromMe ? world.resolve(sent?.destinationJid ?? node.attrs.recipient)?.account : author;
  if (partner === undefined) return;
  const chat = partner.number;
  const plain = unwrap(content);
  if (plain.reactionMessage) {
    applyReaction(log, chat, author, plain.reactionMessage);
    return;
  }
  if (plain.protocolMessage) {
    applyProtocolMessage(log, chat, plain.protocolMessage);
    return;
  }
  const id = node.attrs.id ?? '';
  const serialised = Buffer.from(proto.Message.encode(content).finish());
  const earlier = log.find(chat, id);
  if (earlier !== undefined) {
    recordCopy(log, earlier, content);
    return;
  }
  log.add({
    id,
    chat,
    from: author.number,
    fromMe,
    ...viewContent(content),
    status: fromMe ? 'sent' : 'received',
    at: Date.now(),
    content: serialised,
  });
}

/** The same id again: it must say the same thing. */
function recordCopy(log: ChatLog, earlier: LoggedMessage, content: proto.IMessage): void {
  earlier.copies++;
  const before = viewContent(proto.Message.decode(earlier.content));
  const again = viewContent(content);
  if (before.text !== again.text || before.media?.sha256 !== again.media?.sha256) earlier.conflicting = true;
  log.save(earlier);
}

function applyReaction(log: ChatLog, chat: string, author: Account, reaction: proto.Message.IReactionMessage): void {
  const target = log.find(chat, reaction.key?.id ?? '');
  if (target === undefined) return;
  if (reaction.text) target.reactions[author.number] = reaction.text;
  else delete target.reactions[author.number];
  log.save(target);
}

function applyProtocolMessage(log: ChatLog, chat: string, action: proto.Message.IProtocolMessage): void {
  const target = log.find(chat, action.key?.id ?? '');
  if (target === undefined) return;
  if (action.type === ProtocolType.REVOKE) {
    target.deleted = true;
    delete target.text;
    log.save(target);
  }
  if (action.type === ProtocolType.MESSAGE_EDIT && action.editedMessage) {
    const { text } = viewContent(action.editedMessage);
    target.edited = true;
    if (text !== undefined) target.text = text;
    log.save(target);
  }
}
