// Draws one face that sways, as a camera's pictures one after the other: 0.jpg and on, and a video where there is ffmpeg.
import { encodeJpeg } from "@/lib/data/files/images.ts";
import { VideoFile } from "@/lib/data/files/video.ts";
import { warpPhoto } from "@/lib/data/maps/warp.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { contestantOptions } from "./serve.ts";

const { folder, frames } = contestantOptions<{ folder: string; frames: number }>();
const size = { width: 640, height: 480 } as const;
const { image } = drawnSource(builtInFace(), { seed: 7, imageSize: 256, augment: false }).sample(0, "test");
await using video = await VideoFile.create(`${folder}/video.mp4`, { ...size, rate: "30" }).catch((error): undefined => {
  if (!(error instanceof InputError)) throw error;
});
for (let i = 0; i < frames; i++) {
  const [dx, dy] = [120 + 30 * Math.sin(i / 20), 40 + 15 * Math.sin(i / 13)];
  const picture = warpPhoto(image, { transform: { rotation: 0, scale: 1.6, dx, dy }, ...size });
  await Deno.writeFile(`${folder}/${i}.jpg`, await encodeJpeg(picture));
  await video?.add(picture);
}
await video?.finish();
