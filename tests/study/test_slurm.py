"""Studies as job arrays on a real Slurm of one node: make check-slurm."""

import contextlib
import io
import os
import pathlib
import sys
import time
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import slurm_node  # noqa: E402
import test_study  # noqa: E402
from test_study import PROGRAM, pfstudy, study  # noqa: E402

POINTS = '[[axis]]\nlabel = "current"\nkey = "protocol%current_mA_cm2"\nvalues = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]\n'


class Slurm(test_study.Case):
    @classmethod
    def setUpClass(cls):
        lacks = slurm_node.missing()
        if lacks:
            raise unittest.SkipTest(lacks)
        cls.node = cls.enterClassContext(slurm_node.SlurmNode())
        cls.enterClassContext(mock.patch.dict(os.environ, cls.node.environment))

    def behave(self, script):
        """What the program does before it computes; $w is its command line, $mark a file of this point, $out its run."""
        self.program.write_text(f"""#!/bin/sh
w=" $* "
case "$w" in *" --quiet "*) out=$(echo "$w" | sed "s/.*output_dir='\\([^']*\\).*/\\1/"); mark={self.path}/mark-$(echo "$w" | sed 's/.*current_mA_cm2=\\([0-9.]*\\).*/\\1/')
echo run >> {self.path}/count
echo x >> "$mark"
{script}
;; esac
exec {PROGRAM} "$@"
""")

    def count(self, current):
        path = self.path / f"mark-{current}"
        return len(path.read_text().split()) if path.exists() else 0

    def until(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited for {what}\n" + self.node.ask("squeue") + self.logs())
            time.sleep(0.1)

    def logs(self):
        return "\n".join(f"{p}:\n{p.read_text(errors='replace')}" for p in sorted((self.dir / "slurm").glob("*.log")))

    def job(self):
        return pfstudy.read_json(self.dir / "slurm.json")["jobs"]

    def test_array(self):
        """Six tasks: one fails, one is killed and requeued from outside, one is asked to stop and requeues itself."""
        fails = f"""case "$mark" in
  *-0.2) {PROGRAM} "$@"; sed -i 's/"completed"/"failed"/' "$out/summary.json"; echo error: this one fails >&2; exit 70;;
  *-0.3|*-0.4) test $(wc -l < "$mark") -gt 1 || sleep 100 & wait $!;;
esac"""
        self.behave(fails)
        self.write(POINTS)
        status, said, _ = self.study("--slurm")
        self.assertEqual(status, 0, said)
        self.assertIn("6 points as job array", said)
        array, table = self.job()
        status, said, _ = self.study()  # a local one beside it
        self.assertEqual(status, 73, said)
        self.assertIn(f"Slurm jobs {array}, {table} of this study are not over", said)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(pfstudy.main(["--status", str(self.dir)]), 75 if not list(self.dir.glob("points/*.json")) else mock.ANY)
        self.assertIn("are not over", said.getvalue())

        self.until(lambda: self.count(0.3) == 1, "point 3 to run")
        self.node.ask("scontrol", "requeue", f"{array}_3")
        self.until(lambda: self.count(0.4) == 1, "point 4 to run")
        self.node.ask("scancel", "--batch", "--signal=TERM", f"{array}_4")
        self.node.until_empty()

        log = self.logs()
        self.assertRegex(log, r"point 2 .*: FAILED: error: this one fails", log)
        self.assertIn("6 points: 5 done, 1 failed", log)  # of the job that makes the table
        self.assertEqual([self.count(i / 10) for i in range(1, 7)], [1, 1, 2, 2, 1, 1])
        opened = study.open_study(self.dir)
        self.assertEqual([p.status for p in opened.points], ["done", "failed", "done", "done", "done", "done"])
        self.assertEqual([r["status"] for r in self.rows()], ["completed", "failed"] + 4 * ["completed"])
        for row, i in zip(self.rows(), range(1, 7)):
            self.assertAlmostEqual(float(row["end_current_mA_cm2"]), i / 10, delta=1e-9)

        status, said, runs = self.study("--slurm")  # nothing is missing: no job, no run
        self.assertEqual((status, runs, self.job()), (70, 0, [array, table]), said)
        self.assertEqual(self.study()[::2], (70, 0))
        self.behave("")
        status, said, runs = self.study("--slurm", "--retry", "--wait")
        self.assertEqual((status, self.count(0.2)), (0, 2), said)
        self.assertIn("6 points: 6 done", said)

    def test_bisection(self):
        """A bisection is a task a point; the last one after a limit on how many run at a time."""
        self.behave("")
        self.write(test_study.Bisection.text(None, tolerance=0.05, depths="[1, 10]"))
        status, said, _ = self.study("--slurm", "--jobs", "1", "--wait", "--sbatch", "--comment=x --time=5")
        self.assertEqual(status, 0, said)
        self.node.until_empty()
        self.assertEqual([r["result"] for r in self.rows()], ["found", "found"])

    def test_refused(self):
        self.write(POINTS)
        status, said, _ = self.study("--slurm", "--sbatch=--partition=nowhere")
        self.assertEqual(status, 70)
        self.assertIn("sbatch: ", said)
        self.assertEqual(self.study("--slurm", "--template", "/nowhere")[0], 66)


del test_study.Case
