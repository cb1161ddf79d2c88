// What a browser can check by itself about the ledger: the signature of a checkpoint (C2SP tlog-checkpoint, Ed25519),
// that each record stands in the tree the checkpoint names (RFC 6962 inclusion proof), that a person's records follow
// each other without a gap, that a log which began anew after a restore names the one before it, and that all of it
// continues what the browser saw at an earlier check: the tree (RFC 6962 consistency proof, read from tiles) and the
// person's newest record. Of a record erased by law it checks the place and the leaf; one that waits for its place must
// continue the others. It trusts only the key in the document, and compares it with the one it remembers.
import { consistency, continues, join, rootOf, same, sha256, type Tree } from "./_tree";

export { consistency, continues }; // for the tests

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

/** Epoch is one tree; earlier ones ended with a restore, and the first record of the next names their last checkpoint. */
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

/** Seen is what a browser remembers of one person: the person's newest record, and the state of the log at that check. */
export interface Seen {
  name: string;
  key: string;
  size: number;
  seq: number;
  leaf: string;
}

/** Kept is the last checkpoint of a log that a browser has checked, as it was signed. It says nothing about a person. */
export interface Kept {
  name: string;
  key: string;
  checkpoint: string;
}

/** Past is what a browser remembers, and how it gets a tile of an epoch of the log. */
export interface Past {
  seen?: Seen;
  kept: Kept[];
  tile(epoch: number, path: string): Promise<Uint8Array>;
}

export type Fault =
  | "document" // not the document we expect
  | "signature" // the checkpoint is not signed by the key
  | "inclusion" // a record does not stand in the tree, or was changed
  | "gap" // a record between two others is missing
  | "order" // a record does not name the one before it
  | "restart" // the log began anew and does not name the one before it
  | "shorter" // the log ends before the last check, and does not say that anything was lost
  | "forked" // the log does not continue the one of the last check
  | "vanished" // the person's newest record of the last check is gone or was changed
  | "lost" // it is gone, and the log says that a range was lost in which it was
  | "key" // another key than at the last check
  | "log" // another log than at the last check
  | "uncompared" // the tiles for the comparison could not be had
  | "unsupported"; // this browser cannot check Ed25519 signatures

/** Since is how the log relates to what the browser remembered. */
export type Since =
  | "first" // nothing was remembered of this person and log
  | "again" // it continues what was remembered
  | "restarted" // it began anew since, and continues what was remembered
  | "loss"; // it began anew since, and says that records were lost; none of them is a remembered one of the person

export interface Result {
  ok: boolean;
  fault?: Fault;
  record?: string; // the id of the record where the fault was found
  against?: Kept; // the remembered checkpoint that the fault contradicts
  checked: string[]; // ids of the records that were found in the tree
  size: number; // of the tree
  whole: boolean; // the person's first record is among them
  waiting: number; // records that have no place yet
  since?: Since;
  seen?: Seen; // to remember
  kept?: Kept;
}

const encoder = new TextEncoder();

