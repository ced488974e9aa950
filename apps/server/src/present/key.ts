import type { KeyInfo } from '@trunkline/api';
import type { ApiKey } from '@trunkline/core';
import { timestamp, timestampOrNull } from './timestamp.js';

/** An API key without its token, which nobody has any more. */
export function presentKey(key: ApiKey): KeyInfo {
  const { phones, read, send, admin } = key.scope;
  return {
    key_id: key.keyId,
    org_id: key.orgId,
    name: key.name,
    prefix: key.prefix,
    scope: { phones: phones === null ? null : [...phones], read, send, admin },
    created_at: timestamp(key.createdAt),
    expires_at: timestampOrNull(key.expiresAt),
    last_used_at: timestampOrNull(key.lastUsedAt),
    revoked_at: timestampOrNull(key.revokedAt),
  };
}
