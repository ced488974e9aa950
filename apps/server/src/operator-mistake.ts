import { DomainError } from '@trunkline/core';
import { DataDirTaken, EmbeddedFailure, MigrationRefused, UnsuitableServer, WrongMasterKey } from '@trunkline/postgres';
import { ConfigErrors } from './config/config.js';

const SENTENCES = [
  ConfigErrors,
  DataDirTaken,
  DomainError,
  EmbeddedFailure,
  MigrationRefused,
  UnsuitableServer,
  WrongMasterKey,
];

/** True for what an operator can mend: its message is a sentence for a person. Anything else is ours and shows its stack. */
export function isOperatorMistake(error: Error): boolean {
  return SENTENCES.some((kind) => error instanceof kind);
}
