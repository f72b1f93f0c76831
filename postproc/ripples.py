#!/usr/bin/python3
"""Growth rate against wavelength, measured in one run from the noise of its start, beside the exact curve.

    python3 postproc/ripples.py RUN [RUN ...] [-o PICTURE] [--table FILE] [--from S] [--to S]

Every lateral wave of the front of a 2-D run is followed from one snapshot to another: the growth rate is
ln(a(to)/a(from))/(to - from), a the part of the wave at the end that is in phase with its start.  The front is taken as
the lithium of each lateral line (the sum of xi along x): for the profile of a planar front the place of xi = 1/2, and free of
what the profile does.  The exact curve is the linear stability of a flat front; its numbers are read from the input that
the run carries.
"""

import argparse
import pathlib
import re
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parent))

import pfread  # noqa: E402

FARADAY, GAS = 96485.33212, 8.314462618
LEAST_CELLS = 16  # a wave shorter than 4 W is not seeded and not resolved
GOOD_CELLS = 48  # a wave of fewer is drawn hollow: what moves the front is seen in its rate


# ------------------------------------------------------------------------------------------------------- theory ----
class Cell:
    """A flat front, SI: kappa S/m, gap m, i, i0 A/m2, surface J/m2, film ohm m2; with salt t_plus < 1, D m2/s, c0 mol/m3."""

    def __init__(self, kappa, gap, i, i0, surface=0.0, film=0.0, t_plus=1.0, D=0.0, c0=0.0, transfer=0.0,
                 alpha=0.5, volume=1.3e-5, temperature=298.15):
        self.kappa, self.gap, self.i, self.i0, self.film = kappa, gap, i, i0, film
        self.t_plus, self.D, self.c0, self.transfer, self.alpha = t_plus, D, c0, transfer, alpha
        self.thermal, self.per_charge = GAS * temperature / FARADAY, volume / FARADAY
        self.capillary = surface * self.per_charge  # Gam = gamma Vm/F, V m

    @property
    def salty(self):
        return self.t_plus < 1

    def gradient(self):
        """dc/dx in the electrolyte under the current, mol/m4."""
        return (1 - self.t_plus) * self.i / (FARADAY * self.D) if self.salty else 0.0

    def surface_salt(self):
        """c/c0 at the front in the steady state of a gap that keeps its salt."""
        return 1 - 0.5 * self.gradient() * self.gap / self.c0 if self.salty else 1.0

    def current(self, eta, s):
        """(2) with (2b), A/m2, of the overpotential behind the film."""
        forward, back = np.exp(self.alpha * eta / self.thermal), np.exp(-(1 - self.alpha) * eta / self.thermal)
        if not self.salty:
            return self.i0 * (forward - back)
        drag = self.i0 * s**-self.alpha * forward * (1 - self.t_plus) * self.transfer / (FARADAY * self.D * self.c0)
        return self.i0 * s ** (1 - self.alpha) * (forward - back) / (1 + drag)

    def kinetics(self):
        """R_1 = d eta/d i at constant salt, film included, ohm m2; d i/d s at constant eta behind the film, A/m2."""
        s, low, high = self.surface_salt(), -2.0, 2.0
        for _ in range(200):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.current(middle, s) < self.i else (low, middle)
        eta, step = 0.5 * (low + high), 1e-6
        slope = (self.current(eta + step, s) - self.current(eta - step, s)) / (2 * step)
        by_salt = (self.current(eta, s + step) - self.current(eta, s - step)) / (2 * step) if self.salty else 0.0
        return 1 / slope + self.film, by_salt / (1 + self.film * slope)

    def rate(self, wavelength):
        """Growth rate of a wave, 1/s."""
        return self._rate_salt(wavelength) if self.salty else self._rate_single(wavelength)

    def _rate_single(self, wavelength):
        """s = (Vm/F) K (i - kappa Gam k^2)/(1 + kappa R_1 K), K = k coth(k L): verification's formula, R_2 = 0."""
        k = 2 * np.pi / wavelength
        wave = k / np.tanh(k * self.gap)
        r1 = self.kinetics()[0]
        return self.per_charge * wave * (self.i - self.kappa * self.capillary * k * k) / (1 + self.kappa * r1 * wave)

    def _rate_salt(self, wavelength, points=400):
        """The same with salt, in its steady state, for waves that diffusion follows at once (s << D k^2).  With a front
        at x = h e^(iky): c = c_s + g x + a e^(iky), phi likewise with b, and
            a'' = k^2 a,   (c b')' - k^2 c b + (a phi_0')' = 2 (RT/F)(1-t+) (a'' - k^2 a) = 0
        of which, at the front, D a' = (1-t+) i'/F, i' = (kappa/c0) [c b' + a phi_0' - 2 (RT/F)(1-t+) a'] and
            i' = (di/ds) (a + g h)/c0 + (b + phi_0' h - Gam k^2 h)/R_1.
        At the counter electrode, an ideal one, b = 0 and D a' = (1-t+) i'/F with its own i'."""
        k, g, c0 = 2 * np.pi / wavelength, self.gradient(), self.c0
        r1, by_salt = self.kinetics()
        share = (1 - self.t_plus) / (FARADAY * self.D)
        conduct, diffuse = self.kappa / c0, 2 * self.thermal * (1 - self.t_plus)
        reach = min(self.gap, 12 / k)
        x = reach * np.linspace(0, 1, points) ** 1.5
        c = c0 * self.surface_salt() + g * x
        slope = (self.i / conduct + diffuse * g) / c  # phi_0'
        n, matrix, right = points, np.zeros((2 * points + 1, 2 * points + 1)), np.zeros(2 * points + 1)
        a, b, i = np.arange(n), n + np.arange(n), 2 * n  # unknowns: a, b at the points, i'; h = 1
        middle = 0.5 * (c[1:] + c[:-1]), 0.5 * (slope[1:] + slope[:-1])
        gap = np.diff(x)
        for j in range(n):
            size = (0.5 * gap[j - 1] if j > 0 else 0) + (0.5 * gap[j] if j < n - 1 else 0)
            for side, other in ((j, j + 1), (j - 1, j - 1)):  # fluxes through the two faces, outwards
                if not 0 <= other < n:
                    continue
                sign = 1 if other > j else -1
                matrix[a[j], a[other]] += 1 / gap[side]
                matrix[a[j], a[j]] -= 1 / gap[side]
                matrix[b[j], b[other]] += middle[0][side] / gap[side]
                matrix[b[j], b[j]] -= middle[0][side] / gap[side]
                matrix[b[j], a[[j, other]]] += sign * 0.5 * middle[1][side]
            matrix[a[j], a[j]] -= k * k * size
            matrix[b[j], b[j]] -= k * k * c[j] * size
        matrix[a[0], i] -= share  # through the front: a' = share i', and c b' + a phi_0' = (i' + ...)/conduct
        matrix[b[0], i] -= 1 / conduct + diffuse * share
        matrix[a[-1], :], matrix[b[-1], :] = 0, 0  # the waves are gone there, or at the counter electrode
        matrix[a[-1], a[-1]] = matrix[b[-1], b[-1]] = 1
        if reach == self.gap:
            matrix[a[-1], a[-2]] = -1
        matrix[i, i], matrix[i, a[0]], matrix[i, b[0]] = 1, -by_salt / c0, -1 / r1
        right[i] = by_salt * g / c0 + (slope[0] - self.capillary * k * k) / r1
        scale = np.abs(matrix).max(axis=1)
        return self.per_charge * np.linalg.solve(matrix / scale[:, None], right / scale)[i]


