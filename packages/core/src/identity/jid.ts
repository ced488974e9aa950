/** The kinds of WhatsApp address, parsed where they enter and trusted inside. */

/** Digits of a phone number with country code, for example `918527184400`. */
export type PhoneNumber = string & { readonly __brand: 'PhoneNumber' };
/** Opaque digits of a WhatsApp LID, the privacy address of an account. */
export type Lid = string & { readonly __brand: 'Lid' };
/** Chat id as users see it: `<digits>@c.us` or `<id>@g.us`. */
export type ChatId = string & { readonly __brand: 'ChatId' };

const DIGITS = /^[1-9]\d{4,19}$/;
const GROUP = /^\d{5,25}(-\d{8,12})?$/;

/** Reads a number in any accepted spelling (`+91 85…`, digits, `digits@c.us`); null when it is none. */
export function parsePhoneNumber(text: string): PhoneNumber | null {
  const digits = text
    .trim()
    .replace(/@(c\.us|s\.whatsapp\.net)$/, '')
    .replace(/^\+/, '')
    .replace(/[\s().-]/g, '');
  return DIGITS.test(digits) ? (digits as PhoneNumber) : null;
}

/** The public id of a person's account: `<digits>@c.us`. */
export function personId(number: PhoneNumber): ChatId {
  return `${number}@c.us` as ChatId;
}

/** Reads a chat id in any accepted spelling; direct chats may omit the suffix, groups need `@g.us`. */
export function parseChatId(text: string): ChatId | null {
  const trimmed = text.trim();
  if (trimmed.endsWith('@g.us')) return GROUP.test(trimmed.slice(0, -5)) ? (trimmed as ChatId) : null;
  const number = parsePhoneNumber(trimmed);
  return number === null ? null : personId(number);
}
