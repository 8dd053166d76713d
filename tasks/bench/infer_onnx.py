"""Maps of images by onnxruntime, from floats in the host's memory to floats there."""

import time

import serve

given = serve.options()

import numpy  # noqa: E402
import onnxruntime  # noqa: E402

WARM_UP_CALLS = 3

size, calls = given["imageSize"], given["calls"]
settings = onnxruntime.SessionOptions()
settings.intra_op_num_threads = given["threads"]
session = onnxruntime.InferenceSession(given["path"], settings, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
images = numpy.random.default_rng(7).random((given["batchSize"], 3, size, size), numpy.float32)


def repeat(calls=calls):
    start = time.perf_counter()
    for _ in range(calls):
        session.run(None, {name: images})
    return [{"unit": "ms", "value": 1000 * (time.perf_counter() - start) / calls}]


repeat(WARM_UP_CALLS)
serve.serve(repeat)
