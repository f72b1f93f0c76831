"""pfstudy and study.py on cells so small that a run takes some hundredths of a second."""

import contextlib
import csv
import io
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
POSTPROC = HERE.parent.parent / "postproc"
sys.path.insert(0, str(POSTPROC))

import netCDF4  # noqa: E402
import numpy as np  # noqa: E402

import pfstudy  # noqa: E402
import study  # noqa: E402
import study_file  # noqa: E402

PROGRAM = pfstudy.find_program(None)
KEYS = pfstudy.Program(PROGRAM, HERE).keys()

# A single-ion cell of 60 um, planar: V = i d/kappa + (4RT/F) asinh(i/(2 i0)).
BASE = """
&run title = 'tiny' /
&grid cells = 40, spacing_um = 2 /
&lithium thickness_um = 20 /
&layer
  name = 'ceramic'
  thickness_um = 60
  ionic_conductivity_S_cm = 5e-4
  exchange_current_mA_cm2 = 0.5
/
&protocol mode = 'galvanostatic', current_mA_cm2 = 0.1, duration_h = 0.01 /
&output snapshot_count = 1 /
"""

PATIENCE = 300  # s that anything may take on a machine that is busy with other work

R, T, F, VM = 8.314462618, 298.15, 96485.33212, 13e-6


def spec_of(text):
    return study_file.read(text, "s.toml", KEYS)


