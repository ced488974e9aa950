import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';

const MAIN = fileURLToPath(new URL('../../../apps/server/dist/main.js', import.meta.url));
const KEPT_LOG_LINES = 5_000;

/** The real server as a user starts it: a process of its own, reached only through its port. */
export class ServerProcess {
  readonly url: string;
  readonly log: string[] = [];
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;

  private constructor(port: number, env: NodeJS.ProcessEnv) {
    this.url = `http://127.0.0.1:${port}`;
    this.#env = { ...process.env, NODE_OPTIONS: '', ...env, PORT: String(port) };
  }

  static async start(env: NodeJS.ProcessEnv, port?: number): Promise<ServerProcess> {
    const server = new ServerProcess(port ?? (await freePort()), env);
    await server.start();
    return server;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the server does not run');
    return this.#child.pid;
  }

  /** Starts it (again) with the same settings and waits until it is ready. */
  async start(more: NodeJS.ProcessEnv = {}): Promise<void> {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...this.#env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log.push(...text.split('\n').filter((line) => line !== ''));
        this.log.splice(0, this.log.length - KEPT_LOG_LINES);
      });
    }
    await eventually(
      'the server is ready',
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
        return (await fetch(`${this.url}/readyz`)).ok;
      },
      60_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.log.slice(-30).join('\n')}`);
    });
  }

  /** Stops it as Ctrl-C does and waits for its end. May be called twice. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child === null) return null;
    this.#child = null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  kill(): Promise<number | null> {
    return this.stop('SIGKILL');
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
