import * as tf from "@tensorflow/tfjs";
import ort from "onnxruntime-node";
import { resolveConfig } from "@/lib/config.ts";
import { CROP_MARGIN } from "@/lib/data/maps/crop.ts";
import { encodeOnnx } from "@/lib/export/onnx.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { CropModel } from "@/lib/model/crop_model.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { FaceFitter } from "@/lib/track/face_fitter.ts";
import { type Faces, openFaces } from "@/tasks/predict/open_faces.ts";
import { trackVideo } from "@/tasks/track/track_video.ts";
import { newNetwork } from "./new_network.ts";
import { contestantOptions, serve } from "./serve.ts";
import type { TrackContestant } from "./track.ts";

const { folder, architecture, overlay, frames } = contestantOptions<TrackContestant>();
const lite = await openFaces(`${import.meta.dirname}/../../data/weights/lite`);
const faces = architecture === "lite" ? lite : await withPrnet(lite);

/** A new PRNet finds nothing, so that it does its work beside the light network, which adds 2 ms. */
async function withPrnet({ fitter, ...rest }: Faces): Promise<Faces> {
  await tf.setBackend("cpu");
  const config = resolveConfig("prnet", {}), { surface } = builtInFace();
  const onnx = encodeOnnx(foldNetwork(newNetwork(config)), { ...config, crop: { margin: CROP_MARGIN }, surface });
  const prnet = new FaceFitter(new CropModel(await OnnxSession.open(ort, onnx), config.imageSize), {
    ...config,
    uv: surface.uv,
  });
  return {
    ...rest,
    fitter: {
      async fit(picture, crop) {
        await prnet.fit(picture, crop);
        return await fitter.fit(picture, crop);
      },
      fitMirrored: (...seen) => fitter.fitMirrored(...seen),
      fitDetected: (...found) => fitter.fitDetected(...found),
    },
  };
}

async function track(): Promise<void> {
  const out = `${folder}/tracked`;
  await trackVideo(`${folder}/video.mp4`, {
    faces,
    out,
    overlay,
    mostFaces: 1,
    smoothing: "one-euro",
    turning: false,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  await Deno.remove(out, { recursive: true });
}

await track();
await serve(async () => {
  const start = performance.now();
  await track();
  return [{ unit: "frames/s", value: 1000 * frames / (performance.now() - start) }];
});
