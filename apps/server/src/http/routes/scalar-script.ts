import { createReadStream, type ReadStream } from 'node:fs';
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gzip } from 'node:zlib';

const resolve = createRequire(import.meta.url).resolve;

/**
 * The script of the API reference. Its package keeps it in a JavaScript string, which would stay in our memory (30 MB)
 * for ever. So a thread that ends loads the package, once per version, and the script lies on the disk from then on.
 */
export class ScalarScript {
  readonly #directory: string;
  #making: Promise<string> | null = null;

  constructor(dataDir: string) {
    this.#directory = join(dataDir, 'cache');
  }

  /** The gzipped script. */
  async open(): Promise<ReadStream> {
    this.#making ??= this.#make();
    try {
      return createReadStream(await this.#making);
    } catch (error) {
      this.#making = null;
      throw error;
    }
  }

  async #make(): Promise<string> {
    const version = await packageVersion();
    const path = join(this.#directory, `scalar-${version}.js.gz`);
    try {
      await access(path);
      return path;
    } catch {
      // Not made yet.
    }
    const packed = await promisify(gzip)(await loadInThread());
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const draft = `${path}.${process.pid}`;
    await writeFile(draft, packed);
    await rename(draft, path);
    return path;
  }
}

async function packageVersion(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const path = join(resolve('@scalar/fastify-api-reference'), '../../package.json');
  const { version } = JSON.parse(await readFile(path, 'utf8')) as { version?: unknown };
  return String(version).replace(/[^\w.-]/g, '');
}

/** Asks the package for its script as a browser would: that is the interface it has. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
(async () => {
  const [{ default: Fastify }, { default: reference }] = await Promise.all(workerData.map((url) => import(url)));
  const app = Fastify();
  await app.register(reference, { routePrefix: '/docs', configuration: { content: {} } });
  const { payload } = await app.inject('/docs/js/scalar.js');
  parentPort.postMessage(payload);
})();`;

function loadInThread(): Promise<string> {
  const modules = ['fastify', '@scalar/fastify-api-reference'].map((name) => pathToFileURL(resolve(name)).href);
  return new Promise((done, fail) => {
    const thread = new Worker(THREAD, { eval: true, workerData: modules, execArgv: [] });
    thread.once('message', (script: unknown) => {
      if (typeof script === 'string' && script.length > 0) done(script);
      else fail(new Error('the API reference has no script'));
    });
    thread.once('error', fail);
    thread.once('exit', () => fail(new Error('the API reference could not be loaded')));
  });
}
