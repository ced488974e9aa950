import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface BareFigures {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly loopP99Ms: number;
}

/** The reference process, asked over its channel. */
export class BareSide {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  private constructor(child: ChildProcess, onQr: (phone: string, qr: string) => void) {
    this.#child = child;
    child.on('message', (message: { id?: number; value?: never; error?: string; qr?: string; phone?: string }) => {
      if (message.qr !== undefined) return onQr(message.phone ?? '', message.qr);
      const waiting = this.#waiting.get(message.id ?? -1);
      if (message.error === undefined) waiting?.resolve(message.value as never);
      else waiting?.reject(new Error(message.error));
    });
  }

  static async start(
    args: { databaseUrl: string; networkUrl: string; rootBase64: string; org: string; caPath: string },
    onQr: (phone: string, qr: string) => void,
  ): Promise<BareSide> {
    const child = fork(
      fileURLToPath(new URL('./bare-worker.ts', import.meta.url)),
      [args.databaseUrl, args.networkUrl, args.rootBase64, args.org],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: args.caPath }, execArgv: [...process.execArgv, '--expose-gc'] },
    );
    const side = new BareSide(child, onQr);
    await new Promise((resolve, reject) => side.#waiting.set(0, { resolve, reject }));
    return side;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask<T>(call: string, phones: readonly string[] = [], inFlight = 16): Promise<T> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, call, phones, inFlight });
    });
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
