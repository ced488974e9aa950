/** Accepts WebSocket upgrades on the chat path and nothing else. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export const CHAT_PATH = '/ws/chat';
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

/** What a client may put into its URL: the organisation it belongs to and a name to aim faults at. */
export interface Origin {
  org?: string;
  tag?: string;
}

export interface ChatListenerHandlers {
  /** The HTTP status to refuse an upgrade with; undefined accepts it. */
  refusalOf(origin: Origin): number | undefined;
  accept(socket: WebSocket, tcp: Socket, origin: Origin): void;
}

function originOf(url: URL): Origin {
  const org = url.searchParams.get('org')?.toLowerCase();
  const tag = url.searchParams.get('tag');
  return { ...(org ? { org } : {}), ...(tag ? { tag } : {}) };
}

export function chatListener(handlers: ChatListenerHandlers): Server {
  const sockets = new WebSocketServer({
    noServer: true,
    // A zlib context per socket is pure cost, and the content is encrypted anyway.
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    skipUTF8Validation: true,
  });
  const server = createServer((_request, response) => {
    response.writeHead(404).end();
  });
  server.on('upgrade', (request: IncomingMessage, tcp: Socket, head: Buffer) => {
    const url = new URL(request.url ?? '/', 'ws://sandbox');
    const origin = originOf(url);
    const status = url.pathname === CHAT_PATH ? handlers.refusalOf(origin) : 404;
    if (status !== undefined) {
      tcp.on('error', () => tcp.destroy());
      tcp.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    tcp.setNoDelay(true);
    sockets.handleUpgrade(request, tcp, head, (socket) => handlers.accept(socket, tcp, origin));
  });
  return server;
}

/** Listens on the wanted port; on the remembered one if free when none is wanted; else on any. Returns the port. */
export async function listen(server: Server, host: string, wanted: number, remembered: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (wanted !== 0 || remembered === 0 || error.code !== 'EADDRINUSE') reject(error);
      else server.listen(0, host);
    });
    server.listen(wanted || remembered, host);
  });
  return (server.address() as AddressInfo).port;
}
