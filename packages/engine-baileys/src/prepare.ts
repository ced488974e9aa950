/** Remedies that must be in place before the library is imported. This entry imports nothing of it. */
export function prepareProcess(): void {}
