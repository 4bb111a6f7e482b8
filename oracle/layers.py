"""Convolutional networks: forward pass, gradients and ten steps of gradient descent, by torch in float64.

    python3 oracle/layers.py            writes crates/nn/tests/oracle/layers.json
    python3 oracle/layers.py --check    compares with it instead

Images are [channels, height, width]. A dense layer takes what is below it as [height, width, channels]; a convolution's
weights are written as [out, kernel, kernel, in]. The loss is the cross-entropy of the last layer's outputs, mean over
the batch. Evaluation uses the running statistics of batch normalization (momentum 0.1, unbiased variance).
"""

import random

import torch
from torch.nn import functional

from constants import main, numbers, tensor

SEED = 20261201
STEPS, LEARNING_RATE, BATCH, CLASSES = 10, 0.1, 6, 3
ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "identity": lambda z: z}

# Name, channels, height, width, hidden layers.
CASES = [
    ("a small LeNet", 1, 8, 8, [
        "conv2d:channels=3,kernel=3,padding=1,activation=tanh", "avg-pool",
        "conv2d:channels=4,kernel=3,activation=tanh", "avg-pool", "dense:units=6,activation=tanh"]),
    ("strides, padding and color", 3, 7, 6, [
        "conv2d:channels=5,kernel=4,padding=2,stride=2,activation=sigmoid", "max-pool:size=3,stride=1",
        "conv2d:channels=2,kernel=1,activation=tanh"]),
    ("a residual network with batch normalization", 3, 6, 6, [
        "conv2d:channels=4,padding=1,norm=batch,activation=tanh", "conv2d:channels=4,padding=1,norm=batch,activation=relu",
        "add:from=1,activation=tanh", "conv2d:channels=6,kernel=2,stride=2,norm=batch,activation=identity",
        "global-max-pool"]),
    ("means over planes", 2, 5, 5, [
        "conv2d:channels=4,kernel=2,activation=tanh", "conv2d:channels=4,kernel=3,padding=1,activation=tanh",
        "add:from=1", "global-avg-pool", "flatten"]),
]


def make():
    return {"learning_rate": LEARNING_RATE, "batch": BATCH, "cases": [case(*c, random.Random(SEED + i)) for i, c in enumerate(CASES)]}


def options(text):
    name, _, rest = text.partition(":")
    pairs = dict(pair.split("=") for pair in rest.split(",") if pair)
    return name, lambda key, default: type(default)(pairs.get(key, default))


class Net:
    """Layers as functions; parameters in the order in which the Rust code lists its arrays."""

    def __init__(self, channels, height, width, layers, generator):
        self.layers = [options(text) for text in layers + [f"dense:units={CLASSES},activation=identity"]]
        self.arrays, self.running = [], []
        x = torch.zeros(2, channels, height, width, dtype=torch.float64)

        def draw(*shape):
            count = torch.Size(shape).numel()
            values = [round(generator.uniform(-0.7, 0.7), 4) for _ in range(count)]
            array = tensor(values).reshape(shape).requires_grad_()
            return array

        for name, option in self.layers:
            if name == "conv2d":
                units, kernel = option("channels", 16), option("kernel", 3)
                own = [draw(units, x.shape[1], kernel, kernel)]
                if option("norm", "none") == "batch":
                    own += [draw(units), draw(units)]
                    self.running.append((torch.zeros(units, dtype=torch.float64), torch.ones(units, dtype=torch.float64)))
                else:
                    own.append(draw(units))
                    self.running.append(None)
            elif name == "dense":
                own = [draw(option("units", 100), x[0].numel()), draw(option("units", 100))]
                self.running.append(None)
            else:
                own = []
                self.running.append(None)
            self.arrays.append(own)
            x = self.layer(len(self.arrays) - 1, x, [x] * len(self.arrays), training=False)

    def layer(self, index, x, outputs, training):
        (name, option), own, running = self.layers[index], self.arrays[index], self.running[index]
        size = option("size", 2)
        stride = option("stride", 0) or size
        if name == "conv2d":
            bias = own[1] if running is None else None
            x = functional.conv2d(x, own[0], bias, stride=option("stride", 1), padding=option("padding", 0))
            if running is not None:
                x = functional.batch_norm(x, running[0], running[1], own[1], own[2], training, 0.1, 1e-5)
            return ACTIVATIONS[option("activation", "relu")](x)
        if name == "dense":
            x = x.permute(0, 2, 3, 1) if x.dim() == 4 else x
            return ACTIVATIONS[option("activation", "sigmoid")](functional.linear(x.flatten(1), own[0], own[1]))
        if name == "max-pool":
            return functional.max_pool2d(x, size, stride)
        if name == "avg-pool":
            return functional.avg_pool2d(x, size, stride)
        if name == "global-max-pool":
            return x.amax((2, 3))
        if name == "global-avg-pool":
            return x.mean((2, 3))
        if name == "flatten":
            return x
        return ACTIVATIONS[option("activation", "identity")](x + outputs[option("from", 1) - 1])

    def forward(self, x, training):
        outputs = []
        for index in range(len(self.layers)):
            x = self.layer(index, x, outputs, training)
            outputs.append(x)
        return x

    def written(self, of):
        """All arrays in the order of the Rust code, running statistics among them."""
        result = []
        for own, running in zip(self.arrays, self.running):
            for array in own:
                values = of(array)
                result.append(numbers(values.permute(0, 2, 3, 1) if values.dim() == 4 else values))
            if running is not None:
                result += [numbers(values) for values in running]
        return result


def case(name, channels, height, width, layers, generator):
    data = [round(generator.uniform(-1, 1), 4) for _ in range(BATCH * channels * height * width)]
    x = tensor(data).reshape(BATCH, channels, height, width)
    labels = torch.tensor([generator.randrange(CLASSES) for _ in range(BATCH)])
    net = Net(channels, height, width, layers, generator)
    for running in filter(None, net.running):
        running[0].zero_(), running[1].fill_(1.0)
    before = net.written(lambda array: array.detach())
    outputs = gradients = None
    losses = []
    for step in range(STEPS):
        logits = net.forward(x, training=True)
        loss = functional.cross_entropy(logits, labels)
        arrays = [array for own in net.arrays for array in own]
        grads = torch.autograd.grad(loss, arrays)
        if step == 0:
            outputs = numbers(logits.detach())
            by_array = dict(zip(map(id, arrays), grads))
            gradients = [
                numbers(g.permute(0, 2, 3, 1) if g.dim() == 4 else g)
                for own in net.arrays for g in (by_array[id(array)] for array in own)]
        losses.append(loss.item())
        with torch.no_grad():
            for array, grad in zip(arrays, grads):
                array -= LEARNING_RATE * grad
    after = net.written(lambda array: array.detach())
    evaluated = numbers(net.forward(x, training=False).detach())
    return {
        "name": name, "image": [height, width, channels], "layers": layers, "input": data, "labels": labels.tolist(),
        "before": before, "outputs": outputs, "gradients": gradients, "losses": losses, "after": after, "evaluated": evaluated}


if __name__ == "__main__":
    main("oracle/layers.py", SEED, make, "crates/nn/tests/oracle/layers.json")
