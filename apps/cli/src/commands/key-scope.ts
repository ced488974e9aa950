import type { KeyScope, PhoneStore } from '@trunkline/core';
import { CliError } from '../cli-error.js';

const RIGHTS = ['read', 'send', 'admin'] as const;
type Right = (typeof RIGHTS)[number];

/** Reads what a key may do, and for which phones; every phone must be one of the organisation. */
export async function readScope(
  phones: PhoneStore,
  orgId: string,
  input: { readonly can: string; readonly phones: string | undefined },
): Promise<KeyScope> {
  const rights = parts(input.can);
  const unknown = rights.find((right) => !isRight(right));
  if (unknown !== undefined) throw new CliError(`--can knows ${RIGHTS.join(', ')}, but not "${unknown}".`);
  if (rights.length === 0) throw new CliError(`--can needs at least one of ${RIGHTS.join(', ')}.`);
  const admin = rights.includes('admin');
  return {
    phones: input.phones === undefined ? null : await knownPhones(phones, orgId, parts(input.phones)),
    read: admin || rights.includes('read'),
    send: admin || rights.includes('send'),
    admin,
  };
}

/** The rights of a scope as people write them. */
export function rightsOf(scope: KeyScope): Right[] {
  return RIGHTS.filter((right) => scope[right]);
}

async function knownPhones(phones: PhoneStore, orgId: string, phoneIds: readonly string[]): Promise<string[]> {
  if (phoneIds.length === 0) throw new CliError('--phones needs at least one phone id.');
  for (const phoneId of phoneIds) {
    if ((await phones.find(orgId, phoneId)) === null) {
      throw new CliError(`The organisation has no phone "${phoneId}". See: trunkline phones list`);
    }
  }
  return [...phoneIds];
}

function parts(list: string): string[] {
  return [...new Set(list.split(',').map((part) => part.trim()))].filter((part) => part !== '');
}

function isRight(text: string): text is Right {
  return RIGHTS.some((right) => right === text);
}
