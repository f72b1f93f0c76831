#!/usr/bin/python3
"""Figures and numbers of tests/LITERATURE.md: the literature's model beside reaction_interface, and PFHub's benchmarks.

    python3 postproc/literature.py RUNS [-o FOLDER] [--run PFSOLVE] [--only PART] [--list]

RUNS holds one directory for each case of the parts `fronts`, `ripple`, `dendrites`, `same` and `pfhub` (--list names them);
--run makes those that are missing (a quarter of an hour on one quiet core).  Written into FOLDER (default RUNS): fronts.png,
dendrites.png, same.png, pfhub.png, each if its runs are there, and literature.txt with the numbers, tab-separated.
Runs of benchmark 3 in more cells are drawn too where they are in RUNS under the names bm3-960 and bm3-1280.
"""

import argparse
import pathlib
import resource
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "postproc"))

import pfread  # noqa: E402
from plot_style import BLUE, GREEN, GREY, ORANGE, RED, plt, save  # noqa: E402

FARADAY, GAS, TEMPERATURE = 96485.33212331002, 8.314462618, 300.0
THERMAL = GAS * TEMPERATURE / FARADAY                            # RT/F, V
SITES, L_ETA, LENGTH = 76400.0, 1e-3, 0.25e-6                    # mol/m3, 1/s, l = sqrt(kappa/2 W_b) in m
VOLUME, KAPPA, SURFACE = 1 / SITES, 1.19, 0.5                    # m3/mol, S/m, J/m2
# A flat front of (5) moves at 6 l L_eta (e^(a V/(RT/F)) - ...): the exchange current that moves ours as fast.
EXCHANGE = FARADAY * SITES * 6 * LENGTH * L_ETA                  # A/m2
MOBILITY = 2.5e-6 * 7.5e-7                                       # L_sigma kappa, m2/s
CHARGE = VOLUME / FARADAY * 3.6e4 * 1e6                          # um of lithium for 1 mAh/cm2

PUBLISHED = """&grid cells={cells} spacing_um={h} /
&model interface='allen_cahn' /
&conditions temperature_K=300 /
&lithium thickness_um={lithium} electronic_conductivity_S_cm=1e4 {shape} /
&layer thickness_um=0 ionic_conductivity_S_cm=0.0119 salt_concentration_mol_L=1 diffusivity_cm2_s={diffusivity} /
&allen_cahn anisotropy=0 {keys} /
&protocol mode='potentiostatic' voltage_mV={voltage} duration_h={hours} /
&output history_interval_s={interval} snapshot_count=2 /
"""

OURS = """&grid cells={cells} spacing_um={h} /
&model interface_width_cells={width} frame='grid' mass_transfer_length_um=1 /
&conditions temperature_K=300 /
&lithium thickness_um={lithium} molar_volume_cm3_mol={volume} {shape} /
&layer thickness_um=0 ionic_conductivity_S_cm=0.0119 {salt} exchange_current_mA_cm2={exchange} /
&protocol {protocol} /
&output history_interval_s={interval} snapshot_count=2 /
&solver time_step_max_s={step} /
"""

# ------------------------------------------------------------------------------------------------------- cases ----
RATES, SIZES = (1e-4, 5e-4, 2e-3), (0.25, 0.5, 1.0, 1.25, 1.5, 2.0)  # L_eta, 1/s; cells, in lengths of the tanh profile
WAVE, HEIGHT = 16.0, 0.5                                            # um
SECONDS = 6.0                                                       # of the same case in both models
TANH = (("tanh 1 um, h = 1 um", 1.0, 2), ("tanh 0.5 um, h = 1 um", 1.0, 1), ("tanh 0.5 um, h = 0.5 um", 0.5, 1),
        ("tanh 1 um, h = 0.5 um", 0.5, 2))
