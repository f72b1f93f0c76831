#!/usr/bin/env python3
"""Many runs of pfsolve from one study file, and one table of what came out.

    pfstudy [options] STUDY.toml       all points that are missing, then table and report
    pfstudy --check STUDY.toml         the points, and every error of the study; nothing is run or written
    pfstudy --status DIR               how far a study is
    pfstudy --table DIR                table and report again
    pfstudy --task N DIR               point N alone, as a task of a job array does

A study is a directory: study.json holds the points, points/HASH.json how each went, runs/HASH/ the runs.  The hash is
that of the resolved input (what `pfsolve --check` prints), so a changed study file or base input computes only what has
changed.  Exit status as that of pfsolve: 0 done, 64 usage, 65 bad study, 66 no such file, 69 no program, 70 a point
failed, 73 the directory is taken, 74 input/output, 75 stopped: run again to go on.
"""

import argparse
import concurrent.futures
import csv
import ctypes
import fcntl
import hashlib
import json
import math
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

import study_file

HERE = pathlib.Path(__file__).resolve().parent
OK, USAGE, BAD_STUDY, NO_INPUT, NO_PROGRAM, FAILED, NO_MEMORY, TAKEN, IO, STOPPED = 0, 64, 65, 66, 69, 70, 71, 73, 74, 75
FORMAT = 1
ARRAY = 1000  # points a job array: Slurm's default MaxArraySize is 1001
# Keys that do not change what is computed.
NEUTRAL = ("run%title", "run%output_dir", "run%threads", "run%max_walltime_min", "output%checkpoint_interval_min")
PR_SET_PDEATHSIG = 1
GRACE_S = 60  # for a run to write its checkpoint and end


