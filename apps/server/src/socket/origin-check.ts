/**
 * Whether a page may open the socket. Programs send no Origin; browsers always do, and only pages of this server itself
 * or of its public address are let in.
 */
export function isOriginAllowed(origin: string | undefined, host: string | undefined, publicUrl: string): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  return page.origin === new URL(publicUrl).origin || page.host === host;
}
