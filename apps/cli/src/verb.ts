import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty';
import { CliError } from './cli-error.js';
import type { CliIo } from './cli-io.js';
import { openStores, type Stores } from './open-stores.js';

/** What a verb found out or did, for machines and for people. */
export interface Answer {
  readonly json: unknown;
  readonly text: string;
}

export interface VerbContext {
  readonly stores: Stores;
  /** Prints an answer: with --json as one line, so that several make a stream. */
  readonly print: (answer: Answer) => void;
  /** Says something beside the answer. */
  readonly remark: (text: string) => void;
  readonly isTerminal: boolean;
  readonly signal: AbortSignal;
}

const json = { type: 'boolean', description: 'Print JSON, one object a line' } as const;

/** Defines a verb: its options are checked, the database is open while it runs, and `--json` is understood. */
export function verb<const T extends ArgsDef>(
  io: CliIo,
  about: { readonly name: string; readonly description: string; readonly args: T },
  run: (args: ParsedArgs<T>, context: VerbContext) => Promise<void>,
): CommandDef {
  const defs = { ...about.args, json };
  const command = defineCommand<ArgsDef>({
    meta: { name: about.name, description: about.description },
    args: defs,
    async run({ args }) {
      refuseUnknown(args, defs);
      const stores = await openStores(io.env);
      try {
        await run(narrow<T>(args), {
          stores,
          print: (answer) => io.out(args.json === true ? JSON.stringify(answer.json) : answer.text),
          remark: io.err,
          isTerminal: io.isTerminal && args.json !== true,
          signal: io.signal,
        });
      } finally {
        await stores.close();
      }
    },
  });
  return command;
}

/** The parser lets everything through that it does not know; a mistyped option must not do nothing silently. */
function refuseUnknown(args: ParsedArgs, defs: ArgsDef): void {
  const positionals = Object.values(defs).filter((def) => def.type === 'positional').length;
  const extra = args._[positionals];
  if (extra !== undefined) throw new CliError(`"${extra}" is one word too many.`);
  for (const [name, value] of Object.entries<unknown>(args)) {
    if (name === '_') continue;
    const def = defs[name];
    if (def === undefined) throw new CliError(`There is no option ${name.length === 1 ? '-' : '--'}${name} here.`);
    if (def.type !== 'boolean' && value === '') throw new CliError(`${name} needs a value.`);
  }
}

/** The parser has checked the arguments against these definitions; its own type forgets which ones. */
function narrow<T extends ArgsDef>(args: ParsedArgs): ParsedArgs<T> {
  return args as ParsedArgs<T>;
}
