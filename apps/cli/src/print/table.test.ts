import { describe, expect, it } from 'vitest';
import { properties, table } from './table.js';

describe('tables', () => {
  it('align columns, also of names that are not English', () => {
    expect(
      table(
        ['A', 'NAME', 'C'],
        [
          ['1', 'Søren 👩🏽‍💻', 'x'],
          ['22', 'Support', ''],
        ],
        'none',
      ),
    ).toBe(['A   NAME     C', '1   Søren 👩🏽‍💻  x', '22  Support'].join('\n'));
  });

  it('say that there is nothing', () => {
    expect(table(['A'], [], 'There are no phones.')).toBe('There are no phones.');
  });

  it('list properties', () => {
    expect(properties({ org_id: 'x', api_key: 'y' })).toBe('org_id   x\napi_key  y');
  });
});
