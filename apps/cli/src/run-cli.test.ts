import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashApiToken, looksLikeApiToken, type PhoneState } from '@trunkline/core';
import { createTestDatabase, type TestDatabase } from '@trunkline/postgres/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.js';

const QR = '2@hJtQ0Yw3cGrQ4r0Cqv1Y2Nf7mEo0bM1pQ==,KxV0bK7u3mFhW1yZ,Zm9vYmFyYmF6cXV4,cXV1eGNvcmdl,1';
const ONLINE: PhoneState = { name: 'online', failures: 0, since: 1_000 };
const STOPPED: PhoneState = { name: 'off', cause: 'stopped', since: 1_000 };

function pairing(qrCode: string): PhoneState {
  const attempt = { id: 'a', method: 'qr', step: { kind: 'qr', qrCode, expiresAt: 2_000 }, startedAt: 1_000 } as const;
  return { name: 'pairing', attempt, cause: null, failures: 0, since: 1_000, askedAt: 1_000 };
}

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Runs a command line as a terminal would; `onOut` sees each answer as it is printed. */
async function run(line: string[], onOut: (text: string, stop: () => void) => void = () => {}) {
  const out: string[] = [];
  const err: string[] = [];
  const stopped = new AbortController();
  const code = await runCli(line, {
    out: (text) => {
      out.push(text);
      onOut(text, () => stopped.abort());
    },
    err: (text) => err.push(text),
    env: {
      DATABASE_URL: database.url,
      TRUNKLINE_MASTER_KEY: Buffer.from(database.masterKey).toString('base64'),
    },
    isTerminal: false,
    signal: stopped.signal,
  });
  return { code, out, err: err.join('\n') };
}

async function runJson<T>(...line: string[]): Promise<T> {
  const { code, out, err } = await run([...line, '--json']);
  expect({ code, err, lines: out.length }).toEqual({ code: 0, err: '', lines: 1 });
  return JSON.parse(out[0] ?? '') as T;
}

async function makePhone(orgId: string, phoneId: string, state: PhoneState): Promise<void> {
  const { phones } = database.db;
  const events = () => [{ name: 'org.phone.updated', payload: JSON.stringify({ phone_id: phoneId, status: 'x' }) }];
  await phones.create({ orgId, phoneId, network: 'sandbox', state, labels: [], name: 'Support', events });
}

describe('organisations and keys', () => {
  it('makes an organisation whose key is in the database, as a hash only', async () => {
    const made = await runJson<{ org_id: string; api_key: string }>('org', 'create', '--name', 'Books & Co');
    expect(Object.keys(made)).toEqual(['org_id', 'api_key']);
    expect(looksLikeApiToken(made.api_key)).toBe(true);
    const key = await database.db.orgs.findKey(hashApiToken(made.api_key));
    expect(key).toMatchObject({ orgId: made.org_id, scope: { phones: null, read: true, send: true, admin: true } });
    const stored = await database.rows<{ row: string }>('select api_keys::text as row from api_keys');
    expect(stored.some(({ row }) => row.includes(made.api_key))).toBe(false);
    const listed = await runJson<{ org_id: string; name: string }[]>('org', 'list');
    expect(listed).toContainEqual(expect.objectContaining({ org_id: made.org_id, name: 'Books & Co', phones: 0 }));
  });

  it('makes, lists and revokes keys, and writes down who did what', async () => {
    const org = await runJson<{ org_id: string }>('org', 'create', '--name', 'Keys');
    await makePhone(org.org_id, 'phone-keys', STOPPED);
    type Key = { key_id: string; api_key: string; standing: string };
    const key = await runJson<Key>(
      ...[
        'key',
        'create',
        '--org',
        'Keys',
        '--name',
        'crm',
        '--can',
        'read',
        '--phones',
        'phone-keys',
        '--expires',
        '1d',
      ],
    );
    expect(await database.db.orgs.findKey(hashApiToken(key.api_key))).toMatchObject({
      scope: { phones: ['phone-keys'], read: true, send: false, admin: false },
    });
    const before = await run(['key', 'list', '--org', 'Keys']);
    expect(before.out.join()).toMatch(new RegExp(`${key.key_id}.*crm.*read.*phone-keys.*valid.*never`));
    expect(before.out.join()).not.toContain(key.api_key);

    await runJson('key', 'revoke', key.key_id);
    expect(await database.db.orgs.findKey(hashApiToken(key.api_key))).toBeNull();
    expect(await runJson<Key[]>('key', 'list', '--org', 'Keys')).toContainEqual(
      expect.objectContaining({ key_id: key.key_id, standing: 'revoked' }),
    );
    const audit = await database.db.orgs.listAudit(org.org_id, 10);
    expect(audit.map(({ action }) => action).sort()).toEqual(['key.create', 'key.revoke', 'org.create']);
    expect(JSON.stringify(audit)).not.toContain(key.api_key);
  });

  it.each([
    [['key', 'create', '--org', 'Nobody', '--name', 'x'], /There is no organisation "Nobody"/],
    [['key', 'create', '--org', 'Keys', '--name', 'x', '--can', 'everything'], /but not "everything"/],
    [['key', 'create', '--org', 'Keys', '--name', 'x', '--phones', 'phone-nowhere'], /has no phone "phone-nowhere"/],
    [['key', 'create', '--org', 'Keys', '--name', 'x', '--expires', 'soon'], /--expires must be like/],
    [['key', 'create', '--name', 'x'], /There are several organisations: name one with --org/],
    [['key', 'revoke', '00000000-0000-4000-8000-000000000000'], /There is no key/],
    [['key', 'revoke', 'nonsense'], /There is no key "nonsense"/],
    [['org', 'create', '--name', ' '], /--name must not be blank/],
  ])('%j is refused in one sentence', async (line, message) => {
    const { code, out, err } = await run(line);
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(err).toMatch(message);
    expect(err.split('\n')).toHaveLength(1);
  });
});

