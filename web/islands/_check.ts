// What a browser can check by itself about the ledger: the signature of a checkpoint (C2SP tlog-checkpoint, Ed25519),
// that each record stands in the tree the checkpoint names (RFC 6962 inclusion proof), that a person's records follow
// each other without a gap, and that what it saw at an earlier check is still there. Of a record erased by law it checks
// the place and the leaf; one that waits for its place must continue the others. It asks nobody and trusts only the key
// in the document, or the one it remembers.

export interface LedgerRecord {
  id: string;
  body_b64: string;
  salt_b64: string;
  index: number;
  proof: string[];
}

export interface ErasedRecord {
  id: string;
  leaf_b64: string;
  subject?: string;
  subject_seq?: number;
  index: number;
  proof: string[];
}

/** Epoch is one tree; earlier ones ended with a restore. */
export interface Epoch {
  checkpoint: string;
  key: { name: string; public_key_b64: string };
  records: LedgerRecord[];
  erased?: ErasedRecord[];
}

export interface Evidence extends Epoch {
  waiting?: LedgerRecord[]; // have no place yet
  earlier?: Epoch[];
}

/** Seen is what a browser remembers of a check: the state of the log and the person's newest record in it. */
export interface Seen {
  name: string;
  key: string;
  size: number;
  seq: number;
  leaf: string;
}

export type Fault =
  | "document" // not the document we expect
  | "signature" // the checkpoint is not signed by the key
  | "inclusion" // a record does not stand in the tree, or was changed
  | "gap" // a record between two others is missing
  | "order" // a record does not name the one before it
  | "vanished" // what was there at the last check is gone or was changed
  | "key" // another key than at the last check
  | "unsupported"; // this browser cannot check Ed25519 signatures

export interface Result {
  ok: boolean;
  fault?: Fault;
  record?: string; // the id of the record where the fault was found
  checked: string[]; // ids of the records that were found in the tree
  size: number; // of the tree
  whole: boolean; // the person's first record is among them
  waiting: number; // records that have no place yet
  seen?: Seen; // to remember
}

const encoder = new TextEncoder();

