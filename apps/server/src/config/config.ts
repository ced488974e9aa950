import { resolve } from 'node:path';
import type { Network } from '@trunkline/core';
import { isAddressOrRange, isHostName } from './address-text.js';
import { EnvReader } from './env.js';
import { type HttpConfig, readHttp } from './http-config.js';
import { type MasterKeySource, readBootstrapKey, readMasterKey } from './key-config.js';
import { readSandbox, type SandboxConfig } from './sandbox-config.js';
import { readStorage, type StorageConfig } from './storage-config.js';

export type Role = 'all' | 'api' | 'worker' | 'sandbox';
/** The whole configuration, typed and checked. Each part of the program receives its own section. */
export interface Config {
  readonly role: Role;
  readonly dataDir: string;
  readonly logLevel: string;
  readonly http: HttpConfig;
  /** Null = embedded. */
  readonly databaseUrl: string | null;
  readonly masterKey: MasterKeySource;
  readonly bootstrapApiKey: string | null;
  readonly phones: PhonesConfig;
  readonly node: { readonly host: string };
  readonly sandbox: SandboxConfig;
  readonly egress: { readonly allow: readonly string[] };
  readonly storage: StorageConfig;
  readonly redisUrl: string | null;
  /** For the log at start. */
  readonly warnings: readonly string[];
}

export interface PhonesConfig {
  readonly defaultNetwork: Network;
  readonly maxPerOrganisation: number;
  readonly webVersion: readonly [number, number, number] | null;
}

const ROLES = ['all', 'api', 'worker', 'sandbox'] as const;
const NETWORKS = ['live', 'sandbox'] as const;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

const OURS = [
  'ROLE',
  'DATA_DIR',
  'DEFAULT_NETWORK',
  'MAX_PHONES',
  'BOOTSTRAP_API_KEY',
  'MASTER_KEY',
  'MASTER_KEY_FILE',
  'SANDBOX',
  'SANDBOX_URL',
  'SANDBOX_ROOT',
  'SANDBOX_CA',
  'EGRESS_ALLOW',
  'WA_VERSION',
  'NODE_HOST',
  'TRUST_PROXY',
  // For tests of this project.
  'CRASH_AT',
  'TEST_COUNTS',
].map((name) => `TRUNKLINE_${name}`);

/** Every mistake of the configuration, one sentence each. */
export class ConfigErrors extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(`The configuration has mistakes:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`);
    this.name = 'ConfigErrors';
  }
}

/** Makes the typed configuration of an environment. Pure; throws `ConfigErrors` with every mistake at once. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const env = new EnvReader(variables);
  const role = env.choice('TRUNKLINE_ROLE', ROLES, 'all');
  const dataDir = resolve(env.text('TRUNKLINE_DATA_DIR') ?? './data');
  const databaseUrl = readDatabase(env, role);
  const config: Config = {
    role,
    dataDir,
    logLevel: env.choice('LOG_LEVEL', LEVELS, 'info'),
    http: readHttp(env),
    databaseUrl,
    masterKey: readMasterKey(env, role !== 'sandbox' && databaseUrl !== null),
    bootstrapApiKey: readBootstrapKey(env),
    phones: {
      defaultNetwork: env.choice('TRUNKLINE_DEFAULT_NETWORK', NETWORKS, 'live'),
      maxPerOrganisation: env.integer('TRUNKLINE_MAX_PHONES', 1_000, 1, 1_000_000),
      webVersion: readWebVersion(env),
    },
    node: { host: env.text('TRUNKLINE_NODE_HOST') ?? '127.0.0.1' },
    sandbox: readSandbox(env),
    egress: { allow: readEgressAllow(env) },
    storage: readStorage(env, role, dataDir),
    redisUrl: env.url('REDIS_URL', ['redis:', 'rediss:'])?.href ?? null,
    warnings: env.warnings,
  };
  if (config.phones.defaultNetwork === 'sandbox' && !config.sandbox.enabled) {
    env.wrong('TRUNKLINE_DEFAULT_NETWORK is sandbox, but TRUNKLINE_SANDBOX is off.', null);
  }
  for (const name of env.unknown('TRUNKLINE_', OURS)) env.warn(`${name} is not a setting of this version.`);
  if (env.mistakes.length > 0) throw new ConfigErrors(env.mistakes);
  return config;
}

function readDatabase(env: EnvReader, role: Role): string | null {
  if ((role === 'api' || role === 'worker') && !env.has('DATABASE_URL')) {
    env.wrong(`TRUNKLINE_ROLE=${role} needs DATABASE_URL, the database that all nodes share.`, null);
  }
  return env.url('DATABASE_URL', ['postgres:', 'postgresql:']) === null ? null : env.text('DATABASE_URL');
}

function readWebVersion(env: EnvReader): PhonesConfig['webVersion'] {
  const text = env.text('TRUNKLINE_WA_VERSION');
  if (text === null) return null;
  const [, first, second, third] = /^(\d{1,3})[.,](\d{1,6})[.,](\d{1,12})$/.exec(text) ?? [];
  if (third === undefined) return env.wrong('TRUNKLINE_WA_VERSION must look like 2.3000.1027934701.', null);
  return [Number(first), Number(second), Number(third)];
}

function readEgressAllow(env: EnvReader): string[] {
  const items = env.items('TRUNKLINE_EGRESS_ALLOW');
  for (const item of items) {
    if (isAddressOrRange(item) || isHostName(item)) continue;
    env.wrong(
      `TRUNKLINE_EGRESS_ALLOW must list addresses, CIDR ranges or host names, and ${JSON.stringify(item)} is none.`,
      null,
    );
  }
  return items;
}
