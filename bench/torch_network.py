"""Milliseconds of a training step of a preset's network in PyTorch, and the peak memory of the process.

The networks are those of spinet's presets, with plain SGD and cross-entropy, on prepared random images; eager, or with the
model through torch.compile.

    python torch_network.py NAME --threads N [--seconds S] [--compile]

Prints one JSON object; the time is the median over the steps after a warm-up.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn

BATCH, CLASSES, WARM_UP = 64, 10, 5


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, CLASSES),
    )  # fmt: skip


def convolution(below, channels, pool=False):
    layers = [nn.Conv2d(below, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if pool else []))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.inner = nn.Sequential(convolution(channels, channels), convolution(channels, channels))

    def forward(self, x):
        return x + self.inner(x)


def resnet9():
    return nn.Sequential(
        convolution(3, 32), convolution(32, 64, pool=True), Residual(64), convolution(64, 128, pool=True),
        convolution(128, 256, pool=True), Residual(256), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(256, CLASSES),
    )  # fmt: skip


NETWORKS = {"lenet5": (lenet5, (1, 28, 28)), "resnet9": (resnet9, (3, 32, 32))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=NETWORKS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--compile", action="store_true")
    words = parser.parse_args()
    torch.set_num_threads(words.threads)
    torch.manual_seed(0)
    make, shape = NETWORKS[words.name]
    network = make()
    run = torch.compile(network) if words.compile else network
    optimizer, loss = torch.optim.SGD(network.parameters(), lr=1e-3), nn.CrossEntropyLoss()
    images, labels = torch.rand(BATCH, *shape), torch.randint(0, CLASSES, (BATCH,))
    times, end = [], None
    while end is None or time.perf_counter() < end or len(times) < 10:
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss(run(images), labels).backward()
        optimizer.step()
        times.append(1e3 * (time.perf_counter() - start))
        if end is None and len(times) == WARM_UP:
            times, end = [], time.perf_counter() + words.seconds
    row = {"preset": words.name, "batch": BATCH, "threads": words.threads, "sgd_ms": statistics.median(times)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"program": f"PyTorch {torch.__version__.split('+')[0]}", "rows": [row], "peak_memory_mb": round(peak, 1)}))


if __name__ == "__main__":
    main()