WIDTH = (("W = 4 um, h = 1 um", 1.0, 4), ("W = 2 um, h = 0.5 um", 0.5, 4), ("W = 4 um, h = 0.5 um", 0.5, 8))
PICTURES = (("hong2018", "hong2018", ("protocol%duration_h=0.005",)),
            ("hong2018-fine", "hong2018", ("protocol%duration_h=0.005", "grid%cells=200,200", "grid%spacing_um=0.5")),
            ("chen2015", "chen2015", ()), ("chen2015-isotropic", "chen2015", ("allen_cahn%anisotropy=0",)))
BM7 = tuple((part, n, dt) for part, sizes, dt in (("a", (50, 100, 200), 5e-4), ("b", (500, 700, 1000), 2e-3),
                                                  ("c", (500, 700), 2e-3)) for n in sizes)
PROCESSOR = "processor_seconds"                                     # a file beside summary.json
BM3, FINER = (320, 480, 640), ("bm3-960", "bm3-1280")               # cells a side; drawn too where they are there


def front_name(rate, size):
    return f"front-{rate:g}-{size:g}"


def cases():
    """part -> {name of the run: (text of a namelist or the path of one, keys set beside it)}"""
    found = {"fronts": {}, "ripple": {}, "dendrites": {}, "same": {}, "pfhub": {}}
    for rate in RATES:
        for size in SIZES:  # salt that neither moves nor is used up: the interface alone
            h, unit = 0.5 * size, 1 / (9035 * rate)
            found["fronts"][front_name(rate, size)] = (PUBLISHED.format(
                cells=round(40 / h), h=h, lithium=8, shape="", diffusivity=1e-14,
                keys=f"site_density_mol_L=1e-6 L_eta_per_s={rate}", voltage=450, hours=24 * unit / 3600,
                interval=1.5 * unit), ())
    found["ripple"]["ripple-published"] = (PUBLISHED.format(
        cells="48, 64", h=0.25, lithium=6, shape=f"perturbation_um={HEIGHT}", diffusivity=1e-14,
        keys="site_density_mol_L=1e-6", voltage=0, hours=3 / 3600, interval=0.25), ())
    found["ripple"]["ripple-ours"] = (OURS.format(
        cells="48, 64", h=0.25, width=4, lithium=6, volume=1e6 * VOLUME, shape=f"perturbation_um={HEIGHT} counter_kinetics=F",
        salt="", exchange=EXCHANGE / 10, protocol="mode='galvanostatic' current_mA_cm2=0 duration_h=20", interval=1800,
        step=60), ())
    for name, source, sets in PICTURES:
        found["dendrites"][name] = (ROOT / f"inputs/{source}.nml", sets)
    for _, h, factor in TANH:  # the same surface energy (kappa W_b) and kinetics (l L_eta, L_sigma kappa) at another width
        found["same"][f"published-{h:g}-{factor}"] = (PUBLISHED.format(
            cells=f"{round(60 / h)}, {round(40 / h)}", h=h, lithium=4, shape="", diffusivity=3.18e-6, voltage=450,
            hours=SECONDS / 3600, interval=0.1,
            keys=f"kappa_J_m={7.5e-7 * factor} barrier_J_m3={6e6 / factor} L_eta_per_s={L_ETA / factor} "
                 f"L_sigma_m3_J_s={2.5e-6 / factor} seed_radius_um=6 potential_steps=10"), ())
    salt = "transference_number=0.4 salt_concentration_mol_L=1 diffusivity_cm2_s=3.18e-6"
    for _, h, width in WIDTH:
        found["same"][f"ours-{h:g}-{width}"] = (OURS.format(
            cells=f"{round(60 / h)}, {round(40 / h)}", h=h, width=width, lithium=7, volume=1e6 * VOLUME, salt=salt,
            shape="perturbation_um=3 counter_kinetics=F", exchange=EXCHANGE / 10,
            protocol=f"mode='potentiostatic' voltage_mV=450 duration_h={SECONDS / 3600}", interval=0.1, step=0.1), ())
    for part, n, dt in BM7:
        found["pfhub"][f"bm7{part}-{n}"] = (ROOT / f"inputs/pfhub/bm7{part}.nml", (
            f"grid%cells={n},{2 * n}", f"grid%spacing_um={0.5 / n!r}", f"solver%time_step_max_s={dt}"))
    for n in BM3:
        found["pfhub"][f"bm3-{n}"] = (ROOT / "inputs/pfhub/bm3.nml", (f"grid%cells={n},{n}", f"grid%spacing_um={960 / n!r}"))
    return found


