"""The study file of pfstudy: TOML text to axes and points.  Knows no program and no directory.

    spec = study_file.read(text, path, keys)     # keys: Keys, of `pfsolve --help-input=markdown`
    spec.errors                                  # lines `file:line:column: error: ...`, all of them
    spec.points                                  # [Setting] in the order of the table, the last axis fastest
"""

import difflib
import itertools
import math
import re

try:
    import tomllib
except ModuleNotFoundError:  # Python before 3.11
    import tomli as tomllib

POINTS_MAX = 100000
INPUT = "input"  # as a key of an axis: the base input itself
CURRENT = "protocol%current_mA_cm2"
EVENTS = ("depletion", "voltage_limit", "dendrite", "nucleation", "fracture", "short")
RESERVED = {"run%output_dir": "pfstudy chooses the directories", "run%threads": "give --threads"}

TOP = ("title", "note", "base", "output_dir", "fixed", "axis", "bisection")
AXIS = ("label", "key", "values", "from", "to", "step", "count", "scale", "names", "keys", "seeds")
RANGE = ("from", "to", "step", "count", "scale")
BISECTION = ("event", "low", "high", "tolerance")


def nearest(word, words):
    found = difflib.get_close_matches(word.lower(), [w.lower() for w in words], 1, 0.5)
    return next((w for w in words if found and w.lower() == found[0]), None)


class Keys:
    """The keys of the input, from the page that pfsolve prints of them."""

    def __init__(self, markdown):
        self.help = {}  # group -> key -> what
        self.repeated = set()
        group = None
        for line in markdown.splitlines():
            heading = re.match(r"## `&(\w+)`( \(repeated\))?", line)
            row = re.match(r"\| `(\w+)` \| (.*?) \| ", line)
            if heading:
                group = heading[1]
                self.help[group] = {}
                if heading[2]:
                    self.repeated.add(group)
            elif row and group:
                self.help[group][row[1]] = row[2]

    def resolve(self, text):
        """('layer', 2, 'thickness_um') of 'Layer(2)%thickness_um'; raises ValueError with what is wrong."""
        match = re.fullmatch(r"\s*(\w+)\s*(?:\(\s*(\d+)\s*\))?\s*%\s*(\w+)\s*", text)
        if not match:
            raise ValueError(f"found '{text}', needed: group%key or group(number)%key")
        group = next((g for g in self.help if g.lower() == match[1].lower()), None)
        every = [(g, k) for g in self.help for k in self.help[g]]
        if group is None:
            near = nearest(match[1], list(self.help))
            if near is None or match[3] not in self.help[near]:
                others = [g for g, k in every if k.lower() == match[3].lower()]
                near = others[0] if others else near
            raise ValueError(f"'{match[1]}' is no group of the input" + (
                f"; nearest: {near}%{nearest(match[3], self.help[near]) or next(iter(self.help[near]))}" if near else ""))
        key = next((k for k in self.help[group] if k.lower() == match[3].lower()), None)
        if key is None:
            near = nearest(match[3], list(self.help[group]))
            elsewhere = next((f"{g}%{k}" for g, k in every if k.lower() == match[3].lower()), None)
            near = elsewhere or (near and f"{group}%{near}")
            raise ValueError(f"'{match[3]}' is no key of &{group}" + (f"; nearest: {near}" if near else ""))
        if match[2] and group not in self.repeated:
            raise ValueError(f"&{group} is not repeated: {group}%{key}")
        return group, int(match[2] or 1), key

    def name(self, text):
        """The key as it is written everywhere: 'layer(2)%thickness_um'."""
        if text == INPUT:
            return INPUT
        group, number, key = self.resolve(text)
        return f"{group}({number})%{key}" if group in self.repeated else f"{group}%{key}"

    def what(self, name):
        if name == INPUT:
            return "base input"
        group, _, key = self.resolve(name)
        return self.help[group][key]


