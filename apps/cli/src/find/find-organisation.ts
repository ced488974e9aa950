import type { Organisation, OrgStore } from '@trunkline/core';
import { CliError } from '../cli-error.js';

/** The organisation of an id or a name; without either, the only one there is. */
export async function findOrganisation(orgs: OrgStore, named: string | undefined): Promise<Organisation> {
  const all = await orgs.listOrganisations();
  if (named === undefined) return theOnlyOne(all);
  const byId = all.find((org) => org.orgId === named);
  if (byId !== undefined) return byId;
  const byName = all.filter((org) => org.name === named);
  if (byName.length > 1) throw new CliError(`Several organisations are called "${named}": name one by its id.`);
  const [found] = byName;
  if (found === undefined) throw new CliError(`There is no organisation "${named}". See: trunkline org list`);
  return found;
}

/** The organisations a listing is about: the named one, or all. */
export async function organisationsToList(orgs: OrgStore, named: string | undefined): Promise<Organisation[]> {
  return named === undefined ? orgs.listOrganisations() : [await findOrganisation(orgs, named)];
}

function theOnlyOne(all: readonly Organisation[]): Organisation {
  const [only] = all;
  if (only === undefined) throw new CliError('There is no organisation yet. See: trunkline org create --help');
  if (all.length > 1) throw new CliError('There are several organisations: name one with --org.');
  return only;
}
