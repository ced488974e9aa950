/**
 * Writes of closed sessions that the database has not answered yet, by phone. The next session of the phone waits for
 * them: a ratchet step that commits late would undo what was stored after it, and the epoch of the lease does not
 * tell two sessions of one owner apart.
 */
export class HangingWrites {
  readonly #byPhone = new Map<string, Promise<void>>();

  add(phoneId: string, write: Promise<void> | null): void {
    if (write === null) return;
    const all = Promise.all([this.#byPhone.get(phoneId), write]).then(() => {
      if (this.#byPhone.get(phoneId) === all) this.#byPhone.delete(phoneId);
    });
    this.#byPhone.set(phoneId, all);
  }

  async settled(phoneId: string): Promise<void> {
    await this.#byPhone.get(phoneId);
  }
}
