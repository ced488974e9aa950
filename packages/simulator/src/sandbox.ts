/** Starts and stops the whole sandbox: journal, world, WebSocket listener, media host, control API. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { ControlServer } from './control/control-server.js';
import { faultRoutes } from './control/fault-routes.js';
import { handsetRoutes } from './control/handset-routes.js';
import { messageRoutes } from './control/message-routes.js';
import { networkRoutes } from './control/network-routes.js';
import { issueTlsMaterial, type TlsMaterial } from './media/certificate-authority.js';
import { MediaHost } from './media/media-host.js';
import type { WebVersion } from './protocol/client-payload.js';
import { type Log, Network } from './protocol/network.js';
import { issueCertificateChain, sandboxRootPublicKey } from './wire/certificate.js';
import { type CurveKeyPair, newKeyPair } from './wire/curve.js';
import { Journal } from './world/journal.js';
import { World } from './world/world.js';

export interface SandboxOptions {
  /** Append-only file with everything that exists on the network; without it the network lives in memory only. */
  journalPath?: string;
  /** Loopback address to listen on; default 127.0.0.1. */
  host?: string;
  /** WebSocket port; 0 or absent takes the one the journal remembers if free, else any. */
  port?: number;
  /** Port of the control API; 0 or absent takes any. */
  controlPort?: number;
  /** What control calls must present; made up when absent. */
  controlSecret?: string;
  log?: Log;
  /** Clients below this version are refused as outdated. */
  minimumWebVersion?: WebVersion;
}

export interface Sandbox {
  /** Where clients connect, what they trust (base64 of 32 bytes), and who signs the media host (PEM). */
  network: { url: string; root: string; ca: string };
  control: { url: string; secret: string };
  /** Closes every connection and listener; may be called twice. */
  stop(): Promise<void>;
}

/** What must stay the same over restarts for clients to feel none. */
interface NetworkRecord {
  staticKey: CurveKeyPair;
  routingInfo: Buffer;
  tls: TlsMaterial;
  port: number;
  mediaPort: number;
}

const CHAT_PATH = '/ws/chat';
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

function assertLoopback(host: string): void {
  const loopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (!loopback) throw new Error(`The sandbox listens on loopback only, not on ${host}. Use 127.0.0.1.`);
}

function isNetworkRecord(value: unknown): value is NetworkRecord {
  return typeof value === 'object' && value !== null && 'staticKey' in value && 'tls' in value;
}

/** Finds the network's own record in the journal, or makes one. */
function networkRecord(journal: Journal): NetworkRecord {
  for (const [, value] of journal.found('net')) if (isNetworkRecord(value)) return value;
  return {
    staticKey: newKeyPair(),
    routingInfo: randomBytes(3),
    tls: issueTlsMaterial(),
    port: 0,
    mediaPort: 0,
  };
}

/** Listens on the wanted port; on the remembered one if free when none is wanted; else on any. */
async function listen(server: Server, host: string, wanted: number, remembered: number): Promise<number> {
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

/** Answers upgrades on the chat path and nothing else. */
function chatListener(network: Network): Server {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    skipUTF8Validation: true,
  });
  const server = createServer((_request, response) => {
    response.writeHead(404).end();
  });
  const refuse = (socket: Socket, status: number): void => {
    socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  };
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const url = new URL(request.url ?? '/', 'ws://sandbox');
    const org = url.searchParams.get('org')?.toLowerCase();
    const tag = url.searchParams.get('tag');
    const origin = { ...(org ? { org } : {}), ...(tag ? { tag } : {}) };
    const status = url.pathname === CHAT_PATH ? network.faults.refusalOf(origin) : 404;
    if (status !== undefined) return refuse(socket, status);
    socket.setNoDelay(true);
    sockets.handleUpgrade(request, socket, head, (webSocket) => network.accept(webSocket, socket, origin));
  });
  return server;
}

/** Starts a WhatsApp-compatible network on loopback. Rejects when its journal cannot be opened or a port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const host = options.host ?? '127.0.0.1';
  assertLoopback(host);
  const log: Log = options.log ?? (() => undefined);
  const journal = Journal.open(options.journalPath);
  const record = networkRecord(journal);
  const world = new World(journal);
  const media = new MediaHost(record.tls, host, (id) => world.picture(id));
  const identity = {
    staticKey: record.staticKey,
    certificateChain: issueCertificateChain(record.staticKey.publicKey),
  };
  const { routingInfo } = record;
  const { minimumWebVersion } = options;
  const network = new Network({ world, identity, routingInfo, media, minimumWebVersion, log });
  journal.release();
  await media.listen(record.mediaPort);
  const chat = chatListener(network);
  const port = await listen(chat, host, options.port ?? 0, record.port);
  journal.put('net', { ...record, port, mediaPort: media.port });
  const address = {
    url: `ws://${host}:${port}${CHAT_PATH}`,
    root: Buffer.from(sandboxRootPublicKey).toString('base64'),
    ca: record.tls.ca,
  };
  const secret = options.controlSecret ?? randomBytes(32).toString('base64url');
  const routes = {
    ...handsetRoutes(network),
    ...messageRoutes(network),
    ...faultRoutes(network),
    ...networkRoutes(network, address),
  };
  const control = new ControlServer(routes, secret, log);
  const controlPort = await control.listen(host, options.controlPort ?? 0);
  network.handsets.resume();
  log('info', 'sandbox listening', { url: address.url });
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    network.stop();
    await Promise.all([
      control.close(),
      media.close(),
      new Promise<void>((resolve) => {
        chat.close(() => resolve());
      }),
    ]);
    await network.handsets.settled();
    journal.close();
  };
  return {
    network: address,
    control: { url: `http://${host}:${controlPort}`, secret },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
