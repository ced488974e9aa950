import { join } from 'node:path';
import type { EnvReader } from './env.js';

/** Where files go. Plain data, because it travels to worker processes. */
export type StorageConfig =
  | { readonly kind: 'disk'; readonly root: string }
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly bucket: string;
      readonly region: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    };

const NEEDED = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;

export function readStorage(env: EnvReader, role: string, dataDir: string): StorageConfig {
  const missing = NEEDED.filter((name) => !env.has(name));
  if (missing.length === NEEDED.length && !env.has('S3_REGION')) {
    if (role === 'api' || role === 'worker') {
      env.warn(
        'Files are kept on the disk of this host. With nodes on several hosts set S3_ENDPOINT and the other S3_*.',
      );
    }
    return { kind: 'disk', root: join(dataDir, 'files') };
  }
  for (const name of missing) env.wrong(`${name} is missing; the S3_* settings come together.`, null);
  const bucket = env.text('S3_BUCKET') ?? '';
  if (bucket !== '' && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    env.wrong('S3_BUCKET must be a bucket name: 3 to 63 lowercase letters, digits, dots and dashes.', null);
  }
  return {
    kind: 's3',
    endpoint: env.url('S3_ENDPOINT', ['http:', 'https:'])?.href.replace(/\/+$/, '') ?? '',
    bucket,
    region: env.text('S3_REGION') ?? 'us-east-1',
    accessKeyId: env.text('S3_ACCESS_KEY_ID') ?? '',
    secretAccessKey: env.text('S3_SECRET_ACCESS_KEY') ?? '',
  };
}
