/** Domain errors: a stable `code`, typed fields, and a message that tells the caller what to do next. */
export abstract class DomainError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** Some entity does not exist for this organisation. Foreign ids answer exactly like unknown ones. */
export class NotFound extends DomainError {
  readonly code = 'NOT_FOUND';
}

/** The request contradicts the state of the thing it names. */
export class Conflict extends DomainError {
  readonly code = 'CONFLICT';
}

/** A value was refused; `fields` tells which and why. */
export class Invalid extends DomainError {
  readonly code = 'INVALID';
  readonly fields: Readonly<Record<string, { message: string; value?: string }>>;
  constructor(message: string, fields: Readonly<Record<string, { message: string; value?: string }>> = {}) {
    super(message);
    this.fields = fields;
  }
}

/** Our lease on the phone is gone: nothing was written, and the socket must close at once. */
export class LeaseLost extends DomainError {
  readonly code = 'LEASE_LOST';
  constructor(readonly phoneId: string) {
    super(`the lease of ${phoneId} belongs to another node`);
  }
}

/** Nobody runs the phone right now, so it cannot be asked anything. */
export class PhoneNotRunning extends DomainError {
  readonly code = 'PHONE_NOT_RUNNING';
}

/** WhatsApp refused or did not answer; `stage` says whether anything may have happened. */
export class EngineRefused extends DomainError {
  readonly code = 'ENGINE_REFUSED';
  constructor(
    message: string,
    readonly stage: 'before-wire' | 'on-wire' | 'after-ack',
    readonly engineCode: number | null = null,
  ) {
    super(message);
  }
}

/**
 * The database cannot answer now: it is away, overloaded or out of space. Worth repeating later. A write that failed like
 * this may still have been committed, so repeat only what may be repeated, or read first.
 */
export class StoreUnavailable extends DomainError {
  readonly code = 'STORE_UNAVAILABLE';
}