class Places:
    """Where a word of a TOML text stands: tomllib does not say, so the text is cut into its statements."""

    def __init__(self, text):
        self.statements = []  # (path, line, text)
        header, counts, chunk, begin = (), {}, [], 1
        for number, line in enumerate(text.splitlines(), 1):
            if not chunk:
                begin = number
            chunk.append(line)
            part = "\n".join(chunk)
            try:
                data = tomllib.loads(part)
            except tomllib.TOMLDecodeError:
                continue
            chunk = []
            if not data:
                continue
            path = []
            while isinstance(data, dict) and len(data) == 1 and not (path and self._inline(part, path)):
                name, data = next(iter(data.items()))
                path.append(name)
                if isinstance(data, list) and part.lstrip().startswith("[["):
                    data = data[0]
            if part.lstrip().startswith("["):
                if part.lstrip().startswith("[["):
                    counts[tuple(path)] = counts.get(tuple(path), -1) + 1
                header = self._numbered(path, counts)
                self.statements.append((header, begin, part))
            else:
                self.statements.append((header + tuple(path), begin, part))

    @staticmethod
    def _inline(part, path):
        """The value of the statement begins: what follows is no part of its name."""
        return not part.lstrip().startswith("[") and re.search(r"=\s*[\[{]", part) is not None and len(path) >= 1

    @staticmethod
    def _numbered(path, counts):
        out, plain = [], []
        for name in path:
            out.append(name)
            plain.append(name)
            if tuple(plain) in counts:
                out.append(counts[tuple(plain)])
        return tuple(out)

    def find(self, path):
        """(line, column) of the statement that holds the last word of the path, as near as it is known."""
        best, length = (1, 1), 0
        for where, line, part in self.statements:
            common = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(where, path))))
            if common > length:
                length = common
                best = (line, len(part) - len(part.lstrip()) + 1)
                words = [w for w in path if isinstance(w, str)]
                for offset, text in enumerate(part.splitlines()):
                    if words and words[-1] in text:
                        best = (line + offset, text.index(words[-1]) + 1)
                        break
        return best


class Axis:
    def __init__(self, label, keys, values, names, path):
        self.label, self.keys, self.values, self.names, self.path = label, keys, values, names, path


class Setting:
    """One point: place on the axes, parameters (key -> value, fixed ones too)."""

    def __init__(self, index, place, parameters):
        self.index, self.place, self.parameters = index, place, parameters


class Spec:
    def __init__(self, path):
        self.path, self.errors = path, []
        self.title, self.note, self.base, self.output_dir = "", "", None, None
        self.fixed, self.axes, self.bisection, self.points = {}, [], None, []
        self.where = {}  # key -> path of its statement in the file
        self.places = None

    def fail(self, path, text):
        line, column = self.places.find(path)
        self.errors.append(f"{self.path}:{line}:{column}: error: {text}")

    def place_of(self, key):
        line, column = self.places.find(self.where.get(key, ()))
        return f"{self.path}:{line}:{column}"


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _value(value):
    """A number, word, logical, or a list of these."""
    if isinstance(value, list):
        return bool(value) and all(_value(v) and not isinstance(v, list) for v in value)
    return isinstance(value, (str, bool)) or _number(value)


def _tidy(value):
    """0.30000000000000004 -> 0.3: numbers that a person would have written."""
    value = float(f"{value:.12g}")
    return value