class Expansion(unittest.TestCase):
    """Study files to points, no program run."""

    def points(self, axes):
        spec = spec_of('base = "a.nml"\n[fixed]\n"grid%spacing_um" = 2\n' + axes)
        self.assertEqual(spec.errors, [])
        return spec, [list(p.parameters.values())[1:] for p in spec.points]

    def test_product(self):
        spec, points = self.points('[[axis]]\nkey = "solver%cfl"\nvalues = [0.1, 0.2]\n'
                                   '[[axis]]\nkey = "Layer%Transference_Number"\nvalues = [1, 0.5, 0.2]\n')
        self.assertEqual(points, [[a, b] for a in (0.1, 0.2) for b in (1, 0.5, 0.2)])
        self.assertEqual([p.place for p in spec.points][3:5], [(1, 0), (1, 1)])
        self.assertEqual(list(spec.points[0].parameters), ["grid%spacing_um", "solver%cfl", "layer(1)%transference_number"])

    def test_together(self):
        spec, points = self.points('[[axis]]\nnames = ["bare", "LiF"]\n[axis.keys]\n"layer%exchange_current_mA_cm2" = [0.01, 0.11]\n'
                                   '"layer(2)%thickness_um" = { from = 5, to = 6, count = 2 }\n[[axis]]\nseeds = 2\n')
        self.assertEqual(points, [[0.01, 5, 1], [0.01, 5, 2], [0.11, 6, 1], [0.11, 6, 2]])
        self.assertEqual(spec.axes[0].names, ["bare", "LiF"])
        self.assertEqual((spec.axes[1].label, spec.axes[1].keys), ("seed", ["run%random_seed"]))

    def values(self, line, key="solver%cfl"):
        return [p[0] for p in self.points(f'[[axis]]\nkey = "{key}"\n{line}\n')[1]]

    def test_ranges(self):
        self.assertEqual(self.values("from = 0.1\nto = 0.8\nstep = 0.1"), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
        self.assertEqual(self.values("from = 1.0\nto = 0.35\nstep = -0.25"), [1, 0.75, 0.5])
        self.assertEqual(self.values("from = 10\nto = 40\nstep = 15", "run%max_steps"), [10, 25, 40])
        self.assertTrue(all(isinstance(v, int) for v in self.values("from = 10\nto = 40\ncount = 3", "run%max_steps")))
        self.assertEqual(self.values("from = 0\nto = 1\ncount = 5"), [0, 0.25, 0.5, 0.75, 1])
        self.assertEqual(self.values("from = 7\nto = 7\ncount = 1"), [7])

    def test_log_range(self):
        self.assertEqual(self.values('from = 1e-4\nto = 1e-1\ncount = 4\nscale = "log"'), [1e-4, 1e-3, 1e-2, 1e-1])
        np.testing.assert_allclose(self.values('from = 2\nto = 1\ncount = 3\nscale = "log"'), [2, math.sqrt(2), 1], rtol=1e-11)

    def test_seeds_and_inputs(self):
        spec = spec_of('[[axis]]\nkey = "input"\nvalues = ["a.nml", "b.nml"]\n[[axis]]\nseeds = [3, 7]\n')
        self.assertEqual(spec.errors, [])
        self.assertEqual([tuple(p.parameters.values()) for p in spec.points],
                         [("a.nml", 3), ("a.nml", 7), ("b.nml", 3), ("b.nml", 7)])

    def test_errors_all_at_once(self):
        text = '\n'.join((
            'titel = "x"',                                           # 1
            'base = "a.nml"',
            '[fixed]',
            '"grid%cels" = 3',                                       # 4
            '"run%threads" = 3',                                     # 5
            '"solver%cfl" = [[1]]',                                  # 6
            '[[axis]]',
            'key = "layer%transference_numbr"',                      # 8
            'vlaues = [1,',                                          # 9
            '  1]',
            '[[axis]]',
            'key = "protcol%current_mA_cm2"',                        # 12
            'form = 1',                                              # 13
            'to = 2',
            '[[axis]]',
            'names = ["one", "two", "three"]',                       # 16
            '[axis.keys]',                                           # 17
            '"layer%thickness_um" = [1, 2]',
            '"layer(1)%thickness_um" = [1, 2, 3]',                   # 19
            '[[axis]]',
            'key = "model%interface_width_cells"',
            'from = 1',
            'to = 2',
            'step = -1',                                             # of 20
            '[[axis]]',                                              # 25
            'label = "nothing"',
            '[bisection]',
            'event = "depletoin"',                                   # 28
            'low = 3',                                               # 29
            'high = 2',
            'tolerance = 2',                                         # 31
        ))
        found = spec_of(text).errors
        expected = [(1, "unknown word 'titel'; nearest: title"), (4, "no key of &grid; nearest: grid%cells"),
                    (5, "run%threads cannot be set"), (6, "needed: a number"),
                    (8, "no key of &layer; nearest: layer%transference_number"), (9, "unknown word 'vlaues'; nearest: values"),
                    (7, "missing: from, to"),
                    (12, "'protcol' is no group of the input; nearest: protocol%current_mA_cm2"),
                    (13, "unknown word 'form'; nearest: from"), (11, "missing: from"),
                    (19, "layer(1)%thickness_um is given twice, first in line 18"),
                    (17, "as many values each; found layer%thickness_um 2, layer(1)%thickness_um 3"),
                    (20, "step -1 does not lead from 1 to 2"), (25, "needs one of key, keys, seeds"),
                    (28, "nearest: depletion"), (29, "0 < low < high"), (31, "tolerance: found 2")]
        for line, words in expected:
            self.assertTrue(any(e.startswith(f"s.toml:{line}:") and words in e for e in found), (line, words, found))
        self.assertEqual(len(found), len(expected), found)

    def test_more_errors(self):
        for text, words in (
                ('base = "a.nml"\n[[axis]]\nkey = "solver%cfl"\nvalues = [1, ', "s.toml:4:"),
                ('[[axis]]\nkey = "solver%cfl"\nvalues = [1]', "missing: base"),
                ('base = "a.nml"', "needs an axis or a bisection"),
                ('base = "a.nml"\n[axis]\nkey = "solver%cfl"', "s.toml:2:2: error: axis: needed: [[axis]]"),
                ('base = "a.nml"\n[[axis]]\nkey = "solver%cfl"\nvalues = [0.1,\n  0.2, 0.1]', "s.toml:4:1: error: axis 1: 0.1 stands twice"),
                ('base = "a.nml"\n[[axis]]\nkey = "input"\nvalues = ["b"]', "contradict"),
                ('base = "a.nml"\n[[axis]]\nkey = "run%output_dir"\nvalues = ["b"]', "pfstudy chooses"),
                ('base = "a.nml"\n[[axis]]\nkey = "grid(2)%spacing_um"\nvalues = [1]', "&grid is not repeated"),
                ('base = "a.nml"\n[[axis]]\nkey = "cfl"\nvalues = [1]', "needed: group%key"),
                ('base = "a.nml"\n[[axis]]\nkey = "layer%cfl"\nvalues = [1]', "nearest: solver%cfl"),
                ('base = "a.nml"\n[[axis]]\nkey = "solver%cfl"\nfrom = 0\nto = 1\ncount = 3\nscale = "log"', "above 0"),
                ('base = "a.nml"\n[[axis]]\nkey = "solver%cfl"\nfrom = 1\nto = 2\nstep = 1e-9', "at most 100000"),
                ('base = "a.nml"\n[[axis]]\nkey = "solver%cfl"\nvalues = [nan]', "needed: numbers"),
                ('base = "a.nml"\n[[axis]]\nkey = "protocol%current_mA_cm2"\nvalues = [1]\n[bisection]\nevent = "short"\n'
                 'low = 1\nhigh = 2', "s.toml:3:1: error: protocol%current_mA_cm2 is what the bisection searches")):
            errors = spec_of(text).errors
            self.assertTrue(any(words in e for e in errors), (words, errors))


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pfstudy-test-")
        self.path = pathlib.Path(self.folder.name)
        (self.path / "base.nml").write_text(BASE)
        self.dir = self.path / "out"
        # A program that notes its runs and can be made slow, else pfsolve itself.
        self.program = self.path / "pfsolve"
        self.program.write_text(f"""#!/bin/sh
n=1; before=; for word; do test "$before" != --members || n=$(($(wc -l < "$word") - 1)); before=$word; done
case " $* " in *" --quiet "*)
  for i in $(seq $n); do echo run >> {self.path}/count; done
    while test -f {self.path}/slow; do sleep 0.1; done & wait $!;; esac
exec {PROGRAM} "$@"
""")
        self.program.chmod(0o755)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, text, base="base.nml"):
        path = self.path / "s.toml"
        path.write_text(f'base = "{base}"\n{text}')
        return path

    def words(self, *options):
        return ["--no-report", "--pfsolve", str(self.program), "--output", str(self.dir), *options, str(self.path / "s.toml")]

    def wait_until(self, happened, process):
        """Until something happened while a pfstudy runs; however slow the machine is, but not for ever."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            self.assertIsNone(process.poll(), "pfstudy ended before")
            self.assertLess(time.monotonic(), deadline, "it did not happen")
            time.sleep(0.01)

    def a_run_is_on_its_way(self):
        return any(len(p.read_text().splitlines()) > 5 for p in self.dir.glob("runs/*/history.csv"))

    def study(self, *options):
        """Exit status, what was said, and how many runs were made."""
        out, count = io.StringIO(), self.path / "count"
        count.unlink(missing_ok=True)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            status = pfstudy.main(self.words(*options))
        return status, out.getvalue(), len(count.read_text().split()) if count.exists() else 0

    def rows(self):
        with open(self.dir / "table.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


CURRENTS = '[[axis]]\nlabel = "current"\nkey = "protocol%current_mA_cm2"\nvalues = [0.1, 0.2]\n'


class Every(Case):
    def test_table_is_the_summaries(self):
        self.write('title = "A study"\n[fixed]\n"layer%flaw_depth_um" = 1\n"layer%fracture_toughness_MPa_m05" = 0.2\n' + CURRENTS +
                   '[[axis]]\nlabel = "interface"\nnames = ["good", "poor"]\n[axis.keys]\n"layer%exchange_current_mA_cm2" = [0.5, 0.05]\n'
                   '"layer%film_resistance_ohm_cm2" = [0, 100]\n')
        status, said, runs = self.study()
        self.assertEqual((status, runs), (0, 4), said)
        self.assertIn("table.csv", said)
        opened = study.open_study(self.dir)
        self.assertEqual((opened.name, opened.title, opened.mode), ("s", "A study", "every"))
        self.assertEqual([p.status for p in opened.points], ["done"] * 4)
        self.assertEqual(opened.axes[0].numbers, [0.1, 0.2])
        self.assertEqual((opened.axes[0].units, opened.axes[1].numbers, opened.axes[1].names), ("mA/cm2", None, ["good", "poor"]))
        self.assertEqual(opened.base_text, BASE)
        with netCDF4.Dataset(self.dir / "table.nc") as file:
            table = {name: file[name][:] for name in file.variables}
            self.assertEqual(file["layer(1)%film_resistance_ohm_cm2"].units, "ohm cm2")
        for row, point, i, i0, film in zip(self.rows(), opened.points, (0.1, 0.1, 0.2, 0.2), (0.5, 0.05, 0.5, 0.05), (0, 100, 0, 100)):
            n = point.index - 1
            summary = json.loads((point.runs[-1] / "summary.json").read_text())
            history = (point.runs[-1] / "history.csv").read_text().splitlines()
            last = dict(zip(history[0].split(","), map(float, history[-1].split(","))))
            for name, value in (("protocol%current_mA_cm2", i), ("layer(1)%exchange_current_mA_cm2", i0),
                                ("layer(1)%film_resistance_ohm_cm2", film), ("layer(1)%flaw_depth_um", 1),
                                ("faraday_error", summary["faraday_error"]), ("steps", summary["steps"]),
                                ("seconds", summary["seconds"]), ("end_time_s", summary["time_s"]), ("seed", 1), ("area_um2", 4),
                                ("end_voltage_mV", last["voltage_mV"]), ("end_current_mA_cm2", last["current_mA_cm2"]),
                                ("charge_mAh_cm2", last["charge_mAh_cm2"]), ("roughness_max_um", 0), ("protrusion_um", 0)):
                self.assertEqual(table[name][n], value, name)
                self.assertAlmostEqual(float(row[name]), value, delta=1e-9 * abs(value), msg=name)
            self.assertEqual((row["status"], table["status"][n], row["commit"]),
                             (summary["status"], summary["status"], summary["versions"]["commit"]))
            self.assertEqual(str(self.dir / row["path"]), str(point.runs[-1]))
            events = {e["name"]: e for e in summary["events"]}
            if "fracture" in events:
                self.assertAlmostEqual(float(row["fracture_time_s"]), events["fracture"]["time_s"], delta=1e-6)
                self.assertEqual(table["fracture_current_mA_cm2"][n], events["fracture"]["current_mA_cm2"])
            # and the summaries are those of these parameters: the polarisation of a planar cell
            exact = i * (0.006 / 5e-4 + 2 * film) + 4e3 * R * T / F * math.asinh(i / (2 * i0))
            self.assertAlmostEqual(float(row["overpotential_mV"]), exact, delta=5e-3 * exact)
        self.assertEqual([r["axis_interface"] for r in self.rows()], ["good", "poor"] * 2)
        self.assertTrue(any(r["fracture_time_s"] for r in self.rows()) and not all(r["fracture_time_s"] for r in self.rows()))

    def test_only_what_is_missing(self):
        self.write(CURRENTS)
        self.assertEqual(self.study()[::2], (0, 2))
        self.assertEqual(self.study()[::2], (0, 0))
        self.write(CURRENTS.replace("[0.1, 0.2]", "[0.05, 0.1, 0.2]"))  # a new point before the old ones
        self.assertEqual(self.study()[::2], (0, 1))
        self.assertEqual([float(r["end_current_mA_cm2"]) for r in self.rows()], [0.05, 0.1, 0.2])
        (self.path / "base.nml").write_text("! a remark\n" + BASE)
        self.assertEqual(self.study()[::2], (0, 0))
        (self.path / "base.nml").write_text(BASE.replace("5e-4", "6e-4"))
        status, said, runs = self.study()
        self.assertEqual((status, runs), (0, 3))
        self.assertIn("3 runs of earlier forms", said)
        self.assertEqual(self.study("--prune")[::2], (0, 0))
        self.assertEqual(len(list((self.dir / "runs").iterdir())), 3)
        path = study.open_study(self.dir).points[1].runs[-1]
        (path / "summary.json").unlink()
        self.assertEqual(self.study()[::2], (0, 2))  # --resume says that it is finished, so it is run anew
        self.assertTrue((path / "summary.json").exists())

    def test_failed_point(self):
        self.write('[[axis]]\nkey = "layer%exchange_current_mA_cm2"\nvalues = [0.7, 0.5, 0.6]\n')
        # The program itself judges: its summary says `failed`, its status is 70.
        self.program.write_text(self.program.read_text().replace("exec", f"""case " $* " in *" --quiet "*_cm2=0.7*)
  {PROGRAM} "$@"; sed -i 's/"completed"/"failed"/' {self.dir}/runs/*/summary.json; echo error: no potential was found >&2; exit 70;;
esac
exec"""))
        status, said, runs = self.study("--jobs", "1")
        self.assertEqual((status, runs), (70, 3), said)
        self.assertRegex(said, r"point 1 \(.*0.7\): FAILED: error: no potential was found")
        self.assertIn("its log: ", said)
        opened = study.open_study(self.dir)
        self.assertEqual([p.status for p in opened.points], ["failed", "done", "done"])
        self.assertEqual([r["status"] for r in self.rows()], ["failed", "completed", "completed"])
        self.assertIn("no potential", self.rows()[0]["error"])
        self.assertEqual(self.study()[::2], (70, 0))
        self.assertEqual(self.study("--retry")[::2], (70, 1))

    def test_inputs_compared(self):
        (self.path / "other").mkdir()
        (self.path / "other" / "base.nml").write_text(BASE.replace("= 0.5\n", "= 0.05\n"))
        (self.path / "s.toml").write_text('[[axis]]\nlabel = "cell"\nkey = "input"\nvalues = ["base.nml", "other/base.nml"]\n')
        self.assertEqual(self.study()[::2], (0, 2))
        voltage = [float(r["end_voltage_mV"]) for r in self.rows()]
        for v, i0 in zip(voltage, (0.5, 0.05)):
            exact = 0.1 * 0.006 / 5e-4 + 4e3 * R * T / F * math.asinh(0.1 / (2 * i0))
            self.assertAlmostEqual(v, exact, delta=5e-3 * exact)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(pfstudy.main(["--table", str(self.dir)]), 0)
        if (POSTPROC / "study_report.py").exists():
            self.assertIn(f"The report: {self.dir.resolve() / 'report.html'}", said.getvalue())
            self.assertTrue((self.dir / "report.html").stat().st_size > 1000)


class Together(Case):
    """Points of one grid are members of one process."""
    TWO_GRIDS = ('[[axis]]\nnames = ["60 um", "100 um", "short"]\n[axis.keys]\n"grid%cells" = [40, 60, 40]\n'
                 '"layer%thickness_um" = [60, 100, 60]\n"protocol%duration_h" = [0.01, 0.01, 0.005]\n' + CURRENTS)

    def table(self):
        rows = self.rows()
        for row in rows:
            row.pop("seconds")
        return rows

    def logs(self):
        return "".join(p.read_text() for p in self.dir.glob("points/*.log"))

    def test_the_table_is_that_of_single_runs(self):
        self.write(self.TWO_GRIDS)
        status, said, runs = self.study()
        self.assertEqual((status, runs), (0, 6), said)
        together = self.table()
        self.assertEqual(self.logs().count("member "), 6)  # 4 and 2
        histories = {p.parent.name: p.read_bytes() for p in self.dir.glob("runs/*/history.csv")}
        self.dir = self.path / "single"
        status, said, runs = self.study("--jobs", "2")
        self.assertEqual((status, runs), (0, 6), said)
        self.assertNotIn("member ", self.logs())
        self.assertEqual(together, self.table())
        self.assertEqual(histories, {p.parent.name: p.read_bytes() for p in self.dir.glob("runs/*/history.csv")})

    def test_one_alone_and_only_what_is_missing(self):
        self.write(CURRENTS.replace("[0.1, 0.2]", "[0.1]"))
        self.assertEqual(self.study()[::2], (0, 1))
        self.assertNotIn("member ", self.logs())
        self.write(CURRENTS.replace("[0.1, 0.2]", "[0.1, 0.2, 0.3]"))
        self.assertEqual(self.study()[::2], (0, 2))
        self.assertEqual(self.logs().count("member "), 2)
        self.assertEqual([float(r["end_current_mA_cm2"]) for r in self.rows()], [0.1, 0.2, 0.3])

    def test_one_cannot_be_made(self):
        """Refused as a member and by itself: told as failed, the others are done."""
        self.write(CURRENTS)
        self.assertEqual(self.study("--check")[0], 0)
        self.assertEqual(self.study()[::2], (0, 2))
        path = study.open_study(self.dir).points[1].runs[-1]
        self.write(CURRENTS.replace("[0.1, 0.2]", "[0.1, 0.2, 0.3, 0.4]"))
        for name in os.listdir(path):
            if (path / name).is_file():
                (path / name).unlink()
        (path / "snapshots").rename(self.path / "away")
        (path / "snapshots").write_text("in the way")
        status, said, _ = self.study()
        self.assertEqual(status, 70, said)
        self.assertRegex(said, r"point 2 \(.*\): FAILED: error: .*snapshots is a link or a file")
        self.assertEqual([p.status for p in study.open_study(self.dir).points], ["done", "failed", "done", "done"])

    def test_the_process_is_killed(self):
        """Then each is run by itself, so that one that ends the program does not end all."""
        self.write(CURRENTS)
        text = self.program.read_text()
        self.program.write_text(text.replace("exec", 'case "$*" in *--members*) kill -9 $$;; esac\nexec'))
        status, said, runs = self.study()
        self.assertEqual((status, runs), (0, 4), said)
        self.assertEqual([r["status"] for r in self.rows()], ["completed", "completed"])

    def test_stopped(self):
        self.write('[fixed]\n"solver%time_step_max_s" = 0.01\n"protocol%duration_h" = 0.05\n"output%history_interval_s" = 1\n' +
                   CURRENTS)
        process = subprocess.Popen([sys.executable, str(POSTPROC / "pfstudy.py"), *self.words()],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.wait_until(self.a_run_is_on_its_way, process)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE)[0]
        self.assertEqual(process.returncode, 75, said)
        self.assertIn("2 missing", said)
        self.assertEqual(self.study()[::2], (0, 2))
        for point in study.open_study(self.dir).points:
            self.assertTrue(any("goes on from step" in line["text"] for line in point.run.log), point.run.log)
            self.assertGreaterEqual(point.run.summary["steps"], 18000)


