"""The ops of dispatch_ops.ts in PyTorch."""

import time

import serve

given = serve.options()

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torch.set_num_threads(given["threads"])
x = torch.ones(2, 2)
image = torch.ones(1, 3, 4, 4)
kernel = torch.ones(4, 3, 1, 1)
ops = {
    "add of 2×2": lambda: torch.add(x, x),
    "convolution of 4×4": lambda: F.conv2d(image, kernel),
    "square of a new scalar": lambda: torch.square(torch.tensor(1.0)),
    "reading 2×2": lambda: x.numpy(),
}


@torch.inference_mode()
def repeat():
    figures = []
    for label, call in ops.items():
        start = time.perf_counter()
        for _ in range(given["calls"]):
            call()
        figures.append({"label": label, "unit": "µs", "value": 1e6 * (time.perf_counter() - start) / given["calls"]})
    return figures


repeat()
serve.serve(repeat)
