import { z } from 'zod';
import { NetworkName } from './phone.js';

/** WhatsApp cuts profile names at this length. */
export const PHONE_NAME_MAX = 25;
export const LABEL_NAME_MAX = 100;
export const LABELS_MAX = 100;
/** A data URL of 5 MB is a third longer in base64. */
export const IMAGE_TEXT_MAX = 7_000_000;

/** PostgreSQL stores no NUL, and people never mean the others. */
const CONTROL = /\p{Cc}/u;
const letters = (text: string) => Array.from(text).length;

export const phoneName = z
  .string()
  .refine((name) => name.trim() !== '', 'must not be empty')
  .refine((name) => letters(name.trim()) <= PHONE_NAME_MAX, `must not be longer than ${PHONE_NAME_MAX} characters`)
  .refine((name) => !CONTROL.test(name), 'must not contain control characters')
  .describe(`The profile name on WhatsApp, at most ${PHONE_NAME_MAX} characters.`);

export const labelNames = z
  .string()
  .refine((list) => !CONTROL.test(list), 'must not contain control characters')
  .refine(
    (list) => list.split(',').every((name) => letters(name.trim()) <= LABEL_NAME_MAX),
    `each label must not be longer than ${LABEL_NAME_MAX} characters`,
  )
  .refine((list) => list.split(',').length <= LABELS_MAX, `must not name more than ${LABELS_MAX} labels`)
  .describe('Names separated by commas; unknown ones are created, an empty string removes all.');

export const UpdatePhoneBody = z.object({
  phone_name: phoneName.optional(),
  phone_image: z
    .string()
    .max(IMAGE_TEXT_MAX, 'must not be larger than 5 MB')
    .optional()
    .describe('A https URL or a data URL of a JPEG, PNG, WebP or GIF, at most 5 MB and 20 megapixels.'),
  labels: labelNames.optional(),
});
export type UpdatePhoneBody = z.infer<typeof UpdatePhoneBody>;

export const CreatePhoneBody = z.object({
  network: NetworkName.optional(),
  phone_name: phoneName.optional(),
  labels: labelNames.optional(),
});
export type CreatePhoneBody = z.infer<typeof CreatePhoneBody>;

export const PairingCodeBody = z.object({
  number: z.string().describe('The number of the handset with country code: digits, a leading + is fine.'),
});

export const ListPhonesQuery = z.object({
  label: z.string().optional().describe('Names or ids of labels separated by commas: phones with any of them.'),
  status: z.string().optional().describe('Values of `status` separated by commas: phones in any of them.'),
});

export const QR_FORMATS = ['json', 'png', 'svg', 'text'] as const;
export const QrQuery = z.object({
  format: z
    .enum(QR_FORMATS, `must be one of ${QR_FORMATS.join(', ')}`)
    .optional()
    .describe('`json`: a serialised Buffer of the PNG; `text`: drawn for a terminal. Without it `Accept` decides.'),
});

/** A page size: text in the query, 1 to 2000. */
export const limit = z
  .string()
  .refine((text) => /^[1-9]\d{0,8}$/.test(text), 'Limit should be a whole number of at least 1')
  .refine((text) => Number(text) <= 2000, 'Limit should be less than 2000')
  .optional()
  .describe('1 to 2000, 100 when absent.');
export const HistoryQuery = z.object({ limit });
