/** `OrgStore` on PostgreSQL: organisations, their API keys, and the audit log. */
import type { ApiKey, AuditEntry, Organisation, OrgStore } from '@trunkline/core';
import type { Sql } from '../sql/sql.js';

interface KeyRow {
  readonly key_id: string;
  readonly org_id: string;
  readonly name: string;
  readonly prefix: string;
  readonly phones: string[] | null;
  readonly can_read: boolean;
  readonly can_send: boolean;
  readonly is_admin: boolean;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

const ORG_COLUMNS = 'org_id as "orgId", name, created_at as "createdAt"';
const KEY_COLUMNS = `key_id, org_id, name, prefix, phones, can_read, can_send, is_admin,
  created_at, expires_at, last_used_at, revoked_at`;
/** Each use would be a write otherwise. */
const USE_NOTED_EVERY = '10 seconds';

export class PostgresOrgStore implements OrgStore {
  constructor(private readonly sql: Sql) {}

  async createOrganisation(name: string): Promise<Organisation> {
    const [row] = await this.sql.rows<Organisation>(
      `insert into organisations (name) values ($1) returning ${ORG_COLUMNS}`,
      [name],
    );
    if (row === undefined) throw new Error('the organisation was not stored');
    return row;
  }

  listOrganisations(): Promise<Organisation[]> {
    return this.sql.rows(`select ${ORG_COLUMNS} from organisations order by created_at, org_id`);
  }

  async findOrganisation(orgId: string): Promise<Organisation | null> {
    // Compared as text: an id that is no uuid is merely unknown.
    const [row] = await this.sql.rows<Organisation>(
      `select ${ORG_COLUMNS} from organisations where org_id::text = lower($1)`,
      [orgId],
    );
    return row ?? null;
  }

  async addKey(input: Parameters<OrgStore['addKey']>[0]): Promise<ApiKey> {
    const { orgId, name, prefix, tokenHash, scope, expiresAt } = input;
    const [row] = await this.sql.rows<KeyRow>(
      `insert into api_keys (org_id, name, prefix, token_hash, phones, can_read, can_send, is_admin, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${KEY_COLUMNS}`,
      [orgId, name, prefix, Buffer.from(tokenHash), scope.phones, scope.read, scope.send, scope.admin, expiresAt],
    );
    if (row === undefined) throw new Error('the key was not stored');
    return toKey(row);
  }

  async listKeys(orgId: string): Promise<ApiKey[]> {
    const rows = await this.sql.rows<KeyRow>(
      `select ${KEY_COLUMNS} from api_keys where org_id = $1 order by created_at, key_id`,
      [orgId],
    );
    return rows.map(toKey);
  }

  async revokeKey(orgId: string, keyId: string): Promise<boolean> {
    const rows = await this.sql.rows(
      `update api_keys set revoked_at = coalesce(revoked_at, clock_timestamp())
       where org_id = $1 and key_id::text = lower($2) returning key_id`,
      [orgId, keyId],
    );
    return rows.length > 0;
  }

  async findKey(tokenHash: Uint8Array): Promise<ApiKey | null> {
    const [row] = await this.sql.rows<KeyRow>(
      {
        name: 'key-find',
        text: `select ${KEY_COLUMNS} from api_keys where token_hash = $1 and revoked_at is null
          and (expires_at is null or expires_at > clock_timestamp())`,
      },
      [Buffer.from(tokenHash)],
    );
    return row === undefined ? null : toKey(row);
  }

  async touchKey(keyId: string): Promise<void> {
    await this.sql.rows(
      `update api_keys set last_used_at = clock_timestamp() where key_id = $1
       and (last_used_at is null or last_used_at < clock_timestamp() - interval '${USE_NOTED_EVERY}')`,
      [keyId],
    );
  }

  async audit(entry: AuditEntry): Promise<void> {
    await this.sql.rows('insert into audit_log (org_id, actor, action, subject, detail) values ($1, $2, $3, $4, $5)', [
      entry.orgId,
      entry.actor,
      entry.action,
      entry.subject,
      JSON.stringify(entry.detail),
    ]);
  }

  listAudit(orgId: string, limit: number): Promise<(AuditEntry & { at: Date })[]> {
    return this.sql.rows(
      `select org_id as "orgId", actor, action, subject, detail, at from audit_log
       where org_id = $1 order by audit_id desc limit $2`,
      [orgId, limit],
    );
  }
}

function toKey(row: KeyRow): ApiKey {
  return {
    keyId: row.key_id,
    orgId: row.org_id,
    name: row.name,
    prefix: row.prefix,
    scope: { phones: row.phones, read: row.can_read, send: row.can_send, admin: row.is_admin },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}
