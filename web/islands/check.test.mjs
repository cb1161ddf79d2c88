// Runs every vector through the check as browsers get it. web/proof_test.go makes the vectors with another
// implementation of the same standards and starts this file: node --test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { check } = await import(process.env.CHECK_MODULE);
const vectors = JSON.parse(readFileSync(process.env.CHECK_VECTORS, "utf8"));

assert.ok(vectors.length > 10, "vectors are missing");
// remembered is what a browser has when it checks: its memory, and the tiles it can get.
const remembered = ({ seen, kept, tiles }) => ({
  seen, kept: kept ?? [],
  tile: async (epoch, path) => {
    const [, place, w] = /^(.*?)(?:\.p\/(\d+))?$/.exec(path);
    const found = new Uint8Array(Buffer.from(tiles[`${epoch}/${place}`] ?? "", "base64"));
    if (found.length < Number(w ?? 256) * 32) throw new Error(`there is no ${path} in epoch ${epoch}`);
    return found.subarray(0, Number(w ?? 256) * 32);
  },
});

for (const { name, evidence, person, past, want } of vectors) {
  test(name, async () => {
    const got = await check(evidence, person || undefined, past && remembered(past));
    assert.equal(got.ok, want.fault === "", JSON.stringify(got));
    assert.equal(got.fault ?? "", want.fault);
    assert.equal(got.record ?? "", want.record);
    if (want.fault === "") {
      const all = [...(evidence.earlier ?? []), evidence];
      assert.equal(got.checked.length, all.flatMap(e => [...e.records, ...(e.erased ?? [])]).filter(r => r.id !== "restart").length);
      assert.equal(got.whole, want.whole);
      assert.equal(got.waiting, evidence.waiting?.length ?? 0);
      assert.equal(got.since ?? "", want.since ?? "");
      assert.equal(got.kept?.checkpoint, person ? evidence.checkpoint : undefined);
    } else {
      assert.equal(got.seen ?? got.kept ?? got.since, undefined, "a fault is not remembered");
      if (want.fault === "forked") assert.equal(got.against.checkpoint, past.kept[0].checkpoint);
    }
  });
}
