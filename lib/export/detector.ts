import * as z from "zod";
import { OnnxGraph } from "@/lib/export/onnx_graph.ts";
import { permuted } from "@/lib/model/kernels.ts";
import { paddingOf } from "@/lib/model/folded_network.ts";
import { DETECTOR_SIZE } from "@/lib/track/blazeface.ts";

/** Never called: it only makes the package, whose files are read, a part of what is installed. */
const _package = () => import("@vladmandic/human");

/** tfjs's graph model, as far as BlazeFace's uses it. */
const graphSchema = z.object({
  modelTopology: z.object({
    node: z.array(z.object({
      name: z.string(),
      op: z.string(),
      input: z.array(z.string()).default([]),
      attr: z.record(z.string(), z.any()).default({}),
    })),
  }),
  weightsManifest: z.tuple([z.object({
    weights: z.array(z.object({ name: z.string(), shape: z.array(z.int()), dtype: z.enum(["float32", "int32"]) })),
  })]),
});

/**
 * MediaPipe's BlazeFace for cameras at some distance as an ONNX model that `FaceDetector` runs, from the weights (Apache 2.0,
 * Google) that the package `@vladmandic/human` (MIT) carries.
 */
export async function readDetector(): Promise<Uint8Array<ArrayBuffer>> {
  const folder = new URL("../models/", import.meta.resolve("@vladmandic/human"));
  const [json, weights] = await Promise.all([
    Deno.readTextFile(new URL("blazeface.json", folder)),
    Deno.readFile(new URL("blazeface.bin", folder)),
  ]);
  return detectorOnnx(JSON.parse(json), weights);
}

/** tfjs's graph model of BlazeFace as ONNX. Throws where it has operators that are not written. */
function detectorOnnx(json: unknown, weights: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { modelTopology: { node: nodes }, weightsManifest: [{ weights: specs }] } = graphSchema.parse(json);
  const constants = new Map<string, { values: Float32Array; shape: readonly number[] }>();
  let offset = 0;
  for (const { name, shape } of specs) {
    const length = shape.reduce((product, side) => product * side, 1);
    constants.set(name, { values: new Float32Array(weights.buffer.slice(offset, offset + 4 * length)), shape });
    offset += 4 * length;
  }
  const graph = new OnnxGraph();
  const image = graph.add("Cast", [graph.add("Transpose", ["image"], { perm: [0, 3, 1, 2] })], { to: 1 });
  const scaled = graph.add("Sub", [
    graph.add("Div", [image, graph.floats([127.5], [1])]),
    graph.floats([1], [1]),
  ]);
  /** By name: the tensor, channels before rows and columns, and [height, width, channels]. */
  const made = new Map<string, { readonly name: string; readonly shape: readonly [number, number, number] }>();
  const outputs: { name: string; shape: number[] }[] = [];
  for (const { name, op, input, attr } of nodes) {
    const from = made.get(input[0] ?? "");
    if (op === "Placeholder") made.set(name, { name: scaled, shape: [DETECTOR_SIZE, DETECTOR_SIZE, 3] });
    if (["Const", "Placeholder", "Identity"].includes(op) || !from) continue;
    const constant = (place: number) => constants.get(input[place]!)!;
    const whole = (key: string): [number, number] => [1, 2].map((i) => Number(attr[key].list.i[i])) as [number, number];
    const isSame = () => atob(attr.padding.s) === "SAME";
    const [height, width, channels] = from.shape;
    const window = (kernel: readonly [number, number]) => {
      const strides = whole("strides"), padding = isSame() ? "same" : "valid";
      const pads = [height, width].map((length, axis) =>
        paddingOf(padding, { length, kernel: kernel[axis]!, stride: strides[axis]! })
      ) as [[number, number], [number, number]];
      const sides = [height, width].map((length, axis) =>
        Math.floor((length + pads[axis]![0] + pads[axis]![1] - kernel[axis]!) / strides[axis]!) + 1
      ) as [number, number];
      const attributes = {
        kernel_shape: kernel,
        strides,
        pads: [pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
      };
      return { attributes, sides };
    };
    switch (op) {
      case "_FusedConv2D": {
        const { values, shape } = constant(1);
        const [rows, columns, ins, outs] = shape as [number, number, number, number];
        const { attributes, sides } = window([rows, columns]);
        const kernel = graph.floats(permuted(values, shape, [3, 2, 0, 1]), [outs, ins, rows, columns]);
        const fused = (attr.fused_ops.list.s as string[]).map(atob);
        const y = graph.add("Conv", [from.name, kernel, graph.floats(constant(2).values, [outs])], attributes);
        made.set(name, { name: fused.includes("Relu") ? graph.add("Relu", [y]) : y, shape: [...sides, outs] });
        break;
      }
      case "DepthwiseConv2dNative": {
        const { values, shape } = constant(1);
        const [rows, columns, ins] = shape as [number, number, number, number];
        const { attributes, sides } = window([rows, columns]);
        const kernel = graph.floats(permuted(values, shape, [2, 3, 0, 1]), [ins, 1, rows, columns]);
        made.set(name, {
          name: graph.add("Conv", [from.name, kernel], { ...attributes, group: ins }),
          shape: [...sides, ins],
        });
        break;
      }
      case "MaxPool": {
        const { attributes, sides } = window(whole("ksize"));
        made.set(name, { name: graph.add("MaxPool", [from.name], attributes), shape: [...sides, channels] });
        break;
      }
      case "AddV2": {
        const other = made.get(input[1]!)!;
        made.set(name, { name: graph.add("Add", [from.name, other.name]), shape: from.shape });
        break;
      }
      case "Relu":
        made.set(name, { name: graph.add("Relu", [from.name]), shape: from.shape });
        break;
      case "Pad": { // channels of zeros
        const pads = new Int32Array(constant(1).values.buffer);
        const more = pads[7]!;
        made.set(name, {
          name: graph.add("Pad", [from.name, graph.integers([0, 0, 0, 0, 0, more, 0, 0])]),
          shape: [height, width, channels + more],
        });
        break;
      }
      case "Reshape": { // a grid's anchors, one after the other: what comes out
        const perAnchor = channels === 2 || channels === 6 ? 1 : 16;
        const anchors = height * width * channels / perAnchor;
        const output = `${perAnchor === 1 ? "scores" : "boxes"}${DETECTOR_SIZE / height}`;
        const rows = graph.add("Transpose", [from.name], { perm: [0, 2, 3, 1] });
        graph.add("Reshape", [rows, graph.integers([0, anchors, perAnchor])], {}, output);
        outputs.push({ name: output, shape: [anchors, perAnchor] });
        break;
      }
      default:
        throw new TypeError(`Cannot write the detector's operator ${op} (${name}) as ONNX: it is not known`);
    }
  }
  return graph.encode({
    name: "blazeface",
    inputs: [{ name: "image", type: "uint8", shape: ["n", DETECTOR_SIZE, DETECTOR_SIZE, 3] }],
    outputs: outputs.map(({ name, shape }) => ({ name, type: "float32", shape: ["n", ...shape] })),
    metadata: { license: "Apache-2.0", source: "MediaPipe BlazeFace (Google), converted from @vladmandic/human" },
  });
}
