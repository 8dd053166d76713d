import * as z from "zod";
import { landmarkLists } from "@/lib/face/obj/landmark_lists.ts";
import { float32s, uint32s } from "@/lib/face/surface_schema.ts";

/** The head that landmarks are placed on, as the page is given it in head.json. */
export const headToPick = z.object({
  /** Its file, and where its model will be. */
  name: z.string(),
  out: z.string(),
  /** [vertexCount, 3], x right, y up, z to the viewer. */
  positions: float32s,
  /** [triangleCount, 3], of what landmarks can lie on, and of all else. */
  skin: uint32s,
  rest: uint32s,
  landmarks: landmarkLists,
});

/** What the page sends by POST to `save`, where they are to stay. */
export const pickedLandmarks = z.object({ landmarks: landmarkLists });