class Refused(Case):
    def refused(self, *expected):
        status, said, runs = self.study()
        self.assertEqual((status, runs), (65, 0), said)
        self.assertFalse(self.dir.exists())
        for words in expected:
            self.assertRegex(said, words)
        self.assertIn("nothing was run or written", said)

    def test_values(self):
        self.write('[fixed]\n"solver%cfl" = 7\n[[axis]]\nkey = "layer%transference_number"\nvalues = [1, 2]\n'
                   '[[axis]]\nkey = "layer(3)%thickness_um"\nvalues = [1]\n')
        self.refused(r"s.toml:3:\d+: error: &solver cfl: found '7'.*\(point 1 and 1 more\)",
                     r"s.toml:5:\d+: error: &layer transference_number: found '2'.*\(point 2\)",
                     r"s.toml:8:\d+: error: &layer\(3\)")

    def test_words_and_values(self):
        self.write('[fixed]\n"solver%cfl" = 7\n"solver%clf" = 7\n[[axis]]\nkey = "grid%cells"\nvalues = ["a"]\n')
        self.refused(r"s.toml:3:\d+: error: &solver cfl: found '7'", r"s.toml:4:\d+: error: 'clf' is no key.*solver%cfl",
                     r"s.toml:6:\d+: error: &grid cells: found")

    def test_contradiction(self):
        self.write('[[axis]]\nkey = "grid%cells"\nvalues = [40, 50]\n')
        self.refused(r"s.toml: error: .*base.nml:.*\(point 2\)")

    def test_base(self):
        self.write(CURRENTS, base="none.nml")
        self.refused(r"s.toml:1:1: error: .*none.nml: cannot be read: No such file")

    def test_bisection_of_a_ladder(self):
        self.write('[fixed]\n"protocol%mode" = "potentiostatic"\n"protocol%voltage_mV" = 100\n'
                   '[bisection]\nevent = "short"\nlow = 1\nhigh = 2\n')
        self.refused(r"s.toml:5:2: error: a bisection needs protocol%mode 'galvanostatic' or 'cycling'")

    def test_taken(self):
        self.write(CURRENTS)
        self.dir.mkdir()
        (self.dir / "mine.txt").write_text("mine")
        status, said, _ = self.study()
        self.assertEqual((status, sorted(os.listdir(self.dir))), (73, ["mine.txt"]), said)
        (self.dir / "mine.txt").unlink()
        lock = pfstudy.Lock(self.dir / "study.lock", "x")
        status, said, runs = self.study()
        self.assertEqual((status, runs), (73, 0))
        self.assertIn(f"in use (host {os.uname().nodename} process {os.getpid()})", said)
        lock.release()
        self.assertEqual(self.study()[::2], (0, 2))
        (self.path / "s.toml").rename(self.path / "t.toml")
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(pfstudy.main(["--output", str(self.dir), str(self.path / "t.toml")]), 73)
        self.assertIn("holds the study 's'", said.getvalue())

    def test_usage(self):
        for words, status in ((["--jobs", "0", "x"], 64), ([], 64), (["--nonsense"], 64), (["/nowhere/x.toml"], 66),
                              (["--pfsolve", "/nowhere", "x"], 69), (["--status", "/nowhere"], 66)):
            with contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertEqual(pfstudy.main(words), status, (words, said.getvalue()))


