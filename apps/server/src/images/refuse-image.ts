import { Invalid } from '@trunkline/core';

/** The 422 about the picture of a request. */
export function refuseImage(reason: string): Invalid {
  return new Invalid(`Invalid body. phone_image: ${reason}`, { phone_image: { message: reason } });
}
