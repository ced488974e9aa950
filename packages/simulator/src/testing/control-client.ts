/** Calls the control API as an organisation. */
import { randomUUID } from 'node:crypto';
import type { Sandbox } from '../sandbox.js';

export interface ControlReply {
  status: number;
  body: Record<string, unknown>;
}

export type ControlCall = (method: string, path: string, body?: unknown) => Promise<ControlReply>;

/** A caller for one organisation of a sandbox. */
export function controlOf(control: Sandbox['control'], org: string = randomUUID()): ControlCall {
  return async (method, path, body) => {
    const response = await fetch(`${control.url}/sandbox/v1/${path}`, {
      method,
      headers: { 'x-sandbox-secret': control.secret, 'x-org-id': org, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  };
}

/** Waits for a condition by asking again and again; throws when it does not come true in time. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`waited in vain for ${what}`);
}
