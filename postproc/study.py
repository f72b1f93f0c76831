"""Reads what pfstudy left; pictures and reports read studies through it.

    import study
    s = study.open_study("runs/studies/transference")
    s.name, s.title, s.mode          # mode: "every" or "bisection"
    s.axes                           # Axis: label, keys, values, names, numbers, units
    s.points                         # Point: index, place, parameters, labels, status, runs, outcome, error
    s.table()                        # xarray Dataset along `point`: all parameters and outcomes, with units
    s.study_text, s.base_text        # the study file and the base input as they were
    s.versions                       # of the programs that computed it

A study that is still going on can be read: points without a result have the status `missing`.
"""

import csv
import io
import json
import math
import pathlib
import re

import numpy as np
import xarray as xr

import pfread

EVENTS = ("depletion", "voltage_limit", "dendrite", "nucleation", "fracture", "short", "exhaustion")

# Outcomes of a point in the order of the table: unit, what it is.
OUTCOMES = {
    "status": ("", "how the deciding run ended: completed, the event that ended it, failed, or missing"),
    "result": ("", "bisection: found, never, always or undecided"),
    "survived_mA_cm2": ("mA/cm2", "bisection: largest current at which the event did not happen"),
    "failed_mA_cm2": ("mA/cm2", "bisection: smallest current at which it happened"),
    **{f"{event}_{name}": (unit, f"{event}: {what}") for event in EVENTS for name, unit, what in (
        ("time_s", "s", "time of the event"),
        ("current_mA_cm2", "mA/cm2", "current at the event"),
        ("half_cycle", "1", "half cycle of the event, from 1"),
        ("survived_mA_cm2", "mA/cm2", "last current survived"),
        ("failed_mA_cm2", "mA/cm2", "first current that failed"),
        ("charge_mAh_cm2", "mAh/cm2", "charge passed, either way, until it failed"),
    )},
    "end_time_s": ("s", "time at the end of the run"),
    "end_current_mA_cm2": ("mA/cm2", "current at the end"),
    "end_voltage_mV": ("mV", "cell voltage at the end"),
    "overpotential_mV": ("mV", "polarisation: median of |cell voltage| over the rows of the history with current"),
    "charge_mAh_cm2": ("mAh/cm2", "net charge at the end"),
    "deposited_um": ("um", "net lithium deposited on the working electrode at the end"),
    "roughness_um": ("um", "rms roughness of the front at the end"),
    "roughness_max_um": ("um", "its largest value"),
    "protrusion_um": ("um", "highest tip over the mean front at the end"),
    "protrusion_max_um": ("um", "its largest value"),
    "salt_least_mol_L": ("mol/L", "smallest salt concentration of the run"),
    "peak_stress_MPa": ("MPa", "largest stress of the run"),
    "electronic_leak_fraction": ("1", "share of the current that moves no ions, at the end"),
    "faraday_error": ("1", "relative error of the lithium balance"),
    "salt_error": ("1", "relative error of the salt balance"),
    "steps": ("1", "time steps"),
    "seconds": ("s", "wall time of the deciding run"),
    "runs": ("1", "runs of this point"),
    "warnings": ("1", "warnings of the deciding run"),
    "seed": ("1", "random seed"),
    "stack_pressure_MPa": ("MPa", "stack pressure"),
    "area_um2": ("um2", "area of the electrode that was computed"),
    "version": ("", "version of pfsolve"),
    "commit": ("", "its commit"),
    "backend": ("", "what computed"),
    "path": ("", "directory of the deciding run, in that of the study"),
    "error": ("", "why the point failed"),
}
WORDS = [name for name, (unit, _) in OUTCOMES.items() if unit == ""]


class StudyError(Exception):
    """The directory holds no study, or one of its files cannot be read."""