class Stop(Exception):
    """Ends the program with a status and a line."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def say(text):
    print(text, flush=True)


# ---------------------------------------------------------------------------------------------------- the program ----
def namelist(value):
    """A value as a namelist has it."""
    if isinstance(value, bool):
        return ".true." if value else ".false."
    if isinstance(value, (list, tuple)):
        return ", ".join(namelist(v) for v in value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def from_namelist(text):
    """The value that pfsolve printed; a list where there are several."""
    parts = re.findall(r"'(?:[^']|'')*'|[^,\s]+", text)
    out = []
    for part in parts:
        if part.startswith("'"):
            out.append(part[1:-1].replace("''", "'"))
        elif part in (".true.", ".false."):
            out.append(part == ".true.")
        else:
            number = float(part)
            out.append(int(part) if re.fullmatch(r"[+-]?\d+", part) else number)
    return out[0] if len(out) == 1 else out


class Resolved:
    """What `pfsolve --check` made of an input: values by key, hash, warnings; or errors."""

    def __init__(self, status, out, err, folder):
        self.errors = [line for line in err.splitlines() if ": error: " in line]
        self.warnings = [line for line in err.splitlines() if ": warning: " in line]
        if status != 0 and not self.errors:
            self.errors = [err.strip().splitlines()[-1] if err.strip() else f"pfsolve --check ended with status {status}"]
        self.values, lines, group, counts = {}, [], "", {}
        for line in out.splitlines():
            begin = re.fullmatch(r"&(\w+)", line)
            value = re.match(r"  (\w+) = (.*?)  ! [^!]*$", line)
            if begin:
                counts[begin[1]] = counts.get(begin[1], 0) + 1
                group = begin[1] + (f"({counts[begin[1]]})" if begin[1] in ("layer", "material", "hotspot") else "")
            elif value:
                key = f"{group}%{value[1]}"
                self.values[key] = from_namelist(value[2])
                if key not in NEUTRAL:
                    lines.append(f"{key}={value[2]}")
        name = self.values.get("microstructure%file")
        if name and (folder / name).is_file():
            lines.append(hashlib.sha256((folder / name).read_bytes()).hexdigest())
        self.hash = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


class Program:
    """pfsolve: where it is, its keys, its checks."""

    def __init__(self, path, folder):
        self.path, self.folder, self.seen = path, folder, {}
        self.version = self.ask("--version").strip()
        commit = re.search(r"\((\w[\w-]*)\)", self.version)
        self.commit = commit[1] if commit else ""
        said = self.ask("--help")
        self.resumes = re.search(r"--resume +(?!.*not built)", said) is not None
        self.joins = re.search(r"--members +\S+ +(?!.*not built)", said) is not None

    @property
    def environment(self):
        return {"GOMP_SPINCOUNT": "10000", **os.environ}

    def ask(self, *words):
        try:
            return subprocess.run([self.path, *words], capture_output=True, text=True, check=True,
                                  stdin=subprocess.DEVNULL, env=self.environment).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise Stop(NO_PROGRAM, f"{self.path}: does not run: {error}") from error

    def keys(self):
        return study_file.Keys(self.ask("--help-input=markdown"))

    def check(self, base, sets):
        """Resolved, of an input with these settings."""
        known = (str(base), tuple(sets))
        if known not in self.seen:
            words = [w for s in sets for w in ("--set", s)]
            done = subprocess.run([self.path, "--check", *words, str(base)], capture_output=True, text=True,
                                  errors="replace", stdin=subprocess.DEVNULL, env=self.environment, cwd=self.folder,
                                  check=False)
            self.seen[known] = Resolved(done.returncode, done.stdout, done.stderr, self.folder)
        return self.seen[known]


    def check_all(self, wanted):
        """check(), of many at a time."""
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for number, _ in enumerate(pool.map(lambda words: self.check(*words), wanted), 1):
                if sys.stderr.isatty() and number % 20 == 0:
                    print(f"\rchecking {number} of {len(wanted)} points", end="\r\033[K", file=sys.stderr, flush=True)


def find_program(given):
    """--pfsolve, $PFSOLVE, beside an installed pfstudy, in the build of this tree, on the path."""
    for path in (given, os.environ.get("PFSOLVE")):
        if path:
            found = shutil.which(path)
            if not found:
                raise Stop(NO_PROGRAM, f"{path}: no such program")
            return os.path.abspath(found)
    for path in (HERE.parent / "build" / "pfsolve", HERE.parents[2] / "bin" / "pfsolve", shutil.which("pfsolve")):
        if path and os.access(path, os.X_OK):
            return str(path)
    raise Stop(NO_PROGRAM, "no pfsolve found: build it (make), or name it by --pfsolve or in $PFSOLVE")


# ---------------------------------------------------------------------------------------------------------- files ----
def write_whole(path, data):
    """Written aside, flushed, renamed: whole under its name, or not there."""
    aside = path.with_name(f".pf-{path.name}-{os.getpid()}.tmp")
    try:
        with open(aside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise Stop(IO, f"{path}: could not be written: {error}") from error


def write_json(path, data):
    write_whole(path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path, default=None):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return default
    except (OSError, ValueError) as error:
        raise Stop(IO, f"{path}: cannot be read: {error}") from error


class Lock:
    """flock on a file that names its owner; the kernel drops it with the process, however that ends."""

    def __init__(self, path, what, shared=False):
        self.file = open(path, "a+", encoding="utf-8")
        try:
            fcntl.flock(self.file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            self.file.seek(0)
            owner = self.file.read().strip()
            self.file.close()
            raise Stop(TAKEN, f"{what} is in use{f' ({owner})' if owner else ''}: wait for it, or stop it") from error
        if not shared:
            self.file.truncate(0)
            self.file.write(f"host {socket.gethostname()} process {os.getpid()}\n")
            self.file.flush()

    def release(self):
        self.file.close()


# ---------------------------------------------------------------------------------------------------------- study ----
class Study:
    """The directory of a study: what is to be done, and what is done."""

    def __init__(self, path, data):
        self.path, self.data = pathlib.Path(path).resolve(), data

    @classmethod
    def open(cls, path):
        data = read_json(pathlib.Path(path) / "study.json")
        if data is None:
            raise Stop(NO_INPUT, f"{path}: holds no study (no study.json)")
        if data.get("format") != FORMAT:
            raise Stop(BAD_STUDY, f"{path}/study.json: format {data.get('format')}, this pfstudy knows {FORMAT}")
        return cls(path, data)

    @property
    def points(self):
        return self.data["points"]

    @property
    def bisection(self):
        return self.data["bisection"]

    def state_path(self, point):
        return self.path / "points" / f"{point['hash']}.json"

    def log_path(self, point):
        return self.path / "points" / f"{point['hash']}.log"

    def state(self, point):
        return read_json(self.state_path(point), {})

    def run_path(self, run_hash):
        return self.path / "runs" / run_hash

    def base(self, point):
        return self.path / "inputs" / point["input"]

    def sets(self, point, current=None):
        parameters = {k: v for k, v in point["parameters"].items() if k != study_file.INPUT}
        if current is not None:
            parameters[study_file.CURRENT] = current
        return [f"{key}={namelist(value)}" for key, value in parameters.items()]

    def counts(self):
        words = [self.state(point).get("status", "missing") for point in self.points]
        return {word: words.count(word) for word in ("done", "failed", "missing")}


def point_hash(resolved, bisection):
    if not bisection:
        return resolved.hash
    return hashlib.sha256(f"{resolved.hash} {json.dumps(bisection, sort_keys=True)}".encode()).hexdigest()[:12]


def check_values(spec, program, base):
    """Values out of range or of the wrong type, one at a time; those that contradict each other need whole points."""
    tried = [(k, v) for k, v in spec.fixed.items()]
    tried += [(k, v) for axis in spec.axes for k, column in zip(axis.keys, zip(*axis.values)) for v in column]
    for key, value in tried[:200]:
        if key == study_file.INPUT:
            continue
        for line in program.check(base, [f"{key}={namelist(value)}"]).errors:
            if line.startswith("--set ") and "found" in line:
                spec.errors.append(f"{spec.place_of(key)}: error: {line.split(': error: ', 1)[1]}")


def resolve(study_path, program):
    """Reads and checks everything of a study file; (data of study.json, texts of the inputs) or Stop with all errors."""
    try:
        text = study_path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Stop(NO_INPUT, f"{study_path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(NO_INPUT, f"{study_path}: cannot be read: {error}") from error
    keys = program.keys()
    spec = study_file.read(text, str(study_path), keys)
    names, inputs, original = {}, {}, {}
    given = [(("base",), spec.base)] if spec.base else []
    for axis in spec.axes:
        if study_file.INPUT in axis.keys:
            column = axis.keys.index(study_file.INPUT)
            given += [(spec.where[study_file.INPUT], values[column]) for values in axis.values]
    for where, name in given:
        path = study_path.parent / str(name)
        try:
            content = path.read_bytes()
        except OSError as error:
            spec.fail(where, f"{path}: cannot be read: {error.strerror}")
            continue
        copy = path.name
        while copy in inputs:
            copy = f"{len(inputs)}-{copy}"
        names[name], inputs[copy], original[copy] = copy, content, path
    if spec.errors and spec.base in names:
        check_values(spec, program, original[names[spec.base]].resolve())
    points, messages, bisection = [], {}, spec.bisection
    probe, wanted = Study(".", {"bisection": bisection}), []
    for setting in spec.points if not spec.errors else []:
        point = {"index": setting.index, "place": setting.place, "parameters": setting.parameters,
                 "input": names[setting.parameters.get(study_file.INPUT, spec.base)]}
        points.append(point)
        for current in (bisection["low"], bisection["high"]) if bisection else (None,):
            wanted.append((original[point["input"]].resolve(), probe.sets(point, current)))
    program.check_all(wanted)
    for setting, point in zip(spec.points, points):
        parameters = [k for k in setting.parameters if k != study_file.INPUT] + [study_file.CURRENT]
        for current in (bisection["low"], bisection["high"]) if bisection else (None,):
            resolved = program.check(original[point["input"]].resolve(), probe.sets(point, current))
            for line in resolved.errors:
                match = re.match(r"--set (\d+): error: (.*)", line)
                where = spec.place_of(parameters[int(match[1]) - 1]) if match else str(study_path)
                what = match[2] if match else line
                messages.setdefault((where, "error", what), []).append(setting.index)
            for line in resolved.warnings:
                match = re.match(r"--set (\d+): warning: (.*)", line)
                if match:
                    key = spec.place_of(parameters[int(match[1]) - 1])
                    messages.setdefault((key, "warning", match[2]), []).append(setting.index)
                elif "not used" not in line:  # what a study does not use of its base is no fault
                    messages.setdefault((str(study_path), "warning", line), []).append(setting.index)
            if bisection and not resolved.errors and resolved.values.get("protocol%mode") not in (
                    "galvanostatic", "cycling"):
                line, column = spec.places.find(("bisection",))
                messages.setdefault((f"{study_path}:{line}:{column}", "error",
                                     f"a bisection needs protocol%mode 'galvanostatic' or 'cycling', found "
                                     f"'{resolved.values.get('protocol%mode')}'"), []).append(setting.index)
            if current in (None, bisection and bisection["low"]):
                point["hash"] = point_hash(resolved, bisection)
    for (where, severity, what), indices in messages.items():
        which = f"point {indices[0]}" + (f" and {len(set(indices)) - 1} more" if len(set(indices)) > 1 else "")
        line = f"{where}: {severity}: {what} ({which})"
        if severity == "error":
            spec.errors.append(line)
        elif "not used" not in what or len(set(indices)) == len(points):
            print(line, file=sys.stderr)
    if spec.errors:
        count = len(spec.errors)
        raise Stop(BAD_STUDY, "\n".join(spec.errors) + f"\npfstudy: {count} error{'s' * (count > 1)} in {study_path}; "
                                                       "nothing was run or written")
    used = dict.fromkeys(k for p in points for k in p["parameters"])
    data = {"format": FORMAT, "name": study_path.stem, "title": spec.title or study_path.stem, "note": spec.note,
            "mode": "bisection" if bisection else "every", "bisection": bisection, "fixed": spec.fixed,
            "axes": [{"label": a.label, "keys": a.keys, "values": a.values, "names": a.names} for a in spec.axes],
            "help": {k: keys.what(k) for k in used}, "bases": list(inputs), "points": points,
            "program": program.path, "version": program.version, "folder": os.getcwd()}
    return data, inputs, text, spec.output_dir


def store(path, data, inputs, text):
    """Writes what is to be done into the directory of the study, study.json last."""
    for name in ("inputs", "points", "runs"):
        (path / name).mkdir(exist_ok=True)
    for name, content in inputs.items():
        write_whole(path / "inputs" / name, content)
    write_whole(path / "study.toml", text.encode())
    write_json(path / "study.json", data)
    return Study(path, data)


# ----------------------------------------------------------------------------------------------------------- runs ----
class Result:
    """How a run ended: word is `done`, `failed` (by the program's own judgement), `broken` or `stopped`."""

    def __init__(self, word, summary, error=""):
        self.word, self.summary, self.error = word, summary or {}, error

    def happened(self, event):
        """True, False, or None: the run ended before it could be told."""
        if any(e["name"] == event for e in self.summary.get("events", [])):
            return True
        return False if self.summary.get("status") == "completed" else None


class Run:
    """One run of pfsolve, under the hash of its input."""

    def __init__(self, study, program, point, sets, resolved, options):
        self.study, self.program, self.point, self.sets, self.options = study, program, point, sets, options
        self.hash, self.values = resolved.hash, resolved.values
        self.path = study.run_path(self.hash)
        self.process = None
        self.together = None

    def known(self):
        """The result that lies there; None: it has to be run."""
        summary = read_json(self.path / "summary.json")
        if summary is None or summary.get("status") in ("stopped", None):
            return None
        if summary["status"] == "failed":
            other = summary.get("versions", {}).get("commit") != self.program.commit
            if self.options.retry or other:
                return None
            return Result("failed", summary, self.study.state(self.point).get("error") or "failed, see its run.log.jsonl")
        return Result("done", summary)

    def overwrites(self):
        return not self.program.resumes or self.known_failed()

    def start(self, overwrite=None):
        log = self.study.log_path(self.point)
        overwrite = self.overwrites() if overwrite is None else overwrite
        words = [self.program.path, "--quiet", "--overwrite" if overwrite else "--resume"]
        for text in [*self.sets, f"run%output_dir={namelist(str(self.path))}", f"run%threads={self.options.threads}"]:
            words += ["--set", text]
        words.append(str(self.study.base(self.point)))
        self.overwrite = overwrite
        folder = self.study.data["folder"]
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"# {time.strftime('%Y-%m-%d %H:%M:%S')} {socket.gethostname()}: {shlex.join(words)}\n")
            file.flush()
            self.log_begin = file.tell()
            self.begun = time.monotonic()
            self.process = start_process(words, file, folder, self.program)

    def known_failed(self):
        return (read_json(self.path / "summary.json") or {}).get("status") == "failed"

    def poll(self):
        """Result, None while it runs."""
        if self.together:
            return self.together.result(self)
        status = self.process.poll()
        if status is None:
            return None
        error = self.last_line() or f"ended with status {status}"
        gone = status == OK and self.known() is None
        refused = status not in (OK, FAILED, NO_MEMORY, IO, STOPPED) and status > 0 and "in use" not in error
        if not self.overwrite and (gone or refused):  # there is nothing whole that it could go on from
            self.start(overwrite=True)
            return None
        if status < 0:
            return Result("broken", None, f"killed by {signal.Signals(-status).name}")
        summary = read_json(self.path / "summary.json")
        if status == OK and summary is not None:
            return Result("done", summary)
        if status == STOPPED:
            return Result("stopped", summary, "stopped before its end: run again to go on")
        if status == FAILED and summary is not None and summary.get("status") == "failed":
            return Result("failed", summary, error)
        return Result("broken", None, error)

    def last_line(self):
        with open(self.study.log_path(self.point), encoding="utf-8", errors="replace") as file:
            file.seek(self.log_begin)
            lines = [line.strip() for line in file if line.strip()]
        return lines[-1] if lines else ""


