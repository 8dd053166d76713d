import { InputError } from "@/lib/errors.ts";
import { cropInPhoto, parsePlace } from "@/tasks/predict/face_place.ts";
import { assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

const photo = { width: 100, fileWidth: 200, fileHeight: 150 };
const look = (box: string) => cropInPhoto(parsePlace({ box })!, photo, { path: "a.png", margin: 1.5 });

Deno.test("cropInPhoto() takes a box of the file's pixels with its margin, in those of the photo as it is read", () => {
  const { crop, isExact } = look("60,40,80,80");
  assertEquals(isExact, false);
  assertClose(crop.side, 60, 1e-9);
  assertClose(crop.left + crop.side / 2, 50, 1e-9);
});

Deno.test("cropInPhoto() refuses a box beside the photo, also where its margin reaches in, and one without bounds", async () => {
  for (const box of ["205,40,80,80", "-90,40,80,80", "60,151,80,80"]) {
    await assertThrows(
      () => look(box),
      InputError,
      /^Cannot look for a face in a\.png at .* beside the photo, which is 200 × 150/,
    );
  }
  look("199,40,80,80");
  for (const box of ["0,0,1.5e308,1", "-1e300,0,2e300,9", "-1.5e308,0,1.7e308,1"]) {
    await assertThrows(
      () => look(box),
      InputError,
      /^Cannot look for a face in a\.png at .* 100 times as large as the photo/,
    );
  }
});
