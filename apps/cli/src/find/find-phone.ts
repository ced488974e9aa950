import { type Phone, parsePhoneNumber } from '@trunkline/core';
import { CliError } from '../cli-error.js';
import type { Stores } from '../open-stores.js';

/** The phone of an id or a number, in whichever organisation. */
export async function findPhone({ orgs, phones }: Stores, named: string): Promise<Phone> {
  const number = named.startsWith('phone-') ? null : parsePhoneNumber(named);
  const found: Phone[] = [];
  for (const { orgId } of await orgs.listOrganisations()) {
    if (number !== null) found.push(...(await phones.findByNumber(orgId, number)));
    else found.push(...[await phones.find(orgId, named)].filter((phone) => phone !== null));
  }
  const [phone] = found;
  if (phone === undefined) throw new CliError(`There is no phone "${named}". See: trunkline phones list`);
  if (found.length > 1) {
    throw new CliError(
      `Several phones have this number: ${found.map((one) => one.phoneId).join(', ')}. Name one by its id.`,
    );
  }
  return phone;
}
