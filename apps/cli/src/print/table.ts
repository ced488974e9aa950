/** Draws rows as aligned columns under their headings; `empty` is said instead of an empty table. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return empty;
  const widths = headings.map((heading, column) =>
    Math.max(...[heading, ...rows.map((row) => row[column] ?? '')].map(width)),
  );
  return [headings, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Draws names and values, one a line. */
export function properties(values: Readonly<Record<string, string>>): string {
  const longest = Math.max(...Object.keys(values).map((name) => name.length));
  return Object.entries(values)
    .map(([name, value]) => `${name.padEnd(longest)}  ${value}`.trimEnd())
    .join('\n');
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** In characters as people see them, and not in bytes. */
function width(text: string): number {
  return Array.from(characters.segment(text)).length;
}
