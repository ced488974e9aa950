import { type Phone, type PhoneView, projectPhone } from '@trunkline/core';
import { CliError } from '../cli-error.js';
import type { CliIo } from '../cli-io.js';
import { findPhone } from '../find/find-phone.js';
import { redrawnQr, terminalQr } from '../print/terminal-qr.js';
import { type VerbContext, verb } from '../verb.js';
import { wakes } from '../wakes.js';

/** A phone that was just restarted may still rest for a moment. */
const REST_GRACE_MS = 15_000;

/** Draws the QR code of a phone. */
export const showQr = (io: CliIo) =>
  verb(
    io,
    {
      name: 'qr',
      description: 'Draw the QR code of a phone in the terminal',
      args: {
        phone: { type: 'positional', required: true, description: 'Its id or its number' },
        watch: { type: 'boolean', description: 'Draw every new code until the phone is connected' },
      },
    },
    async (args, context) => {
      const phone = await findPhone(context.stores, args.phone);
      if (args.watch) return watchQr(phone, context);
      const view = projectPhone(phone.state);
      if (view.qrCode === null) throw new CliError(whyNoCode(phone, view));
      context.print({ json: qrJson(phone, view), text: terminalQr(view.qrCode, context.isTerminal) });
    },
  );

async function watchQr(first: Phone, context: VerbContext): Promise<void> {
  const { stores, print, signal, isTerminal } = context;
  if (!stores.serverMayRun) throw new CliError('No server runs on this data directory. Start one with: npm start');
  const restUntil = performance.now() + REST_GRACE_MS;
  let drawn: string | null = null;
  for await (const _ of wakes((onWake) => stores.events.watch(onWake), signal)) {
    const phone = await stores.phones.find(first.orgId, first.phoneId);
    if (phone === null) throw new CliError(`${first.phoneId} was deleted.`);
    const view = projectPhone(phone.state);
    if (view.waState === 'CONNECTED') {
      print({ json: qrJson(phone, view), text: `Connected as ${phone.number ?? 'an unknown number'}.` });
      return;
    }
    if (!view.isBrowserOpen && performance.now() > restUntil) throw new CliError(whyNoCode(phone, view));
    if (view.qrCode !== null && view.qrCode !== drawn) {
      print({ json: qrJson(phone, view), text: redrawnQr(view.qrCode, isTerminal) });
      drawn = view.qrCode;
    }
  }
}

function qrJson(phone: Phone, view: PhoneView) {
  return { phone_id: phone.phoneId, status: view.status, wa_state: view.waState, qr_code: view.qrCode };
}

function whyNoCode({ phoneId }: Phone, view: PhoneView): string {
  if (view.waState === 'CONNECTED') return `${phoneId} is connected, so it has no QR code.`;
  if (view.isBrowserOpen) return `${phoneId} has no QR code yet. Try again, or add --watch.`;
  return `${phoneId} has no QR code. ${view.reason ?? ''} Restart it with: trunkline phones restart ${phoneId}`;
}
