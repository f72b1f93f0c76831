"""A study directory with known outcomes, in the form that pfstudy leaves (format 1 of study.py)."""

import json
import os
import pathlib

HEADER = ("time_s,current_mA_cm2,voltage_mV,charge_mAh_cm2,deposited_um,retreat_um,front_mean_um,front_max_um,front_min_um,"
          "roughness_um,salt_min_mol_L,electronic_leak_fraction,peak_stress_MPa,profile_q,half_cycle,step,dt_s\n")


def write_run(path, failed=None, survived=None, event="depletion", voltage=200.0, end_current=0.9, title="a-run"):
    """A run without snapshots: history of five rows and summary; a ladder that failed at a current, or did not."""
    path = pathlib.Path(path)
    path.mkdir(parents=True)
    rows = [f"{60 * i},{end_current},{voltage + i},{0.01 * i},{0.1 * i},0,{40 + 0.1 * i},{41 + 0.2 * i},{39.5 + 0.1 * i},"
            f"0.5,{1 - 0.1 * i},nan,nan,1,1,{i},{60 if i else 0}\n" for i in range(5)]
    (path / "history.csv").write_text(HEADER + "".join(rows), encoding="ascii")
    ccd = {name: None for name in ("depletion", "voltage_limit", "dendrite", "nucleation", "fracture", "short")}
    if failed is not None:
        ccd[event] = {"survived_mA_cm2": survived, "failed_mA_cm2": failed, "charge_mAh_cm2": 1.5}
    events = [] if failed is None else [{"name": event, "time_s": 150, "half_cycle": 1, "current_mA_cm2": failed}]
    (path / "summary.json").write_text(json.dumps({
        "title": title, "status": event if failed is not None else "completed", "events": events, "ccd": ccd,
        "faraday_error": 1e-14, "salt_error": 1e-12, "time_s": 240, "steps": 4, "seconds": 0.25, "backend": "cpu",
        "versions": {"pfsolve": "0.1.0", "commit": "0123456789ab", "compiler": "cc", "netcdf": "4.9.0"},
        "warnings": 0}), encoding="utf-8")


def write_study(path, axes, outcome_of, title="A study", note="", mode="every", bisection=None, fixed=None,
                study_text="title = 'x'\n", base_text="&run /\n", runs_of=None):
    """`axes`: (label, keys, values, names or None).  `outcome_of(place)`: None for a missing point, a text for a failed
    one (its reason), else keywords of write_run.  `runs_of(place)`: directories of runs to link instead."""
    path = pathlib.Path(path)
    for folder in ("points", "runs", "inputs"):
        (path / folder).mkdir(parents=True)
    (path / "study.toml").write_text(study_text, encoding="utf-8")
    (path / "inputs" / "base.nml").write_text(base_text, encoding="utf-8")
    places = [()]
    for _, _, values, _ in axes:
        places = [place + (i,) for place in places for i in range(len(values))]
    points = []
    for index, place in enumerate(places, 1):
        parameters = {}
        for (_, keys, values, _), i in zip(axes, place):
            parameters.update(zip(keys, values[i]))
        name = f"{index:012x}"
        points.append({"index": index, "hash": name, "place": list(place), "parameters": parameters})
        outcome = outcome_of(place)
        if outcome is None:
            continue
        state = {"status": "done", "runs": [{"path": f"runs/{name}"}],
                 "input": {"run%random_seed": 1, "grid%cells": [64, 1, 1], "grid%spacing_um": 2,
                           "protocol%mode": "ccd_constant_time"}}
        if isinstance(outcome, str):
            state.update(status="failed", error=outcome, runs=[])
        elif runs_of is not None:
            os.symlink(runs_of(place), path / "runs" / name)
        else:
            result = outcome.pop("result", None)
            if result:
                state.update(result=result, survived_mA_cm2=outcome.get("survived"), failed_mA_cm2=outcome.get("failed"))
            write_run(path / "runs" / name, **outcome)
        (path / "points" / f"{name}.json").write_text(json.dumps(state), encoding="utf-8")
    (path / "study.json").write_text(json.dumps({
        "format": 1, "name": path.name, "title": title, "note": note, "mode": mode, "bisection": bisection,
        "fixed": fixed or {}, "help": {}, "bases": ["base.nml"], "points": points,
        "axes": [{"label": label, "keys": keys, "values": [list(v) for v in values], "names": names}
                 for label, keys, values, names in axes]}), encoding="utf-8")
    return path
