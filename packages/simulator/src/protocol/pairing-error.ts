/** Why a pairing did not come about. */
export class PairingError extends Error {
  constructor(
    readonly code: 'QR_EXPIRED' | 'WRONG_CODE',
    message: string,
  ) {
    super(message);
  }
}
