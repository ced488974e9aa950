/** What must stay the same over restarts for clients to feel none. */
import { randomBytes } from 'node:crypto';
import { issueTlsMaterial, type TlsMaterial } from '../media/certificate-authority.js';
import { type CurveKeyPair, newKeyPair } from '../wire/curve.js';
import type { Journal } from './journal.js';

export interface NetworkRecord {
  staticKey: CurveKeyPair;
  routingInfo: Buffer;
  tls: TlsMaterial;
  port: number;
  mediaPort: number;
}

const ROUTING_INFO_BYTES = 3;

function isNetworkRecord(value: unknown): value is NetworkRecord {
  return typeof value === 'object' && value !== null && 'staticKey' in value && 'tls' in value;
}

/** Finds the record in a journal, or makes a new one. */
export function findNetworkRecord(journal: Journal): NetworkRecord {
  for (const [, value] of journal.found('net')) if (isNetworkRecord(value)) return value;
  return {
    staticKey: newKeyPair(),
    routingInfo: randomBytes(ROUTING_INFO_BYTES),
    tls: issueTlsMaterial(),
    port: 0,
    mediaPort: 0,
  };
}

export function saveNetworkRecord(journal: Journal, record: NetworkRecord): void {
  journal.put('net', record);
}
