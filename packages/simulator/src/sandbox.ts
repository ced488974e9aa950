/** Starts and stops the whole sandbox: journal, world, WebSocket listener, media host, control API. */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { isIP } from 'node:net';
import { ControlServer } from './control/control-server.js';
import { faultRoutes } from './control/fault-routes.js';
import { handsetRoutes } from './control/handset-routes.js';
import { messageRoutes } from './control/message-routes.js';
import { networkRoutes } from './control/network-routes.js';
import { MediaHost } from './media/media-host.js';
import type { WebVersion } from './protocol/client-payload.js';
import { type Log, Network } from './protocol/network.js';
import { issueCertificateChain, sandboxRootPublicKey } from './wire/certificate.js';
import { CHAT_PATH, chatListener, listen } from './wire/chat-listener.js';
import { Journal } from './world/journal.js';
import { JournalLock } from './world/journal-lock.js';
import { findNetworkRecord, saveNetworkRecord } from './world/network-record.js';
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

function assertLoopback(host: string): void {
  const loopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (!loopback) throw new Error(`The sandbox listens on loopback only, not on ${host}. Use 127.0.0.1.`);
}

/** Starts a WhatsApp-compatible network on loopback. Rejects when its journal cannot be opened or a port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { journalPath, host = '127.0.0.1', minimumWebVersion, log = () => undefined } = options;
  assertLoopback(host);
  const lock = journalPath === undefined ? undefined : await JournalLock.take(journalPath);
  const closing: (() => unknown)[] = [() => lock?.release()];
  try {
    const journal = Journal.open(journalPath);
    closing.push(() => journal.close());
    const record = findNetworkRecord(journal);
    const world = new World(journal);
    const media = new MediaHost(record.tls, host, (id) => world.picture(id));
    const network = new Network({
      world,
      identity: { staticKey: record.staticKey, certificateChain: issueCertificateChain(record.staticKey.publicKey) },
      routingInfo: record.routingInfo,
      media,
      minimumWebVersion,
      log,
    });
    journal.release();
    closing.push(() => network.handsets.settled());
    await media.listen(record.mediaPort);
    closing.push(() => media.close());
    const chat = chatListener({
      refusalOf: (origin) => network.faults.refusalOf(origin),
      accept: (socket, tcp, origin) => network.accept(socket, tcp, origin),
    });
    const port = await listen(chat, host, options.port ?? 0, record.port);
    closing.push(
      () => closeListener(chat),
      () => network.stop(),
    );
    saveNetworkRecord(journal, { ...record, port, mediaPort: media.port });
    const address = {
      url: `ws://${urlHost(host)}:${port}${CHAT_PATH}`,
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
    closing.push(() => control.close());
    network.handsets.resume();
    log('info', 'sandbox listening', { url: address.url });
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopping ??= closeAll(closing));
    return { network: address, control: { url: `http://${urlHost(host)}:${controlPort}`, secret }, stop };
  } catch (error) {
    await closeAll(closing);
    throw error;
  }
}

/** Closes in the opposite order of opening. */
async function closeAll(closing: (() => unknown)[]): Promise<void> {
  for (const close of closing.toReversed()) await close();
}

/** Sockets of this listener are WebSockets, which their owner terminates. */
function closeListener(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
