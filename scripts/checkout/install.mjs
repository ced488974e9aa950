import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { inCheckout, root } from './paths.mjs';
import { alone } from './prepare-lock.mjs';
import { runStep } from './run-step.mjs';
import { readStamp, requireWritable, writeStamp } from './stamp.mjs';

/** Installs the dependencies when node_modules is not what the lock file says. Answers what the dependencies are. */
export async function install() {
  const wanted = lockFingerprint();
  if (readStamp('install') === wanted) return wanted;
  if (installedMatchesLock()) {
    writeStamp('install', wanted);
    return wanted;
  }
  requireWritable('The dependencies are not installed as package-lock.json says');
  await alone(async () => {
    if (readStamp('install') === wanted) return;
    console.error('trunkline: installing dependencies with "npm ci --ignore-scripts", about a minute the first time');
    // Development dependencies hold the compiler, so NODE_ENV=production must not leave them out.
    const args = [
      'ci',
      '--ignore-scripts',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ];
    await runStep('npm ci', ...npmCommand(args));
    writeStamp('install', wanted);
  });
  return wanted;
}

/** Binaries of other platforms may lie in a copied node_modules, so the platform belongs to the fingerprint. */
function lockFingerprint() {
  const lock = readFileSync(inCheckout('package-lock.json'));
  return createHash('sha256').update(`${process.platform}-${process.arch}\n`).update(lock).digest('hex');
}

/** Whether somebody ran npm by hand already: npm writes down what it installed once all of it is there. */
function installedMatchesLock() {
  const wanted = packagesOf(inCheckout('package-lock.json'));
  const installed = packagesOf(inCheckout('node_modules', '.package-lock.json'));
  if (wanted === null || installed === null) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/') || (entry.optional && !isForThisPlatform(entry))) return true;
    const found = installed[path];
    return found !== undefined && found.version === entry.version && existsSync(inCheckout(path));
  });
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return null;
  }
}

function isForThisPlatform({ os, cpu, libc }) {
  const fits = (list, value) => list === undefined || list.includes(value);
  // An optional package for every platform may still be absent because its own optional parts are.
  if (os === undefined) return false;
  return fits(os, process.platform) && fits(cpu, process.arch) && fits(libc, libcFamily());
}

function libcFamily() {
  if (process.platform !== 'linux') return undefined;
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

/** npm as a command, an argument list and options, without depending on what PATH holds if it is known better. */
function npmCommand(args) {
  const env = { ...process.env, npm_config_cache: usableCache() };
  const beside = resolve(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  const cli = [process.env.npm_execpath, beside].find((path) => path?.endsWith('npm-cli.js') && existsSync(path));
  if (cli !== undefined) return [process.execPath, [cli, ...args], { env }];
  return ['npm', args, { env, shell: process.platform === 'win32' }];
}

/** The cache of npm, or one in the checkout for users without a home directory of their own. */
function usableCache() {
  const home = process.env.HOME ?? process.env.USERPROFILE;
  const usual = process.env.npm_config_cache ?? (home && resolve(home, '.npm'));
  if (usual && process.platform === 'win32') return usual;
  try {
    mkdirSync(usual, { recursive: true });
    accessSync(usual, constants.W_OK);
    return usual;
  } catch {
    return resolve(root, '.trunkline/npm-cache');
  }
}
