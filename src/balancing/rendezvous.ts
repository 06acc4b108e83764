/** How far a target may exceed its share of the requests in flight before sessions move on. */
const LOAD_FACTOR = 1.25;

/** A node of rendezvous hashing: a target that gets a share of the sessions. */
export interface RendezvousNode {
  /** Hash of its name, from {@link rendezvousHash}. */
  readonly hash: number;
  /** Share of the sessions, in relation to the other nodes. */
  readonly weight: number;
  /** Requests in flight. */
  readonly inFlight: number;
}

/** Hashes a text to 32 bits (FNV-1a over UTF-16 units, then the finalizer of MurmurHash3). */
export function rendezvousHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

/**
 * Chooses the node of a session by weighted rendezvous hashing with bounded load (Mirrokni, Thorup, Zadimoghaddam: Consistent
 * Hashing with Bounded Loads). When a node is removed, only its sessions move. A node with more than 1.25 times its share of
 * the requests in flight passes a request on to the next in the order of its session.
 * @param session its hash, from {@link rendezvousHash}.
 * @returns undefined if there are no nodes.
 */
export function rendezvous<T extends RendezvousNode>(nodes: readonly T[], session: number): T | undefined {
  let weights = 0;
  let requests = 1;
  for (const { weight, inFlight } of nodes) {
    weights += weight;
    requests += inFlight;
  }
  let best: T | undefined;
  let bestScore = 0;
  for (const candidate of nodes) {
    const { hash, weight, inFlight } = candidate;
    if (inFlight >= Math.ceil((LOAD_FACTOR * requests * weight) / weights)) continue;
    const score = weight / -Math.log(fraction(session ^ hash));
    if (best !== undefined && score <= bestScore) continue;
    best = candidate;
    bestScore = score;
  }
  return best;
}

/** A number between 0 and 1, both excluded, that looks random. */
function fraction(value: number): number {
  return (mix(value) + 0.5) / 2 ** 32;
}

function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