class Broken(Case):
    """Killed in the middle, by every signal; the same command goes on."""

    def start(self):
        (self.path / "count").unlink(missing_ok=True)
        return subprocess.Popen([sys.executable, str(POSTPROC / "pfstudy.py"), *self.words("--jobs", "2")],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def broken(self, number):
        self.write(CURRENTS.replace("[0.1, 0.2]", "[0.1, 0.2, 0.3]"))
        self.assertEqual(self.study("--task", "1")[0], 66)  # no study yet
        (self.path / "slow").touch()
        process = self.start()
        count = self.path / "count"
        self.wait_until(lambda: count.exists() and len(count.read_text().split()) == 2, process)
        status, said, runs = self.study()
        self.assertEqual((status, runs), (73, 0), said)  # two at once: the second is refused
        process.send_signal(number)
        said = process.communicate(timeout=PATIENCE)[0]
        self.assertEqual(process.returncode, 75 if number != signal.SIGKILL else -9, said)
        (self.path / "slow").unlink()
        return said

    def test_interrupt(self):
        said = self.broken(signal.SIGINT)
        self.assertIn("the same command goes on", said)
        self.assertIn("3 missing", said)
        self.assertEqual([p.status for p in study.open_study(self.dir).points], ["missing"] * 3)
        self.assertEqual(self.study()[::2], (0, 3))

    def test_kill(self):
        self.broken(signal.SIGKILL)
        status, said, runs = self.study()
        self.assertEqual((status, runs), (0, 3), said)
        self.assertEqual(self.study()[::2], (0, 0))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(pfstudy.main(["--status", str(self.dir)]), 0)
            self.assertEqual(pfstudy.main(["--task", "2", str(self.dir)]), 0)
        self.assertIn("3 points: 3 done", out.getvalue())
        self.assertIn("done before", out.getvalue())

    def test_resume(self):
        """A run that was asked to stop goes on from its checkpoint."""
        self.write('[fixed]\n"solver%time_step_max_s" = 0.01\n"protocol%duration_h" = 0.05\n"output%history_interval_s" = 1\n' +
                   CURRENTS.replace(", 0.2", ""))
        process = self.start()
        self.wait_until(self.a_run_is_on_its_way, process)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=PATIENCE)[0]
        self.assertEqual(process.returncode, 75, said)
        self.assertEqual(self.study()[::2], (0, 1))
        run = study.open_study(self.dir).points[0].run
        self.assertTrue(any("goes on from step" in line["text"] for line in run.log), run.log)
        self.assertGreaterEqual(run.summary["steps"], 18000)

    def test_one_run_is_killed(self):
        """Not the study's fault: told as failed, run again the next time."""
        self.write(CURRENTS)
        text = self.program.read_text()
        self.program.write_text(text.replace("exec", 'case "$*" in *=0.2*--quiet*|*--quiet*=0.2*) kill -9 $$;; esac\nexec'))
        status, said, runs = self.study("--jobs", "2")
        self.assertEqual((status, runs), (70, 2), said)
        self.assertRegex(said, r"point 2 .*: FAILED: killed by SIGKILL")
        self.program.write_text(text)
        self.assertEqual(self.study()[::2], (0, 1))

    def test_progress(self):
        """On a terminal: points ended, time gone and left."""
        import pty
        self.write(CURRENTS)
        main, side = pty.openpty()
        process = subprocess.Popen([sys.executable, str(POSTPROC / "pfstudy.py"), *self.words("--jobs", "1")], stdout=side)
        os.close(side)
        said = b""
        with contextlib.suppress(OSError):
            while part := os.read(main, 4096):
                said += part
        os.close(main)
        self.assertEqual(process.wait(), 0)
        self.assertRegex(said.decode(), r"\[1/2\] \d running, \d:\d\d:\d\d gone, 0:00:0\d left")


