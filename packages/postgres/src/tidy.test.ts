import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeOrg, makePhone, takePhone } from './testing/make-phone.js';
import { createTestDatabase } from './testing/test-database.js';
import { ROWS_PER_TIDY } from './tidy.js';

test('what was kept long enough goes, a bounded number at a time; the rest stays', async () => {
  const database = await createTestDatabase();
  try {
    const phone = await makePhone(database.db, await makeOrg(database.db));
    const lease = await takePhone(database.db, phone);
    const owned = database.db.owned(lease.nodeId);
    const session = owned.sessionStore(lease);
    const [settled, waiting] = [randomBytes(32), randomBytes(32)];
    for (const ciphertextHash of [settled, waiting]) {
      await session.write({ inbox: { ciphertextHash, stanza: {}, plaintext: Buffer.from('p') } });
    }
    await session.write({ credentials: Buffer.from('c'), settled: [settled] });
    await session.keepSentContent('chat', 'id', Buffer.from('s'));
    await owned.change(lease, () => ({ change: {}, events: () => [], credentials: 'retire' }));
    await database.rows(
      `insert into events (phone_id, sequence, org_id, name, payload) select $1, n, $2, 'x', '{}' from generate_series(1, ${ROWS_PER_TIDY + 10}) n`,
      [phone.phoneId, phone.orgId],
    );
    const nothing = { retired_credentials: 0, inbox: 0, sent_content: 0, phone_diary: 0, events: 0 };
    expect(await database.db.tidy()).toEqual(nothing);
    for (const [table, column] of [
      ['retired_credentials', 'retired_at'],
      ['inbox', 'settled_at'],
      ['inbox', 'received_at'],
      ['sent_content', 'at'],
      ['phone_diary', 'at'],
      ['events', 'at'],
    ]) {
      await database.rows(`update ${table} set ${column} = ${column} - interval '91 days'`);
    }
    const all = { retired_credentials: 1, inbox: 1, sent_content: 1, phone_diary: 1 };
    expect(await database.db.tidy()).toEqual({ ...all, events: ROWS_PER_TIDY });
    expect(await database.db.tidy()).toEqual({ ...nothing, events: 10 });
    expect((await session.waitingInbox()).map((entry) => entry.ciphertextHash)).toEqual([waiting]);
  } finally {
    await database.drop();
  }
});
