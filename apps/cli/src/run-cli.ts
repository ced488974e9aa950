import { type CommandDef, renderUsage, runCommand } from 'citty';
import { CliError } from './cli-error.js';
import type { CliIo } from './cli-io.js';
import { findCommand, group } from './command-tree.js';
import { eventsCommands } from './commands/events.js';
import { keyCommands } from './commands/key.js';
import { orgCommands } from './commands/org.js';
import { phonesCommands } from './commands/phones.js';
import { tellError } from './tell-error.js';

export type { CliIo } from './cli-io.js';

/** Runs one command line and answers its exit code. Never throws. */
export async function runCli(rawArgs: readonly string[], io: CliIo): Promise<number> {
  const { path, command, parent, rest } = findCommand(cli(io), rawArgs);
  try {
    if (asksForHelp(rawArgs)) {
      io.out(await renderUsage(command, parent));
      return 0;
    }
    if (command.run === undefined) {
      io.err(await renderUsage(command, parent));
      throw new CliError(
        rest[0] === undefined ? 'Name a command.' : `There is no command "${[...path, rest[0]].join(' ')}".`,
      );
    }
    await runCommand(command, { rawArgs: [...rest] });
    return 0;
  } catch (error) {
    io.err(tellError(error, path, io.env));
    return 1;
  }
}

function cli(io: CliIo): CommandDef {
  return group('trunkline', 'Operates a Trunkline installation, straight on its database', {
    org: group('trunkline org', 'Organisations', orgCommands(io)),
    key: group('trunkline key', 'API keys', keyCommands(io)),
    phones: group('trunkline phones', 'Phones', phonesCommands(io)),
    events: group('trunkline events', 'The event log', eventsCommands(io)),
  });
}

function asksForHelp(rawArgs: readonly string[]): boolean {
  const end = rawArgs.indexOf('--');
  return rawArgs.slice(0, end < 0 ? undefined : end).some((arg) => arg === '--help' || arg === '-h');
}
