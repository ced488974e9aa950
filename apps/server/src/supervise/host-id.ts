import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names this running system and its process table, so that a process id of it means something. */
export function hostId(): string {
  return [hostname(), read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()), pidNamespace()].join(
    ':',
  );
}

/** True when a worker of ours with this id still runs. A process id that was given to another program does not count. */
export function isWorkerAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const commandLine = read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  return commandLine === '' || commandLine.includes('worker-main');
}

function pidNamespace(): string {
  return read(() => readlinkSync('/proc/self/ns/pid'));
}

/** Other systems than Linux have no such file. */
function read(from: () => string): string {
  try {
    return from();
  } catch {
    return '';
  }
}
