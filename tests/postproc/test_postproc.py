"""The readers and pictures of postproc/, on synthetic runs with known values (make_run) and on a run of pfsolve."""

import contextlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "postproc")]

import numpy as np  # noqa: E402

import check_picture  # noqa: E402
import check_vtk  # noqa: E402
import pfread  # noqa: E402
import plot_run  # noqa: E402

MAKE_RUN = os.environ.get("PF_MAKE_RUN")
PROGRAM = os.environ.get("PF_PROGRAM")


def expected(shape, time, h=0.5):
    """The fields of tests/synthetic_run.h again, [nz][ny][nx]."""
    nx, ny, nz = shape
    x = (np.arange(nx) + 0.5) * h
    ripple = np.full((nz, ny, 1), 1.5)
    ripple *= np.cos(2 * np.pi * (np.arange(ny) + 0.5) / ny)[None, :, None] if ny > 1 else 0.0
    if nz > 1:
        ripple = ripple * np.cos(2 * np.pi * (np.arange(nz) + 0.5) / nz)[:, None, None]
    front = 5.0 + time / 10 + ripple * (1 + time / 50)
    ahead = np.maximum(x - front, 0)
    return {"phase": 0.5 * (1 - np.tanh((x - front) / (2 * h))), "salt": 700 + 20 * ahead,
            "potential": 0.05 + 0.004 * ahead}


