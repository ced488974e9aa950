import { z } from 'zod';
import { defineRoute, type Method, type Route } from './route.js';
import * as s from './sandbox.js';

/** Every sandbox route is for keys of the whole organisation and is passed on to the sandbox network as it is. */
function sandbox<B extends z.ZodType, A extends z.ZodType>(
  name: string,
  method: Method,
  path: string,
  summary: string,
  more: Pick<
    Route<z.ZodType, z.ZodType, B, A>,
    'body' | 'bodyExample' | 'bodyOptional' | 'bodyLimitBytes' | 'success' | 'params' | 'query' | 'errors'
  >,
): Route<z.ZodType, z.ZodType, B, A> {
  const errors = [...new Set([404, ...(more.errors ?? []), ...(more.body ? [422] : []), 503])] as const;
  return defineRoute({
    name,
    method,
    path: `/sandbox/v1${path}`,
    tag: 'Sandbox',
    summary,
    permission: 'org',
    ...more,
    errors: errors as readonly (404 | 409 | 422 | 503)[],
  });
}

const params = s.NumberParam;
const done = { status: 204, description: 'Done.' } as const;
const handset = (status: 200 | 201) =>
  ({ status, description: 'The handset.', schema: s.Handset, example: s.HANDSET_EXAMPLE }) as const;
const created = {
  status: 201,
  description: 'Its id.',
  schema: s.NewId,
  example: { id: '3EB0CA3ED694ED50FD3F18' },
} as const;
const MEDIA_LIMIT = 24_000_000;

