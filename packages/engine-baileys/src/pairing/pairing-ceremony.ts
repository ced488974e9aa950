import { EngineRefused, type PhoneNumber } from '@trunkline/core';
import {
  type BinaryNode,
  buildPairingQRData,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  S_WHATSAPP_NET,
} from 'baileys';
import { LATE, within } from '../deadline.js';
import { asRefusal } from '../engine-refusal.js';
import type { SessionParts } from '../session-parts.js';
import { BROWSER } from '../socket/open-socket.js';
import { settle, takeOver } from '../socket/sole-listener.js';
import { answerPairSuccess } from './pair-success.js';
import { offerPairingCode } from './pairing-code.js';
import { QrRotation } from './qr-rotation.js';

/** WhatsApp keeps an unpaired socket about as long as six QR codes live. */
const CODE_LIFE_MS = 160_000;

/** WhatsApp ends the connection at once after a pairing. */
const RESTART_MS = 10_000;

/** Becoming a linked device, from the first code to the stored link. One per session that pairs. */
export class PairingCeremony {
  readonly #parts: SessionParts;
  readonly #onUseful: () => void;
  #rotation: QrRotation | null = null;
  #cancelDeadline: () => void = () => {};
  #isFinishing = false;
  #offered: () => void = () => {};
  readonly #ready = new Promise<void>((resolve) => {
    this.#offered = resolve;
  });

  constructor(parts: SessionParts, onUseful: () => void) {
    this.#parts = parts;
    this.#onUseful = onUseful;
    const guarded = (work: (node: BinaryNode) => Promise<void>) => () => (node: unknown) =>
      settle(
        () => work(node as BinaryNode),
        (error) => parts.end({ source: 'engine-fault', message: `pairing: ${error.message}` }),
      );
    takeOver(
      parts.sock.ws,
      'CB:iq,type:set,pair-device',
      guarded((node) => this.#offer(node)),
    );
    takeOver(
      parts.sock.ws,
      'CB:iq,,pair-success',
      guarded((node) => this.#finish(node)),
    );
  }

  /** Asks for a code to type instead of a QR code; a second call replaces the first code. */
  async requestCode(number: PhoneNumber): Promise<{ code: string; expiresAt: Date }> {
    const { sock, creds, settings, end } = this.#parts;
    const ready = await within(this.#ready, settings.connectTimeoutMs, settings.clock);
    if (ready === LATE || this.#parts.isOver()) {
      throw new EngineRefused('the phone is not offering a pairing: restart it and ask again', 'before-wire');
    }
    this.#rotation?.hold();
    this.#cancelDeadline();
    const expiresAt = new Date(settings.clock.now() + CODE_LIFE_MS);
    this.#cancelDeadline = settings.clock.after(CODE_LIFE_MS, () => end({ source: 'pairing-ended' }));
    const query = (node: BinaryNode): Promise<BinaryNode | undefined> => sock.query(node, 20_000);
    try {
      return { code: await offerPairingCode({ creds, browser: BROWSER, number, query }), expiresAt };
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** The session is over: nothing is offered any more. */
  stop(): void {
    this.#rotation?.hold();
    this.#cancelDeadline();
    this.#offered();
  }

  async #offer(stanza: BinaryNode): Promise<void> {
    const { sock, creds, settings, emit, end } = this.#parts;
    const refs = getBinaryNodeChildren(getBinaryNodeChild(stanza, 'pair-device'), 'ref')
      .map((ref) => contentText(ref))
      .filter((ref) => ref !== '');
    await sock.sendNode({ tag: 'iq', attrs: { to: S_WHATSAPP_NET, type: 'result', id: stanza.attrs.id ?? '' } });
    const noiseKey = Buffer.from(creds.noiseKey.public).toString('base64');
    const identityKey = Buffer.from(creds.signedIdentityKey.public).toString('base64');
    this.#rotation?.hold();
    this.#rotation = new QrRotation({
      refs,
      clock: settings.clock,
      firstMs: settings.firstQrMs,
      nextMs: settings.nextQrMs,
      offer: (ref, expiresAt) => {
        const qrCode = buildPairingQRData(ref, noiseKey, identityKey, creds.advSecretKey, BROWSER);
        void emit({ kind: 'qr-offered', qrCode, expiresAt });
      },
      ended: () => end({ source: 'pairing-ended' }),
    });
    this.#onUseful();
    this.#rotation.next();
    this.#offered();
  }

  async #finish(stanza: BinaryNode): Promise<void> {
    const { settings, sock, creds, keys, writer, input, emit, end } = this.#parts;
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.stop();
    sock.updateServerTimeOffset(stanza);
    const outcome = await answerPairSuccess({
      stanza,
      creds,
      judge: input.judgePairing,
      store: async () => {
        const stored = writer.write({ credentials: true });
        writer.release();
        await stored;
        keys.settle();
      },
      send: sock.sendNode,
    });
    if (outcome.kind === 'refused') return end({ source: 'ours', unlinked: false });
    void emit({ kind: 'paired', identity: outcome.identity });
    // WhatsApp ends this connection with 515; if it does not, the login must not wait for ever.
    this.#cancelDeadline = settings.clock.after(RESTART_MS, () =>
      end({ source: 'connection-ended', message: 'paired' }),
    );
    await sock.sendUnifiedSession();
  }
}

function contentText(node: BinaryNode): string {
  if (typeof node.content === 'string') return node.content;
  return node.content instanceof Uint8Array ? Buffer.from(node.content).toString('utf8') : '';
}
