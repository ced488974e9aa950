/** Placeholder replaced in the next step. */
export type CauseCode = string;
