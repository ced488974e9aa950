import type { Egress } from '../egress/egress-client.js';
import { EgressRefused } from '../egress/egress-refused.js';
import { profilePicture } from './profile-picture.js';
import { refuseImage } from './refuse-image.js';

export const IMAGE_MOST_BYTES = 5_000_000;
const FETCH_LIMIT_MS = 15_000;
const FETCH_REDIRECTS = 3;
const DATA_URL = /^data:[a-z]+\/[a-z0-9.+-]+(?:;[a-z0-9-]+=[^;,]*)*;base64,([A-Za-z0-9+/\s]*={0,2})$/i;

/** The profile picture that a request names, as a data URL or a https URL, ready for WhatsApp. Throws `Invalid`. */
export async function readImage(text: string, egress: Egress): Promise<Uint8Array> {
  try {
    const bytes = text.startsWith('data:') ? decode(text) : await download(text, egress);
    return await profilePicture(bytes);
  } catch (error) {
    if (error instanceof EgressRefused) throw refuseImage(error.message);
    throw error;
  }
}

function decode(text: string): Uint8Array {
  const [, base64] = DATA_URL.exec(text) ?? [];
  if (base64 === undefined) throw refuseImage('The data URL must be of the form data:image/jpeg;base64,…');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length > IMAGE_MOST_BYTES) throw refuseImage('The picture must not be larger than 5 MB.');
  return new Uint8Array(bytes);
}

async function download(url: string, egress: Egress): Promise<Uint8Array> {
  const { status, body } = await egress.fetch({
    url,
    maxBytes: IMAGE_MOST_BYTES,
    timeoutMs: FETCH_LIMIT_MS,
    maxRedirects: FETCH_REDIRECTS,
    headers: { accept: 'image/*' },
  });
  if (status !== 200) throw refuseImage(`The URL answered with status ${status} instead of a picture.`);
  return body;
}
