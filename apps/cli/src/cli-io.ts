/** What a command line sees of the world outside, so that tests run it in their own process. */
export interface CliIo {
  /** Prints an answer; a line end is added. */
  readonly out: (text: string) => void;
  /** Prints an error or a remark. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Answers go to a terminal that understands colours. */
  readonly isTerminal: boolean;
  /** Aborted when the user has had enough. */
  readonly signal: AbortSignal;
}