class Bisection(Case):
    TOLERANCE = 1e-3

    def text(self, event="fracture", low=0.05, high=5, tolerance=TOLERANCE, depths="[0.1, 1, 10, 1e6]"):
        return ('[fixed]\n"layer%fracture_toughness_MPa_m05" = 1.0\n"protocol%end_at" = "fracture"\n'
                f'[[axis]]\nlabel = "flaw"\nkey = "layer%flaw_depth_um"\nvalues = {depths}\n'
                f'[bisection]\nevent = "{event}"\nlow = {low}\nhigh = {high}\ntolerance = {tolerance}\n')

    def test_fracture(self):
        """Planar cell: the current whose overpotential is eta_c = K_IC Vm/(F Y sqrt(pi a)), i = 2 i0 sinh(F eta_c/(2RT))."""
        self.write(self.text())
        status, said, runs = self.study()
        self.assertEqual(status, 0, said)
        points = study.open_study(self.dir).points
        self.assertEqual([p.result for p in points], ["never", "found", "found", "always"])
        for point, depth in zip(points[1:3], (1e-6, 1e-5)):
            eta = 1e6 * VM / (F * 1.12 * math.sqrt(math.pi * depth))
            exact = 2 * 0.5 * math.sinh(F * eta / (2 * R * T))
            self.assertLess(point.survived, exact)
            self.assertGreater(point.failed, exact)
            self.assertLessEqual(point.failed - point.survived, self.TOLERANCE * point.failed)
            self.assertEqual(point.currents[-1], point.failed)
            self.assertEqual(point.outcome["fracture_failed_mA_cm2"], point.failed)
            self.assertIn("fracture_time_s", point.outcome)
        self.assertEqual((points[0].survived, points[0].failed, len(points[0].runs)), (5, None, 2))
        self.assertEqual((points[3].survived, points[3].failed, len(points[3].runs)), (None, 0.05, 1))
        self.assertEqual(runs, sum(len(p.runs) for p in points))
        self.assertLessEqual(max(len(p.runs) for p in points), pfstudy.runs_expected(
            {"low": 0.05, "high": 5, "tolerance": self.TOLERANCE}))
        self.assertEqual(self.study()[::2], (0, 0))
        self.write(self.text(tolerance=self.TOLERANCE / 2))  # goes on from the runs that are there
        status, said, more = self.study()
        self.assertEqual(status, 0, said)
        self.assertIn(more, (1, 2))
        self.assertEqual([r["result"] for r in self.rows()], ["never", "found", "found", "always"])

    def test_undecided(self):
        self.write(self.text(event="short", depths="[10]", low=0.1, high=2))
        status, said, _ = self.study()
        self.assertEqual(status, 0)
        self.assertRegex(said, "undecided: at 2 mA/cm2 the run ended by fracture before short could be told")
        self.assertEqual(study.open_study(self.dir).points[0].result, "undecided")


if __name__ == "__main__":
    unittest.main()
