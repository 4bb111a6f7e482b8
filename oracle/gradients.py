"""Losses and gradients of small dense networks, by torch's automatic differentiation in float64.

    python3 oracle/gradients.py            writes crates/nn/tests/oracle/gradients.json
    python3 oracle/gradients.py --check    compares with it instead

A layer is `z = x W^T + b` with `W` of shape [out, in]; hidden layers apply the activation to `z`.

- cross-entropy: `outputs = softmax(z)` of the last layer, loss = -log(outputs[label]), mean over the batch.
- mean-squared-error: `outputs` = the last `z` (output activation `identity`) or its sigmoid (`sigmoid`),
  loss = (outputs - one_hot(label))^2, mean over all batch * out entries.
"""

import random

import torch
from torch.nn import functional

from constants import main, numbers, tensor

SEED = 20220104
ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
OUTPUT_ACTIVATIONS = {"identity": lambda z: z, "sigmoid": torch.sigmoid, "softmax": lambda z: torch.softmax(z, 1)}
# A relu this close to its kink could fall on the other side in another order of summation.
KINK_MARGIN = 1e-3

# sizes, activation, loss, output activation, bias, batch, weights drawn from [-scale, scale]
CASES = [
    ([4, 3], "sigmoid", "cross-entropy", "softmax", True, 5, 1.0),
    ([4, 3], "sigmoid", "cross-entropy", "softmax", False, 1, 1.0),
    ([4, 3], "tanh", "mean-squared-error", "identity", True, 5, 1.0),
    ([5, 4, 3], "sigmoid", "cross-entropy", "softmax", True, 6, 1.0),
    ([5, 4, 3], "sigmoid", "cross-entropy", "softmax", False, 6, 1.0),
    ([5, 4, 3], "tanh", "cross-entropy", "softmax", True, 6, 1.0),
    ([5, 4, 3], "relu", "cross-entropy", "softmax", False, 6, 1.0),
    ([5, 4, 3], "sigmoid", "mean-squared-error", "sigmoid", True, 6, 1.0),
    ([5, 4, 3], "tanh", "mean-squared-error", "identity", False, 6, 1.0),
    ([5, 4, 3], "relu", "mean-squared-error", "sigmoid", False, 1, 1.0),
    ([5, 6, 4, 5, 3], "sigmoid", "cross-entropy", "softmax", True, 4, 1.0),
    ([5, 6, 4, 5, 3], "relu", "cross-entropy", "softmax", True, 4, 1.0),
    ([5, 6, 4, 5, 3], "tanh", "mean-squared-error", "sigmoid", False, 4, 1.0),
    ([5, 6, 4, 5, 3], "relu", "mean-squared-error", "identity", True, 4, 1.0),
    # Logits in the thousands: exp() of them overflows unless the largest is subtracted first.
    ([4, 3], "sigmoid", "cross-entropy", "softmax", True, 5, 1500.0),
]


def make():
    return {"cases": [gradient_case(*case, random.Random(SEED + i)) for i, case in enumerate(CASES)]}


def gradient_case(sizes, activation, loss, output_activation, bias, batch, scale, generator):
    def draw(count, scale):
        return [round(generator.uniform(-scale, scale), 4) for _ in range(count)]

    layers = list(zip(sizes[:-1], sizes[1:]))
    data = tensor(draw(batch * sizes[0], 1.0), rows=batch)
    labels = torch.tensor([generator.randrange(sizes[-1]) for _ in range(batch)])
    weights = [tensor(draw(rows * columns, scale), rows=rows).requires_grad_() for columns, rows in layers]
    biases = [tensor(draw(rows, 1.0)).requires_grad_() if bias else None for _, rows in layers]

    logits = forward(data, weights, biases, activation)
    outputs = OUTPUT_ACTIVATIONS[output_activation](logits)
    if loss == "cross-entropy":
        value = functional.cross_entropy(logits, labels)
    else:
        value = functional.mse_loss(outputs, functional.one_hot(labels, sizes[-1]).to(outputs.dtype))
    value.backward()
    assert batch == 1 or len(set(labels.tolist())) > 1, "choose another seed"
    assert all(weight.grad.abs().max() > 1e-6 for weight in weights), "choose another seed"

    words = [f"{len(layers)}-layer", activation, loss, output_activation, "bias" if bias else "no-bias", f"batch-{batch}"]
    return {
        "name": " ".join(words if scale == 1.0 else [*words, "huge-logits"]),
        "sizes": sizes,
        "activation": activation,
        "loss": loss,
        "output_activation": output_activation,
        "bias": bias,
        "batch": batch,
        "input": numbers(data),
        "labels": labels.tolist(),
        "weights": [numbers(weight) for weight in weights],
        "biases": [numbers(b) if bias else None for b in biases],
        "logits": numbers(logits),
        "outputs": numbers(outputs),
        "loss_value": value.item(),
        "weight_grads": [numbers(weight.grad) for weight in weights],
        "bias_grads": [numbers(b.grad) if bias else None for b in biases],
    }


def forward(x, weights, biases, activation):
    """The last layer's pre-activation, shape [batch, out]."""
    for weight, bias in zip(weights[:-1], biases[:-1]):
        z = functional.linear(x, weight, bias)
        if activation == "relu":
            assert z.abs().min() > KINK_MARGIN, "choose another seed"
            assert (z > 0).any() and (z < 0).any(), "choose another seed"
        x = ACTIVATIONS[activation](z)
    return functional.linear(x, weights[-1], biases[-1])


if __name__ == "__main__":
    main("oracle/gradients.py", SEED, make, "crates/nn/tests/oracle/gradients.json")
