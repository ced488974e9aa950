import { PhoneInfo, PhoneRow, PhoneStatus } from '@trunkline/api';
import { CAUSES, PHONE_STATUSES, type Phone, type PhoneNumber, type PhoneState } from '@trunkline/core';
import { describe, expect, it } from 'vitest';
import { presentPhone, presentPhoneRow } from './phone.js';

const NOW = Date.UTC(2025, 3, 12, 9, 15, 48, 209);
const URL = 'http://localhost:8080';

const phone = (state: PhoneState, more: Partial<Phone> = {}): Phone => ({
  orgId: '2997dd64-89bf-48d3-9a22-b314fca017e5',
  phoneId: 'phone-bqzvyibhmwkaergr',
  network: 'live',
  wanted: 'running',
  state,
  number: '918527184400' as PhoneNumber,
  lid: null,
  name: 'Support',
  isBusiness: false,
  imageChangedAt: new Date(NOW),
  labels: [
    { labelId: 'label-aaaaaaaaaaaaaaaa', name: 'test1' },
    { labelId: 'label-bbbbbbbbbbbbbbbb', name: 'test2' },
  ],
  firstConnectedAt: new Date(NOW),
  lastDisconnect: { code: 'network', reason: 'WhatsApp cannot be reached.', at: new Date(NOW).toISOString() },
  restrictedUntil: null,
  primaryLastSeen: null,
  createdAt: new Date(NOW),
  updatedAt: new Date(NOW),
  ...more,
});

const since = NOW;
const starting = {
  name: 'starting',
  next: null,
  cause: null,
  retryAt: null,
  failures: 0,
  since,
  askedAt: NOW,
} as const;
const reconnecting = {
  name: 'reconnecting',
  cause: 'network',
  retryAt: NOW + 5_000,
  failures: 1,
  since,
  triedAt: 0,
} as const;
const attempt = { id: '1', method: 'qr', startedAt: NOW } as const;
const pairing = { name: 'pairing', cause: null, failures: 0, since, askedAt: NOW } as const;

describe('a phone in public', () => {
  it.each<[string, PhoneState, string]>([
    ['off', { name: 'off', cause: 'stopped', since }, 'DISCONNECTED closed waiting no-code stopped'],
    ['starting', { ...starting, purpose: 'pair' }, 'DISCONNECTED open waiting no-code connecting'],
    [
      'pairing with a code',
      { ...pairing, attempt: { ...attempt, step: { kind: 'qr', qrCode: 'abc', expiresAt: NOW } } },
      'DISCONNECTED open waiting code qr',
    ],
    [
      'pairing without',
      { ...pairing, attempt: { ...attempt, step: { kind: 'waiting' } } },
      'DISCONNECTED open waiting no-code qr',
    ],
    ['syncing', { name: 'syncing', failures: 0, since }, 'CONNECTED open waiting no-code syncing'],
    ['online', { name: 'online', failures: 0, since }, 'CONNECTED open ready no-code ready'],
    [
      'reconnecting at first',
      { ...reconnecting, connectedUntil: NOW + 1 },
      'CONNECTED open waiting no-code reconnecting',
    ],
    ['reconnecting later', { ...reconnecting, connectedUntil: null }, 'DISCONNECTED open waiting no-code reconnecting'],
    ['unlinked', { name: 'unlinked', cause: 'logged_out', since }, 'DISCONNECTED closed waiting no-code logged_out'],
    ['halted', { name: 'halted', cause: 'temp_ban', until: NOW, since }, 'DISCONNECTED closed waiting no-code banned'],
  ])('that is %s', (_name, state, expected) => {
    const info = presentPhone(phone(state), URL, NOW);
    expect(
      [
        info.wa_state,
        info.is_browser_open ? 'open' : 'closed',
        info.is_ready ? 'ready' : 'waiting',
        info.qr_code === null ? 'no-code' : 'code',
        info.status,
      ].join(' '),
    ).toBe(expected);
    expect(PhoneInfo.strict().parse(info)).toEqual(info);
    expect(Object.keys(info)).toEqual(Object.keys(PhoneInfo.shape));
    const row = presentPhoneRow(phone(state), URL, NOW);
    expect(PhoneRow.strict().parse(row)).toEqual(row);
  });

  it('carries the values of the seed in its forms', () => {
    expect(presentPhone(phone({ name: 'online', failures: 0, since }), URL, NOW)).toMatchObject({
      org_phone: '918527184400@c.us',
      created_at: '2025-04-12T09:15:48.209+00:00',
      phone_image:
        'http://localhost:8080/phone-images/2997dd64-89bf-48d3-9a22-b314fca017e5%2F918527184400%40c.us.jpg?timestamp=1744449348209',
      label_ids: { 'label-aaaaaaaaaaaaaaaa': true, 'label-bbbbbbbbbbbbbbbb': true },
      labels: ['test1', 'test2'],
      last_disconnect: { reason_code: 'network', at: '2025-04-12T09:15:48.209+00:00' },
    });
  });

  it('says null for what is not known, and leaves no key out', () => {
    const fresh = phone(
      { ...starting, purpose: 'pair' },
      { number: null, name: null, imageChangedAt: null, labels: [], firstConnectedAt: null, lastDisconnect: null },
    );
    const info = presentPhone(fresh, URL, NOW);
    expect(Object.values(info)).not.toContain(undefined);
    expect(info).toMatchObject({
      org_phone: null,
      phone_image: null,
      label_ids: {},
      labels: [],
      last_disconnect: null,
    });
  });

  it('is restricted only while the restriction lasts', () => {
    const online: PhoneState = { name: 'online', failures: 0, since };
    const until = (ms: number) => presentPhone(phone(online, { restrictedUntil: new Date(NOW + ms) }), URL, NOW).status;
    expect([until(1), until(0), until(-1)]).toEqual(['restricted', 'ready', 'ready']);
  });

  it('has statuses and actions that the schema knows', () => {
    expect([...PHONE_STATUSES].sort()).toEqual([...PhoneStatus.options].sort());
    const actions: readonly string[] = PhoneInfo.shape.user_action.options;
    for (const { userAction } of Object.values(CAUSES)) expect(actions).toContain(userAction);
  });
});