def used():
    """Processor time of the programs that have ended, s: what a busy machine makes of the clock does not count."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime + resource.getrusage(resource.RUSAGE_CHILDREN).ru_stime


def cost(run):
    """What is counted, and the number: processor seconds of a run, or those of the clock where nobody wrote them down."""
    path = run.path / PROCESSOR
    if path.exists():
        return "processor s", float(path.read_text(encoding="ascii"))
    return "s by the clock", run.summary["seconds"]


def make(program, runs, name, source, sets):
    """Runs a case, unless it is there and finished."""
    if (runs / name / "summary.json").exists():
        return
    if not isinstance(source, pathlib.Path):
        text, source = source, runs / f"{name}.nml"
        source.write_text(text, encoding="ascii")
    command = [str(program), "--quiet", "--overwrite"]
    for words in (*sets, f"run%output_dir='{runs / name}'"):
        command += ["--set", words]
    before = used()
    subprocess.run([*command, str(source)], check=True)
    (runs / name / PROCESSOR).write_text(f"{used() - before:.3f}\n", encoding="ascii")


# ----------------------------------------------------------------------------------------------------- numbers ----
def steady_speed(history):
    """Lithium a second, um/s, in the second half of a run."""
    time, place = history["time_s"].values, history["deposited_um"].values
    half = len(time) // 2
    return (place[-1] - place[half]) / (time[-1] - time[half])


def decay(history, skip):
    """Rate at which the roughness falls, 1/s, from row `skip` on."""
    time, size = history["time_s"].values, history["roughness_um"].values
    return np.log(size[skip] / size[-1]) / (time[-1] - time[skip])


def smoothing_by_mobility(wavelength):
    """d ln a/dt of a ripple without a current in (5), 1/s; wavelength in m."""
    return MOBILITY * (2 * np.pi / wavelength) ** 2


def smoothing_by_capillarity(wavelength, gap):
    """The same of lithium with these kinetics under an electrolyte of this thickness, m, against an ideal electrode."""
    k = 2 * np.pi / wavelength
    field = k / np.tanh(k * gap)
    return VOLUME / FARADAY * field * KAPPA * SURFACE * VOLUME / FARADAY * k**2 / (1 + KAPPA * THERMAL / EXCHANGE * field)


def lithium_and_charge(history):
    """Lithium that is there and lithium that the charge at the terminal pays for, um, along time."""
    return history["deposited_um"], CHARGE * history["charge_mAh_cm2"]


# ---------------------------------------------------------------------------------------------------- pictures ----
def sheet(rows, columns, width, height, **more):
    return plt.subplots(rows, columns, figsize=(width, height), constrained_layout=True, squeeze=False, **more)


def titled(axes, title, x, y):
    axes.set_title(title, fontsize=9, loc="left")
    axes.set(xlabel=x, ylabel=y)


def draw_fronts(runs, row):
    """The grid holds the front; mobility is not capillarity."""
    figure, ((left, right),) = sheet(1, 2, 7.8, 3.0)
    for rate, colour in zip(RATES, (BLUE, GREEN, ORANGE)):
        speeds = np.array([steady_speed(runs[front_name(rate, size)].history) for size in SIZES])
        share = speeds / speeds[0]
        for size, value in zip(SIZES, share):
            row("front", f"L_eta {rate:g} 1/s, cells of {size:g} tanh lengths", "speed over that at 0.25", value)
        left.plot(SIZES, 100 * share, "o-", color=colour, label=f"L_eta = {rate:g} 1/s")
    left.axvline(2, color=GREY, lw=0.8, ls=":")
    left.annotate("published\ngrids", (1.97, 100), ha="right", va="top", color=GREY, fontsize=8)
    titled(left, "a  The grid holds the front", "cell, in lengths of the tanh profile", "speed of a flat front, % of h → 0")
    left.set_ylim(-4, 112)
    left.legend(frameon=False, fontsize=7, loc="lower left")
    gap = 6e-6
    values = {"allen_cahn, measured": decay(runs["ripple-published"].history, 2),
              "its mobility, L κ k²": smoothing_by_mobility(WAVE * 1e-6),
              "reaction_interface, measured": decay(runs["ripple-ours"].history, 1),
              "capillarity, exact": smoothing_by_capillarity(WAVE * 1e-6, gap)}
    for name, value in values.items():
        row("smoothing of a ripple of 16 um", name, "1/s", value)
    right.barh(list(values), list(values.values()), color=[RED, GREY, BLUE, GREY])
    right.invert_yaxis()
    right.set_xscale("log")
    titled(right, "b  Mobility is not capillarity", "decay of a ripple of 16 µm without a current, 1/s", "")
    return figure


def phase_map(axes, run, time, title):
    data = run.at(time)
    x, y = data["x"].values, data["y"].values
    axes.imshow(np.squeeze(data["phase"].values).T, origin="lower", extent=(y[0], y[-1], x[0], x[-1]), cmap="Greys",
                vmin=0, vmax=1, aspect="equal", interpolation="nearest")
    axes.set_title(title, fontsize=8, loc="left")


def draw_dendrites(runs, row):
    """Pictures of the papers' kind, and tip velocity and area of the same runs."""
    figure = plt.figure(figsize=(8.4, 5.0), layout="none")
    grid = figure.add_gridspec(2, 12, height_ratios=(1.15, 1), left=0.055, right=0.99, top=0.92, bottom=0.09, wspace=2.4, hspace=0.4)
    axes = ([figure.add_subplot(grid[0, 3 * n:3 * n + 3]) for n in range(4)],
            [figure.add_subplot(grid[1, 4 * n:4 * n + 4]) for n in range(3)])
    names = {"hong2018": "a  hong2018, h = 1 µm\nnoise, isotropic", "hong2018-fine": "b  the same, h = 0.5 µm\nin half the cell",
             "chen2015": "c  chen2015, h = 0.5 µm\nfourfold, δ = 0.05", "chen2015-isotropic": "d  the same\nisotropic"}
    for panel, (name, title) in zip(axes[0], names.items()):
        time = float(runs[name].times[-1])
        phase_map(panel, runs[name], time, title)
    columns = (("front_max_um", 1, "e  tip, from the electrode", "µm"), ("tip_velocity_um_h", 1 / 3600, "f  tip velocity", "µm/s"),
               ("dendrite_area_um2", 1, "g  area of the dendrite", "µm²"))
    for panel, (column, factor, title, unit) in zip(axes[1], columns):
        for (name, _), colour in zip(names.items(), (RED, ORANGE, BLUE, GREEN)):
            history = runs[name].history
            panel.plot(history["time_s"], factor * history[column], color=colour, lw=1.3, label=name)
            row("dendrites", name, f"{column} at the end", float(history[column][-1]))
        titled(panel, title, "time, s", unit)
    axes[1][0].legend(frameon=False, fontsize=7)
    return figure


