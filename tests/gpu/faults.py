#!/usr/bin/env python3
"""Makes the imitated GPU fail (tests/gpu/fake_cuda.cc) and looks at what pfsolve says, writes and leaves: rows 15 to 17 of
the faults that must be survived, and the path of every allocation that fails.

usage: faults.py [--build DIR] [--long]
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser()
parser.add_argument("--build", default="build")
parser.add_argument("--long", action="store_true", default=os.environ.get("PF_LONG") == "1")
options = parser.parse_args()
build = (root / options.build).resolve()
program = build / "launch/pfsolve"
work = build / "launch/faults"
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
os.environ["OMP_NUM_THREADS"] = "1"
failures, count = [], 0

CELL = """&grid cells = {cells}, spacing_um = 1 /
&model mechanics = {mechanics} /
&lithium thickness_um = 10 counter_thickness_um = 6 youngs_modulus_GPa = 5 poisson_ratio = 0.36 /
&layer thickness_um=0 ionic_conductivity_S_cm=4.48e-4 transference_number=0.21 exchange_current_mA_cm2=0.1
 salt_concentration_mol_L=1 diffusivity_cm2_s=1.13e-7 youngs_modulus_GPa=1 poisson_ratio=0.3 /
&protocol mode='cycling' current_mA_cm2=0.5 half_cycle_h=0.01 cycles=1 /
&solver time_step_max_s = 12 /
&output snapshot_count=3, history_interval_s=5, checkpoint_interval_min=1e-6 /
"""


MEMBERS = "protocol%current_mA_cm2\n0.5\n0.4\n0.6\n"


def write_cell(name, cells="30", mechanics="F"):
    path = work / f"{name}.nml"
    path.write_text(CELL.format(cells=cells, mechanics=mechanics))
    return path


def run(cell, folder, fault="", *more, backend="cuda", quiet=True, environment=None):
    """The exit status, what was said, and the report of the imitated GPU."""
    report = work / "report"
    report.unlink(missing_ok=True)
    words = ",".join(w for w in (fault, f"report={report}") if w)
    p = subprocess.run([program, *(["--quiet"] if quiet else []), "--backend", backend,
                        "--set", f"run%output_dir='{folder}'", *more, cell], capture_output=True, text=True, timeout=300,
                       env={**os.environ, "PF_FAKE_GPU": words, **(environment or {})})
    text = report.read_text() if report.exists() else ""
    return p.returncode, p.stdout + p.stderr, dict(re.findall(r"(\w[\w ]*?) (\d+)(?:,|$)", text))


def expect(what, good, said):
    global count
    count += 1
    if not good:
        failures.append(what)
        print(f"FAILED {what}: {said.strip()[-400:]}", flush=True)


def history(folder):
    path = folder / "history.csv"
    return path.read_bytes() if path.exists() else b""


# ---- row 17: which device ----

def devices():
    cell, folder = write_cell("devices"), work / "devices"
    table = [("none", {}, "no GPU: the driver finds none"),
             ("", {"CUDA_VISIBLE_DEVICES": ""}, "CUDA_VISIBLE_DEVICES='' leaves none"),
             ("driver=11000", {}, "driver is too old, it serves CUDA 11.0, this pfsolve was built with 13.0"),
             ("driver=0", {}, "no NVIDIA driver is installed"),
             ("chip", {}, "no kernels for .*compute capability 9.0.*CUDA_CHIPS=90")]
    table += [(f"count={error}", {}, "no GPU: ") for error in (1, 2, 3, 46, 100, 101, 214, 999)]
    for fault, environment, text in table:
        what = fault or "hidden"
        status, said, _ = run(cell, folder, fault, environment=environment)
        expect(f"cuda, {what}", status == 69 and re.search(text, said) and not folder.exists(), f"{status}: {said}")
        status, said, _ = run(cell, folder, fault, "--set", "run%max_steps=1", backend="auto", quiet=False,
                              environment=environment)
        expect(f"auto, {what}", status == 75 and " on CPU" in said and re.search("'auto' takes the CPU: .*" + text, said),
               f"{status}: {said}")
        shutil.rmtree(folder, ignore_errors=True)
    status, said, _ = run(cell, folder, "", "--set", "run%max_steps=1", backend="auto", quiet=False)
    expect("auto takes the GPU and says which", status == 75 and "on a GPU imitated on the CPU" in said, said)
    shutil.rmtree(folder, ignore_errors=True)


# ---- row 15: memory ----

def memory():
    folder = work / "memory"
    status, said, _ = run(write_cell("large", cells="200, 160"), folder, "memory=8")
    expect("too little memory", status == 71 and not folder.exists() and
           re.search(r"200 x 160 x 1 cells need [\d.e-]+ GiB, of the GPU's memory [\d.e-]+ GiB are free: [\d.e-]+ million "
                     "cells fit into it", said), f"{status}: {said}")
    cell = write_cell("mechanics", cells="30, 6", mechanics="T")
    for call in ("malloc", "hostmalloc", "fft"):
        n, step = 1, 1 if options.long else 5
        while True:
            status, said, report = run(cell, folder, f"{call}@{n}", "--set", "run%max_steps=1")
            happened = int(report.get(call, 0)) >= n
            expect(f"{call}@{n}", status == (71 if happened else 75) and report.get("arrays") == "0" and
                   (not happened or ("memory" in said or "GiB" in said)), f"{status}: {said} {report}")
            shutil.rmtree(folder, ignore_errors=True)
            if not happened:
                break
            n += step if call == "malloc" else 1
        expect(f"{call} was called", n > 1, "never")
    table = work / "members.csv"
    table.write_text(MEMBERS)
    folder = work / "members"
    for n in (*range(1, 400, 1 if options.long else 25), 10000):
        for on in ("", "+"):
            what = f"malloc@{n}{on}"
            status, said, report = run(cell, folder, what, "--members", table, "--set", "run%max_steps=1")
            happened = int(report.get("malloc", 0)) >= n
            # once: whoever finds no memory for all takes what is enough for itself
            good = status == (71 if happened and on else 75) or (happened and not on and status == 71)
            expect(f"members, {what}", good and report.get("arrays") == "0" and
                   (status == 75 or "memory" in said or "GiB" in said), f"{status}: {said} {report}")
            shutil.rmtree(folder, ignore_errors=True)


# ---- row 16: the device fails in mid-run ----

def lost():
    cell = write_cell("lost")
    reference = work / "lost-reference"
    status, said, calls = run(cell, reference)
    expect("without a fault", status == 0 and history(reference), said)
    for call in ("launch", "copy", "sync", "event", "graph"):
        # when all is done arrays and both rooms are given back, with a wait each: a loss there is no longer one of the run
        total = int(calls.get(call, 0)) - {"sync": int(calls["malloc"]) + 5, "event": 2}.get(call, 0)
        for part in [q / 40 for q in range(1, 40)] if options.long else (0.001, 0.2, 0.5, 0.97):
            n = 1 + int(part * total)
            for on in ("", "+"):
                if total == 0:
                    continue
                what, folder = f"{call}@{n}{on}", work / "lost-run"
                status, said, report = run(cell, folder, what)
                expect(what, status == 70 and "device" in said and report.get("after the loss") == "0",
                       f"{status}: {said} {report}")
                if folder.exists():
                    status, said, _ = run(cell, folder, "", "--resume")
                    expect(f"{what}, goes on", status == 0 and history(folder) == history(reference), f"{status}: {said}")
                shutil.rmtree(folder, ignore_errors=True)


devices()
memory()
lost()
print(f"{count} looks at a GPU that fails: {len(failures)} failed")
sys.exit(1 if failures else 0)
