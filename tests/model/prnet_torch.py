"""PRNet in PyTorch, in double precision, as a judge of lib/model/prnet.ts.

python3 prnet_torch.py IMAGE_SIZE WIDTH BATCH STATISTICS TIMES RATE

STATISTICS, by which batch norm normalizes, are "moving" or those of the "batch". Weights, images, targets and masks are
hashes of a name and an index, as in hashed_values.ts. Writes to stdout, as float32 and in TensorFlow's layout, the maps
and the gradient of every trainable weight, sorted by name; TIMES times, with a step of gradient descent between.
"""

import ctypes
import math
import sys

import torch
from torch.nn import functional as F

BLOCKS = [(2, 2), (2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (16, 2), (16, 1), (32, 2), (32, 1)]  # channels / width, stride
STAGES = [(32, 1), (16, 2), (16, 1), (16, 1), (8, 2), (8, 1), (8, 1), (4, 2), (4, 1), (4, 1), (2, 2), (2, 1), (1, 2), (1, 1)]


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


class PRNet:
    def __init__(self, width, training):
        self.width = width
        self.training = training
        self.weights = {}  # those to be trained, by name, made where they are first used

    def kernel(self, name, shape):
        """[height, width, a, b] as TensorFlow has it, to PyTorch's [b, a, height, width]."""
        if name not in self.weights:
            limit = math.sqrt(6 / (shape[0] * shape[1] * (shape[2] + shape[3])))
            values = (2 * uniform(name, math.prod(shape)) - 1) * limit
            self.weights[name] = values.float().double().reshape(shape).requires_grad_()
        return self.weights[name].permute(3, 2, 0, 1)

    def conv(self, x, name, channels, size, stride=1):
        kernel = self.kernel(f"{name}/kernel", (size, size, x.shape[1], channels))
        padding = max(size - stride, 0)  # in all, for sides that the stride divides; the odd one goes to the end
        before, after = padding // 2, padding - padding // 2
        return F.conv2d(F.pad(x, (before, after, before, after)), kernel, stride=stride)

    def conv_transposed(self, x, name, channels, size, stride):
        kernel = self.kernel(f"{name}/kernel", (size, size, channels, x.shape[1]))
        before = (size - stride) // 2
        y = F.conv_transpose2d(x, kernel, stride=stride)
        return y[:, :, before : before + stride * x.shape[2], before : before + stride * x.shape[3]]

    def norm(self, x, name):
        gamma, beta, mean, variance = (hashed(f"{name}/{part}", x.shape[1]) for part in ("gamma", "beta", "mean", "variance"))
        gamma = self.weights.setdefault(f"{name}/gamma", (0.5 + gamma).requires_grad_())
        beta = self.weights.setdefault(f"{name}/beta", (0.5 + beta).requires_grad_())  # most channels pass ReLU
        mean, variance = mean - 0.5, 0.5 + variance
        return F.batch_norm(x, mean, variance, gamma, beta, training=self.training, momentum=0, eps=0.001)

    def conv_block(self, x, name, channels, size, stride=1):
        return F.relu(self.norm(self.conv(x, name, channels, size, stride), f"{name}/BatchNorm"))

    def residual(self, x, name, channels, stride):
        shortcut = x
        if stride != 1 or x.shape[1] != channels:
            shortcut = self.conv(x, f"{name}/shortcut", channels, 1, stride)
        y = self.conv_block(x, f"{name}/Conv", channels // 2, 1)
        y = self.conv_block(y, f"{name}/Conv_1", channels // 2, 4, stride)
        y = self.conv(y, f"{name}/Conv_2", channels, 1)
        return F.relu(self.norm(y + shortcut, f"{name}/BatchNorm"))

    def __call__(self, x):
        x = self.conv_block(x, "Conv", self.width, 4)
        for i, (factor, stride) in enumerate(BLOCKS):
            x = self.residual(x, f"resBlock_{i}" if i else "resBlock", factor * self.width, stride)
        stages = [(factor * self.width, stride) for factor, stride in STAGES] + [(3, 1)] * 3
        for i, (channels, stride) in enumerate(stages):
            name = f"Conv2d_transpose_{i}" if i else "Conv2d_transpose"
            y = self.norm(self.conv_transposed(x, name, channels, 4, stride), f"{name}/BatchNorm")
            x = F.relu(y) if i < len(stages) - 1 else torch.sigmoid(y)
        return x


def main(size, width, batch, statistics, times, rate):
    blocks = hashed(IMAGES, batch, BLOCK_COUNT, BLOCK_COUNT, 3).permute(0, 3, 1, 2)
    images = F.interpolate(blocks, size=(size, size))
    targets = hashed("targets", batch, size, size, 3)
    mask = hashed("mask", size, size)[None, :, :, None]
    network = PRNet(width, training=statistics == "batch")

    def write(tensor):
        values = tensor.detach().float().contiguous()  # NumPy may not be there
        sys.stdout.buffer.write(ctypes.string_at(values.data_ptr(), 4 * values.numel()))

    for _ in range(times):
        maps = network(images).permute(0, 2, 3, 1)
        loss = ((maps - targets) ** 2 * mask).sum() / (mask.sum() * batch * 3)
        weights = [weight for _, weight in sorted(network.weights.items())]
        gradients = torch.autograd.grad(loss, weights)
        write(maps)
        for gradient in gradients:
            write(gradient)
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients):
                weight -= rate * gradient


if __name__ == "__main__":
    size, width, batch, statistics, times, rate = sys.argv[1:]
    main(int(size), int(width), int(batch), statistics, int(times), float(rate))