def unit_of(key):
    """The unit that a key's name carries: 'layer(2)%ionic_conductivity_S_cm' -> 'S/cm', '1' without one."""
    name = key.rsplit("%", 1)[-1]
    for end, unit in (("_S_cm", "S/cm"), ("_mA_cm2", "mA/cm2"), ("_mAh_cm2", "mAh/cm2"), ("_ohm_cm2", "ohm cm2"),
                      ("_cm2_s", "cm2/s"), ("_cm3_mol", "cm3/mol"), ("_mol_L", "mol/L"), ("_J_m2", "J/m2"),
                      ("_MPa_m05", "MPa m^0.5"), ("_per_um3_h", "1/(um3 h)"), ("_m3_J_s", "m3/(J s)"),
                      ("_per_s", "1/s"), ("_J_m3", "J/m3"), ("_J_m", "J/m"), ("_GPa", "GPa"), ("_MPa", "MPa"),
                      ("_mV", "mV"), ("_um", "um"), ("_min", "min"), ("_K", "K"), ("_h", "h"), ("_s", "s")):
        if name.endswith(end):
            return unit
    return "1"


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: cannot be read: {error}") from error


class Axis:
    """What is varied together: `values[i]` holds one value for each of `keys`."""

    def __init__(self, data):
        self.label = data["label"]
        self.keys = data["keys"]
        self.values = [tuple(v) for v in data["values"]]
        self._names = data.get("names")

    def __len__(self):
        return len(self.values)

    @property
    def names(self):
        """One word a place, for legends and ticks."""
        if self._names:
            return list(self._names)
        return [f"{v[0]:g}" if _is_number(v[0]) else str(v[0]) for v in self.values]

    @property
    def numbers(self):
        """The values of the first key as floats, None where they are no numbers or the places have names."""
        first = [v[0] for v in self.values]
        return [float(v) for v in first] if not self._names and all(_is_number(v) for v in first) else None

    @property
    def units(self):
        return unit_of(self.keys[0]) if self.numbers else "1"


class Point:
    """One point of a study.

    index       from 1
    place       index on each axis, from 0
    parameters  key -> value, of the axes and of the fixed settings
    input       key -> value, the whole resolved input (once the point is done)
    labels      label of the axis -> word
    status      "done", "failed" (reported, not run again) or "missing" (not yet, or broken off)
    result      bisection: "found", "never", "always", "undecided"; else None
    runs        directories of its runs that exist; the last is the deciding one
    currents    bisection: the currents of these runs, mA/cm2
    happened    bisection: whether the event happened in them (None: undecided)
    error       why it failed, one line
    """

    def __init__(self, study, data):
        self.study = study
        self.index = data["index"]
        self.place = tuple(data["place"])
        self.parameters = data["parameters"]
        self.labels = {axis.label: axis.names[i] for axis, i in zip(study.axes, self.place)}
        self.hash = data["hash"]
        self.log = study.path / "points" / f"{self.hash}.log"
        state_path = study.path / "points" / f"{self.hash}.json"
        state = _read_json(state_path) if state_path.exists() else {}
        self.input = state.get("input", {})
        self.status = state.get("status", "missing")
        self.result = state.get("result")
        self.error = state.get("error", "")
        self.survived, self.failed = state.get("survived_mA_cm2"), state.get("failed_mA_cm2")
        runs = [run for run in state.get("runs", []) if (study.path / run["path"]).is_dir()]
        self.runs = [study.path / run["path"] for run in runs]
        self.currents = [run.get("current_mA_cm2") for run in runs]
        self.happened = [run.get("happened") for run in runs]
        self._outcome = None

    @property
    def run(self):
        """The deciding run, read by pfread; None without one."""
        try:
            return pfread.open_run(self.runs[-1]) if self.runs else None
        except pfread.RunError:
            return None

    @property
    def outcome(self):
        """name -> value, names of OUTCOMES; what a run does not say is absent."""
        if self._outcome is None:
            self._outcome = self._read()
        return self._outcome

    def _read(self):
        out = {"status": self.status if self.status != "done" else "completed"}
        out.update({"result": self.result, "error": self.error, "survived_mA_cm2": self.survived,
                    "failed_mA_cm2": self.failed, "runs": len(self.runs)})
        run = self.run
        if run is not None and self.status != "missing":
            out["path"] = str(self.runs[-1].relative_to(self.study.path))
            out.update(of_run(run))
            if self.status == "failed":
                out["status"] = "failed"
        out["seed"] = self.input.get("run%random_seed")
        out["stack_pressure_MPa"] = self.input.get("conditions%stack_pressure_MPa")
        cells, spacing = self.input.get("grid%cells"), self.input.get("grid%spacing_um")
        if cells and spacing:
            out["area_um2"] = cells[1] * cells[2] * spacing**2
        bisection = self.study.bisection
        if bisection and self.result in ("found", "never", "always"):
            event = bisection["event"]
            out[f"{event}_survived_mA_cm2"], out[f"{event}_failed_mA_cm2"] = self.survived, self.failed
        return {name: value for name, value in out.items() if value is not None and value != ""}


