#!/usr/bin/env python3
"""Figures of the verification (tests/README.md), from runs of pfsolve against exact answers and measured cells.

    make.py [-o FOLDER] [--runs FOLDER] [--draw] [PFSOLVE]

Runs PFSOLVE (default build/pfsolve) on inputs/*.nml and on namelists that it writes beside the runs, draws sand.png,
ripple.png, width.png and ccd.png, and writes numbers.txt (tab-separated).  --draw: draws runs that are there already.
Exact answers: Sand's time, the linear growth of a ripple; measured: critical currents of the LATP-LE pair.
"""

import argparse
import pathlib
import subprocess
import sys

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "postproc"))

import pfread  # noqa: E402

FARADAY, GAS, TEMPERATURE, MOLAR_VOLUME = 96485.33212, 8.314462618, 298.15, 1.3e-5

# Okabe and Ito's colours, told apart by colour-blind people (Color Universal Design, jfly.uni-koeln.de/color).
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#8a8a8a"

plt.rcParams.update({
    "font.size": 9, "axes.titlesize": 9.5, "axes.labelsize": 9, "xtick.labelsize": 8, "ytick.labelsize": 8,
    "legend.fontsize": 8, "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.7, "xtick.major.width": 0.7, "ytick.major.width": 0.7, "axes.titlelocation": "left",
    "lines.linewidth": 1.5, "lines.markersize": 5, "savefig.dpi": 150, "figure.constrained_layout.use": True,
})


class Maker:
    """Runs the program, keeps the numbers."""

    def __init__(self, program, runs, out, draw):
        self.program, self.runs, self.out, self.draw = program, runs, out, draw
        self.rows = []

    def run(self, name, source, sets=()):
        """Runs `source` (a path, or the text of a namelist) with --set of each of `sets`; results in runs/name."""
        folder = self.runs / name
        if not (self.draw and (folder / "summary.json").exists()):
            if not isinstance(source, pathlib.Path):
                text, source = source, self.runs / f"{name}.nml"
                source.write_text(text, encoding="ascii")
            command = [str(self.program), "--quiet", "--overwrite"]
            for words in (*sets, f"run%output_dir='{folder}'"):
                command += ["--set", words]
            subprocess.run([*command, str(source)], check=True)
        return pfread.open_run(folder)

    def number(self, figure, case, what, found, expected=None, unit="1", note=""):
        self.rows.append((figure, case, what, f"{found:.6g}", "" if expected is None else f"{expected:.6g}", unit, note))

    def save(self, figure, name):
        figure.savefig(self.out / name, metadata={"Software": None})
        plt.close(figure)

    def write_numbers(self):
        heading = ("figure", "case", "quantity", "found", "expected", "unit", "note")
        text = "".join("\t".join(row) + "\n" for row in (heading, *self.rows))
        (self.out / "numbers.txt").write_text(text, encoding="ascii")


def letter(axes, text):
    axes.set_title(text, pad=8)


def front_place(x, xi):
    """Place of xi = 1/2 on each line (last axis x), by the tanh profile between two cell centres; in the unit of x."""
    lines = np.atleast_2d(np.asarray(xi, dtype=float))
    i = (lines >= 0.5).argmin(axis=1) - 1  # last cell of metal from x = 0 on
    rows = np.arange(lines.shape[0])
    here, there = (np.log(v / (1 - v)) for v in (lines[rows, i], lines[rows, i + 1]))
    return x[i] + (x[1] - x[0]) * here / (here - there)


# --------------------------------------------------------------------------------------------------------- Sand ----
SAND = {"i": 10.0, "D": 1.13e-11, "t_plus": 0.21, "c0": 1000.0, "l": 0.1e-6}  # inputs/sand.nml, SI


