"""Regularisers alone: three units of four inputs driven by given gradients for 40 steps, in float64.

    python3 oracle/regularisers.py            writes crates/rules/tests/oracle/regularisers.json
    python3 oracle/regularisers.py --check    compares with it instead

Penalties are differentiated by autograd and added to the given gradient; a unit's weights are divided by their norm where it is
too large (torch.renorm does so, but for 1e-7 that it adds to the norm).
"""

import random

import torch

from constants import main, numbers, tensor

SEED = 20220107
INPUTS = 4
WEIGHTS = 12
STEPS = 40
STORED_STEPS = [1, 2, 10, 40]
LEARNING_RATE = 0.07


def drive():
    generator = random.Random(SEED)
    return {
        "learning_rate": LEARNING_RATE,
        "inputs": INPUTS,
        # A weight of 0 has a gradient of its penalty, too: none.
        "initial_weights": [0.0] + [round(generator.uniform(-1, 1), 4) for _ in range(WEIGHTS - 1)],
        "gradients": [[0.0] + [round(generator.uniform(-1, 2), 4) for _ in range(WEIGHTS - 1)] for _ in range(STEPS)],
    }


def case(given, rule, penalty=lambda weight: 0.0 * weight.sum(), limited=lambda weight: weight):
    weight = tensor(given["initial_weights"]).reshape(-1, INPUTS)
    states = []
    for step, gradient in enumerate(given["gradients"], start=1):
        weight = weight.detach().requires_grad_()
        (tensor(gradient).reshape(-1, INPUTS) * weight).sum().add(penalty(weight)).backward()
        weight = limited(weight.detach() - LEARNING_RATE * weight.grad)
        if step in STORED_STEPS:
            states.append({"step": step, "weights": numbers(weight.reshape(-1))})
    return {"rule": rule, "states": states}


def make():
    given = drive()
    # As the specification has it, L2 adds weight_decay * w to the gradient: half the square is differentiated.
    l1 = lambda strength: lambda weight: strength * weight.abs().sum()
    l2 = lambda strength: lambda weight: strength * weight.square().sum() / 2
    norm = lambda most: lambda weight: weight * (most / weight.norm(dim=1, keepdim=True)).clamp(max=1.0)
    cases = [
        case(given, "l1:l1_penalty=0.3", penalty=l1(0.3)),
        case(given, "l1:l1_penalty=0.01", penalty=l1(0.01)),
        case(given, "l2:weight_decay=0.3", penalty=l2(0.3)),
        case(given, "max-norm:max_norm=0.8", limited=norm(0.8)),
        case(given, "max-norm:max_norm=2", limited=norm(2.0)),
    ]
    return {"drive": given, "cases": cases}


if __name__ == "__main__":
    main("oracle/regularisers.py", SEED, make, "crates/rules/tests/oracle/regularisers.json")
