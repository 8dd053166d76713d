import { InputError } from "@/lib/errors.ts";
import { list300wLp } from "@/lib/data/sets/300w_lp/listing.ts";
import { splitBySubject } from "@/lib/data/sets/subject_splits.ts";
import { splits } from "@/lib/data/sample.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

async function put(folder: string, ...files: readonly string[]): Promise<void> {
  for (const file of files) {
    await Deno.mkdir(`${folder}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${file}`, "");
  }
}

function pairs(...stems: readonly string[]): string[] {
  return stems.flatMap((stem) => [`${stem}.jpg`, `${stem}.mat`]);
}

Deno.test("list300wLp() gives the photos of all folders by name, and one subject to what was photographed at once", async () => {
  await using folder = await temporaryFolder();
  const stems = [
    "AFW/AFW_134212_1_0",
    "AFW/AFW_134212_1_17",
    "AFW/AFW_134212_2_0",
    "AFW_Flip/AFW_134212_1_0",
    "HELEN/HELEN_3036412907_2_0",
    "HELEN_Flip/HELEN_3036412907_1_3",
    "IBUG/IBUG_image_014_01_2",
    "IBUG/IBUG_image_092 _01_10",
    "LFPW/LFPW_image_test_0001_0",
    "LFPW/LFPW_image_train_0001_0",
    "LFPW_Flip/LFPW_image_train_0002_12",
  ];
  await put(
    folder.path,
    ...pairs(...stems),
    "Code/x.mat",
    "landmarks/AFW/AFW_134212_1_0_pts.mat",
    "AFW/._AFW_1_1_0.jpg",
  );
  const { photos, refused } = await list300wLp(folder.path);
  assertEquals(photos.map(({ name }) => name), stems);
  assertEquals(photos.map(({ subject }) => subject), [
    ...new Array(4).fill("AFW 134212"),
    ...new Array(2).fill("HELEN 3036412907"),
    "IBUG image_014",
    "IBUG image_092",
    "LFPW image_test_0001",
    "LFPW image_train_0001",
    "LFPW image_train_0002",
  ]);
  assertEquals(photos[3]!.matPath, `${folder.path}/AFW_Flip/AFW_134212_1_0.mat`);
  assertEquals(refused, []);
});

Deno.test("list300wLp() takes one of the set's folders, and names what lacks its partner or is another's", async () => {
  await using folder = await temporaryFolder();
  await put(folder.path, ...pairs("IBUG_image_008_1_0", "me_at_home"), "IBUG_image_009_1_0.jpg", "AFW_1_1_0.mat");
  await put(folder.path, "IBUG_image_008_1_0.png");
  const { photos, refused } = await list300wLp(folder.path);
  assertEquals(photos.map(({ name, photoPath }) => [name, photoPath.slice(-3)]), [["IBUG_image_008_1_0", "jpg"]]);
  assertEquals(
    refused.map((sentence) => sentence.slice(folder.path.length)),
    [
      "//AFW_1_1_0.mat has no AFW_1_1_0.jpg",
      "//IBUG_image_008_1_0 has IBUG_image_008_1_0.jpg and IBUG_image_008_1_0.png",
      "//IBUG_image_009_1_0.jpg has no IBUG_image_009_1_0.mat",
      "//me_at_home.jpg is not named as a photo of 300W-LP, such as AFW_134212_1_0.jpg",
    ].map((sentence) => sentence.replace("//", "/")),
  );
});

Deno.test("list300wLp() refuses a folder that is missing, empty, or has photos alone", async () => {
  await using folder = await temporaryFolder();
  await assertThrows(() => list300wLp("/nowhere"), InputError, /^Cannot list \/nowhere: .*AFW.* were expected$/);
  await assertThrows(
    () => list300wLp(folder.path),
    InputError,
    /^Found no photo with its \.mat in .*; the folders AFW/,
  );
  await put(folder.path, "AFW/AFW_1_1_0.jpg");
  await assertThrows(
    () => list300wLp(folder.path),
    InputError,
    /AFW_1_1_0\.jpg has no AFW_1_1_0\.mat; the folders AFW/,
  );
});

Deno.test("splitBySubject() puts each photo into one split, and no subject into two, whatever else is there", () => {
  const random = new Random(7);
  const photos = Array.from({ length: 4000 }, (_, i) => {
    return { name: `photo ${i}`, subject: `LFPW image_train_${random.integer(1, 400)}` };
  });
  const places = splitBySubject(photos);
  assertEquals(splits.flatMap((split) => [...places[split]]).sort((a, b) => a - b), [...photos.keys()]);
  const subjects = splits.map((split) => new Set([...places[split]].map((place) => photos[place]!.subject)));
  for (const [a, b] of [[0, 1], [0, 2], [1, 2]] as const) assertEquals(subjects[a]!.intersection(subjects[b]!).size, 0);
  assertEquals(subjects.slice(1).map(({ size }) => size), [20, 20]);
  assertEquals([...places.train], [...places.train].sort((a, b) => a - b));

  const mirrored = splitBySubject([...photos].reverse());
  const all = new Set([...mirrored.validation].map((place) => photos.at(-1 - place)!.subject));
  assertEquals(all, subjects[1]!);
});

Deno.test("splitBySubject() has many subjects among the first that are held out, in the same order whatever else is there", () => {
  const photos = Array.from({ length: 6000 }, (_, i) => {
    const subject = `AFW ${String(Math.floor(i / 15)).padStart(3, "0")}`; // each has its rotations one after the other
    return { name: `${subject}_${i % 15}`, subject };
  });
  for (const split of ["validation", "test"] as const) {
    const first = [...splitBySubject(photos)[split]].slice(0, 32).map((place) => photos[place]!);
    assert(new Set(first.map(({ subject }) => subject)).size > 10);
    assert(new Set(first.map(({ name }) => name.replace(/.*_/, ""))).size > 8);
    const reversed = photos.toReversed();
    assertEquals([...splitBySubject(reversed)[split]].slice(0, 32).map((place) => reversed[place]!), first);
  }
});

Deno.test("splitBySubject() holds one subject of three out for each purpose, and refuses two", async () => {
  const of = (count: number) =>
    Array.from({ length: 2 * count }, (_, i) => ({ name: `${i}`, subject: `AFW ${i % count}` }));
  for (const split of splits) assert(splitBySubject(of(3))[split].length === 2);
  await assertThrows(
    () => splitBySubject(of(2)),
    InputError,
    /^Cannot split photos of 2 subjects into train, .* three/,
  );
});