class Together:
    """Runs of one input and one grid as members of one process of pfsolve (`--members`), each in its own directory."""

    def __init__(self, runs):
        self.runs, self.study, self.program = runs, runs[0].study, runs[0].program
        self.folder = self.study.path / "members"
        self.process, self.ended, self.looked, self.summary = None, set(), 0.0, {}

    @staticmethod
    def key(run):
        """Runs with the same key can be members of one process."""
        return (run.point["input"], str(run.values.get("grid%cells")), run.values.get("run%backend"), run.overwrites())

    def start(self, threads):
        self.folder.mkdir(exist_ok=True)
        (self.folder / "summary.json").unlink(missing_ok=True)
        table, log = self.folder / "table.csv", self.folder / "log"
        texts = [dict(text.split("=", 1) for text in run.sets) for run in self.runs]
        keys = list(dict.fromkeys(key for text in texts for key in text))
        with open(table, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*keys, "run%output_dir"])
            for run, text in zip(self.runs, texts):
                writer.writerow([*(text.get(key, "") for key in keys), namelist(str(run.path))])
        overwrite = self.runs[0].overwrites()
        words = [self.program.path, "--quiet", "--overwrite" if overwrite else "--resume", "--members", str(table),
                 "--set", f"run%output_dir={namelist(str(self.folder))}", "--set", f"run%threads={threads}",
                 str(self.study.base(self.runs[0].point))]
        note = f"# {time.strftime('%Y-%m-%d %H:%M:%S')} {socket.gethostname()}: "
        self.begun = time.monotonic()
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{note}{shlex.join(words)}\n")
            file.flush()
            self.process = start_process(words, file, self.study.data["folder"], self.program)
        for number, run in enumerate(self.runs, 1):
            run.together, run.process, run.begun = self, self.process, self.begun
            with open(self.study.log_path(run.point), "a", encoding="utf-8") as file:
                file.write(f"{note}member {number} of {table}\n")

    def result(self, run):
        """As Run.poll: of a member, as soon as its summary is there."""
        status = self.process.poll()
        now = time.monotonic()
        if status is None:
            if now - self.looked < 0.1 * len(self.runs) / 10 + 0.05 and not run.path.joinpath("summary.json").exists():
                return None
            self.looked = now
            result = run.known()
            return result and self.end(run, result)
        if not self.summary:
            self.summary = read_json(self.folder / "summary.json", {"members": []})
        number = self.runs.index(run)
        member = self.summary["members"][number] if self.summary["members"] else {}
        error, word = member.get("error") or "", member.get("exit")
        if error:
            with open(self.study.log_path(run.point), "a", encoding="utf-8") as file:
                file.write(error + "\n")
        summary = read_json(run.path / "summary.json")
        if word == OK and summary is not None and run.known() is not None:
            return self.end(run, run.known())
        if word == STOPPED or status == STOPPED and word is None:
            return Result("stopped", summary, "stopped before its end: run again to go on")
        if word == FAILED and (summary or {}).get("status") == "failed":
            return self.end(run, Result("failed", summary, error))
        run.together = None  # nothing is known of it: by itself, which tells what is wrong
        run.start()
        return None

    def end(self, run, result):
        """For the time that is left: what one run takes is the time gone over the number of those that ended."""
        self.ended.add(run.hash)
        run.begun = time.monotonic() - (time.monotonic() - self.begun) / len(self.ended)
        return result