def surface_salt(data, far=8, step=4):
    """c/c0 at xi = 1/2: parabola through three points of the electrolyte, 8, 12 and 16 cells on."""
    x, salt = data["x"].values, data["salt"].values.reshape(-1) / SAND["c0"]
    front = (front_place(x, data["phase"].values.reshape(-1))[0] - x[0]) / (x[1] - x[0])
    b = int(front + 0.5 + far)
    u, d, dd = (front - b) / step, salt[b + step] - salt[b], 0.5 * (salt[b + 2 * step] - 2 * salt[b + step] + salt[b])
    return salt[b] + d * u + dd * u * (u - 1)


def sand(maker):
    tau = np.pi * SAND["D"] * (FARADAY * SAND["c0"] / (2 * (1 - SAND["t_plus"]) * SAND["i"])) ** 2
    reach = np.sqrt(SAND["D"] * tau)
    limit = tau * (1 - 1.77 * SAND["l"] / reach)
    spacings = (4, 2, 1, 0.5)
    errors, ends, runs, laws = [], [], [], []
    for h in spacings:
        run = maker.run(f"sand-{h:g}", ROOT / "inputs" / "sand.nml", (
            f"grid%cells={round(1340 / h)}", f"grid%spacing_um={h:g}", f"protocol%duration_h={1.1 * tau / 3600:.9f}",
            "output%snapshot_count=44", "output%history_interval_s=2", "solver%time_step_max_s=0.5"))
        times = run.times
        law = np.array([surface_salt(run.snapshot(n)) for n in range(len(times))])
        exact = 1 - np.sqrt(times / tau)
        at = int(np.argmin(abs(times / tau - 0.9)))
        errors.append(law[at] - exact[at])
        ends.append(run.summary["time_s"])
        runs.append(run), laws.append((times, law))
        maker.number("sand", f"h {h:g} um", "c/c0 at 0.9 tau", law[at], exact[at], "1",
                     f"error {errors[-1]:.3e}; worst from 0.02 to 0.9 tau "
                     f"{abs(law - exact)[(times >= 0.02 * tau) & (times <= 0.9 * tau)].max():.3e}")
        maker.number("sand", f"h {h:g} um", "compliance time", ends[-1], limit, "s",
                     f"{100 * (ends[-1] / limit - 1):+.3f} %; {run.summary['status']}")
    size = np.abs(errors)
    orders = np.log2(size[:-1] / size[1:])
    for h, order in zip(spacings, orders):
        maker.number("sand", f"h {h:g} to {h / 2:g} um", "order of the error at 0.9 tau", order)

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.4, 2.75))
    root = np.linspace(0, 1, 2)
    left.plot(root, 1 - root, color=GREY, lw=1.2, label="exact")
    times, law = laws[spacings.index(1)]
    left.plot(np.sqrt(times / tau), law, "o", color=BLUE, mfc="none", ms=4, label="pfsolve, h = 1 µm")
    left.set(xlabel=r"$\sqrt{t/\tau}$", ylabel="salt at the front (mol/L)", xlim=(0, 1.02), ylim=(0, 1.02))
    left.legend(loc="upper right", borderaxespad=0)
    letter(left, "a  Sand's law")

    middle.loglog(spacings, size, "o-", color=BLUE, label="pfsolve")
    guide = np.array([spacings[-1], spacings[0]])
    order = np.polyfit(np.log(spacings), np.log(size), 1)[0]
    maker.number("sand", "all h", "order fitted", order)
    middle.loglog(guide, 1.3 * size[-1] * guide / guide[0], "--", color=GREY, lw=1.2, label="order 1")
    middle.loglog(guide, size[0] * (guide / guide[1]) ** 2, ":", color=GREY, lw=1.2, label="order 2")
    middle.set(xlabel="h (µm)", ylabel="error of the salt (mol/L)")
    middle.set_xticks(spacings, [f"{h:g}" for h in spacings])
    middle.minorticks_off()
    middle.legend(loc="upper left", borderaxespad=0)
    letter(middle, "b  error at 0.9 τ")

    for h, colour, style in ((4, ORANGE, ":"), (2, GREEN, "--"), (1, PURPLE, "-."), (0.5, BLUE, "-")):
        history = runs[spacings.index(h)].history
        right.plot(history["time_s"] / tau, history["voltage_mV"] / 1e3, color=colour, ls=style, label=f"h = {h:g} µm")
    right.legend(loc="upper left", borderaxespad=0)
    right.axvline(limit / tau, color=RED, lw=1, ls="--")
    right.text(limit / tau - 0.02, 0.02, "exact", color=RED, ha="right", va="bottom", fontsize=8)
    right.set(xlabel=r"$t/\tau$", ylabel="voltage (V)", xlim=(0, 1.12), ylim=(0, 1.05))
    letter(right, "c  the salt runs out")
    maker.save(figure, "sand.png")