def read_input(text, changes=""):
    """{(group, key): value as text} of an input and of the lines of its --set; of repeated groups the first."""
    values, group = {}, None
    for line in text.splitlines():
        line = line.split("!")[0].strip()
        if line.startswith("&"):
            group, line = re.match(r"&(\w+)\s*(.*)", line).groups()
        for key, value in re.findall(r"(\w+)\s*=\s*('[^']*'|[^,=/\s]+)", line):
            values.setdefault((group.lower(), key.lower()), value)
    for group, key, value in re.findall(r"(?m)^(\w+)(?:\(1\))?%(\w+)=(.*)$", changes):
        values[group.lower(), key.lower()] = value
    return values


def cell_of(run):
    """The flat front of a run: one layer, an ideal counter electrode."""
    values = read_input(run.input_text, run.attributes.get("input_changes", ""))

    def number(group, key, default=None):
        value = values.get((group, key), default)
        if value is None:
            raise pfread.RunError(f"{run.path}: its input has no &{group} {key}")
        return float(str(value).lower().replace("d", "e"))

    size = run.snapshot(0).sizes
    spacing = number("grid", "spacing_um") * 1e-6
    gap = size["x"] * spacing - number("lithium", "thickness_um") * 1e-6
    return Cell(kappa=100 * number("layer", "ionic_conductivity_s_cm"), gap=gap,
                i=10 * number("protocol", "current_ma_cm2"), i0=10 * number("layer", "exchange_current_ma_cm2"),
                surface=number("lithium", "surface_energy_j_m2", 0.5),
                film=1e-4 * number("layer", "film_resistance_ohm_cm2", 0),
                t_plus=number("layer", "transference_number", 1), D=1e-4 * number("layer", "diffusivity_cm2_s", 0),
                c0=1000 * number("layer", "salt_concentration_mol_l", 0),
                transfer=1e-6 * number("model", "mass_transfer_length_um",
                                       0.25e6 * spacing * number("model", "interface_width_cells", 4)),
                volume=1e-6 * number("lithium", "molar_volume_cm3_mol", 13.0),
                temperature=number("conditions", "temperature_k", 298.15))


