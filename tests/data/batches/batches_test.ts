import * as tf from "@tensorflow/tfjs";
import { Batch, Batches, type BatchOptions, type HostBatch, openBatches } from "@/lib/data/batches/batches.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";
import { shotReach } from "@/lib/data/batches/sample_order.ts";
import { InputError } from "@/lib/errors.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";

const options: BatchOptions = {
  seed: 3,
  source: { name: "endless" },
  imageSize: 8,
  batchSize: 3,
  workers: 2,
  encoding: "centered",
  overfitBatches: 0,
  augment: false,
  split: "train",
  workerUrl: new URL("./stub_worker.ts", import.meta.url),
};

async function take(batches: Batches, count: number): Promise<HostBatch[]> {
  const taken = [];
  while (taken.length < count) {
    const batch = (await batches.next())!;
    const { images, targets, landmarks, expressions, presence, people } = batch; // in memory that is used again
    taken.push({
      ...batch,
      images: images.slice(),
      targets: targets.slice(),
      landmarks: landmarks.slice(),
      expressions: expressions!.slice(),
      presence: presence!.slice(),
      people: people!.slice(),
    });
  }
  return taken;
}

async function takeFrom(changes: Partial<BatchOptions>, count: number): Promise<HostBatch[]> {
  using batches = openBatches({ ...options, ...changes });
  return await take(batches, count);
}

/** The samples' indices, batch by batch. */
const indices = (batches: readonly HostBatch[]) =>
  batches.map(({ landmarks }) => Array.from({ length: landmarks.length / 204 }, (_, i) => landmarks[204 * i]));

Deno.test("openBatches() gives the same batches in order whatever the number of workers and slots", async () => {
  const one = await takeFrom({ workers: 1 }, 7);
  assertEquals(one.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6]);
  assertEquals(indices(one), [0, 1, 2, 3, 4, 5, 6].map((k) => [3 * k, 3 * k + 1, 3 * k + 2]));
  for (
    const changes of [{ workers: 2 }, { workers: 5, slotCount: 2 }, { workers: 3, slotCount: 1 }, {
      workers: 4,
      workersAtOnce: 1,
    }]
  ) {
    assertEquals(await takeFrom(changes, 7), one);
  }
});

/** Of drawn faces, which this thread can make, too. */
const drawn =
  (({ workerUrl: _, ...rest }) => ({ ...rest, source: { name: "built-in" }, imageSize: 64, augment: true }))(
    options,
  );

Deno.test("openBatches() makes in its reader's thread what workers make, each head's shots too, and fails as they do", async () => {
  for (const changes of [{}, { shots: 2, firstIndex: 1, batchSize: 2, sampleCount: 5 }]) {
    const [byWorker, own] = await Promise.all([1, 0].map(async (workers) => {
      using batches = openBatches({ ...drawn, ...changes, workers });
      return await take(batches, 2);
    }));
    assertEquals(own, byWorker);
  }
  using broken = openBatches({ ...drawn, source: { name: "paintings" }, workers: 0 });
  for (let time = 0; time < 2; time++) await assertThrows(() => broken.next(), InputError, /the source "paintings"/);
  const opened = await openSource(drawn);
  using closed = openBatches({ ...drawn, workers: 0, opened });
  const awaited = assertThrows(() => take(closed, 2), TypeError, /closed/);
  closed.close();
  await awaited;
});

Deno.test("openBatches() from a first index goes on as if it had started at 0", async () => {
  assertEquals(await takeFrom({ firstIndex: 3 }, 2), (await takeFrom({}, 5)).slice(3));
});

Deno.test("openBatches() of two strides gives together what one gives", async () => {
  const all = await takeFrom({}, 6);
  for (const rank of [0, 1]) {
    const own = await takeFrom({ firstIndex: rank, stride: 2 }, 3);
    assertEquals(own, all.filter(({ index }) => index % 2 === rank));
  }
});

Deno.test("openBatches() gives other samples for another seed or split", async () => {
  const [batch] = await takeFrom({}, 1);
  for (const changes of [{ seed: 4 }, { split: "test" as const }]) {
    const [other] = await takeFrom(changes, 1);
    assert(other!.images.join() !== batch!.images.join());
  }
});

