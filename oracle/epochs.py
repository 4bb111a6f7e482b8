"""Rules that act once an epoch, alone: 12 weights driven by given gradients for 40 epochs of two steps, in float64.

    python3 oracle/epochs.py            writes crates/rules/tests/oracle/epochs.json
    python3 oracle/epochs.py --check    compares with it instead

Magnitude pruning takes its masks from torch.nn.utils.prune (share) or from a threshold in standard deviations (Han et al. 2015),
and the share of each epoch from Zhu and Gupta 2017, Eq. (1). The bounds of SD-SNN are computed weight by weight, as a person
would follow the description of its published code. Synaptic pruning is defined by this project; it is followed likewise.
"""

import random

import torch
from torch.nn.utils import prune

from constants import main, numbers, tensor

SEED = 20220106
WEIGHTS = 12
EPOCH_STEPS = 2
EPOCHS = 40
STORED_STEPS = [1, 20, 43, 60, 80]
LEARNING_RATE = 0.25


def drive():
    """Each weight is pulled to a target of its own that moves now and then, with noise."""
    generator = random.Random(SEED)
    targets = [round(generator.uniform(-2, 2), 3) for _ in range(WEIGHTS)]
    gradients = []
    for step in range(EPOCHS * EPOCH_STEPS):
        if step % 11 == 10:
            targets[generator.randrange(WEIGHTS)] = round(generator.uniform(-3, 3), 3)
        gradients.append([round(generator.uniform(-0.2, 0.2) - 0.3 * target, 5) for target in targets])
        targets = [round(0.97 * target, 5) for target in targets]
    return {
        "learning_rate": LEARNING_RATE,
        "epoch_steps": EPOCH_STEPS,
        "initial_weights": [round(generator.uniform(-1, 1), 4) for _ in range(WEIGHTS)],
        "gradients": gradients,
    }


class MagnitudePruning:
    def __init__(self, criterion, amount, start, end):
        self.criterion, self.amount, self.start, self.end = criterion, amount, round(start * EPOCHS), round(end * EPOCHS)
        self.mask = torch.ones(WEIGHTS)

    def after_step(self, weights):
        return weights * self.mask

    def after_epoch(self, weights, epoch):
        if self.start <= epoch <= self.end:
            ramp = 1.0 if self.start == self.end else 1 - (1 - (epoch - self.start) / (self.end - self.start)) ** 3
            if self.criterion == "share":
                # Those removed before are 0 and go first again.
                count = int(ramp * self.amount * WEIGHTS)
                self.mask = prune.L1Unstructured(count).compute_mask(weights, torch.ones(WEIGHTS))
            else:
                left = weights[self.mask == 1]
                self.mask = self.mask * (weights.abs() >= ramp * self.amount * left.std(unbiased=False))
        return weights * self.mask


class SdSnnBounds:
    def __init__(self, threshold, shrink_factor, warm_up):
        self.threshold, self.shrink_factor, self.warm_up = threshold, shrink_factor, warm_up
        self.last = None

    def after_step(self, weights):
        return weights

    def after_epoch(self, weights, epoch):
        w = weights.tolist()
        if self.last is None:
            self.high, self.low = [max(w)] * WEIGHTS, [-max(w)] * WEIGHTS
            self.above, self.below, self.decays = [[] for _ in w], [[] for _ in w], [0] * WEIGHTS
            self.were_high, self.were_low, self.fell = set(), set(), set()
        else:
            # Sets of places, as the published code has them; a weight counts when it is in today's and in the last.
            high = {i for i in range(WEIGHTS) if w[i] >= self.high[i]}
            low = {i for i in range(WEIGHTS) if w[i] <= self.low[i]}
            falls = {i for i in range(WEIGHTS) if abs(w[i]) < abs(self.last[i])}
            for i in range(WEIGHTS):
                self.above[i] = self.above[i] + [w[i] - self.high[i]] if i in high & self.were_high else []
                self.below[i] = self.below[i] + [w[i] - self.low[i]] if i in low & self.were_low else []
                self.decays[i] = self.decays[i] + 1 if i in falls & self.fell else 0
                if len(self.above[i]) == self.threshold:
                    self.high[i] += sum(self.above[i]) / self.threshold
                    self.above[i] = []
                if len(self.below[i]) == self.threshold:
                    self.low[i] += sum(self.below[i]) / self.threshold
                    self.below[i] = []
                if self.decays[i] == self.threshold:
                    self.high[i] *= self.shrink_factor
                    self.low[i] *= self.shrink_factor
                    self.decays[i] = 0
            self.were_high, self.were_low, self.fell = high, low, falls
        self.last = w
        if epoch > self.warm_up:
            w = [min(max(now, low), high) for now, low, high in zip(w, self.low, self.high)]
        return tensor(w)


class SynapticPruning:
    def __init__(self, weak, strong, patience):
        self.weak, self.strong, self.patience = weak, strong, patience
        self.removed = [False] * WEIGHTS
        self.streak = [0] * WEIGHTS
        self.collected = [0.0] * WEIGHTS

    def after_step(self, weights):
        w = weights.tolist()
        for i in range(WEIGHTS):
            if self.removed[i]:
                self.collected[i] += w[i]
                w[i] = 0.0
        return tensor(w)

    def after_epoch(self, weights, epoch):
        w = weights.tolist()
        left = [abs(w[i]) for i in range(WEIGHTS) if not self.removed[i]]
        mean = sum(left) / max(len(left), 1)
        for i in range(WEIGHTS):
            is_due = abs(self.collected[i]) > self.strong * mean if self.removed[i] else abs(w[i]) < self.weak * mean
            self.streak[i] = self.streak[i] + 1 if is_due else 0
            if self.streak[i] == self.patience:
                w[i] = self.collected[i] if self.removed[i] else 0.0
                self.removed[i] = not self.removed[i]
                self.streak[i], self.collected[i] = 0, 0.0
        return tensor(w)


def case(given, kind, name, **settings):
    rule, weights = kind(**settings), tensor(given["initial_weights"])
    states = []
    for step, gradient in enumerate(given["gradients"], start=1):
        weights = rule.after_step(weights - LEARNING_RATE * tensor(gradient))
        if step % EPOCH_STEPS == 0:
            weights = rule.after_epoch(weights, step // EPOCH_STEPS)
        if step in STORED_STEPS:
            states.append({"step": step, "weights": numbers(weights)})
    parameters = ",".join(f"{name}={value}" for name, value in settings.items())
    return {"rule": f"{name}:{parameters}", "states": states}


def make():
    given = drive()
    cases = [
        case(given, MagnitudePruning, "magnitude-pruning", criterion="share", amount=0.6, start=0.25, end=0.25),
        case(given, MagnitudePruning, "magnitude-pruning", criterion="share", amount=0.8, start=0.125, end=0.625),
        case(given, MagnitudePruning, "magnitude-pruning", criterion="deviation", amount=0.7, start=0.25, end=0.75),
        case(given, SdSnnBounds, "sd-snn-bounds", threshold=3, shrink_factor=0.75, warm_up=4),
        case(given, SdSnnBounds, "sd-snn-bounds", threshold=2, shrink_factor=0.5, warm_up=10),
        case(given, SynapticPruning, "synaptic-pruning", weak=0.5, strong=0.6, patience=2),
        case(given, SynapticPruning, "synaptic-pruning", weak=0.8, strong=0.9, patience=1),
    ]
    return {"drive": given, "cases": cases}


if __name__ == "__main__":
    main("oracle/epochs.py", SEED, make, "crates/rules/tests/oracle/epochs.json")
