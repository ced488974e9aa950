/** Where the picture of a phone lies in the storage, and the URL that leads to it. */

/** First segment of the URL and of the storage key. */
export const PHONE_IMAGES = 'phone-images';

const FILE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(\d{5,20}@c\.us\.jpg)$/;

export function phoneImageKey(orgId: string, number: string): string {
  return `${PHONE_IMAGES}/${orgId}/${number}@c.us.jpg`;
}

/** The form of the contract: organisation and file joined by an encoded slash, and a time that changes with the picture. */
export function phoneImageUrl(publicUrl: string, orgId: string, number: string, changedAt: Date): string {
  const file = encodeURIComponent(`${orgId}/${number}@c.us.jpg`);
  return `${publicUrl}/${PHONE_IMAGES}/${file}?timestamp=${changedAt.getTime()}`;
}

/** The storage key for the decoded rest of such a URL; null when it is not one of ours. */
export function phoneImageKeyOf(file: string): string | null {
  const [, orgId, name] = FILE.exec(file) ?? [];
  return orgId === undefined || name === undefined ? null : `${PHONE_IMAGES}/${orgId}/${name}`;
}
