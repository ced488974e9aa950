/** Unlinking, asked for by a linked device. */
import { isServerJid } from '../wire/jid.js';
import type { Node } from '../wire/node.js';
import { badRequest, forbidden, type IqRequest, type IqTable } from './iq.js';

function removeCompanion({ body, asker, iq }: IqRequest): Node[] {
  const { network } = asker.connection;
  const { account } = asker.device;
  if (!isServerJid(iq.attrs.to)) throw badRequest();
  const target = network.world.resolve(body.attrs.jid);
  if (target?.account !== account) throw forbidden();
  const device = account.devices.get(target.index);
  // The answer goes out in a message of its own: a client that reads it together with the end of the stream drops it.
  if (device !== undefined) setImmediate(() => network.unlink(device));
  return [];
}

export const deviceRequests: IqTable = { 'set md remove-companion-device': removeCompanion };
