"""Milliseconds of a training step in PyTorch: the network of spinet's benchmark, plain and with spine bounds.

Written as a PyTorch user would: autograd, torch.optim.SGD, the rule (Zhao, Zeng and Bai 2022, Algorithm 1; growth counted
cumulatively, shrinking consecutively) as in-place operations on whole tensors. With --compile the model, the optimizer's
step and the rule go through torch.compile.

    python torch_step.py --threads N [--steps N] [--compile]

Prints one JSON object; each time is the median over the steps after a warm-up.
"""

import argparse
import json
import statistics
import time

import torch

SHAPES = [(784, 10), (784, 100), (784, 500), (3072, 100), (3072, 500)]
BATCH, CLASSES, LEARNING_RATE = 600, 10, 0.1
INITIAL_BOUND, BOUND_STEP, THRESHOLD = 0.45, 0.06, 10
WARM_UP = 15


class SpineBound:
    """Bounds and counters of one weight matrix."""

    def __init__(self, weight):
        self.weight = weight
        self.bound = torch.full_like(weight, INITIAL_BOUND)
        self.over, self.decay = torch.zeros_like(weight), torch.zeros_like(weight)
        self.before = torch.zeros_like(weight)

    @torch.no_grad()
    def remember(self):
        torch.abs(self.weight, out=self.before)

    @torch.no_grad()
    def apply(self):
        magnitude = self.weight.abs()
        self.over.add_(magnitude > self.bound)
        self.decay.add_(1).mul_(magnitude < self.before)
        grows, shrinks = self.over >= THRESHOLD, self.decay >= THRESHOLD
        self.bound.add_(grows.float() - shrinks.float(), alpha=BOUND_STEP).clamp_(min=0)
        self.over.masked_fill_(grows, 0)
        self.decay.masked_fill_(shrinks, 0)
        torch.clamp(self.weight, -self.bound, self.bound, out=self.weight)


def median_ms(inputs, hidden, with_rule, steps, compiled):
    images, labels = torch.rand(BATCH, inputs), torch.randint(0, CLASSES, (BATCH,))
    model = torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.Sigmoid(), torch.nn.Linear(hidden, CLASSES))
    for layer in (model[0], model[2]):
        torch.nn.init.uniform_(layer.weight, -1, 1)
        torch.nn.init.zeros_(layer.bias)
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE), torch.nn.CrossEntropyLoss()
    rules = [SpineBound(layer.weight.data) for layer in (model[0], model[2])] if with_rule else []
    wrap = torch.compile if compiled else lambda function: function
    forward, update, apply = wrap(model), wrap(optimizer.step), [wrap(rule.apply) for rule in rules]
    times = []
    for step in range(WARM_UP + steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss(forward(images), labels).backward()
        for rule in rules:
            rule.remember()
        update()
        for one in apply:
            one()
        if step >= WARM_UP:
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--compile", action="store_true")
    words = parser.parse_args()
    torch.set_num_threads(words.threads)
    torch.manual_seed(0)
    rows = []
    for inputs, hidden in SHAPES:
        sgd, bdnn = (median_ms(inputs, hidden, rule, words.steps, words.compile) for rule in (False, True))
        rows.append({"inputs": inputs, "hidden": hidden, "threads": words.threads, "sgd_ms": sgd, "bdnn_ms": bdnn})
    print(json.dumps({"program": f"PyTorch {torch.__version__.split('+')[0]}", "rows": rows}))


if __name__ == "__main__":
    main()
