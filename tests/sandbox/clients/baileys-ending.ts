import { DisconnectReason } from 'baileys';
import type { Ending } from './foreign-client.js';

/** What a close means for a host: an ending, or undefined when it should open a new socket. */
export function endingOf(error: Error | undefined): Ending | undefined {
  const message = error?.message ?? '';
  const refused = message.startsWith('Connection Failure');
  switch (statusOf(error)) {
    case DisconnectReason.connectionReplaced:
      return 'replaced';
    case DisconnectReason.loggedOut:
      return refused ? 'refused-401' : 'unlinked';
    case DisconnectReason.forbidden:
      return 'refused-403';
    case 405:
      return 'refused-405';
    case DisconnectReason.timedOut:
      return message.startsWith('QR refs') ? 'qr-ended' : undefined;
    case undefined:
    case DisconnectReason.restartRequired:
    case DisconnectReason.connectionClosed:
    case DisconnectReason.unavailableService:
    case DisconnectReason.badSession:
      return undefined;
    case 400:
      return 'untrusted';
    default:
      return 'other';
  }
}

function statusOf(error: Error | undefined): number | undefined {
  if (error === undefined || !('output' in error)) return undefined;
  const { output } = error;
  if (typeof output !== 'object' || output === null || !('statusCode' in output)) return undefined;
  return typeof output.statusCode === 'number' ? output.statusCode : undefined;
}
