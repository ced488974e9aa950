const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9@._+-]{1,200}$/;

/** Refuses keys that are not ours: no empty, hidden or climbing segment, nothing that a file system reads in its own way. */
export function checkStorageKey(key: string): string {
  const segments = key.split('/');
  if (segments.length > 8 || !segments.every((segment) => SEGMENT.test(segment))) {
    throw new Error(`not a storage key: ${JSON.stringify(key.slice(0, 100))}`);
  }
  return key;
}
