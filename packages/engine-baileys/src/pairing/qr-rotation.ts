import type { Clock } from '@trunkline/core';

export interface QrRotationInput {
  readonly refs: readonly string[];
  readonly clock: Clock;
  readonly firstMs: number;
  readonly nextMs: number;
  readonly offer: (ref: string, expiresAt: Date) => void;
  readonly ended: () => void;
}

/**
 * Shows one QR code after the other while a pairing waits. The library would end the socket when its codes run out,
 * also in the middle of a code or passkey ceremony; here the rotation can be held.
 */
export class QrRotation {
  readonly #input: QrRotationInput;
  #shown = 0;
  #cancel: () => void = () => {};

  constructor(input: QrRotationInput) {
    this.#input = input;
  }

  /** Offers the next code, or ends the pairing when none is left. */
  next(): void {
    const { refs, clock, firstMs, nextMs, offer, ended } = this.#input;
    const ref = refs[this.#shown];
    if (ref === undefined) {
      ended();
      return;
    }
    const lifeMs = this.#shown === 0 ? firstMs : nextMs;
    this.#shown += 1;
    offer(ref, new Date(clock.now() + lifeMs));
    this.#cancel = clock.after(lifeMs, () => this.next());
  }

  /** Stops rotating; a ceremony is under way and decides itself how it ends. */
  hold(): void {
    this.#cancel();
  }
}
