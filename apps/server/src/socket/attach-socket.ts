import '../http/fastify-types.js';
import type { EventMeta } from '@trunkline/api';
import type { LoggedEvent } from '@trunkline/core';
import type { FastifyInstance } from 'fastify';
import { type DefaultEventsMap, Server, type Socket } from 'socket.io';
import type { Principal } from '../http/auth/authenticator.js';
import { requirePermission } from '../http/auth/permission.js';
import { errorAnswer } from '../http/error-answer.js';
import type { HttpDeps } from '../http/http-deps.js';
import { HttpError } from '../http/http-error.js';
import { timestamp } from '../present/timestamp.js';
import { watchBacklog } from './backlog.js';
import { EventRelay } from './event-relay.js';
import { isOriginAllowed } from './origin-check.js';
import { roomsFor, roomsOf } from './subscription.js';

/** With the memory of the authenticator this stays below five seconds. */
export const LOOK_AT_KEYS_MS = 2_000;
const MOST_SOCKETS_PER_ORGANISATION = 500;
/** The client says nothing but the protocol's own small frames. */
const MOST_BYTES_IN = 10_000;
const HANDSHAKE_LIMIT_MS = 15_000;

export type SocketDeps = Pick<HttpDeps, 'config' | 'phones' | 'events' | 'metrics' | 'log'>;

export interface AttachedSocket {
  close(): Promise<void>;
}

interface SocketData {
  principal: Principal;
  rooms: string[];
}
type NoEvents = Record<string, never>;
type EventServer = Server<NoEvents, DefaultEventsMap, NoEvents, SocketData>;
type EventSocket = Socket<NoEvents, DefaultEventsMap, NoEvents, SocketData>;

/** Serves events by socket.io on the server of the app, which must be ready. Resolves when later events will be heard. */
export async function attachSocket(app: FastifyInstance, deps: SocketDeps): Promise<AttachedSocket> {
  const { config, metrics } = deps;
  const io: EventServer = new Server(app.server, {
    serveClient: false,
    maxHttpBufferSize: MOST_BYTES_IN,
    connectTimeout: HANDSHAKE_LIMIT_MS,
    allowRequest: ({ headers }, done) => {
      const allowed = isOriginAllowed(headers.origin, headers.host, config.http.publicUrl);
      done(allowed ? null : 'this page may not open the socket', allowed);
    },
  });
  io.use((socket, next) => {
    admit(io, app, deps, socket).then(
      () => next(),
      (error: unknown) => refuse(socket, deps, error, next),
    );
  });
  io.on('connection', (socket) => {
    void socket.join(socket.data.rooms);
    metrics.socketsConnected(io.sockets.sockets.size);
    socket.on('disconnect', () => metrics.socketsConnected(io.sockets.sockets.size));
    watchBacklog(socket.conn, () => {
      deps.log.warn('socket is too slow', { key_id: socket.data.principal.key.keyId });
      socket.conn.close(true);
    });
  });

  const relay = new EventRelay({ ...deps, onEvent: (event) => emit(io, deps, event) });
  await relay.start();
  const looking = setInterval(() => void dropRevoked(io, app, deps), LOOK_AT_KEYS_MS);
  return {
    async close() {
      clearInterval(looking);
      await relay.stop();
      // As a lost connection and not as a goodbye, so that clients come back to the next process.
      io.engine.close();
    },
  };
}

function emit(io: EventServer, { metrics }: SocketDeps, event: LoggedEvent): void {
  metrics.socketEventsRead(1);
  const object = JSON.parse(event.payload) as Record<string, unknown>;
  const meta: EventMeta = { id: event.id, sequence: event.sequence, timestamp: timestamp(event.at) };
  io.local.to(roomsOf(event, object)).emit(event.name, object, meta);
}

/** Who connects and what it will hear; throws what the client is told. */
async function admit(io: EventServer, app: FastifyInstance, deps: SocketDeps, socket: EventSocket): Promise<void> {
  const { headers, address } = socket.handshake;
  const principal = await app.authenticator.authenticate(headers.authorization, address);
  const { orgId, scope } = principal.key;
  requirePermission(scope, 'read');
  let ofOrganisation = 0;
  for (const other of io.sockets.sockets.values()) if (other.data.principal.key.orgId === orgId) ofOrganisation += 1;
  if (ofOrganisation >= MOST_SOCKETS_PER_ORGANISATION) {
    throw new HttpError(
      'RATE_LIMIT_ERROR',
      `The organisation has ${MOST_SOCKETS_PER_ORGANISATION} open sockets already.`,
    );
  }
  socket.data.principal = principal;
  socket.data.rooms = await roomsFor(deps.phones, principal.key, headers['x-phone']);
}

/** A refusal is final for the client, which is right for a wrong key; after a fault of ours it shall come back by itself. */
function refuse(socket: EventSocket, deps: SocketDeps, error: unknown, next: (error: Error) => void): void {
  const { body, isFault } = errorAnswer(error);
  if (isFault) {
    deps.log.error('socket could not be admitted', { err: error });
    socket.conn.close();
  }
  next(Object.assign(new Error(body.message), { data: body }));
}

async function dropRevoked(io: EventServer, app: FastifyInstance, deps: SocketDeps): Promise<void> {
  for (const socket of io.sockets.sockets.values()) {
    try {
      // Sockets of one key share one look at the database.
      if ((await app.authenticator.find(socket.data.principal.tokenHash)) === null) socket.disconnect(true);
    } catch (error) {
      deps.log.debug('could not look at the keys of sockets', { err: error });
    }
  }
}