def draw_same(runs, row):
    """The same case in both models, cells and width halved, and Faraday's law."""
    figure, axes = sheet(2, 4, 7.4, 5.4)
    for line, model, kinds in ((axes[0], "published", TANH), (axes[1], "ours", WIDTH)):
        for panel, (name, h, factor) in zip(line, kinds):
            run = runs[f"{model}-{h:g}-{factor}"]
            phase_map(panel, run, SECONDS, name.replace(", ", "\n").replace("um", "µm"))
            last, first = run.history.isel(time_s=-1), run.history.isel(time_s=0)
            grown, paid = lithium_and_charge(run.history)
            who = f"{'allen_cahn' if model == 'published' else 'reaction_interface'}, {name}"
            row("same case", who, "lithium after 6 s, um", float(grown[-1]))
            row("same case", who, "lithium that the charge pays for, um", float(paid[-1]))
            row("same case", who, "tip beyond its start, um", float(last["front_max_um"] - first["front_max_um"]))
            row("same case", who, "error of the salt (summary)", run.summary["salt_error"])
        line[0].set_ylabel("allen_cahn" if model == "published" else "reaction_interface")
    panel = axes[1][3]
    for name, colour, label in (("published-1-1", RED, "allen_cahn"), ("ours-1-4", BLUE, "reaction_interface")):
        history = runs[name].history
        grown, paid = lithium_and_charge(history)
        panel.plot(history["time_s"], grown, color=colour, label=f"{label}: lithium")
        panel.plot(history["time_s"], paid, "--", color=colour, label="its charge, Vm/F")
    titled(panel, "Faraday's law", "time, s", "µm")
    panel.legend(frameon=False, fontsize=6)
    return figure


