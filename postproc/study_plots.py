#!/usr/bin/env python3
"""Pictures of a study (pfstudy).

    study_plots.py STUDY                       all that make sense, into STUDY/pictures
    study_plots.py STUDY --kind current        critical current against each axis, from survived to failed
    study_plots.py STUDY --kind map            the same as a map over two axes
    study_plots.py STUDY --kind outcome --outcome overpotential_mV
    study_plots.py STUDY --kind strips         also profiles, voltage, front: compare_runs.py on points of the study

Each is a function too: current(study, axis, event), current_map(study, across, up, event), outcome(study, axis, name),
and figures(study) gives all of them one after the other.  `study`: study.open_study(directory).

Measured values (--measured FILE.csv): a column `current_mA_cm2`; columns named as an axis (or as its key) that say
where the value belongs; if wanted `event`, and `bound` with > (survived at least) or < (failed at most).
"""

import argparse
import csv
import itertools
import math
import pathlib
import re
import sys

import numpy as np
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

import compare_runs
import pfread
import study as studies
from plot_style import GREY, INK, QUIET, Sheet, colour_of, line_of, plain, plt, power, save, symbol_of, unit_text, whole, wrap

SEED_KEY = "run%random_seed"
SERIES = 7  # that are told apart by colour and symbol; more go into panels of their own


# ------------------------------------------------------------------------------------------------- what is drawn ----
def axis_called(study, name):
    """The axis of this label, key or number (from 1)."""
    for axis in study.axes:
        if name in (axis, axis.label) or name in axis.keys or name in [key.replace("(1)", "") for key in axis.keys]:
            return axis
    if isinstance(name, (int, str)) and re.fullmatch(r"\d+", str(name)) and 1 <= int(name) <= len(study.axes):
        return study.axes[int(name) - 1]
    found = ", ".join(axis.label for axis in study.axes) or "none"
    raise studies.StudyError(f"{study.path}: no axis `{name}`; there are: {found}")


def is_seed(axis):
    return axis.keys == [SEED_KEY]


def drawn_axes(study):
    """Those along which something is compared: more than one place; seeds are repetitions of one point."""
    return [axis for axis in study.axes if len(axis) > 1 and not is_seed(axis)]


def events_of(study):
    """Events with a critical current in at least one point, the one that is bisected first."""
    found = [event for event in studies.EVENTS
             if any(critical(point, event)[1] is not None for point in study.points)]
    wanted = (study.bisection or {}).get("event")
    if wanted and any(critical(point, wanted) != (None, None) for point in study.points):
        found = [wanted] + [event for event in found if event != wanted]
    return found


def critical(point, event):
    """(survived, failed) in mA/cm2 at this event; None where there is none.

    A ladder that ended without the event survived what it reached: its last current, or, where another event ended
    it, what had been survived of that one."""
    if point.status != "done":
        return None, None
    outcome = point.outcome
    survived, failed = (outcome.get(f"{event}_{name}_mA_cm2") for name in ("survived", "failed"))
    if survived is None and failed is None and str(point.input.get("protocol%mode", "")).startswith("ccd"):
        if outcome.get("status") == "completed":
            survived = abs(outcome.get("end_current_mA_cm2", math.nan))
        else:
            survived = outcome.get(f"{outcome.get('status')}_survived_mA_cm2")
    survived, failed = (None if v is None or math.isnan(v) else float(v) for v in (survived, failed))
    return (None if failed is not None and survived == 0 else survived), failed


def axis_title(axis):
    """The label of the study file, or the key as words where it has none, with its unit."""
    title, unit = axis.label, axis.units
    if title in axis.keys or title in [key.replace("(1)", "") for key in axis.keys]:
        title = key_title(title)
    return plain(title, 60) + (f" ({unit_text(unit)})" if unit_text(unit) else "")


def key_title(key):
    """'layer(2)%thickness_um' -> 'layer 2: thickness'."""
    group, _, name = key.rpartition("%")
    unit = studies.unit_of(key)
    for end in ("_" + unit.replace("/", "_").replace(" ", "_"), "_" + unit):
        name = name[: -len(end)] if name.endswith(end) else name
    number = re.search(r"\((\d+)\)", group)
    return (f"{group.split('(')[0]} {number.group(1)}: " if number else "") + name.replace("_", " ")


