import { DomainError } from '@trunkline/core';

/** A fetch that was not made, or not finished. The message is for the person who gave the URL. */
export class EgressRefused extends DomainError {
  readonly code = 'EGRESS_REFUSED';
  constructor(
    message: string,
    readonly why: 'target' | 'redirects' | 'size' | 'time' | 'network',
  ) {
    super(message);
  }
}
