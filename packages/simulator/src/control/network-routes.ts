/** The network as a whole: who is connected, where it is, what it has seen, and emptying it. */
import type { Network } from '../protocol/network.js';
import type { ControlRoutes } from './control-server.js';

export interface NetworkAddress {
  url: string;
  root: string;
  ca: string;
}

export function networkRoutes(network: Network, address: NetworkAddress): ControlRoutes {
  return {
    'GET connections': ({ org }) => ({
      status: 200,
      body: [...network.connections]
        .filter((connection) => connection.companion !== undefined && connection.account?.org === org)
        .map(({ companion, account, link }) => ({
          jid: companion?.device.jid(),
          number: account?.number,
          connected_at: link.connectedAt.toISOString(),
          bytes_in: link.bytesIn,
          bytes_out: link.bytesOut,
        })),
    }),
    'GET network': () => ({ status: 200, body: address }),
    'GET stats': () => ({ status: 200, body: network.stats.report() }),
    'POST reset': ({ org }) => {
      network.faults.clear(org);
      for (const account of network.world.accountsOf(org)) network.removeAccount(account);
      return { status: 204 };
    },
  };
}
