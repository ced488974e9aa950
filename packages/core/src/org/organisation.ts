export interface Organisation {
  readonly orgId: string;
  readonly name: string;
  readonly createdAt: Date;
}

/** What a key may do. `phones` null means every phone of the organisation. `admin` includes the others. */
export interface KeyScope {
  readonly phones: readonly string[] | null;
  readonly read: boolean;
  readonly send: boolean;
  readonly admin: boolean;
}

export interface ApiKey {
  readonly keyId: string;
  readonly orgId: string;
  readonly name: string;
  /** First characters of the token, to recognise it. */
  readonly prefix: string;
  readonly scope: KeyScope;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface OrgStore {
  createOrganisation(name: string): Promise<Organisation>;
  listOrganisations(): Promise<Organisation[]>;
  findOrganisation(orgId: string): Promise<Organisation | null>;
  /** Stores the SHA-256 of a token; the token itself is never stored. */
  addKey(input: {
    orgId: string;
    name: string;
    prefix: string;
    tokenHash: Uint8Array;
    scope: KeyScope;
    expiresAt: Date | null;
  }): Promise<ApiKey>;
  listKeys(orgId: string): Promise<ApiKey[]>;
  /** False when the key is unknown to the organisation. */
  revokeKey(orgId: string, keyId: string): Promise<boolean>;
  /** The key of a token hash, unless revoked or expired by database time. */
  findKey(tokenHash: Uint8Array): Promise<ApiKey | null>;
  touchKey(keyId: string): Promise<void>;
  audit(entry: AuditEntry): Promise<void>;
  listAudit(orgId: string, limit: number): Promise<(AuditEntry & { at: Date })[]>;
}

/** Who did what, for the append-only audit log. Never secrets, never message text. */
export interface AuditEntry {
  readonly orgId: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}
