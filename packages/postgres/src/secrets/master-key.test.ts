import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openDatabase } from '../open-database.js';
import { makeOrg, makePhone, takePhone } from '../testing/make-phone.js';
import { silentLog } from '../testing/silent-log.js';
import { createBareDatabase, createTestDatabase } from '../testing/test-database.js';
import { WrongMasterKey } from './verify-master-key.js';

test('a database opens only with the key that it was written with', async () => {
  const { url, drop } = await createBareDatabase();
  try {
    const [first, second] = [randomBytes(32), randomBytes(32)];
    const early = await openDatabase({ url, masterKey: second, log: silentLog });
    const db = await openDatabase({ url, masterKey: first, log: silentLog });
    await db.migrate();
    await db.close();
    await expect(early.migrate()).rejects.toThrow('written with another master key');
    await early.close();
    await expect(openDatabase({ url, masterKey: second, log: silentLog })).rejects.toThrow(WrongMasterKey);
    const again = await openDatabase({ url, masterKey: first, log: silentLog });
    await again.close();
  } finally {
    await drop();
  }
});

test('a key of the wrong size is refused without being shown', async () => {
  const masterKey = Buffer.from('short and secret');
  const refused = openDatabase({ url: 'postgresql:///x?host=/nowhere', masterKey, log: silentLog });
  await expect(refused).rejects.toThrow('the master key must be 32 bytes, but it has 16');
});

test('no bytes of credentials, keys, plaintext or sent content are in the database in clear', async () => {
  const database = await createTestDatabase();
  try {
    const secret = randomBytes(48);
    const phone = await makePhone(database.db, await makeOrg(database.db));
    const lease = await takePhone(database.db, phone);
    const owned = database.db.owned(lease.nodeId);
    const session = owned.sessionStore(lease);
    const ciphertextHash = randomBytes(32);
    await session.write({
      credentials: Buffer.concat([Buffer.from('creds'), secret]),
      keys: [{ kind: 'session', keyId: 'peer.1', value: secret }],
      inbox: { ciphertextHash, stanza: { id: 'A' }, plaintext: secret },
    });
    await session.keepSentContent('chat', 'id', secret);
    await owned.change(lease, () => ({ change: {}, events: () => [], credentials: 'retire' }));
    await session.write({ credentials: secret });
    const tables = await database.rows<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    let dumped = 0;
    for (const { name } of tables) {
      // bytea is printed as hex by this cast.
      const rows = await database.rows<{ line: string }>(`select t::text as line from ${name} t`);
      dumped += rows.length;
      for (const { line } of rows) {
        expect(line).not.toContain(secret.toString('hex'));
        expect(line).not.toContain(Buffer.from(database.masterKey).toString('hex'));
      }
    }
    expect(dumped).toBeGreaterThan(8);
    // The walk would have seen it: the ciphertext around it is there.
    const [hash] = await database.rows<{ line: string }>('select i::text as line from inbox i');
    expect(hash?.line).toContain(ciphertextHash.toString('hex'));
  } finally {
    await database.drop();
  }
});
