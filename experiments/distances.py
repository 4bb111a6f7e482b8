"""How far accuracies are from those that the BDNN-dsd paper prints.

    python3 experiments/distances.py RECORD.json ...

Takes records of sweeps and of the paper's tables. For a sweep: one line per combination of settings, of the networks without rules
(momentum aside), each network's mean accuracy with its distance to the published one. For tables: the mean absolute distance of each
method; and last the chosen setting over all rows. Prints Markdown; needs nothing but Python.
"""

import json
import re
import sys
from pathlib import Path

PAPER = json.loads((Path(__file__).parent.parent / "crates/lab/src/paper/paper-results.json").read_text())
METHODS = {"initial": "initial", "dropout": "dropout", "l2": "l2", "bdnn-dsd": "bdnn_dsd"}
# Settings that a line has in common with every other, or that name its network.
ASIDE = {"hidden", "batch", "epochs", "evaluate_every", "train_per_class"}

# Data sets that need no name of their own in a line.
STANDARD = {"mnist", "fashion-mnist", "cifar-10", "mnist-1200", "fashion-mnist-1200"}


def base(data):
    """The data set that a draw was made from."""
    return re.match(r"(fashion-)?mnist|cifar-10|", data)[0]


def published_row(data, train, hidden):
    """The row of the paper; None where it has no such row."""
    for row in PAPER["rows"]:
        # CIFAR-10 may lack a few of its 50,000 samples.
        if row["data"] == base(data) and row["hidden"] == hidden and abs(row["train"] - train) < 0.01 * row["train"]:
            return row
    return None


def published(data, train, hidden, method):
    """The printed accuracy in percent; None where the paper has no such row."""
    row = published_row(data, train, hidden)
    return row and row["accuracy"][method][0]


def of_sweep(record):
    """Per combination of settings: network -> (accuracy, distance)."""
    lines = {}
    for point in record["points"]:
        settings, toml = dict(point["settings"]), point["run_toml"]
        if re.search(r'^name = "(?!momentum)', toml, re.MULTILINE):
            continue
        data = re.search(r'^data = "(.*)"', toml, re.MULTILINE)[1]
        hidden = int(re.search(r"^hidden = \[\s*(\d+)", toml, re.MULTILINE)[1])
        paper = published(data, point["train"], hidden, "initial")
        if paper is None:
            continue
        words = [f"{axis} = {value}" for axis, value in settings.items() if axis not in ASIDE and value not in ("none", "[]", "", *STANDARD)]
        family = base(data) + (" 1,200" if point["train"] == 1200 else "")
        accuracy = point["accuracy"]["mean"]
        lines.setdefault((family, ", ".join(words) or "as in [base]"), {})[hidden] = (accuracy, accuracy - paper)
    return lines


def show_sweep(record):
    lines = of_sweep(record)
    for family in dict.fromkeys(family for family, _ in lines):
        networks = sorted({hidden for (own, _), found in lines.items() if own == family for hidden in found})
        print(f"\n| {family}: setting | " + " | ".join(f"{hidden} units" for hidden in networks) + " | mean distance |")
        print("|:--|" + "--:|" * (len(networks) + 1))
        for (own, words), found in lines.items():
            if own == family:
                cells = [f"{found[h][0]:.2f} ({found[h][1]:+.2f})" if h in found else "" for h in networks]
                mean = sum(abs(distance) for _, distance in found.values()) / len(found)
                print(f"| {words} | " + " | ".join(cells) + f" | {mean:.2f} |")


# The setting of `spinet reproduce`: pixels of MNIST and Fashion-MNIST standardized, those of CIFAR-10 not.
CHOSEN = {"standardize = feature, rules = momentum:momentum=0.5", "rules = momentum:momentum=0.5"}


def show_chosen(sweeps):
    """The chosen setting over every row of the paper that the sweeps have."""
    rows = {}
    for (family, words), found in ((key, found) for record in sweeps for key, found in of_sweep(record).items()):
        if words in CHOSEN:
            rows.update({(family, hidden): distance for hidden, (_, distance) in found.items()})
    if rows:
        mean, (largest, distance) = sum(map(abs, rows.values())) / len(rows), max(rows.items(), key=lambda row: abs(row[1]))
        print(f"\nchosen setting: {len(rows)} of 12 rows, mean distance {mean:.2f}, largest {distance:+.2f} ({largest[0]}, {largest[1]} units)")


def show_tables(record):
    distances = {}
    for row in record["rows"]:
        if row["method"] in METHODS:
            paper = published(row["data"], row["train"], row["hidden"], METHODS[row["method"]])
            distances.setdefault(row["method"], []).append(row["accuracy"]["mean"] - paper)
    everything = [distance for found in distances.values() for distance in found]
    print("\n| method | rows | mean absolute distance | largest |")
    print("|:--|--:|--:|--:|")
    for method, found in [*distances.items(), ("all", everything)]:
        print(f"| {method} | {len(found)} | {sum(map(abs, found)) / len(found):.2f} | {max(found, key=abs):+.2f} |")


if __name__ == "__main__":
    records = [json.loads(Path(path).read_text()) for path in sys.argv[1:] or sys.exit(__doc__)]
    for path, record in zip(sys.argv[1:], records):
        print(f"\n{path}")
        show_sweep(record) if "points" in record else show_tables(record)
    show_chosen([record for record in records if "points" in record])
