import { EngineRefused } from '@trunkline/core';
import { ALL_WA_PATCH_NAMES, areJidsSameUser, type BinaryNode, jidDecode, S_WHATSAPP_NET } from 'baileys';
import { asRefusal } from '../engine-refusal.js';
import { isBusinessPlatform } from '../pairing/linked-identity.js';
import type { SessionParts } from '../session-parts.js';
import { settle } from '../socket/sole-listener.js';
import type { OwnPictures } from './own-picture.js';

const QUERY_MS = 20_000;
const UNLINK_MS = 10_000;
/** The handset is reported alive once a minute at most. */
const SEEN_EVERY_MS = 60_000;

/** What a session knows and changes about its own account. */
export class Account {
  readonly #parts: SessionParts;
  readonly #pictures: OwnPictures;
  #toldName: string | null = null;
  #toldSeenAt = 0;

  constructor(parts: SessionParts, pictures: OwnPictures) {
    this.#parts = parts;
    this.#pictures = pictures;
  }

  opened(): void {
    const name = this.#name();
    this.#toldName = name;
    void this.#parts.emit({
      kind: 'profile',
      ...(name === null ? {} : { name }),
      ...(isBusinessPlatform(this.#parts.creds.platform) ? { isBusiness: true } : {}),
    });
    this.refreshPicture(false);
  }

  credentialsChanged(): void {
    const name = this.#name();
    if (name === null || name === this.#toldName) return;
    this.#toldName = name;
    void this.#parts.emit({ kind: 'profile', name });
  }

  refreshPicture(isForced: boolean): void {
    settle(
      () => this.#readPicture(isForced),
      () => {},
    );
  }

  pictureChangedOf(jid: string | undefined): void {
    if (this.#isMe(jid)) this.refreshPicture(true);
  }

  /** Looks at who wrote a stanza: one from our own device 0 proves that the handset is alive. */
  stanzaArrived(node: BinaryNode): void {
    const author = node.attrs.participant ?? node.attrs.from;
    if (!this.#isMe(author) || (jidDecode(author)?.device ?? 0) !== 0) return;
    if (node.tag !== 'message' && node.tag !== 'receipt') return;
    const at = Number(node.attrs.t) * 1_000 || this.#parts.settings.clock.now();
    if (at < this.#toldSeenAt + SEEN_EVERY_MS) return;
    this.#toldSeenAt = at;
    void this.#parts.emit({ kind: 'primary-seen', at: new Date(at) });
  }

  async setName(name: string): Promise<void> {
    const { sock, creds } = this.#parts;
    if (creds.myAppStateKeyId === undefined) {
      throw new EngineRefused('the handset has not shared its settings keys yet: try again in a minute', 'before-wire');
    }
    await sock.updateProfileName(name).catch((error: unknown) => {
      throw asRefusal(error);
    });
    if (creds.me !== undefined) creds.me.name = name;
    await this.#parts.writer.write({ credentials: true });
    this.credentialsChanged();
  }

  async setImage(jpeg: Uint8Array): Promise<void> {
    const { sock } = this.#parts;
    const node: BinaryNode = {
      tag: 'iq',
      attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'w:profile:picture' },
      content: [{ tag: 'picture', attrs: { type: 'image' }, content: Buffer.from(jpeg) }],
    };
    const answer = await sock.query(node, QUERY_MS).catch((error: unknown) => {
      throw asRefusal(error);
    });
    if (answer === undefined)
      throw new EngineRefused('WhatsApp did not answer: look whether the picture changed', 'on-wire');
    this.refreshPicture(true);
  }

  /** Asks for what can be asked again; the answers arrive as facts. */
  resync(): void {
    this.#toldName = null;
    this.credentialsChanged();
    this.refreshPicture(true);
    const { sock, log } = this.#parts;
    settle(
      () => sock.resyncAppState(ALL_WA_PATCH_NAMES, true),
      (error) => log.warn('app state was not read again', { error: error.name }),
    );
  }

  /** Asks WhatsApp to remove this device and waits for the answer, which the library does not. */
  async unlink(): Promise<boolean> {
    const { sock, creds } = this.#parts;
    const jid = creds.me?.id;
    if (jid === undefined) return false;
    const node: BinaryNode = {
      tag: 'iq',
      attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'md' },
      content: [{ tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }],
    };
    const answer = await sock.query(node, UNLINK_MS).catch(() => undefined);
    return answer !== undefined;
  }

  async #readPicture(isForced: boolean): Promise<void> {
    const { sock, creds, input } = this.#parts;
    const jid = creds.me?.id;
    if (jid === undefined) return;
    const query = (node: BinaryNode, ms: number): Promise<BinaryNode | undefined> => sock.query(node, ms);
    const image = await this.#pictures.read({ phoneId: input.lease.phoneId, jid, query, isForced });
    if (image !== undefined) void this.#parts.emit({ kind: 'profile', image });
  }

  #name(): string | null {
    const name = this.#parts.creds.me?.name;
    // The library writes `~` while a pairing code waits.
    return name && name !== '~' ? name : null;
  }

  #isMe(jid: string | undefined): boolean {
    const { me } = this.#parts.creds;
    return jid !== undefined && me !== undefined && (areJidsSameUser(jid, me.id) || areJidsSameUser(jid, me.lid));
  }
}
