/** Profile pictures: who has one, where it is, and setting it. */
import { bytes, child, el, type Node } from '../wire/node.js';
import type { Account } from '../world/account.js';
import { badRequest, forbidden, type IqRequest, type IqTable, notFound } from './iq.js';

const MAX_PICTURE_BYTES = 1024 * 1024;

function target({ iq, asker }: IqRequest): Account {
  const jid = iq.attrs.target;
  if (jid === undefined) return asker.device.account;
  const found = asker.connection.network.world.resolve(jid);
  if (found === undefined) throw notFound();
  return found.account;
}

function getPicture(request: IqRequest): Node[] {
  const { picture } = target(request);
  if (picture === undefined) throw notFound();
  const { url, directPath } = request.asker.connection.network.media.pictureAddress(picture.id);
  const type = request.body.attrs.type ?? 'image';
  return [el('picture', { id: picture.id, type, url, direct_path: directPath })];
}

function setPicture(request: IqRequest): Node[] {
  const account = target(request);
  const { network } = request.asker.connection;
  if (account !== request.asker.device.account) throw forbidden();
  const data = bytes(child(request.iq, 'picture'));
  if (data !== undefined && (data.length === 0 || data.length > MAX_PICTURE_BYTES)) throw badRequest();
  network.profiles.changePicture(account, data, request.asker.device.index);
  return account.picture === undefined ? [] : [el('picture', { id: account.picture.id })];
}

export const profileRequests: IqTable = {
  'get w:profile:picture picture': getPicture,
  'set w:profile:picture *': setPicture,
};