def of_run(run):
    """Outcomes of one run: from its summary and its history."""
    out = {}
    summary = run.summary
    if summary:
        versions = summary.get("versions", {})
        out.update(status=summary.get("status"), end_time_s=summary.get("time_s"), steps=summary.get("steps"),
                   seconds=summary.get("seconds"), faraday_error=summary.get("faraday_error"),
                   salt_error=summary.get("salt_error"), warnings=summary.get("warnings"),
                   version=versions.get("pfsolve"), commit=versions.get("commit"), backend=summary.get("backend"))
        for event in summary.get("events", []):
            for name in ("time_s", "current_mA_cm2", "half_cycle"):
                out.setdefault(f"{event['name']}_{name}", event.get(name))
        for event, ccd in summary.get("ccd", {}).items():
            for name in ("survived_mA_cm2", "failed_mA_cm2", "charge_mAh_cm2"):
                out[f"{event}_{name}"] = ccd.get(name) if ccd else None
    try:
        history = run.history
    except pfread.RunError:
        history = None
    if history is not None and history.sizes["time_s"] > 0:
        column = {name: history[name].values for name in history.data_vars}
        with_current = np.abs(column["current_mA_cm2"]) > 0
        protrusion = column["front_max_um"] - column["front_mean_um"]
        out.update(end_current_mA_cm2=column["current_mA_cm2"][-1], end_voltage_mV=column["voltage_mV"][-1],
                   charge_mAh_cm2=column["charge_mAh_cm2"][-1], deposited_um=column["deposited_um"][-1],
                   roughness_um=column["roughness_um"][-1], roughness_max_um=_most(column["roughness_um"]),
                   protrusion_um=protrusion[-1], protrusion_max_um=_most(protrusion),
                   salt_least_mol_L=-_most(-column["salt_min_mol_L"]),
                   peak_stress_MPa=_most(column["peak_stress_MPa"]),
                   electronic_leak_fraction=column["electronic_leak_fraction"][-1])
        if with_current.any():
            out["overpotential_mV"] = np.median(np.abs(column["voltage_mV"][with_current]))
    out = {name: float(value) if isinstance(value, np.floating) else value for name, value in out.items()}
    return {name: value for name, value in out.items() if not (isinstance(value, float) and math.isnan(value))}


def _most(values):
    good = values[~np.isnan(values)]
    return float(good.max()) if good.size else math.nan


