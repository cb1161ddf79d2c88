// What a browser can check by itself about the ledger: the signature of a checkpoint (C2SP tlog-checkpoint, Ed25519),
// that each record stands in the tree the checkpoint names (RFC 6962 inclusion proof), and that a person's records
// follow each other without a gap. It asks nobody and trusts only the key in the document.

export interface LedgerRecord {
  id: string;
  body_b64: string;
  salt_b64: string;
  index: number;
  proof: string[];
}

export interface Evidence {
  checkpoint: string;
  key: { name: string; public_key_b64: string };
  records: LedgerRecord[];
}

export type Fault =
  | "document" // not the document we expect
  | "signature" // the checkpoint is not signed by the key
  | "inclusion" // a record does not stand in the tree, or was changed
  | "gap" // a record between two others is missing
  | "order" // a record does not name the one before it
  | "unsupported"; // this browser cannot check Ed25519 signatures

export interface Result {
  ok: boolean;
  fault?: Fault;
  record?: string; // the id of the record where the fault was found
  checked: string[]; // ids of the records that were found in the tree
  size: number; // of the tree
  whole: boolean; // the person's first record is among them
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
}

function link(record: LedgerRecord, body: Uint8Array, leaf: Uint8Array): Link {
  const text = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  return {
    id: record.id,
    subject: typeof text.subject === "string" ? text.subject : "",
    seq: Number.isSafeInteger(text.subject_seq) ? text.subject_seq : 0,
    prev: typeof text.subject_prev === "string" ? text.subject_prev : "",
    leaf,
  };
}

/** chain checks that the records of each person follow each other: no number left out, each names the one before it. */
function chain(links: Link[]): { fault?: Fault; record?: string; whole: boolean } {
  const persons = new Map<string, Link[]>();
  for (const l of links) if (l.subject !== "") persons.set(l.subject, [...(persons.get(l.subject) ?? []), l]);
  let whole = true;
  for (const own of persons.values()) {
    own.sort((a, b) => a.seq - b.seq);
    if (own[0].seq < 1) return { fault: "order", record: own[0].id, whole };
    if (own[0].seq === 1 && own[0].prev !== "") return { fault: "order", record: own[0].id, whole };
    if (own[0].seq !== 1) whole = false;
    for (let i = 1; i < own.length; i++) {
      if (own[i].seq !== own[i - 1].seq + 1) return { fault: "gap", record: own[i].id, whole };
      if (own[i].prev === "" || !same(bytes(own[i].prev), own[i - 1].leaf)) return { fault: "order", record: own[i].id, whole };
    }
  }
  return { whole };
}

/** check goes through the whole document and stops at the first fault. */
export async function check(evidence: Evidence): Promise<Result> {
  const result: Result = { ok: false, checked: [], size: 0, whole: false };
  const fail = (fault: Fault, record?: string): Result => ({ ...result, fault, record });
  let key: Uint8Array<ArrayBuffer>;
  try {
    key = bytes(evidence.key.public_key_b64);
    await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch (e) {
    return fail(e instanceof DOMException && e.name === "NotSupportedError" ? "unsupported" : "document");
  }
  try {
    const head = await openCheckpoint(evidence.checkpoint, evidence.key.name, key);
    if (head === null) return fail("signature");
    result.size = head.size;
    const links: Link[] = [];
    for (const record of evidence.records) {
      const body = bytes(record.body_b64);
      const leaf = await sha256(bytes(record.salt_b64), body);
      const root = await rootOf(leaf, record.index, head.size, record.proof.map(bytes));
      if (root === null || !same(root, head.root)) return fail("inclusion", record.id);
      links.push(link(record, body, leaf));
      result.checked.push(record.id);
    }
    const { fault, record, whole } = chain(links);
    if (fault) return fail(fault, record);
    return { ...result, ok: true, whole };
  } catch {
    return fail("document");
  }
}
