import type { Config } from "@/lib/config.ts";

/** The settings that have a flag, by the setting's name, in the groups that --help shows. */
export const settingFlags = {
  "Samples:": {
    augment: ["--augment <true|false>", "turn, shift and scale crops, put things before faces"],
    absentShare: [
      "--absent-share <share>",
      "of augmented crops of drawn faces, without a face: lite and heatmap learn to say whether there is one",
    ],
    shots: ["--shots <count>", "pictures of each head that is drawn, of other crops, colors and covers"],
    overfitBatches: ["--overfit-batches <count>", "train and measure on this many batches only"],
    exampleSamples: ["--example-samples <count>", "whose mean map the network starts from, and the mean face is of"],
    seed: ["--seed <number>", "of weights and samples"],
    workers: ["--workers <count>", "threads that make samples ahead; 0 makes them when they are needed"],
  },
  "Network:": {
    architecture: [
      "--architecture <name>",
      "prnet, the published network, lite, for real time, or heatmap, which finds points of the face by heatmaps, too",
    ],
    imageSize: ["--image-size <pixels>", "side of the crop and of the position map: 64, 128 or 256"],
    width: ["--width <channels>", "channels after the first convolution"],
    encoding: [
      "--encoding <name>",
      "of positions: centered, with half a crop side around the crop, paper, or prnet, as released weights have it",
    ],
    eyes: ["--eyes <true|false>", "whether lite or heatmap sees the eyes by themselves for blinks and gaze"],
    lids: ["--lids <true|false>", "with --eyes, whether what it sees of them moves the map's lids, too"],
    freeze: ["--freeze <part>", "trunk: with --from, leave the map as it is, and learn what else is said"],
  },
  "Steps:": {
    steps: ["--steps <count>", "batches to train on"],
    batchSize: ["--batch-size <count>", "faces at once"],
    gradAccumulate: ["--grad-accumulate <count>", "batches a step, one after the other, for the memory of one"],
    optimizer: ["--optimizer <name>", "adam, or muon, which stands a high rate better, and takes longer for a step"],
    learningRate: ["--learning-rate <rate>", "the optimizer's, at the start"],
    schedule: [
      "--schedule <name>",
      "of the learning rate: halve, every 5 epochs, or cosine, down to 0 at the last step",
    ],
    cycles: ["--cycles <count>", "how often cosine falls to 0, and starts again at the full rate between"],
    stepsPerEpoch: [
      "--steps-per-epoch <count>",
      "of those epochs, 1000 unless given, whatever the source: a pass over 300W-LP takes 6900, in batches of 16",
    ],
    averaging: ["--averaging <decay>", "of an exponential average of the weights, such as 0.999"],
  },
  "Loss:": {
    loss: ["--loss <name>", "of positions: mse, of squared errors, or l1, of absolute ones"],
    maskWeights: ["--mask-weights <numbers>", "in the loss, of landmarks:eyes, nose and mouth:face:neck, as 16:4:3:0"],
    depthWeight: ["--depth-weight <weight>", "in the loss, of depth, beside 1 of what is seen in the picture"],
    expressionWeight: [
      "--expression-weight <weight>",
      "in the loss, of expressions, which lite and heatmap learn to say above 0",
    ],
    l2: ["--l2 <weight>", "in the loss, of half the sum of squared convolution weights"],
    teacher: ["--teacher <model>", "learn from a trained model's maps, too, or a run's"],
    teacherShare: ["--teacher-share <share>", "of the teacher's map in what the map is to be; the rest is the truth's"],
  },
  "Measuring and saving:": {
    validateEvery: ["--validate-every <steps>", "from one validation to the next"],
    checkpointEvery: ["--checkpoint-every <steps>", "from one checkpoint to the next"],
    validationSamples: ["--validation-samples <count>", "faces of a validation"],
    testSamples: ["--test-samples <count>", "faces of the evaluation at the end"],
  },
  "Device:": {
    backend: ["--backend <name>", "tensorflow, or webgpu, for any GPU, without TensorFlow's library"],
    device: ["--device <name>", "TensorFlow's: auto, cpu, gpu, or gpu:1 for the second one"],
    precision: ["--precision <name>", "of convolutions: float32, or bfloat16, where the processor or GPU has it"],
    xla: [
      "--xla <auto|on|off>",
      "have XLA compile the step: a minute or so at the start, for a faster GPU (auto: on one)",
    ],
  },
  "Several processes:": {
    syncBatchNorm: [
      "--sync-batch-norm <true|false>",
      "whether, of several ranks, each normalizes by the batches of all",
    ],
  },
} as const satisfies Readonly<Record<string, Partial<Record<keyof Config, readonly [string, string]>>>>;

export const settingNames = Object.values(settingFlags).flatMap((group) => Object.keys(group)) as (keyof Config)[];
