"""The papers' cells: inputs/seeds/*.nml with the notes behind their values, and the measured rows that these name.

A value of such an input says where it comes from in the comment behind it:

    key = value  ! row ROW [(words)]         the number of that row of measured.csv
    key = value  ! from EXPRESSION           computed from rows and from the names of `let` lines
    key = value  ! assumption: reason        what no paper gives
    key = value  ! numerics: reason          of the method, not of the cell
    ! let NAME = EXPRESSION : words          a line of its own

ROW is SYSTEM/NAME.  Within a pair only titles and values with rows may differ; `check` holds the files to that.
"""

import csv
import math
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "inputs" / "seeds"
ROW = re.compile(r"[A-E]\.[a-z0-9_]+\.(?:ref|mod|ctl|mat)/[A-Za-z0-9_.@]+")
NOTES = ("row", "from", "assumption", "numerics")

# The pairs: reference, modified.
PAIRS = {
    "A": ("a-latp-le", "a-f-latp-le"),
    "B": ("b-latp", "b-cuf2-latp"),
    "C": ("c-latp", "c-paapeo-latp"),
    "D": ("d-qcpe", "d-qcpe-pdol"),
    "D'": ("d-qcpe1", "d-qcpe1-pdol"),
}

# Units of the keys, as SI; the longest ending that fits is taken.
UNITS = {
    "_um": 1e-6, "_h": 3600.0, "_S_cm": 100.0, "_mA_cm2": 10.0, "_cm2_s": 1e-4, "_mol_L": 1000.0, "_ohm_cm2": 1e-4,
    "_mV": 1e-3, "_K": 1.0, "_mAh_cm2": 36000.0, "_MPa_m05": 1e6,
}

GAS, FARADAY, MOLAR_VOLUME, SHAPE = 8.31446261815324, 96485.33212331002, 1.3e-5, 1.12


def rt_f(celsius=25):
    """RT/F, mV."""
    return 1e3 * GAS * (celsius + 273.15) / FARADAY


def eta(current, exchange):
    """Overpotential of charge transfer at 25 C, mV: equation (2) with a = 1/2."""
    return 2 * rt_f() * math.asinh(current / (2 * exchange))


def flaw(toughness, overpotential):
    """Depth in um of the flaw of a ceramic (MPa m^0.5) that is critical at an overpotential in mV: equation (12)."""
    return 1e6 * (toughness * 1e6 * MOLAR_VOLUME / (FARADAY * SHAPE * overpotential * 1e-3)) ** 2 / math.pi


def number(text):
    """The number of a printed value: '~15' and '>=1.7' too."""
    return float(text.lstrip("~<>="))


def read_rows(path=FOLDER / "measured.csv"):
    with open(path, newline="", encoding="utf-8") as file:
        return {line["row"]: line for line in csv.DictReader(file)}


class Value:
    """One key of one group."""

    def __init__(self, place, text, note):
        self.place, self.text = place, text
        kind, _, rest = note.partition(" ")
        self.kind = kind.rstrip(":") if kind.rstrip(":") in NOTES else None
        self.rest = rest.strip()
        self.rows = ROW.findall(self.rest) if self.kind in ("row", "from") else []


class Cell:
    """One input: its values by (group, key), groups numbered where they repeat, and its `let` lines."""

    def __init__(self, name, text):
        self.name, self.values, self.lets = name, {}, {}
        counts, group = {}, None
        for line_number, line in enumerate(text.splitlines(), 1):
            place = f"inputs/seeds/{name}.nml:{line_number}"
            code, _, comment = line.partition("!")
            let = re.match(r"let (\w+) = (.+?) : (.+)", comment.strip())
            if not code.strip():
                if let:
                    self.lets[let[1]] = (place, let[2])
                continue
            if code.startswith("&"):
                group = code[1:].strip()
                counts[group] = counts.get(group, 0) + 1
            elif code.strip() != "/":
                key, _, value = code.partition("=")
                self.values[(group, counts[group], key.strip())] = Value(place, value.strip(), comment.strip())

    def layers(self):
        """Layers by the order from the electrode: the base has the same keys in both cells of a pair."""
        names = {n: v.text for (g, n, k), v in self.values.items() if g == "layer" and k == "name"}
        return [names[n] for n in sorted(names)]


def read_cell(name):
    return Cell(name, (FOLDER / f"{name}.nml").read_text(encoding="utf-8"))


def evaluate(expression, rows, lets, seen=()):
    """The number of an expression; rows by their printed value."""
    names = {"rt_f": rt_f, "eta": eta, "flaw": flaw, "pi": math.pi}
    for name, (_, text) in lets.items():
        if name in seen or not re.search(rf"\b{name}\b", expression):
            continue
        names[name] = evaluate(text, rows, lets, (*seen, name))

    def value_of(match):
        if match[0] not in rows:
            raise KeyError(match[0])
        return repr(number(rows[match[0]]["value"]))

    text = ROW.sub(value_of, re.sub(r"\s\((?:assumption)[^)]*\)$", "", expression))
    if not re.fullmatch(r"[\w\s.+\-*/(),]*", text):
        raise ValueError(f"'{expression}' is no expression")
    return float(eval(text, {"__builtins__": {}}, names))  # noqa: S307 (only names and numbers of our own files)


def unit_of(key):
    endings = [e for e in UNITS if key.endswith(e)]
    return UNITS[max(endings, key=len)] if endings else 1.0