def start_process(words, file, folder, program):
    """In a session of its own: Ctrl-C reaches pfstudy alone, which passes it on; and it ends with pfstudy."""
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                            cwd=folder if os.path.isdir(folder) else None, env=program.environment,
                            start_new_session=True, preexec_fn=end_with_parent)


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def middle(low, high):
    return float(f"{math.sqrt(low * high):.6g}")


class Job:
    """A point: the runs that it takes, one after the other, and its state at the end."""

    def __init__(self, study, program, point, options):
        self.study, self.program, self.point, self.options = study, program, point, options
        self.state = None
        self.runs = []
        self.steps = self._bisect() if study.bisection else self._once()

    def _run(self, current=None):
        sets = self.study.sets(self.point, current)
        resolved = self.program.check(self.study.base(self.point), sets)
        if resolved.errors:
            raise Stop(BAD_STUDY, f"point {self.point['index']}: {resolved.errors[0]}")
        return Run(self.study, self.program, self.point, sets, resolved, self.options)

    def _entry(self, run, current=None, happened=None):
        entry = {"path": f"runs/{run.hash}"}
        if current is not None:
            entry.update(current_mA_cm2=current, happened=happened)
        return entry

    def _end(self, run, status, entries, error="", **more):
        self.state = {"status": status, "index": self.point["index"], "runs": entries, "error": error,
                      "input": run.values, **more}

    def _once(self):
        run = self._run()
        result = yield run
        if result.word in ("done", "failed"):
            self._end(run, result.word, [self._entry(run)], result.error)
        else:
            self._end(run, "missing" if result.word == "stopped" else "failed", [self._entry(run)], result.error)

    def _bisect(self):
        """The bracket first, then halves of it (of the logarithm) down to the tolerance."""
        spec = self.study.bisection
        event, low, high = spec["event"], spec["low"], spec["high"]
        entries, answers = [], {}

        def close(result, survived, failed, deciding, error=""):
            order = sorted(entries, key=lambda e: e["current_mA_cm2"] == deciding)
            self._end(answers[deciding], "done", order, error, result=result, survived_mA_cm2=survived,
                      failed_mA_cm2=failed)

        queue = [low, high]
        while True:
            if queue:
                current = queue.pop(0)
            elif high - low > spec["tolerance"] * high:
                current = middle(low, high)
            else:
                return close("found", low, high, high)
            run = self._run(current)
            result = yield run
            happened = result.happened(event) if result.word == "done" else None
            entries.append(self._entry(run, current, happened))
            answers[current] = run
            self._end(run, "missing", entries, "not through yet")
            self.save()
            if result.word != "done":
                status = "missing" if result.word == "stopped" else "failed"
                return self._end(run, status, entries, f"at {current:g} mA/cm2: {result.error}")
            if happened is None:
                return close("undecided", None, None, current,
                             f"at {current:g} mA/cm2 the run ended by {result.summary.get('status')} before {event} could "
                             "be told: name it alone in protocol%end_at, or bisect on the other event")
            if current == spec["low"] and happened:
                return close("always", None, current, current, f"{event} happens at {current:g} mA/cm2 already")
            if current == spec["high"] and not happened:
                return close("never", current, None, current, f"no {event} up to {current:g} mA/cm2")
            if current not in (spec["low"], spec["high"]):
                low, high = (low, current) if happened else (current, high)

    def save(self):
        if self.state["status"] == "missing":
            self.state.pop("input")
        write_json(self.study.state_path(self.point), self.state)


