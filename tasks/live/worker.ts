// Tracks the frames that the page sends, by the same code as `deno task track`.
import { closedSurface } from "@/lib/face/closed_surface.ts";
import { CropModel } from "@/lib/model/crop_model.ts";
import { parseDescription } from "@/lib/model/description.ts";
import { type OnnxRuntime, OnnxSession } from "@/lib/model/onnx_session.ts";
import { FaceDetector } from "@/lib/track/blazeface.ts";
import { FaceFitter, type ModelFit } from "@/lib/track/face_fitter.ts";
import { FaceTracker, type TrackedFit } from "@/lib/track/face_tracker.ts";
import { poseOfLandmarks } from "@/lib/face/head_pose.ts";
import { findFaces } from "@/lib/track/photo_faces.ts";
import type { Photo } from "@/lib/types.ts";
import { photoOf } from "./pixels.ts";
import { hasMirroredUv } from "@/lib/face/mirror.ts";
import type { Backend, FromWorker, LiveFace, LiveModel, Opening, SentFrame, ToWorker } from "./protocol.ts";

interface Opened {
  readonly model: LiveModel;
  /** The vertices of the model that is drawn, from those of the network's. */
  readonly drawn: (vertices: Float32Array) => Float32Array<ArrayBuffer>;
  /** [68, 3], model space. */
  readonly neutral: Float32Array | undefined;
  readonly newTracker: () => FaceTracker<ModelFit>;
  /** The faces of a picture that none comes before or after, small ones too. */
  readonly findAll: (picture: Photo) => Promise<FoundFace[]>;
}

type FoundFace = TrackedFit<ModelFit>;

const MOST_FACES = 3;

let opened: Opened | undefined;
let tracker: FaceTracker<ModelFit> | undefined;
const canvas = new OffscreenCanvas(1, 1);
const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false })!;

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  try {
    if (data.type === "open") {
      opened = await open(data);
      reply({ type: "opened", model: opened.model });
    } else if (opened) {
      const faces = await track(opened, data);
      reply({ type: "faces", faces, bitmap: data.bitmap }, [
        data.bitmap,
        ...faces.map(({ vertices }) => vertices.buffer),
      ]);
    }
  } catch (error) {
    reply({ type: "failed", message: (error as Error).message });
  }
};

function reply(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

async function open({ backend, base, threads }: Opening): Promise<Opened> {
  const read = async (name: string) => {
    const response = await fetch(base + name);
    if (!response.ok) throw new Error(`${name} is missing (${response.status})`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const [runtime, network, detector, text] = await Promise.all([
    loadRuntime({ backend, base, threads }),
    read("model.onnx"),
    read("detector.onnx"),
    read("posmap.json"),
  ]);
  const description = parseDescription(JSON.parse(new TextDecoder().decode(text)));
  const { surface, crop: { margin } } = description;
  const session = await OnnxSession.open(runtime, network, { executionProviders: [backend] });
  const fitter = new FaceFitter(new CropModel(session, description.imageSize), { ...description, uv: surface.uv });
  // small: the wait for a GPU would be longer than its work
  const finder = new FaceDetector(await OnnxSession.open(runtime, detector, { executionProviders: ["wasm"] }));
  const closed = closedSurface(surface);
  return {
    model: {
      triangles: closed.triangles,
      capStart: closed.capStart,
      uv: closed.extend(surface.uv, 2),
      isSymmetric: hasMirroredUv(surface),
      expressionNames: description.expressionNames ?? [],
    },
    drawn: closed.close,
    neutral: description.neutralLandmarks,
    newTracker: () =>
      new FaceTracker<ModelFit>({
        fit: (picture, crop) => fitter.fit(picture, crop),
        detect: (picture) => finder.detect(picture),
        fitDetected: (picture, detection) => fitter.fitDetected(picture, detection, { margin }),
      }, { margin, mostFaces: MOST_FACES }),
    findAll: async (picture) =>
      (await findFaces(picture, { detector: finder, fitter }, { margin })).map(({ fit }, i) => ({
        ...fit,
        id: i + 1,
        segment: 1,
        fit,
        isFound: true,
      })),
  };
}

/** ONNX Runtime's build for this backend; WebGPU's is larger. */
async function loadRuntime({ backend, base, threads }: Omit<Opening, "type">): Promise<OnnxRuntime> {
  const folder = `${base}ort/${backend satisfies Backend}`;
  const { env, ...runtime } = await import(`${folder}/ort.js`);
  env.wasm.numThreads = threads;
  env.wasm.wasmPaths = { mjs: `${folder}/threads.js`, wasm: `${folder}/threads.wasm` };
  return runtime;
}

async function track({ drawn, neutral, newTracker, findAll }: Opened, frame: SentFrame): Promise<LiveFace[]> {
  const picture = pictureOf(frame.bitmap);
  if (frame.isNew) tracker = undefined;
  const faces = frame.isPhoto ? await findAll(picture) : await (tracker ??= newTracker()).next(picture, frame.time);
  return faces.map(({ id, fit, isFound, landmarks, vertices, expressions }) => ({
    id,
    landmarks: new Float32Array(landmarks),
    vertices: drawn(vertices),
    expressions: new Float32Array(expressions),
    pose: neutral && poseOfLandmarks(landmarks, neutral),
    score: isFound ? fit.score : 0,
  }));
}

let rgb: Uint8Array = new Uint8Array();

/** The bitmap's pixels, in a buffer that the next one's are written to. */
function pictureOf(bitmap: ImageBitmap): Photo {
  const { width, height } = bitmap;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.drawImage(bitmap, 0, 0);
  const photo = photoOf(context.getImageData(0, 0, width, height), rgb);
  rgb = photo.rgb;
  return photo;
}
