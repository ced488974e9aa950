import {
  isHostedPnUser,
  isLidUser,
  isPnUser,
  jidDecode,
  type LIDMapping,
  type SignalKeyStoreWithTransaction,
} from 'baileys';
import { LIDMappingStore } from 'baileys/lib/Signal/lid-mapping.js';
import type { PhoneKeys } from '../auth/phone-keys.js';
import type { LibraryLog } from '../library-log.js';
import type { BoundedCache } from '../socket/bounded-cache.js';

export type LidLookup = (pns: string[]) => Promise<LIDMapping[] | undefined>;

/**
 * Which phone number belongs to which LID. Same answers as the library's own store, on the bounded memory of the
 * phone's keys, and without asking WhatsApp again and again for a number that has no LID.
 */
export class LidMapping extends LIDMappingStore {
  readonly #keys: PhoneKeys;
  readonly #lookUp: LidLookup | undefined;
  readonly #unknown: BoundedCache;
  readonly #asking = new Map<string, Promise<string | null>>();

  constructor(input: {
    readonly keys: PhoneKeys;
    readonly libraryKeys: SignalKeyStoreWithTransaction;
    readonly log: LibraryLog;
    readonly lookUp: LidLookup | undefined;
    /** Numbers for which WhatsApp named no LID a moment ago. */
    readonly unknown: BoundedCache;
  }) {
    super(input.libraryKeys, input.log, input.lookUp);
    this.#keys = input.keys;
    this.#lookUp = input.lookUp;
    this.#unknown = input.unknown;
  }

  override async storeLIDPNMappings(pairs: LIDMapping[]): Promise<void> {
    const users = pairs.map(usersOf).filter((pair) => pair !== null);
    if (users.length === 0) return;
    // Reading first makes the write of a known pair free; most pairs arrive with every message.
    await this.#keys.get(
      'lid-mapping',
      users.flatMap(({ pn, lid }) => [pn, reverse(lid)]),
    );
    const rows = users.flatMap(({ pn, lid }) => [
      [pn, lid],
      [reverse(lid), pn],
    ]);
    await this.#keys.set({ 'lid-mapping': Object.fromEntries(rows) });
    for (const { pn } of users) this.#unknown.del(pn);
  }

  override async getLIDForPN(pn: string): Promise<string | null> {
    return (await this.getLIDsForPNs([pn]))?.[0]?.lid ?? null;
  }

  override async getLIDsForPNs(pns: string[]): Promise<LIDMapping[] | null> {
    const devices = pns
      .filter((pn) => isPnUser(pn) || isHostedPnUser(pn))
      .flatMap((pn) => {
        const decoded = jidDecode(pn);
        return decoded === undefined
          ? []
          : [{ pn, user: decoded.user, device: decoded.device ?? 0, server: decoded.server }];
      });
    if (devices.length === 0) return null;
    const users = [...new Set(devices.map(({ user }) => user))];
    const stored = await this.#keys.get('lid-mapping', users);
    const asked = await this.#ask(users.filter((user) => stored[user] === undefined));
    const found = devices.flatMap(({ pn, user, device, server }) => {
      const lidUser = stored[user] ?? asked.get(user);
      return lidUser ? [{ pn, lid: withDevice(lidUser, device, server === 'hosted' ? 'hosted.lid' : 'lid') }] : [];
    });
    return found.length === 0 ? null : found;
  }

  override async getPNForLID(lid: string): Promise<string | null> {
    return (await this.getPNsForLIDs([lid]))?.[0]?.pn ?? null;
  }

  override async getPNsForLIDs(lids: string[]): Promise<LIDMapping[] | null> {
    const devices = lids.filter((lid) => isLidUser(lid)).map((lid) => ({ lid, decoded: jidDecode(lid) }));
    if (devices.length === 0) return null;
    const stored = await this.#keys.get('lid-mapping', [
      ...new Set(devices.map(({ decoded }) => reverse(decoded?.user ?? ''))),
    ]);
    const found = devices.flatMap(({ lid, decoded }) => {
      const pnUser = stored[reverse(decoded?.user ?? '')];
      // The library spells device 0 out here, and only here.
      return pnUser ? [{ lid, pn: `${pnUser}:${decoded?.device ?? 0}@s.whatsapp.net` }] : [];
    });
    return found.length === 0 ? null : found;
  }

  override close(): void {
    super.close();
    this.#asking.clear();
  }

  async #ask(users: readonly string[]): Promise<Map<string, string>> {
    const fresh = users.filter((user) => !this.#asking.has(user) && this.#unknown.get(user) === undefined);
    if (fresh.length > 0 && this.#lookUp !== undefined) {
      const answer = this.#askWhatsApp(this.#lookUp, fresh);
      for (const user of fresh) {
        const lid = answer.then((found) => found.get(user) ?? null);
        this.#asking.set(user, lid);
        const forget = (): boolean => this.#asking.delete(user);
        lid.then(forget, forget);
      }
    }
    const found = new Map<string, string>();
    for (const user of users) {
      const lid = await this.#asking.get(user);
      if (lid) found.set(user, lid);
    }
    return found;
  }

  async #askWhatsApp(lookUp: LidLookup, users: readonly string[]): Promise<Map<string, string>> {
    const pairs = (await lookUp(users.map((user) => `${user}@s.whatsapp.net`))) ?? [];
    await this.storeLIDPNMappings(pairs);
    const found = new Map<string, string>();
    for (const pair of pairs.map(usersOf)) if (pair !== null) found.set(pair.pn, pair.lid);
    for (const user of users) if (!found.has(user)) this.#unknown.set(user, true);
    return found;
  }
}

/** The users of a pair, whichever way round it was given; null when it is not one number and one LID. */
function usersOf({ lid, pn }: LIDMapping): { pn: string; lid: string } | null {
  const [left, right] = isLidUser(pn) && isPnUser(lid) ? [pn, lid] : [lid, pn];
  if (!isLidUser(left) || !isPnUser(right)) return null;
  const lidUser = jidDecode(left)?.user;
  const pnUser = jidDecode(right)?.user;
  return lidUser && pnUser ? { lid: lidUser, pn: pnUser } : null;
}

function withDevice(user: string, device: number, server: string): string {
  return device === 0 ? `${user}@${server}` : `${user}:${device}@${server}`;
}

function reverse(lidUser: string): string {
  return `${lidUser}_reverse`;
}
