import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The heading of a Markdown document as a link names it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');
}

describe('the documents', () => {
  it.each(documents)('%s links only to what exists', (document) => {
    for (const [, target = ''] of read(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? join(root, document) : resolve(root, dirname(document), path);
      expect(existsSync(file), `${target} in ${document}`).toBe(true);
      if (anchor === undefined) continue;
      const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        anchorOf(heading),
      );
      expect(headings, `${target} in ${document}`).toContain(anchor);
    }
  });

  it.each(documents)('%s names only files of the sources that exist', (document) => {
    for (const [, path = ''] of read(document).matchAll(/`((?:apps|packages|scripts)\/[\w./-]+\.(?:ts|mjs|sql))`/g)) {
      expect(existsSync(join(root, path)), path).toBe(true);
    }
  });

  it('README lists exactly the settings that the server reads', () => {
    const folder = 'apps/server/src/config';
    const sources = readdirSync(join(root, folder)).filter((name) => !name.endsWith('.test.ts'));
    const code = sources.map((name) => read(join(folder, name))).join('\n');
    const settings = [...code.matchAll(/env\.\w+\(\s*'([A-Z][A-Z0-9_]*[A-Z0-9])'|'(S3_[A-Z_]+)'/g)].map(
      ([, a, b]) => a ?? b,
    );
    const table = /## Configuration([\s\S]*?)\n## /.exec(read('README.md'))?.[1] ?? '';
    const listed = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name]) => name),
    );
    expect(new Set(listed)).toEqual(new Set(settings));
  });

  it('the page of third-party licences is the one of the lock file', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/licences.mjs'), '--check'], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