def place_title(axis, place):
    unit = unit_text(axis.units)
    name = power(axis.names[place]) + (f" {unit}" if unit else "")
    return name if axis.numbers is None else f"{axis_title(axis).split(' (')[0]} {name}"


def is_logarithmic(numbers):
    """Whether the numbers lie more evenly on a logarithmic scale."""
    if numbers is None or len(numbers) < 3 or min(numbers) <= 0 or max(numbers) < 4 * min(numbers):
        return False
    steps, ratios = (np.diff(np.sort(v)) for v in (numbers, np.log(numbers)))
    return ratios.std() / ratios.mean() < steps.std() / steps.mean()


class Against:
    """Panels with one axis of a study to the right: a series for each combination of the other axes' places."""

    def __init__(self, study, axis, notes):
        """`notes`: (text, handle) of the symbols that the key explains beside the series."""
        self.study, self.axis = study, axis
        self.seeds = [a for a in study.axes if is_seed(a) and a is not axis]
        others = [a for a in study.axes if a is not axis and a not in self.seeds and len(a) > 1]
        split = []
        while len(others) > 1 and math.prod(len(a) for a in others) > SERIES:
            split.insert(0, others.pop())
        self.series_axes, self.panel_axes = others, split
        self.series = list(itertools.product(*(range(len(a)) for a in others)))
        self.places = list(itertools.product(*(range(len(a)) for a in split)))
        names = [", ".join(place_title(a, p) for a, p in zip(others, combination)) for combination in self.series]
        names = names if others else []
        handles = [plt.Line2D([], [], color=colour_of(i), ls=line_of(i), lw=1.2, marker=symbol_of(i), ms=5)
                   for i in range(len(names))]
        texts = names + [text for text, _ in notes]
        columns = 2 if len(self.places) > 1 else 1
        rows = -(-len(self.places) // columns)
        titled = 0.16 if split else 0.0
        numbers = axis.numbers
        longest = 0 if numbers else max(len(name) for name in axis.names)
        each = (7.0 - 0.8) / columns / max(len(axis), 1)
        self.slanted = longest * 0.062 > each - 0.1
        below = 0.45 + (min(longest, 24) * 0.05 if self.slanted else 0.0)
        self.sheet = Sheet(rows, columns, 2.5 if columns == 1 else 1.9, width=7.0 if columns > 1 or self.slanted or
                           len(axis) > 6 or len(names) > 3 else 5.2, labels=texts, above=0.12 + titled,
                           between=0.45 + titled + (below - 0.45), below=below)
        self.sheet.key(handles + [handle for _, handle in notes])
        flat = [panel for row in self.sheet.panels for panel in row]
        self.panels = flat[: len(self.places)]
        for panel in flat[len(self.places):]:
            panel.remove()
        self.positions = list(numbers) if numbers else list(range(len(axis)))
        for panel, place in zip(self.panels, self.places):
            self._set_up(panel)
            if split:
                panel.set_title(plain(", ".join(place_title(a, p) for a, p in zip(split, place)), 42), loc="left",
                                fontsize=8, fontweight="bold")

    def _set_up(self, panel):
        numbers = self.axis.numbers
        if is_logarithmic(numbers):
            panel.set_xscale("log")
            panel.set_xticks(*self._ticks())
            panel.minorticks_off()
        if numbers is None:
            panel.set_xticks(self.positions, [plain(power(name), 24) for name in self.axis.names],
                             rotation=30 if self.slanted else 0, ha="right" if self.slanted else "center",
                             rotation_mode="anchor" if self.slanted else "default")
            panel.set_xlim(-0.6, len(self.axis) - 0.4)
        width = panel.get_position().width * self.sheet.figure.get_size_inches()[0]
        panel.set_xlabel(wrap(axis_title(self.axis), int(width / 0.08)))

    def _ticks(self):
        """On a logarithmic scale: the values themselves, without those that would touch the one before."""
        numbers = sorted(set(self.axis.numbers))
        width = self.panels[0].get_position().width * self.sheet.figure.get_size_inches()[0]
        scale = width / (1.16 * np.log(numbers[-1] / numbers[0]))
        kept, end = [], -math.inf
        for number in numbers:
            half = 0.035 * len(power(f"{number:g}"))
            if scale * np.log(number) - half > end + 0.05:
                kept.append(number)
                end = scale * np.log(number) + half
        return kept, [power(f"{number:g}") for number in kept]

    def groups(self):
        """(panel, number of the series, place on the axis, points there: one a seed)."""
        index = {axis: i for i, axis in enumerate(self.study.axes)}
        found = {}
        for point in self.study.points:
            key = (tuple(point.place[index[a]] for a in self.panel_axes),
                   tuple(point.place[index[a]] for a in self.series_axes), point.place[index[self.axis]])
            found.setdefault(key, []).append(point)
        for p, place in enumerate(self.places):
            for s, combination in enumerate(self.series):
                for x in range(len(self.axis)):
                    yield self.panels[p], s, x, found.get((place, combination, x), [])

    def shift(self, panel, series, repetition=0, repetitions=1):
        """The data's transform, moved aside so that series and seeds do not cover each other."""
        step = 9.0 if self.axis.numbers is None else 3.0
        aside = step * (series - (len(self.series) - 1) / 2)
        aside += 3.2 * (repetition - (repetitions - 1) / 2)
        move = ScaledTranslation(aside / 72, 0, self.sheet.figure.dpi_scale_trans)
        return panel.transData + move, blended_transform_factory(panel.transData, panel.transAxes) + move

    def finish(self, label, top, bottom=0.0):
        numbers = self.axis.numbers
        for panel in self.panels:
            panel.set_ylabel(label)
            panel.set_ylim(bottom, top)
            if numbers:
                low, high = min(numbers), max(numbers)
                if panel.get_xscale() == "log":
                    factor = (high / low) ** 0.08
                    panel.set_xlim(low / factor, high * factor)
                else:
                    edge = 0.08 * (high - low) if high > low else max(0.1 * abs(high), 0.5)
                    panel.set_xlim(low - edge, high + edge)
        return whole(self.sheet.figure)


# ------------------------------------------------------------------------------------------------ critical current ----
def read_measured(study, path):
    """Rows of a table of measured values: [(place on each axis or None), event or None, current, bound]."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
            names = list(rows[0]) if rows else []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise studies.StudyError(f"{path}: cannot be read: {error}") from error
    if "current_mA_cm2" not in names:
        raise studies.StudyError(f"{path}: no column current_mA_cm2, or no row")
    columns = {}
    for name in names:
        if name in ("current_mA_cm2", "event", "bound", "source"):
            continue
        columns[name] = study.axes.index(axis_called(study, name))
    found = []
    for number, row in enumerate(rows, 2):
        try:
            value = float(row["current_mA_cm2"])
        except (TypeError, ValueError):
            raise studies.StudyError(f"{path}: row {number}: `{row['current_mA_cm2']}` is no current") from None
        place = [None] * len(study.axes)
        for name, i in columns.items():
            word = (row[name] or "").strip()
            place[i] = place_of(study.axes[i], word)
            if place[i] is None and word:
                raise studies.StudyError(f"{path}: row {number}: the axis {name} has no place `{word}`")
        event = (row.get("event") or "").strip() or None
        if event is not None and event not in studies.EVENTS:
            raise studies.StudyError(f"{path}: row {number}: `{event}` is none of {', '.join(studies.EVENTS)}")
        bound = (row.get("bound") or "").strip()
        if bound not in ("", "<", ">", "<=", ">="):
            raise studies.StudyError(f"{path}: row {number}: bound `{bound}` is neither < nor >")
        found.append((tuple(place), event, value, bound[:1]))
    return found


def place_of(axis, word):
    if word in axis.names:
        return axis.names.index(word)
    try:
        number = float(word)
    except ValueError:
        return None
    return next((i for i, v in enumerate(axis.numbers or []) if math.isclose(v, number, rel_tol=1e-6)), None)


def arrow(panel, x, y, up, colour, transform):
    """A bound: the value lies further along the arrow."""
    mark = panel.plot([x], [y], ls="", marker="$\u2191$" if up else "$\u2193$", ms=9, color=colour, mew=0.3,
                      transform=transform + ScaledTranslation(0, (9 if up else -9) / 72,
                                                              panel.figure.dpi_scale_trans), clip_on=False)
    mark[0].set_gid("at least" if up else "at most")


def current(study, axis=None, event=None, measured=()):
    """Critical current against one axis: a bar from survived to failed for each point, a symbol at the failed one."""
    axis = axis_called(study, axis) if axis is not None else first_axis(study)
    event = event or first_event(study)
    values = [v for point in study.points for v in critical(point, event) if v is not None]
    measured = [m for m in measured if m[1] in (None, event)]
    if not values:
        raise studies.StudyError(f"{study.path}: no point has a critical current for the event {event}")
    bounds = [critical(point, event) for point in study.points]
    notes = [("from survived to failed", plt.Line2D([], [], color=GREY, lw=5, alpha=0.6))]
    if any((s is None) != (f is None) for s, f in bounds):
        notes.append(("bound (arrow)", plt.Line2D([], [], color=GREY, marker="o", mfc="white", ls="", ms=5)))
    if any(point.status == "failed" for point in study.points):
        notes.append(("point failed", plt.Line2D([], [], color=INK, marker="x", ls="", ms=5)))
    if measured:
        notes.append(("measured", plt.Line2D([], [], color="white", marker="D", mec=INK, mew=1.1, ls="", ms=6)))
    page = Against(study, axis, notes)
    curves = {}
    for panel, s, x, points in page.groups():
        at, colour = page.positions[x], colour_of(s)
        for r, point in enumerate(points):
            here, foot = page.shift(panel, s, r, len(points))
            survived, failed = critical(point, event)
            if point.status == "failed":
                panel.plot([at], [0.03], marker="x", color=colour, ms=5, ls="", transform=foot, gid=f"bad {point.index}")
            if failed is not None:
                panel.vlines(at, survived or 0.0, failed, color=colour, lw=5 if len(points) < 3 else 2.5, alpha=0.35,
                             transform=here, gid=f"bar {point.index}")
                panel.plot([at], [failed], marker=symbol_of(s), color=colour, ms=5 if len(points) < 3 else 3.5, ls="",
                           mfc=colour if survived is not None else "white", transform=here, gid=f"point {point.index}")
                if survived is None:
                    arrow(panel, at, failed, False, colour, here)
            elif survived is not None:
                panel.plot([at], [survived], marker=symbol_of(s), color=colour, mfc="white", ms=5, ls="",
                           transform=here, gid=f"point {point.index}")
                arrow(panel, at, survived, True, colour, here)
        found = [critical(point, event)[1] for point in points]
        found = [v for v in found if v is not None]
        curves.setdefault((panel, s), []).append((at, float(np.median(found)) if found else math.nan))
    if axis.numbers:
        for (panel, s), curve in curves.items():
            xs, ys = zip(*sorted(curve))
            panel.plot(xs, ys, color=colour_of(s), ls=line_of(s), lw=0.9, zorder=1, transform=page.shift(panel, s)[0],
                       gid=f"curve {s}")
    draw_measured(page, measured)
    top = max(values + [m[2] for m in measured])
    return page.finish(f"critical current, {event.replace('_', ' ')} (mA/cm²)", 1.15 * top)


def draw_measured(page, measured):
    index = {axis: i for i, axis in enumerate(page.study.axes)}
    for place, _, value, bound in measured:
        x = place[index[page.axis]]
        if x is None:
            continue
        panels = [panel for panel, where in zip(page.panels, page.places)
                  if all(place[index[a]] in (None, p) for a, p in zip(page.panel_axes, where))]
        series = [s for s, where in enumerate(page.series)
                  if all(place[index[a]] in (None, p) for a, p in zip(page.series_axes, where))]
        one = len(series) == 1
        for panel in panels:
            transform = page.shift(panel, series[0])[0] if one else panel.transData
            face = colour_of(series[0]) if one and len(page.series) > 1 else "white"
            panel.plot([page.positions[x]], [value], marker="D", ms=6.5, mec=INK, mfc=face, mew=1.2, ls="",
                       transform=transform, zorder=6, gid="measured")
            if bound:
                arrow(panel, page.positions[x], value, bound == ">", INK, transform)


def first_axis(study):
    axes = drawn_axes(study) or [axis for axis in study.axes if len(axis) > 1] or list(study.axes)
    if not axes:
        raise studies.StudyError(f"{study.path}: the study has no axis")
    return axes[0]


def first_event(study):
    events = events_of(study)
    if not events:
        raise studies.StudyError(f"{study.path}: no point has a critical current")
    return events[0]


# ----------------------------------------------------------------------------------------------- any other outcome ----
def outcome_label(name):
    unit, what = studies.OUTCOMES[name]
    what = re.split(r"[:,;(] ?", what)[0] if len(what) > 40 else what
    if name.split("_")[0] in studies.EVENTS or name.startswith("voltage_limit"):
        what = studies.OUTCOMES[name][1]
    special = {"roughness_max_um": "largest roughness, rms", "protrusion_max_um": "largest protrusion of a tip"}
    return special.get(name, what) + (f" ({unit_text(unit)})" if unit_text(unit) else "")


def demand_outcome(study, name):
    if name not in studies.OUTCOMES or name in studies.WORDS:
        allowed = ", ".join(n for n in studies.OUTCOMES if n not in studies.WORDS)
        raise studies.StudyError(f"`{name}` is no outcome with a number; there are {allowed}")
    if not any(name in point.outcome for point in study.points):
        raise studies.StudyError(f"{study.path}: no point has the outcome {name}")


def outcome(study, axis=None, name="overpotential_mV"):
    """Any outcome of the table against one axis; seeds as small symbols about their median."""
    axis = axis_called(study, axis) if axis is not None else first_axis(study)
    demand_outcome(study, name)
    page = Against(study, axis, [])
    curves, all_values = {}, []
    for panel, s, x, points in page.groups():
        values = [(point, point.outcome[name]) for point in points if name in point.outcome]
        here = page.shift(panel, s)[0]
        at = page.positions[x]
        for point, value in values:
            panel.plot([at], [value], marker=symbol_of(s), color=colour_of(s), ls="", ms=5 if len(points) < 2 else 3,
                       alpha=1.0 if len(points) < 2 else 0.55, transform=here, gid=f"point {point.index}")
            all_values.append(value)
        curves.setdefault((panel, s), []).append((at, float(np.median([v for _, v in values])) if values else math.nan))
    for (panel, s), curve in curves.items():
        xs, ys = zip(*sorted(curve))
        panel.plot(xs, ys, color=colour_of(s), ls=line_of(s) if axis.numbers else "", lw=1.0, zorder=1,
                   marker="_" if page.seeds else "", ms=9, transform=page.shift(panel, s)[0], gid=f"curve {s}")
    low, high = min(all_values), max(all_values)
    if low >= 0 and low < 0.6 * high or high == low == 0:
        bottom, top = 0.0, 1.12 * high or 1.0
    else:
        edge = 0.12 * (high - low) or 0.05 * abs(high)
        bottom, top = low - edge, high + edge
    return page.finish(outcome_label(name), top, bottom)


# ------------------------------------------------------------------------------------------------------------ maps ----
def current_map(study, across=None, up=None, event=None):
    """First current that failed, as a map over two axes; >= where the event was not reached."""
    event = event or first_event(study)

    def value_of(point):
        survived, failed = critical(point, event)
        if failed is not None:
            return failed, "" if survived is not None else "≤ "
        return (survived, "≥ ") if survived is not None else (math.nan, "")
    return draw_map(study, across, up, value_of, f"critical current, {event.replace('_', ' ')} (mA/cm²)")


def outcome_map(study, across=None, up=None, name="overpotential_mV"):
    """Any outcome of the table as a map over two axes."""
    demand_outcome(study, name)

    def value_of(point):
        value = point.outcome.get(name, math.nan)
        return value, ""
    return draw_map(study, across, up, value_of, outcome_label(name))


def draw_map(study, across, up, value_of, label):
    axes = drawn_axes(study)
    across = axis_called(study, across) if across is not None else (axes or [None])[0]
    up = axis_called(study, up) if up is not None else next((a for a in axes if a is not across), None)
    if across is None or up is None or across is up:
        raise studies.StudyError(f"{study.path}: a map needs two axes with several places")
    index = {axis: i for i, axis in enumerate(study.axes)}
    others = [a for a in study.axes if a not in (across, up) and len(a) > 1 and not is_seed(a)]
    panels = list(itertools.product(*(range(len(a)) for a in others)))
    found = {}
    for point in study.points:
        key = (tuple(point.place[index[a]] for a in others), point.place[index[up]], point.place[index[across]])
        found.setdefault(key, []).append(point)
    if len(panels) > 9:
        raise studies.StudyError(f"{study.path}: {len(panels)} maps are too many for one picture")

    tables = []
    for panel in panels:
        table = np.full((len(up), len(across)), math.nan)
        words = [["" for _ in across.values] for _ in up.values]
        for (r, c) in itertools.product(range(len(up)), range(len(across))):
            points = found.get((panel, r, c), [])
            good = sorted(((v, text) for v, text in map(value_of, points) if not math.isnan(v)))
            if good:
                table[r, c] = np.median([v for v, _ in good])
                words[r][c] = good[0][1] if len(good) == 1 else ""
            else:
                words[r][c] = "failed" if any(p.status == "failed" for p in points) else "–"
        tables.append((table, words))
    values = np.concatenate([table.ravel() for table, _ in tables])
    if np.isnan(values).all():
        raise studies.StudyError(f"{study.path}: no point has a value for this map: {label}")
    printed = [f"{v:.3g}" for v in values if not math.isnan(v)]
    digits = max(len(text.partition(".")[2]) for text in printed) if not any("e" in t for t in printed) else None
    low, high = np.nanmin(values), np.nanmax(values)
    if low == high:
        low, high = low - 0.5 * abs(low) - 1e-12, high + 0.5 * abs(high) + 1e-12

    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    names = [plain(power(name), 18) for name in up.names]
    left = 0.45 + 0.07 * max(len(name) for name in names)
    room = (7.0 - left - 0.95) / columns
    cell = float(np.clip(room / len(across), 0.3, 0.75))
    tall = float(np.clip(2.6 / len(up), 0.26, 0.42))
    slanted = max(len(plain(name, 18)) for name in across.names) * 0.06 > cell - 0.05
    sheet = Sheet(rows, columns, tall * len(up), left=left, right=0.95, across=0.2, above=0.35 if others else 0.15,
                  width=left + 0.95 + columns * cell * len(across) + 0.2 * (columns - 1), below=0.85 if slanted else 0.5,
                  between=1.05 if slanted else 0.75)
    flat = [axes for row in sheet.panels for axes in row]
    colours = plt.get_cmap("cividis").copy()
    colours.set_bad("#e3e3e3")
    for i, (axes, panel, (table, words)) in enumerate(zip(flat, panels, tables)):
        image = axes.imshow(np.ma.masked_invalid(table), origin="lower", aspect="auto", cmap=colours, vmin=low,
                            vmax=high, interpolation="nearest")
        axes.set_label("map")
        axes.set_xticks(range(len(across)), [plain(power(name), 18) for name in across.names], rotation=35 if slanted else 0,
                        ha="right" if slanted else "center", rotation_mode="anchor" if slanted else "default")
        axes.set_yticks(range(len(up)), names if i % columns == 0 else [""] * len(up))
        axes.tick_params(length=0)
        axes.set_xlabel(wrap(axis_title(across), max(int(cell * len(across) / 0.08), 14), 3))
        if i % columns == 0:
            axes.set_ylabel(wrap(axis_title(up), max(int(tall * len(up) / 0.08), 14), 3))
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xticks(np.arange(len(across) - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(len(up) - 1) + 0.5, minor=True)
        axes.grid(which="minor", color="white", lw=1.2)
        axes.tick_params(which="minor", length=0)
        if others:
            axes.set_title(wrap(", ".join(place_title(a, p) for a, p in zip(others, panel)),
                                max(int(cell * len(across) / 0.08), 14)), loc="left", fontsize=8,
                           fontweight="bold")
        if cell >= 0.42:
            for (r, c) in itertools.product(range(len(up)), range(len(across))):
                empty = math.isnan(table[r, c])
                bright = empty or (table[r, c] - low) / (high - low) > 0.55
                number = "" if empty else power(f"{table[r, c]:.3g}") if digits is None else f"{table[r, c]:.{digits}f}"
                axes.text(c, r, words[r][c] + number, ha="center", va="center", fontsize=7.5,
                          color=QUIET if empty else "black" if bright else "white")
    for axes in flat[len(panels):]:
        axes.remove()
    width, page = sheet.figure.get_size_inches()
    box = flat[min(columns, len(panels)) - 1].get_position()
    bar = sheet.figure.add_axes((box.x1 + 0.12 / width, box.y0, 0.12 / width, box.height))
    sheet.figure.colorbar(image, cax=bar)
    bar.set_ylabel(label if page > 2.6 else label.replace(", ", ",\n"))
    bar.tick_params(length=2)
    return whole(sheet.figure)


# ---------------------------------------------------------------------------------------------------- runs of points ----
def chosen_points(study, limit=6, demand=lambda run: True):
    """Points whose runs stand for the study: along the first axis with the others at their first place that has runs,
    at most `limit`, evenly taken; with labels that say what differs."""
    usable = []
    for status in ("done", "failed"):  # what failed only where there is nothing else
        for point in study.points if not usable else []:
            run = point.run
            if run is not None and point.status == status and demand(run):
                usable.append((point, run))
    if len(usable) > limit:
        axis = first_axis(study)
        a = study.axes.index(axis)
        lines = {}
        for point, run in usable:
            lines.setdefault(tuple(p for i, p in enumerate(point.place) if i != a), []).append((point, run))
        line = max(lines.items(), key=lambda item: (len(item[1]), [-p for p in item[0]]))[1]
        places = sorted(set(np.linspace(0, len(line) - 1, min(limit, len(line))).round().astype(int)))
        usable = [line[i] for i in places]
    differ = [i for i in range(len(study.axes)) if len({point.place[i] for point, _ in usable}) > 1]
    labels = []
    for point, _ in usable:
        text = ", ".join(place_title(study.axes[i], point.place[i]) for i in differ)
        labels.append(text or f"point {point.index}")
    return [run for _, run in usable], labels


def has_rows(run):
    try:
        return run.history.sizes["time_s"] > 1
    except pfread.RunError:
        return False


def has_maps(run):
    try:
        return bool(run.files) and run.dimensions > 1
    except (pfread.RunError, OSError):
        return False


def of_runs(study, kind, **more):
    """One of compare_runs.KINDS with chosen points of the study."""
    demand = {"strips": has_maps, "profiles": lambda run: bool(run.files)}.get(kind, has_rows)
    runs, labels = chosen_points(study, 4 if kind == "strips" else 6, demand)
    if not runs:
        raise studies.StudyError(f"{study.path}: no run for this picture: {kind}")
    return compare_runs.KINDS[kind](runs, labels, **more)


# ------------------------------------------------------------------------------------------------------------- all ----
def figures(study, measured=()):
    """(name, caption, function that draws it) of every picture that the study has points for."""
    events, axes = events_of(study), drawn_axes(study)
    axes = axes or [axis for axis in study.axes if len(axis) > 1][:1]

    def title(axis):
        return axis_title(axis).split(" (")[0].replace(r"\$", "$")
    for event in events:
        if event != events[0] and sum(critical(point, event)[1] is not None for point in study.points) < 2:
            continue
        word = event.replace("_", " ")
        for axis in axes:
            yield (f"current-{event}-{study.axes.index(axis) + 1}",
                   f"Critical current for the event {word} against {title(axis)}: bars from the last current survived "
                   f"to the first that failed.", lambda axis=axis, event=event: current(study, axis, event, measured))
        for across, up in itertools.combinations(axes, 2):
            yield (f"map-{event}-{study.axes.index(across) + 1}-{study.axes.index(up) + 1}",
                   f"First current that failed ({word}) over {title(across)} and {title(up)}.",
                   lambda across=across, up=up, event=event: current_map(study, across, up, event))
    for name in ("overpotential_mV", "protrusion_max_um"):
        if axes and any(abs(point.outcome.get(name, 0)) > 0 for point in study.points):
            what = studies.OUTCOMES[name][1] if name == "overpotential_mV" else "largest protrusion of a tip"
            yield (f"{name.rsplit('_', 1)[0]}", f"{what[:1].upper()}{what[1:]}.",
                   lambda name=name: outcome(study, axes[0], name))
    captions = {
        "strips": "The front at the same time, or each at its end: lithium in grey, its surface in orange.",
        "profiles": "Salt and potential along the cell, at the same time or each at its end.",
        "voltage": "Voltage of the cells; symbols mark the first of each event.",
        "front": "Front of the lithium, its mean and its highest point, from the working electrode.",
    }
    runs = [run for run in (point.run for point in study.points if point.status != "missing") if run is not None]
    if any(has_maps(run) for run in runs):
        yield "strips", captions["strips"], lambda: of_runs(study, "strips")
    if any(run.files for run in runs):
        yield "profiles", captions["profiles"], lambda: of_runs(study, "profiles")
    if any(has_rows(run) for run in runs):
        for kind in ("voltage", "front"):
            yield kind, captions[kind], lambda kind=kind: of_runs(study, kind)


def measured_of(study, path):
    """The measured values: of the file, else of STUDY/measured.csv where there is one."""
    default = study.path / "measured.csv"
    if path is None and not default.exists():
        return []
    return read_measured(study, path or default)


def main(arguments=None):
    kinds = ["all", "current", "map", "outcome", *compare_runs.KINDS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help="directory of the study")
    parser.add_argument("--kind", choices=kinds, default="all", help="which picture (default: all)")
    parser.add_argument("-o", "--output", help="picture (png, pdf, svg); of all: their folder (default STUDY/pictures)")
    parser.add_argument("--axis", action="append", metavar="NAME",
                        help="label, key or number of the axis (maps: twice); default: the first")
    parser.add_argument("--event", choices=studies.EVENTS, help="whose critical current (default: the first there is)")
    parser.add_argument("--outcome", metavar="NAME", help="column of the table, for outcome and map")
    parser.add_argument("--measured", metavar="CSV", help="measured values (default: STUDY/measured.csv)")
    parser.add_argument("--form", choices=("png", "pdf", "svg"), default="png", help="of all (default: png)")
    options = parser.parse_args(arguments)
    try:
        study = studies.open_study(options.study)
        measured = measured_of(study, options.measured)
        axis = (options.axis or []) + [None, None]
        if options.kind == "all":
            folder = pathlib.Path(options.output or study.path / "pictures")
            folder.mkdir(parents=True, exist_ok=True)
            for name, _, draw in figures(study, measured):
                print(save(draw(), folder / f"{name}.{options.form}"))
            return 0
        if options.kind == "current":
            figure = current(study, axis[0], options.event, measured)
        elif options.kind == "map" and options.outcome:
            figure = outcome_map(study, axis[0], axis[1], options.outcome)
        elif options.kind == "map":
            figure = current_map(study, axis[0], axis[1], options.event)
        elif options.kind == "outcome":
            figure = outcome(study, axis[0], options.outcome or "overpotential_mV")
        else:
            figure = of_runs(study, options.kind)
        print(save(figure, options.output or f"{options.kind}.png"))
    except (studies.StudyError, pfread.RunError, OSError, ValueError) as error:
        print(f"study_plots: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