describe('phones', () => {
  let orgId: string;
  beforeAll(async () => {
    orgId = (await runJson<{ org_id: string }>('org', 'create', '--name', 'Phones')).org_id;
    await makePhone(orgId, 'phone-scan', pairing(QR));
    await makePhone(orgId, 'phone-off', STOPPED);
    await makePhone(orgId, 'phone-on', ONLINE);
  });

  it('lists them with status and reason', async () => {
    const { out } = await run(['phones', 'list', '--org', 'Phones']);
    expect(out.join()).toMatch(/PHONE +NUMBER +NAME +NETWORK +STATUS +REASON/);
    expect(out.join()).toMatch(/phone-scan +- +Support +sandbox +qr +-/);
    expect(out.join()).toMatch(/phone-off +- +Support +sandbox +stopped +The phone was stopped on purpose\./);
  });

  it('shows one, under the public names', async () => {
    expect(await runJson('phones', 'show', 'phone-on')).toMatchObject({
      phone_id: 'phone-on',
      org_id: orgId,
      wa_state: 'CONNECTED',
      is_ready: true,
      status: 'ready',
      since: '1970-01-01T00:00:01.000Z',
    });
    expect((await run(['phones', 'show', '+1 555 555 0100'])).err).toMatch(/There is no phone "\+1 555 555 0100"/);
  });

  it('draws the QR code, or says why there is none', async () => {
    const drawn = await run(['phones', 'qr', 'phone-scan']);
    expect(drawn.out.join()).toMatch(/[█▀▄]{20}/);
    expect(await runJson('phones', 'qr', 'phone-scan')).toMatchObject({ qr_code: QR, status: 'qr' });
    expect((await run(['phones', 'qr', 'phone-on'])).err).toMatch(/is connected, so it has no QR code/);
    expect((await run(['phones', 'qr', 'phone-off'])).err).toMatch(
      /Restart it with: trunkline phones restart phone-off/,
    );
  });

  it('follows the QR code until the phone is connected', async () => {
    await makePhone(orgId, 'phone-watch', pairing(QR));
    const codes: (string | null)[] = [];
    const steps = [pairing(`${QR},2`), ONLINE];
    const { code, err } = await run(['phones', 'qr', 'phone-watch', '--watch', '--json'], (text) => {
      codes.push((JSON.parse(text) as { qr_code: string | null }).qr_code);
      const state = steps.shift();
      if (state === undefined) return;
      void database.db.phones.change(orgId, 'phone-watch', () => ({
        change: { state },
        events: () => [{ name: 'org.phone.updated', payload: '{}' }],
      }));
    });
    expect({ code, err, codes }).toEqual({ code: 0, err: '', codes: [QR, `${QR},2`, null] });
  });

  it('leaves restart and reset to the owner of the phone, once each', async () => {
    await runJson('phones', 'restart', 'phone-off');
    await runJson('phones', 'restart', 'phone-off');
    await runJson('phones', 'reset', 'phone-off');
    const rows = await database.rows<{ kind: string }>(
      `select kind from phone_commands where phone_id = 'phone-off' order by command_id`,
    );
    expect(rows.map(({ kind }) => kind)).toEqual(['restart', 'reset']);
  });
});

