import type { Engine, Log } from '@trunkline/core';
import { createBaileysEngine } from '@trunkline/engine-baileys';
import type { WorkerInit } from './worker-init.js';

/** Variables that make a process trust our own network; a worker for live phones must not see them. */
const SANDBOX_VARIABLES = ['TRUNKLINE_SANDBOX_URL', 'TRUNKLINE_SANDBOX_ROOT', 'TRUNKLINE_SANDBOX_CA'];

/** The engine of a worker: one network per process, because trusting the sandbox is a switch of the whole process. */
export function openEngine(init: WorkerInit, log: Log): Engine {
  const { sandbox, webVersion } = init;
  const version = webVersion === null ? {} : { webVersion: [...webVersion] as [number, number, number] };
  if (init.network === 'live') {
    const set = SANDBOX_VARIABLES.filter((name) => process.env[name] !== undefined);
    if (sandbox !== null || set.length > 0) {
      throw new Error(`a worker for live phones does not start while ${set.join(', ') || 'a sandbox'} is set`);
    }
    return createBaileysEngine({ log, ...version });
  }
  if (sandbox === null) throw new Error('a worker for sandbox phones needs the address of the sandbox');
  return createBaileysEngine({
    log,
    ...version,
    trustedRoot: Buffer.from(sandbox.rootBase64, 'base64'),
    socketUrl: ({ orgId, phoneId }) => {
      const url = new URL(sandbox.url);
      url.searchParams.set('org', orgId);
      url.searchParams.set('tag', phoneId);
      return url.href;
    },
  });
}
