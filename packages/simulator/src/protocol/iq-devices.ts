/** Unlinking, asked for by a linked device. */
import { isServerJid } from '../wire/jid.js';
import type { Node } from '../wire/node.js';
import { badRequest, forbidden, type IqRequest, type IqTable } from './iq.js';

/** The stream ends after the answer is out, as a device that asked for this waits for both. */
const ANSWER_FIRST_MS = 100;

function removeCompanion({ body, asker, iq }: IqRequest): Node[] {
  const { network } = asker.connection;
  const { account } = asker.device;
  if (!isServerJid(iq.attrs.to)) throw badRequest();
  const target = network.world.resolve(body.attrs.jid);
  if (target?.account !== account) throw forbidden();
  const device = account.devices.get(target.index);
  if (device !== undefined) network.unlink(device, ANSWER_FIRST_MS);
  return [];
}

export const deviceRequests: IqTable = { 'set md remove-companion-device': removeCompanion };
