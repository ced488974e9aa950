import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_API_KEY, Testbed } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let bed: Testbed;
beforeAll(async () => {
  bed = await Testbed.create();
});
afterAll(() => bed.stop());

/** Files below a folder that hold the bytes. */
function filesWith(text: string, folder: string): string {
  return spawnSync('grep', ['-rlaF', '--', text, folder], { encoding: 'utf8' }).stdout.trim();
}

test('keys are in no log, in no file of the database and in no answer, at the most talkative log level', async () => {
  const person = await bed.person('Pia', '4915112345631');
  const { phone_id } = await bed.createPhone();
  const { qr_code } = await bed.qrOf(phone_id);
  await bed.scan(person, qr_code ?? '');
  await bed.ready(phone_id);
  await bed.api.must('POST', '/v1/phones/restart', { phone: phone_id });
  await bed.phoneIs(phone_id, 'restarting', ({ is_ready }) => !is_ready);
  await bed.ready(phone_id);
  const answers = await Promise.all(
    ['/v1/phones/all', '/v1/keys', '/v1/phones/history', '/metrics'].map((path) =>
      fetch(bed.server.url + path, { headers: { authorization: `Bearer ${TEST_API_KEY}`, 'x-phone': phone_id } }).then(
        (answer) => answer.text(),
      ),
    ),
  );
  await bed.poller.stop();
  await bed.server.stop();

  const { master_key } = JSON.parse(readFileSync(join(bed.dataDir, 'secrets.json'), 'utf8')) as { master_key: string };
  const log = bed.server.log.join('\n');
  const database = join(bed.dataDir, 'postgres');
  expect(log.length).toBeGreaterThan(1_000);
  for (const secret of [
    TEST_API_KEY,
    master_key,
    qr_code ?? 'no code',
    'privKey',
    'signedIdentityKey',
    'advSecretKey',
  ]) {
    expect(log.includes(secret), `${secret} in the log`).toBe(false);
    expect(answers.join('\n').includes(secret), `${secret} in an answer`).toBe(false);
  }
  // The phone itself is there in clear, so the search would find what is.
  expect(filesWith(person.number, database)).not.toBe('');
  for (const secret of [TEST_API_KEY, master_key, 'signedIdentityKey', 'advSecretKey']) {
    expect(filesWith(secret, database), `${secret} in a file of the database`).toBe('');
  }
});
