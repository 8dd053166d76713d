import { expressionPlaces } from "@/lib/export/expression_places.ts";
import { arkitNames, liveLinkHeader, liveLinkRow, saysBlendShapes } from "@/lib/export/live_link.ts";
import { assertEquals } from "@/tests/support.ts";

/** A line by its header's names. */
function rowOf(...[row]: Parameters<typeof liveLinkRow>): Record<string, string> {
  const names = liveLinkHeader().split(","), cells = liveLinkRow(row).split(",");
  assertEquals(cells.length, names.length);
  return Object.fromEntries(names.map((name, i) => [name, cells[i]!]));
}

Deno.test("liveLinkHeader() is that of Live Link Face's files: 52 blend shapes of ARKit and nine turns", () => {
  assertEquals(new Set(arkitNames).size, 52);
  const header = liveLinkHeader().split(",");
  assertEquals(header.slice(0, 4), ["Timecode", "BlendShapeCount", "EyeBlinkLeft", "EyeLookDownLeft"]);
  assertEquals(header.slice(-10, -6), ["TongueOut", "HeadYaw", "HeadPitch", "HeadRoll"]);
  assertEquals([header.at(-6), header.at(-1), header.length], ["LeftEyeYaw", "RightEyeRoll", 2 + 61]);
});

Deno.test("liveLinkRow() finds each weight by its side, and means what ARKit does not part", () => {
  const row = rowOf({
    time: 0,
    names: ["eyeBlink_L", "eyeBlink_R", "browInnerUp_L", "browInnerUp_R", "jawOpen", "jawLeft", "mouthRight"],
    expressions: [0.25, 0.5, 0.2, 0.6, 1, 0.125, 0.75],
    pose: undefined,
  });
  assertEquals([row["EyeBlinkLeft"], row["EyeBlinkRight"]], ["0.250000", "0.500000"]);
  assertEquals([row["BrowInnerUp"], row["JawOpen"]], ["0.400000", "1.000000"]);
  assertEquals([row["JawLeft"], row["JawRight"], row["MouthRight"]], ["0.125000", "0.000000", "0.750000"]);
  assertEquals([row["TongueOut"], row["BlendShapeCount"]], ["0.000000", "61"]);
});

Deno.test("expressionPlaces() takes an expression as it is, by its two sides, or by the whole, and saysBlendShapes() any of ARKit's", () => {
  const names = ["browInnerUp_L", "browInnerUp_R", "cheekPuff", "cheekPuff_L", "jawLeft", "eyeBlink"];
  assertEquals(
    ["browInnerUp", "browInnerUp_R", "cheekPuff", "eyeBlink_L", "eyeBlink", "jaw", "wiggle"].map((name) =>
      expressionPlaces(name, names)
    ),
    [[0, 1], [1], [2], [5], [5], [], []],
  );
  assertEquals([["component 0", "component 1"], [], ["component 0", "jawLeft"]].map(saysBlendShapes), [
    false,
    false,
    true,
  ]);
});

Deno.test("liveLinkRow() counts time in frames of a sixtieth of a second, and has the head's angles about ARKit's axes", () => {
  const at = (time: number) => rowOf({ time, names: [], expressions: [], pose: { pitch: 0.1, yaw: -0.2, roll: 0.3 } });
  assertEquals([0, 1 / 60, 0.5, 61.25, 3600 + 1 / 120].map((time) => at(time)["Timecode"]), [
    "00:00:00:00.000",
    "00:00:00:01.000",
    "00:00:00:30.000",
    "00:01:01:15.000",
    "01:00:00:00.500",
  ]);
  assertEquals([at(0)["HeadYaw"], at(0)["HeadPitch"], at(0)["HeadRoll"]], ["0.200000", "0.100000", "-0.300000"]);
});
