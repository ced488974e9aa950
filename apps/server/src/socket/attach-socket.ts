import type { Server as HttpServer } from 'node:http';
import type { EventLog, Log, LoggedEvent, OrgStore, PhoneStore } from '@trunkline/core';
import { Server, type Socket } from 'socket.io';
import { EventRelay } from './event-relay.js';
import {
  authenticateSocket,
  numberRoom,
  orgRoom,
  phoneRoom,
  type SocketCaller,
  SocketRefused,
} from './socket-caller.js';

/** Clients send nothing, so what they send may be small. */
const MOST_MESSAGE_BYTES = 16 * 1024;
/** A revoked key loses its sockets within 5 s. */
const CHECK_KEYS_EVERY_MS = 3_000;
/** A client that is this many packets behind is cut off, and reads what it missed from the event log. */
const MOST_WAITING_PACKETS = 2_000;

export interface SocketDeps {
  readonly server: HttpServer;
  readonly events: EventLog;
  readonly orgs: OrgStore;
  readonly phones: PhoneStore;
  /** Browsers may connect from this origin only. */
  readonly publicUrl: string;
  readonly onCount: (sockets: number) => void;
  readonly log: Log;
}

/** Live events at the root of the API's own port, as the official client expects them: bare objects by event name. */
export async function attachSocket(deps: SocketDeps): Promise<{ close(): Promise<void> }> {
  const origin = new URL(deps.publicUrl).origin;
  const io = new Server(deps.server, {
    serveClient: false,
    maxHttpBufferSize: MOST_MESSAGE_BYTES,
    cleanupEmptyChildNamespaces: true,
    allowRequest: (request, allow) => {
      const from = request.headers.origin;
      allow(null, from === undefined || from === origin);
    },
  });
  const callers = new Map<Socket, SocketCaller>();

  io.use((socket, next) => {
    authenticateSocket(deps, socket.handshake.headers).then(
      async (caller) => {
        socket.data = caller;
        await socket.join([...caller.rooms]);
        next();
      },
      (error: unknown) => {
        if (error instanceof SocketRefused) return next(error);
        deps.log.error('socket could not be authenticated', { err: error });
        next(new Error('Internal server error'));
      },
    );
  });
  io.on('connection', (socket) => {
    callers.set(socket, socket.data as SocketCaller);
    deps.onCount(callers.size);
    socket.on('disconnect', () => {
      callers.delete(socket);
      deps.onCount(callers.size);
    });
  });

  const relay = new EventRelay({ events: deps.events, log: deps.log, take: (event) => emit(io, event) });
  await relay.start();
  const timer = setInterval(() => void checkCallers(), CHECK_KEYS_EVERY_MS);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await relay.stop();
      await io.close();
    },
  };

  /** Cuts off sockets whose key is gone, and those that cannot keep up. */
  async function checkCallers(): Promise<void> {
    const valid = new Map<string, boolean>();
    for (const [socket, { key, tokenHash }] of callers) {
      try {
        const known = valid.get(key.keyId) ?? (await deps.orgs.findKey(tokenHash)) !== null;
        valid.set(key.keyId, known);
        if (!known) socket.disconnect(true);
      } catch (error) {
        deps.log.warn('keys of sockets could not be checked', { err: error });
        return;
      }
      if (waitingPackets(socket) > MOST_WAITING_PACKETS) {
        deps.log.warn('socket client is too slow and was cut off', { org_id: key.orgId, key_id: key.keyId });
        socket.disconnect(true);
      }
    }
  }
}

function emit(io: Server, event: LoggedEvent): void {
  const object = JSON.parse(event.payload) as { org_phone?: string | null };
  const rooms = [orgRoom(event.orgId), phoneRoom(event.orgId, event.phoneId)];
  if (typeof object.org_phone === 'string') {
    rooms.push(numberRoom(event.orgId, object.org_phone.replace('@c.us', '')));
  }
  const meta = { id: event.id, sequence: event.sequence, timestamp: event.at.toISOString().replace('Z', '+00:00') };
  io.to(rooms).emit(event.name, object, meta);
}

/** The transport's own queue; part of the engine below socket.io. */
function waitingPackets(socket: Socket): number {
  const { writeBuffer } = socket.conn as unknown as { writeBuffer?: readonly unknown[] };
  return writeBuffer?.length ?? 0;
}
