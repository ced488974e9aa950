/** The event names of the public API that the phone itself fires. */
export type PhoneEventName = 'org.phone.connected' | 'org.phone.disconnected' | 'org.phone.updated' | 'org.phone.qr';

/** A fact, appended once and read by sockets, webhooks and replay. */
export interface LoggedEvent {
  /** Place in the whole log; grows, may have gaps. */
  readonly position: number;
  readonly id: string;
  readonly orgId: string;
  readonly phoneId: string;
  /** Per phone, without gaps, from 1. */
  readonly sequence: number;
  readonly name: string;
  /** The public object as JSON text: stored, signed and sent unchanged. */
  readonly payload: string;
  readonly at: Date;
}

export interface EventLog {
  /**
   * Events after a position, in order, up to `limit`. Never answers past a position that an open transaction may still
   * fill, so a reader that keeps the last position it saw misses nothing, however late a commit is.
   */
  after(
    position: number,
    limit: number,
    filter?: { orgId?: string; phoneId?: string; name?: string },
  ): Promise<LoggedEvent[]>;
  /** The position up to which everything is settled now. */
  settledPosition(): Promise<number>;
  /** Calls back soon after something may have been appended, at least once a second. Returns the way to stop. */
  watch(onWake: () => void): () => void;
}
