"""A training step of posmap in PyTorch: bytes to images, forward, loss, backward, Adam, the loss read."""

import time

import serve

given = serve.options()

import torch  # noqa: E402

import networks  # noqa: E402

WARM_UP_STEPS = 2

torch.set_num_threads(given["threads"])
torch.manual_seed(7)
size, batch, steps = given["imageSize"], given["batchSize"], given["steps"]
memory_format = torch.channels_last if given["format"] == "channels_last" else torch.contiguous_format
network = networks.build(given["architecture"], size).to(memory_format=memory_format).train()
kernels = [weight for name, weight in networks.weights(network).items() if name.endswith("/kernel")]
others = [weight for name, weight in networks.weights(network).items() if not name.endswith(("/kernel", "/moving_mean", "/moving_variance"))]
# the gradient of half the sum of kernels' squares, times l2
groups = [{"params": kernels, "weight_decay": given["l2"]}, {"params": others}]
optimizer = torch.optim.Adam(groups, given["learningRate"], fused=True)

pixels = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8)
targets = torch.rand(batch, size, size, 3).mul(0.4).add(0.3).permute(0, 3, 1, 2).contiguous(memory_format=memory_format)
mask = torch.ones(1, 1, size, size)
scale = mask.sum() * batch * 3


def step():
    images = pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=memory_format).div_(255)
    error = network(images) - targets
    loss = ((error.square() if given["loss"] == "mse" else error.abs()) * mask).sum() / scale
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def repeat():
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return [{"unit": "images/s", "value": steps * batch / (time.perf_counter() - start)}]


for _ in range(WARM_UP_STEPS):
    step()
serve.serve(repeat)
