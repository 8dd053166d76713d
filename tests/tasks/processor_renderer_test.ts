/** The live page's own renderer, beside three.js's in the same browser. */
import * as esbuild from "esbuild";
import { denoResolution } from "@/tasks/bundling.ts";
import { chromiumPath, launchChromium } from "@/tasks/bench/chromium.ts";
import { assert } from "@/tests/support.ts";
import { newPage } from "@/tests/view/chromium.ts";

/** Runs in the page: two tori before each other, one mirrored as faces are, drawn by both; pixels as lists of RGBA. */
const script = `
  import * as THREE from "three";
  import { ProcessorRenderer } from "@/tasks/live/processor_renderer.ts";

  const picture = document.createElement("canvas"), context = picture.getContext("2d");
  picture.width = picture.height = 64;
  for (let i = 0; i < 64; i++) for (let k = 0; k < 64; k++) {
    context.fillStyle = \`rgb(\${4 * i} \${4 * k} \${128 + 60 * Math.sin(i / 5)})\`;
    context.fillRect(i, k, 1, 1);
  }
  const map = new THREE.CanvasTexture(picture);
  Object.assign(map, { colorSpace: THREE.SRGBColorSpace, generateMipmaps: false, minFilter: THREE.LinearFilter });
  const materials = {
    plaster: new THREE.MeshLambertMaterial({ color: 0x9ec7e6, side: THREE.DoubleSide }),
    textured: new THREE.MeshBasicMaterial({ map, side: THREE.DoubleSide }),
  };
  const scene = new THREE.Scene();
  const lamp = new THREE.DirectionalLight(0xffffff, 2.4), fill = new THREE.DirectionalLight(0x9fc4ff, 0.7);
  lamp.position.set(-0.5, 0.6, 0.65);
  fill.position.set(0.8, 0, 0.6);
  scene.add(lamp, fill, new THREE.AmbientLight(0xffffff, 0.55));
  const geometry = new THREE.TorusGeometry(1, 0.5, 60, 120);
  geometry.setIndex(new THREE.BufferAttribute(Uint32Array.from(geometry.index.array), 1));
  const near = new THREE.Mesh(geometry), far = new THREE.Mesh(geometry);
  near.scale.set(-1, 1, 1);
  near.position.set(0.4, 0.1, 0.3);
  far.position.set(-0.9, -0.3, -1.5);
  scene.add(near, far);
  const perspective = new THREE.PerspectiveCamera(30, 1.5, 0.1, 100);
  perspective.position.set(1, 2, 7);
  perspective.lookAt(0, 0, 0);
  const orthographic = new THREE.OrthographicCamera(-3, 3, 2, -2, -10, 10);

  globalThis.draw = (look, cameraName) => {
    near.material = far.material = materials[look];
    const camera = { perspective, orthographic }[cameraName];
    const options = { alpha: true, antialias: true, preserveDrawingBuffer: true };
    return [THREE.WebGLRenderer, ProcessorRenderer].map((Renderer) => {
      const canvas = document.createElement("canvas"), flat = document.createElement("canvas");
      const renderer = new Renderer({ canvas, ...options });
      renderer.setPixelRatio(1);
      renderer.setSize(300, 200, false);
      renderer.render(scene, camera);
      Object.assign(flat, { width: 300, height: 200 });
      const target = flat.getContext("2d");
      target.drawImage(canvas, 0, 0);
      return [...target.getImageData(0, 0, 300, 200).data];
    });
  };
`;

Deno.test({
  name: "ProcessorRenderer draws meshes as three's WebGLRenderer does, lit and textured, near before far, mirrored too",
  ignore: !chromiumPath,
  async fn() {
    const { outputFiles } = await esbuild.build({
      stdin: { contents: script, resolveDir: import.meta.dirname! },
      bundle: true,
      write: false,
      format: "iife",
      plugins: [denoResolution],
    });
    await esbuild.stop();
    const browser = await launchChromium();
    try {
      const page = await newPage(browser, 400);
      await page.addScriptTag({ content: outputFiles[0]!.text });
      for (const look of ["plaster", "textured"]) {
        for (const camera of ["perspective", "orthographic"]) {
          const [theirs, ours] = await page.evaluate(`draw("${look}", "${camera}")`) as [number[], number[]];
          const whole = Array.from({ length: 60_000 }, (_, pixel) => 4 * pixel)
            .filter((i) => theirs[i + 3] === 255 && ours[i + 3] === 255);
          assert(whole.length > 8000, `${look}, ${camera}: only ${whole.length} pixels are covered in both`);
          const colors = meanDifference(theirs, ours, whole.flatMap((i) => [i, i + 1, i + 2]));
          assert(colors < 1.2, `${look}, ${camera}: colors are off by ${colors} of 255`);
          const coverage = meanDifference(theirs, ours, theirs.map((_, i) => i).filter((i) => i % 4 === 3));
          assert(coverage < 0.5, `${look}, ${camera}: coverage is off by ${coverage} of 255`);
        }
      }
    } finally {
      await browser.close();
    }
  },
});

function meanDifference(a: readonly number[], b: readonly number[], places: readonly number[]): number {
  return places.reduce((sum, i) => sum + Math.abs(a[i]! - b[i]!), 0) / places.length;
}
