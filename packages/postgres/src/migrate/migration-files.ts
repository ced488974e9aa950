/** The numbered SQL files that make the schema. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** Of the text, so that a file edited after it was applied is noticed. */
  readonly checksum: string;
}

/** The same place seen from `src/migrate` and from `dist/migrate`. */
const FOLDER = new URL('../../migrations/', import.meta.url);
const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** Every migration of this version of the code, in order. */
export async function readMigrations(folder: URL = FOLDER): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => FILE_NAME.test(name)).sort();
  return Promise.all(
    names.map(async (file) => {
      const sql = await readFile(new URL(file, folder), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      return { number: Number.parseInt(file, 10), name: file.replace(/\.sql$/, ''), sql, checksum };
    }),
  );
}
