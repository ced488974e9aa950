import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigErrors, readConfig } from './config.js';
import { loadMasterKey } from './secrets.js';

const KEY = Buffer.alloc(32, 7).toString('base64');

function mistakes(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigErrors) return error.mistakes;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('needs nothing', () => {
    expect(readConfig({})).toMatchObject({
      role: 'all',
      databaseUrl: null,
      masterKey: { from: 'data-dir' },
      http: { host: '127.0.0.1', port: 8080, publicUrl: 'http://localhost:8080', trustProxy: [] },
      phones: { defaultNetwork: 'live', webVersion: null },
      sandbox: { enabled: true, elsewhere: null },
      storage: { kind: 'disk' },
      warnings: [],
    });
  });

  it('treats an empty variable as absent', () => {
    expect(readConfig({ PORT: ' ', DATABASE_URL: '' })).toEqual(readConfig({}));
  });

  it('reads every section', () => {
    const config = readConfig({
      PORT: '9000',
      HOST: '::1',
      PUBLIC_URL: 'https://phones.example/base/',
      DATABASE_URL: 'postgres://u:p@db/trunkline',
      TRUNKLINE_MASTER_KEY: KEY,
      TRUNKLINE_ROLE: 'api',
      TRUNKLINE_WA_VERSION: '2.3000.1027934701',
      TRUNKLINE_SANDBOX_URL: 'ws://127.0.0.1:4000/ws',
      TRUNKLINE_SANDBOX_ROOT: KEY,
      TRUNKLINE_EGRESS_ALLOW: '10.0.0.0/8, hooks.internal ,fd00::1',
      S3_ENDPOINT: 'https://s3.example',
      S3_BUCKET: 'trunkline',
      S3_ACCESS_KEY_ID: 'id',
      S3_SECRET_ACCESS_KEY: 'secret',
    });
    expect(config.http).toMatchObject({ host: '::1', port: 9000, publicUrl: 'https://phones.example/base' });
    expect(config.phones.webVersion).toEqual([2, 3000, 1027934701]);
    expect(config.sandbox.elsewhere).toEqual({ url: 'ws://127.0.0.1:4000/ws', rootBase64: KEY, caPath: null });
    expect(config.egress.allow).toEqual(['10.0.0.0/8', 'hooks.internal', 'fd00::1']);
    expect(config.storage).toMatchObject({ kind: 's3', endpoint: 'https://s3.example', region: 'us-east-1' });
  });

  it('tells every mistake at once', () => {
    const found = mistakes({
      PORT: '99999',
      PUBLIC_URL: 'ftp://x',
      DATABASE_URL: 'mysql://db',
      TRUNKLINE_ROLE: 'boss',
      TRUNKLINE_BOOTSTRAP_API_KEY: 'short',
      TRUNKLINE_MASTER_KEY: 'nonsense',
      TRUNKLINE_SANDBOX: 'maybe',
      TRUNKLINE_SANDBOX_URL: 'ws://203.0.113.5/ws',
      TRUNKLINE_EGRESS_ALLOW: 'not a host',
      TRUNKLINE_WA_VERSION: 'latest',
      TRUNKLINE_TRUST_PROXY: 'proxy.example',
      S3_BUCKET: 'b',
      REDIS_URL: 'http://redis',
      LOG_LEVEL: 'loud',
    });
    for (const name of [
      'PORT',
      'PUBLIC_URL',
      'DATABASE_URL',
      'ROLE',
      'BOOTSTRAP_API_KEY',
      'MASTER_KEY',
      'SANDBOX',
      'SANDBOX_URL',
      'SANDBOX_ROOT',
      'EGRESS_ALLOW',
      'WA_VERSION',
      'TRUST_PROXY',
      'S3_ENDPOINT',
      'S3_BUCKET',
      'S3_ACCESS_KEY_ID',
      'REDIS_URL',
      'LOG_LEVEL',
    ]) {
      expect(
        found.filter((sentence) => sentence.includes(name)),
        name,
      ).not.toEqual([]);
    }
    expect(found).toHaveLength(18);
  });

  it.each([
    [{ TRUNKLINE_ROLE: 'worker' }, /TRUNKLINE_ROLE=worker needs DATABASE_URL/],
    [{ DATABASE_URL: 'postgres://db/x' }, /DATABASE_URL needs TRUNKLINE_MASTER_KEY/],
    [{ TRUNKLINE_MASTER_KEY: KEY, TRUNKLINE_MASTER_KEY_FILE: '/k' }, /not both/],
    [{ TRUNKLINE_SANDBOX: 'off', TRUNKLINE_DEFAULT_NETWORK: 'sandbox' }, /TRUNKLINE_SANDBOX is off/],
    [{ TRUNKLINE_SANDBOX_ROOT: KEY }, /together/],
    [{ PUBLIC_URL: 'https://user@host/' }, /PUBLIC_URL must be only/],
    [{ PORT: '80.5' }, /PORT must be a whole number from 0 to 65535/],
  ])('refuses %j', (env, message) => {
    expect(mistakes(env).join('\n')).toMatch(message);
  });

  it('never shows a secret in a mistake', () => {
    const secret = 'hunter2hunter2';
    const text = mistakes({
      TRUNKLINE_BOOTSTRAP_API_KEY: secret,
      TRUNKLINE_MASTER_KEY: secret,
      DATABASE_URL: `mysql://u:${secret}@db`,
      REDIS_URL: `http://:${secret}@redis`,
    }).join('\n');
    expect(text).not.toBe('');
    expect(text).not.toContain(secret);
  });

  it('warns about wildcard hosts without TLS and about names that it does not know', () => {
    expect(readConfig({ HOST: '0.0.0.0', TRUNKLINE_ROEL: 'api' }).warnings).toEqual([
      expect.stringContaining('HOST=0.0.0.0'),
      expect.stringContaining('TRUNKLINE_ROEL'),
    ]);
    expect(readConfig({ HOST: '0.0.0.0', PUBLIC_URL: 'https://x' }).warnings).toEqual([]);
  });
});

describe('the master key', () => {
  it('comes from the environment, a file, or a generated file', () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      const bytes = new Uint8Array(32).fill(7);
      expect(loadMasterKey(readConfig({ TRUNKLINE_MASTER_KEY: KEY }))).toEqual(bytes);
      const path = join(dir, 'key');
      writeFileSync(path, `${KEY}\n`);
      expect(loadMasterKey(readConfig({ TRUNKLINE_MASTER_KEY_FILE: path }))).toEqual(bytes);
      expect(() => loadMasterKey(readConfig({ TRUNKLINE_MASTER_KEY_FILE: join(dir, 'none') }))).toThrow(
        /cannot be read/,
      );
      const made = loadMasterKey(readConfig({ TRUNKLINE_DATA_DIR: dir }));
      expect(made).toHaveLength(32);
      expect(loadMasterKey(readConfig({ TRUNKLINE_DATA_DIR: dir }))).toEqual(made);
      expect(statSync(join(dir, 'secrets.json')).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
