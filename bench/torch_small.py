"""Milliseconds of a training step in PyTorch with small batches: 784-256-256-10, ReLU, batch 64; plain, with GRAPES, momentum, Adam.

Written as a PyTorch user would: autograd, torch.optim, and GRAPES (Dellaferrera et al. 2022) as a factor on each hidden layer's output
that changes what comes back and not what goes forward: y * m - (y * m).detach() + y.detach().

    python torch_small.py --threads N [--steps N]

Prints one JSON object; each time is the median over the steps after a warm-up.
"""

import argparse
import json
import statistics
import time

import torch

SIZES, BATCH = [784, 256, 256, 10], 64
WARM_UP = 30


class Network(torch.nn.Module):
    def __init__(self, has_grapes):
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(i, o) for i, o in zip(SIZES[:-1], SIZES[1:]))
        self.has_grapes = has_grapes

    def forward(self, y):
        for layer in self.layers[:-1]:
            y = torch.relu(layer(y))
            if self.has_grapes:
                with torch.no_grad():
                    importance = layer.weight.abs().sum(dim=1)
                    factor = (2 * importance / importance.max()).clamp(1, 2)
                scaled = y * factor
                y = scaled - scaled.detach() + y.detach()
        return self.layers[-1](y)


def median_ms(rule, steps):
    images, labels = torch.rand(BATCH, SIZES[0]), torch.randint(0, SIZES[-1], (BATCH,))
    model, loss = Network(rule == "grapes"), torch.nn.CrossEntropyLoss()
    make = {"adam": torch.optim.Adam, "momentum": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)}.get(rule, torch.optim.SGD)
    optimizer = make(model.parameters(), lr=1e-3)
    times = []
    for step in range(WARM_UP + steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss(model(images), labels).backward()
        optimizer.step()
        if step >= WARM_UP:
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=300)
    words = parser.parse_args()
    torch.set_num_threads(words.threads)
    torch.manual_seed(0)
    rules = {rule: median_ms(rule, words.steps) for rule in ("grapes", "momentum", "adam")}
    row = {"inputs": SIZES[0], "hidden": SIZES[1], "threads": words.threads, "sgd_ms": median_ms("none", words.steps), "rules_ms": rules}
    print(json.dumps({"program": f"PyTorch {torch.__version__.split('+')[0]}", "rows": [row]}))


if __name__ == "__main__":
    main()