Deno.test("openBatches() repeats the first batches where they are to be overfitted", async () => {
  const batches = await takeFrom({ overfitBatches: 2 }, 5);
  assertEquals(indices(batches), [[0, 1, 2], [3, 4, 5], [0, 1, 2], [3, 4, 5], [0, 1, 2]]);
  assertEquals(batches[4]!.images, batches[0]!.images);
  assertEquals(indices(await takeFrom({ overfitBatches: 2, firstIndex: 3 }, 2)), [[3, 4, 5], [0, 1, 2]]);
});

/** Photos on a disk, as it were. */
const finite = { name: "slow files", counts: { train: 7, validation: 5 } };

Deno.test("openBatches() shows a source that ends once an epoch, in another order each, whoever makes it", async () => {
  const one = await takeFrom({ source: finite, workers: 1 }, 14); // 42 samples: six epochs
  const order = indices(one).flat();
  const epochs = Array.from({ length: 6 }, (_, epoch) => order.slice(7 * epoch, 7 * epoch + 7));
  for (const epoch of epochs) assertEquals(epoch.toSorted(), [0, 1, 2, 3, 4, 5, 6]);
  assert(new Set(epochs.map(String)).size > 4, `the epochs are ${epochs.join(" | ")}`);
  assertEquals(await takeFrom({ source: finite, workers: 3, slotCount: 2 }, 14), one);
  assertEquals(await takeFrom({ source: finite, firstIndex: 9 }, 5), one.slice(9));
  assert(indices(await takeFrom({ source: finite, seed: 4 }, 14)).join() !== order.join(), "another seed's order");
  const overfitted = await takeFrom({ source: finite, overfitBatches: 2 }, 4);
  assertEquals(indices(overfitted).flat(), [...order.slice(0, 6), ...order.slice(0, 6)]);
});

