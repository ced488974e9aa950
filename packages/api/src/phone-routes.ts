import { z } from 'zod';
import { PairingCode, PhoneHistoryEntry, PhoneInfo, PhoneRow, SerializedBuffer } from './phone.js';
import { NEW_PHONE_EXAMPLE, PHONE_EXAMPLE } from './phone-examples.js';
import {
  CreatePhoneBody,
  HistoryQuery,
  ListPhonesQuery,
  PairingCodeBody,
  QrQuery,
  UpdatePhoneBody,
} from './phone-input.js';
import { defineRoute } from './route.js';

const tag = 'Phones';
const phone = 'required' as const;
const accepted = (what: string) =>
  ({ status: 204, description: `${what} Progress shows in events and in GET /v1/phones.` }) as const;

export const phoneRoutes = {
  info: defineRoute({
    name: 'getPhone',
    method: 'GET',
    path: '/v1/phones',
    tag,
    summary: 'One phone',
    permission: 'read',
    phone,
    success: { status: 200, description: 'The phone.', schema: PhoneInfo, example: PHONE_EXAMPLE },
  }),
  all: defineRoute({
    name: 'listPhones',
    method: 'GET',
    path: '/v1/phones/all',
    tag,
    summary: 'All phones that the key may use',
    permission: 'read',
    query: ListPhonesQuery,
    success: { status: 200, description: 'Newest first.', schema: z.array(PhoneInfo), example: [PHONE_EXAMPLE] },
    errors: [422],
  }),
  qr: defineRoute({
    name: 'getPhoneQr',
    method: 'GET',
    path: '/v1/phones/qr',
    tag,
    summary: 'The QR code to scan',
    description:
      'Without `format`, an `Accept` that names image/png, image/svg+xml or image/* gets the picture itself; everything else, ' +
      'also `*/*`, gets a serialised Buffer with the PNG. 404 when there is nothing to scan; the message says what to do.',
    permission: 'read',
    phone,
    query: QrQuery,
    success: {
      status: 200,
      description: 'The code as an image.',
      schema: SerializedBuffer,
      example: { type: 'Buffer', data: [137, 80, 78, 71] },
      alsoTypes: ['image/png', 'image/svg+xml', 'text/plain'],
    },
  }),
  create: defineRoute({
    name: 'createPhone',
    method: 'POST',
    path: '/v1/phones/create',
    tag,
    summary: 'Create a phone and start it, so that its QR code appears',
    permission: 'org',
    body: CreatePhoneBody,
    bodyOptional: true,
    bodyExample: { network: 'sandbox', labels: 'front desk' },
    success: { status: 200, description: 'The new phone.', schema: PhoneRow, example: NEW_PHONE_EXAMPLE },
    errors: [422],
  }),
  update: defineRoute({
    name: 'updatePhone',
    method: 'PATCH',
    path: '/v1/phones/update',
    tag,
    summary: 'Change name, picture or labels',
    description:
      'Name and picture are changed on WhatsApp, so the phone must be connected (409 otherwise). ' +
      'The name of a WhatsApp Business account can only be changed on the handset (422).',
    permission: 'admin',
    phone,
    body: UpdatePhoneBody,
    bodyExample: { phone_name: 'Support', labels: 'front desk,night shift' },
    bodyLimitBytes: 8_000_000,
    success: { status: 200, description: 'The phone after the change.', schema: PhoneInfo, example: PHONE_EXAMPLE },
    errors: [409, 422, 502],
  }),
  restart: defineRoute({
    name: 'restartPhone',
    method: 'POST',
    path: '/v1/phones/restart',
    tag,
    summary: 'Open the session again, keeping the link',
    permission: 'admin',
    phone,
    success: accepted('Accepted.'),
  }),
  reset: defineRoute({
    name: 'resetPhone',
    method: 'POST',
    path: '/v1/phones/reset',
    tag,
    summary: 'Unlink the phone and offer a fresh QR code',
    permission: 'admin',
    phone,
    success: accepted('Accepted.'),
  }),
  resync: defineRoute({
    name: 'resyncPhone',
    method: 'POST',
    path: '/v1/phones/resync',
    tag,
    summary: 'Ask WhatsApp again for everything that can be asked',
    permission: 'admin',
    phone,
    success: accepted('Accepted.'),
  }),
  delete: defineRoute({
    name: 'deletePhone',
    method: 'DELETE',
    path: '/v1/phones/delete',
    tag,
    summary: 'Unlink the phone and remove it',
    permission: 'admin',
    phone,
    success: { status: 204, description: 'Gone.' },
  }),
  pairingCode: defineRoute({
    name: 'requestPairingCode',
    method: 'POST',
    path: '/v1/phones/pairing-code',
    tag,
    summary: 'A code to type on the handset instead of scanning',
    description: 'The phone must be waiting for its QR code to be scanned. A second call replaces the first code.',
    permission: 'admin',
    phone,
    body: PairingCodeBody,
    bodyExample: { number: '918527184400' },
    success: {
      status: 200,
      description: 'Type it under Linked devices, Link with phone number.',
      schema: PairingCode,
      example: { code: 'K7QX2MPD', expires_at: '2025-04-12T09:18:26.668+00:00' },
    },
    errors: [409, 422, 502],
  }),
  history: defineRoute({
    name: 'getPhoneHistory',
    method: 'GET',
    path: '/v1/phones/history',
    tag,
    summary: 'The states that the phone went through, and why',
    permission: 'read',
    phone,
    query: HistoryQuery,
    success: {
      status: 200,
      description: 'Newest first.',
      schema: z.array(PhoneHistoryEntry),
      example: [
        {
          at: '2025-04-12T09:15:31.000+00:00',
          state: 'reconnecting',
          reason_code: 'connection_lost',
          reason: 'The connection to WhatsApp was lost.',
        },
      ],
    },
    errors: [422],
  }),
};
