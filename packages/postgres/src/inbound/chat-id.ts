/** The id under which a chat is stored. */
import type { ChatAddress } from '@trunkline/core';
import type { IdentityBook } from './identity-book.js';

/** The group, the number, or the LID as long as its number is not known. */
export function chatId(chat: ChatAddress, book: IdentityBook): string {
  if (chat.kind === 'group') return chat.groupId;
  const { number, lid } = book.complete(chat.address);
  return number === null ? `${lid}@lid` : `${number}@c.us`;
}
