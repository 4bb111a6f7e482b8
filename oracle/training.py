"""Training of one small network (6-5-4, sigmoid, softmax cross-entropy) by each method, in float64.

    python3 oracle/training.py            writes crates/nn/tests/oracle/training.json
    python3 oracle/training.py --check    compares with it instead

All cases share the initial weights and the batches; each step has a batch of its own. The methods are plain
gradient descent, L2 (coupled: gradient + weight_decay * weight, weights only), inverted dropout of the hidden
layer with given masks, and the spine bound of `rule.py` in all four countings, on all layers or the first only.

Losses are of each step's batch before its update; states are after that step, steps counted from 1.
"""

import random

import torch
from torch.nn import functional

from constants import main, numbers, tensor
from rule import COUNTINGS, MARGIN, SpineBound

SEED = 20220103
SIZES = [6, 5, 4]
BATCH = 8
STEPS = 24
STORED_STEPS = [12, 24]
LEARNING_RATE = 0.7
WEIGHT_DECAY = 0.05
DROPOUT_RATE = 0.4
THRESHOLD, INITIAL_BOUND, BOUND_STEP = 2, 0.3, 0.11


def problem():
    generator = random.Random(SEED)
    layers = list(zip(SIZES[:-1], SIZES[1:]))
    return {
        "sizes": SIZES,
        "activation": "sigmoid",
        "loss": "cross-entropy",
        "batch": BATCH,
        "steps": STEPS,
        "learning_rate": LEARNING_RATE,
        "initial_weights": [[round(generator.uniform(-1, 1), 4) for _ in range(i * o)] for i, o in layers],
        "initial_biases": [[0.0] * o for _, o in layers],
        "inputs": [[round(generator.uniform(-2, 2), 2) for _ in range(BATCH * SIZES[0])] for _ in range(STEPS)],
        "labels": [[generator.randrange(SIZES[-1]) for _ in range(BATCH)] for _ in range(STEPS)],
    }


def train(given, masks=None, weight_decay=0.0, rules=None):
    """The losses of all steps and the stored states. `rules` holds a SpineBound or None for each layer."""
    weights = [tensor(w, rows=o).requires_grad_() for w, o in zip(given["initial_weights"], SIZES[1:])]
    biases = [tensor(b).requires_grad_() for b in given["initial_biases"]]
    groups = [{"params": weights, "weight_decay": weight_decay}, {"params": biases}]
    optimizer = torch.optim.SGD(groups, lr=LEARNING_RATE)
    losses, states = [], []
    for step, (data, labels) in enumerate(zip(given["inputs"], given["labels"]), start=1):
        hidden = torch.sigmoid(functional.linear(tensor(data, rows=BATCH), weights[0], biases[0]))
        if masks is not None:
            hidden = hidden * tensor(masks[step - 1], rows=BATCH) / (1 - DROPOUT_RATE)
        logits = functional.linear(hidden, weights[1], biases[1])
        loss = functional.cross_entropy(logits, torch.tensor(labels))
        losses.append(loss.item())

        before = [weight.detach().clone() for weight in weights]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for weight, old, rule in zip(weights, before, rules or [None, None]):
            if rule is not None:
                weight.data = rule.step(old, -LEARNING_RATE * weight.grad)
        if step in STORED_STEPS:
            states.append({"step": step, **state(weights, biases, rules)})
    return {"losses": losses, "states": states, **final_counts(weights, rules)}


def state(weights, biases, rules):
    stored = {"weights": [numbers(w) for w in weights], "biases": [numbers(b) for b in biases]}
    if rules is not None:
        for name, array in [("bounds", "bound"), ("over", "over"), ("decay", "decay")]:
            stored[name] = [numbers(getattr(rule, array)) if rule else None for rule in rules]
        stored["spine_events"] = summed(rule.events for rule in rules if rule)
    return stored


def final_counts(weights, rules):
    """Over the bounded layers only."""
    if rules is None:
        return {}
    return {"counts": summed(rule.counts(weight) for rule, weight in zip(rules, weights) if rule)}


def summed(parts):
    parts = list(parts)
    return {key: sum(part[key] for part in parts) for key in parts[0]}


def spine_bound_case(given, layers, growth, shrink):
    shapes = [torch.full((o, i), INITIAL_BOUND) for i, o in zip(SIZES[:-1], SIZES[1:])]
    rules = [SpineBound(growth, shrink, THRESHOLD, BOUND_STEP, bound) for bound in shapes]
    if layers == "first":
        rules[1] = None
    case = {
        "name": f"spine-bound {layers} growth-{growth} shrink-{shrink}",
        "method": "spine-bound",
        "growth_counting": growth,
        "shrink_counting": shrink,
        "layers": layers,
        "threshold": THRESHOLD,
        "initial_bound": INITIAL_BOUND,
        "bound_step": BOUND_STEP,
        **train(given, rules=rules),
    }
    margin = min(rule.margin for rule in rules if rule)
    assert margin > MARGIN, f"{case['name']}: a comparison hangs on {margin}; choose another seed"
    assert all(case["states"][-1]["spine_events"].values()), f"{case['name']}: an event is missing"
    assert all(case["counts"].values()), f"{case['name']}: a count is zero"
    return case


def make():
    given = problem()
    generator = random.Random(SEED + 1)
    masks = [[int(generator.random() >= DROPOUT_RATE) for _ in range(BATCH * SIZES[1])] for _ in range(STEPS)]
    dropout = {"name": "dropout", "method": "dropout", "dropout_rate": DROPOUT_RATE, "masks": masks}
    cases = [
        {"name": "gradient-descent", "method": "gradient-descent", **train(given)},
        {"name": "l2", "method": "l2", "weight_decay": WEIGHT_DECAY, **train(given, weight_decay=WEIGHT_DECAY)},
        {**dropout, **train(given, masks=masks)},
    ]
    for layers in ["all", "first"]:
        cases += [spine_bound_case(given, layers, growth, shrink) for growth in COUNTINGS for shrink in COUNTINGS]
    return {**given, "cases": cases}


if __name__ == "__main__":
    main("oracle/training.py", SEED, make, "crates/nn/tests/oracle/training.json")
