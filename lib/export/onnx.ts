import { positionScale } from "@/lib/data/maps/position_map.ts";
import { readingTexels } from "@/lib/data/maps/uv_layout.ts";
import { OnnxGraph } from "@/lib/export/onnx_graph.ts";
import { isComponent } from "@/lib/face/expression_names.ts";
import { OnnxWriter } from "@/lib/export/onnx_writer.ts";
import { defaultConvention, LANDMARK_COUNT, landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import type { FoldedNetwork } from "@/lib/model/folded_network.ts";
import { EXPRESSIONS, PRESENCE } from "@/lib/model/heads.ts";
import { scaleOutput } from "@/lib/model/scale_output.ts";

export interface OnnxOptions {
  /** Kernels as float16: half the file. They are float32 again when the model is loaded, and no slower. */
  readonly half?: boolean;
}

/** What is written of a model beside its network. */
export type OnnxDescription = Pick<
  ModelDescription,
  "imageSize" | "encoding" | "crop" | "surface" | "license" | "expressionNames"
>;

/**
 * A trained model as an ONNX file that needs none of our code: `image`, bytes [n, size, size, 3], RGB, goes in;
 * `positions`, float32 [n, size, size, 3], and `landmarks`, float32 [n, 68, 3], in crop pixels, come out; where the
 * network says them, also `expressions`, float32 [n, expressionNames], 0 to 1 but of components, and `presence`,
 * float32 [n], the chance that there is a face. Throws an InputError for a network with layers that are not written.
 */
export function encodeOnnx(
  network: FoldedNetwork,
  { imageSize: size, encoding, crop, surface, license, expressionNames }: OnnxDescription,
  { half = false }: OnnxOptions = {},
): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph({ half });
  const decoded = decodedNetwork(network, { imageSize: size, encoding });
  const heads = new OnnxWriter(graph, decoded).write("image", "positions");
  writeLandmarks(graph, { size, surface });
  const [amounts, chance] = [heads[EXPRESSIONS], heads[PRESENCE]];
  if (amounts && expressionNames?.some(isComponent)) graph.add("Identity", [amounts], {}, EXPRESSIONS);
  else if (amounts) graph.add("Clip", [amounts, graph.floats([0], []), graph.floats([1], [])], {}, EXPRESSIONS);
  if (chance) graph.add("Reshape", [chance, graph.integers([-1])], {}, PRESENCE);
  const expressionCount = network.nodes[network.heads[EXPRESSIONS] ?? 0]!.shape[0]!;
  return graph.encode({
    name: "posmap",
    inputs: [{ name: "image", type: "uint8", shape: ["n", size, size, 3] }],
    outputs: [
      { name: "positions", type: "float32", shape: ["n", size, size, 3] },
      { name: "landmarks", type: "float32", shape: ["n", LANDMARK_COUNT, 3] },
      ...amounts ? [{ name: EXPRESSIONS, type: "float32", shape: ["n", expressionCount] } as const] : [],
      ...chance ? [{ name: PRESENCE, type: "float32", shape: ["n"] } as const] : [],
    ],
    metadata: {
      "posmap.crop": `the square about the center of the landmarks' box, ${crop.margin} times its longer side`,
      "posmap.crop_margin": String(crop.margin),
      "posmap.landmarks": defaultConvention(surface.landmarks),
      "posmap.axes": "crop pixels: x right, y down, z towards the viewer, 0 at the face's farthest point",
      ...license !== undefined && { license },
      ...amounts && expressionNames && { "posmap.expressions": expressionNames.join() },
    },
  });
}

/** Reads `positions` bilinearly at the landmarks' places. */
function writeLandmarks(graph: OnnxGraph, place: LandmarkPlace): void {
  const { corners, shares } = landmarkReading(place);
  const rows = graph.add("Reshape", ["positions", graph.integers([0, place.size ** 2, 3])]);
  const read = graph.add("Gather", [rows, graph.integers(corners)], { axis: 1 });
  graph.add("MatMul", [graph.floats(shares, [LANDMARK_COUNT, corners.length]), read], {}, "landmarks");
}

interface LandmarkPlace extends Pick<ModelDescription, "surface"> {
  /** Texels a side of the map. */
  readonly size: number;
}

/**
 * How landmarks are read bilinearly from a map of [size · size, 3]: the texels that they lie between, and [68, corners],
 * the shares of these. One row a landmark: a product costs less than four steps over as few numbers.
 */
export function landmarkReading({ size, surface: { uv, landmarks } }: LandmarkPlace) {
  const { texel, weights } = readingTexels(valuesAt(landmarksOf(landmarks), uv, { dimensions: 2 }), size);
  const corners = Array.from(texel, (first) => [first, first + 1, first + size, first + size + 1]).flat();
  const shares = new Float32Array(LANDMARK_COUNT * corners.length);
  weights.forEach((weight, i) => shares[Math.floor(i / 4) * corners.length + i] = weight);
  return { corners, shares };
}

/** A network whose first output is positions in crop pixels. */
export function decodedNetwork(
  network: FoldedNetwork,
  { imageSize: size, encoding }: Pick<ModelDescription, "imageSize" | "encoding">,
): FoldedNetwork {
  const { scale, offsets } = positionScale({ size, encoding });
  return scaleOutput(network, {
    scale: offsets.map(() => 1 / scale),
    offset: offsets.map((offset) => -offset / scale),
  });
}