# ------------------------------------------------------------------------------------------------------- ripple ----
CONDUCTIVITY, ENERGY = 0.03, 0.5  # S/m, J/m2
RIPPLES = (  # i A/m2, i0 A/m2, L um, wavelengths um
    (10, 10, 30, (2, 3, 5, 10, 20)),
    (100, 1000, 5, (2, 3, 5, 10, 20)),
)


def ripple_rate(i, i0, gap, wavelength):
    """Exact growth rate and the scale of its error, 1/s."""
    k = 2e6 * np.pi / wavelength
    u = i / (2 * i0)
    r1 = GAS * TEMPERATURE / FARADAY / (i0 * np.sqrt(1 + u * u))
    wave = k / np.tanh(k * gap * 1e-6)
    capillary = CONDUCTIVITY * ENERGY * MOLAR_VOLUME / FARADAY * k * k
    per = MOLAR_VOLUME / FARADAY * wave / (1 + CONDUCTIVITY * r1 * wave)
    return per * (i - capillary), per * (i + capillary)


def ripple_cell(i, i0, gap, wavelength, cells, duration):
    h = wavelength / cells
    nx = 24 + int(np.ceil(gap / h))
    return f"""! a ripple of {wavelength:g} um, {cells} cells a wavelength
&grid cells = {nx}, {cells}, spacing_um = {h!r} /
&lithium thickness_um = {nx * h - gap!r}, counter_kinetics = .false., surface_energy_J_m2 = {ENERGY:g},
  perturbation_um = {0.5 * h!r} /
&layer ionic_conductivity_S_cm = {CONDUCTIVITY / 100!r}, exchange_current_mA_cm2 = {i0 / 10!r} /
&protocol mode = 'galvanostatic', current_mA_cm2 = {i / 10!r}, duration_h = {duration / 3600!r} /
&output snapshot_count = 1, fields = 'phase', 'potential' /
&solver cfl = 0.02, potential_tolerance = 1e-9 /
"""


