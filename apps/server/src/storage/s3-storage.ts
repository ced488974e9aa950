import type { ObjectStorage } from '@trunkline/core';
import { S3mini } from 's3mini';
import type { StorageConfig } from '../config/storage-config.js';
import { checkStorageKey } from './storage-key.js';

const ANSWER_LIMIT_MS = 20_000;

/** A bucket of any S3-compatible service, addressed by path. */
export class S3Storage implements ObjectStorage {
  readonly #bucket: S3mini;

  constructor(config: Extract<StorageConfig, { kind: 's3' }>) {
    this.#bucket = new S3mini({
      endpoint: `${config.endpoint}/${config.bucket}`,
      region: config.region,
      accessKeyId: config.accessKeyId,
      secretAccessKey: config.secretAccessKey,
      requestAbortTimeout: ANSWER_LIMIT_MS,
    });
  }

  async put(key: string, body: Uint8Array, contentType: string): Promise<void> {
    const response = await this.#bucket.putObject(checkStorageKey(key), Buffer.from(body), contentType);
    await response.arrayBuffer();
  }

  async get(key: string): Promise<{ body: Uint8Array; contentType: string } | null> {
    const response = await this.#bucket.getObjectResponse(checkStorageKey(key));
    if (response === null) return null;
    return {
      body: new Uint8Array(await response.arrayBuffer()),
      contentType: response.headers.get('content-type') ?? 'application/octet-stream',
    };
  }

  async delete(key: string): Promise<void> {
    await this.#bucket.deleteObject(checkStorageKey(key));
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#bucket.objectExists(checkStorageKey(key))) === true;
  }
}
