"""The theory behind postproc/ripples.py against reference values and limits, and what it reads off a front that is known."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "postproc"))

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

import pfread  # noqa: E402
import ripples  # noqa: E402

PROGRAM = os.environ.get("PF_PROGRAM")

REFERENCE = ((10, 10, 30, 2, -1.935043e-5), (10, 10, 30, 3, 2.202492e-6), (10, 10, 30, 5, 1.315455e-5),
             (10, 10, 30, 20, 1.830859e-5), (100, 1000, 5, 2, 9.912468e-3), (100, 1000, 5, 3, 9.844689e-3),
             (100, 1000, 5, 5, 8.331420e-3), (100, 1000, 5, 20, 3.644873e-3))
LATP_LE = dict(kappa=0.0448, gap=60e-6, i=8, i0=0.1, surface=0.5, t_plus=0.21, D=1.13e-11, c0=1000.0, transfer=0.25e-6)


class Theory(unittest.TestCase):
    def test_reference_values(self):
        for i, i0, gap, wavelength, rate in REFERENCE:
            cell = ripples.Cell(0.03, gap * 1e-6, i, i0, 0.5)
            self.assertAlmostEqual(cell.rate(wavelength * 1e-6) / rate, 1, delta=2e-6)

    def test_salt_that_does_not_move(self):
        """t+ -> 1: the single-ion conductor again."""
        for wavelength in (2e-6, 5e-6, 20e-6):
            single = ripples.Cell(0.03, 30e-6, 10, 10, 0.5)
            salt = ripples.Cell(0.03, 30e-6, 10, 10, 0.5, t_plus=1 - 1e-9, D=1e-9, c0=1000.0)
            self.assertAlmostEqual(salt.rate(wavelength) / single.rate(wavelength), 1, delta=1e-4)

    def test_short_waves_in_salt(self):
        """k c >> dc/dx: waves decay as exp(-k x) in a uniform salt, and the equations of the front are all there is."""
        cell = ripples.Cell(**LATP_LE)
        r1, by_salt = cell.kinetics()
        g, c, v = cell.gradient(), cell.c0 * cell.surface_salt(), cell.thermal
        share, conduct, diffuse = (1 - 0.21) / (ripples.FARADAY * cell.D), cell.kappa / cell.c0, 2 * v * (1 - 0.21)
        field = (cell.i / conduct + diffuse * g) / c
        for wavelength in (4e-6, 6e-6):
            k = 2 * np.pi / wavelength
            drive = by_salt * g / cell.c0 + (field - cell.capillary * k * k) / r1
            below = 1 + by_salt * share / (k * cell.c0) + (1 / conduct + diffuse * share) / (c * k * r1)
            self.assertAlmostEqual(cell.rate(wavelength) / (cell.per_charge * drive / below), 1, delta=0.02)

    def test_film_damps(self):
        bare, film = (ripples.Cell(0.03, 30e-6, 10, 10, 0.5, film=r) for r in (0, 2e-3))
        self.assertLess(film.rate(20e-6), 0.7 * bare.rate(20e-6))


class Measured(unittest.TestCase):
    def test_a_front_that_is_known(self):
        """Waves of 64 and 32 cells grow at their own rates; one of 8 cells is left out, and so is one hardly there."""
        h, n, grow = 0.25, 128, {2: 1e-3, 4: -2e-3, 16: 5e-3}
        y = (np.arange(n) + 0.5) * h

        def snapshot(time):
            front = 5 + sum(0.01 * np.exp(rate * time) * np.cos(2 * np.pi * m * y / (n * h) + m) for m, rate in grow.items())
            x = (np.arange(60) + 0.5) * h
            return xr.Dataset({"phase": (("y", "x"), 1 / (1 + np.exp((x[None, :] - front[:, None]) / h)))},
                              coords={"x": x, "y": y})

        times = np.array([0.0, 10.0, 110.0])
        run = types.SimpleNamespace(dimensions=2, times=times, path="known", snapshot=lambda q: snapshot(times[q]),
                                    nearest=lambda t: int(np.argmin(abs(times - t))))
        wavelengths, rates, cells = ripples.measure(run)
        self.assertEqual([round(w, 6) for w in wavelengths], [16, 8])
        self.assertEqual(list(cells), [64, 32])
        np.testing.assert_allclose(rates, [1e-3, -2e-3], rtol=1e-5)

    def test_input(self):
        values = ripples.read_input("&grid cells = 8, 4 ! two\n spacing_um = 0.5 /\n&layer name = 'a', x_um = 1d-3 /\n&layer x_um = 2 /")
        self.assertEqual(values["grid", "spacing_um"], "0.5")
        self.assertEqual(values["layer", "x_um"], "1d-3")
        values = ripples.read_input("&layer x_um = 1 /", "layer%x_um=3\nlayer(2)%x_um=4\nlayer(1)%y_um=5\n")
        self.assertEqual([values["layer", k] for k in ("x_um", "y_um")], ["3", "5"])


class OneRun(unittest.TestCase):
    """What the program makes of inputs/ripples.nml, on a part of its grid, and of the cells of its table."""

    def setUp(self):
        if not PROGRAM:
            self.skipTest("PF_PROGRAM names no program (make check-postproc sets it)")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def pfsolve(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_rates(self):
        """Waves of 64 cells and more: within 5 % of the largest rate, on both sides of the neutral wavelength."""
        self.pfsolve("--quiet", "--set", f"run%output_dir='{self.folder}/run'", "--set", "grid%cells=192,128", "inputs/ripples.nml")
        run = pfread.open_run(self.folder / "run")
        cell = ripples.cell_of(run)
        self.assertAlmostEqual(cell.gap, 5.12e-6)
        wavelengths, rates, cells = ripples.measure(run)
        exact = np.array([cell.rate(1e-6 * w) for w in wavelengths])
        good = cells >= 64
        np.testing.assert_allclose(wavelengths[good], [5.12, 2.56], rtol=1e-5)
        self.assertTrue(exact[good][0] > 0 > exact[good][1])
        print(f"[off by {100 * (rates - exact)[good] / exact.max()} %] ", end="", file=sys.stderr)
        self.assertLess(np.abs(rates - exact)[good].max(), 0.05 * exact.max())

    def test_table(self):
        """The three cells are understood, each with its own salt."""
        echo = self.pfsolve("--check", "--members", "inputs/ripples.csv", "inputs/ripples.nml")
        for title in ("CuF2-LATP", "LATP-LE", "F-LATP-LE"):
            self.assertIn(f"title = '{title}'", echo)
        self.assertEqual(re.findall(r"transference_number = (\S+)", echo), ["1", "0.21", "0.32"])


if __name__ == "__main__":
    unittest.main()