function bytes(b64: string): Uint8Array<ArrayBuffer> {
  const text = atob(b64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

/** openCheckpoint checks the signature of a signed note and reads size and root; null if it is not signed by the key. */
async function openCheckpoint(note: string, name: string, key: Uint8Array<ArrayBuffer>): Promise<Tree | null> {
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
  const state = stateOf(text);
  return signed && state?.name === name ? state : null;
}

/** stateOf reads the lines of a checkpoint, whoever signed them. */
function stateOf(note: string): (Tree & { name: string }) | null {
  const [name, size, root] = note.split("\n");
  if (!/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size))) return null;
  const hash = bytes(root);
  return hash.length === 32 ? { name, size: Number(size), root: hash } : null;
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

function says(body: Uint8Array) {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
}

function link(record: LedgerRecord, body: Uint8Array, leaf: Uint8Array, at: [number, number]): Link {
  const text = says(body);
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

function text64(raw: Uint8Array): string {
  return btoa(String.fromCharCode(...raw));
}

/** Opened is an epoch whose signature and records were checked. */
interface Opened {
  base: string; // the name of the log without its epoch
  number: number; // of the epoch, from 1 on
  name: string;
  key: string;
  checkpoint: string;
  tree: Tree;
  restart?: { closed?: string; last?: string }; // what its first record says
}

/** nameOf takes a log's name apart: after a restore it goes on under its name with /2, /3 … behind it. */
function nameOf(name: string): { base: string; number: number } {
  const [, base, number] = /^(.+)\/([1-9][0-9]*)$/.exec(name) ?? [];
  return Number(number) > 1 ? { base, number: Number(number) } : { base: name, number: 1 };
}

const waits = Number.MAX_SAFE_INTEGER;

/** openEpoch goes through one tree; links found are added. */
async function openEpoch(epoch: Epoch, place: number, links: Link[], result: Result): Promise<Opened | { fault: Fault; record?: string }> {
  const { name, public_key_b64: key } = epoch.key;
  const tree = await openCheckpoint(epoch.checkpoint, name, bytes(key));
  if (tree === null) return { fault: "signature" };
  result.size = tree.size;
  const opened: Opened = { ...nameOf(name), name, key, checkpoint: epoch.checkpoint, tree };
  const stands = async (leaf: Uint8Array, r: { index: number; proof: string[] }): Promise<boolean> => {
    const root = await rootOf(leaf, r.index, tree.size, r.proof.map(bytes));
    return root !== null && same(root, tree.root);
  };
  for (const record of epoch.records) {
    const body = bytes(record.body_b64);
    const leaf = await sha256(bytes(record.salt_b64), body);
    if (!(await stands(leaf, record))) return { fault: "inclusion", record: record.id };
    const { kind, more } = says(body);
    if (kind === "restart" && record.index === 0) {
      opened.restart = more ?? {};
      continue; // it concerns nobody
    }
    links.push(link(record, body, leaf, [place, record.index]));
    result.checked.push(record.id);
  }
  for (const record of epoch.erased ?? []) {
    const leaf = bytes(record.leaf_b64);
    if (!(await stands(leaf, record))) return { fault: "inclusion", record: record.id };
    links.push(blank(record, leaf, [place, record.index]));
    result.checked.push(record.id);
  }
  return opened;
}

/** joined tells whether each epoch names the end of the one before it, from the first on. */
function joined(epochs: Opened[]): boolean {
  return epochs.every((e, i) => {
    if (i === 0) return e.number === 1;
    const before = epochs[i - 1];
    return e.base === before.base && e.number > before.number && e.restart?.closed === before.checkpoint;
  });
}

/** admits tells whether an epoch says of itself that what lay behind an older state was lost. */
function admits(epochs: Opened[], name: string, old: { size: number; root?: Uint8Array }): boolean {
  const then = nameOf(name);
  return epochs.some((e, i) => {
    const last = stateOf(e.restart?.last ?? "");
    if (i === 0 || last === null || then.number < epochs[i - 1].number || then.number >= e.number) return false;
    const known = nameOf(last.name);
    if (known.base !== e.base || known.number !== then.number) return known.base === e.base && known.number > then.number;
    return last.size > old.size || (last.size === old.size && (!old.root || same(last.root, old.root)));
  });
}

interface Comparison {
  fault?: Fault;
  against?: Kept;
  since: Since;
}

/** comparePerson looks whether all that was seen of the person is still there: the newest record stands for all before it. */
function comparePerson(epochs: Opened[], own: Link[], seen: Seen): Comparison {
  const now = epochs[epochs.length - 1];
  const fail = (fault: Fault): Comparison => ({ fault, since: "first" });
  if (nameOf(seen.name).base !== now.base) return fail("log");
  if (seen.key !== now.key) return fail("key");
  const epoch = epochs.find((e) => e.name === seen.name);
  const beyond = !epoch || seen.size > epoch.tree.size;
  if (beyond && !admits(epochs, seen.name, seen)) return fail("shorter");
  const then = own.find((l) => l.seq === seen.seq);
  if (seen.seq > 0 && (!then || !same(bytes(seen.leaf), then.leaf))) return fail(beyond ? "lost" : "vanished");
  return { since: beyond ? "loss" : epoch === now ? "first" : "restarted" };
}

/** compareTree asks the log to prove that it continues a checkpoint that was kept. */
async function compareTree(epochs: Opened[], kept: Kept, old: Tree, tile: Past["tile"]): Promise<Comparison> {
  const epoch = epochs.find((e) => e.name === kept.name);
  if (!epoch || old.size > epoch.tree.size) {
    return admits(epochs, kept.name, old) ? { since: "loss" } : { fault: "shorter", against: kept, since: "first" };
  }
  let proof: Uint8Array[];
  try {
    proof = await consistency(old.size, epoch.tree.size, (path) => tile(epoch.number, path));
  } catch {
    return { fault: "uncompared", since: "first" };
  }
  if (!(await continues(old, epoch.tree, proof))) return { fault: "forked", against: kept, since: "first" };
  return { since: epoch === epochs[epochs.length - 1] ? "again" : "restarted" };
}

/** compare holds the evidence against all that the browser remembers of this log. */
async function compare(epochs: Opened[], own: Link[], past: Past): Promise<Comparison> {
  const now = epochs[epochs.length - 1];
  const found: Since[] = [];
  let covered = false; // a kept checkpoint is as new as what was seen of the person
  const { seen } = past;
  if (seen) {
    const c = comparePerson(epochs, own, seen);
    if (c.fault) return { ...c, against: past.kept.find((k) => k.name === seen.name && k.key === seen.key) };
    found.push(c.since);
  }
  for (const kept of past.kept) {
    if (kept.key !== now.key || nameOf(kept.name).base !== now.base) continue; // another log's
    const old = await openCheckpoint(kept.checkpoint, kept.name, bytes(kept.key));
    if (old === null) continue;
    const c = await compareTree(epochs, kept, old, past.tile);
    if (c.fault) return c;
    if (seen?.name === kept.name && seen.size <= old.size) covered = true;
    if (c.since !== "again") found.push(c.since);
  }
  const since = (["loss", "restarted"] as const).find((s) => found.includes(s)) ?? (covered ? "again" : "first");
  return { since };
}

/**
 * check goes through the whole document and stops at the first fault. With a person it compares with what the browser
 * remembers, and says what to remember now.
 */
export async function check(evidence: Evidence, person = "", past?: Past): Promise<Result> {
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
    const epochs: Opened[] = [];
    for (const epoch of [...(evidence.earlier ?? []), evidence]) {
      const opened = await openEpoch(epoch, epochs.length, links, result);
      if ("fault" in opened) return fail(opened.fault, opened.record);
      epochs.push(opened);
    }
    if (!joined(epochs)) return fail("restart");
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
    const { since, ...wrong } = await compare(epochs, placed, past ?? { kept: [], tile: () => Promise.reject(new Error("no log")) });
    if (wrong.fault) return { ...result, ...wrong, whole };
    const { name, key, checkpoint } = epochs[epochs.length - 1];
    const seen: Seen = { name, key, size: result.size, seq: newest?.seq ?? 0, leaf: newest ? text64(newest.leaf) : "" };
    return { ...result, ok: true, whole, since, seen, kept: { name, key, checkpoint } };
  } catch {
    return fail("document");
  }
}
