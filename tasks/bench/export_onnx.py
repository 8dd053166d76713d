"""Writes a network from PyTorch as ONNX, batch norm as in use."""

import serve

given = serve.options()

import torch  # noqa: E402

import networks  # noqa: E402

torch.manual_seed(7)
size = given["imageSize"]
network = networks.build(given["architecture"], size).eval()
# operator set 20, PyTorch's own choice, makes a loop of the light network's last mean: several times as slow
arguments = (torch.rand(given["batchSize"], 3, size, size),)
torch.onnx.export(network, arguments, given["path"], dynamo=False, opset_version=18)
