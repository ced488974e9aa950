import type { LoggedEvent } from '@trunkline/core';
import { CliError } from '../cli-error.js';
import type { CliIo } from '../cli-io.js';
import type { Commands } from '../command-tree.js';
import { findPhone } from '../find/find-phone.js';
import { type Answer, verb } from '../verb.js';
import { wakes } from '../wakes.js';

const PAGE = 200;

export function eventsCommands(io: CliIo): Commands {
  return { tail: tailEvents(io) };
}

const tailEvents = (io: CliIo) =>
  verb(
    io,
    {
      name: 'tail',
      description: 'Print events as they are appended, until Ctrl-C',
      args: {
        phone: { type: 'string', valueHint: 'id or number', description: 'Only of this phone' },
        name: { type: 'string', valueHint: 'event', description: 'Only of this name, such as org.phone.connected' },
        after: { type: 'string', valueHint: 'position', description: 'Begin after this position; 0 prints everything' },
        follow: { type: 'boolean', default: true, description: 'Wait for more', negativeDescription: 'Print and end' },
      },
    },
    async (args, { stores, print, remark, signal }) => {
      const { events } = stores;
      const filter = {
        ...(args.phone !== undefined && { phoneId: (await findPhone(stores, args.phone)).phoneId }),
        ...(args.name !== undefined && { name: args.name }),
      };
      let position = args.after === undefined ? await events.settledPosition() : parsePosition(args.after);
      for await (const _ of wakes((onWake) => events.watch(onWake), signal)) {
        let page: LoggedEvent[];
        do {
          page = await events.after(position, PAGE, filter);
          for (const event of page) print(eventAnswer(event));
          position = page.at(-1)?.position ?? position;
        } while (page.length === PAGE && !signal.aborted);
        if (!args.follow) return;
        if (!stores.serverMayRun) return remark('No server runs on this data directory, so nothing more will come.');
      }
    },
  );

function parsePosition(text: string): number {
  const position = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(position)) throw new CliError('--after must be a whole number.');
  return position;
}

function eventAnswer(event: LoggedEvent): Answer {
  const { position, id, name, phoneId, sequence } = event;
  const timestamp = event.at.toISOString();
  const data: unknown = JSON.parse(event.payload);
  return {
    json: { position, id, event: name, org_id: event.orgId, phone_id: phoneId, sequence, timestamp, data },
    text: [timestamp, String(position).padStart(8), phoneId, name, statusOf(data)].join('  ').trimEnd(),
  };
}

function statusOf(data: unknown): string {
  const status = typeof data === 'object' && data !== null && 'status' in data ? data.status : '';
  return typeof status === 'string' ? status : '';
}
