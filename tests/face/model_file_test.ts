import fc from "fast-check";
import { decodeModel, encodeModel, sharedModel } from "@/lib/face/model_file.ts";
import { arbitraryModel } from "@/tests/face/arbitrary_model.ts";
import { assert, assertEquals } from "@/tests/support.ts";

Deno.test("decodeModel() undoes encodeModel()", () => {
  fc.assert(fc.property(arbitraryModel, fc.string(), (model, stamp) => {
    assertEquals(decodeModel(encodeModel(model, stamp), stamp), model);
  }));
});

Deno.test("decodeModel() takes bytes that start anywhere in memory", () => {
  fc.assert(fc.property(arbitraryModel, fc.integer({ min: 1, max: 9 }), (model, offset) => {
    const bytes = encodeModel(model, "");
    const moved = new Uint8Array(bytes.length + offset);
    moved.set(bytes, offset);
    assertEquals(decodeModel(moved.subarray(offset), ""), model);
  }));
});

Deno.test("decodeModel() finds any flipped bit, any cut and any other stamp", () => {
  fc.assert(fc.property(arbitraryModel, fc.nat(), fc.nat(), (model, where, bit) => {
    const bytes = encodeModel(model, "stamp");
    const damaged = bytes.slice();
    damaged[where % bytes.length]! ^= 1 << bit % 8;
    assertEquals(decodeModel(damaged, "stamp"), undefined);
    assertEquals(decodeModel(bytes.subarray(0, where % bytes.length), "stamp"), undefined);
    assertEquals(decodeModel(bytes, "another stamp"), undefined);
  }));
});

Deno.test("sharedModel() is the same model in one shared buffer", () => {
  fc.assert(fc.property(arbitraryModel, (model) => {
    const shared = sharedModel(model);
    assertEquals(shared, model);
    assert(shared.mean.buffer instanceof SharedArrayBuffer);
    assert(shared.surface.regions.buffer === shared.mean.buffer);
    assert(shared.identityModes.every((mode) => mode.buffer === shared.mean.buffer));
  }));
});
