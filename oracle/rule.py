"""The spine bound (BDNN-dsd) alone: 24 weights driven by given gradients for 30 steps, in float64.

    python3 oracle/rule.py            writes crates/rules/tests/oracle/bdnn_dsd.json
    python3 oracle/rule.py --check    compares with it instead

The rule is Zhao, Zeng and Bai 2022, Eqs. (3.2), (3.3) and Algorithm 1. There are two drives:

- `dyadic`: rate, bounds and gradients are multiples of powers of two, so every operation is exact and ties
  (a weight exactly at its bound, a magnitude that stays the same) are true ties in any precision.
- `decimal`: ordinary numbers; every comparison is decided by more than MARGIN, so rounding cannot turn it.
"""

import random
from dataclasses import dataclass, field

import torch

from constants import main, numbers, tensor

SEED = 20220102
WEIGHTS = 24
STEPS = 30
STORED_STEPS = [1, 4, 10, 20, 30]
COUNTINGS = ["consecutive", "cumulative"]
MARGIN = 1e-9


@dataclass
class SpineBound:
    """What a person chooses, and what the rule keeps for one array of weights."""

    growth_counting: str
    shrink_counting: str
    threshold: int
    bound_step: float
    bound: torch.Tensor
    over: torch.Tensor = field(init=False)
    decay: torch.Tensor = field(init=False)
    events: dict = field(default_factory=lambda: {"appeared": 0, "grew": 0, "shrank": 0, "disappeared": 0})
    both_fired: int = 0
    margin: float = float("inf")

    def __post_init__(self):
        self.over = torch.zeros_like(self.bound, dtype=torch.int64)
        self.decay = torch.zeros_like(self.bound, dtype=torch.int64)

    def step(self, before, update):
        """The new weights. `update` is -learning_rate * gradient."""
        old_bound = self.bound
        # Step 1, Eq. (3.2)
        weight = before + update
        # Step 2: both judged before the clamp and before the bound changes
        exceeds = weight.abs() > old_bound
        decays = weight.abs() < before.abs()
        # Step 3: a miss sets the counter to zero only when counting is consecutive
        self.over = torch.where(exceeds, self.over + 1, 0 * self.over if self.growth_counting == "consecutive" else self.over)
        self.decay = torch.where(decays, self.decay + 1, 0 * self.decay if self.shrink_counting == "consecutive" else self.decay)
        # Step 4: first growth, then shrinking, and never below zero
        grows = self.over >= self.threshold
        self.bound = torch.where(grows, self.bound + self.bound_step, self.bound)
        self.over = torch.where(grows, 0 * self.over, self.over)
        shrinks = self.decay >= self.threshold
        self.bound = torch.where(shrinks, torch.clamp(self.bound - self.bound_step, min=0.0), self.bound)
        self.decay = torch.where(shrinks, 0 * self.decay, self.decay)
        # Step 5, Eq. (3.3), with the new bound
        clamped = torch.minimum(torch.maximum(weight, -self.bound), self.bound)

        self.count_events(old_bound)
        self.both_fired += int((grows & shrinks).sum())
        compared = [weight.abs() - old_bound, weight.abs() - before.abs(), clamped.abs() - self.bound, self.bound]
        self.margin = min([self.margin, *(smallest_nonzero(difference) for difference in compared)])
        return clamped

    def count_events(self, old):
        """Compares each bound before and after the whole step."""
        new = self.bound
        self.events["appeared"] += int(((new > old) & (old == 0)).sum())
        self.events["grew"] += int(((new > old) & (old > 0)).sum())
        self.events["shrank"] += int(((new < old) & (new > 0)).sum())
        self.events["disappeared"] += int(((new < old) & (new == 0)).sum())

    def counts(self, weight):
        return {
            "saturated": int(((weight.abs() == self.bound) & (self.bound > 0)).sum()),
            "zero_weights": int((weight == 0).sum()),
            "zero_bounds": int((self.bound == 0).sum()),
        }


def smallest_nonzero(difference):
    """How far the closest comparison is from a tie; exact ties do not count."""
    magnitudes = difference.abs()[difference != 0]
    return magnitudes.min().item() if len(magnitudes) else float("inf")


