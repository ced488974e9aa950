import type { AuthenticationCreds, WASocket } from 'baileys';

/** WhatsApp names a day as the life of these settings. */
const FRESH_MS = 24 * 60 * 60 * 1_000;

type Props = WASocket['serverProps'];

interface KeptProps {
  readonly at: number;
  readonly props: Props;
}

/**
 * The library asks three questions after every login: for the server's settings, the blocklist and the privacy
 * settings. It uses the answer to the first only, and that is good for a day, so it is kept with the credentials.
 */
export function needsServerProps(creds: AuthenticationCreds, nowMs: number): boolean {
  const kept = keptProps(creds);
  return kept === null || nowMs - kept.at >= FRESH_MS || kept.at > nowMs;
}

/** Gives a socket that does not ask what an earlier one learned. */
export function restoreServerProps(creds: AuthenticationCreds, props: Props): void {
  const kept = keptProps(creds);
  if (kept !== null) Object.assign(props, kept.props);
}

export function keepServerProps(creds: AuthenticationCreds, props: Props, nowMs: number): void {
  creds.additionalData = { ...asObject(creds.additionalData), serverProps: { at: nowMs, props: { ...props } } };
}

function keptProps(creds: AuthenticationCreds): KeptProps | null {
  const kept: unknown = Reflect.get(asObject(creds.additionalData), 'serverProps');
  return isKept(kept) ? kept : null;
}

function isKept(value: unknown): value is KeptProps {
  if (typeof value !== 'object' || value === null) return false;
  const { at, props } = value as Partial<KeptProps>;
  return typeof at === 'number' && typeof props === 'object';
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
