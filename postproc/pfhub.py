#!/usr/bin/env python3
"""Writes what PFHub asks for of its benchmark 3, its record and the CSV files it names, from a run of inputs/pfhub/bm3.nml.

    pfhub.py RUN [-o FOLDER]

free_energy.csv, solid_fraction.csv, tip_position.csv (time and value; the solid fraction is the integral of (phi + 1)/2 over
the domain, as the benchmark defines it) and phase_field_1500.csv (x, y along the contour phi = 0 of the last snapshot,
in order), and meta.yaml, the record (benchmark 3a, version 1) with machine, time and the columns of those files; author, place of the
files and memory are for who sends it in to fill.  FOLDER: RUN/pfhub unless given.
"""

import argparse
import pathlib
import platform
import sys

import numpy as np

import pfread

COLUMNS = {"free_energy": "benchmark_value", "solid_fraction": "dendrite_area_um2", "tip_position": "front_max_um"}
# name of a file: its columns
FILES = {name: ("time", name) for name in COLUMNS} | {"phase_field_1500": ("x", "y")}

RECORD = """---
metadata:
  author: {{first: '', last: '', email: '', github_id: ''}}
  timestamp: ''
  summary: >-
    {cells} cells of {h:g}, finite differences (nine points), explicit Euler steps
  implementation:
    name: pfsolve
    repo: {{url: '', version: {commit}}}
  hardware: {{cpu_architecture: {machine}, acc_architecture: {accelerator}, parallel_model: {model}, cores: '{cores}', nodes: '1'}}
benchmark:
  id: 3a
  version: '1'
data:
  - name: run_time
    values:
      - {{wall_time: '{seconds:.1f}', sim_time: '{time:.6g}'}}
  - name: memory_usage
    values:
      - {{unit: KB, value: ''}}
"""
FILE_RECORD = """  - name: {name}
    url: '{name}.csv'
    format: {{type: csv, parse: {{{x}: number, {y}: number}}}}
    type: line
    transform:
      - {{type: formula, expr: datum.{x}, as: x}}
      - {{type: formula, expr: datum.{y}, as: 'y'}}
"""


def record(run):
    """meta.yaml, as PFHub keeps it."""
    summary = run.summary
    cuda = summary["backend"] == "cuda"
    text = RECORD.format(
        cells=" x ".join(str(n) for n in summary["cells"][:2]), h=960 / summary["cells"][0],
        commit=summary["versions"]["commit"], machine=platform.machine(), accelerator="gpu" if cuda else "none",
        model="serial" if summary["threads"] == 1 else "threaded", cores=summary["threads"], seconds=summary["seconds"],
        time=summary["time_s"])
    return text + "".join(FILE_RECORD.format(name=name, x=x, y=y) for name, (x, y) in FILES.items())


def contour(run):
    """x, y of phi = 0, the longest line, in order."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    last = run.at(run.times[-1])
    figure = plt.figure()
    lines = figure.gca().contour(last["x"], last["y"], np.squeeze(last["phase"].values), [0.5])
    longest = max(lines.allsegs[0], key=len)
    plt.close(figure)
    return longest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("-o", "--output", type=pathlib.Path)
    words = parser.parse_args()
    try:
        run = pfread.open_run(words.run)
        history = run.history
    except pfread.RunError as error:
        sys.exit(f"pfhub.py: {error}")
    folder = words.output or pathlib.Path(words.run) / "pfhub"
    folder.mkdir(parents=True, exist_ok=True)
    time = history["time_s"].values
    for name, column in COLUMNS.items():
        values = history[column].values
        if not np.isfinite(values).all():
            sys.exit(f"pfhub.py: {words.run}: {column} has no numbers: not a run of benchmark 3")
        np.savetxt(folder / f"{name}.csv", np.column_stack([time, values]), delimiter=",", comments="",
                   header=f"time,{name}", fmt="%.10g")
    np.savetxt(folder / "phase_field_1500.csv", contour(run), delimiter=",", comments="", header="x,y", fmt="%.8g")
    (folder / "meta.yaml").write_text(record(run), encoding="utf-8")
    print(folder)


if __name__ == "__main__":
    main()
