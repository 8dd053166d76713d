import { listOwnPhotos } from "@/lib/data/sets/own_photos/listing.ts";
import { InputError } from "@/lib/errors.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

async function listed(names: readonly string[]): Promise<Record<string, string>> {
  await using folder = await temporaryFolder();
  for (const name of names) {
    await Deno.mkdir(`${folder.path}/${name.replace(/[^/]*$/, "")}`, { recursive: true });
    await Deno.writeTextFile(`${folder.path}/${name}`, "");
  }
  const photos = await listOwnPhotos(folder.path);
  return Object.fromEntries(photos.map(({ name, subject }) => [name, subject]));
}

Deno.test("listOwnPhotos() finds pictures in all folders, by name, and nothing of other programs", async () => {
  const names = ["b.JPG", "a/c.png", "a/d/e.webp", "a/notes.txt", ".hidden.jpg", ".cache/f.jpg", "b.pts"];
  assertEquals(Object.keys(await listed(names)), ["a/c.png", "a/d/e.webp", "b.JPG"]);
  await assertThrows(() => listed(["a.gif", "b/c.gif"]), InputError, /^Found no photo in .*, but 2 GIF files: JPEG/);
  await assertThrows(() => listed(["notes.txt"]), InputError, /^Found no photo in .*: JPEG, PNG or WebP files/);
  await assertThrows(() => listOwnPhotos("/nowhere/at all"), InputError, /^Cannot read the folder/);
});

Deno.test("listOwnPhotos() follows links to folders and photos, but none that leads back, and names those that lead nowhere", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  for (const name of ["photos", "elsewhere"]) await Deno.mkdir(`${path}/${name}`);
  for (const name of ["photos/anna.jpg", "elsewhere/bert.jpg"]) await Deno.writeTextFile(`${path}/${name}`, "");
  await Deno.symlink(`${path}/elsewhere`, `${path}/photos/holiday`);
  await Deno.symlink(`${path}/photos`, `${path}/elsewhere/back`);
  await Deno.symlink(`${path}/elsewhere/bert.jpg`, `${path}/photos/carl.jpg`);
  await Deno.symlink(`${path}/nowhere`, `${path}/photos/dora.jpg`);
  const said: string[] = [];
  const photos = await listOwnPhotos(`${path}/photos`, { print: (line) => said.push(line) });
  assertEquals(photos.map(({ name }) => name), ["anna.jpg", "carl.jpg", "holiday/bert.jpg"]);
  assertEquals(said, ["passed over: the link dora.jpg, which leads to nothing that may be read"]);
});

Deno.test("copies of a photo are of one subject, mirrored, edited or numbered, and photos of a series are not", async () => {
  const copies = ["anna.jpg", "Anna_flip.jpg", "anna-mirrored.png", "anna (2).jpg", "anna_1.jpg", "anna_1_flip.jpg"];
  assertEquals(new Set(Object.values(await listed(copies))), new Set(["anna"]));
  assertEquals(
    new Set(Object.values(await listed(["anna.jpg", "anna_flip.jpg", "anna_flip_1.jpg"]))),
    new Set(["anna"]),
  );
  assertEquals(new Set(Object.values(await listed(["x/anna.jpg", "x_Flip/anna.jpg"]))), new Set(["x/anna"]));
  const series = ["IMG_1.jpg", "IMG_2.jpg", "IMG_10.jpg", "trip/IMG_1.jpg"];
  assertEquals(new Set(Object.values(await listed(series))).size, 4);
  assertEquals(Object.values(await listed(["flip.jpg", "1.jpg", "(2).jpg"])).length, 3);
});