def start_rate(data, wavelength):
    """Growth rate from the first mode of the reaction r = -div J, equation (6), summed over x: lateral fluxes up to a
    plane in the conductor, and the flux through that plane, of a potential harmonic up to an ideal electrode, 1/s."""
    xi, phi = (data[name].values.astype(float) for name in ("phase", "potential"))
    n, nx = xi.shape
    h, k = wavelength * 1e-6 / n, 2e6 * np.pi / wavelength
    wave, liquid = 2 / n * np.cos(2 * np.pi * (np.arange(n) + 0.5) / n), 1 - xi
    flux = CONDUCTIVITY * 0.5 * (liquid + np.roll(liquid, -1, 0)) * (np.roll(phi, -1, 0) - phi) / h
    end = 24 + min(32, (nx - 24) // 2)  # cells up to that plane
    lateral = wave @ (flux - np.roll(flux, 1, 0))[:, :end].sum(axis=1)
    beyond = -CONDUCTIVITY * k / np.tanh(k * (nx - end) * h) * 0.5 * (wave @ (phi[:, end - 1] + phi[:, end]))
    return MOLAR_VOLUME / FARADAY * (lateral + beyond) / (lithium_mode(data) * h)


def lithium_mode(data):
    """First cosine mode along y of the lithium of each row, in cells."""
    rows = data["phase"].values.astype(float).sum(axis=-1).reshape(-1)
    n = rows.size
    return 2 / n * np.sum(rows * np.cos(2 * np.pi * (np.arange(n) + 0.5) / n))


def ripple(maker):
    figure, axes = plt.subplots(1, 3, figsize=(7.4, 2.75), gridspec_kw={"width_ratios": (1, 1, 0.85)})
    for n, (i, i0, gap, wavelengths) in enumerate(RIPPLES):
        found, offs = [], []
        colour, marker = (BLUE, "o") if n == 0 else (RED, "s")
        for wavelength in wavelengths:
            exact, scale = ripple_rate(i, i0, gap, wavelength)
            cells = 128 if (i0, wavelength) in ((1000, 20), (1000, 10)) else 64
            run = maker.run(f"ripple-{i}-{wavelength}", ripple_cell(i, i0, gap, wavelength, cells, 1e-6 / scale))
            rate = start_rate(run.snapshot(0), wavelength)
            found.append(rate), offs.append(100 * (rate - exact) / scale)
            maker.number("ripple", f"i {i} i0 {i0} A/m2, L {gap} um, wavelength {wavelength} um", "growth rate", rate,
                         exact, "1/s", f"off {offs[-1]:+.2f} % of the scale {scale:.3e} 1/s; {cells} cells a wavelength")
        axis, curve = axes[n], np.geomspace(1.6, 25, 300)
        power = int(np.floor(np.log10(max(found))))
        axis.axhline(0, color=GREY, lw=0.7)
        axis.plot(curve, [ripple_rate(i, i0, gap, w)[0] / 10.0**power for w in curve], color=GREY, lw=1.2, label="exact")
        axis.plot(wavelengths, np.array(found) / 10.0**power, marker, color=colour, ms=5.5, label="pfsolve")
        axis.set(xscale="log", xlabel="wavelength (µm)", ylabel=rf"growth rate ($10^{{{power}}}$/s)")
        axis.legend(loc=("lower right", "lower left")[n], borderaxespad=(0, 1.5)[n])
        letter(axis, f"{'ab'[n]}  {i / 10:g} mA/cm² (i₀ {i0 / 10:g}), {gap} µm")
        axes[2].plot(wavelengths, offs, marker + "-", color=colour, lw=1, label=f"{'ab'[n]}")
    axes[2].axhline(0, color=GREY, lw=0.7)
    axes[2].axhspan(-2, 2, color="#eeeeee", zorder=0, lw=0)
    axes[2].set(xscale="log", xlabel="wavelength (µm)", ylabel="error (% of the scale)", ylim=(-2.6, 2.6))
    axes[2].text(0.97, 0.87, "bound ±2 %", transform=axes[2].transAxes, ha="right", va="bottom", fontsize=8)
    axes[2].legend(loc="lower right", ncols=2, borderaxespad=0.5)
    letter(axes[2], "c  error")
    for axis in axes:
        axis.set_xlim(1.6, 25)
        axis.set_xticks((2, 3, 5, 10, 20), ("2", "3", "5", "10", "20"))
        axis.minorticks_off()
    maker.save(figure, "ripple.png")


# -------------------------------------------------------------------------------------------------------- width ----
def width(maker):
    cases = (("W = 4 cells, h = 2 µm", 4, 1, BLUE, "-"), ("W = 6 cells, h = 2 µm", 6, 1, RED, "--"),
             ("W = 8 cells, h = 2 µm", 8, 1, ORANGE, ":"), ("W = 4 cells, h = 1 µm", 4, 2, "black", (0, (1, 3))))
    runs = []
    for _, cells, fine, *_ in cases:
        runs.append(maker.run(f"width-{cells}-{fine}", f"""! one ripple, interface of {cells} cells
&grid cells = {140 * fine}, {128 * fine}, spacing_um = {2 / fine:g} /
&model frame = 'grid', interface_width_cells = {cells}, mass_transfer_length_um = 2 /
&lithium thickness_um = 50, perturbation_um = 3 /
&layer ionic_conductivity_S_cm = 4.48e-4, transference_number = 0.21, salt_concentration_mol_L = 1,
  diffusivity_cm2_s = 1.13e-7, exchange_current_mA_cm2 = 0.1 /
&protocol mode = 'galvanostatic', current_mA_cm2 = 0.8, duration_h = 1 /
&output snapshot_count = 1, history_interval_s = 60 /
&solver time_step_max_s = 60 /
"""))
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.4, 2.75))
    base, offs = None, []
    for (label, cells, fine, colour, style), run in zip(cases, runs):
        end, history = run.snapshot(-1), run.history
        front = front_place(end["x"].values, end["phase"].values)
        last = history.isel(time_s=-1)
        values = {k: float(last[k]) for k in ("front_mean_um", "voltage_mV", "roughness_um", "salt_min_mol_L")}
        displaced = values["front_mean_um"] - 50
        base = base or {**values, "displaced": displaced}
        left.plot(end["y"], front, color=colour, ls=style, label=label)
        middle.plot(history["time_s"] / 60, history["voltage_mV"], color=colour, ls=style)
        
        offs.append([100 * (v / b - 1) for v, b in ((displaced, base["displaced"]), (values["voltage_mV"], base["voltage_mV"]),
                                                      (values["roughness_um"], base["roughness_um"]))])
        case = f"W {cells} cells, h {2 / fine:g} um"
        for what, value, of, unit in (("front displacement", displaced, base["displaced"], "um"),
                                      ("voltage", values["voltage_mV"], base["voltage_mV"], "mV"),
                                      ("roughness (rms)", values["roughness_um"], base["roughness_um"], "um")):
            maker.number("width", case, what, value, of, unit, f"{100 * (value / of - 1):+.2f} % against W 4, h 2 um")
        maker.number("width", case, "least salt", values["salt_min_mol_L"], None, "mol/L")
    left.set(xlabel="y (µm)", ylabel="front (µm)", xlim=(0, 256))
    left.legend(loc="upper center", borderaxespad=0)
    low, high = left.get_ylim()
    left.set_ylim(low, high + 0.75 * (high - low))
    letter(left, "a  front after 1 h")
    middle.set(xlabel="time (min)", ylabel="voltage (mV)", xlim=(0, 60), ylim=(0, None))
    letter(middle, "b  voltage")
    reach = np.array([cells * 2 / fine for _, cells, fine, *_ in cases])
    order = np.argsort(reach)
    for values, what, colour, marker in zip(np.array(offs)[order].T, ("displacement", "voltage", "roughness"),
                                            (BLUE, RED, ORANGE), "os^"):
        right.plot(reach[order], values, marker + "-", color=colour, lw=1, label=what)
    right.axhline(0, color=GREY, lw=0.7, zorder=0)
    right.set(xlabel="W (µm)", ylabel="difference (%)", ylim=(-2.2, 2.2))
    right.set_xticks(reach[order])
    right.legend(loc="lower right", borderaxespad=0)
    letter(right, "c  against W = 8 µm")
    maker.save(figure, "width.png")