def dyadic_drive():
    """Hand-made lanes for the edge cases, then random ones. Rate 1/2, initial bound 1/2, bound step 1/8, threshold 3."""
    out, back = -0.25, 0.25  # gradients that move a positive weight outwards and inwards
    lanes = [
        (0.25, [0.0] * 30),  # nothing ever happens
        (0.5, [0.0] * 30),  # exactly at its bound: does not exceed
        (0.75, [0.0] * 30),  # starts beyond its bound with gradient zero: exceeds once, is clamped
        (0.0, [0.0] * 30),  # zero weight, gradient zero
        (0.5, [out] * 30),  # pushed outwards always
        (-0.5, [back] * 30),  # the same, negative
        (0.25, [-0.5] + [0.0] * 29),  # arrives exactly at its bound: does not exceed
        (0.25, [1.0, -1.0] * 15),  # flips its sign and keeps its magnitude: does not decay
        (0.75, [back / 2] * 2 + [0.0] * 28),  # exceeds and decays in the first step
        (-0.875, [-0.25] * 30),  # the same, negative, then on through zero
        (0.5, [out, out, back] * 10),  # two pushes, one miss: growth only when cumulative
        (0.5, [back / 4, back / 4, -back / 4] * 10),  # the same for shrinking
        (-0.5, [-0.0625] * 12 + [0.0] * 18),  # loses its spine and stays so
        (0.5, [0.0625] * 15 + [-0.5] * 15),  # loses its spine slowly, then is pushed out again
        (0.5, ([0.03125] * 3 + [0.0]) * 4 + [0.0] * 4 + [0.5, 0.5, 0.0, 0.5] + [0.5] * 6),  # misses in between
    ]
    generator = random.Random(SEED)
    while len(lanes) < WEIGHTS:
        drift = generator.choice([-8, -4, 0, 4, 8])
        gradients = [(generator.randrange(-16, 17) + drift) / 32 for _ in range(STEPS)]
        lanes.append((generator.randrange(-32, 33) / 32, gradients))
    return drive(lanes, 0.5)


def decimal_drive():
    """Random lanes that move one way for six steps, then perhaps the other way, so that bounds rise, fall and return."""
    generator = random.Random(SEED + 1)
    lanes = []
    for _ in range(WEIGHTS):
        drifts = [generator.choice([-0.5, 0.5]) for _ in range(0, STEPS, 6)]
        gradients = [round(drifts[step // 6] + generator.uniform(-0.6, 0.6), 5) for step in range(STEPS)]
        lanes.append((round(generator.uniform(-1.0, 1.0), 4), gradients))
    return drive(lanes, 0.1)


def drive(lanes, learning_rate):
    assert len(lanes) == WEIGHTS and all(len(gradients) == STEPS for _, gradients in lanes)
    return {
        "learning_rate": learning_rate,
        "initial_weights": [weight for weight, _ in lanes],
        "gradients": [list(step) for step in zip(*(gradients for _, gradients in lanes))],
    }


def rule_case(name, drives, drive_name, growth, shrink, threshold, initial_bound, bound_step):
    given = drives[drive_name]
    weight = tensor(given["initial_weights"])
    rule = SpineBound(growth, shrink, threshold, bound_step, torch.full_like(weight, initial_bound))
    states = []
    for step, gradient in enumerate(given["gradients"], start=1):
        weight = rule.step(weight, -given["learning_rate"] * tensor(gradient))
        if step in STORED_STEPS:
            states.append({
                "step": step,
                "weights": numbers(weight),
                "bounds": numbers(rule.bound),
                "over": numbers(rule.over),
                "decay": numbers(rule.decay),
                "spine_events": dict(rule.events),
            })
    assert rule.margin > MARGIN, f"{name}: a comparison hangs on {rule.margin}; choose another seed"
    # Once clamped, a weight cannot exceed and decay in one step: both fire only in step 1 with a threshold of 1.
    assert (rule.both_fired > 0) == (threshold == 1), name
    return {
        "name": name,
        "drive": drive_name,
        "growth_counting": growth,
        "shrink_counting": shrink,
        "threshold": threshold,
        "initial_bound": initial_bound,
        "bound_step": bound_step,
        "states": states,
        "counts": rule.counts(weight),
        "both_fired": rule.both_fired,
    }


def make():
    drives = {"dyadic": dyadic_drive(), "decimal": decimal_drive()}
    cases = []
    for drive_name, threshold, initial_bound, bound_step in [("dyadic", 3, 0.5, 0.125), ("decimal", 2, 0.11, 0.06)]:
        for growth in COUNTINGS:
            for shrink in COUNTINGS:
                name = f"{drive_name} growth-{growth} shrink-{shrink}"
                cases.append(rule_case(name, drives, drive_name, growth, shrink, threshold, initial_bound, bound_step))
                assert all(cases[-1]["states"][-1]["spine_events"].values()), f"{name}: an event is missing"
                assert drive_name == "decimal" or all(cases[-1]["counts"].values()), f"{name}: a count is zero"
        finals = [case["states"][-1] for case in cases if case["drive"] == drive_name]
        assert all(a["bounds"] != b["bounds"] for a in finals for b in finals if a is not b), "two countings agree"
    cases.append(rule_case("threshold-one", drives, "dyadic", "cumulative", "consecutive", 1, 0.5, 0.125))
    cases.append(rule_case("bound-step-larger-than-bound", drives, "dyadic", "cumulative", "consecutive", 3, 0.25, 0.75))
    return {"drives": drives, "cases": cases}


if __name__ == "__main__":
    main("oracle/rule.py", SEED, make, "crates/rules/tests/oracle/bdnn_dsd.json")
