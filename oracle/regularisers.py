"""Regularisers alone: three units of four inputs driven by the gradients of optimizers.py, in float64.

    python3 oracle/regularisers.py            writes crates/rules/tests/oracle/regularisers.json
    python3 oracle/regularisers.py --check    compares with it instead

Penalties are differentiated by autograd and added to the given gradient; a unit's weights are divided by their norm where it is
too large (torch.renorm does so, but for 1e-7 that it adds to the norm).
"""

import torch

import optimizers
from constants import main, numbers, tensor
from optimizers import LEARNING_RATE, STORED_STEPS

SEED = optimizers.SEED
INPUTS = 4


def drive():
    """That of the optimizers, for units of several inputs; a weight of 0 has a gradient of its penalty, too: none."""
    given = optimizers.drive()
    return {**given, "inputs": INPUTS, "initial_weights": [0.0] + given["initial_weights"][1:]}


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