function bytes(b64: string): Uint8Array<ArrayBuffer> {
  const text = atob(b64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

async function sha256(...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

/** rootOf climbs from a leaf to the root of a tree of the given size (RFC 9162, 2.1.3.2); null if the proof does not fit. */
export async function rootOf(
  leafData: Uint8Array,
  index: number,
  size: number,
  proof: Uint8Array[],
): Promise<Uint8Array | null> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return null;
  let at = index;
  let last = size - 1;
  let hash = await sha256(leafMark, leafData);
  for (const step of proof) {
    if (last === 0 || step.length !== 32) return null;
    if (at % 2 === 1 || at === last) {
      hash = await sha256(nodeMark, step, hash);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = await sha256(nodeMark, hash, step);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

interface Head {
  size: number;
  root: Uint8Array;
}

/** openCheckpoint checks the signature of a signed note and reads size and root; null if it is not signed by the key. */
async function openCheckpoint(note: string, name: string, key: Uint8Array<ArrayBuffer>): Promise<Head | null> {
  const cut = note.lastIndexOf("\n\n");
  if (cut < 0) return null;
  const text = note.slice(0, cut + 1);
  const id = (await sha256(encoder.encode(name + "\n"), Uint8Array.of(1), key)).slice(0, 4);
  const signer = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  let signed = false;
  for (const line of note.slice(cut + 2).split("\n")) {
    const [dash, who, value] = line.split(" ");
    if (dash !== "\u2014" || who !== name || !value) continue;
    const raw = bytes(value);
    if (raw.length !== 68 || !same(raw.slice(0, 4), id)) continue;
    if (await crypto.subtle.verify({ name: "Ed25519" }, signer, raw.slice(4), encoder.encode(text))) signed = true;
  }
  const [origin, size, root] = text.split("\n");
  if (!signed || origin !== name || !/^(0|[1-9][0-9]*)$/.test(size)) return null;
  const hash = bytes(root);
  return Number.isSafeInteger(Number(size)) && hash.length === 32 ? { size: Number(size), root: hash } : null;
}

interface Link {
  id: string;
  subject: string;
  seq: number;
  prev: string;
  leaf: Uint8Array;
  blank: boolean; // erased: it names no predecessor any more
  at: [epoch: number, index: number];
}

function link(record: LedgerRecord, body: Uint8Array, leaf: Uint8Array, at: [number, number]): Link {
  const text = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  return {
    id: record.id,
    subject: typeof text.subject === "string" ? text.subject : "",
    seq: Number.isSafeInteger(text.subject_seq) ? text.subject_seq : 0,
    prev: typeof text.subject_prev === "string" ? text.subject_prev : "",
    leaf,
    blank: false,
    at,
  };
}

function blank(record: ErasedRecord, leaf: Uint8Array, at: [number, number]): Link {
  return { id: record.id, subject: record.subject ?? "", seq: record.subject_seq ?? 0, prev: "", leaf, blank: true, at };
}

function byPerson(links: Link[]): Map<string, Link[]> {
  const persons = new Map<string, Link[]>();
  for (const l of links) if (l.subject !== "") persons.set(l.subject, [...(persons.get(l.subject) ?? []), l]);
  for (const own of persons.values()) own.sort((a, b) => a.seq - b.seq);
  return persons;
}

function after(a: Link, b: Link): boolean {
  return a.at[0] > b.at[0] || (a.at[0] === b.at[0] && a.at[1] > b.at[1]);
}

/** chain checks that the records of each person follow each other: no number left out, each names the one before it. */
function chain(persons: Map<string, Link[]>): { fault?: Fault; record?: string; whole: boolean } {
  let whole = true;
  for (const own of persons.values()) {
    if (own[0].seq < 1) return { fault: "order", record: own[0].id, whole };
    if (own[0].seq === 1 && own[0].prev !== "") return { fault: "order", record: own[0].id, whole };
    if (own[0].seq !== 1) whole = false;
    for (let i = 1; i < own.length; i++) {
      const [before, now] = [own[i - 1], own[i]];
      if (now.seq === before.seq) return { fault: "order", record: now.id, whole };
      if (now.seq !== before.seq + 1) return { fault: "gap", record: now.id, whole };
      if (!now.blank && (now.prev === "" || !same(bytes(now.prev), before.leaf))) return { fault: "order", record: now.id, whole };
      if (!after(now, before)) return { fault: "order", record: now.id, whole };
    }
  }
  return { whole };
}

/** compare looks whether all that was seen before is still there: its newest record stands for all before it. */
function compare(own: Link[], now: Seen, before: Seen): Fault | undefined {
  if (now.name === before.name && now.key !== before.key) return "key";
  if (now.name === before.name && now.size < before.size) return "vanished";
  const then = own.find((l) => l.seq === before.seq);
  if (before.seq > 0 && (!then || !same(bytes(before.leaf), then.leaf))) return "vanished";
  return undefined;
}

function text64(raw: Uint8Array): string {
  return btoa(String.fromCharCode(...raw));
}

const waits = Number.MAX_SAFE_INTEGER;

/** checkEpoch goes through one tree; links found are added. */
async function checkEpoch(epoch: Epoch, place: number, links: Link[], result: Result): Promise<{ fault?: Fault; record?: string }> {
  const head = await openCheckpoint(epoch.checkpoint, epoch.key.name, bytes(epoch.key.public_key_b64));
  if (head === null) return { fault: "signature" };
  result.size = head.size;
  const stands = async (leaf: Uint8Array, r: { index: number; proof: string[] }): Promise<boolean> => {
    const root = await rootOf(leaf, r.index, head.size, r.proof.map(bytes));
    return root !== null && same(root, head.root);
  };
  for (const record of epoch.records) {
    const body = bytes(record.body_b64);
    const leaf = await sha256(bytes(record.salt_b64), body);
    if (!(await stands(leaf, record))) return { fault: "inclusion", record: record.id };
    links.push(link(record, body, leaf, [place, record.index]));
    result.checked.push(record.id);
  }
  for (const record of epoch.erased ?? []) {
    const leaf = bytes(record.leaf_b64);
    if (!(await stands(leaf, record))) return { fault: "inclusion", record: record.id };
    links.push(blank(record, leaf, [place, record.index]));
    result.checked.push(record.id);
  }
  return {};
}

/**
 * check goes through the whole document and stops at the first fault. With a person it says what to remember of it, and
 * compares with what was remembered before.
 */
export async function check(evidence: Evidence, person = "", before?: Seen): Promise<Result> {
  const result: Result = { ok: false, checked: [], size: 0, whole: false, waiting: 0 };
  const fail = (fault: Fault, record?: string): Result => ({ ...result, fault, record });
  try {
    const key = bytes(evidence.key.public_key_b64);
    await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch (e) {
    return fail(e instanceof DOMException && e.name === "NotSupportedError" ? "unsupported" : "document");
  }
  try {
    const links: Link[] = [];
    const epochs: Epoch[] = [...(evidence.earlier ?? []), evidence];
    for (const [place, epoch] of epochs.entries()) {
      const { fault, record } = await checkEpoch(epoch, place, links, result);
      if (fault) return fail(fault, record);
    }
    const placed = byPerson(links).get(person) ?? [];
    const newest = placed.at(-1);
    for (const record of evidence.waiting ?? []) {
      const body = bytes(record.body_b64);
      const waiting = link(record, body, await sha256(bytes(record.salt_b64), body), [waits, 0]);
      links.push({ ...waiting, at: [waits, waiting.seq] }); // no place yet: their numbers are their order
      result.waiting++;
    }
    const { fault, record, whole } = chain(byPerson(links));
    if (fault) return fail(fault, record);
    if (person === "") return { ...result, ok: true, whole };
    const { name, public_key_b64: key } = evidence.key;
    const seen: Seen = { name, key, size: result.size, seq: newest?.seq ?? 0, leaf: newest ? text64(newest.leaf) : "" };
    const gone = before && compare(placed, seen, before);
    if (gone) return fail(gone);
    return { ...result, ok: true, whole, seen };
  } catch {
    return fail("document");
  }
}
