import { apiTokenPrefix, hashApiToken, type KeyScope, newApiToken, type OrgStore } from '@trunkline/core';

const EVERYTHING: KeyScope = { phones: null, read: true, send: true, admin: true };

/**
 * Makes sure that somebody can use the server. On the first start an organisation is made with the given key, or with a
 * new one whose token is returned so that it can be shown once; later a given key that is new is added.
 */
export async function bootstrap(orgs: OrgStore, givenKey: string | null): Promise<{ newToken: string | null }> {
  const [first] = await orgs.listOrganisations();
  const token = givenKey ?? newApiToken().token;
  if (first !== undefined && (givenKey === null || (await orgs.findKey(hashApiToken(givenKey))) !== null)) {
    return { newToken: null };
  }
  const { orgId } = first ?? (await orgs.createOrganisation('My organisation'));
  await orgs.addKey({
    orgId,
    name: givenKey === null ? 'first key' : 'bootstrap key',
    prefix: apiTokenPrefix(token),
    tokenHash: hashApiToken(token),
    scope: EVERYTHING,
    expiresAt: null,
  });
  return { newToken: givenKey === null ? token : null };
}
