/** Stanzas that need no answer and have no effect here, yet are known. */

/** Children of `<ib>` that clients send. */
export const KNOWN_BULLETINS = new Set(['offline_batch', 'unified_session', 'clean', 'edge_routing']);