def runs_expected(bisection):
    if not bisection:
        return 1
    ratio = math.log(bisection["high"] / bisection["low"]) / -math.log1p(-bisection["tolerance"])
    return 2 + max(0, math.ceil(math.log2(ratio)))


def clock(seconds):
    seconds = int(seconds + 0.5)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


class Progress:
    """One line that is rewritten on a terminal; a line a point elsewhere."""

    def __init__(self, study, jobs, todo):
        self.study, self.jobs, self.todo = study, jobs, todo
        self.terminal = sys.stdout.isatty()
        self.begun, self.ended, self.failed, self.run_times = time.monotonic(), 0, 0, []
        self.shown = 0.0

    def point(self, job):
        self.ended += 1
        point, state = job.point, job.state
        where = ", ".join(f"{a['label']} {(a['names'] or [str(v[0]) for v in a['values']])[i]}"
                          for a, i in zip(self.study.data["axes"], point["place"]))
        line = f"point {point['index']}" + (f" ({where})" if where else "")
        if state["status"] != "done":
            self.failed += 1
            self.clear()
            say(f"{line}: {'FAILED' if state['status'] == 'failed' else 'stopped'}: {state['error']}\n"
                f"  its log: {self.study.log_path(point)}")
        elif not self.terminal:
            say(f"{line}: {outcome_word(self.study, state)} [{self.ended}/{self.todo}]")
        self.draw(0, force=True)

    def draw(self, active, force=False):
        if not self.terminal or (not force and time.monotonic() - self.shown < 0.5):
            return
        self.shown = time.monotonic()
        left = ""
        if self.run_times:
            runs = max(self.todo - self.ended, 0) * runs_expected(self.study.bisection)
            seconds = runs * sum(self.run_times) / len(self.run_times) / self.jobs
            left = f", {clock(seconds)} left"
        failed = f", {self.failed} failed" if self.failed else ""
        print(f"\r\033[K[{self.ended}/{self.todo}] {active} running{failed}, {clock(time.monotonic() - self.begun)} gone{left}",
              end="", flush=True)

    def clear(self):
        if self.terminal:
            print("\r\033[K", end="", flush=True)


def outcome_word(study, state):
    if study.bisection:
        event = study.bisection["event"]
        return {"found": f"survives {state.get('survived_mA_cm2')}, {event} at {state.get('failed_mA_cm2')} mA/cm2",
                "undecided": f"undecided: {state['error']}"}.get(state["result"], state["error"])
    summary = read_json(study.path / state["runs"][-1]["path"] / "summary.json") or {}
    return summary.get("status", "?")


class Signals:
    """Ctrl-C, TERM and HUP.  While runs are on their way the first asks for an end and the second forces it."""

    def __init__(self):
        self.count, self.waits = 0, False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.take)

    def take(self, *_):
        self.count += 1
        if not self.waits:
            raise Stop(STOPPED, "stopped")