class Synthetic(unittest.TestCase):
    SHAPES = {"one": (64, 1, 1), "two": (61, 37, 1), "three": (30, 9, 8)}

    @classmethod
    def setUpClass(cls):
        if not MAKE_RUN:
            raise unittest.SkipTest("PF_MAKE_RUN names no program (make check-postproc sets it)")
        cls.folder = tempfile.TemporaryDirectory()
        cls.runs = {}
        for name, shape in cls.SHAPES.items():
            for compression in (0, 1):
                path = os.path.join(cls.folder.name, f"{name}{compression}")
                subprocess.run([MAKE_RUN, path, f"a run, {name}", *map(str, shape), "4", str(compression), "1"],
                               check=True)
                cls.runs[name, compression] = path

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def copy(self, name):
        target = os.path.join(self.folder.name, f"copy-{self.id().rsplit('.', 1)[1]}")
        shutil.copytree(self.runs[name, 0], target)
        return pathlib.Path(target)

    def test_values(self):
        for (name, _), path in self.runs.items():
            run = pfread.open_run(path)
            self.assertEqual(list(run.times), [0, 10, 20, 30])
            self.assertEqual(run.dimensions, {"one": 1, "two": 2, "three": 3}[name])
            for i, time in enumerate(run.times):
                data = run.snapshot(i)
                self.assertEqual(float(data["time"]), time)
                for field, values in expected(self.SHAPES[name], time).items():
                    np.testing.assert_allclose(data[field].values.reshape(values.shape), values, rtol=2e-6, atol=1e-7)
            np.testing.assert_allclose(data["x"], (np.arange(self.SHAPES[name][0]) + 0.5) * 0.5)
            self.assertEqual(data["salt"].attrs["units"], "mol/m3")

    def test_dataset(self):
        run = pfread.open_run(self.runs["two", 1])
        data = run.dataset()
        self.assertEqual(dict(data.sizes), {"time": 4, "y": 37, "x": 61})
        self.assertEqual(float(run.at(21)["time"]), 20)
        np.testing.assert_array_equal(run.dataset([0, 3])["phase"].values[1], run.snapshot(3)["phase"].values)

    def test_history_summary_input(self):
        run = pfread.open_run(self.runs["two", 0])
        history = run.history
        self.assertEqual(history.sizes["time_s"], 31)
        np.testing.assert_array_equal(history["time_s"], np.arange(31) + 1 / 3)
        np.testing.assert_array_equal(history["voltage_mV"], 50 + 0.1 * np.arange(31))
        self.assertTrue(np.isnan(history["peak_stress_MPa"]).all())
        units = {name: history[name].attrs["units"] for name in history.data_vars}
        self.assertEqual(units["current_mA_cm2"], "mA/cm2")
        self.assertEqual(units["charge_mAh_cm2"], "mAh/cm2")
        self.assertEqual(units["salt_min_mol_L"], "mol/L")
        self.assertEqual(units["front_mean_um"], "um")
        self.assertEqual(units["step"], "1")
        self.assertEqual(run.summary["events"][0]["name"], "dendrite")
        self.assertIsNone(run.summary["salt_error"])
        self.assertIn("title = 'it''s <synthetic> & \"quoted\"'", run.input_text)
        self.assertEqual([line["event"] for line in run.log], ["start"])

    def test_a_run_that_still_goes_on(self):
        path = self.copy("two")
        (path / "summary.json").unlink()
        with open(path / "history.csv", "a", encoding="ascii") as file:
            file.write("99.5,0.5,7")
        (path / "snapshots" / ".pf-a_run__two_000005.nc.tmp").write_bytes(b"CDF half")
        run = pfread.open_run(path)
        self.assertIsNone(run.summary)
        self.assertEqual(run.history.sizes["time_s"], 31)
        self.assertEqual(len(run.files), 4)
        plot_run.make_figure(run)

    def test_errors_are_clear(self):
        with self.assertRaisesRegex(pfread.RunError, "no such directory"):
            pfread.open_run("/nowhere/at/all")
        with self.assertRaisesRegex(pfread.RunError, "holds no run"):
            pfread.open_run(HERE)
        path = self.copy("one")
        first = sorted((path / "snapshots").glob("*.nc"))[0]
        first.write_bytes(b"this is no NetCDF file")
        with self.assertRaisesRegex(pfread.RunError, first.name):
            pfread.open_run(path).times
        (path / "history.csv").write_text("a,b\n1,2\n")
        with self.assertRaisesRegex(pfread.RunError, "names of the columns"):
            pfread.open_run(path).history
        (path / "summary.json").write_text("{")
        with self.assertRaisesRegex(pfread.RunError, "summary.json"):
            pfread.open_run(path).summary
        shutil.copy(sorted((path / "snapshots").glob("*.nc"))[1], path / "snapshots" / "other_000001.nc")
        with self.assertRaisesRegex(pfread.RunError, "several runs"):
            pfread.open_run(path)
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            self.assertEqual(plot_run.main(["/nowhere/at/all"]), 1)
        self.assertIn("no such directory", errors.getvalue())

    def test_pictures(self):
        for name in self.SHAPES:
            target = os.path.join(self.folder.name, f"{name}.png")
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(plot_run.main([self.runs[name, 0], "-o", target, "--times", "0", "29"]), 0)
            self.assertIsNone(check_picture.verdict(target, maps=name != "one"))

    def test_figure_shows_the_data(self):
        run = pfread.open_run(self.runs["two", 0])
        figure = plot_run.make_figure(run, times=[0, 30])
        images = [axes.images[0] for axes in figure.axes if axes.images]
        self.assertEqual(len(images), 6)
        np.testing.assert_array_equal(images[0].get_array(), run.snapshot(0)["phase"].values)
        salt = images[3].get_array()
        metal = run.snapshot(3)["phase"].values >= 0.5
        np.testing.assert_array_equal(images[1].get_array().data, run.snapshot(3)["phase"].values)
        np.testing.assert_array_equal(salt.mask, metal)
        np.testing.assert_allclose(salt.compressed(), run.snapshot(3)["salt"].values[~metal] * 1e-3)
        labels = {axes.get_ylabel() for axes in figure.axes}
        self.assertLessEqual({"y (µm)", "front (µm)", "voltage (mV)"}, labels)
        lines = {line.get_label(): line for axes in figure.axes for line in axes.lines}
        np.testing.assert_array_equal(lines["highest"].get_ydata(), run.history["front_max_um"])

    def test_vtk_reads_the_same(self):
        for path in self.runs.values():
            try:
                problems, values, files = check_vtk.check(pfread.open_run(path))
            except ImportError:
                self.skipTest("no VTK (python3-vtk9 or python3-paraview)")
            self.assertEqual(problems, [])
            self.assertEqual(files, 9)
            self.assertGreater(values, 0)

    def test_vtk_comparison_sees_a_difference(self):
        import netCDF4
        path = self.copy("two")
        vti = sorted((path / "snapshots").glob("*.vti"))[2]
        bytes_ = bytearray(vti.read_bytes())
        bytes_[-3000] ^= 1
        vti.write_bytes(bytes_)
        name = sorted((path / "snapshots").glob("*.nc"))[1]
        with netCDF4.Dataset(name, "a") as file:
            file["time"][0] = 11.0
        try:
            problems, _, _ = check_vtk.check(pfread.open_run(path))
        except ImportError:
            self.skipTest("no VTK (python3-vtk9 or python3-paraview)")
        text = "\n".join(problems)
        self.assertIn(f"{vti.name}: ", text)
        self.assertIn(f"{vti.stem[:-1]}2.vti: its time is not 11.0", text)
        self.assertIn(".pvd: lists", text)