class Study:
    """One study directory.  Files are read when it is opened; runs when they are asked for."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        if not (self.path / "study.json").exists():
            raise StudyError(f"{path}: holds no study (no study.json)")
        data = _read_json(self.path / "study.json")
        if data.get("format") != 1:
            raise StudyError(f"{path}/study.json: format {data.get('format')}, this reader knows 1")
        self.name, self.title, self.mode = data["name"], data["title"], data["mode"]
        self.note = data.get("note", "")
        self.bisection = data.get("bisection")
        self.fixed = data["fixed"]
        self.help = data.get("help", {})
        self.bases = data["bases"]
        self.axes = [Axis(axis) for axis in data["axes"]]
        self.points = [Point(self, point) for point in data["points"]]

    @property
    def study_text(self):
        return (self.path / "study.toml").read_text(encoding="utf-8")

    @property
    def base_text(self):
        """The base input; several, one after the other, where inputs are compared."""
        return "\n".join((self.path / "inputs" / name).read_text(encoding="utf-8") for name in self.bases)

    @property
    def versions(self):
        """pfsolve, commit, compiler, ... of all runs; several values are told apart by commas."""
        found = {}
        for point in self.points:
            summary = point.run.summary if point.run is not None else None
            for name, value in ((summary or {}).get("versions") or {}).items():
                if value not in found.setdefault(name, []):
                    found[name].append(value)
        return {name: ", ".join(values) for name, values in found.items()}

    def point_at(self, *place):
        """The point at these indices on the axes."""
        return next(point for point in self.points if point.place == place)

    def table(self):
        """One row a point: `index`, all parameters under their keys, all outcomes; outcomes nobody has are left out."""
        keys = list(dict.fromkeys(key for axis in self.axes for key in axis.keys)) + [
            key for key in self.fixed if all(key not in axis.keys for axis in self.axes)]
        columns = {}
        for axis in self.axes:
            if axis._names:
                columns[f"axis_{re.sub('[^A-Za-z0-9]+', '_', axis.label).strip('_')}"] = (
                    "point", [axis.names[p.place[self.axes.index(axis)]] for p in self.points],
                    {"long_name": axis.label})
        for key in keys:
            values = [point.parameters.get(key) for point in self.points]
            attributes = {"units": unit_of(key), "long_name": self.help.get(key, key)}
            if all(_is_number(v) for v in values):
                columns[key] = ("point", values, attributes)
            else:
                columns[key] = ("point", [_as_text(v) for v in values], {"long_name": attributes["long_name"]})
        for name, (unit, what) in OUTCOMES.items():
            values = [point.outcome.get(name) for point in self.points]
            if name not in ("status", "path") and all(v is None for v in values):
                continue
            if name in WORDS:
                columns[name] = ("point", [v or "" for v in values], {"long_name": what})
            else:
                columns[name] = ("point", [math.nan if v is None else float(v) for v in values],
                                 {"units": unit, "long_name": what})
        index = ("point", [point.index for point in self.points], {"long_name": "number of the point"})
        attributes = {"title": self.title, "study": self.name, "mode": self.mode,
                      **{f"version_{name}": text for name, text in self.versions.items()},
                      "study_text": self.study_text, "base_text": self.base_text}
        return xr.Dataset(columns, coords={"point": index}, attrs=attributes)


def _as_text(value):
    if isinstance(value, bool):
        return ".true." if value else ".false."
    if isinstance(value, (list, tuple)):
        return ", ".join(_as_text(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def csv_text(table):
    """The table as CSV: names carry the units, nan is empty."""
    columns = ["point", *table.data_vars]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for i in range(table.sizes["point"]):
        row = [table[name].values[i] for name in columns]
        writer.writerow(["" if isinstance(v, float) and math.isnan(v) else f"{v:.10g}" if isinstance(v, float) else v
                         for v in row])
    return out.getvalue()


def _short(name, value):
    digits = 6 if name.endswith(("survived_mA_cm2", "failed_mA_cm2")) else 4
    return f"{value:.{digits}g}" if _is_number(value) else str(value)


def _heading(name):
    """'depletion_failed_mA_cm2' -> 'depletion failed, mA/cm2'"""
    unit = OUTCOMES[name][0]
    end = "_" + unit.replace("/", "_") if unit not in ("", "1") else ""
    return name.removesuffix(end).replace("_", " ") + (f", {unit}" if end else "")


def brief(study, most=60):
    """The result on a terminal: a line a point, with what an experimenter asks first."""
    names = ["status"]
    for event in EVENTS:
        for name in ("survived_mA_cm2", "failed_mA_cm2"):
            names.append(f"{event}_{name}")
        if not any(f"{event}_failed_mA_cm2" in point.outcome for point in study.points):
            names.append(f"{event}_time_s")
    names += ["end_voltage_mV", "overpotential_mV", "charge_mAh_cm2", "protrusion_max_um"]
    if study.bisection:
        names[0] = "result"
    names = [n for n in names if any(point.outcome.get(n) for point in study.points)]
    rows = [["point", *(axis.label for axis in study.axes), *(_heading(n) for n in names)]]
    for point in study.points[:most]:
        words = [_short(n, point.outcome.get(n, "")) for n in names]
        if study.bisection and point.status != "done":
            words[0] = point.status
        rows.append([str(point.index), *point.labels.values(), *words])
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    lines = ["  ".join(word.rjust(width) for word, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(lines + (["..."] if len(study.points) > most else []))


def open_study(path):
    return Study(path)
