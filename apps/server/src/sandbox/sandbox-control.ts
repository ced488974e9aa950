import { request } from 'undici';
import type { SandboxReady } from './sandbox-process.js';

const ANSWER_LIMIT_MS = 30_000;

export interface SandboxAnswer {
  readonly status: number;
  /** Null for an answer without a body. */
  readonly body: unknown;
}

/** Passes control calls of an organisation on to the sandbox process. */
export class SandboxControl {
  constructor(private readonly use: () => Promise<SandboxReady>) {}

  async forward(call: { orgId: string; method: string; path: string; body?: unknown }): Promise<SandboxAnswer> {
    const { control } = await this.use();
    const hasBody = call.body !== undefined && call.body !== null;
    const response = await request(control.url + call.path, {
      method: call.method as 'GET' | 'POST' | 'PATCH' | 'DELETE',
      headers: {
        'x-sandbox-secret': control.secret,
        'x-org-id': call.orgId,
        ...(hasBody && { 'content-type': 'application/json' }),
      },
      ...(hasBody && { body: JSON.stringify(call.body) }),
      headersTimeout: ANSWER_LIMIT_MS,
      bodyTimeout: ANSWER_LIMIT_MS,
    });
    const text = await response.body.text();
    return { status: response.statusCode, body: text === '' ? null : (JSON.parse(text) as unknown) };
  }
}
