import { isPicture, jpegSize } from './picture-bytes.js';
import { refuseImage } from './refuse-image.js';

/** What WhatsApp shows: a square JPEG of this many pixels. */
const SIDE = 640;
const MOST_PIXELS = 20_000_000;
const QUALITY = 85;
/** Without the image library a JPEG goes as it came; a larger one would not fit WhatsApp's frame either. */
const PLAIN_MOST_BYTES = 500_000;
const MOST_WAITING = 8;
const DECODE_LIMIT_SECONDS = 10;

let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/** Makes any JPEG, PNG, WebP or GIF into a square JPEG without metadata. One at a time: a decoded picture takes 80 MB. */
export async function profilePicture(bytes: Uint8Array): Promise<Uint8Array> {
  if (!isPicture(bytes)) throw refuseImage('The picture must be a JPEG, PNG, WebP or GIF.');
  if (waiting >= MOST_WAITING) throw refuseImage('Too many pictures are being read at the moment. Try again.');
  waiting += 1;
  const mine = last.then(() => encode(bytes));
  last = mine.catch(() => {});
  try {
    return await mine;
  } finally {
    waiting -= 1;
  }
}

async function encode(bytes: Uint8Array): Promise<Uint8Array> {
  const sharp = await loadSharp();
  if (sharp === null) return plainJpeg(bytes);
  const picture = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error', pages: 1 });
  try {
    const { width, height } = await picture.metadata();
    if (width * height > MOST_PIXELS) throw new Error('pixel limit');
    return new Uint8Array(
      await picture
        .timeout({ seconds: DECODE_LIMIT_SECONDS })
        .rotate()
        .resize(SIDE, SIDE, { fit: 'cover' })
        .flatten({ background: '#ffffff' })
        .jpeg({ quality: QUALITY })
        .toBuffer(),
    );
  } catch (error) {
    const tooLarge = error instanceof Error && /pixel limit/.test(error.message);
    throw refuseImage(tooLarge ? 'The picture must not have more than 20 megapixels.' : 'The picture cannot be read.');
  }
}

/** The image library is optional: it does not exist for every machine. Its cache would only hold memory. */
async function loadSharp() {
  try {
    const { default: sharp } = await import('sharp');
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  } catch {
    return null;
  }
}

export function plainJpeg(bytes: Uint8Array): Uint8Array {
  const size = jpegSize(bytes);
  if (size === null) throw refuseImage('This server has no image library, so the picture must be a JPEG.');
  if (bytes.length > PLAIN_MOST_BYTES || size.width !== size.height || size.width > 2 * SIDE) {
    throw refuseImage(
      `This server has no image library, so the picture must be a square JPEG of at most ${2 * SIDE} pixels and 500 kB.`,
    );
  }
  return bytes;
}
