/** Handsets: having them, linking devices to them, changing their profile. */

import type { Network } from '../protocol/network.js';
import { pairByCode, scanQrCode } from '../protocol/pairing.js';
import { PairingError } from '../protocol/pairing-error.js';
import { parseJid } from '../wire/jid.js';
import type { Account } from '../world/account.js';
import { NumberTakenError } from '../world/world.js';
import { ControlError, notFound } from './control-error.js';
import type { ControlRequest, ControlRoutes } from './control-server.js';
import { presentHandset } from './present.js';

const MAX_PICTURE_BYTES = 1024 * 1024;

/** The handset a path names; one of another organisation is as unknown as one that is not there. */
export function handsetOf(network: Network, { org, params }: ControlRequest): Account {
  const account = network.world.account(params.number ?? '');
  if (account === undefined || account.org !== org) throw notFound('Handset');
  return account;
}

/** Runs a pairing and turns its refusals into those of the API. */
async function pairing(network: Network, account: Account, run: () => Promise<unknown>) {
  try {
    await run();
  } catch (error) {
    if (error instanceof PairingError) throw new ControlError(error.code, error.message);
    throw error;
  }
  return { status: 200, body: presentHandset(network, account) };
}

function create(network: Network, { org, body }: ControlRequest) {
  const number = body.number('number');
  const name = body.optionalText('name') ?? number;
  const platform = body.choice('platform', ['android', 'ios']);
  const business = body.flag('business');
  body.check();
  try {
    const account = network.world.createAccount({ number, org, name, platform, business });
    return { status: 201, body: presentHandset(network, account) };
  } catch (error) {
    if (error instanceof NumberTakenError) throw new ControlError('CONFLICT', error.message);
    throw error;
  }
}

function update(network: Network, request: ControlRequest) {
  const account = handsetOf(network, request);
  const { body } = request;
  const name = body.optionalText('name');
  const about = body.optionalText('about');
  const image = body.bytesOrNull('image');
  if (image && image.length > MAX_PICTURE_BYTES) body.refuse('image', 'image must be at most 1 MB');
  body.check();
  if (name !== undefined) network.profiles.rename(account, name);
  if (about !== undefined) network.profiles.changeAbout(account, about);
  if (image !== undefined) network.profiles.changePicture(account, image ?? undefined);
  return { status: 200, body: presentHandset(network, account) };
}

function unlink(network: Network, request: ControlRequest) {
  const account = handsetOf(network, request);
  const jid = request.body.optionalText('jid');
  request.body.check();
  const wanted = jid === undefined ? [...account.devices.keys()] : [parseJid(jid)?.device ?? 0];
  const devices = wanted.map((index) => account.devices.get(index)).filter((device) => device !== undefined);
  if (jid !== undefined && devices.length === 0) throw notFound('Linked device');
  for (const device of devices) network.unlink(device);
  return { status: 204 };
}

export function handsetRoutes(network: Network): ControlRoutes {
  return {
    'POST handsets': (request) => create(network, request),
    'GET handsets': ({ org }) => ({
      status: 200,
      body: network.world.accountsOf(org).map((account) => presentHandset(network, account)),
    }),
    'GET handsets/:number': (request) => ({
      status: 200,
      body: presentHandset(network, handsetOf(network, request)),
    }),
    'PATCH handsets/:number': (request) => update(network, request),
    'DELETE handsets/:number': (request) => {
      network.removeAccount(handsetOf(network, request));
      return { status: 204 };
    },
    'POST handsets/:number/scan': (request) => {
      const account = handsetOf(network, request);
      const code = request.body.text('qr_code');
      request.body.check();
      return pairing(network, account, () => scanQrCode(network, account, code));
    },
    'POST handsets/:number/pairing-code': (request) => {
      const account = handsetOf(network, request);
      const code = request.body.text('code').replace(/[\s-]/g, '').toUpperCase();
      request.body.check();
      return pairing(network, account, () => pairByCode(network, account, code));
    },
    'POST handsets/:number/unlink': (request) => unlink(network, request),
  };
}