describe('events', () => {
  it('prints what there is, by phone and name, and ends without --follow', async () => {
    const { out } = await run(['events', 'tail', '--after', '0', '--phone', 'phone-on', '--no-follow', '--json']);
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        event: 'org.phone.updated',
        phone_id: 'phone-on',
        sequence: 1,
        data: { phone_id: 'phone-on', status: 'x' },
      }),
    ]);
    const none = await run(['events', 'tail', '--after', '0', '--name', 'org.phone.connected', '--no-follow']);
    expect(none).toEqual({ code: 0, out: [], err: '' });
  });

  it('follows the log from now on, until it is stopped', async () => {
    const { org_id } = await runJson<{ org_id: string }>('org', 'create', '--name', 'Events');
    await makePhone(org_id, 'phone-old', STOPPED);
    const { events, phones } = database.db;
    const end = await events.settledPosition();
    await makePhone(org_id, 'phone-new', STOPPED);
    let seen = 0;
    const { code, out } = await run(['events', 'tail', '--after', String(end)], (_, stop) => {
      seen += 1;
      if (seen === 2) return stop();
      const events = () => [{ name: 'org.phone.qr', payload: '{}' }];
      void phones.change(org_id, 'phone-new', () => ({ change: { name: 'Sales' }, events }));
    });
    expect(code).toBe(0);
    expect(out[0]).toMatch(/phone-new {2}org\.phone\.updated {2}x$/);
    expect(out[1]).toMatch(/phone-new {2}org\.phone\.qr$/);
  });
});

describe('the command line', () => {
  it.each([
    [[], 'trunkline COMMAND'],
    [['phones'], 'trunkline phones'],
    [['phones', 'qr'], 'trunkline phones qr'],
    [['org', 'create'], 'trunkline org create'],
  ])('explains %j without a database', async (line, name) => {
    for (const flag of ['--help', '-h']) {
      const out: string[] = [];
      const io = { err: () => {}, env: {}, isTerminal: false, signal: new AbortController().signal };
      expect(await runCli([...line, flag], { ...io, out: (text) => out.push(text) })).toBe(0);
      expect(out.join()).toContain('USAGE');
      expect(out.join()).toContain(name.replace(' COMMAND', ''));
    }
  });

  it.each([
    [[], /Name a command/],
    [['phone'], /There is no command "phone"/],
    [['phones', 'rest'], /There is no command "phones rest"/],
    [['org', 'create'], /Missing required argument: --name See: trunkline org create --help/],
    [['phones', 'show'], /Missing required positional argument: PHONE/],
    [['org', 'list', '--jsn'], /There is no option --jsn here/],
    [['org', 'list', '-x'], /There is no option -x here/],
    [['org', 'list', 'more'], /"more" is one word too many/],
    [['org', 'create', '--name'], /name needs a value/],
    [['events', 'tail', '--after', 'yesterday'], /--after must be a whole number/],
  ])('refuses %j', async (line, message) => {
    const { code, out, err } = await run(line);
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(err).toMatch(message);
  });

  it('starts the embedded database for itself when no server runs, and leaves none behind', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'trunkline-cli-'));
    const out: string[] = [];
    const io = {
      out: (text: string) => out.push(text),
      err: (text: string) => out.push(text),
      env: { TRUNKLINE_DATA_DIR: dataDir },
      isTerminal: false,
      signal: new AbortController().signal,
    };
    try {
      expect(await runCli(['org', 'create', '--name', 'Alone', '--json'], io)).toBe(0);
      expect(await runCli(['org', 'list'], io)).toBe(0);
      expect(out[1]).toContain('Alone');
      expect(await runCli(['events', 'tail', '--after', '0'], io)).toBe(0);
      expect(out[2]).toMatch(/No server runs on this data directory/);
      expect(readdirSync(join(dataDir, 'postgres'))).not.toContain('postmaster.pid');
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
});
