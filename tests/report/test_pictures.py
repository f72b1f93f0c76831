"""Pictures of several runs and of studies: what the artists hold is what the files hold."""

import contextlib
import io
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "postproc")]

import matplotlib  # noqa: E402
import matplotlib.image  # noqa: E402

matplotlib.use("Agg")

import numpy as np  # noqa: E402

import compare_runs  # noqa: E402
import look  # noqa: E402
import make_study  # noqa: E402
import pfread  # noqa: E402
import plot_style  # noqa: E402
import study  # noqa: E402
import study_plots  # noqa: E402
from plot_style import plt  # noqa: E402

MAKE_RUN = os.environ.get("PF_MAKE_RUN")
PROGRAM = os.environ.get("PF_PROGRAM")


def called(main, *arguments):
    """(status, standard output, standard error) of a script's main."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(a) for a in arguments])
    return status, out.getvalue(), err.getvalue()


def by_gid(figure, begin):
    return {line.get_gid(): line for axes in figure.axes for line in axes.lines
            if str(line.get_gid() or "").startswith(begin)}


class Words(unittest.TestCase):
    def test_plain(self):
        self.assertEqual(plot_style.plain("a $\\frac{$ b"), r"a \$\frac{\$ b")
        self.assertEqual(plot_style.plain("a\n\tb\x00\x1bc"), "a b c")
        self.assertEqual(plot_style.plain("x" * 80, 10), "x" * 9 + "…")

    def test_wrap(self):
        self.assertEqual(plot_style.wrap("a thin and soft layer", 10, 3), "a thin and\nsoft layer")
        self.assertEqual(plot_style.wrap("one_two-three", 8, 2), "one_two-\nthree")
        self.assertEqual(plot_style.wrap("abcdefghij klm nop", 5, 2), "abcde\nfghi…")
        self.assertTrue(all(len(row) <= 7 for row in plot_style.wrap("aaa bbb ccc ddd eee fff", 7, 2).split("\n")))

    def test_power_and_units(self):
        self.assertEqual(plot_style.power("5e-08 and 1.13e-7, -2e+12"), "5×10⁻⁸ and 1.13×10⁻⁷, -2×10¹²")
        self.assertEqual(plot_style.power("one2e3 0.5"), "one2e3 0.5")
        self.assertEqual([plot_style.unit_text(u) for u in ("mA/cm2", "um", "1", "ohm cm2", "J/m3", "MPa m^0.5")],
                         ["mA/cm²", "µm", "", "Ω cm²", "J/m³", "MPa m½"])


class Figures(unittest.TestCase):
    """Closes what a test has drawn."""

    maxDiff = None

    def tearDown(self):
        plt.close("all")

    def assertDrawn(self, path):
        pixels = matplotlib.image.imread(path)[..., :3]
        self.assertGreater(min(pixels.shape[:2]), 200)
        self.assertGreater(np.mean(np.any(pixels < 0.9, axis=-1)), 0.01)
        self.assertGreater(np.unique(pixels.reshape(-1, 3), axis=0).shape[0], 20)

    def assertReadable(self, figure):
        self.assertEqual(look.faults(figure), [])


class Pages(Figures):
    def test_labels_stay_on_the_page(self):
        sheet = plot_style.Sheet(1, 1, 1.0, width=2.5, labels=["one", "two"])
        sheet.key([plt.Line2D([], []), plt.Line2D([], [])])
        panel = sheet.panels[0][0]
        panel.plot([0, 1], [1e-5, 3e-5])
        self.assertIs(plot_style.whole(sheet.figure), sheet.figure)
        size = tuple(sheet.figure.get_size_inches())
        panel.set_ylabel("a label that is\ntaller than its panel and wide")
        panel.set_xlabel("a label that is longer than the page is wide")
        panel.set_title("and a title\nof two lines")
        sheet.figure.text(0.5, 0.5, "in the middle")
        self.assertNotEqual(look.faults(sheet.figure), [])
        before = panel.get_window_extent().width
        plot_style.whole(sheet.figure)
        wrong = [fault for fault in look.faults(sheet.figure) if "leaves" in fault]
        self.assertEqual(wrong, [])
        self.assertGreater(sheet.figure.get_size_inches()[0], size[0])
        self.assertAlmostEqual(panel.get_window_extent().width, before, delta=0.5)

    def test_what_fits_stays_as_it_is(self):
        figure = plt.figure(figsize=(3, 2))
        figure.add_axes((0.3, 0.3, 0.6, 0.6)).set_xlabel("x (µm)")
        plot_style.whole(figure)
        self.assertEqual(tuple(figure.get_size_inches()), (3, 2))


class Runs(Figures):
    SHAPES = {"one": (64, 1, 1), "two": (61, 37, 1), "wide": (61, 30, 1), "three": (30, 9, 8), "longer": (80, 37, 1)}

    @classmethod
    def setUpClass(cls):
        if not MAKE_RUN:
            raise unittest.SkipTest("PF_MAKE_RUN names no program (make check-report sets it)")
        cls.folder = tempfile.TemporaryDirectory()
        cls.paths = {}
        for name, shape in cls.SHAPES.items():
            path = os.path.join(cls.folder.name, name)
            subprocess.run([MAKE_RUN, path, f"title-{name}", *map(str, shape), "4", "0", "0"], check=True)
            cls.paths[name] = path

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def runs(self, *names):
        return [pfread.open_run(self.paths[name]) for name in names]

    def test_voltage(self):
        runs = self.runs("one", "two", "three")
        figure = compare_runs.voltage(runs)
        axes, = figure.axes
        self.assertEqual((axes.get_xlabel(), axes.get_ylabel()), ("time (s)", "voltage (mV)"))
        curves = [line for line in axes.lines if line.get_label().startswith("title-")]
        self.assertEqual([line.get_label() for line in curves], ["title-one", "title-two", "title-three"])
        self.assertEqual(len({line.get_color() for line in curves}), 3)
        for run, line in zip(runs, curves):
            np.testing.assert_array_equal(line.get_xdata(), run.history["time_s"])
            np.testing.assert_array_equal(line.get_ydata(), run.history["voltage_mV"])
        marks = [line for line in axes.lines if line.get_gid() == "event dendrite"]
        self.assertEqual(len(marks), 3)
        for mark in marks:
            np.testing.assert_allclose(mark.get_xydata(), [[12.5, 50 + 0.1 * (12.5 - 1 / 3)]])
            self.assertEqual(mark.get_marker(), plot_style.EVENTS["dendrite"])
        self.assertEqual([t.get_text() for t in figure.legends[0].get_texts()], compare_runs.names_of(runs) + ["dendrite"])
        self.assertReadable(figure)
        panels = compare_runs.voltage(runs, ["a", "b", "c"], panels=True)
        self.assertEqual([p.get_title(loc="left") for p in panels.axes], ["a", "b", "c"])
        self.assertReadable(panels)

    def test_voltage_of_a_cycled_cell_has_panels(self):
        folder = pathlib.Path(self.folder.name)
        for name in ("c1", "c2"):
            make_study.write_run(folder / name)
            path = folder / name / "history.csv"
            lines = path.read_text().splitlines()
            words = lines[-1].split(",")
            words[2], words[-3] = "-300", "2"
            path.write_text("\n".join(lines[:-1] + [",".join(words), ""]))
        figure = compare_runs.voltage([pfread.open_run(folder / n) for n in ("c1", "c2")])
        self.assertEqual(len(figure.axes), 2)
        self.assertEqual({t.get_text() for t in figure.texts}, {"voltage (mV)"})
        self.assertLess(figure.axes[0].get_ylim()[0], -300)
        self.assertReadable(figure)

    def test_front(self):
        runs = self.runs("two", "three")
        figure = compare_runs.front(runs)
        left, right = figure.axes
        self.assertEqual((left.get_xlabel(), left.get_ylabel()), ("time (s)", "front (µm)"))
        self.assertEqual(right.get_ylabel(), "protrusion of the highest tip (µm)")
        mean, top = [[line for line in left.lines if line.get_label() == label] for label in ("title-two", "_highest")]
        np.testing.assert_array_equal(mean[0].get_ydata(), runs[0].history["front_mean_um"])
        np.testing.assert_array_equal(top[1].get_ydata(), runs[1].history["front_max_um"])
        np.testing.assert_allclose(right.lines[0].get_ydata(), 1.5 * (1 + np.arange(31) / 50))
        self.assertGreater(right.get_ylim()[1], right.lines[0].get_ydata().max())
        self.assertEqual([t.get_text() for t in figure.legends[0].get_texts()],
                         ["title-two", "title-three", "mean", "highest", "dendrite"])
        self.assertReadable(figure)

    def test_strips(self):
        runs = self.runs("two", "longer")
        figure = compare_runs.strips(runs, times=[10, 30])
        strips = [axes for axes in figure.axes if axes.get_label().startswith("strip")]
        self.assertEqual(len(strips), 4)
        limits = {image.get_clim() for axes in strips for image in axes.images}
        self.assertEqual(len(limits), 1)
        self.assertEqual({axes.get_ylim() for axes in strips}, {strips[0].get_ylim()})
        bar, = [axes for axes in figure.axes if axes.get_label() == "colour bar"]
        self.assertEqual(bar.get_xlabel(), "salt (mol/L)")
        self.assertEqual(strips[0].get_ylabel(), "x (µm)")
        self.assertEqual(strips[3].get_xlabel(), "y (µm)")
        for axes, (time, run) in zip(strips, [(10, runs[0]), (10, runs[1]), (30, runs[0]), (30, runs[1])]):
            data = run.at(time)
            x0, x1 = axes.images[0].get_extent()[2:]
            inside = (data["x"].values > x0) & (data["x"].values < x1)
            shown = np.asarray(axes.images[0].get_array()).T
            salt, phase = data["salt"].values[:, inside] * 1e-3, data["phase"].values[:, inside]
            self.assertEqual(shown.shape, phase.shape)
            free = phase < 0.5
            self.assertTrue(free.any() and (~free).any())
            np.testing.assert_allclose(shown[free], salt[free])
            lines = [c for c in axes.collections if c.get_paths() and c.get_linewidth()[0] > 1]
            self.assertEqual(len(lines), 1)
            vertices = np.concatenate([p.vertices for p in lines[0].get_paths()])
            across = np.interp(vertices[:, 0], data["y"].values, [np.interp(-0.5, -row, data["x"].values)
                                                                  for row in data["phase"].values])
            inner = (vertices[:, 0] > 0.5) & (vertices[:, 0] < 18)
            np.testing.assert_allclose(vertices[inner, 1], across[inner], atol=0.15)
        self.assertReadable(figure)

    def test_strips_of_a_cut_and_of_long_names(self):
        figure = compare_runs.strips(self.runs("three"))
        self.assertEqual(len([a for a in figure.axes if a.get_label().startswith("strip")]), 1)
        self.assertReadable(figure)
        names = ["a layer of LiF, 15 nm, evaporated, on both sides of the pellet", "Donaudampfschifffahrtsgesellschaft" * 2,
                 "$x$", "b"]
        self.assertReadable(compare_runs.strips(self.runs("two", "longer", "two", "two"), names))

    def test_profiles(self):
        runs = self.runs("one", "two")
        figure = compare_runs.profiles(runs, times=[30])
        salt, potential = figure.axes
        self.assertEqual((salt.get_ylabel(), potential.get_ylabel()), ("salt (mol/L)", "potential (mV)"))
        self.assertEqual(salt.get_xlabel(), "x (µm)")
        data = runs[0].at(30)
        free = data["phase"].values.ravel() < 0.5
        shown = salt.lines[0].get_ydata()
        np.testing.assert_allclose(shown[free], data["salt"].values.ravel()[free] * 1e-3)
        self.assertTrue(np.isnan(shown[~free]).all())
        np.testing.assert_allclose(potential.lines[0].get_ydata()[free], data["potential"].values.ravel()[free] * 1e3)
        self.assertReadable(figure)

    def test_the_same_time(self):
        runs = self.runs("one", "two")
        self.assertEqual(compare_runs.common_time(runs), 30)
        short = os.path.join(self.folder.name, "short")
        shutil.copytree(self.paths["two"], short)
        sorted(pathlib.Path(short, "snapshots").glob("*.nc"))[-1].unlink()
        pair = [runs[1], pfread.open_run(short)]
        self.assertEqual(compare_runs.common_time(pair), 20)
        _, times = compare_runs.snapshots_at(pair, None)
        self.assertEqual(times, [20, 20])
        for name in sorted(pathlib.Path(short, "snapshots").glob("*.nc")):
            import netCDF4
            with netCDF4.Dataset(name, "a") as file:
                file["time"][0] *= 0.37
        pair = [runs[1], pfread.open_run(short)]
        self.assertIsNone(compare_runs.common_time(pair))
        _, times = compare_runs.snapshots_at(pair, None)
        np.testing.assert_allclose(times, [30, 7.4])
        figure = compare_runs.profiles(pair, ["a", "b"])
        self.assertEqual([t.get_text() for t in figure.legends[0].get_texts()], ["a, 30 s", "b, 7.4 s"])
        stamps = [t.get_text() for a in compare_runs.strips(pair, ["a", "b"]).axes for t in a.texts]
        self.assertLessEqual({"30 s", "7.4 s"}, set(stamps))

    def test_names(self):
        runs = self.runs("one", "two", "two")
        self.assertEqual(compare_runs.names_of(runs[:2]), ["title-one", "title-two"])
        self.assertEqual(compare_runs.names_of(runs), ["one", "two", "two"])

    def test_files(self):
        folder = pathlib.Path(self.folder.name)
        for kind in compare_runs.KINDS:
            target = folder / f"{kind}.png"
            status, out, err = called(compare_runs.main, self.paths["two"], self.paths["longer"], "--kind", kind, "-o", target)
            self.assertEqual((status, out, err), (0, f"{target}\n", ""))
            self.assertDrawn(target)
        for form in ("svg", "pdf"):
            self.assertEqual(called(compare_runs.main, self.paths["two"], "-o", folder / f"v.{form}")[0], 0)
        self.assertTrue(xml.etree.ElementTree.parse(folder / "v.svg").getroot().tag.endswith("svg"))
        self.assertTrue((folder / "v.pdf").read_bytes().startswith(b"%PDF"))
        self.assertEqual(list(folder.glob(".*tmp")), [])

    def test_errors_are_one_line(self):
        folder = pathlib.Path(self.folder.name)
        make_study.write_run(folder / "bare")
        for arguments, words in (
                (["/nowhere/at/all"], "/nowhere/at/all: no such directory"),
                ([HERE], "holds no run"),
                ([self.paths["two"], folder / "bare", "--kind", "strips"], "bare: holds no snapshots"),
                ([folder / "bare", "--kind", "profiles"], "bare: holds no snapshots"),
                ([self.paths["two"], self.paths["wide"], "--kind", "strips"],
                 f"runs of different sizes: {self.paths['two']} is 18.5 um wide, {self.paths['wide']} 15 um"),
                ([self.paths["one"], "--kind", "strips"], "1-D has no morphology"),
                ([self.paths["two"], "--kind", "strips", "--times", "99"], "ends at 30 s, before the time asked for, 99 s"),
                ([self.paths["two"], "--labels", "a", "b"], "2 labels for 1 runs"),
                ([self.paths["two"], "-o", folder / "x.gif"], "ends in .png, .pdf or .svg"),
                ([self.paths["two"], "-o", folder / "no" / "x.png"], "No such file or directory")):
            status, out, err = called(compare_runs.main, *arguments)
            self.assertEqual((status, out), (1, ""), err)
            self.assertTrue(err.startswith("compare_runs: ") and err.count("\n") == 1, err)
            self.assertIn(words, err)


def ladder(place):
    """Outcomes of the synthetic study: diffusivity x electrolyte x seed."""
    d, e, s = place
    if (d, e) == (2, 1):
        return "step 7: no solution" if s == 0 else None
    if (d, e) == (3, 1):
        return {"end_current": 1.6, "voltage": 320.0}
    if (d, e) == (0, 1):
        return {"survived": 0, "failed": 0.1, "voltage": 310.0}
    failed = round(0.3 + 0.25 * d + 0.1 * e + 0.05 * s, 3)
    return {"survived": round(failed - 0.1, 3), "failed": failed, "voltage": 100.0 + 50 * d + 200 * e}


AXES = [("diffusivity", ["layer(1)%diffusivity_cm2_s"], [[5e-8], [1e-7], [2e-7], [4e-7]], None),
        ("layer(1)%name", ["layer(1)%transference_number", "layer(1)%name"], [[0.2, "LATP"], [0.3, "LiF"]],
         ["bare", "LiF $15$ nm"]),
        ("seed", ["run%random_seed"], [[1], [2]], None)]


class Studies(Figures):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        cls.path = make_study.write_study(root / "ladder", AXES, ladder)
        cls.study = study.open_study(cls.path)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def measured(self, text):
        path = pathlib.Path(self.folder.name, "measured.csv")
        path.write_text(text, encoding="utf-8")
        return path

    def test_current(self):
        rows = study_plots.read_measured(self.study, self.measured(
            "# from a paper\ndiffusivity,layer(1)%name,event,current_mA_cm2,bound\n"
            "1e-7,bare,depletion,0.62,\n4e-07,,,1.5,>\n1e-7,bare,short,9,\n"))
        figure = study_plots.current(self.study, "diffusivity", "depletion", rows)
        axes, = figure.axes
        self.assertEqual(axes.get_xlabel(), "diffusivity (cm²/s)")
        self.assertEqual(axes.get_ylabel(), "critical current, depletion (mA/cm²)")
        self.assertEqual(axes.get_xscale(), "log")
        table = self.study.table()
        bars = {c.get_gid(): c.get_segments() for c in axes.collections if str(c.get_gid()).startswith("bar")}
        points = by_gid(figure, "point")
        place_of = {0: 5e-8, 1: 1e-7, 2: 2e-7, 3: 4e-7}
        seen = 0
        for row, point in enumerate(self.study.points):
            at, index = place_of[point.place[0]], point.index
            self.assertEqual(float(table["layer(1)%diffusivity_cm2_s"][row]), at)
            survived, failed = (float(table[f"depletion_{n}_mA_cm2"][row]) for n in ("survived", "failed"))
            if math.isnan(failed):
                self.assertNotIn(f"bar {index}", bars)
                continue
            seen += 1
            (low, high), = bars[f"bar {index}"]
            np.testing.assert_allclose([low, high], [[at, survived], [at, failed]])
            np.testing.assert_allclose(points[f"point {index}"].get_xydata(), [[at, failed]])
        self.assertEqual((seen, len(bars)), (12, 12))
        self.assertEqual(len(points), 14)  # two more reached the ladder's end
        self.assertEqual(len([line for line in axes.lines if line.get_gid() == "at most"]), 2)
        ends = [line for line in axes.lines if line.get_gid() == "at least"]
        self.assertEqual(sorted(line.get_ydata()[0] for line in ends), [1.5, 1.6, 1.6])
        self.assertEqual(set(by_gid(figure, "bad")), {"bad 11"})
        diamonds = [line.get_xydata()[0].tolist() for line in axes.lines if line.get_gid() == "measured"]
        self.assertEqual(diamonds, [[1e-7, 0.62], [4e-7, 1.5]])
        curves = by_gid(figure, "curve")
        self.assertEqual(set(curves), {"curve 0", "curve 1"})
        np.testing.assert_allclose(curves["curve 0"].get_ydata(), [0.325, 0.575, 0.825, 1.075])
        key = [t.get_text() for t in figure.legends[0].get_texts()]
        self.assertEqual(key[:2], ["bare", r"LiF \$15\$ nm"])
        self.assertEqual(key[2:], ["from survived to failed", "bound (arrow)", "point failed", "measured"])
        self.assertGreater(axes.get_ylim()[1], 1.6)
        self.assertReadable(figure)
        figure = study_plots.current(self.study, "layer(1)%name", "depletion")
        self.assertEqual([t.get_text() for t in figure.axes[0].get_xticklabels()], ["bare", r"LiF \$15\$ nm"])
        self.assertEqual(len(by_gid(figure, "curve")), 0)
        self.assertReadable(figure)

    def test_map(self):
        figure = study_plots.current_map(self.study)
        axes = figure.axes[0]
        shown = axes.images[0].get_array()
        expected = np.full((2, 4), np.nan)
        for point in self.study.points:
            d, e, _ = point.place
            values = [study_plots.critical(p, "depletion") for p in self.study.points if p.place[:2] == (d, e)]
            values = [f if f is not None else s for s, f in values if (s, f) != (None, None)]
            expected[e, d] = np.median(values) if values else np.nan
        np.testing.assert_allclose(shown.filled(np.nan), expected)
        self.assertEqual(shown.mask.sum(), 1)
        words = {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axes.texts}
        self.assertEqual(words[1, 2], "failed")
        self.assertEqual(words[1, 3], "1.600")
        self.assertEqual(words[0, 0], "0.325")
        self.assertEqual((axes.get_xlabel(), figure.axes[-1].get_ylabel().replace("\n", " ")),
                         ("diffusivity (cm²/s)", "critical current, depletion (mA/cm²)"))
        self.assertReadable(figure)
        figure = study_plots.outcome_map(self.study, "layer(1)%name", "diffusivity")
        np.testing.assert_allclose(figure.axes[0].images[0].get_array()[1], [152, 352])
        self.assertEqual(figure.axes[-1].get_ylabel(), "polarisation (mV)")
        self.assertReadable(figure)

    def test_outcome(self):
        figure = study_plots.outcome(self.study, "1", "protrusion_max_um")
        axes, = figure.axes
        self.assertEqual(axes.get_ylabel(), "largest protrusion of a tip (µm)")
        table = self.study.table()
        points = by_gid(figure, "point")
        for row, point in enumerate(self.study.points):
            value = float(table["protrusion_max_um"][row])
            if math.isnan(value):
                self.assertNotIn(f"point {point.index}", points)
            else:
                self.assertEqual(points[f"point {point.index}"].get_ydata()[0], value)
        self.assertReadable(figure)

    def test_bounds_of_a_bisection(self):
        outcomes = [{"result": "always", "failed": 0.2}, {"result": "found", "survived": 0.5, "failed": 0.6},
                    {"result": "never", "end_current": 2.0, "survived": 2.0}]

        def one(place):
            outcome = dict(outcomes[place[0]])
            return outcome
        path = make_study.write_study(
            pathlib.Path(self.folder.name) / "bisection", [("film", ["layer(1)%film_resistance_ohm_cm2"],
                                                            [[1], [10], [1000]], None)], one, mode="bisection",
            bisection={"event": "depletion", "low": 0.2, "high": 2, "tolerance": 0.05})
        for file in (path / "runs").glob("*/summary.json"):  # single runs know no ladder
            text = file.read_text()
            file.write_text(text[:text.index('"ccd"')] + '"ccd": {}, ' + text[text.index('"faraday_error"'):])
        s = study.open_study(path)
        self.assertEqual([study_plots.critical(p, "depletion") for p in s.points],
                         [(None, 0.2), (0.5, 0.6), (2.0, None)])
        self.assertEqual(study_plots.events_of(s), ["depletion"])
        figure = study_plots.current(s)
        self.assertEqual(figure.axes[0].get_xlabel(), "film (Ω cm²)")
        self.assertReadable(figure)
        with self.assertRaisesRegex(study.StudyError, "a map needs two axes"):
            study_plots.current_map(s)

    def test_many_series_get_panels(self):
        axes = [("t", ["layer(1)%transference_number"], [[0.1], [0.2], [0.4]], None),
                ("k", ["layer(1)%ionic_conductivity_S_cm"], [[1e-4], [2e-4], [3e-4], [5e-4]], None),
                ("a very long name of an axis, with everything that belongs to it", ["layer(1)%name"],
                 [["x"], ["y"], ["z"]], ["untreated pellet, polished", "evaporated LiF, 15 nm", "P-DOL, cross-linked"])]
        path = make_study.write_study(pathlib.Path(self.folder.name) / "many", axes, lambda p: {
            "survived": 0.1 + 0.1 * p[0], "failed": 0.2 + 0.1 * p[0] + 0.05 * p[1]})
        s = study.open_study(path)
        figure = study_plots.current(s, "t")
        self.assertEqual([a.get_title(loc="left") for a in figure.axes], axes[2][3])
        self.assertTrue(all(len([c for c in a.collections]) == 12 for a in figure.axes))
        self.assertReadable(figure)
        self.assertReadable(study_plots.current(s, 3))
        figure = study_plots.current_map(s)
        self.assertEqual(len(figure.axes), 4)
        self.assertReadable(figure)

    def test_figures_of_a_study(self):
        names = [name for name, _, _ in study_plots.figures(self.study)]
        self.assertEqual(names, ["current-depletion-1", "current-depletion-2", "map-depletion-1-2", "overpotential",
                                 "protrusion_max", "voltage", "front"])
        target = pathlib.Path(self.folder.name, "pictures")
        status, out, err = called(study_plots.main, self.path, "-o", target)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.split(), [str(target / f"{name}.png") for name in names])
        for name in names:
            self.assertDrawn(target / f"{name}.png")

    def test_chosen_points(self):
        runs, labels = study_plots.chosen_points(self.study)
        self.assertEqual(labels, ["diffusivity 5×10⁻⁸ cm²/s", "diffusivity 1×10⁻⁷ cm²/s", "diffusivity 2×10⁻⁷ cm²/s",
                                  "diffusivity 4×10⁻⁷ cm²/s"])
        self.assertEqual([run.path for run in runs], [self.study.point_at(d, 0, 0).runs[-1] for d in range(4)])

    def test_errors_are_one_line(self):
        bad = [("no_current\n1\n", "no column current_mA_cm2"), ("current_mA_cm2,colour\n1,2\n", "no axis `colour`"),
               ("current_mA_cm2,diffusivity\n1,7\n", "row 2: the axis diffusivity has no place `7`"),
               ("current_mA_cm2\nmuch\n", "`much` is no current"), ("current_mA_cm2,event\n1,end\n", "`end` is none of"),
               ("current_mA_cm2,bound\n1,~\n", "bound `~` is neither < nor >")]
        for text, words in bad:
            status, _, err = called(study_plots.main, self.path, "--kind", "current", "--measured", self.measured(text))
            self.assertEqual((status, err.count("\n")), (1, 1), err)
            self.assertIn(words, err)
        for arguments, words in (
                (["/nowhere"], "/nowhere: holds no study"), ([self.path, "--kind", "current", "--axis", "x"], "no axis `x`"),
                ([self.path, "--kind", "outcome", "--outcome", "path"], "`path` is no outcome with a number"),
                ([self.path, "--kind", "strips"], "no run for this picture: strips")):
            status, _, err = called(study_plots.main, *arguments)
            self.assertEqual((status, err.count("\n")), (1, 1), err)
            self.assertTrue(err.startswith("study_plots: "))
            self.assertIn(words, err)


class Real(Figures):
    """Two small runs of the program."""

    @classmethod
    def setUpClass(cls):
        if not PROGRAM or not os.path.exists(PROGRAM):
            raise unittest.SkipTest("PF_PROGRAM names no program (make check-report sets it)")
        cls.folder = tempfile.TemporaryDirectory()
        cls.paths = []
        for i0 in (1, 10):
            path = os.path.join(cls.folder.name, f"i0-{i0}")
            subprocess.run([PROGRAM, "--quiet", "--set", f"run%output_dir='{path}'", "--set", f"run%title=i0-{i0}", "--set",
                            "grid%cells=64,32", "--set", "grid%spacing_um=0.09375", "--set", "protocol%duration_h=0.01",
                            "--set", "output%snapshot_count=3", "--set", f"layer%exchange_current_mA_cm2={i0}",
                            str(ROOT / "inputs" / "ripple.nml")], check=True)
            cls.paths.append(path)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_every_kind(self):
        runs = [pfread.open_run(path) for path in self.paths]
        for kind, draw in compare_runs.KINDS.items():
            self.assertReadable(draw(runs))
        figure = compare_runs.voltage(runs)
        for run, line in zip(runs, figure.axes[0].lines):
            np.testing.assert_array_equal(line.get_ydata(), run.history["voltage_mV"])
        self.assertGreater(runs[0].history["voltage_mV"][-1], runs[1].history["voltage_mV"][-1])

    def test_as_a_study(self):
        path = make_study.write_study(
            pathlib.Path(self.folder.name) / "study",
            [("exchange current", ["layer(1)%exchange_current_mA_cm2"], [[1], [10]], None)], lambda place: {},
            runs_of=lambda place: self.paths[place[0]])
        s = study.open_study(path)
        names = [name for name, _, draw in study_plots.figures(s) if self.assertReadable(draw()) is None]
        self.assertEqual(names, ["overpotential", "protrusion_max", "strips", "profiles", "voltage", "front"])


if __name__ == "__main__":
    unittest.main()
