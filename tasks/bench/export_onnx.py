"""Writes a network from PyTorch as ONNX, batch norm as in use."""

import serve

given = serve.options()

import torch  # noqa: E402

import networks  # noqa: E402

torch.manual_seed(7)
size = given["imageSize"]
network = networks.build(given["architecture"], size).eval()
torch.onnx.export(network, (torch.rand(given["batchSize"], 3, size, size),), given["path"], dynamo=False)
