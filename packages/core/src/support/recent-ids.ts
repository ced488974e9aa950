/** Tells ids that were seen lately from new ones. Keeps the last so many, in no order of the ids themselves. */
export class RecentIds {
  readonly #seen = new Set<number>();

  constructor(private readonly most: number) {}

  /** True the first time. */
  add(id: number): boolean {
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= this.most) break;
      this.#seen.delete(oldest);
    }
    return true;
  }
}
