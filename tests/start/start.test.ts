import { appendFileSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FreshCheckout, userNamed } from './fresh-checkout.js';
import { Terminal, type Typed } from './terminal.js';

const NPM_START = ['npm', 'start'];
const MINUTES = 60_000;
const isRoot = process.getuid?.() === 0;

/** What a newcomer does in a fresh clone, in this order: each test goes on where the one before left the checkout. */
describe.sequential('a fresh clone', () => {
  let checkout: FreshCheckout;
  const terminals: Terminal[] = [];
  beforeAll(() => {
    checkout = new FreshCheckout();
  }, 2 * MINUTES);
  afterAll(async () => {
    for (const terminal of terminals) terminal.ctrlC();
    await Promise.all(terminals.map((terminal) => terminal.ended()));
    checkout.remove();
  }, 2 * MINUTES);

  const type = async (typed: Partial<Typed> & Pick<Typed, 'command'>): Promise<Terminal> => {
    const terminal = await Terminal.type({ checkout, user: checkout.user, ...typed });
    terminals.push(terminal);
    return terminal;
  };
  const nothingIsLeft = () => eventually('no process is left', () => checkout.processes().length === 0);

  it('installs, builds, serves and prints the first key', { timeout: 6 * MINUTES }, async () => {
    const first = await type({ command: NPM_START });
    await first.serving();
    expect(first.output).toMatch(/trunkline: installing dependencies/);
    expect(first.output).toMatch(/trunkline: building/);
    const key = await eventually('the key is printed', () => /\btl_\w{49}\b/.exec(first.output)?.[0]);

    const again = await type({ command: NPM_START });
    expect(await again.ended()).not.toBe(0);
    expect(again.output).toMatch(/runs on the data directory/);

    await startASandboxPhone(first.url, key);
    first.ctrlC();
    expect(await first.ended()).toBe(0);
    await nothingIsLeft();
  });

  it('starts again without installing or building', { timeout: 3 * MINUTES }, async () => {
    const started = performance.now();
    const second = await type({ command: NPM_START });
    await second.serving();
    console.info(`second start answered after ${Math.round(performance.now() - started)} ms`);
    expect(second.output).not.toMatch(/trunkline: /);
    expect(second.output).not.toMatch(/tl_\w{49}/);
    second.terminate();
    expect(await second.ended()).toBe(0);
    await nothingIsLeft();
  });

  it('compiles again when a source has changed, and only then', { timeout: 3 * MINUTES }, async () => {
    appendFileSync(join(checkout.path, 'packages/core/src/index.ts'), '// changed\n');
    const build = ['npm', 'run', 'build'];
    const changed = await type({ command: build });
    expect(await changed.ended()).toBe(0);
    expect(changed.output).toMatch(/trunkline: building/);
    expect(changed.output).not.toMatch(/installing/);
    const same = await type({ command: build });
    expect(await same.ended()).toBe(0);
    expect(same.output).not.toMatch(/trunkline: /);
  });

  it('is operated from the command line while nothing runs', { timeout: 3 * MINUTES }, async () => {
    const made = await type({
      command: ['npm', 'run', '-s', 'trunkline', '--', 'org', 'create', '--name', 'B', '--json'],
    });
    expect(await made.ended()).toBe(0);
    expect(JSON.parse(made.output)).toEqual({
      org_id: expect.any(String),
      api_key: expect.stringMatching(/^tl_\w{49}$/),
    });
    await nothingIsLeft();
  });

  it.runIf(isRoot)('works as root, from another directory', { timeout: 3 * MINUTES }, async () => {
    const script = join(checkout.path, 'scripts/start.mjs');
    const data = join(checkout.folder, 'root-data');
    const asRoot = await type({
      command: [process.execPath, script],
      user: null,
      cwd: checkout.folder,
      env: { TRUNKLINE_DATA_DIR: './root-data' },
    });
    await asRoot.serving();
    expect(checkout.processes().some((line) => line.includes(join(data, 'postgres')))).toBe(true);
    asRoot.ctrlC();
    expect(await asRoot.ended()).toBe(0);
    await nothingIsLeft();
  });

  it.runIf(isRoot)('works for a user who may only read it', { timeout: 3 * MINUTES }, async () => {
    const reader = userNamed('daemon');
    const data = join(checkout.folder, 'reader-data');
    mkdirSync(data);
    chownSync(data, reader.uid, reader.gid);
    const env = { TRUNKLINE_DATA_DIR: data, HOME: '/nonexistent' };
    const command = [process.execPath, join(checkout.path, 'scripts/start.mjs')];
    const reading = await type({ command, user: reader, cwd: '/', env });
    await reading.serving();
    reading.ctrlC();
    expect(await reading.ended()).toBe(0);
    await nothingIsLeft();

    appendFileSync(join(checkout.path, 'packages/core/src/index.ts'), '// changed again\n');
    const refused = await type({ command, user: reader, cwd: '/', env });
    expect(await refused.ended()).toBe(1);
    expect(refused.output).toMatch(
      /^trunkline: The sources have to be compiled, and user daemon may not write to .*\n$/,
    );
  });
});

/** So that workers and the sandbox run too when Ctrl-C comes. */
async function startASandboxPhone(url: string, key: string): Promise<void> {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  const created = await fetch(`${url}/v1/phones/create`, { method: 'POST', headers, body: '{"network":"sandbox"}' });
  const { phone_id } = (await created.json()) as { phone_id: string };
  await eventually('the phone has a QR code', async () => {
    const phone = await fetch(`${url}/v1/phones`, { headers: { ...headers, 'x-phone': phone_id } });
    return ((await phone.json()) as { qr_code: string | null }).qr_code;
  });
}
