"""Starts as a training in PyTorch starts: up to its help, or up to its first step of the light network on noise."""

import argparse
import json
import sys

import torch

given = json.loads(sys.argv[1])

if given["until"] == "help":
    parser = argparse.ArgumentParser(description="Trains a network")
    parser.add_argument("--steps", type=int, default=20_000, help="batches to train on")
    parser.parse_args(["--help"])

import networks  # noqa: E402

torch.set_num_threads(given["threads"])
size, batch = given["imageSize"], given["batchSize"]
network = networks.build("lite", size)
optimizer = torch.optim.Adam(network.parameters(), given["learningRate"], fused=True)
loss = (network(torch.rand(batch, 3, size, size)) - torch.rand(batch, 3, size, size)).abs().mean()
loss.backward()
optimizer.step()
print(f"step 1  loss {loss.item():.5f}", flush=True)
