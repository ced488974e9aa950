import { Agent, type ClientRequestArgs } from 'node:http';
import type { AgentOptions } from 'node:https';
import { connect, type Socket } from 'node:net';

/** An ordinary agent that remembers its TCP sockets, so that a test can pull the cable. Both libraries take one. */
export class CuttableAgent extends Agent {
  // There at run time; declared because one of the libraries asks for the https kind of agent.
  declare readonly options: AgentOptions;
  readonly #sockets = new Set<Socket>();

  override createConnection(options: ClientRequestArgs): Socket {
    const socket = connect(Number(options.port), String(options.host));
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /** Resets every open connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
