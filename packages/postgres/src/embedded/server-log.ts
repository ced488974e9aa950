/** The log file of the embedded server. */
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

export function serverLogFile(dataDir: string): string {
  return join(dataDir, 'postgres.log');
}

const ROTATE_BYTES = 5 * 1024 * 1024;

/** Opens it for appending. A large one is put aside first; one old file is kept. */
export function openServerLog(file: string): { fd: number; size: number; close(): void } {
  const size = fileSize(file);
  if (size > ROTATE_BYTES) renameSync(file, `${file}.1`);
  const fd = openSync(file, 'a', 0o600);
  return { fd, size: size > ROTATE_BYTES ? 0 : size, close: () => closeSync(fd) };
}

/** The first complaint written after an offset. */
export function firstComplaint(file: string, offset: number): string | null {
  const text = readFileSync(file).subarray(offset).toString();
  const line = text.split('\n').find((entry) => /(FATAL|PANIC|ERROR):|error while loading/.test(entry));
  return line?.replace(/^.*?(FATAL|PANIC|ERROR): */, '').trim() ?? null;
}

function fileSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
