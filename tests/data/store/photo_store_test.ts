import { decodePhoto } from "@/lib/data/files/images.ts";
import { cropToImage } from "@/lib/data/maps/crop.ts";
import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import { type Split, splits } from "@/lib/data/sample.ts";
import { type LabeledFace, type Labeler, landmarkLabeler } from "@/lib/data/sets/own_photos/labeler.ts";
import { openLandmarkFiles } from "@/lib/data/sets/own_photos/landmark_files.ts";
import { listOwnPhotos } from "@/lib/data/sets/own_photos/listing.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";
import { labelPhotos, type PhotoReport, PhotoStore } from "@/lib/data/store/photo_store.ts";
import { InputError } from "@/lib/errors.ts";
import { nme } from "@/lib/evaluate/nme.ts";
import { labelerOf, model, photoFolder } from "@/tests/data/store/photo_folder.ts";
import { assert, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

async function build(folder: string, store: string, labeler?: Labeler): Promise<[PhotoStore, PhotoReport[]]> {
  const reports: PhotoReport[] = [];
  const built = await labelPhotos(store, await listOwnPhotos(folder), {
    labeler: labeler ?? await labelerOf(folder),
    license: "mine",
    onPhoto: (report) => reports.push(report),
  });
  return [built, reports];
}

const spec = { seed: 7, imageSize: 64, augment: false };
const names = ["anna", "anna_flip", "bert", "carl", "dora", "emil"];

Deno.test("a store of photos gives samples whose maps show the faces where their landmarks are, also changed as in training", async () => {
  await using photos = await photoFolder(names);
  const [store] = await build(photos.path, `${photos.path} store`);
  assertEquals(store.faces.map(({ id }) => id), names.map((name) => `${name}.jpg#0`));
  for (const face of store.faces) {
    const { crop, label, photo } = await store.read(face);
    assert(face.error < 2, `${face.error} %`);
    assert(nme({ predicted: readLandmarks(label.map, store.index.surface), truth: label.landmarks }, 3) < 1);
    assertClose(crop.left + crop.side / 2, photo.width / 2, 1e-9);
  }
  for (const augment of [false, true]) {
    const source = await openSource({ ...spec, augment, source: { name: "photos", path: store.folder } });
    const [first, again] = [await source.sample(0, "train", 1), await source.sample(0, "train", 1)];
    assertEquals(first, again);
    assert(nme({ predicted: readLandmarks(first.map, source.surface), truth: first.landmarks }, 3) < 1);
    assertEquals(first.image.width, 64);
  }
});

Deno.test("landmarkLabeler() labels the face where its landmarks are, in depth, too", async () => {
  await using photos = await photoFolder(names);
  const labeler = await labelerOf(photos.path);
  let inPhoto = 0, inSpace = 0;
  for (const { name, path } of await listOwnPhotos(photos.path)) {
    const [{ crop, label }] = await labeler.label(name, await decodePhoto(path)) as [LabeledFace];
    const pair = { predicted: cropToImage(label.landmarks, { crop, size: 64 }), truth: photos.truths.get(name)! };
    inPhoto += nme(pair, 2) / names.length;
    inSpace += nme(pair, 3) / names.length;
  }
  assert(inPhoto < 1.5 && inSpace < 4, `${inPhoto} % in the photo, ${inSpace} % in space`);
});

Deno.test("labelPhotos() makes only what is new or changed, whatever the moment at which it was ended", async () => {
  await using photos = await photoFolder(names.slice(0, 5));
  const folder = `${photos.path} store`, stop = new Error("stop");
  const labeler = await labelerOf(photos.path);
  const options = { labeler, license: "mine" };
  let done = 0;
  await assertThrows(
    async () =>
      labelPhotos(folder, await listOwnPhotos(photos.path), {
        ...options,
        onPhoto: () => {
          if (++done === 2) throw stop;
        },
      }),
    Error,
    /^stop$/,
  );
  await assertThrows(
    () => PhotoStore.open(folder),
    InputError,
    /not all of its photos were labeled; preparing it again/,
  );
  const [, reports] = await build(photos.path, folder);
  assertEquals(reports.map(({ isKept }) => isKept), [true, true, false, false, false]);
  const rows: number[][] = JSON.parse(await Deno.readTextFile(`${photos.path}/carl.json`));
  const moved = rows.map((row) => row.map((value) => value + 0.25));
  await Deno.writeTextFile(`${photos.path}/carl.json`, JSON.stringify(moved));
  const shards = `${folder}/faces`, [one] = [...Deno.readDirSync(shards)].map(({ name }) => name);
  await Deno.truncate(`${shards}/${one}`, 1000);
  const [, again] = await build(photos.path, folder);
  assert(
    again.filter(({ isKept }) => !isKept).length <= 2 &&
      again.some(({ name, isKept }) => name === "carl.jpg" && !isKept),
  );
  assert((await build(photos.path, folder))[1].every(({ isKept }) => isKept));
});

Deno.test("a face that is thrown out stays so when its photo is removed, and nothing else is kept of it", async () => {
  await using photos = await photoFolder(names.slice(0, 4));
  const folder = `${photos.path} store`, gone = ["anna.jpg#0"];
  await (await build(photos.path, folder))[0].choose({ mostError: null, out: gone });
  const bytes = await Deno.readFile(`${photos.path}/anna.jpg`);
  await Deno.remove(`${photos.path}/anna.jpg`);
  await Deno.writeTextFile(`${folder}/.DS_Store`, "a Mac's");
  const [store] = await build(photos.path, folder);
  assertEquals([...Deno.readDirSync(`${folder}/faces`)].length, 3);
  await store.choose({ ...store.choices, mostError: 50 });
  assertEquals([store.choices, store.chosen().length], [{ mostError: 50, out: gone }, 3]);
  await Deno.writeFile(`${photos.path}/anna.jpg`, bytes);
  const [again] = await build(photos.path, folder);
  assertEquals([again.faces.length, again.chosen().length], [4, 3]);
});

Deno.test("labelPhotos() counts and names what it cannot use, and takes it in when it can", async () => {
  await using photos = await photoFolder(names.slice(0, 4));
  const json = await Deno.readTextFile(`${photos.path}/bert.json`);
  await Deno.writeTextFile(`${photos.path}/bert.json`, JSON.stringify(JSON.parse(json).reverse()));
  await Deno.remove(`${photos.path}/carl.json`);
  await Deno.writeTextFile(`${photos.path}/broken.jpg`, "no picture");
  const [store, reports] = await build(photos.path, `${photos.path} store`);
  assertEquals(store.index.refused.map(({ name }) => name), ["bert.jpg", "broken.jpg", "carl.jpg"]);
  const [order, broken, none] = reports.map(({ refused }) => refused).filter((reason) => reason !== undefined);
  assert(/^Cannot fit a face to the landmarks of bert\.jpg: the nearest one misses them by .* %/.test(order!), order);
  assert(/^Cannot read .*broken\.jpg: 10 bytes/.test(broken!), broken);
  assertEquals(none, "Found no landmarks of carl.jpg");
  await Deno.writeTextFile(`${photos.path}/bert.json`, json);
  const [mended] = await build(photos.path, `${photos.path} store`);
  assertEquals(mended.faces.map(({ photo }) => photo), ["anna.jpg", "anna_flip.jpg", "bert.jpg"]);
});

Deno.test("labelPhotos() ends where a face cannot be written, which is no fault of its photo, and leaves the faces of before", async () => {
  await using photos = await photoFolder(names.slice(0, 2));
  const folder = `${photos.path} store`;
  const [store] = await build(photos.path, folder);
  const [shard] = [...Deno.readDirSync(`${folder}/faces`)].map(({ name }) => `${folder}/faces/${name}`);
  await Deno.remove(shard!);
  await Deno.mkdir(`${shard}/in the way`, { recursive: true });
  await assertThrows(() => build(photos.path, folder), InputError, /^Cannot write .*faces/);
  await Deno.remove(shard!, { recursive: true });
  const [mended] = await build(photos.path, folder);
  assertEquals(mended.faces, store.faces);
});

Deno.test("labelPhotos() refuses photos none of which has a face, and keeps which faces a store has", async () => {
  await using photos = await photoFolder(names.slice(0, 3));
  const folder = `${photos.path} store`, elsewhere = `${photos.path}/none`;
  await Deno.mkdir(elsewhere);
  const files = await openLandmarkFiles(elsewhere, "outline");
  const unmarked = landmarkLabeler(model, { files, convention: "outline", imageSize: 64 });
  const sentence = /^Found no face to label in 3 photos: 0 without a face, 3 left out; a photo was expected/;
  await assertThrows(() => build(photos.path, folder, unmarked), InputError, sentence);
  const [store] = await build(photos.path, folder); // of other labels, as there were none
  const { fingerprint } = store.index;
  const none: Labeler = { ...unmarked, fingerprint, label: () => Promise.resolve([]) };
  await assertThrows(() => build(photos.path, folder, none), InputError, /in 3 photos: 3 without a face, 0 left out/);
  assertEquals((await PhotoStore.open(folder)).index, store.index);
});

Deno.test("copies of a photo are in one split, where they stay whichever faces are thrown out", async () => {
  await using photos = await photoFolder(names);
  const [store] = await build(photos.path, `${photos.path} store`);
  const placesOf = async () => {
    const source = await openSource({ ...spec, source: { name: "photos", path: store.folder } });
    const place = new Map<string, Split>();
    for (const split of splits) {
      for (let i = 0; i < (source.counts[split] ?? 0); i++) {
        const { landmarks } = await source.label(i, split);
        const face = labels.find(([, own]) => own.every((value, k) => value === landmarks[k]))!;
        place.set(face[0], split);
      }
    }
    return { place, fingerprint: await source.fingerprint() };
  };
  const labels = await Promise.all(
    store.faces.map(async (face) => [face.photo, (await store.read(face)).label.landmarks] as const),
  );
  const before = await placesOf();
  assertEquals(before.place.size, 6);
  assertEquals(before.place.get("anna.jpg"), before.place.get("anna_flip.jpg"));
  const train = [...before.place].filter(([, split]) => split === "train").map(([name]) => name);
  await store.choose({ mostError: null, out: [`${train[0]}#0`] });
  const after = await placesOf();
  before.place.delete(train[0]!);
  assertEquals(after.place, new Map([...after.place.keys()].map((name) => [name, before.place.get(name)!])));
  assertEquals(after.place.size, 5);
  assert(after.fingerprint !== before.fingerprint, "A run would go on with other faces");
  const errors = store.faces.map(({ error }) => error).sort((a, b) => a - b);
  await store.choose({ mostError: errors[3]!, out: [] });
  assertEquals((await PhotoStore.open(store.folder)).chosen().length, 4);
  const [tested] = [...before.place].filter(([, split]) => split === "test").map(([name]) => name);
  await store.choose({ mostError: null, out: [`${tested}#0`] });
  const message = new RegExp(`no face is used of its photos for test \\(${tested}\\); take one back, or add photos$`);
  await assertThrows(placesOf, InputError, message);
  await assertThrows(() => store.choose({ mostError: null, out: ["zoe.jpg#0"] }), InputError, /has no such face$/);
});

Deno.test("a photo without a face is in no split, so that each split has faces", async () => {
  const few = names.filter((name) => name !== "anna_flip");
  await using photos = await photoFolder(few);
  const labeler = await labelerOf(photos.path);
  for (const faceless of few) {
    const blind: Labeler = {
      ...labeler,
      label: (name, photo) => name === `${faceless}.jpg` ? Promise.resolve([]) : labeler.label(name, photo),
    };
    const [store] = await build(photos.path, `${photos.path} without ${faceless}`, blind);
    const { counts } = await openSource({ ...spec, source: { name: "photos", path: store.folder } });
    assertEquals([counts.train, counts.validation, counts.test], [2, 1, 1]);
  }
});

Deno.test("a store of photos refuses folders of other things, labels of another kind, and other sizes", async () => {
  await using photos = await photoFolder(names.slice(0, 3));
  const folder = `${photos.path} store`;
  await assertThrows(() => build(photos.path, photos.path), InputError, /it has .*; a new folder or a store of labels/);
  await build(photos.path, folder);
  const outline = landmarkLabeler(model, {
    files: await openLandmarkFiles(photos.path, "outline"),
    convention: "outline",
    imageSize: 64,
  });
  await assertThrows(() => build(photos.path, folder, outline), InputError, /it holds others \(built-in fitted to/);
  await assertThrows(
    () => openSource({ ...spec, imageSize: 128, source: { name: "photos", path: folder } }),
    InputError,
    /with imageSize 128: its labels were made for 64$/,
  );
  await Deno.truncate(`${folder}/photos.json`, 500);
  await assertThrows(() => PhotoStore.open(folder), InputError, /Cannot read .*photos\.json: /);
});
