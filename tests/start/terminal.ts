import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually, freePort } from '@trunkline/testkit';
import type { FreshCheckout, User } from './fresh-checkout.js';

const SERVING_MS = 150_000;
const ENDED_MS = 45_000;
const KEEP = /^(PATH|LANG|LC_.*|TMPDIR|https?_proxy|no_proxy|npm_config_registry|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/i;

export interface Typed {
  readonly checkout: FreshCheckout;
  readonly command: readonly string[];
  /** Null: the user that runs the tests. */
  readonly user: User | null;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command typed into a terminal of its own: Ctrl-C reaches every process in the foreground, as it does there. */
export class Terminal {
  output = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(
    { checkout, command: [program = '', ...args], user, cwd, env }: Typed,
    readonly url: string,
  ) {
    this.#child = spawn(program, args, {
      cwd: cwd ?? checkout.path,
      env: {
        ...cleanEnvironment(),
        HOME: checkout.home,
        PORT: new URL(url).port,
        npm_config_prefer_offline: 'true',
        ...env,
      },
      ...(user !== null && user),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  static async type(typed: Typed): Promise<Terminal> {
    return new Terminal(typed, `http://127.0.0.1:${await freePort()}`);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until the server answers, however long that takes on a machine that has to install first. */
  async serving(): Promise<void> {
    const look = async () => {
      if (this.hasEnded) return true;
      return (await fetch(`${this.url}/healthz`)).ok;
    };
    await eventually('the server answers', look, SERVING_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output}`);
    });
    if (this.hasEnded) throw new Error(`it ended with ${this.#child.exitCode}\n${this.output}`);
  }

  /** Waits for its end and answers the exit code. */
  async ended(): Promise<number | null> {
    await eventually('the command ends', () => this.hasEnded, ENDED_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output}`);
    });
    await this.#ended;
    return this.#child.exitCode;
  }

  ctrlC(): void {
    const { pid } = this.#child;
    if (pid !== undefined && !this.hasEnded) process.kill(-pid, 'SIGINT');
  }

  /** Signals only the process that was typed, as a service manager does. */
  terminate(): void {
    this.#child.kill('SIGTERM');
  }
}

/** Nothing of the test run around us: a newcomer has none of its settings. */
function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => KEEP.test(name));
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  return { ...Object.fromEntries(entries.map(([name, value]) => [name, value ?? ''])), PATH: path.join(':') };
}
