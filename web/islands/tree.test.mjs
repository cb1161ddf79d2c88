// Holds the proof that a tree continues another against proofs made by another implementation. web/proof_tree_test.go
// makes the vectors and starts this file: node --test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { consistency, continues } = await import(process.env.CHECK_MODULE);
const { sizes, roots, proofs, tiles } = JSON.parse(readFileSync(process.env.CHECK_VECTORS, "utf8"));

const bytes = b64 => new Uint8Array(Buffer.from(b64, "base64"));
const tree = size => ({ size, root: bytes(roots[size]) });
const list = proof => proof.map(h => Buffer.from(h).toString("base64"));
const most = sizes.at(-1);

assert.ok(proofs.length > 50, "vectors are missing");

/** tile answers as the log does: a narrower tile is the beginning of the widest one; what it does not have is an error. */
function tile(asked) {
  return async path => {
    asked.push(path);
    const [, place, w] = /^(.*?)(?:\.p\/(\d+))?$/.exec(path);
    const data = bytes(tiles[place]);
    const n = Number(w ?? 256) * 32;
    assert.ok(data.length >= n && n > 0, path);
    return data.subarray(0, n);
  };
}

test("every proof holds, and is the one that the tiles give", async () => {
  for (const { from, to, proof } of proofs) {
    assert.ok(await continues(tree(from), tree(to), proof.map(bytes)), `${from} to ${to}`);
    const asked = [];
    assert.deepEqual(list(await consistency(from, to, tile(asked))), proof, `${from} to ${to}`);
    assert.equal(new Set(asked).size, asked.length, "no tile is asked for twice");
    assert.ok(asked.length <= 2 * Math.ceil(Math.log2(to + 1) / 8), `${from} to ${to} takes ${asked.length} tiles`);
  }
});

test("an empty tree is continued by every one", async () => {
  if (!roots[0]) return;
  for (const to of sizes) {
    assert.ok(await continues(tree(0), tree(to), await consistency(0, to, tile([]))), `0 to ${to}`);
    assert.ok(!(await continues({ ...tree(0), root: tree(1).root }, tree(to), [])), `another root of nothing, to ${to}`);
  }
});

test("no other proof holds", async () => {
  const places = (n, all, one) => Array.from({ length: n }, (_, i) => i).filter(i => all || i === one % n);
  const flipped = (proof, i, at) => proof.map((h, k) => (k === i ? h.with(at, h[at] ^ (1 << (at % 8))) : h));
  await Promise.all(proofs.map(async ({ from, to, proof: p }) => {
    const proof = p.map(bytes);
    const fails = async (what, old, now, other) => assert.ok(!(await continues(old, now, other)), `${from} to ${to}: ${what}`);
    // Every byte of every hash where trees are small, then one of every hash, and of one hash where they are large.
    for (const i of places(proof.length, most <= 64, from)) {
      for (const at of places(32, to <= 9, from + i)) {
        await fails(`byte ${at} of hash ${i} changed`, tree(from), tree(to), flipped(proof, i, at));
      }
      await fails(`without hash ${i}`, tree(from), tree(to), proof.toSpliced(i, 1));
      await fails(`hash ${i} twice`, tree(from), tree(to), proof.toSpliced(i, 0, proof[i]));
      await fails(`hash ${i} too short`, tree(from), tree(to), proof.with(i, proof[i].slice(0, 31)));
      await fails(`hash ${i} too long`, tree(from), tree(to), proof.with(i, new Uint8Array(33)));
    }
    await fails("a hash too many", tree(from), tree(to), [...proof, new Uint8Array(32)]);
    await fails("a hash before it", tree(from), tree(to), [new Uint8Array(32), ...proof]);
    const bent = t => ({ ...t, root: t.root.with(from % 32, t.root[from % 32] ^ 1) });
    await fails("another old root", bent(tree(from)), tree(to), proof);
    await fails("another new root", tree(from), bent(tree(to)), proof);
    await fails("an old size too large", { ...tree(from), size: to + 1 }, tree(to), proof);
    await fails("no size", { ...tree(from), size: NaN }, tree(to), proof);
    await fails("a size below nothing", { ...tree(from), size: -1 }, tree(to), proof);
    if (from < to) {
      await fails("the two trees exchanged", tree(to), tree(from), proof);
      await fails("nothing at all", tree(from), tree(to), []);
    }
  }));
});

test("tiles that are not the log's do not help", async () => {
  const honest = tile([]);
  await Promise.all(proofs.map(async ({ from, to, proof }) => {
    if (proof.length === 0) return;
    const lying = async path => (await honest(path)).map(b => b ^ 1);
    assert.ok(!(await continues(tree(from), tree(to), await consistency(from, to, lying))), `${from} to ${to}`);
    const short = async path => (await honest(path)).subarray(32);
    await assert.rejects(consistency(from, to, short));
    await assert.rejects(consistency(from, to, () => Promise.reject(new Error("not there"))));
  }));
  assert.deepEqual(await consistency(most, most, () => Promise.reject(new Error("not needed"))), []);
});
