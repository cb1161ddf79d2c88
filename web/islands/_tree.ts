// The arithmetic of the tree (RFC 6962, RFC 9162): the proof that a record stands in it, the proof that a tree continues
// an older one, and how to read that second proof from the tiles of the log (C2SP tlog-tiles), as a monitor does. Sizes
// may be larger than 32 bits, so there are no bit operations.

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);
const hashSize = 32;
const wide = 256; // hashes in a full tile

export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export async function sha256(...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

const half = (n: number): number => Math.floor(n / 2);

/** rootOf climbs from a leaf to the root of a tree of the given size (RFC 9162, 2.1.3.2); null if the proof does not fit. */
export async function rootOf(leafData: Uint8Array, index: number, size: number, proof: Uint8Array[]): Promise<Uint8Array | null> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return null;
  let at = index;
  let last = size - 1;
  let hash = await sha256(leafMark, leafData);
  for (const step of proof) {
    if (last === 0 || step.length !== hashSize) return null;
    if (at % 2 === 1 || at === last) {
      hash = await sha256(nodeMark, step, hash);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      hash = await sha256(nodeMark, hash, step);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 ? hash : null;
}

/** Tree is the state of a tree that a checkpoint signs. */
export interface Tree {
  size: number;
  root: Uint8Array;
}

/** continues checks a consistency proof (RFC 9162, 2.1.4.2): the old tree is the beginning of the new one, unchanged. */
export async function continues(old: Tree, now: Tree, proof: Uint8Array[]): Promise<boolean> {
  if (![old.size, now.size].every((n) => Number.isSafeInteger(n) && n >= 0) || old.size > now.size) return false;
  if (proof.some((h) => h.length !== hashSize)) return false;
  if (old.size === now.size) return proof.length === 0 && same(old.root, now.root);
  if (old.size === 0) return proof.length === 0 && same(old.root, await sha256());
  let at = old.size - 1;
  let last = now.size - 1;
  while (at % 2 === 1) {
    at = half(at);
    last = half(last);
  }
  const path = at === 0 ? [old.root, ...proof] : proof; // of a power of two, the old root itself is where both begin
  if (path.length === 0) return false;
  let [before, after] = [path[0], path[0]];
  for (const step of path.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      before = await sha256(nodeMark, step, before);
      after = await sha256(nodeMark, step, after);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      after = await sha256(nodeMark, after, step);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && same(before, old.root) && same(after, now.root);
}

type Range = [from: number, to: number];

/** split is the largest power of two below n: so many records are in the left half of a tree of n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** ranges are the parts of a tree whose hashes prove that its first size records are an older tree (RFC 6962, 2.1.2). */
function ranges(size: number, [from, to]: Range, whole: boolean): Range[] {
  if (size === to) return whole ? [] : [[from, to]];
  const middle = from + split(to - from);
  if (size <= middle) return [...ranges(size, [from, middle], whole), [middle, to]];
  return [...ranges(size, [middle, to], false), [from, middle]];
}

/** tilePath is where the first w hashes of a tile lie: tile/L/N, with N in groups of three digits. */
function tilePath(level: number, number: number, w: number): string {
  let name = String(number % 1000).padStart(3, "0");
  for (let n = Math.floor(number / 1000); n > 0; n = Math.floor(n / 1000)) name = `x${String(n % 1000).padStart(3, "0")}/${name}`;
  return `tile/${level}/${name}${w < wide ? `.p/${w}` : ""}`;
}

/** consistency reads the proof that the tree of this size continues the one of oldSize from the tiles of the log. */
export async function consistency(oldSize: number, size: number, tile: (path: string) => Promise<Uint8Array>): Promise<Uint8Array[]> {
  if (oldSize === 0 || oldSize >= size) return [];
  const tiles = new Map<string, Uint8Array>();
  const read = async (level: number, number: number): Promise<Uint8Array> => {
    const w = Math.min(wide, Math.floor(size / wide ** level) - number * wide);
    const path = tilePath(level, number, w);
    const data = tiles.get(path) ?? (await tile(path));
    if (data.length !== w * hashSize) throw new Error(`${path} has ${data.length} bytes`);
    tiles.set(path, data);
    return data;
  };
  const hashOf = async ([from, to]: Range): Promise<Uint8Array> => {
    const n = to - from;
    const k = split(n);
    if (n > 1 && k * 2 !== n) return sha256(nodeMark, await hashOf([from, from + k]), await hashOf([from + k, to]));
    let level = 0;
    while (wide ** (level + 1) <= n) level++;
    const first = from / wide ** level;
    const data = await read(level, Math.floor(first / wide));
    let row: Uint8Array[] = [];
    for (let i = first % wide; row.length < n / wide ** level; i++) row.push(data.subarray(i * hashSize, (i + 1) * hashSize));
    while (row.length > 1) row = await Promise.all(row.flatMap((h, i) => (i % 2 === 0 ? [sha256(nodeMark, h, row[i + 1])] : [])));
    return row[0];
  };
  const proof: Uint8Array[] = [];
  for (const range of ranges(oldSize, [0, size], true)) proof.push(await hashOf(range));
  return proof;
}
