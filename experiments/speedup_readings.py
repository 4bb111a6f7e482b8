"""The speed-up L of Eq. (4.1) of the BDNN-dsd paper, by several interpretations, next to the published values.

    python3 experiments/speedup_readings.py DIR [--standardize feature] [--initialiser glorot-sigmoid] [--momentum 0.5]

DIR holds the directories of runs (`--run-dir` of `spinet sweep` and `spinet reproduce`), which have every evaluation. Runs of BDNN-dsd
with the paper's parameters are compared with those of the initial network of the same data, network and seed. Prints Markdown; needs
nothing but Python.
"""

import argparse
import json
import math
import re
import statistics
import tomllib
from pathlib import Path

from distances import published_row


def rising(curve):
    """The running maximum as corners (epoch, accuracy)."""
    corners = [curve[0]]
    for before, now in zip(curve, curve[1:]):
        if now[1] > corners[-1][1]:
            if before[0] > corners[-1][0]:
                corners.append((before[0], corners[-1][1]))
            corners.append(now)
    return corners


def time(curve, level):
    """First epoch at which the running maximum reaches the level, linear between evaluations; None if it never does."""
    corners = rising(curve)
    if corners[0][1] > level or corners[-1][1] < level:
        return None
    for (t0, a0), (t1, a1) in zip(corners, corners[1:]):
        if a1 >= level > a0:
            return t0 + (t1 - t0) * (level - a0) / (a1 - a0)
    return corners[0][0]


def measured_time(curve, level):
    """First evaluated epoch whose accuracy is at least the level."""
    return next((epoch for epoch, accuracy in curve if accuracy >= level), None)


def largest_difference(initial, method, levels, when=time):
    pairs = [(when(initial, level), when(method, level)) for level in levels]
    pairs = [(slow, fast) for slow, fast in pairs if slow is not None and fast]
    return max(((abs(s - f), s / f) for s, f in pairs), default=(0, None))[1]


def every(curve, epochs):
    return [point for point in curve if point[0] % epochs == 0]


def all_levels(initial, method):
    return largest_difference(initial, method, [a for _, a in rising(initial) + rising(method)])


def at_last(initial, method):
    fast = time(method, initial[-1][1])
    return initial[-1][0] / fast if fast else None


def at_best(initial, method):
    best = max(a for _, a in initial)
    slow, fast = time(initial, best), time(method, best)
    return slow / fast if fast else None


READINGS = {
    "largest difference over all levels (ours)": all_levels,
    "the same, evaluated every 20 epochs": lambda i, m: all_levels(every(i, 20), every(m, 20)),
    "the same, evaluated every 50 epochs": lambda i, m: all_levels(every(i, 50), every(m, 50)),
    "evaluated levels and epochs only": lambda i, m: largest_difference(i, m, [a for _, a in i[1:]], measured_time),
    "total epochs divided by the epoch that reaches the initial network's final accuracy": at_last,
    "speed-up at the initial network's best accuracy": at_best,
}

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("directory", type=Path)
arguments.add_argument("--standardize", default="feature")
arguments.add_argument("--initialiser", default="glorot-sigmoid")
arguments.add_argument("--momentum", type=float, default=0.5)
given = arguments.parse_args()
momentum = [{"name": "momentum", "momentum": given.momentum}] if given.momentum else []


def curve(path):
    lines = (path / "metrics.jsonl").read_text().splitlines()
    return [(line["epoch"], line["accuracy"]) for line in map(json.loads, lines)]


def train_of(data):
    return 1200 if "1200" in data else 50_000 if data == "cifar-10" else 60_000


pairs = {}
for path in sorted(given.directory.iterdir()):
    if not (path / "model.safetensors").exists():
        continue
    run = tomllib.loads((path / "run.toml").read_text())
    chosen = (given.standardize, given.initialiser, "zeros")
    if (run.get("standardize", "none"), run["initialiser"], run.get("bias_initializer", "zeros")) != chosen:
        continue
    rules = run.get("rules", [])
    method = {"": "initial", "bdnn-dsd": "bdnn-dsd"}.get(" ".join(rule["name"] for rule in rules if rule["name"] != "momentum"))
    others = [rule for rule in rules if rule["name"] != "bdnn-dsd"]
    is_plain = all(len(rule) == 1 for rule in rules if rule["name"] == "bdnn-dsd")
    train = train_of(run["data"])
    row = published_row(run["data"], train, run["hidden"][0]) if len(run["hidden"]) == 1 and "train_per_class" not in run else None
    if method and is_plain and others == momentum and row and run["epochs"] == 500 and not re.search("first|random", run["data"]):
        pairs.setdefault((run["data"], run["hidden"][0]), {}).setdefault(run["seed"], {})[method] = path

networks = {}
for network, seeds in pairs.items():
    both = [(curve(found["initial"]), curve(found["bdnn-dsd"])) for found in seeds.values() if len(found) == 2]
    if both:
        networks[network] = both
print("| interpretation | " + " | ".join(f"{data}, {hidden} units" for data, hidden in networks) + " | median ratio to the paper |")
print("|:--|" + "--:|" * (len(networks) + 1))
papers = [published_row(data, train_of(data), hidden)["speedup"]["bdnn_dsd"][0] for data, hidden in networks]
print("| paper | " + " | ".join(f"{paper:.2f}" for paper in papers) + " | |")
for name, reading in READINGS.items():
    means = []
    for both in networks.values():
        values = [value for value in (reading(initial, method) for initial, method in both) if value]
        means.append(statistics.mean(values) if values else math.nan)
    ratios = [mean / paper for mean, paper in zip(means, papers) if mean > 0]
    print(f"| {name} | " + " | ".join(f"{mean:.2f}" for mean in means) + f" | {statistics.median(ratios):.2f} |")
print("| runs | " + " | ".join(str(len(both)) for both in networks.values()) + " | |")