class Real(unittest.TestCase):
    """A short run of the program itself, of the shipped ripple."""

    @classmethod
    def setUpClass(cls):
        if not PROGRAM or not os.path.exists(PROGRAM):
            raise unittest.SkipTest("PF_PROGRAM names no program (make check-postproc sets it)")
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = os.path.join(cls.folder.name, "ripple")
        subprocess.run([PROGRAM, "--quiet", "--set", f"run%output_dir='{cls.path}'", "--set", "grid%cells=64,32",
                        "--set", "grid%spacing_um=0.09375", "--set", "protocol%duration_h=0.01",
                        "--set", "output%snapshot_count=3", "--set", "output%vtk=.true.",
                        str(ROOT / "inputs" / "ripple.nml")], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_run_is_whole(self):
        run = pfread.open_run(self.path)
        self.assertEqual(run.summary["status"], "completed")
        self.assertEqual(run.times[0], 0)
        self.assertAlmostEqual(run.times[-1], 36, places=9)
        self.assertEqual(run.history["time_s"].values[0], 0)
        self.assertAlmostEqual(float(run.history["time_s"][-1]), 36, places=9)
        self.assertIn("&lithium", run.input_text)
        self.assertTrue({"version", "commit", "backend"} <= set(run.attributes))
        data = run.snapshot(-1)
        self.assertEqual(data["phase"].shape, (32, 64))
        self.assertTrue(np.isfinite(data["potential"].values).all())

    def test_the_fields_agree_with_the_history(self):
        """The highest point of xi = 1/2 in the last snapshot is that of the history's last row."""
        run = pfread.open_run(self.path)
        data = run.snapshot(-1)
        phase, x = data["phase"].values.astype(float), data["x"].values
        tops = []
        for row in phase:
            i = int(np.argmax(row < 0.5))
            tops.append(x[i - 1] + (row[i - 1] - 0.5) / (row[i - 1] - row[i]) * (x[i] - x[i - 1]))
        h = x[1] - x[0]
        self.assertAlmostEqual(max(tops), float(run.history["front_max_um"][-1]), delta=0.1 * h)
        self.assertAlmostEqual(min(tops), float(run.history["front_min_um"][-1]), delta=0.1 * h)

    def test_vtk_reads_the_same(self):
        try:
            problems, values, files = check_vtk.check(pfread.open_run(self.path))
        except ImportError:
            self.skipTest("no VTK (python3-vtk9 or python3-paraview)")
        self.assertEqual(problems, [])
        self.assertEqual(files, 2 * len(pfread.open_run(self.path).files) + 1)

    def test_picture(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(plot_run.main([self.path]), 0)
        self.assertIsNone(check_picture.verdict(os.path.join(self.path, "run.png")))

    def test_materials_are_outlined(self):
        """Two layers and a map of grains: their names, and a line on every face between two materials."""
        inputs = {"interlayer": ("LiF", "LATP"), "grains": ("LATP", "boundary")}
        for name, names in inputs.items():
            path = os.path.join(self.folder.name, name)
            subprocess.run([PROGRAM, "--quiet", "--set", f"run%output_dir='{path}'", "--set", "protocol%duration_h=1e-3",
                            "--set", "output%snapshot_count=2", str(ROOT / "inputs" / f"{name}.nml")], check=True)
            run = pfread.open_run(path)
            data = run.snapshot(0)
            self.assertEqual(tuple(pfread.material_names(data)), names)
            material = data["material"].values
            figure = plot_run.make_figure(run)
            maps = [axes for axes in figure.axes if axes.images and axes.collections]
            faces = np.sum(material[:, 1:] != material[:, :-1]) + np.sum(material[1:] != material[:-1])
            x = data["x"].values
            for axes in maps:
                [lines] = [c.get_segments() for c in axes.collections if isinstance(c, plot_run.LineCollection)]
                self.assertEqual(len(lines), faces)
                for (x0, y0), (x1, y1) in (lines[0], lines[-1]):  # between the centres of two cells, one cell long
                    self.assertAlmostEqual(abs(x1 - x0) + abs(y1 - y0), x[1] - x[0], places=9)
            legend = [text.get_text() for text in figure.legends[0].get_texts()]
            self.assertEqual(tuple(legend), names)
            shown = np.asarray(maps[0].images[-1].get_array())
            electrolyte = data["phase"].values < 1e-6
            for n, tint in ((0, plot_run.TINTS[0]), (1, plot_run.TINTS[1])):
                colour = shown[electrolyte & (material == n)]
                np.testing.assert_allclose(colour, np.broadcast_to(plot_run.to_rgb(tint), colour.shape), atol=1e-5)
            plot_run.plt.close(figure)


if __name__ == "__main__":
    unittest.main()
