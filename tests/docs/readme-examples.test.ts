import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TEST_API_KEY, Testbed } from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The official client knows only port 8080; what it opens there goes to our port instead, so that tests can run side by side. */
const REDIRECT = new URL('./redirect-8080.mjs', import.meta.url).href;
const README = new URL('../../README.md', import.meta.url);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIMIT_MS = 60_000;

/** The first block of code in this language after these words of the README. */
function codeAfter(words: string, language: string): string {
  const text = readFileSync(README, 'utf8');
  const block = text.slice(text.indexOf(words)).split(`\`\`\`${language}\n`)[1]?.split('```')[0];
  if (!text.includes(words) || block === undefined) throw new Error(`README has no ${language} after "${words}"`);
  return block;
}

describe('the README, typed as it is', () => {
  let bed: Testbed;
  beforeAll(async () => {
    bed = await Testbed.create();
  });
  afterAll(() => bed.stop());

  it('links a sandbox phone with curl', async () => {
    const script = codeAfter('With curl', 'sh').replaceAll('http://localhost:8080', bed.server.url);
    const { stdout } = await promisify(execFile)('bash', ['-euc', script], {
      env: { ...process.env, KEY: TEST_API_KEY },
      timeout: LIMIT_MS,
    });
    const phone = JSON.parse(
      stdout
        .trim()
        .split(/\n|(?<=\})(?=\{)/)
        .at(-1) ?? '',
    ) as unknown;
    expect(phone).toMatchObject({
      wa_state: 'CONNECTED',
      is_ready: true,
      org_phone: '15555550100@c.us',
      network: 'sandbox',
    });
  });

  it('links a sandbox phone with the official client', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', REDIRECT, '--input-type=module', '--eval', codeAfter('With the official client', 'js')],
      {
        cwd: ROOT,
        env: { ...process.env, KEY: TEST_API_KEY, TO_PORT: new URL(bed.server.url).port },
        timeout: LIMIT_MS,
      },
    );
    expect(stdout).toContain('connected as 15555550101@c.us');
  });
});