# PFHub's records of benchmark 3 (usnistgov/pfhub and the files that its records name): code, cores, s, tip at t = 1500
# (None: the file with it could not be had); tips along time where they were.
RECORDS = (("AMPE, 1440² cells", 64, 1033, 285.2), ("MOOSE, adaptive (INL)", 6, 17, 280.9), ("MOOSE (PSU)", 8, 228, 264.0),
           ("MOOSE (Kim)", 8, 50121, 198.3))
COURSES = {"AMPE": ((0, 10.3), (151.4, 52.2), (301.5, 84.3), (601.6, 140.7), (901.7, 191.8), (1201.8, 239.8), (1500.8, 285.3)),
           "MOOSE (INL)": ((0, 8.1), (152.1, 53.3), (300.6, 86.5), (603.1, 143.4), (900.1, 192.2), (1153.1, 231.0), (1500, 280.9)),
           "MOOSE (PSU)": ((0, 7.5), (150.7, 45.7), (299.4, 74.4), (600, 126.6), (1500, 264.0)),
           "MOOSE (Kim)": ((0.5, 8.9), (147.7, 41.3), (302.5, 63.8), (604, 103.6), (905.4, 138.5), (1206.9, 169.9), (1495, 198.0))}
# Benchmark 7a: SymPhas (5-point differences), L2 at t = 8 against h.
RECORDS_7A = ((1e-2, 7.81e-3), (5.13e-3, 1.53e-3), (2.62e-3, 3.29e-4), (1.34e-3, 1.19e-4))


