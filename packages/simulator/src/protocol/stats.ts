/** Counts every kind of stanza and keeps samples of those the network does not know, so that gaps show. */
import { child, describe, type Node } from '../wire/node.js';

const MAX_SAMPLES = 5;
const MAX_UNKNOWN_KINDS = 200;

export interface StatsReport {
  received: Record<string, number>;
  sent: Record<string, number>;
  unknown: { kind: string; count: number; samples: string[] }[];
  violations: { count: number; last: string | null };
}

/** Names the kind of a stanza: coarse enough to count, fine enough to tell one request from another. */
export function kindOf(node: Node): string {
  const { type, xmlns } = node.attrs;
  if (node.tag !== 'iq') return type === undefined ? node.tag : `${node.tag} ${type}`;
  if (type !== 'get' && type !== 'set') return `iq ${type}`;
  return ['iq', type, xmlns, child(node)?.tag].filter((part) => part !== undefined).join(' ');
}

export class Stats {
  #received = new Map<string, number>();
  #sent = new Map<string, number>();
  #unknown = new Map<string, { count: number; samples: string[] }>();
  #violations = 0;
  #lastViolation: string | null = null;

  received(node: Node): void {
    increment(this.#received, kindOf(node));
  }

  sent(kind: string): void {
    increment(this.#sent, kind);
  }

  /** A stanza nobody here knows. It was answered all the same; this makes the gap visible. */
  unknown(node: Node): void {
    const kind = kindOf(node);
    let entry = this.#unknown.get(kind);
    if (entry === undefined) {
      if (this.#unknown.size >= MAX_UNKNOWN_KINDS) return;
      entry = { count: 0, samples: [] };
      this.#unknown.set(kind, entry);
    }
    entry.count++;
    if (entry.samples.length < MAX_SAMPLES) entry.samples.push(describe(node));
  }

  /** A client broke framing, cipher or codec. */
  violation(problem: string): void {
    this.#violations++;
    this.#lastViolation = problem;
  }

  report(): StatsReport {
    return {
      received: Object.fromEntries(this.#received),
      sent: Object.fromEntries(this.#sent),
      unknown: [...this.#unknown].map(([kind, { count, samples }]) => ({ kind, count, samples })),
      violations: { count: this.#violations, last: this.#lastViolation },
    };
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