Deno.test("openBatches() keeps the order of a source that ends where it is not trained on", async () => {
  using batches = openBatches({ ...options, source: finite, split: "validation", sampleCount: 5 });
  assertEquals(indices(await take(batches, 2)), [[0, 1, 2], [3, 4]]);
  using none = openBatches({ ...options, source: finite, split: "test" });
  await assertThrows(() => none.next(), InputError, /in the source's split "test": it has train, validation/);
});

Deno.test("openBatches() ends after its samples, with a short batch", async () => {
  using batches = openBatches({ ...options, sampleCount: 7 });
  const taken = [];
  for await (const { batchSize, images, index } of batches) taken.push([index, batchSize, images.length / 192]);
  assertEquals(taken, [[0, 3, 3], [1, 3, 3], [2, 1, 1]]);
  assertEquals(await batches.next(), undefined);
});

Deno.test("Batches go on with the next batch after a loop that was left", async () => {
  using batches = openBatches(options);
  for await (const { index } of batches) if (index === 1) break;
  for await (const { index } of batches) {
    assertEquals(index, 2);
    break;
  }
});

Deno.test("Batches are made ahead, but not further than there are slots", async () => {
  let ahead = 0;
  for (let patience = 50; ahead < 2 && patience < 300_000; patience *= 4) {
    using batches = openBatches({ ...options, slotCount: 3 });
    await batches.next();
    await new Promise((resolve) => setTimeout(resolve, patience));
    batches.close();
    ahead = 0; // whole batches that were there before the workers ended
    let waits = 0;
    await assertThrows(
      async () => {
        for (;; ahead++) assertEquals((await batches.next(() => waits++))!.index, ahead + 1);
      },
      TypeError,
      /closed/,
    );
    assertEquals(waits, 0);
  }
  assertEquals(ahead, 2);
});

Deno.test("Batches count as waited what passes while a batch is made that the reader asks for, and nothing else", async () => {
  const opened = await openSource(drawn);
  const { now } = performance;
  let milliseconds = 0;
  performance.now = () => milliseconds;
  try {
    using batches = openBatches({ ...drawn, workers: 0, opened }); // this thread makes them, a sample after each call
    await batches.next(() => milliseconds += 500);
    assertEquals(batches.waitedSeconds, milliseconds / 1000);
    const before = milliseconds;
    milliseconds += 7000; // the reader's own
    await batches.next(() => milliseconds += 500);
    assertEquals(batches.waitedSeconds, (milliseconds - 7000) / 1000);
    assert(milliseconds > before + 7000 && batches.waitedSeconds >= 2 * 500 / 1000, "it did not wait");
  } finally {
    performance.now = now;
  }
});

Deno.test("Batches throw what a worker threw, with its message, and end", async () => {
  using broken = openBatches({ ...options, source: { name: "broken" } });
  await assertThrows(() => broken.next(), InputError, /^Cannot open broken: it is broken$/);
  using failing = openBatches({ ...options, source: { name: "fails at 5" } });
  await assertThrows(() => take(failing, 3), Error, /^sample 5 fails$/);
  await assertThrows(() => failing.next(), Error, /^sample 5 fails$/);
  using unusable = openBatches({ ...options, workerUrl: new URL("./broken_worker.ts", import.meta.url) });
  await assertThrows(() => unusable.next(), Error, /broken worker/);
});

Deno.test("Batches that are closed while one is awaited, or before, give none", async () => {
  const batches = openBatches(options);
  const awaited = assertThrows(() => take(batches, 1000), TypeError, /closed/);
  batches.close();
  batches.close();
  await awaited;
  await assertThrows(() => batches.next(), TypeError, /closed/);
});

Deno.test("Batch.from() copies to tensors of bytes and of targets, and leaves none when disposed", async () => {
  await tf.setBackend("cpu");
  const [host] = await takeFrom({}, 1);
  const before = tf.memory().numTensors;
  {
    using batch = Batch.from(host!);
    const [images, targets] = [host!.images.slice(), host!.targets.slice()];
    host!.images.fill(0);
    host!.targets.fill(0);
    assertEquals(batch.images.shape, [3, 8, 8, 3]);
    assertEquals(batch.targets.shape, [3, 8, 8, 3]);
    assertAllClose(await batch.images.data(), images, 0);
    assertAllClose(await batch.targets.data(), targets, 0);
  }
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("openBatches() takes along the amounts of expressions where asked, and says which faces are there, and whose", async () => {
  using batches = openBatches({ ...options, expressionCount: 2 });
  const batch = (await batches.next())!;
  assertEquals([...batch.expressions!], [0, -0, 1, -1, 2, -2]);
  assertEquals([...batch.presence!], [0, 1, 1]);
  assertEquals([...batch.people!], [-1, 0, 1]); // nobody else's, and by number
  using without = openBatches(options);
  assertEquals((await without.next())!.expressions!.length, 0);
});

Deno.test("openBatches() shows each head's shots in batches far apart, whoever makes them", async () => {
  const shots = 2, batchSize = 8, count = 12;
  const drawn = { augment: true, shots, batchSize };
  const one = await takeFrom({ ...drawn, workers: 1 }, count);
  const all = indices(one) as number[][];
  assertEquals(new Set(all.flat()).size, count * batchSize);
  const headsOf = (batch: number, shot: number) =>
    all[batch]!.filter((index) => index % shots === shot).map((index) => Math.floor(index / shots));
  for (let batch = 0; batch + shotReach(shots) < count; batch++) {
    assertEquals(headsOf(batch, 0).length, batchSize / shots);
    assertEquals(headsOf(batch + shotReach(shots), 1), headsOf(batch, 0));
  }
  for (const changes of [{ workers: 3 }, { workers: 2, slotCount: 1 }]) {
    assertEquals(await takeFrom({ ...drawn, ...changes }, count), one);
  }
  for (const firstIndex of [1, 6, 10]) {
    assertEquals(await takeFrom({ ...drawn, firstIndex }, count - firstIndex), one.slice(firstIndex));
  }
  const short = await takeFrom({ ...drawn, sampleCount: 19 }, 3);
  assertEquals(indices(short).flat(), all.flat().slice(0, 19));
  assertEquals(indices(await takeFrom({ ...drawn, augment: false }, 2)), indices(await takeFrom({ batchSize }, 2)));
});

Deno.test("openBatches() gives no two ranks the same shot, and each rank all shots of its heads", async () => {
  const ranks = [0, 1].map((rank) =>
    takeFrom({ augment: true, shots: 3, batchSize: 6, firstIndex: rank, stride: 2 }, 6)
  );
  const [own, other] = (await Promise.all(ranks)).map((batches) => indices(batches).flat() as number[]);
  const heads = (of: number[]) => new Set(of.map((index) => Math.floor(index / 3)));
  assertEquals(heads(own!).intersection(heads(other!)).size, 0);
});
