import { z } from 'zod';
import { Timestamp } from './phone.js';

export const KeyScope = z.object({
  phones: z.array(z.string()).nullable().describe('Ids of phones; null means every phone of the organisation.'),
  read: z.boolean(),
  send: z.boolean(),
  admin: z.boolean().describe('Includes read and send.'),
});

/** An API key, without its token. */
export const KeyInfo = z
  .object({
    key_id: z.string(),
    org_id: z.string(),
    name: z.string(),
    prefix: z.string().describe('The first characters of the token.'),
    scope: KeyScope,
    created_at: Timestamp,
    expires_at: Timestamp.nullable(),
    last_used_at: Timestamp.nullable(),
    revoked_at: Timestamp.nullable(),
  })
  .meta({ id: 'KeyInfo' });
export type KeyInfo = z.infer<typeof KeyInfo>;

export const NewKey = KeyInfo.extend({ token: z.string().describe('Shown this once and never again.') }).meta({
  id: 'NewKey',
});
export type NewKey = z.infer<typeof NewKey>;

export const CreateKeyBody = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(100, 'must not be longer than 100 characters')
    .refine((name) => !/\p{Cc}/u.test(name), 'must not contain control characters'),
  scope: z
    .object({
      phones: z
        .array(z.string().regex(/^phone-[a-z]{16}$/, 'must be the id of a phone'))
        .min(1, 'must name a phone; null means all')
        .max(1000, 'must not name more than 1000 phones')
        .nullable()
        .default(null),
      read: z.boolean().default(true),
      send: z.boolean().default(false),
      admin: z.boolean().default(false),
    })
    .refine((scope) => scope.read || scope.send || scope.admin, 'must allow something')
    .default({ phones: null, read: true, send: true, admin: false }),
  expires_at: z.iso
    .datetime({ offset: true, error: 'must be a time in ISO 8601, for example 2030-01-31T00:00:00Z' })
    .nullable()
    .default(null),
});
export type CreateKeyBody = z.infer<typeof CreateKeyBody>;
