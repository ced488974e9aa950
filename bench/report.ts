/** One measured figure, with the reference of the same run and what it must reach. */
export interface Figure {
  readonly name: string;
  readonly ours: number;
  readonly bare?: number;
  /** At most this. */
  readonly limit?: number;
  /** At most this many times the reference. */
  readonly times?: number;
}

export function printFigures(size: number, figures: readonly Figure[]): void {
  console.log(`\n${size} ${size === 1 ? 'phone' : 'phones'}`);
  for (const { name, ours, bare, limit, times } of figures) {
    const against = bare === undefined ? '' : `bare ${number(bare)} (${(ours / bare).toFixed(2)} ×)`;
    const must = times !== undefined ? `must be ≤ ${times} × bare` : limit !== undefined ? `must be ≤ ${limit}` : '';
    const held =
      (times === undefined || bare === undefined || ours <= times * bare) && (limit === undefined || ours <= limit);
    console.log(
      `  ${name.padEnd(44)} ${number(ours).padStart(10)}  ${against.padEnd(28)} ${must}${must && !held ? '  MISSED' : ''}`,
    );
  }
}

const number = (value: number) => value.toFixed(value < 100 ? 1 : 0);
