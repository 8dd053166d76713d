import { InputError } from "@/lib/errors.ts";
import { savePreparedFace } from "@/lib/face/prepared_face.ts";
import { faceKindOf, openFaceModel } from "@/tasks/open_face_model.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("openFaceModel() opens what deno task prepare makes, by any name, and the built-in face", async () => {
  await using folder = await temporaryFolder();
  const model = builtInFace();
  for (const name of ["head.model", "head"]) {
    await savePreparedFace(`${folder.path}/${name}`, { model });
    assertEquals(await openFaceModel(`${folder.path}/${name}`), model);
  }
  assertEquals((await openFaceModel("built-in")).name, model.name);
});

Deno.test("faceKindOf() knows folders and files, and refuses others in a sentence that says what is wanted", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  for (const name of ["ict/FaceXModel", "obj", "empty"]) await Deno.mkdir(`${path}/${name}`, { recursive: true });
  await Deno.writeTextFile(`${path}/ict/FaceXModel/generic_neutral_mesh.obj`, "");
  await Deno.writeTextFile(`${path}/head.glb`, "glTF");
  await Deno.writeTextFile(`${path}/obj/face.json`, "{}");
  const kinds = { "built-in": "built-in", ict: "ict", "ict/FaceXModel": "ict", obj: "obj", "obj/face.json": "obj" };
  for (const [name, kind] of Object.entries(kinds)) {
    assertEquals([name, await faceKindOf(name === "built-in" ? name : `${path}/${name}`)], [name, kind]);
  }
  for (
    const [name, reason] of [
      ["nowhere", "there is no such file or folder"],
      ["empty", "neither a face.json nor ICT-FaceKit's meshes are in that folder"],
      ["head.glb", "that file is none \\(deno task prepare mesh makes one of a head\\)"],
    ]
  ) {
    const sentence =
      `^Cannot open the face model ${path}/${name}: ${reason}; wanted built-in, a file that deno task prepare`;
    await assertThrows(() => openFaceModel(`${path}/${name}`), InputError, new RegExp(sentence));
  }
  await Deno.writeTextFile(`${path}/torn.model`, "");
  await assertThrows(
    () => openFaceModel(`${path}/torn.model`),
    InputError,
    /torn\.model: it is damaged, or no face model/,
  );
});
