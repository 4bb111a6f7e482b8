"""Writes and checks the files of reference numbers. Imported by the scripts beside it; makes nothing on its own."""

import argparse
import json
import platform
import sys
from pathlib import Path

import torch

REPOSITORY = Path(__file__).resolve().parent.parent
CHECK_TOLERANCE = 1e-12


def numbers(tensor):
    """The entries in row-major order. Adding 0.0 turns -0.0 into 0.0."""
    return (tensor.detach() + 0).flatten().tolist()


def tensor(values, rows=None):
    """A float64 vector, or a matrix with that many rows."""
    vector = torch.tensor(values, dtype=torch.float64)
    return vector if rows is None else vector.reshape(rows, -1)


def main(script, seed, make, default_path):
    """Runs `make` and writes what it returns, or with --check compares it with the stored file."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / default_path, help="the file (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when the file says otherwise")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    header = {
        "script": script,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "dtype": "float64",
        "seed": seed,
    }
    made = {"header": header, **make()}
    if arguments.check:
        check(arguments.out, made)
        return
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text(made) + "\n", encoding="utf-8")


def check(path, made):
    stored = json.loads(path.read_text(encoding="utf-8"))
    for version in ("torch", "python"):  # another version must give the same numbers
        stored["header"][version] = made["header"][version]
    difference = first_difference(stored, made, "")
    if difference is not None:
        sys.exit(f"{path}: {difference}")


def first_difference(stored, made, place):
    """What differs first and where, or None. Only floats have a tolerance."""
    if isinstance(stored, dict) and isinstance(made, dict) and stored.keys() == made.keys():
        pairs = [(stored[key], made[key], f"{place}.{key}") for key in stored]
    elif isinstance(stored, list) and isinstance(made, list) and len(stored) == len(made):
        pairs = [(old, new, f"{place}[{i}]") for i, (old, new) in enumerate(zip(stored, made))]
    elif isinstance(stored, float) and isinstance(made, float):
        same = abs(stored - made) <= CHECK_TOLERANCE * max(1.0, abs(stored))
        return None if same else f"{place} is {stored!r}, but now {made!r}"
    else:
        same = type(stored) is type(made) and stored == made
        return None if same else f"{place} is {stored!r}, but now {made!r}"
    return next((found for pair in pairs if (found := first_difference(*pair)) is not None), None)


def text(value, indent=""):
    """JSON with one array per line, so that the files stay small and their changes readable."""
    deeper = indent + " "
    if isinstance(value, dict):
        inside = [f"{deeper}{json.dumps(key)}: {text(entry, deeper)}" for key, entry in value.items()]
        return "{\n" + ",\n".join(inside) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(entry, (dict, list)) for entry in value):
        inside = [deeper + text(entry, deeper) for entry in value]
        return "[\n" + ",\n".join(inside) + f"\n{indent}]"
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
