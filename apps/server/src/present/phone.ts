import type { PhoneHistoryEntry, PhoneInfo, PhoneRow } from '@trunkline/api';
import { type DiaryEntry, type Phone, type PhoneView, personId, projectPhone } from '@trunkline/core';
import { phoneImageUrl } from '../images/phone-image-place.js';
import { timestamp, timestampOrNull } from './timestamp.js';

/** The phone as every answer and event shows it. Keys in the order of the contract; our own come last. */
export function presentPhone(phone: Phone, publicUrl: string, now: number = Date.now()): PhoneInfo {
  const view = viewOf(phone, now);
  return {
    org_id: phone.orgId,
    org_phone: phone.number === null ? null : personId(phone.number),
    created_at: timestamp(phone.createdAt),
    updated_at: timestamp(phone.updatedAt),
    wa_state: view.waState,
    phone_id: phone.phoneId,
    qr_code: view.qrCode,
    phone_image: imageUrl(phone, publicUrl),
    phone_name: phone.name,
    first_connected_at: timestampOrNull(phone.firstConnectedAt),
    is_ready: view.isReady,
    label_ids: Object.fromEntries(phone.labels.map(({ labelId }) => [labelId, true as const])),
    labels: phone.labels.map(({ name }) => name),
    is_browser_open: view.isBrowserOpen,
    network: phone.network,
    status: view.status,
    reason_code: view.reasonCode,
    reason: view.reason,
    since: timestamp(view.since),
    next_attempt_at: timestampOrNull(view.nextAttemptAt),
    user_action: view.userAction,
    restricted_until: timestampOrNull(phone.restrictedUntil),
    phone_last_seen: timestampOrNull(phone.primaryLastSeen),
    last_disconnect: lastDisconnect(phone),
  };
}

/** The full row that creating a phone answers with. What tells about our hosts stays null. */
export function presentPhoneRow(phone: Phone, publicUrl: string, now: number = Date.now()): PhoneRow {
  const view = viewOf(phone, now);
  return {
    ...presentPhone(phone, publicUrl, now),
    library: null,
    phone_state: { loading: view.isBrowserOpen && !view.isReady, state: view.status, sync: 0, percent: null },
    queue_status: null,
    server_image: null,
    server_ip: null,
    server_name: null,
    server_zone: null,
    wa_version: null,
  };
}

export function presentDiaryEntry(entry: DiaryEntry): PhoneHistoryEntry {
  return {
    at: timestamp(entry.at),
    state: entry.state as PhoneHistoryEntry['state'],
    reason_code: entry.code,
    reason: entry.reason,
  };
}

function viewOf(phone: Phone, now: number): PhoneView {
  return projectPhone(phone.state, phone.restrictedUntil !== null && phone.restrictedUntil.getTime() > now);
}

function imageUrl(phone: Phone, publicUrl: string): string | null {
  if (phone.number === null || phone.imageChangedAt === null) return null;
  return phoneImageUrl(publicUrl, phone.orgId, phone.number, phone.imageChangedAt);
}

function lastDisconnect(phone: Phone): PhoneInfo['last_disconnect'] {
  if (phone.lastDisconnect === null) return null;
  const { code, reason, at } = phone.lastDisconnect;
  return { reason_code: code, reason, at: timestamp(new Date(at)) };
}