def draw_pfhub(runs, row):
    figure, ((left, middle, right),) = sheet(1, 3, 7.6, 3.0)
    left.loglog(*zip(*RECORDS_7A), "s--", color=GREY, label="SymPhas, part a")
    for part, colour in zip("abc", (BLUE, GREEN, ORANGE)):
        points = []
        for _, n, dt in (case for case in BM7 if case[0] == part):
            run = runs[f"bm7{part}-{n}"]
            points.append((0.5 / n, float(run.history["benchmark_value"][-1])))
            row("benchmark 7" + part, f"h {0.5 / n:g}, dt {dt:g}", "L2 at t = 8", points[-1][1])
            row("benchmark 7" + part, f"h {0.5 / n:g}, dt {dt:g}", *cost(run))
        left.loglog(*zip(*points), "o-", color=colour, label=f"pfsolve, part {part}")
    titled(left, "a  Benchmark 7", "h", "L2 error at t = 8")
    left.legend(frameon=False, fontsize=6.5, loc="upper center", bbox_to_anchor=(0.56, 1.0))
    for name, course in COURSES.items():
        middle.plot(*zip(*course), color=GREY, lw=0.9)
        middle.annotate(name, course[-1], xytext=(3, 3 if name == "AMPE" else -1), textcoords="offset points", fontsize=6,
                        color=GREY, va="center", annotation_clip=False)
    shown = [name for name in sorted(runs, reverse=True) if name.startswith("bm3-")]
    for name, colour in zip(sorted(shown, key=lambda n: -int(n.split("-")[1])), (BLUE, GREEN, ORANGE, RED)):
        h, last = 960 / int(name.split("-")[1]), runs[name].history.isel(time_s=-1)
        middle.plot(runs[name].history["time_s"], runs[name].history["front_max_um"], color=colour, label=f"h = {h:g}")
        for what, column in (("tip", "front_max_um"), ("solid, a quarter", "dendrite_area_um2"), ("free energy", "benchmark_value")):
            row("benchmark 3", f"h {h:g}", f"{what} at t = {float(last['time_s']):g}", float(last[column]))
        row("benchmark 3", f"h {h:g}", *cost(runs[name]))
        right.semilogx(cost(runs[name])[1], float(last["front_max_um"]), "o", color=colour, label=f"pfsolve, h = {h:g}")
    titled(middle, "b  Benchmark 3", "t", "tip")
    middle.legend(frameon=False, fontsize=7)
    for (name, cores, seconds, tip), symbol in zip(RECORDS, "s^Dv"):
        right.semilogx(cores * seconds, tip, symbol, color=GREY, label=name)
    titled(right, "c  What the tip costs", "seconds times cores", "tip at t = 1500")
    right.legend(frameon=False, fontsize=6)
    return figure


DRAW = {"fronts": ("fronts", "ripple"), "dendrites": ("dendrites",), "same": ("same",), "pfhub": ("pfhub",)}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, help="where the pictures go (default: RUNS)")
    parser.add_argument("--run", metavar="PFSOLVE", type=pathlib.Path, help="make the runs that are missing with this program")
    parser.add_argument("--only", choices=list(DRAW), help="one picture and its runs")
    parser.add_argument("--list", action="store_true", help="print the runs of each part")
    asked = parser.parse_args(arguments)
    parts, output = cases(), asked.output or asked.runs
    drawn = [asked.only] if asked.only else list(DRAW)
    if asked.list:
        for part, members in parts.items():
            print(part, *members)
        return 0
    if asked.run:
        asked.runs.mkdir(parents=True, exist_ok=True)
        for name, (source, sets) in ((n, c) for picture in drawn for part in DRAW[picture] for n, c in parts[part].items()):
            make(asked.run, asked.runs, name, source, sets)
    output.mkdir(parents=True, exist_ok=True)
    rows = []
    for picture in drawn:
        names = [name for part in DRAW[picture] for name in parts[part]]
        missing = [name for name in names if not (asked.runs / name / "summary.json").exists()]
        if missing:
            print(f"literature: no {picture}.png: not there or not finished: {' '.join(missing)}", file=sys.stderr)
            continue
        try:
            names += [name for name in FINER if picture == "pfhub" and (asked.runs / name / "summary.json").exists()]
            figure = globals()[f"draw_{picture}"]({name: pfread.open_run(asked.runs / name) for name in names},
                                                  lambda *words: rows.append(words))
        except pfread.RunError as error:
            print(f"literature: {error}", file=sys.stderr)
            return 1
        print(save(figure, output / f"{picture}.png"))
    text = "".join("\t".join(words) + f"\t{value:.6g}\n" for *words, value in rows)
    (output / "literature.txt").write_text("part\tcase\tquantity\tfound\n" + text, encoding="utf-8")
    return 1 if not rows else 0


if __name__ == "__main__":
    sys.exit(main())
