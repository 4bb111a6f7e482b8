"""Writes other draws of 1,200 training samples as folders of idx files, for `setting-draws.toml`.

    python3 experiments/draws.py DATA_DIR

reads DATA_DIR/mnist and DATA_DIR/fashion-mnist and writes DATA_DIR/NAME-first-1200 (the first 1,200 samples) and
DATA_DIR/NAME-random-1200-K (1,200 samples drawn at random, so not the same number per class), each with the test samples of NAME.
"""

import gzip
import random
import shutil
import struct
import sys
from pathlib import Path

COUNT = 1200
if len(sys.argv) != 2:
    sys.exit(__doc__)
root = Path(sys.argv[1])
for name in ["mnist", "fashion-mnist"]:
    images = gzip.decompress((root / name / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((root / name / "train-labels-idx1-ubyte.gz").read_bytes())[8:]
    draws = {"first-1200": range(COUNT)}
    draws |= {f"random-1200-{seed}": sorted(random.Random(seed).sample(range(len(labels)), COUNT)) for seed in (1, 2)}
    for draw, chosen in draws.items():
        folder = root / f"{name}-{draw}"
        folder.mkdir(exist_ok=True)
        pixels = b"".join(images[index * 784 : (index + 1) * 784] for index in chosen)
        (folder / "train-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, COUNT, 28, 28) + pixels)
        (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, COUNT) + bytes(labels[index] for index in chosen))
        for test in ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]:
            shutil.copyfile(root / name / test, folder / test)
