import type { CreatePhoneDeps } from './create-phone.js';
import type { Phone } from './phone.js';
import { projectPhone } from './phone-projection.js';

/**
 * Hides a phone at once; its owner unlinks it afterwards. Whoever saw it connected hears that it no longer is. False when
 * the organisation has no such phone.
 */
export function removePhone(deps: CreatePhoneDeps, orgId: string, phoneId: string): Promise<boolean> {
  const { phones, clock, present } = deps;
  return phones.remove(orgId, phoneId, (phone: Phone) => {
    if (projectPhone(phone.state).waState === 'DISCONNECTED') return [];
    const gone = { ...phone, state: { name: 'off', cause: 'deleted', since: clock.now() } } as const;
    return [{ name: 'org.phone.disconnected', payload: JSON.stringify(present(gone)) }];
  });
}
