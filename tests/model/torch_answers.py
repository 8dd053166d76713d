"""posmap's networks in PyTorch, in double precision, as a judge of lib/model/.

python3 torch_answers.py MODEL IMAGE_SIZE WIDTH BATCH STATISTICS TIMES RATE

STATISTICS, by which batch norm normalizes, are "moving" or those of the "batch". Weights, images, targets and masks are
hashes of a name and an index, as in hashed_values.ts. Writes to stdout, as float32 and in TensorFlow's layout, the maps
and the gradient of every trainable weight, sorted by name; TIMES times, with a step of gradient descent between.
"""

import ctypes
import math
import pathlib
import sys

import torch
from torch.nn import functional as F

sys.path.append(str(pathlib.Path(__file__).parents[2] / "tasks/bench"))
from networks import NETWORKS, posmap_layout, weights  # noqa: E402

# Noise would be the same everywhere once the encoder has averaged it. These blocks keep the inputs of all ReLUs 1e-5
# away from 0, in the case with the batch's statistics, so that rounding does not decide which of them pass.
IMAGES = "images 16"
BLOCK_COUNT = 8  # a side


def uniform(name, count):
    """[count], uniform in [0, 1): FNV-1a of the name, plus the index, mixed as by MurmurHash3."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    h = (seed + torch.arange(count, dtype=torch.int64) * 0x9E3779B9) & 0xFFFFFFFF
    for shift, factor in [(16, 0x85EBCA6B), (13, 0xC2B2AE35)]:
        h = ((h ^ (h >> shift)) * factor) & 0xFFFFFFFF
    h = h ^ (h >> 16)
    return (h >> 8).double() / 2**24


def hashed(name, *shape):
    return uniform(name, math.prod(shape)).float().double().reshape(shape)


def initial(name, shape):
    """As `initialValues` in torch_answers.ts."""
    part = name.rpartition("/")[2]
    if part == "kernel":
        limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        values = (2 * uniform(name, math.prod(shape)) - 1) * limit
        return values.float().double().reshape(shape)
    values = hashed(name.replace("moving_", ""), *shape)
    return values - 0.5 if part == "moving_mean" else 0.5 + values  # most channels pass ReLU


def main(model, size, width, batch, statistics, times, rate):
    blocks = hashed(IMAGES, batch, BLOCK_COUNT, BLOCK_COUNT, 3).permute(0, 3, 1, 2)
    images = F.interpolate(blocks, size=(size, size))
    targets = hashed("targets", batch, size, size, 3)
    mask = hashed("mask", size, size)[None, :, :, None]
    network = NETWORKS[model](size, width).double().train(statistics == "batch")
    named = weights(network)
    with torch.no_grad():
        for name, weight in named.items():
            view = posmap_layout(weight)
            view.copy_(initial(name, view.shape))
    trained = [named[name] for name in sorted(named) if named[name].requires_grad]

    def write(tensor):
        values = tensor.detach().float().contiguous()  # NumPy may not be there
        sys.stdout.buffer.write(ctypes.string_at(values.data_ptr(), 4 * values.numel()))

    for _ in range(times):
        maps = network(images).permute(0, 2, 3, 1)
        loss = ((maps - targets) ** 2 * mask).sum() / (mask.sum() * batch * 3)
        network.zero_grad()
        loss.backward()
        write(maps)
        for weight in trained:
            write(posmap_layout(weight.grad))
        with torch.no_grad():
            for weight in trained:
                weight -= rate * weight.grad


if __name__ == "__main__":
    model, *numbers = sys.argv[1:]
    size, width, batch, statistics, times, rate = numbers
    main(model, int(size), int(width), int(batch), statistics, int(times), float(rate))
