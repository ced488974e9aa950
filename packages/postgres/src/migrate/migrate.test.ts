import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../open-database.js';
import { silentLog } from '../testing/silent-log.js';
import { createBareDatabase } from '../testing/test-database.js';
import { migrate } from './migrate.js';
import { type Migration, readMigrations } from './migration-files.js';

let bare: Awaited<ReturnType<typeof createBareDatabase>>;
beforeEach(async () => {
  bare = await createBareDatabase();
});
afterEach(() => bare.drop());

const settings = () => ({ url: bare.url, applicationName: 'test', statementTimeoutMs: 5_000 });
const file = (number: number, sql: string): Migration => ({ number, name: `${number}_x`, sql, checksum: `of ${sql}` });

async function tables(): Promise<string[]> {
  const client = new pg.Client({ connectionString: bare.url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'schema_migrations' order by 1`,
  );
  await client.end();
  return rows.map((row) => row.name);
}

test('applies every file once, in order, also when many start at once', async () => {
  const files = [file(1, 'create table a ()'), file(2, 'create table b ()')];
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(settings(), silentLog, files)));
  expect(applied.flat()).toEqual(['1_x', '2_x']);
  expect(await migrate(settings(), silentLog, [...files, file(3, 'create table c ()')])).toEqual(['3_x']);
  expect(await tables()).toEqual(['a', 'b', 'c']);
});

test('a file that fails leaves nothing of itself and keeps the ones before', async () => {
  const failing = [file(1, 'create table a ()'), file(2, 'create table b (); select 1 / 0')];
  await expect(migrate(settings(), silentLog, failing)).rejects.toThrow('division by zero');
  expect(await tables()).toEqual(['a']);
  expect(await migrate(settings(), silentLog, [failing[0] ?? file(1, ''), file(2, 'create table b ()')])).toEqual([
    '2_x',
  ]);
});

test('refuses a database that a newer version has migrated', async () => {
  const files = [file(1, 'create table a ()'), file(2, 'create table b ()')];
  await migrate(settings(), silentLog, files);
  const older = migrate(settings(), silentLog, files.slice(0, 1));
  await expect(older).rejects.toThrow('newer than this version of Trunkline (it has migration 2_x)');
});

test('refuses a database that was made from another file of the same number', async () => {
  await migrate(settings(), silentLog, [file(1, 'create table a ()')]);
  await expect(migrate(settings(), silentLog, [file(1, 'create table b ()')])).rejects.toThrow('1_x differs');
});

test('the files of this version make a database that works, and every one of them has its number once', async () => {
  const files = await readMigrations();
  expect(new Set(files.map((each) => each.number)).size).toBe(files.length);
  const db = await openDatabase({ url: bare.url, masterKey: Buffer.alloc(32, 7), log: silentLog });
  const answers = await Promise.all([db.migrate(), db.migrate()]);
  expect(answers.flatMap((answer) => answer.applied)).toEqual(files.map((each) => each.name));
  expect(await db.orgs.listOrganisations()).toEqual([]);
  await db.close();
  await db.close();
});