def compute(study, program, points, options, signals, progress):
    """Runs the points, `jobs` at a time; the ones that ended.  One thread: runs are processes."""
    waiting, active, told = list(points), [], 0
    signals.waits = True
    groups = put_together(study, program, waiting, options, progress)
    while waiting or groups or active:
        if signals.count > told:
            told = signals.count
            waiting, groups = [], []
            for process in {run.process for _, run in active}:
                process.send_signal(signal.SIGTERM if told == 1 else signal.SIGKILL)
            progress.clear()
            say("stopping: the runs write their checkpoints" if told == 1 and program.resumes else "stopping")
            asked = time.monotonic()
        elif told and active and time.monotonic() - asked > GRACE_S:
            for process in {run.process for _, run in active}:
                process.kill()
        if groups and not active:
            active = groups.pop(0)
            progress.jobs = 1
            Together([run for _, run in active]).start(options.jobs * options.threads)
        while waiting and not groups and len(active) < options.jobs:
            go_on(Job(study, program, waiting.pop(0), options), None, active, progress, signals)
        for job, run in list(active):
            result = run.poll()
            if result is None:
                continue
            active.remove((job, run))
            if signals.count and result.word in ("broken", "stopped"):
                continue  # by us: it is missing, nothing is wrong with it
            progress.run_times.append(time.monotonic() - run.begun)
            go_on(job, result, active, progress, signals)
        progress.draw(len(active))
        if active:
            time.sleep(0.02)
    signals.waits = signals.count > 0
    progress.clear()


def next_run(job, result, progress):
    """The next run that has to be computed; None: the point is at its end."""
    try:
        while True:
            run = job.steps.send(result) if result is not None else next(job.steps)
            result = run.known()
            if result is None:
                return run
    except StopIteration:
        pass
    except Stop as error:  # this point cannot be done; the others can
        job.state = {"status": "failed", "index": job.point["index"], "runs": [], "error": str(error)}
    job.save()
    progress.point(job)
    return None


def go_on(job, result, active, progress, signals):
    run = next_run(job, result, progress)
    if run is not None and not signals.count:
        run.start()
        active.append((job, run))


def put_together(study, program, waiting, options, progress):
    """Takes points that can be members of one process out of `waiting`: lists of (job, run).  A bisection needs the answer
    of one run for the next, and --jobs and --threads ask for processes."""
    if options.jobs_given or options.threads_given or options.task or study.bisection or not program.joins:
        return []
    groups, alone = {}, []
    for point in list(waiting):
        job = Job(study, program, point, options)
        run = next_run(job, None, progress)
        if run is not None:
            groups.setdefault(Together.key(run), []).append((job, run))
    for members in groups.values():
        if len(members) == 1:
            alone.append(members[0][0].point)
    waiting[:] = alone
    return [members for members in groups.values() if len(members) > 1]


def missing(study, options, program):
    """Points whose state does not lie there whole."""
    out = []
    for point in study.points:
        state = study.state(point)
        if state.get("status") == "done" and all(
                (study.path / run["path"] / "summary.json").exists() for run in state["runs"]):
            continue
        if state.get("status") == "failed" and state["runs"] and not options.retry:
            summary = read_json(study.path / state["runs"][-1]["path"] / "summary.json") or {}
            if summary.get("status") == "failed" and summary.get("versions", {}).get("commit") == program.commit:
                continue
        out.append(point)
    return unique(out)


def unique(points):
    """Points with the same input are computed once."""
    return list({point["hash"]: point for point in reversed(points)}.values())[::-1]


# --------------------------------------------------------------------------------------------------------- result ----
def gather(study, with_report=True):
    """table.nc, table.csv and, where its script is there, the report; tells where they are."""
    try:
        import study as reader  # needs xarray, which a compute node may not have
    except ImportError as error:
        say(f"no table: {error} (Debian: python3-xarray python3-netcdf4); later: pfstudy --table {study.path}")
        return IO
    opened = reader.open_study(study.path)
    table = opened.table()
    aside = study.path / f".pf-table-{os.getpid()}.tmp"
    try:
        table.to_netcdf(aside)
        os.replace(aside, study.path / "table.nc")
        write_whole(study.path / "table.csv", reader.csv_text(table).encode())
    except OSError as error:
        raise Stop(IO, f"{study.path}: the table could not be written: {error}") from error
    finally:
        aside.unlink(missing_ok=True)
    say(reader.brief(opened))
    report = HERE / "study_report.py"
    made = None
    if report.exists() and with_report:
        done = subprocess.run([sys.executable, str(report), str(study.path), "-o", str(study.path / "report.html")],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        made = done.returncode == 0
    counts = study.counts()
    say(f"{len(study.points)} points: " + ", ".join(f"{n} {word}" for word, n in counts.items() if n))
    say(f"The table:  {study.path / 'table.csv'}, {study.path / 'table.nc'}")
    if made:
        say(f"The report: {study.path / 'report.html'}")
    elif made is not None:
        say("The report could not be made.")
    return FAILED if counts["failed"] else STOPPED if counts["missing"] else OK


# ---------------------------------------------------------------------------------------------------------- slurm ----
def ranges(numbers):
    """[1, 2, 3, 7] -> '1-3,7'"""
    out = []
    for n in sorted(numbers):
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in out)


def queued(study):
    """Ids of this study's Slurm jobs that are not over."""
    ids = read_json(study.path / "slurm.json", {}).get("jobs", [])
    if not ids or not shutil.which("squeue"):
        return []
    done = subprocess.run(["squeue", "--noheader", "--format=%A %F", f"--user={os.getuid()}"], capture_output=True,
                          text=True, check=False)
    words = set(done.stdout.split())
    return [i for i in ids if i in words]


