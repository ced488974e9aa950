import { z } from 'zod';

/** Bodies of the sandbox are checked lightly here: the sandbox itself knows what it accepts and says so. */
const number = z.string().describe('Digits with country code.');
const base64 = z.string().describe('base64');

export const Handset = z
  .looseObject({
    number,
    name: z.string().nullable(),
    jid: z.string(),
    lid: z.string(),
    platform: z.string(),
    business: z.boolean(),
    image: z.string().nullable().describe('Data URL.'),
    linked_devices: z.array(z.looseObject({ jid: z.string(), linked_at: z.string(), connected: z.boolean() })),
  })
  .meta({ id: 'Handset' });

export const HANDSET_EXAMPLE = {
  number: '918527184400',
  name: 'Asha',
  jid: '918527184400@s.whatsapp.net',
  lid: '182736455463728@lid',
  platform: 'android',
  business: false,
  image: null,
  linked_devices: [
    { jid: '918527184400:1@s.whatsapp.net', linked_at: '2025-04-12T09:15:26.668+00:00', connected: true },
  ],
};

export const SandboxMessage = z
  .looseObject({
    id: z.string(),
    chat: z.string(),
    from: z.string(),
    from_me: z.boolean(),
    type: z.string(),
    text: z.string().nullable(),
    at: z.string(),
  })
  .meta({ id: 'SandboxMessage' });

export const SandboxFault = z
  .looseObject({ id: z.string(), target: z.string(), kind: z.string() })
  .meta({ id: 'SandboxFault' });

export const SandboxConnection = z
  .looseObject({ jid: z.string(), number, connected_at: z.string(), bytes_in: z.number(), bytes_out: z.number() })
  .meta({ id: 'SandboxConnection' });

export const SandboxNetwork = z
  .looseObject({
    url: z.string().describe('WebSocket URL for other clients.'),
    root: base64.describe('The 32-byte Noise root in base64.'),
    ca: z.string().describe('PEM of the media CA.'),
  })
  .meta({ id: 'SandboxNetwork' });

export const AddHandsetBody = z.looseObject({
  number,
  name: z.string().optional(),
  platform: z.string().optional(),
  business: z.boolean().optional(),
});
export const ChangeHandsetBody = z.looseObject({
  name: z.string().optional(),
  image: z.string().nullable().optional().describe('Data URL.'),
  about: z.string().optional(),
});
export const ScanBody = z.looseObject({ qr_code: z.string().describe('The `qr_code` of a phone.') });
export const TypeCodeBody = z.looseObject({ code: z.string() });
export const UnlinkBody = z.looseObject({ jid: z.string().optional().describe('All linked devices when absent.') });
export const WriteBody = z.looseObject({
  to: z.string().describe('A number or the id of a group.'),
  text: z.string().optional(),
  media: z
    .looseObject({
      mimetype: z.string(),
      filename: z.string().optional(),
      caption: z.string().optional(),
      data: base64,
    })
    .optional(),
  reply_to: z.string().optional(),
  mentions: z.array(z.string()).optional(),
});
export const ReadBody = z.looseObject({ chat: z.string(), ids: z.array(z.string()).optional() });
export const ReactBody = z.looseObject({ chat: z.string(), message_id: z.string(), emoji: z.string() });
export const EditBody = z.looseObject({ chat: z.string(), message_id: z.string(), text: z.string() });
export const DeleteBody = z.looseObject({ chat: z.string(), message_id: z.string() });
export const TypingBody = z.looseObject({ chat: z.string(), state: z.string() });
export const AddGroupBody = z.looseObject({
  creator: z.string(),
  subject: z.string(),
  participants: z.array(z.string()),
});
export const ChangeGroupBody = z.looseObject({});
export const AddFaultBody = z.looseObject({
  target: z.string().describe('A number, the id of a phone, or `*`.'),
  kind: z
    .string()
    .describe(
      'drop, freeze, delay {ms}, stream_error {code, conflict?}, failure {reason}, replaced, bad_frame {variant}, ' +
        'refuse_upgrade {status}, ack_error {code}, no_ack, late_ack {ms}, duplicate, reorder, retry_receipt or passkey_gate.',
    ),
  times: z.int().optional(),
  for_ms: z.int().optional(),
});
export const NewId = z.looseObject({ id: z.string() });
export const NumberParam = z.object({ number: z.string() });
export const IdParam = z.object({ id: z.string() });
export const SandboxMessagesQuery = z.object({ chat: z.string().optional(), limit: z.string().optional() });
