"""posmap's networks in PyTorch, as lib/model/prnet.ts, lib/model/lite.ts and lib/model/heatmap_network.ts have them.

Modules have the names of the layers in posmap, so that `weights` can tell which tensor is which. Images and maps are
[batch, 3, size, size] here.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 0.001


def convolution(channels_in, channels, kernel, stride=1):
    """Padded as TensorFlow's "SAME" for sides that the stride divides: an odd texel goes to the end."""
    if stride == 1:
        return nn.Conv2d(channels_in, channels, kernel, padding="same", bias=False)
    padding = max(kernel - stride, 0)
    convolve = nn.Conv2d(channels_in, channels, kernel, stride, padding=padding // 2, bias=False)
    return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), convolve) if padding % 2 else convolve


class PRNet(nn.Module):
    BLOCKS = [(2, 2), (2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (16, 2), (16, 1), (32, 2), (32, 1)]  # channels / width, stride
    STAGES = [(32, 1), (16, 2), (16, 1), (16, 1), (8, 2), (8, 1), (8, 1), (4, 2), (4, 1), (4, 1), (2, 2), (2, 1), (1, 2), (1, 1)]
    MOMENTUM = 1 - 0.999  # PyTorch counts what is new, TensorFlow what is kept

    def __init__(self, size=256, width=16):
        super().__init__()
        self.add_module("Conv", convolution(3, width, 4))
        self.normalization("Conv", width)
        channels = width
        self.blocks = [(f"resBlock_{i}" if i else "resBlock", factor * width, stride) for i, (factor, stride) in enumerate(self.BLOCKS)]
        for name, wanted, stride in self.blocks:
            if stride != 1 or channels != wanted:
                self.add_module(f"{name}/shortcut", convolution(channels, wanted, 1, stride))
            self.add_module(f"{name}/Conv", convolution(channels, wanted // 2, 1))
            self.normalization(f"{name}/Conv", wanted // 2)
            self.add_module(f"{name}/Conv_1", convolution(wanted // 2, wanted // 2, 4, stride))
            self.normalization(f"{name}/Conv_1", wanted // 2)
            self.add_module(f"{name}/Conv_2", convolution(wanted // 2, wanted, 1))
            self.normalization(name, wanted)
            channels = wanted
        stages = [(factor * width, stride) for factor, stride in self.STAGES] + [(3, 1)] * 3
        self.stages = [(f"Conv2d_transpose_{i}" if i else "Conv2d_transpose", *stage) for i, stage in enumerate(stages)]
        for name, wanted, stride in self.stages:
            self.add_module(name, nn.ConvTranspose2d(channels, wanted, 4, stride, padding=1, bias=False))
            self.normalization(name, wanted)
            channels = wanted

    def normalization(self, name, channels):
        self.add_module(f"{name}/BatchNorm", nn.BatchNorm2d(channels, eps=EPSILON, momentum=self.MOMENTUM))

    def normalized(self, x, name):
        return getattr(self, f"{name}/BatchNorm")(x)

    def convolved(self, x, name):
        return F.relu(self.normalized(getattr(self, name)(x), name))

    def forward(self, x):
        x = self.convolved(x, "Conv")
        for name, _, _ in self.blocks:
            shortcut = getattr(self, f"{name}/shortcut")(x) if hasattr(self, f"{name}/shortcut") else x
            y = self.convolved(self.convolved(x, f"{name}/Conv"), f"{name}/Conv_1")
            x = F.relu(self.normalized(getattr(self, f"{name}/Conv_2")(y) + shortcut, name))
        for name, _, stride in self.stages:
            y = getattr(self, name)(x)
            if stride == 1:
                y = y[:, :, : x.shape[2], : x.shape[3]]  # padding is the same on both sides here, and 1 too little
            y = self.normalized(y, name)
            x = torch.sigmoid(y) if name == self.stages[-1][0] else F.relu(y)
        return x


class Lite(nn.Module):
    SMOOTH_NODES = 17
    SMOOTH_COMPONENTS = 64
    SMALLEST_SIZE = 4
    UPSAMPLING = 4
    SMOOTHING = 5
    FACE_SHARE = 10
    SMALLEST_BLOCKS = 2
    MOMENTUM = 1 - 0.98

    def __init__(self, size=128, width=16):
        super().__init__()
        self.size = size
        self.node_count = size // self.UPSAMPLING + 1
        self.units = self.FACE_SHARE * width

        def channels(share):
            return 4 * math.ceil(share * width / 4)

        self.encode(size, channels)
        self.add_module("face", nn.Linear(self.describe(size, channels), self.units))
        self.decode(channels)

    def describe(self, size, channels):
        """Adds what the face is described by, and gives the number of its features."""
        return self.SMALLEST_SIZE**2 * self.encoded[-1]

    def encode(self, size, channels):
        self.block("stem_1", 3, channels(1), 2)
        self.block("stem_2", channels(1), channels(1.5), 2)
        last = channels(1.5)
        self.encoded = [last]  # channels of what stages see, the finest first
        self.residuals, self.stage_ends = [], []
        stage_count = int(math.log2(size / 4 / self.SMALLEST_SIZE))
        side = size // 4
        for share in [2, 3, 6, 10][-stage_count:]:
            side //= 2
            block_count = 2 if side > self.SMALLEST_SIZE else self.SMALLEST_BLOCKS
            for suffix, stride in [("a", 2), ("b", 1)][:block_count]:
                name = f"encoder_{side}_{suffix}"
                self.residual(name, last, channels(share), stride)
                self.residuals.append(name)
                last = channels(share)
            self.encoded.append(last)
            self.stage_ends.append(name)

    def decode(self, channels):
        self.add_module("coefficients", nn.Linear(self.units, self.SMOOTH_COMPONENTS))
        self.add_module("smooth_nodes", nn.Linear(self.SMOOTH_COMPONENTS, self.SMOOTH_NODES**2 * 3))
        shares = [4, 4, 3, 2, 1.5]
        last = channels(shares[0])
        self.add_module("decoder_seed", nn.Linear(self.units, self.SMALLEST_SIZE**2 * last))
        self.decoders = []
        side = self.SMALLEST_SIZE
        for share in shares[1:]:
            if side >= self.node_count - 1:
                break
            side *= 2
            self.block(f"decoder_{side}", last, channels(share), 1)
            self.decoders.append(f"decoder_{side}")
            last = channels(share)
        self.add_module("fine_part", nn.Conv2d(last, 3, 3))

    def block(self, name, channels_in, channels, stride):
        self.add_module(f"{name}/convolution", convolution(channels_in, channels, 3, stride))
        self.normalization(name, channels)

    def residual(self, name, channels_in, channels, stride):
        if stride != 1 or channels_in != channels:
            self.add_module(f"{name}/shortcut", convolution(channels_in, channels, 1, stride))
        self.block(f"{name}/first", channels_in, channels, stride)
        self.add_module(f"{name}/second/convolution", convolution(channels, channels, 3))
        self.normalization(name, channels)

    def normalization(self, name, channels):
        self.add_module(f"{name}/normalization", nn.BatchNorm2d(channels, eps=EPSILON, momentum=self.MOMENTUM))

    def blocked(self, x, name):
        return F.relu(getattr(self, f"{name}/normalization")(getattr(self, f"{name}/convolution")(x)))

    def features(self, x):
        """What stages see, the finest first."""
        x = self.blocked(self.blocked(x, "stem_1"), "stem_2")
        found = [x]
        for name in self.residuals:
            shortcut = getattr(self, f"{name}/shortcut")(x) if hasattr(self, f"{name}/shortcut") else x
            y = getattr(self, f"{name}/second/convolution")(self.blocked(x, f"{name}/first"))
            x = F.relu(getattr(self, f"{name}/normalization")(y + shortcut))
            if name in self.stage_ends:
                found.append(x)
        return found

    def forward(self, x):
        face = F.elu(self.face(flattened(self.features(x)[-1])))
        return self.map_of(self.smooth(face) + self.fine(face))

    def map_of(self, nodes):
        cells = upsampled(nodes, self.size + 1)[:, :, :-1, :-1]
        side = self.SMOOTHING
        return F.avg_pool2d(cells, side, stride=1, padding=side // 2, count_include_pad=False)

    def smooth(self, face):
        values = self.smooth_nodes(self.coefficients(face))
        return upsampled(as_image(values, self.SMOOTH_NODES), self.node_count)

    def fine(self, face):
        x = as_image(F.elu(self.decoder_seed(face)), self.SMALLEST_SIZE)
        for name in self.decoders:
            x = self.blocked(F.interpolate(x, scale_factor=2), name)
        return self.fine_part(F.pad(x, (1, 2, 1, 2)))


class HeatmapNetwork(Lite):
    SMALLEST_BLOCKS = 1
    POINTS_ACROSS = 17
    TRUST_UNITS = 16
    REACH = 5
    MOVE_CHANNELS = 16
    SEEN_CHANNELS = 32

    def describe(self, size, channels):
        self.levels = []
        counts = [channels(3)] + [channels(4)] * (len(self.encoded) - 1)
        for level, (own, count) in enumerate(zip(self.encoded, counts)):
            name = f"pyramid_{size // 4 >> level}"
            self.levels.append(name)
            self.add_module(f"{name}/lateral", convolution(own, count, 1))
            if level + 1 < len(counts) and counts[level + 1] != count:
                self.add_module(f"{name}/narrower", convolution(counts[level + 1], count, 1))
            self.block(f"{name}/first", count, count, 1)
        self.block(f"{self.levels[0]}/second", counts[0], counts[0], 1)
        point_count = self.POINTS_ACROSS**2
        self.add_module("heatmaps/logits", nn.Conv2d(counts[0], point_count, 1, bias=False))
        self.add_module("heatmaps/points", fixed(nn.Conv2d((size // 4) ** 2, 2, 1, bias=False)))
        self.add_module("moves/opposite", fixed(nn.Conv2d(3, 2, 1, bias=False)))
        self.add_module("moves/trust_features", nn.Linear(self.units, self.TRUST_UNITS))
        self.add_module("moves/trust", nn.Linear(self.TRUST_UNITS, point_count))
        self.add_module("moves/mean", convolution(2, 3, self.REACH))
        self.add_module("moves/learned", convolution(2, self.MOVE_CHANNELS, self.REACH))
        self.add_module("moves/learned_moves", convolution(self.MOVE_CHANNELS, 3, self.REACH))
        self.block("moves/seen_1", counts[0], self.SEEN_CHANNELS, 1)
        self.block("moves/seen_2", self.SEEN_CHANNELS, self.SEEN_CHANNELS, 1)
        self.add_module("moves/seen_moves", convolution(self.SEEN_CHANNELS, 3, 3))
        return self.SMALLEST_SIZE**2 * counts[-1] + 2 * point_count

    def forward(self, x):
        points, seen, coarsest = self.find_points(self.features(x))
        face = F.elu(self.face(torch.cat([flattened(coarsest), flattened(points)], 1)))
        nodes = self.smooth(face) + self.fine(face)
        stride = (self.node_count - 1) // (self.POINTS_ACROSS - 1)
        off = points + getattr(self, "moves/opposite")(nodes[:, :, ::stride, ::stride])
        trust = torch.sigmoid(getattr(self, "moves/trust")(F.elu(getattr(self, "moves/trust_features")(face))))
        off = off * as_image(trust, self.POINTS_ACROSS)
        learned = F.relu(getattr(self, "moves/learned")(off))
        moves = getattr(self, "moves/mean")(off) + getattr(self, "moves/learned_moves")(learned)
        seen = self.blocked(self.blocked(seen, "moves/seen_1"), "moves/seen_2")
        moves = moves + getattr(self, "moves/seen_moves")(seen)
        return self.map_of(nodes + upsampled(moves, self.node_count))

    def find_points(self, features):
        x = coarsest = None
        for name, feature in zip(reversed(self.levels), reversed(features)):
            own = getattr(self, f"{name}/lateral")(feature)
            if x is not None:
                x = getattr(self, f"{name}/narrower")(x) if hasattr(self, f"{name}/narrower") else x
                own = own + F.interpolate(x, scale_factor=2)
            x = self.blocked(own, f"{name}/first")
            coarsest = x if coarsest is None else coarsest
        x = self.blocked(x, f"{self.levels[0]}/second")
        shares = getattr(self, "heatmaps/logits")(x).flatten(2).softmax(2)  # [batch, points, cells]
        points = getattr(self, "heatmaps/points")(as_image(shares.flatten(1), self.POINTS_ACROSS))
        seen = shares @ x.flatten(2).transpose(1, 2)  # [batch, points, channels]
        return points, as_image(seen.flatten(1), self.POINTS_ACROSS), coarsest


def fixed(module):
    return module.requires_grad_(False)


def flattened(x):
    """In posmap's order, so that weights can be carried over."""
    return x.permute(0, 2, 3, 1).flatten(1)


def as_image(values, side):
    return values.unflatten(1, (side, side, -1)).permute(0, 3, 1, 2)


def upsampled(nodes, side):
    """Nodes at the first and the last texel, the others evenly between."""
    if nodes.shape[2] == side:
        return nodes
    return F.interpolate(nodes, size=(side, side), mode="bilinear", align_corners=True)


NETWORKS = {"prnet": PRNet, "lite": Lite, "heatmap": HeatmapNetwork}

PARTS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def weights(network):
    """Each weight, moving averages too, by its name in posmap."""
    named = {}
    for key, tensor in network.state_dict(keep_vars=True).items():
        path, _, part = key.rpartition(".")
        normalizes = isinstance(network.get_submodule(path), nn.BatchNorm2d)
        part = PARTS.get(part) if normalizes else part.replace("weight", "kernel")
        if part:
            named[f"{path.removesuffix('.1')}/{part}"] = tensor  # .1: a padding stands before the convolution
    return named


def posmap_layout(tensor):
    """A view of a weight, or of its gradient, with the axes in posmap's order."""
    if tensor.dim() == 4:
        return tensor.permute(2, 3, 1, 0)
    return tensor.t() if tensor.dim() == 2 else tensor


def build(model, size):
    """A new network of the published width, its kernels drawn as posmap draws them."""
    network = NETWORKS[model](size)
    for name, weight in weights(network).items():
        if name.endswith("/kernel"):
            nn.init.xavier_uniform_(weight)
    return network