def submit(study, points, options):
    """A job array for the points, and a job for the table after it."""
    if not shutil.which("sbatch"):
        raise Stop(NO_PROGRAM, "no sbatch: this machine has no Slurm; without --slurm the points run here")
    template = pathlib.Path(options.template or HERE / "slurm" / "study.sbatch")
    if not template.is_file():
        raise Stop(NO_INPUT, f"{template}: no such file")
    me = [sys.executable, str(HERE / "pfstudy.py"), "--pfsolve", study.data["program"]]
    end = [] if options.report else ["--no-report"]
    task = [*me, "--threads", str(options.threads)] + (["--retry"] if options.retry else [])
    (study.path / "slurm").mkdir(exist_ok=True)
    jobs = []

    def sbatch(*words):
        done = subprocess.run(["sbatch", "--parsable", *words], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Stop(FAILED, f"sbatch: {done.stderr.strip() or done.returncode}")
        jobs.append(done.stdout.strip().split(";")[0])
        write_json(study.path / "slurm.json", {"jobs": jobs})

    common = [f"--job-name=pfstudy-{study.data['name']}", *shlex.split(options.sbatch or "")]
    for first in range(0, len(study.points), ARRAY):
        part = [p["index"] - first for p in points if first < p["index"] <= first + ARRAY]
        if part:
            limit = f"%{options.jobs}" if options.jobs_given else ""
            sbatch(f"--array={ranges(part)}{limit}", f"--cpus-per-task={options.threads}",
                   f"--output={study.path}/slurm/%A_%a.log", *common, str(template), str(first), str(study.path),
                   *task)
    arrays = list(jobs)
    sbatch(f"--dependency=afterany:{':'.join(arrays)}", f"--output={study.path}/slurm/%A.log", *common,
           "--wrap", shlex.join([*me, *end, "--table", str(study.path)]) + " || test $? = 70")
    say(f"{len(points)} points as job array {', '.join(arrays)}, then the table as job {jobs[-1]}")
    say(f"How far they are: pfstudy --status {study.path}   To stop them: scancel {' '.join(jobs)}")
    return OK


def status(study):
    counts, jobs = study.counts(), queued(study)
    for point in study.points:
        state = study.state(point)
        if state.get("status") == "failed":
            say(f"point {point['index']}: FAILED: {state['error']}\n  its log: {study.log_path(point)}")
    say(f"{study.data['title']}: {len(study.points)} points: " + ", ".join(f"{n} {w}" for w, n in counts.items() if n) +
        (f"; Slurm jobs {', '.join(jobs)} are not over" if jobs else ""))
    return FAILED if counts["failed"] else STOPPED if counts["missing"] else OK


def wait(study, signals):
    """Until the jobs are over: progress of the whole study on a terminal."""
    begun, before = time.monotonic(), study.counts()["missing"]
    signals.waits = True
    while queued(study) and not signals.count:
        counts = study.counts()
        if sys.stdout.isatty():
            ended, gone = before - counts["missing"], time.monotonic() - begun
            left = f", {clock(gone / ended * counts['missing'])} left" if ended else ""
            print(f"\r\033[K[{len(study.points) - counts['missing']}/{len(study.points)}]"
                  + (f" {counts['failed']} failed," if counts["failed"] else "") + f" {clock(gone)} gone{left}",
                  end="", flush=True)
        time.sleep(1)
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)
    return STOPPED if signals.count else status(study)


# ----------------------------------------------------------------------------------------------------------- main ----
def describe(data):
    """What --check says."""
    runs = len({p["hash"] for p in data["points"]}) * runs_expected(data["bisection"])
    lines = [f"{data['title']}: {len(data['points'])} points"]
    if data["bisection"]:
        b = data["bisection"]
        lines.append(f"  bisection on the current for {b['event']}, {b['low']:g} to {b['high']:g} mA/cm2 within "
                     f"{100 * b['tolerance']:g} %: at most {runs_expected(b)} runs a point, {runs} in all")
    for key, value in data["fixed"].items():
        lines.append(f"  fixed: {key} = {namelist(value)}")
    for axis in data["axes"]:
        lines.append(f"  axis {axis['label']}: {len(axis['values'])} places")
        for column, key in enumerate(axis["keys"]):
            lines.append(f"    {key} = {', '.join(namelist(v[column]) for v in axis['values'])}")
    return "\n".join(lines)


def directory(options, data, output_dir):
    """Where the study goes; Stop where that is taken by something else."""
    path = pathlib.Path(options.output or output_dir or f"runs/studies/{data['name']}").absolute()
    there = read_json(path / "study.json") if path.is_dir() else None
    if there is None and path.exists() and (not path.is_dir() or any(
            entry for entry in os.listdir(path) if entry != "study.lock")):
        raise Stop(TAKEN, f"{path} exists and holds no study: choose another output_dir")
    if there is not None and there.get("name") != data["name"]:
        raise Stop(TAKEN, f"{path} holds the study '{there.get('name')}': choose another output_dir")
    return path


def prune(study):
    """Removes runs and states that no point of the study uses any more."""
    used = {point["hash"] for point in study.points}
    runs = {run["path"].rsplit("/", 1)[-1] for point in study.points for run in study.state(point).get("runs", [])} | used
    gone = 0
    for path in (study.path / "runs").iterdir():
        if path.name.split(".")[0] not in runs:
            gone += path.is_dir()
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (study.path / "points").iterdir():
        if path.name.split(".")[0] not in used:
            path.unlink()
    say(f"removed {gone} runs that no point uses")


def leftovers(study):
    used = {run["path"].rsplit("/", 1)[-1] for p in study.points for run in study.state(p).get("runs", [])}
    used |= {point["hash"] for point in study.points}
    old = [p for p in (study.path / "runs").iterdir() if p.is_dir() and p.name not in used]
    if old:
        say(f"{len(old)} runs of earlier forms of this study are kept; --prune removes them")


