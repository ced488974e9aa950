import { z } from 'zod';

export const Timestamp = z.string().meta({
  id: 'Timestamp',
  description: 'ISO 8601 with the offset +00:00.',
  examples: ['2025-04-12T09:15:26.668+00:00'],
});

export const NetworkName = z.enum(['live', 'sandbox']).describe('`live` is WhatsApp, `sandbox` the built-in network.');

/** What a phone is doing, finer than the two values of `wa_state`. */
export const PhoneStatus = z
  .enum([
    'connecting',
    'syncing',
    'ready',
    'qr',
    'reconnecting',
    'restricted',
    'banned',
    'logged_out',
    'replaced',
    'outdated',
    'error',
    'stopped',
  ])
  .meta({ id: 'PhoneStatus' });
export type PhoneStatus = z.infer<typeof PhoneStatus>;

export const LastDisconnect = z.object({ reason_code: z.string(), reason: z.string(), at: Timestamp });

const seedFields = {
  org_id: z.string(),
  org_phone: z.string().nullable().describe('`<number>@c.us`; null until the first scan.'),
  created_at: Timestamp,
  updated_at: Timestamp,
  wa_state: z.enum(['CONNECTED', 'DISCONNECTED']),
  phone_id: z.string(),
  qr_code: z.string().nullable().describe('The raw string to draw as a QR code; null when there is none to scan.'),
  phone_image: z.string().nullable().describe('URL of the profile picture.'),
  phone_name: z.string().nullable(),
  first_connected_at: Timestamp.nullable(),
  is_ready: z.boolean(),
  label_ids: z.record(z.string(), z.literal(true)),
  labels: z.array(z.string()),
  is_browser_open: z.boolean().describe('Whether a session runs for the phone. When false, restart it.'),
};

const statusFields = {
  network: NetworkName,
  status: PhoneStatus,
  reason_code: z.string().nullable().describe('Why the phone is not connected, for programs.'),
  reason: z.string().nullable().describe('The same in plain words.'),
  since: Timestamp.describe('When the phone entered its present state.'),
  next_attempt_at: Timestamp.nullable(),
  user_action: z
    .enum(['none', 'scan_qr', 'open_phone', 'wait', 'contact_whatsapp', 'check_proxy', 'upgrade'])
    .describe('What somebody should do now.'),
  restricted_until: Timestamp.nullable(),
  phone_last_seen: Timestamp.nullable().describe('When the handset was last seen. After 14 days unused it unlinks.'),
  last_disconnect: LastDisconnect.nullable(),
};

/** The phone as every call and event shows it. */
export const PhoneInfo = z.object({ ...seedFields, ...statusFields }).meta({ id: 'PhoneInfo' });
export type PhoneInfo = z.infer<typeof PhoneInfo>;

const rowFields = {
  library: z.string().nullable(),
  phone_state: z
    .object({ loading: z.boolean(), state: z.string(), sync: z.number(), percent: z.number().nullable() })
    .nullable(),
  queue_status: z.record(z.string(), z.unknown()).nullable(),
  server_image: z.string().nullable(),
  server_ip: z.string().nullable(),
  server_name: z.string().nullable(),
  server_zone: z.string().nullable(),
  wa_version: z.string().nullable(),
};

/** The full row that creating a phone answers with. */
export const PhoneRow = z.object({ ...seedFields, ...statusFields, ...rowFields }).meta({ id: 'PhoneRow' });
export type PhoneRow = z.infer<typeof PhoneRow>;

/** One line of the diary of a phone. */
export const PhoneHistoryEntry = z
  .object({
    at: Timestamp,
    state: z.enum(['off', 'starting', 'pairing', 'syncing', 'online', 'reconnecting', 'unlinked', 'halted']),
    reason_code: z.string().nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'PhoneHistoryEntry' });
export type PhoneHistoryEntry = z.infer<typeof PhoneHistoryEntry>;

/** A Node Buffer as JSON writes it: the only form of an image that the official client can read. */
export const SerializedBuffer = z
  .object({ type: z.literal('Buffer'), data: z.array(z.int().min(0).max(255)) })
  .meta({ id: 'SerializedBuffer' });

export const PairingCode = z.object({ code: z.string(), expires_at: Timestamp }).meta({ id: 'PairingCode' });
export type PairingCode = z.infer<typeof PairingCode>;
