import { randomUUID } from 'node:crypto';
import type { ApiKey, AuditEntry, Organisation, OrgStore } from '@trunkline/core';

/** `OrgStore` in memory, for tests. */
export class MemoryOrgStore implements OrgStore {
  readonly #organisations: Organisation[] = [];
  readonly #keys: { key: ApiKey; hash: string }[] = [];
  readonly #audit: (AuditEntry & { at: Date })[] = [];
  /** How often a token was looked up. */
  lookUps = 0;

  async createOrganisation(name: string): Promise<Organisation> {
    const organisation = { orgId: randomUUID(), name, createdAt: new Date() };
    this.#organisations.push(organisation);
    return organisation;
  }

  async listOrganisations(): Promise<Organisation[]> {
    return [...this.#organisations];
  }

  async findOrganisation(orgId: string): Promise<Organisation | null> {
    return this.#organisations.find((organisation) => organisation.orgId === orgId) ?? null;
  }

  async addKey(input: Parameters<OrgStore['addKey']>[0]): Promise<ApiKey> {
    const { tokenHash, ...rest } = input;
    const key = { ...rest, keyId: randomUUID(), createdAt: new Date(), lastUsedAt: null, revokedAt: null };
    this.#keys.push({ key, hash: hex(tokenHash) });
    return key;
  }

  async listKeys(orgId: string): Promise<ApiKey[]> {
    return this.#keys.map(({ key }) => key).filter((key) => key.orgId === orgId);
  }

  async revokeKey(orgId: string, keyId: string): Promise<boolean> {
    const entry = this.#keys.find(({ key }) => key.orgId === orgId && key.keyId === keyId);
    if (entry === undefined) return false;
    entry.key = { ...entry.key, revokedAt: entry.key.revokedAt ?? new Date() };
    return true;
  }

  async findKey(tokenHash: Uint8Array): Promise<ApiKey | null> {
    this.lookUps += 1;
    const key = this.#keys.find(({ hash }) => hash === hex(tokenHash))?.key;
    if (key === undefined || key.revokedAt !== null) return null;
    return key.expiresAt !== null && key.expiresAt.getTime() <= Date.now() ? null : key;
  }

  async touchKey(keyId: string): Promise<void> {
    const entry = this.#keys.find(({ key }) => key.keyId === keyId);
    if (entry !== undefined) entry.key = { ...entry.key, lastUsedAt: new Date() };
  }

  async audit(entry: AuditEntry): Promise<void> {
    this.#audit.push({ ...entry, at: new Date() });
  }

  async listAudit(orgId: string, limit: number): Promise<(AuditEntry & { at: Date })[]> {
    return this.#audit
      .filter((entry) => entry.orgId === orgId)
      .reverse()
      .slice(0, limit);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
