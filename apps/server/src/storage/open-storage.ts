import type { ObjectStorage } from '@trunkline/core';
import type { StorageConfig } from '../config/storage-config.js';
import { DiskStorage } from './disk-storage.js';
import { S3Storage } from './s3-storage.js';

/** The storage that the configuration names. Nothing is opened before its first use. */
export function openStorage(config: StorageConfig): ObjectStorage {
  return config.kind === 'disk' ? new DiskStorage(config.root) : new S3Storage(config);
}
