"""The numbers of postproc/literature.py against limits and known histories, and that its cases are inputs the program takes."""

import contextlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "postproc"))

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

import literature  # noqa: E402
import pfhub  # noqa: E402


def history(time, **columns):
    return xr.Dataset({name: ("time_s", np.asarray(values, dtype=float)) for name, values in columns.items()}, coords={"time_s": time})


class Numbers(unittest.TestCase):
    def test_constants(self):
        self.assertAlmostEqual(literature.CHARGE, 4.8837, delta=1e-4)  # um for 1 mAh/cm2 at 13.09 cm3/mol
        self.assertAlmostEqual(literature.EXCHANGE, 11.057, delta=1e-3)  # A/m2

    def test_the_front_moves_as_fast_in_both(self):
        """6 l L_eta (e^(V/2) - e^(-V/2)) = (Vm/F) i."""
        drive = 2 * np.sinh(0.5 * 0.45 / literature.THERMAL)
        published = 6 * literature.LENGTH * literature.L_ETA * drive
        self.assertAlmostEqual(literature.VOLUME / literature.FARADAY * literature.EXCHANGE * drive / published, 1, delta=1e-12)

    def test_smoothing(self):
        self.assertAlmostEqual(literature.smoothing_by_mobility(16e-6), 0.289149, delta=1e-6)
        self.assertAlmostEqual(literature.smoothing_by_capillarity(16e-6, 6e-6) / 6.06376e-7, 1, delta=1e-5)

    def test_short_ripples_wait_for_the_reaction(self):
        """kappa R k >> 1: the field does not count, the rate is (Vm/F)^2 gamma k^2 i0/(RT/F)."""
        k = 2 * np.pi / 1e-9
        by_reaction = (literature.VOLUME / literature.FARADAY * k) ** 2 * literature.SURFACE * literature.EXCHANGE / literature.THERMAL
        self.assertAlmostEqual(literature.smoothing_by_capillarity(1e-9, 6e-6) / by_reaction, 1, delta=1e-3)

    def test_known_histories(self):
        time = np.linspace(0, 10, 21)
        place = np.where(time < 3, 0, 2.5 * (time - 3))  # held at first, then steady
        self.assertAlmostEqual(literature.steady_speed(history(time, deposited_um=place)), 2.5)
        self.assertAlmostEqual(literature.decay(history(time, roughness_um=0.3 * np.exp(-0.2 * time)), 2), 0.2)
        grown, paid = literature.lithium_and_charge(history([0, 1], deposited_um=[0, 4.8837], charge_mAh_cm2=[0, 1]))
        self.assertAlmostEqual(float(paid[1]) / float(grown[1]), 1, delta=1e-4)


    def test_orders(self):
        """Of errors c h^p; the extrapolation is exact for them."""
        points = [(h, 0.7 * h**3) for h in (2, 1, 0.5)]
        np.testing.assert_allclose(literature.orders(points), [3, 3], rtol=1e-12)
        self.assertAlmostEqual(literature.extrapolated_tip((1.5, 275 - 1.5**3), (1, 275 - 1)), 275)
        self.assertAlmostEqual(literature.extrapolated_tip((2, 9 - 4), (1, 9 - 1), order=2), 9)


class Record(unittest.TestCase):
    def test_of_benchmark_3(self):
        """What PFHub's record has: machine, time, and each file with its columns."""
        run = types.SimpleNamespace(summary={"backend": "cpu", "cells": [960, 960, 1], "versions": {"commit": "abc"}, "threads": 2,
                                             "seconds": 12.34, "time_s": 1500})
        text = pfhub.record(run)
        for words in ("960 x 960 cells of 1,", "version: abc", "cores: '2'", "parallel_model: threaded", "id: 3a", "wall_time: '12.3'",
                      "sim_time: '1500'", "url: 'tip_position.csv'", "parse: {time: number, solid_fraction: number}",
                      "parse: {x: number, y: number}"):
            self.assertIn(words, text)
        self.assertEqual(text.count("type: line"), 4)
        run.summary.update(backend="cuda", threads=1)
        self.assertIn("acc_architecture: gpu, parallel_model: serial", pfhub.record(run))


class Cases(unittest.TestCase):
    def test_the_program_takes_them(self):
        program = os.environ.get("PF_PROGRAM")
        if not program:
            self.skipTest("no program")
        seen = set()
        with tempfile.TemporaryDirectory() as folder:
            for members in literature.cases().values():
                for name, (source, sets) in members.items():
                    self.assertNotIn(name, seen)
                    seen.add(name)
                    if not isinstance(source, pathlib.Path):
                        text, source = source, pathlib.Path(folder) / f"{name}.nml"
                        source.write_text(text, encoding="ascii")
                    words = [word for key in sets for word in ("--set", key)]
                    done = subprocess.run([program, "--check", *words, str(source)], capture_output=True, text=True)
                    self.assertEqual(done.returncode, 0, f"{name}: {done.stderr}")

    def test_cells_of_one_case_cover_the_same_cell(self):
        for source, _ in literature.cases()["same"].values():
            line = source.splitlines()[0]
            nx, ny = (int(word) for word in line.split("cells=")[1].split(" spacing")[0].split(","))
            h = float(line.split("spacing_um=")[1].split()[0])
            self.assertEqual((nx * h, ny * h), (literature.SIDE, literature.SIDE))


class Pictures(unittest.TestCase):
    def test_fronts(self):
        """A front that stands on coarse cells, ripples that decay as they should: the rows say so."""
        runs, rows, time = {}, [], np.linspace(0, 16, 17)
        for rate in literature.RATES:
            for size in literature.SIZES:
                runs[literature.front_name(rate, size)] = types.SimpleNamespace(
                    history=history(time, deposited_um=rate * time * (0.5 if size > 1 else 1)))
        for name, rate in (("ripple-published", 0.3), ("ripple-ours", 6e-7)):
            runs[name] = types.SimpleNamespace(history=history(time, roughness_um=np.exp(-rate * time)))
        literature.plt.close(literature.draw_fronts(runs, lambda *words: rows.append(words)))
        found = {words[1:3]: words[3] for words in rows}
        self.assertAlmostEqual(found["L_eta 0.002 1/s, cells of 2 tanh lengths", "speed over that at 0.25"], 0.5)
        self.assertAlmostEqual(found["L_eta 0.0001 1/s, cells of 1 tanh lengths", "speed over that at 0.25"], 1)
        self.assertAlmostEqual(found["allen_cahn, measured", "1/s"], 0.3)
        self.assertAlmostEqual(found["reaction_interface, measured", "1/s"] / 6e-7, 1, delta=1e-6)

    def test_cost(self):
        """What was written down, or the clock; a program that runs is counted."""
        with tempfile.TemporaryDirectory() as folder:
            run = types.SimpleNamespace(path=pathlib.Path(folder), summary={"seconds": 7.0})
            self.assertEqual(literature.cost(run), ("s by the clock", 7))
            (run.path / literature.PROCESSOR).write_text("3.25\n", encoding="ascii")
            self.assertEqual(literature.cost(run), ("processor s", 3.25))
        before = literature.used()
        subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True)
        self.assertGreater(literature.used(), before)

    def test_missing_runs_are_named(self):
        said = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(literature.main([folder, "--only", "dendrites"]), 1)
        self.assertIn("no dendrites.png: not there or not finished: hong2018 chen2015 chen2015-isotropic hong2018-fine "
                      "chen2015-fine chen2015-fine-isotropic", said.getvalue())


if __name__ == "__main__":
    unittest.main()
