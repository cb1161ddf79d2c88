// Runs every vector through the check as browsers get it. web/proof_test.go makes the vectors with another
// implementation of the same standards and starts this file: node --test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { check } = await import(process.env.CHECK_MODULE);
const vectors = JSON.parse(readFileSync(process.env.CHECK_VECTORS, "utf8"));

assert.ok(vectors.length > 10, "vectors are missing");
for (const { name, evidence, person, before, want } of vectors) {
  test(name, async () => {
    const got = await check(evidence, person || undefined, before || undefined);
    assert.equal(got.ok, want.fault === "", JSON.stringify(got));
    assert.equal(got.fault ?? "", want.fault);
    assert.equal(got.record ?? "", want.record);
    if (want.fault === "") {
      const all = [...(evidence.earlier ?? []), evidence];
      assert.equal(got.checked.length, all.flatMap(e => [...e.records, ...(e.erased ?? [])]).length);
      assert.equal(got.whole, want.whole);
      assert.equal(got.waiting, evidence.waiting?.length ?? 0);
    }
  });
}