# ---------------------------------------------------------------------------------------------------- measured ----
def waves(snapshot):
    """Complex amplitudes, um, of the lateral waves 1, 2, ... of the lithium of each line of a 2-D snapshot."""
    phase = snapshot["phase"].values.astype(float)
    step = float(snapshot["x"][1] - snapshot["x"][0])
    return 2 * step * np.fft.rfft(phase.sum(axis=-1))[1:] / phase.shape[0]


def measure(run, start=None, end=None):
    """(wavelengths um, rates 1/s, cells a wavelength) between the snapshots nearest to the two times (s)."""
    if run.dimensions != 2:
        raise pfread.RunError(f"{run.path}: waves are followed in 2-D runs")
    first = run.nearest(start) if start is not None else min(1, len(run.times) - 1)
    last = run.nearest(end) if end is not None else len(run.times) - 1
    if not run.times[last] > run.times[first]:
        raise pfread.RunError(f"{run.path}: needs two snapshots at different times")
    before, after = (run.snapshot(n) for n in (first, last))
    a, b = waves(before), waves(after)
    rows = before.sizes["y"]
    width = rows * float(before["y"][1] - before["y"][0])
    number = np.arange(1, a.size + 1)
    # a wave that is hardly there is moved by its neighbours, not by its own growth
    keep = (rows / number >= LEAST_CELLS) & (np.abs(a) > 0.02 * np.abs(a).max())
    rates = np.log((b[keep] / a[keep]).real) / (run.times[last] - run.times[first])
    return width / number[keep], rates, rows / number[keep]


# ------------------------------------------------------------------------------------------------------ picture ----
def draw(found, picture):
    import plot_style  # noqa: F401 (the look of all pictures)
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(found), figsize=(0.8 + 2.9 * len(found), 2.9), layout="constrained", squeeze=False)
    for panel, (name, cell, wavelengths, rates, cells) in zip(panels[0], found):
        power = int(np.floor(np.log10(np.abs(rates[cells >= min(GOOD_CELLS, cells.max())]).max())))
        curve = np.geomspace(wavelengths.min() / 1.3, wavelengths.max() * 1.3, 80)
        panel.axhline(0, color="#8a8a8a", lw=0.7)
        panel.plot(curve, [cell.rate(1e-6 * w) / 10.0**power for w in curve], color="#8a8a8a", lw=1.4, label="exact")
        good = cells >= GOOD_CELLS
        panel.plot(wavelengths[good], rates[good] / 10.0**power, "o", color="#0072B2", ms=4.5, label="one run")
        if not good.all():
            panel.plot(wavelengths[~good], rates[~good] / 10.0**power, "o", color="#0072B2", mfc="none", ms=3.5,
                       label=f"below {GOOD_CELLS} cells a wave")
        top = max(cell.rate(1e-6 * w) for w in curve)
        if top > 0:  # what decays fast would press the rest against the upper edge
            panel.set_ylim(max(panel.get_ylim()[0], -3 * top / 10.0**power), None)
        panel.set(xscale="log", xlabel="wavelength (µm)", ylabel=rf"growth rate ($10^{{{power}}}$/s)", title=name)
        ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500) if curve[0] <= t <= curve[-1]]
        panel.set_xticks(ticks, [str(t) for t in ticks])
        panel.minorticks_off()
        panel.legend(frameon=False)
    figure.savefig(picture, dpi=110)
    plt.close(figure)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("-o", "--output", metavar="PICTURE", help="PNG, PDF or SVG (default: RUN/ripples.png)")
    parser.add_argument("--table", metavar="FILE", help="the numbers, tab-separated")
    parser.add_argument("--from", dest="start", type=float, help="s; by default the second snapshot")
    parser.add_argument("--to", dest="end", type=float, help="s; by default the last snapshot")
    asked = parser.parse_args(arguments)
    found = []
    try:
        for path in asked.runs:
            run = pfread.open_run(path)
            found.append((run.title, cell_of(run), *measure(run, asked.start, asked.end)))
    except pfread.RunError as error:
        print(f"ripples: {error}", file=sys.stderr)
        return 1
    lines = ["run\twavelength_um\tcells\trate_1_s\texact_1_s\n"]
    for name, cell, wavelengths, rates, cells in found:
        lines += [f"{name}\t{w:.5g}\t{n:.4g}\t{r:.5g}\t{cell.rate(1e-6 * w):.5g}\n" for w, r, n in zip(wavelengths, rates, cells)]
    if asked.table:
        pathlib.Path(asked.table).write_text("".join(lines), encoding="ascii")
    print("".join(lines), end="")
    picture = asked.output or str(pathlib.Path(asked.runs[0]) / "ripples.png")
    draw(found, picture)
    print(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
