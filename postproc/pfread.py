"""Reads what a run of pfsolve left; everything else in this folder reads through it.

    import pfread
    run = pfread.open_run("runs/latp-le")
    run.times                    # s, of the snapshots
    run.at(1800)                 # xarray Dataset of the snapshot nearest to 1800 s
    run.dataset()                # all of them along `time`
    run.history["voltage_mV"]    # history.csv along `time_s`
    run.summary["status"]        # summary.json
    run.input_text               # the input file as the run read it

A run that is still going on can be read: its files are whole at any time.
"""

import json
import os
import pathlib
import re

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

import netCDF4  # noqa: E402 (after the variable that HDF5 reads when it is loaded)
import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

UNITS = {
    "um": "um", "s": "s", "mV": "mV", "MPa": "MPa", "cm2": {"mA": "mA/cm2", "mAh": "mAh/cm2"}, "L": {"mol": "mol/L"},
}


class RunError(Exception):
    """The directory is no run, or one of its files cannot be read."""


def column_units(name):
    """'current_mA_cm2' -> 'mA/cm2'; '1' for a column without a unit."""
    words = name.split("_")
    unit = UNITS.get(words[-1], "1")
    if isinstance(unit, dict):
        unit = unit.get(words[-2] if len(words) > 1 else "", "1")
    return unit


def material_names(data):
    """What 0, 1, 2 ... of a snapshot's `material` stand for; empty where it does not say."""
    text = data["material"].attrs.get("materials", "") if "material" in data else ""
    return text.split(", ") if text else []


def _file_key(path):
    """Sorted by title, then by number: 1000000 stands behind 999999."""
    match = re.fullmatch(r"(.*)_(\d{6,})", path.stem)
    return (match.group(1), int(match.group(2)))


class Run:
    """One output directory.  Files are read when they are asked for."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        if not self.path.is_dir():
            raise RunError(f"{path}: no such directory")
        self.files = sorted(
            (f for f in (self.path / "snapshots").glob("*.nc") if re.fullmatch(r"[^.].*_\d{6,}", f.stem)),
            key=_file_key)
        if not self.files and not (self.path / "history.csv").exists():
            raise RunError(f"{path}: holds no run (neither snapshots/*.nc nor history.csv)")
        titles = sorted({_file_key(f)[0] for f in self.files})
        if len(titles) > 1:
            raise RunError(f"{path}/snapshots: snapshots of several runs ({', '.join(titles)})")
        self._times = None

    def _open(self, path):
        try:
            return xr.open_dataset(path, engine="netcdf4", decode_times=False)
        except (OSError, ValueError) as error:
            raise RunError(f"{path}: cannot be read: {error}") from error

    def _some_file(self):
        if not self.files:
            raise RunError(f"{self.path}/snapshots: no snapshot yet")
        return self.files[0]

    @property
    def times(self):
        """Times of the snapshots, s."""
        if self._times is None:
            values = []
            for path in self.files:
                try:
                    with netCDF4.Dataset(path) as file:
                        values.append(float(file["time"][0]))
                except (OSError, IndexError) as error:
                    raise RunError(f"{path}: cannot be read: {error}") from error
            self._times = np.array(values)
            if np.any(np.diff(self._times) < 0):
                raise RunError(f"{self.path}/snapshots: the times do not ascend with the numbers of the files")
        return self._times

    def nearest(self, time):
        """Index of the snapshot nearest to `time` (s)."""
        self._some_file()
        return int(np.argmin(np.abs(self.times - time)))

    def snapshot(self, index):
        """One snapshot as a Dataset without the time dimension; `time` is a scalar coordinate."""
        self._some_file()
        with self._open(self.files[index]) as data:
            return data.isel(time=0).load()

    def at(self, time):
        return self.snapshot(self.nearest(time))

    def dataset(self, indices=None):
        """Snapshots (all, or those of the indices) as one Dataset along `time`, in memory."""
        self._some_file()
        parts = []
        for path in self.files if indices is None else [self.files[i] for i in indices]:
            with self._open(path) as data:
                parts.append(data.load())
        return xr.concat(parts, dim="time", data_vars="minimal", coords="minimal", compat="override",
                         combine_attrs="drop_conflicts")

    @property
    def dimensions(self):
        """1, 2 or 3."""
        with netCDF4.Dataset(self._some_file()) as file:
            sizes = {name: len(d) for name, d in file.dimensions.items()}
        return 1 + (sizes["y"] > 1) + (sizes.get("z", 1) > 1)

    @property
    def attributes(self):
        """Version, commit, backend, input ... as the first snapshot holds them."""
        with netCDF4.Dataset(self._some_file()) as file:
            return {name: file.getncattr(name) for name in file.ncattrs()}

    @property
    def title(self):
        return self.attributes["title"] if self.files else self.path.name

    @property
    def input_text(self):
        return self.attributes.get("input", "")

    @property
    def history(self):
        """history.csv: each column along `time_s`, with units; a row that is just being written is left out."""
        path = self.path / "history.csv"
        try:
            text = path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"{path}: cannot be read: {error}") from error
        lines = text[: text.rfind("\n") + 1].splitlines()
        if not lines or not lines[0].startswith("time_s,"):
            raise RunError(f"{path}: does not begin with the names of the columns")
        names = lines[0].split(",")
        try:
            rows = np.array([[float(word) for word in line.split(",")] for line in lines[1:]])
        except ValueError as error:
            raise RunError(f"{path}: {error}") from error
        rows = rows.reshape(len(lines) - 1, -1) if rows.size else np.empty((0, len(names)))
        if rows.shape[1] != len(names):
            raise RunError(f"{path}: a row does not have {len(names)} columns")
        columns = {}
        for i, name in enumerate(names):
            values = rows[:, i].astype(int) if name in ("step", "half_cycle") else rows[:, i]
            columns[name] = ("time_s", values, {"units": column_units(name)})
        time = columns.pop("time_s")
        return xr.Dataset(columns, coords={"time_s": time})

    @property
    def summary(self):
        """summary.json as a dict; None as long as the run has not ended."""
        path = self.path / "summary.json"
        if not path.exists():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{path}: cannot be read: {error}") from error

    @property
    def log(self):
        """run.log.jsonl as a list of dicts; what a killed run cut short is left out."""
        path = self.path / "run.log.jsonl"
        lines = []
        if path.exists():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    continue
        return lines


def open_run(path):
    return Run(path)
