import { systemRoutes } from '@trunkline/api';
import { phoneImageKeyOf } from '../../images/phone-image-place.js';
import { type Binding, bindPublic, SENT } from '../bind-route.js';
import { HttpError } from '../http-error.js';

/** The link changes with the picture, so it may be kept for long. */
const KEPT = 'public, max-age=604800';
const KEPT_WITHOUT_TIME = 'public, max-age=60';

/** Profile pictures, for whoever has the link: nothing but pictures ever leaves here. */
export function bindImages(binding: Binding): void {
  bindPublic(binding, systemRoutes.image, async ({ params, request, reply }) => {
    const key = phoneImageKeyOf(params['*']);
    const found = key === null ? null : await binding.deps.storage.get(key);
    if (found === null || found.contentType !== 'image/jpeg') throw new HttpError('NOT_FOUND_ERROR', 'Image not found');
    void reply
      .headers({
        'content-type': 'image/jpeg',
        'content-disposition': 'inline',
        'cache-control': request.url.includes('?timestamp=') ? KEPT : KEPT_WITHOUT_TIME,
        'cross-origin-resource-policy': 'cross-origin',
      })
      .send(Buffer.from(found.body));
    return SENT;
  });
}
