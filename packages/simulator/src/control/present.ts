/** How the control API shows things. */

import type { Fault } from '../protocol/faults.js';
import type { Network } from '../protocol/network.js';
import type { Account } from '../world/account.js';
import type { LoggedMessage } from '../world/handset/chat-log.js';

export function presentHandset(network: Network, account: Account): Record<string, unknown> {
  const { number, name, platform, business, about } = account.record;
  return {
    number,
    name,
    about,
    jid: account.jid('pn'),
    lid: account.jid('lid'),
    platform,
    business,
    image: account.picture === undefined ? null : `data:image/jpeg;base64,${account.picture.data.toString('base64')}`,
    linked_devices: [...account.devices.values()].map((device) => ({
      jid: device.jid(),
      linked_at: new Date(device.record.linkedAt).toISOString(),
      connected: network.companion(device) !== undefined,
    })),
  };
}

export function presentMessage(message: LoggedMessage): Record<string, unknown> {
  return {
    id: message.id,
    chat: message.chat,
    from: message.from,
    from_me: message.fromMe,
    type: message.type,
    text: message.text ?? null,
    ...(message.media === undefined ? {} : { media: message.media }),
    reply_to: message.replyTo ?? null,
    edited: message.edited,
    deleted: message.deleted,
    reactions: Object.entries(message.reactions).map(([from, emoji]) => ({ from, emoji })),
    status: message.status,
    copies: message.copies,
    conflicting: message.conflicting,
    at: new Date(message.at).toISOString(),
  };
}

export function presentFault(fault: Fault): Record<string, unknown> {
  return {
    id: fault.id,
    target: fault.target,
    ...fault.action,
    times: fault.times ?? null,
    for_ms: fault.forMs ?? null,
    hits: fault.hits,
    created_at: new Date(fault.createdAt).toISOString(),
  };
}
