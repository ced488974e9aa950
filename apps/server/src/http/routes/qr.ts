import { phoneRoutes, type QR_FORMATS } from '@trunkline/api';
import { type Phone, projectPhone } from '@trunkline/core';
import { type Binding, bindPhone, SENT } from '../bind-route.js';
import { HttpError } from '../http-error.js';

type Format = (typeof QR_FORMATS)[number];

/** Pixels of a QR picture; large enough for a handset to scan from a screen. */
const WIDTH = 420;

export function bindQr(binding: Binding): void {
  bindPhone(binding, phoneRoutes.qr, async ({ phone, query, request, reply }) => {
    const { qrCode } = projectPhone(phone.state);
    if (qrCode === null) throw new HttpError('NOT_FOUND_ERROR', whyNone(phone));
    reply.header('vary', 'Accept');
    switch (query.format ?? formatOf(request.headers.accept)) {
      case 'json':
        return { type: 'Buffer' as const, data: [...(await png(qrCode))] };
      case 'png':
        void reply.type('image/png').send(await png(qrCode));
        return SENT;
      case 'svg':
        void reply.type('image/svg+xml').send((await import('uqr')).renderSVG(qrCode));
        return SENT;
      case 'text':
        void reply.type('text/plain; charset=utf-8').send(`${(await import('uqr')).renderUnicodeCompact(qrCode)}\n`);
        return SENT;
    }
  });
}

/** Only a type that is named counts: the official client accepts everything and can read nothing but JSON. */
function formatOf(accept: string | undefined): Format {
  const types = (accept ?? '')
    .toLowerCase()
    .split(',')
    .map((type) => type.split(';')[0]?.trim());
  for (const type of types) {
    if (type === 'application/json') return 'json';
    if (type === 'image/png' || type === 'image/*') return 'png';
    if (type === 'image/svg+xml') return 'svg';
    if (type === 'text/plain') return 'text';
  }
  return 'json';
}

async function png(text: string): Promise<Buffer> {
  const { default: qrcode } = await import('qrcode');
  return qrcode.toBuffer(text, { type: 'png', errorCorrectionLevel: 'L', width: WIDTH });
}

function whyNone(phone: Phone): string {
  const view = projectPhone(phone.state);
  if (view.waState === 'CONNECTED')
    return 'There is no QR code because the phone is connected. Reset it to link it again.';
  if (!view.isBrowserOpen)
    return 'There is no QR code because the session is closed. Restart or reset the phone to get one.';
  if (phone.state.name === 'starting' || phone.state.name === 'pairing') {
    return 'The QR code is not there yet. Ask again in a moment.';
  }
  return 'There is no QR code because the phone is reconnecting. Reset it to link it again.';
}
