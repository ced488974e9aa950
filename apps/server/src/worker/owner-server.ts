import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Log, type PhoneSession, parsePhoneNumber } from '@trunkline/core';
import { answerOf, NOT_OWNER_STATUS, type OwnerAnswer, type OwnerCall } from './owner-call.js';
import { CallVerifier, signatureOf } from './signed-call.js';

/** A profile picture of 640 px as base64 is far below this. */
const MOST_BODY_BYTES = 2 * 1024 * 1024;

export interface OwnerServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers interactive calls for the phones that this node runs. */
export async function startOwnerServer(options: {
  host: string;
  nodeId: string;
  secret: Uint8Array;
  session: (phoneId: string) => PhoneSession | null;
  log: Log;
}): Promise<OwnerServer> {
  const verifier = new CallVerifier(options.secret, options.nodeId);
  const server = createServer((request, response) => {
    const send = (status: number, answer: OwnerAnswer) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    };
    const path = request.url ?? '';
    readBody(request)
      .then(async (body) => {
        if (!verifier.accepts(signatureOf(request.headers), path, body)) {
          return send(401, { ok: false, code: 'UNSIGNED', message: 'the call is not signed by this cluster' });
        }
        const session = options.session(decodeURIComponent(path.slice(1)));
        if (session === null) {
          return send(NOT_OWNER_STATUS, { ok: false, code: 'NOT_OWNER', message: 'another node runs this phone' });
        }
        send(200, { ok: true, value: await execute(session, JSON.parse(body) as OwnerCall) });
      })
      .catch((error: unknown) => {
        options.log.debug('owner call failed', { err: error });
        send(200, answerOf(error));
      });
  });
  server.requestTimeout = 60_000;
  await listen(server, options.host);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function execute(session: PhoneSession, call: OwnerCall): Promise<Record<string, string> | null> {
  switch (call.call) {
    case 'pairing-code': {
      const number = parsePhoneNumber(call.number);
      if (number === null) throw new Error('the number was checked before');
      const { code, expiresAt } = await session.pairingCode(number);
      return { code, expiresAt: expiresAt.toISOString() };
    }
    case 'profile-name':
      await session.setProfileName(call.name);
      return null;
    case 'profile-image':
      await session.setProfileImage(Buffer.from(call.jpegBase64, 'base64'));
      return null;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) throw new Error('the call is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function listen(server: Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => resolve());
  });
}