class Reader:
    def __init__(self, spec, data, keys):
        self.spec, self.data, self.keys = spec, data, keys

    def words(self, table, allowed, path, of):
        for word in table:
            if word not in allowed:
                near = nearest(word, allowed)
                self.spec.fail(path + (word,), f"{of}: unknown word '{word}'" + (
                    f"; nearest: {near}" if near else f"; allowed: {', '.join(allowed)}"))

    def text(self, table, word, path, default=""):
        value = table.get(word, default)
        if not isinstance(value, str) or (word in table and not value.strip()):
            self.spec.fail(path + (word,), f"{word}: found {value!r}, needed: a text")
            return default
        return value

    def key(self, text, path):
        """The key's name, None if there is none such; a key twice is an error too."""
        try:
            name = self.keys.name(text)
        except ValueError as error:
            self.spec.fail(path, f"{error}")
            return None
        if name in RESERVED:
            self.spec.fail(path, f"{name} cannot be set by a study: {RESERVED[name]}")
            return None
        if name in self.spec.where:
            line, _ = self.spec.places.find(self.spec.where[name])
            self.spec.fail(path, f"{name} is given twice, first in line {line}")
            return None
        self.spec.where[name] = path
        return name

    def range(self, table, path):
        """The values of from, to, step or count; None if they make none."""
        fail = lambda text: self.spec.fail(path, text)  # noqa: E731
        missing = [w for w in ("from", "to") if w not in table]
        bad = [w for w in ("from", "to", "step") if w in table and not _number(table[w])]
        if missing or bad:
            fail(f"a range needs numbers for from and to; {'missing' if missing else 'no number'}: "
                 f"{', '.join(missing or bad)}")
            return None
        first, last, scale = table["from"], table["to"], table.get("scale", "linear")
        if scale not in ("linear", "log"):
            fail(f"scale: found {scale!r}, allowed: 'linear', 'log'")
            return None
        if ("step" in table) == ("count" in table):
            fail("a range needs either step or count")
            return None
        if "count" in table:
            count = table["count"]
            if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= POINTS_MAX:
                fail(f"count: found {count!r}, allowed: a whole number from 1 to {POINTS_MAX}")
                return None
            if count == 1 and first != last:
                fail("count is 1, but from and to differ")
                return None
            if scale == "log":
                if not (first > 0 and last > 0):
                    fail("a log range needs from and to above 0")
                    return None
                return [_tidy(first * (last / first) ** (i / max(count - 1, 1))) for i in range(count)]
            values = [_tidy(first + (last - first) * i / max(count - 1, 1)) for i in range(count)]
            whole = isinstance(first, int) and isinstance(last, int) and all(v == int(v) for v in values)
            return [int(v) for v in values] if whole else values
        step = table["step"]
        if scale == "log":
            fail("a log range needs count, not step")
            return None
        if step == 0 or (last - first) * step < 0:
            fail(f"step {step} does not lead from {first} to {last}")
            return None
        count = math.floor((last - first) / step * (1 + 1e-12) + 1e-9) + 1
        if count > POINTS_MAX:
            fail(f"{count} values, at most {POINTS_MAX} are allowed")
            return None
        values = [_tidy(first + i * step) for i in range(count)]
        return [int(v) for v in values] if isinstance(first, int) and isinstance(step, int) else values

    def values(self, given, path):
        """A list, or a table that is a range; None if it is neither."""
        if isinstance(given, dict):
            self.words(given, RANGE, path, "range")
            return self.range(given, path)
        if not isinstance(given, list) or not given:
            self.spec.fail(path, f"found {given!r}, needed: a list of values or a range")
            return None
        for value in given:
            if not _value(value):
                self.spec.fail(path, f"found {value!r}, needed: numbers, texts, logicals, or lists of these")
                return None
        return given

    def axis(self, number, table):
        path = ("axis", number)
        if not isinstance(table, dict):
            self.spec.fail(path, f"axis {number + 1}: needed: a table [[axis]]")
            return
        self.words(table, AXIS, path, f"axis {number + 1}")
        ways = [w for w in ("key", "keys", "seeds") if w in table]
        if len(ways) != 1:
            self.spec.fail(path, f"axis {number + 1}: needs one of key, keys, seeds" + (
                f"; found {' and '.join(ways)}" if ways else ""))
            return
        columns, keys = [], []
        if "seeds" in table:
            seeds = table["seeds"]
            if isinstance(seeds, int) and not isinstance(seeds, bool) and 1 <= seeds <= POINTS_MAX:
                seeds = list(range(1, seeds + 1))
            elif not (isinstance(seeds, list) and seeds and all(
                    isinstance(s, int) and not isinstance(s, bool) for s in seeds) and len(set(seeds)) == len(seeds)):
                self.spec.fail(path + ("seeds",), f"seeds: found {seeds!r}, needed: how many, or a list of whole numbers")
                seeds = None
            keys, columns = [self.key("run%random_seed", path + ("seeds",))], [seeds]
        elif "key" in table:
            key = table["key"]
            keys = [self.key(key, path + ("key",)) if isinstance(key, str) else None]
            if not isinstance(key, str):
                self.spec.fail(path + ("key",), f"key: found {key!r}, needed: a text")
            if "values" in table:
                others = [w for w in RANGE if w in table]
                if others:
                    self.spec.fail(path + (others[0],), f"axis {number + 1}: values and {others[0]} contradict each other")
                columns = [self.values(table["values"], path + ("values",))]
            else:
                columns = [self.range(table, path)]
        else:
            given = table["keys"]
            if not isinstance(given, dict) or not given:
                self.spec.fail(path + ("keys",), "keys: needed: a table of keys, each with its values")
                return
            for key, values in given.items():
                keys.append(self.key(key, path + ("keys", key)))
                columns.append(self.values(values, path + ("keys", key)))
        if "key" not in table:
            for word in ("values",) + RANGE:
                if word in table:
                    self.spec.fail(path + (word,), f"axis {number + 1}: {word} needs key, not {ways[0]}")
        lengths = {len(c) for c in columns if c is not None}
        if len(lengths) > 1:
            counts = ", ".join(f"{k} {len(c)}" for k, c in zip(table["keys"], columns) if c is not None)
            self.spec.fail(path + ("keys",), f"axis {number + 1}: its keys are moved together and need as many values each; "
                                             f"found {counts}")
        names = table.get("names")
        if names is not None:
            if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names) or len(set(names)) != len(names):
                self.spec.fail(path + ("names",), f"names: found {names!r}, needed: a list of different texts")
                names = None
            elif len(lengths) == 1 and len(names) not in lengths:
                self.spec.fail(path + ("names",), f"names: found {len(names)}, needed: one a value, {lengths.pop()}")
        default = "seed" if "seeds" in table else table.get("key") if isinstance(table.get("key"), str) else \
            next(iter(table["keys"])) if isinstance(table.get("keys"), dict) else ""
        label = self.text(table, "label", path, default)
        if any(label == axis.label for axis in self.spec.axes):
            self.spec.fail(path + ("label",), f"axis {number + 1}: another axis has the label '{label}' too")
        if None not in keys and None not in columns and len({len(c) for c in columns}) == 1:
            places = list(zip(*columns))
            words = [repr(place) for place in places]
            twice = next((n for n, word in enumerate(words) if word in words[:n]), None)
            if twice is not None:
                self.spec.fail(path + (("key" not in table and "keys") or "values",),
                               f"axis {number + 1}: {', '.join(map(repr, places[twice]))} stands twice")
            self.spec.axes.append(Axis(label, keys, places, names, path))

    def bisection(self, table):
        path = ("bisection",)
        if not isinstance(table, dict):
            self.spec.fail(path, "bisection: needed: a table [bisection]")
            return
        self.words(table, BISECTION, path, "bisection")
        missing = [w for w in ("event", "low", "high") if w not in table]
        if missing:
            self.spec.fail(path, f"bisection: missing: {', '.join(missing)}")
            return
        event, low, high, tolerance = table["event"], table["low"], table["high"], table.get("tolerance", 0.01)
        good = True
        if event not in EVENTS:
            near = nearest(event, EVENTS) if isinstance(event, str) else None
            self.spec.fail(path + ("event",), f"event: found {event!r}, allowed: {', '.join(EVENTS)}" + (
                f"; nearest: {near}" if near else ""))
            good = False
        if not (_number(low) and _number(high) and 0 < low < high):
            self.spec.fail(path + ("low",), f"found low = {low!r}, high = {high!r}, needed: currents in mA/cm2, 0 < low < high")
            good = False
        if not (_number(tolerance) and 1e-5 <= tolerance < 1):
            self.spec.fail(path + ("tolerance",), f"tolerance: found {tolerance!r}, allowed: 1e-5 to below 1 (relative)")
            good = False
        if CURRENT in self.spec.where:
            self.spec.fail(self.spec.where[CURRENT], f"{CURRENT} is what the bisection searches")
            good = False
        if good:
            self.spec.bisection = {"event": event, "low": float(low), "high": float(high), "tolerance": float(tolerance)}

    def read(self):
        spec, data = self.spec, self.data
        self.words(data, TOP, (), "study")
        spec.title = self.text(data, "title", ())
        spec.note = self.text(data, "note", ())
        spec.output_dir = self.text(data, "output_dir", ()) or None
        fixed = data.get("fixed", {})
        if not isinstance(fixed, dict):
            spec.fail(("fixed",), "fixed: needed: a table [fixed] of keys")
            fixed = {}
        for key, value in fixed.items():
            name = self.key(key, ("fixed", key))
            if name == INPUT:
                spec.fail(("fixed", key), "the input is given by base")
            elif not _value(value):
                spec.fail(("fixed", key), f"found {value!r}, needed: a number, a text, a logical, or a list of these")
            elif name:
                spec.fixed[name] = value
        axes = data.get("axis", [])
        if not isinstance(axes, list):
            spec.fail(("axis",), "axis: needed: [[axis]], in two brackets")
            axes = []
        for number, table in enumerate(axes):
            self.axis(number, table)
        if "bisection" in data:
            self.bisection(data["bisection"])
        spec.base = self.text(data, "base", ()) or None
        if not spec.base and INPUT not in spec.where and not isinstance(data.get("base"), str):
            if "base" not in data:
                spec.fail((), "study: missing: base, the input that the study starts from (or an axis with the key 'input')")
        elif spec.base and INPUT in spec.where:
            spec.fail(("base",), "base and an axis of inputs contradict each other")
        if not axes and "bisection" not in data:
            spec.fail((), "study: needs an axis or a bisection")
        count = math.prod(len(axis.values) for axis in spec.axes)
        if count > POINTS_MAX:
            spec.fail(("axis", 0), f"{count} points, at most {POINTS_MAX} are allowed")
        elif not spec.errors:
            for index, place in enumerate(itertools.product(*(range(len(a.values)) for a in spec.axes)), 1):
                parameters = dict(spec.fixed)
                for axis, i in zip(spec.axes, place):
                    parameters.update(zip(axis.keys, axis.values[i]))
                spec.points.append(Setting(index, place, parameters))


def read(text, path, keys):
    spec = Spec(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"^(.*?)\s*\(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
        line, column = (match[2], match[3]) if match and match[2] else (len(text.splitlines()) or 1, 1)
        spec.errors.append(f"{path}:{line}:{column}: error: {match[1] if match else error}")
        return spec
    spec.places = Places(text)
    Reader(spec, data, keys).read()
    return spec
