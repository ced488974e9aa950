/** The HTTPS host of the sandbox: profile pictures now, and whatever is uploaded. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Picture } from '../world/account.js';
import type { TlsMaterial } from './certificate-authority.js';

/** Finds a profile picture by its id. */
export type FindPicture = (id: string) => Picture | undefined;

export interface MediaAddress {
  url: string;
  directPath: string;
}

export class MediaHost {
  readonly authToken = randomBytes(24).toString('base64url');
  #server: Server;
  #port = 0;

  constructor(
    tls: TlsMaterial,
    private readonly address: string,
    private readonly findPicture: FindPicture,
  ) {
    this.#server = createServer({ key: tls.key, cert: tls.certificate }, (request, response) =>
      this.#serve(request, response),
    );
  }

  /** Host and port clients put behind `https://`. */
  get hostname(): string {
    return `${this.address.includes(':') ? `[${this.address}]` : this.address}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens on a port, or on a free one when that is taken. */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        if (port === 0 || error.code !== 'EADDRINUSE') reject(error);
        else this.#server.listen(0, this.address);
      });
      this.#server.once('listening', resolve);
      this.#server.listen(port, this.address);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  pictureAddress(id: string): MediaAddress {
    const directPath = `/pps/${id}.jpg`;
    return { url: `https://${this.hostname}${directPath}`, directPath };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', 'https://sandbox');
    const picture = this.findPicture(/^\/pps\/([^/]+)\.jpg$/.exec(pathname)?.[1] ?? '');
    request.resume();
    if (picture === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.data.length });
    response.end(request.method === 'HEAD' ? undefined : picture.data);
  }
}
