import type { CliIo } from '../cli-io.js';
import type { Commands } from '../command-tree.js';
import { organisationsToList } from '../find/find-organisation.js';
import { findPhone } from '../find/find-phone.js';
import { phoneAnswer, phonesAnswer } from '../print/phone-answer.js';
import { verb } from '../verb.js';
import { showQr } from './phones-qr.js';

export function phonesCommands(io: CliIo): Commands {
  return {
    list: listPhones(io),
    show: showPhone(io),
    qr: showQr(io),
    restart: askOwner(io, 'restart', 'Open the session of a phone again, keeping its link'),
    reset: askOwner(io, 'reset', 'Unlink a phone and offer a fresh QR code'),
  };
}

const phone = { type: 'positional', required: true, description: 'Its id or its number' } as const;

const listPhones = (io: CliIo) =>
  verb(
    io,
    {
      name: 'list',
      description: 'List phones with their status',
      args: { org: { type: 'string', valueHint: 'id or name', description: 'Only this organisation' } },
    },
    async ({ org }, { stores, print }) => {
      const found = await organisationsToList(stores.orgs, org);
      print(phonesAnswer((await Promise.all(found.map(({ orgId }) => stores.phones.list(orgId)))).flat()));
    },
  );

const showPhone = (io: CliIo) =>
  verb(
    io,
    { name: 'show', description: 'Show one phone: what it does, why, and what to do', args: { phone } },
    async (args, { stores, print }) => print(phoneAnswer(await findPhone(stores, args.phone))),
  );

/** A wish that the worker of the phone carries out; it waits in the database until one does. */
const askOwner = (io: CliIo, kind: 'restart' | 'reset', description: string) =>
  verb(io, { name: kind, description, args: { phone } }, async (args, { stores, print, remark }) => {
    const { orgId, phoneId } = await findPhone(stores, args.phone);
    await stores.phones.command(orgId, phoneId, kind);
    await stores.orgs.audit({ orgId, actor: 'cli', action: `phone.${kind}`, subject: phoneId, detail: {} });
    print({ json: { phone_id: phoneId, asked: kind }, text: `Asked for a ${kind} of ${phoneId}.` });
    if (!stores.serverMayRun) remark('No server runs on this data directory: it happens when one starts.');
  });
