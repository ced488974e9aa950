import { type CommandDef, defineCommand } from 'citty';

export type Commands = Readonly<Record<string, CommandDef>>;

/** A command that only has commands below it. */
export function group(name: string, description: string, commands: Commands): CommandDef {
  return defineCommand({ meta: { name, description }, subCommands: commands });
}

export interface FoundCommand {
  readonly path: readonly string[];
  readonly command: CommandDef;
  /** Only for a verb: the help of a group already carries the whole name. */
  readonly parent: CommandDef | undefined;
  readonly rest: readonly string[];
}

/** Follows the leading words of a command line as far as they name commands. */
export function findCommand(root: CommandDef, args: readonly string[]): FoundCommand {
  let command = root;
  let above: CommandDef | undefined;
  const path: string[] = [];
  for (const word of args) {
    const next = commandsOf(command)[word];
    if (next === undefined) break;
    above = command;
    command = next;
    path.push(word);
  }
  const parent = command.subCommands === undefined ? above : undefined;
  return { path, command, parent, rest: args.slice(path.length) };
}

function commandsOf(command: CommandDef): Commands {
  const { subCommands } = command;
  return subCommands !== undefined && isPlain(subCommands) ? subCommands : {};
}

/** Our groups hold their commands directly; the library would also take promises and functions of them. */
function isPlain(subCommands: NonNullable<CommandDef['subCommands']>): subCommands is Record<string, CommandDef> {
  return typeof subCommands === 'object' && !(subCommands instanceof Promise);
}
