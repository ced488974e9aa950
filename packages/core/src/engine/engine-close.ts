/** Why an engine session ended, told by source and not by number: the same 401 means different things from different mouths. */
export type EngineClose =
  /** WhatsApp refused the login with `<failure>`. `attrs` carry e.g. `code` and `expire` of a temporary ban. */
  | { readonly source: 'failure'; readonly code: number; readonly attrs: Readonly<Record<string, string>> }
  /** WhatsApp ended the stream with `<stream:error>`. */
  | {
      readonly source: 'stream-error';
      readonly code: number | null;
      readonly conflict: 'replaced' | 'device_removed' | null;
      readonly child: string | null;
    }
  /** The server asked us to leave with `<xmlstreamend>` or a WebSocket close frame, or TCP was reset. */
  | { readonly source: 'connection-ended'; readonly message: string }
  /** Refused, DNS, TLS, handshake timeout, no server hello. */
  | { readonly source: 'network'; readonly message: string }
  /** The WebSocket upgrade was answered with an HTTP status. */
  | { readonly source: 'upgrade-refused'; readonly status: number }
  /** No frame was decoded for longer than the keepalive allows. */
  | { readonly source: 'half-open' }
  /** Neither open nor a pairing offer within the connect deadline. */
  | { readonly source: 'connect-timeout' }
  /** Stanzas wait and none is finished: a wedged handler or store. */
  | { readonly source: 'deaf' }
  /** A frame could not be decrypted or decoded. */
  | { readonly source: 'bad-frame'; readonly message: string }
  /** The certificate chain of the server does not lead to the pinned root. */
  | { readonly source: 'untrusted-server' }
  /** Nobody scanned or typed within the time that WhatsApp gives. */
  | { readonly source: 'pairing-ended' }
  /** `<ib><downgrade_webclient>`: the account has not joined multi-device. */
  | { readonly source: 'not-multidevice' }
  /** We asked for it: `unlinked` means that WhatsApp was told to remove this device. */
  | { readonly source: 'ours'; readonly unlinked: boolean }
  /** A programming error or an unknown end inside the engine. */
  | { readonly source: 'engine-fault'; readonly message: string };
