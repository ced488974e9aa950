import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Invalid } from './errors.js';
import { loadOrCreateSecrets, parseMasterKey, secretsFilePath } from './secrets-file.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'secrets-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

describe('the secrets file', () => {
  it('is made once, for its owner only, and read again', () => {
    const first = loadOrCreateSecrets(dataDir);
    expect(first.masterKey.length).toBe(32);
    expect(statSync(secretsFilePath(dataDir)).mode & 0o777).toBe(0o600);
    expect(loadOrCreateSecrets(dataDir)).toEqual(first);
    expect(readdirSync(dataDir)).toEqual(['secrets.json']);
  });

  it('makes a missing data directory', () => {
    const nested = join(dataDir, 'a', 'b');
    expect(loadOrCreateSecrets(nested)).toEqual(loadOrCreateSecrets(nested));
  });

  it('is the same for processes that make it at the same time', async () => {
    const module = new URL('./secrets-file.ts', import.meta.url).href;
    const code = `const { loadOrCreateSecrets } = await import(${JSON.stringify(module)});
      console.log(Buffer.from(loadOrCreateSecrets(${JSON.stringify(dataDir)}).masterKey).toString('hex'));`;
    const runs = Array.from({ length: 4 }, () =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]),
    );
    const keys = (await Promise.all(runs)).map((run) => run.stdout.trim());
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(readdirSync(dataDir)).toEqual(['secrets.json']);
  });

  it.each([0o640, 0o604, 0o644, 0o666])('is refused when others may touch it (mode %o)', (mode) => {
    loadOrCreateSecrets(dataDir);
    chmodSync(secretsFilePath(dataDir), mode);
    expect(() => loadOrCreateSecrets(dataDir)).toThrow(/can be read by others .* Run: chmod 600 /);
  });

  it.each(['', '{', '[]', 'null', '{"master_key":1}'])('is refused and kept when damaged (%j)', (content) => {
    writeFileSync(secretsFilePath(dataDir), content, { mode: 0o600 });
    expect(() => loadOrCreateSecrets(dataDir)).toThrow(/is damaged: restore it from a backup/);
    expect(readFileSync(secretsFilePath(dataDir), 'utf8')).toBe(content);
  });

  it('says what to do when the data directory cannot be made', () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    expect(() => loadOrCreateSecrets(file)).toThrow(Invalid);
    expect(() => loadOrCreateSecrets(join(file, 'below'))).toThrow(Invalid);
  });
});

describe('a master key as people write it', () => {
  it('is base64 of 32 bytes, also with a line end', () => {
    const bytes = new Uint8Array(32).fill(7);
    expect(parseMasterKey(`${Buffer.from(bytes).toString('base64')}\n`, 'KEY')).toEqual(bytes);
  });

  it.each(['', 'short', Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64'), '*'.repeat(44)])(
    'is refused otherwise, without showing it (%j)',
    (text) => {
      expect(() => parseMasterKey(text, 'TRUNKLINE_MASTER_KEY')).toThrow(
        'TRUNKLINE_MASTER_KEY must be base64 of exactly 32 bytes',
      );
    },
  );
});
