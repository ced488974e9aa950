/** Where media go. */
import { el, type Node } from '../wire/node.js';
import type { IqRequest, IqTable } from './iq.js';

const TTL_SECONDS = 3600;

function mediaConnection({ asker }: IqRequest): Node[] {
  const { media } = asker.connection.network;
  return [
    el('media_conn', { auth: media.authToken, ttl: TTL_SECONDS, auth_ttl: TTL_SECONDS * 6, max_buckets: 12 }, [
      el('host', { hostname: media.hostname, type: 'primary' }),
    ]),
  ];
}

export const mediaRequests: IqTable = { 'set w:m media_conn': mediaConnection };
