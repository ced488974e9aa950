/** What a person does to link a device: scan its QR, or type its code. */
import type { Account, Device } from '../world/account.js';
import type { Network } from './network.js';
import { PairingError } from './pairing-error.js';
import { readQrCode } from './qr-code.js';
import type { Registrant } from './registrant.js';

/** Devices a handset may link: those of its organisation, and those that did not name one. */
function* candidates(network: Network, account: Account): Iterable<Registrant> {
  for (const { registrant, origin } of network.connections) {
    if (registrant !== undefined && (origin.org === undefined || origin.org === account.org)) yield registrant;
  }
}

/** Scans a QR; throws {@link PairingError} when no device shows it any more. */
export function scanQrCode(network: Network, account: Account, code: string): Promise<Device> {
  const qr = readQrCode(code);
  for (const registrant of qr === undefined ? [] : candidates(network, account)) {
    if (!registrant.refs.includes(qr?.ref ?? '')) continue;
    if (qr !== undefined && registrant.shows(qr.noiseKey, qr.identityKey))
      return registrant.pair(account, qr.advSecret);
  }
  throw new PairingError('QR_EXPIRED', 'No device shows this code any more. Scan the one it shows now.');
}

/** Types a code; throws {@link PairingError} when the device waiting for this number shows another. */
export function pairByCode(network: Network, account: Account, code: string): Promise<Device> {
  let newest: Registrant | undefined;
  for (const registrant of candidates(network, account)) {
    const at = registrant.hello?.number === account.number ? registrant.hello.at : undefined;
    if (at !== undefined && at >= (newest?.hello?.at ?? 0)) newest = registrant;
  }
  if (newest === undefined) throw new PairingError('WRONG_CODE', 'No device is waiting for a code of this number.');
  return newest.pairByCode(account, code);
}
