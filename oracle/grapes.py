"""GRAPES in a network with three hidden layers (6-7-5-4-3, tanh, softmax cross-entropy), in float64.

    python3 oracle/grapes.py            writes crates/nn/tests/oracle/grapes.json
    python3 oracle/grapes.py --check    compares with it instead

The factors are M = clip(gain * I / max I, least, gain) with the importance I of a unit, the sum of the magnitudes of the weights that
it receives or sends (Dellaferrera et al. 2022). In the propagating form the output y of a hidden layer is replaced by
y * M - (y * M).detach() + y.detach(), which leaves it as it is and multiplies what comes back by M. In the local form autograd
runs undisturbed and each row of a hidden layer's gradient is multiplied by its unit's factor. The control has the mean of M in
place of M.
"""

import random

import torch
from torch.nn import functional

from constants import main, numbers, tensor

SEED = 20220105
SIZES = [6, 7, 5, 4, 3]
BATCH = 8


def problem():
    generator = random.Random(SEED)
    layers = list(zip(SIZES[:-1], SIZES[1:]))
    return {
        "sizes": SIZES,
        "activation": "tanh",
        "weights": [[round(generator.uniform(-1, 1), 4) for _ in range(i * o)] for i, o in layers],
        "biases": [[round(generator.uniform(-0.5, 0.5), 4) for _ in range(o)] for _, o in layers],
        "inputs": [round(generator.uniform(-2, 2), 2) for _ in range(BATCH * SIZES[0])],
        "labels": [generator.randrange(SIZES[-1]) for _ in range(BATCH)],
    }


def factors(weights, layer, gain, least, importance, is_mean):
    """The factor of every unit of a hidden layer."""
    own = weights[layer].detach().abs().sum(dim=1) if importance == "incoming" else weights[layer + 1].detach().abs().sum(dim=0)
    found = torch.clamp(gain * own / own.max(), min=least, max=gain)
    return torch.full_like(found, found.mean().item()) if is_mean else found


def gradients(given, rule, form, **settings):
    weights = [tensor(w, rows=o).requires_grad_() for w, o in zip(given["weights"], SIZES[1:])]
    biases = [tensor(b).requires_grad_() for b in given["biases"]]
    hidden = range(len(weights) - 1)
    modulation = [factors(weights, layer, is_mean=rule == "scalar-gain", **settings) for layer in hidden]
    y = tensor(given["inputs"], rows=BATCH)
    for layer in hidden:
        y = torch.tanh(functional.linear(y, weights[layer], biases[layer]))
        if form == "propagating":
            y = y * modulation[layer] - (y * modulation[layer]).detach() + y.detach()
    loss = functional.cross_entropy(functional.linear(y, weights[-1], biases[-1]), torch.tensor(given["labels"]))
    loss.backward()
    if form == "local":
        for layer in hidden:
            weights[layer].grad *= modulation[layer][:, None]
            biases[layer].grad *= modulation[layer]
    parameters = ",".join(f"{name}={value}" for name, value in settings.items())
    return {
        "rule": f"{rule}:form={form},{parameters}",
        "loss": loss.item(),
        "factors": [numbers(m) for m in modulation],
        "weights": [numbers(w.grad) for w in weights],
        "biases": [numbers(b.grad) for b in biases],
    }


def make():
    given = problem()
    cases = []
    for rule in ["grapes", "scalar-gain"]:
        for form in ["propagating", "local"]:
            for importance in ["incoming", "outgoing"]:
                cases.append(gradients(given, rule, form, gain=2, least=1, importance=importance))
    cases.append(gradients(given, "grapes", "propagating", gain=3, least=0, importance="incoming"))
    return {**given, "cases": cases}


if __name__ == "__main__":
    main("oracle/grapes.py", SEED, make, "crates/nn/tests/oracle/grapes.json")
