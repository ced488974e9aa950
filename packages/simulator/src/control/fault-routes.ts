/** Ordering disturbances. */
import { DROP_VARIANTS, type FaultAction } from '../protocol/fault-actions.js';
import type { Network } from '../protocol/network.js';
import { BAD_FRAME_VARIANTS, isBadFrameVariant } from '../wire/bad-frame.js';
import type { Body } from './body.js';
import { notFound } from './control-error.js';
import type { ControlRequest, ControlRoutes } from './control-server.js';
import { presentFault } from './present.js';

const COMMON_FIELDS = ['target', 'kind', 'times', 'for_ms', 'reason', 'attrs'];
const GOING_AWAY = 1001;

const readers: Record<FaultAction['kind'], (body: Body) => FaultAction> = {
  drop: (body) => ({
    kind: 'drop',
    variant: body.choice('variant', DROP_VARIANTS),
    code: body.optionalCount('code') ?? GOING_AWAY,
  }),
  stream_error: (body) => ({
    kind: 'stream_error',
    ...optional('code', body.optionalCount('code')?.toString()),
    ...optional('conflict', body.optionalText('conflict')),
    ...optional('child', body.optionalText('child')),
  }),
  replaced: () => ({ kind: 'replaced' }),
  bad_frame: (body) => {
    const variant = body.optionalText('variant') ?? 'bad_gcm';
    if (isBadFrameVariant(variant)) return { kind: 'bad_frame', variant };
    body.refuse('variant', `variant must be one of: ${BAD_FRAME_VARIANTS.join(', ')}`);
    return { kind: 'bad_frame', variant: 'bad_gcm' };
  },
  downgrade_webclient: () => ({ kind: 'downgrade_webclient' }),
  freeze: () => ({ kind: 'freeze' }),
  delay: (body) => ({ kind: 'delay', ms: body.count('ms') }),
  failure: (body) => ({
    kind: 'failure',
    reason: String(body.count('reason')),
    attrs: { ...body.rest(COMMON_FIELDS), ...body.object('attrs')?.rest([]) },
  }),
  retry_receipt: () => ({ kind: 'retry_receipt' }),
  refuse_upgrade: (body) => {
    const status = body.optionalCount('status') ?? 503;
    if (status < 400 || status > 599) body.refuse('status', 'status must be an HTTP error status, 400 to 599');
    return { kind: 'refuse_upgrade', status };
  },
};

function optional<K extends string>(name: K, value: string | undefined): { [key in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]: string });
}

function isKind(value: string): value is FaultAction['kind'] {
  return Object.hasOwn(readers, value);
}

function order(network: Network, { org, body }: ControlRequest) {
  const target = body.text('target');
  const kind = body.text('kind');
  const times = body.optionalCount('times');
  const forMs = body.optionalCount('for_ms');
  if (times === 0) body.refuse('times', 'times must be at least 1');
  if (!isKind(kind)) body.refuse('kind', `kind must be one of: ${Object.keys(readers).join(', ')}`);
  const action = isKind(kind) ? readers[kind](body) : undefined;
  body.check();
  if (action === undefined) throw notFound('Fault kind');
  const digits = target.replace(/^\+/, '');
  const fault = network.faults.add({
    org,
    target: /^\d+$/.test(digits) ? digits : target,
    action,
    ...(times === undefined ? {} : { times }),
    ...(forMs === undefined ? {} : { forMs }),
  });
  return { status: 201, body: presentFault(fault) };
}

export function faultRoutes(network: Network): ControlRoutes {
  return {
    'POST faults': (request) => order(network, request),
    'GET faults': ({ org }) => ({ status: 200, body: network.faults.list(org).map(presentFault) }),
    'DELETE faults/:id': ({ org, params }) => {
      if (!network.faults.delete(org, params.id ?? '')) throw notFound('Fault');
      return { status: 204 };
    },
  };
}
