"""Runs exported models in onnxruntime and compares their outputs with the stored ones.

    python3 crates/train/tests/onnx_outputs.py DIR

For each DIR/NAME.onnx there are DIR/NAME.input (numbers of the input's type, little-endian), DIR/NAME.scores (float32) and
DIR/NAME.label (int64). Prints the largest difference of each model; exits with 1 where one is above 1e-5 or a label differs.
"""

import sys
from pathlib import Path

import numpy
import onnxruntime

TOLERANCE = 1e-5
TYPES = {"tensor(float)": numpy.float32, "tensor(double)": numpy.float64}


def difference(path: Path) -> tuple[float, bool]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    values = numpy.fromfile(path.with_suffix(".input"), TYPES[given.type]).reshape(-1, *given.shape[1:])
    scores, label = session.run(None, {given.name: values})
    expected = numpy.fromfile(path.with_suffix(".scores"), numpy.float32).reshape(scores.shape)
    labels = numpy.fromfile(path.with_suffix(".label"), numpy.int64)
    return float(numpy.abs(scores - expected).max()), bool((label == labels).all())


paths = sorted(Path(sys.argv[1]).glob("*.onnx"))
is_good = bool(paths)
for path in paths:
    largest, are_equal = difference(path)
    print(f"{path.stem}: largest difference {largest:.1e}, labels {'equal' if are_equal else 'differ'}")
    is_good &= largest <= TOLERANCE and are_equal
sys.exit(0 if is_good else 1)