# ---------------------------------------------------------------------------------------------------------- ccd ----
def ccd(maker):
    capacity = ("protocol%mode='ccd_constant_capacity'", "protocol%capacity_mAh_cm2=1")
    cases = (("LATP-LE\n1 h", "latp-le", "time", (), 0.8), ("LATP-LE\n1 mAh/cm²", "latp-le", "capacity", capacity, 0.6),
             ("F-LATP-LE\n1 h", "f-latp-le", "time", (), 2.2),
             ("F-LATP-LE\n1 mAh/cm²", "f-latp-le", "capacity", capacity, 4.0))
    runs = [maker.run(f"ccd-{cell}-{kind}", ROOT / "inputs" / f"{cell}-ccd.nml",
                      (*sets, "output%history_interval_s=30")) for _, cell, kind, sets, _ in cases]
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1), gridspec_kw={"width_ratios": (1, 1.35)})
    found = []
    for (_, cell, kind, _, measured), run in zip(cases, runs):
        result = run.summary["ccd"]["depletion"]
        found.append(result["failed_mA_cm2"])
        maker.number("ccd", f"{cell}, constant {kind}", "first current failed", found[-1], measured, "mA/cm2",
                     f"{100 * (found[-1] / measured - 1):+.0f} % of measured; survived {result['survived_mA_cm2']:g}; "
                     f"ended by {run.summary['status']}")
    place = np.arange(len(cases))
    measured = np.array([case[-1] for case in cases])
    for p, m in zip(place, measured):
        left.fill_between((p - 0.36, p + 0.36), 0.75 * m, 1.25 * m, color="#dedede", lw=0,
                          label="measured ±25 %" if p == 0 else None)
    left.plot(place, measured, "_", color="black", ms=18, mew=1.6, label="measured")
    left.plot(place, found, "o", color=BLUE, ms=6, label="pfsolve")
    for p, value in zip(place, found):
        left.text(p, 1.3 * measured[p], f"{value:.2g}", va="bottom", ha="center", fontsize=8, color=BLUE)
        left.text(p, 0.72 * measured[p], f"{measured[p]:g}", va="top", ha="center", fontsize=8)
    left.set(yscale="log", ylabel="first current that failed (mA/cm²)", xlim=(-0.5, 3.6), ylim=(0.3, 9))
    left.set_yticks((0.5, 1, 2, 5), ("0.5", "1", "2", "5"))
    left.minorticks_off()
    left.set_xticks(place, [case[0] for case in cases], fontsize=7.5)
    left.legend(loc="upper left", borderaxespad=0)
    left.set_title("a  critical currents", pad=16)

    history = runs[0].history
    hours = history["time_s"] / 3600
    right.plot(hours, history["voltage_mV"] / 1e3, color=BLUE, lw=1)
    right.set(xlabel="time (h)", ylabel="voltage (V)", xlim=(0, float(hours[-1]) * 1.02))
    for n in range(int(round(found[0] / 0.1))):
        right.text(2 * n + 1, 1.0, f"{0.1 * (n + 1):.1f}", transform=right.get_xaxis_transform(), ha="center",
                   va="bottom", fontsize=7.5, color=GREY)
        right.axvline(2 * n, color="#dddddd", lw=0.7, zorder=0)
    right.plot(hours[-1:], history["voltage_mV"][-1:] / 1e3, "o", color=RED, ms=4)
    right.annotate("salt used up", (float(hours[-1]), float(history["voltage_mV"][-1]) / 1e3), (-8, -2),
                   textcoords="offset points", ha="right", va="top", fontsize=8, color=RED)
    right.set_title("b  LATP-LE, 1 h each; above: current (mA/cm²)", pad=16)
    maker.save(figure, "ccd.png")


FIGURES = {"sand": sand, "ripple": ripple, "width": width, "ccd": ccd}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", type=pathlib.Path, default=ROOT / "build" / "pfsolve")
    parser.add_argument("-o", "--out", type=pathlib.Path, default=ROOT / "build" / "figures", help="where the figures go")
    parser.add_argument("--runs", type=pathlib.Path, default=ROOT / "build" / "figures", help="where the runs go")
    parser.add_argument("--draw", action="store_true", help="draw runs that are there already")
    parser.add_argument("--only", choices=FIGURES, help="one figure; numbers.txt then holds that one's")
    arguments = parser.parse_args()
    for folder in (arguments.out, arguments.runs):
        folder.mkdir(parents=True, exist_ok=True)
    maker = Maker(arguments.program.resolve(), arguments.runs.resolve(), arguments.out, arguments.draw)
    for name in [arguments.only] if arguments.only else FIGURES:
        FIGURES[name](maker)
    maker.write_numbers()


if __name__ == "__main__":
    main()