export const sandboxRoutes = {
  addHandset: sandbox('addHandset', 'POST', '/handsets', 'A virtual handset with its account', {
    body: s.AddHandsetBody,
    bodyExample: { number: '918527184400', name: 'Asha' },
    success: handset(201),
    errors: [409],
  }),
  listHandsets: sandbox('listHandsets', 'GET', '/handsets', 'All handsets', {
    success: { status: 200, description: 'Handsets.', schema: z.array(s.Handset), example: [s.HANDSET_EXAMPLE] },
  }),
  getHandset: sandbox('getHandset', 'GET', '/handsets/:number', 'One handset', { params, success: handset(200) }),
  changeHandset: sandbox('changeHandset', 'PATCH', '/handsets/:number', 'Change its profile', {
    params,
    body: s.ChangeHandsetBody,
    bodyExample: { name: 'Asha K' },
    bodyLimitBytes: MEDIA_LIMIT,
    success: handset(200),
  }),
  removeHandset: sandbox('removeHandset', 'DELETE', '/handsets/:number', 'Remove a handset', { params, success: done }),
  scan: sandbox('scanQr', 'POST', '/handsets/:number/scan', 'Scan the QR code of a phone', {
    params,
    body: s.ScanBody,
    bodyExample: { qr_code: '2@AbCd…' },
    success: handset(200),
    errors: [409],
  }),
  typeCode: sandbox('typePairingCode', 'POST', '/handsets/:number/pairing-code', 'Type a pairing code', {
    params,
    body: s.TypeCodeBody,
    bodyExample: { code: 'K7QX2MPD' },
    success: handset(200),
    errors: [409],
  }),
  unlink: sandbox('unlinkDevice', 'POST', '/handsets/:number/unlink', 'Remove one or all linked devices', {
    params,
    body: s.UnlinkBody,
    bodyOptional: true,
    bodyExample: {},
    success: done,
  }),
  write: sandbox('writeFromHandset', 'POST', '/handsets/:number/messages', 'The person writes', {
    params,
    body: s.WriteBody,
    bodyExample: { to: '14155550123', text: 'Hello' },
    bodyLimitBytes: MEDIA_LIMIT,
    success: created,
  }),
  messages: sandbox('readHandset', 'GET', '/handsets/:number/messages', 'What the handset decrypted or sent', {
    params,
    query: s.SandboxMessagesQuery,
    success: {
      status: 200,
      description: 'Newest last.',
      schema: z.array(s.SandboxMessage),
      example: [
        {
          id: '3EB0CA3ED694ED50FD3F18',
          chat: '14155550123@c.us',
          from: '918527184400@c.us',
          from_me: true,
          type: 'text',
          text: 'Hello',
          at: '2025-04-12T09:15:26.668+00:00',
        },
      ],
    },
  }),
  read: sandbox('readChat', 'POST', '/handsets/:number/read', 'The person reads', {
    params,
    body: s.ReadBody,
    bodyExample: { chat: '14155550123' },
    success: done,
  }),
  react: sandbox('reactToMessage', 'POST', '/handsets/:number/react', 'The person reacts', {
    params,
    body: s.ReactBody,
    bodyExample: { chat: '14155550123', message_id: '3EB0CA3ED694ED50FD3F18', emoji: '👍' },
    success: done,
  }),
  edit: sandbox('editMessage', 'POST', '/handsets/:number/edit', 'The person edits', {
    params,
    body: s.EditBody,
    bodyExample: { chat: '14155550123', message_id: '3EB0CA3ED694ED50FD3F18', text: 'Hello!' },
    success: done,
  }),
  delete: sandbox('deleteMessage', 'POST', '/handsets/:number/delete', 'The person deletes for everyone', {
    params,
    body: s.DeleteBody,
    bodyExample: { chat: '14155550123', message_id: '3EB0CA3ED694ED50FD3F18' },
    success: done,
  }),
  typing: sandbox('typeInChat', 'POST', '/handsets/:number/typing', 'The person types', {
    params,
    body: s.TypingBody,
    bodyExample: { chat: '14155550123', state: 'composing' },
    success: done,
  }),
  addGroup: sandbox('addGroup', 'POST', '/groups', 'A group made by a person', {
    body: s.AddGroupBody,
    bodyExample: { creator: '918527184400', subject: 'Tour', participants: ['14155550123'] },
    success: created,
  }),
  changeGroup: sandbox('changeGroup', 'PATCH', '/groups/:id', 'Change a group', {
    params: s.IdParam,
    body: s.ChangeGroupBody,
    bodyExample: { subject: 'Tour in May' },
    success: { status: 200, description: 'The group.', schema: z.looseObject({}), example: { id: '1203630@g.us' } },
  }),
  addFault: sandbox('addFault', 'POST', '/faults', 'Make something go wrong', {
    body: s.AddFaultBody,
    bodyExample: { target: '918527184400', kind: 'drop', times: 1 },
    success: created,
  }),
  listFaults: sandbox('listFaults', 'GET', '/faults', 'Faults that are set', {
    success: {
      status: 200,
      description: 'Faults.',
      schema: z.array(s.SandboxFault),
      example: [{ id: 'f1', target: '918527184400', kind: 'drop', times: 1 }],
    },
  }),
  removeFault: sandbox('removeFault', 'DELETE', '/faults/:id', 'Take a fault back', {
    params: s.IdParam,
    success: done,
  }),
  connections: sandbox('listConnections', 'GET', '/connections', 'Live connections of linked devices', {
    success: {
      status: 200,
      description: 'Never two for one jid.',
      schema: z.array(s.SandboxConnection),
      example: [
        {
          jid: '918527184400:1@s.whatsapp.net',
          number: '918527184400',
          connected_at: '2025-04-12T09:15:26.668+00:00',
          bytes_in: 1834,
          bytes_out: 2210,
        },
      ],
    },
  }),
  network: sandbox('getSandboxNetwork', 'GET', '/network', 'Where other clients connect', {
    success: {
      status: 200,
      description: 'Address and trust root.',
      schema: s.SandboxNetwork,
      example: { url: 'ws://127.0.0.1:41234/ws/chat', root: 'AAAA…', ca: '-----BEGIN CERTIFICATE-----…' },
    },
  }),
  stats: sandbox('getSandboxStats', 'GET', '/stats', 'What clients have sent, and what the network did not know', {
    success: { status: 200, description: 'Counts.', schema: z.looseObject({}), example: {} },
  }),
  reset: sandbox('resetSandbox', 'POST', '/reset', "Empty the organisation's sandbox", { success: done }),
};
