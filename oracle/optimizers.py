"""The optimizers alone: 12 weights driven by given gradients for 40 steps, in float64; through torch.optim where it has them.

    python3 oracle/optimizers.py            writes crates/rules/tests/oracle/optimizers.json
    python3 oracle/optimizers.py --check    compares with it instead

Gradients span nine orders of magnitude, change sign, and are zero now and then, so that means, roots and their corrections
matter. Biases are driven by the same numbers as the weights in a parameter group of their own without weight decay.
"""

import random

import torch

from constants import main, numbers, tensor

SEED = 20220104
WEIGHTS = 12
STEPS = 40
STORED_STEPS = [1, 2, 10, 40]
LEARNING_RATE = 0.07


def drive():
    generator = random.Random(SEED)
    scales = [10.0 ** (3 - 9 * lane / (WEIGHTS - 1)) for lane in range(WEIGHTS)]
    gradients = [
        [0.0 if generator.random() < 0.1 else round(generator.uniform(-1, 2), 4) * scale for scale in scales] for _ in range(STEPS)
    ]
    return {
        "learning_rate": LEARNING_RATE,
        "initial_weights": [round(generator.uniform(-1, 1), 4) for _ in range(WEIGHTS)],
        "gradients": gradients,
    }


def case(given, rule, make, decays=0.0):
    weight, bias = (tensor(given["initial_weights"]).requires_grad_() for _ in range(2))
    optimizer = make([{"params": [weight], "weight_decay": decays}, {"params": [bias], "weight_decay": 0.0}])
    states = []
    for step, gradient in enumerate(given["gradients"], start=1):
        weight.grad, bias.grad = tensor(gradient), tensor(gradient)
        optimizer.step()
        if step in STORED_STEPS:
            states.append({"step": step, "weights": numbers(weight), "biases": numbers(bias)})
    return {"rule": rule, "states": states}


class NeuroPlastic:
    """The optimizer of Jiang et al. 2026 as its published code computes it, one step an epoch."""

    def __init__(self, groups, rate, scale=2.0, warm_up=2, least=0.2, most=2.0, max_norm=1.0):
        self.values = [group["params"][0] for group in groups]
        self.rate, self.scale, self.warm_up, self.clip, self.max_norm = rate, scale, warm_up, (least, most), max_norm
        self.state = [[torch.zeros_like(values) for _ in range(3)] for values in self.values]
        self.epoch = 1

    @torch.no_grad()
    def step(self):
        relative = lambda x: x / (x.mean() + 1e-8)
        for values, state in zip(self.values, self.state):
            g, (a, m, v) = values.grad, state
            a, m, v = state[:] = [0.95 * a + 0.05 * g.abs(), 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2]
            full = 0.4 * relative(a) + 0.4 * relative(g.abs()) + 0.2 * relative(m.abs() / (v.sqrt() + 1e-8))
            full, plain = full.clamp(*self.clip), relative(g.abs()).clamp(*self.clip)
            gate = min((self.epoch - 1) / self.warm_up, 1.0) if self.warm_up else 1.0
            u = (plain + gate * self.scale * (full - plain)) * g
            if u.norm() > self.max_norm:
                u = u * self.max_norm / u.norm()
            u = u * (1 + 0.01 * (0.02 - u.square().mean().sqrt())).clamp(0.5, 1.5)
            values -= self.rate * u
        self.epoch += 1


def make():
    given, rate, optim = drive(), LEARNING_RATE, torch.optim
    cases = [
        case(given, "gradient-descent", lambda groups: optim.SGD(groups, rate)),
        case(given, "momentum:momentum=0.9", lambda groups: optim.SGD(groups, rate, momentum=0.9)),
        case(given, "momentum:momentum=0.5", lambda groups: optim.SGD(groups, rate, momentum=0.5)),
        case(given, "nesterov:momentum=0.9", lambda groups: optim.SGD(groups, rate, momentum=0.9, nesterov=True)),
        case(given, "rmsprop:decay=0.9", lambda groups: optim.RMSprop(groups, rate, alpha=0.9, eps=1e-8)),
        case(given, "rmsprop:decay=0.99,epsilon=0.001", lambda groups: optim.RMSprop(groups, rate, alpha=0.99, eps=1e-3)),
        case(given, "adam", lambda groups: optim.Adam(groups, rate, eps=1e-8)),
        case(
            given,
            "adam:beta1=0.5,beta2=0.9,epsilon=0.001",
            lambda groups: optim.Adam(groups, rate, betas=(0.5, 0.9), eps=1e-3),
        ),
        case(given, "adamw:weight_decay=0.3", lambda groups: optim.AdamW(groups, rate, eps=1e-8), decays=0.3),
        case(given, "neuroplastic", lambda groups: NeuroPlastic(groups, rate)),
        case(given, "neuroplastic:scale=0", lambda groups: NeuroPlastic(groups, rate, scale=0.0)),
        case(
            given,
            "neuroplastic:scale=1,warm_up=5,least=0.5,most=1.5,max_norm=10000",
            lambda groups: NeuroPlastic(groups, rate, 1.0, 5, 0.5, 1.5, 1e4),
        ),
    ]
    return {"drive": given, "cases": cases}


if __name__ == "__main__":
    main("oracle/optimizers.py", SEED, make, "crates/rules/tests/oracle/optimizers.json")