def whole(minimum):
    def take(text):
        number = int(text)
        if number < minimum:
            raise ValueError
        return number
    take.__name__ = f"whole number from {minimum}"
    return take


def parse(argv):
    parser = argparse.ArgumentParser(prog="pfstudy", description="Many runs of pfsolve from one study file, one table.",
                                     epilog="Exit status: 0 done, 64 usage, 65 bad study, 66 no such file, 69 no program, "
                                            "70 a point failed, 73 the directory is taken, 74 input/output, 75 stopped: "
                                            "run again to go on.  What stands in a study file: postproc/README.md.")
    parser.add_argument("study", help="the study file; with --status, --table and --task the study's directory")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="print the points and all errors, run and write nothing")
    what.add_argument("--status", action="store_true", help="how far the study in this directory is")
    what.add_argument("--table", action="store_true", help="table and report of the study in this directory again")
    what.add_argument("--task", type=whole(1), metavar="N", help="compute point N of the study in this directory")
    what.add_argument("--slurm", action="store_true", help="submit the points as a Slurm job array")
    parser.add_argument("--jobs", type=whole(1), metavar="N", help="runs at a time, each a process (default: points of one "
                        "grid together in one, on all cores or the GPU; others one a core)")
    parser.add_argument("--threads", type=whole(1), metavar="N", help="threads of a run (default: cores over jobs)")
    parser.add_argument("--output", metavar="DIR", help="instead of the study's output_dir")
    parser.add_argument("--retry", action="store_true", help="compute failed points again")
    parser.add_argument("--prune", action="store_true", help="remove runs that no point uses any more")
    parser.add_argument("--template", metavar="FILE", help="with --slurm: another script than postproc/slurm/study.sbatch")
    parser.add_argument("--sbatch", metavar="OPTIONS", help="more options for sbatch, in one word")
    parser.add_argument("--wait", action="store_true", help="with --slurm: wait for the jobs, show the progress")
    parser.add_argument("--no-report", dest="report", action="store_false", help="make the table, but no report")
    parser.add_argument("--pfsolve", metavar="FILE", help="the program")
    parser.error = lambda text: (_ for _ in ()).throw(Stop(USAGE, f"{text}; see pfstudy --help"))
    return parser.parse_args(argv)


def share_cores(options, points):
    """jobs x threads = cores, unless given."""
    options.jobs_given, options.threads_given = options.jobs is not None, options.threads is not None
    cores = len(os.sched_getaffinity(0))
    if options.slurm or options.task:
        options.threads = options.threads or 1
        options.jobs = options.jobs or 1
        return
    if options.jobs is None:
        options.jobs = max(1, min(cores // (options.threads or 1), points))
    options.threads = options.threads or max(1, cores // options.jobs)


def run_study(options, signals):
    program = Program(find_program(options.pfsolve), pathlib.Path.cwd())
    data, inputs, text, output_dir = resolve(pathlib.Path(options.study), program)
    if options.check:
        say(describe(data))
        return OK
    path = directory(options, data, output_dir)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = Lock(path / "study.lock", str(path))
    except OSError as error:
        raise Stop(TAKEN, f"{path}: cannot be made or written: {error.strerror}") from error
    try:
        jobs = queued(Study(path, data))
        if jobs:
            raise Stop(TAKEN, f"{path}: Slurm jobs {', '.join(jobs)} of this study are not over: wait, or scancel them")
        study = store(path, data, inputs, text)
        if options.prune:
            prune(study)
        todo = missing(study, options, program)
        share_cores(options, max(len(todo), 1))
        counted = f"{len(data['points'])} points, {len(todo)} to do"
        if not options.slurm:
            say(f"{data['title']}: {counted}" + (f", {options.jobs} at a time, {options.threads} threads each" if todo else ""))
        else:
            say(f"{data['title']}: {counted}")
        if options.slurm and todo:
            submit(study, todo, options)
            lock.release()
            lock = None
            return wait(study, signals) if options.wait else OK
        compute(study, program, todo, options, signals, Progress(study, options.jobs, len(todo)))
        leftovers(study)
        result = gather(study, options.report)
        if signals.count:
            say("Stopped: the same command goes on.")
            return STOPPED
        return result
    finally:
        if lock:
            lock.release()


def run_task(options, signals):
    study = Study.open(options.study)
    if options.task > len(study.points):
        raise Stop(USAGE, f"--task: found {options.task}, the study has points 1 to {len(study.points)}")
    shared = Lock(study.path / "study.lock", str(study.path), shared=True)
    program = Program(find_program(options.pfsolve or study.data["program"]), pathlib.Path(study.data["folder"]))
    share_cores(options, 1)
    point = study.points[options.task - 1]
    todo = [p for p in missing(study, options, program) if p["hash"] == point["hash"]]
    if todo:
        compute(study, program, [point], options, signals, Progress(study, 1, 1))
    else:
        say(f"point {options.task}: done before")
    shared.file.close()
    word = study.state(point).get("status", "missing")
    return {"done": OK, "failed": FAILED}.get(word, STOPPED)


def main(argv=None):
    try:
        options = parse(argv)
        signals = Signals()
        if options.task:
            return run_task(options, signals)
        if options.status:
            return status(Study.open(options.study))
        if options.table:
            return gather(Study.open(options.study), options.report)
        return run_study(options, signals)
    except Stop as error:
        print(error if error.status == BAD_STUDY else f"pfstudy: {error}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"pfstudy: {error}", file=sys.stderr)
        return IO


if __name__ == "__main__":
    sys.exit(main())
