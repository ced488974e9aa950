/** What a handset needs from the network to reach others. */
import type { Node } from '../../wire/node.js';
import type { Endpoint } from '../world.js';

export interface Post {
  /**
   * Routes a message to every device it carries a ciphertext for. On return the network keeps it for all of them.
   * Returns an error code when nobody has that address.
   */
  message(sender: Endpoint, node: Node): number | undefined;
  /** Passes a receipt on; the same guarantee. */
  receipt(reader: Endpoint, node: Node): void;
}
