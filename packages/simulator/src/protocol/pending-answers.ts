/** Answers the network waits for, each with a deadline. */
import type { Node } from '../wire/node.js';

const TIMEOUT_MS = 15_000;

export class PendingAnswers {
  #closed = false;
  #waiting = new Map<string, (node: Node | undefined) => void>();

  /** Resolves with the answer, or with undefined when it does not come in time or at all. */
  expect(key: string): Promise<Node | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const settle = (node: Node | undefined): void => {
        clearTimeout(deadline);
        this.#waiting.delete(key);
        resolve(node);
      };
      const deadline = setTimeout(() => settle(undefined), TIMEOUT_MS);
      this.#waiting.set(key, settle);
    });
  }

  settle(key: string, node: Node): void {
    this.#waiting.get(key)?.(node);
  }

  /** Nothing more will come. */
  close(): void {
    this.#closed = true;
    for (const settle of [...this.#waiting.values()]) settle(undefined);
  }
}
