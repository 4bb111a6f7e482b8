"""Milliseconds of a training step in scikit-learn's MLPClassifier: the network of spinet's benchmark, without a rule.

    python sklearn_step.py --threads N [--steps N]

One call of partial_fit with one batch is one step. Prints one JSON object; each time is the median after a warm-up.
"""

import argparse
import json
import statistics
import time

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

SHAPES = [(784, 10), (784, 100), (784, 500), (3072, 100), (3072, 500)]
BATCH, CLASSES, LEARNING_RATE, WARM_UP = 600, 10, 0.1, 5


def median_ms(inputs, hidden, steps, random):
    images = random.random((BATCH, inputs), dtype=np.float32)
    labels = random.integers(0, CLASSES, BATCH)
    settings = {"activation": "logistic", "solver": "sgd", "alpha": 0.0, "momentum": 0.0, "nesterovs_momentum": False}
    model = MLPClassifier((hidden,), batch_size=BATCH, learning_rate_init=LEARNING_RATE, random_state=0, **settings)
    times = []
    for step in range(WARM_UP + steps):
        start = time.perf_counter()
        model.partial_fit(images, labels, classes=np.arange(CLASSES))
        if step >= WARM_UP:
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60)
    words = parser.parse_args()
    random = np.random.default_rng(0)
    with threadpool_limits(words.threads):
        rows = [
            {"inputs": inputs, "hidden": hidden, "threads": words.threads, "sgd_ms": median_ms(inputs, hidden, words.steps, random)}
            for inputs, hidden in SHAPES
        ]
    print(json.dumps({"program": f"scikit-learn {sklearn.__version__}", "rows": rows}))


if __name__ == "__main__":
    main()
