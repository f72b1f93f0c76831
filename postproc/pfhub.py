#!/usr/bin/env python3
"""Writes what PFHub asks for of its benchmark 3, as CSV, from a run of inputs/pfhub/bm3.nml.

    pfhub.py RUN [-o FOLDER]

free_energy.csv, solid_fraction.csv, tip_position.csv (time and value; the solid fraction is the integral of (phi + 1)/2 over
the domain, as the benchmark defines it) and phase_field_1500.csv (x, y along the contour phi = 0 of the last snapshot,
in order).  FOLDER: RUN/pfhub unless given.
"""

import argparse
import pathlib
import sys

import numpy as np

import pfread

COLUMNS = {"free_energy": "benchmark_value", "solid_fraction": "dendrite_area_um2", "tip_position": "front_max_um"}


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
    print(folder)


if __name__ == "__main__":
    main()
