import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inCheckout } from './paths.mjs';
import { alone } from './prepare-lock.mjs';
import { runStep } from './run-step.mjs';
import { readStamp, requireWritable, writeStamp } from './stamp.mjs';

/** Compiles every workspace when a source is not the one that was compiled last. `installed` is what it is compiled with. */
export async function compile(installed) {
  const workspaces = workspacesToBuild();
  const wanted = sourceFingerprint(workspaces, installed);
  const isBuilt = () => readStamp('build') === wanted && workspaces.every(hasOutput);
  if (isBuilt()) return;
  requireWritable('The sources have to be compiled');
  await alone(async () => {
    if (isBuilt()) return;
    console.error('trunkline: building');
    // Forced, because the compiler goes by file times, and an unpacked release may be older than the last build.
    await runStep('the build', process.execPath, [
      inCheckout('node_modules/typescript/bin/tsc'),
      ...['--build', '--force', inCheckout('tsconfig.build.json')],
    ]);
    writeStamp('build', wanted);
  });
}

function workspacesToBuild() {
  const { references } = JSON.parse(readFileSync(inCheckout('tsconfig.build.json'), 'utf8'));
  return references.map((reference) => reference.path);
}

function hasOutput(workspace) {
  return existsSync(inCheckout(workspace, 'dist', '.tsbuildinfo'));
}

/** By content and not by time, because copies, checkouts and archives all set times as they like. */
function sourceFingerprint(workspaces, installed) {
  const hash = createHash('sha256').update(installed);
  const settings = ['tsconfig.base.json', 'tsconfig.build.json'];
  const files = workspaces.flatMap((workspace) => [
    join(workspace, 'tsconfig.json'),
    join(workspace, 'package.json'),
    ...sourcesOf(workspace),
  ]);
  for (const file of [...settings, ...files]) {
    hash.update(`\n${file}\n`).update(readFileSync(inCheckout(file)));
  }
  return hash.digest('hex');
}

function sourcesOf(workspace) {
  return readdirSync(inCheckout(workspace, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(test|bench)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(inCheckout('.').length))
    .sort();
}
