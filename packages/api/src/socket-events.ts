/** The event names of the official client, alike on the socket and in webhooks. */
export const EVENT_NAMES = [
  'org.phone.connected',
  'org.phone.disconnected',
  'org.phone.updated',
  'org.phone.qr',
  'message.created',
  'message.updated',
  'message.deleted',
  'message.ack.updated',
  'message.flagged',
  'message.unflagged',
  'message.ticket.attached',
  'reaction.created',
  'reaction.updated',
  'chat.created',
  'chat.notification.created',
  'chat.custom_properties.updated',
  'ticket.created',
  'ticket.updated',
  'ticket.deleted',
  'note.created',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** The second argument of every socket event; the first is the bare object. */
export interface EventMeta {
  readonly id: string;
  /** Per phone, without gaps. */
  readonly sequence: number;
  readonly timestamp: string;
}
