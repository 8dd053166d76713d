"""Maps of images by onnxruntime, from the host's memory to floats there: PyTorch's networks take floats, posmap's bytes."""

import time

import serve

given = serve.options()

import numpy  # noqa: E402
import onnxruntime  # noqa: E402

WARM_UP_CALLS = 3

calls = given["calls"]
settings = onnxruntime.SessionOptions()
settings.intra_op_num_threads = given["threads"]
session = onnxruntime.InferenceSession(given["path"], settings, providers=["CPUExecutionProvider"])
image = session.get_inputs()[0]
name, shape = image.name, [given["batchSize"], *image.shape[1:]]
random = numpy.random.default_rng(7)
images = random.integers(0, 256, shape, numpy.uint8) if "uint8" in image.type else random.random(shape, numpy.float32)


def repeat(calls=calls):
    start = time.perf_counter()
    for _ in range(calls):
        session.run(None, {name: images})
    return [{"unit": "ms", "value": 1000 * (time.perf_counter() - start) / calls}]


repeat(WARM_UP_CALLS)
serve.serve(repeat)
