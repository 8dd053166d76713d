"""Maps of images by PyTorch, from floats in the host's memory to floats there."""

import time

import serve

given = serve.options()

import torch  # noqa: E402

import networks  # noqa: E402

WARM_UP_CALLS = 3

torch.set_num_threads(given["threads"])
torch.manual_seed(7)
size, calls = given["imageSize"], given["calls"]
memory_format = torch.channels_last if given["format"] == "channels_last" else torch.contiguous_format
network = networks.build(given["architecture"], size).to(memory_format=memory_format).eval()
images = torch.rand(given["batchSize"], 3, size, size).contiguous(memory_format=memory_format)


@torch.inference_mode()
def repeat(calls=calls):
    start = time.perf_counter()
    for _ in range(calls):
        network(images).numpy()
    return [{"unit": "ms", "value": 1000 * (time.perf_counter() - start) / calls}]


repeat(WARM_UP_CALLS)
serve.serve(repeat)
