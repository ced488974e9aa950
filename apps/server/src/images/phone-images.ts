import type { ObjectStorage, Phone } from '@trunkline/core';
import { phoneImageKey } from './phone-image-place.js';

export interface PhoneImages {
  /** Stores what the account shows, or removes it; false when nothing changed. */
  keep(phone: Pick<Phone, 'orgId' | 'number'>, image: Uint8Array | null): Promise<boolean>;
}

/** The pictures of phones in a storage. */
export function phoneImages(storage: ObjectStorage): PhoneImages {
  return {
    async keep({ orgId, number }, image) {
      if (number === null) return false;
      const key = phoneImageKey(orgId, number);
      const known = await storage.get(key);
      if (image === null) {
        if (known === null) return false;
        await storage.delete(key);
        return true;
      }
      if (known !== null && Buffer.from(known.body).equals(image)) return false;
      await storage.put(key, image, 'image/jpeg');
      return true;
    },
  };
}
