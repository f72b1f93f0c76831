#!/usr/bin/env python3
"""Pictures of several runs at once.

    compare_runs.py RUN RUN ... --kind strips    the front at the same time, side by side (2-D, of 3-D a cut)
    compare_runs.py RUN RUN ... --kind profiles  salt and potential at the same time along the cell
    compare_runs.py RUN RUN ... --kind voltage   voltage against time with the events
    compare_runs.py RUN RUN ... --kind front     front (mean, highest) and protrusion against time

Each is a function too: strips(runs), profiles(runs), voltage(runs), front(runs) take open runs (pfread.open_run) and
return a figure of matplotlib.
"""

import argparse
import pathlib
import sys

import numpy as np

import pfread
from plot_run import FIELDS, PHASE_MAP, front_range, plane, time_label, time_unit
from plot_style import (EVENTS, GREY, INK, METAL, ORANGE, QUIET, Sheet, colour_of, line_of, plain, plt, save, whole,
                        wrap)


# ------------------------------------------------------------------------------------------------- which runs ----
def names_of(runs):
    """A word for each run: its title where the titles differ, else the part of its path that differs."""
    titles = [run.title for run in runs]
    if len(set(titles)) == len(runs):
        return titles
    paths = [run.path.absolute().parts for run in runs]
    shared = 0
    while all(len(p) > shared + 1 and p[shared] == paths[0][shared] for p in paths):
        shared += 1
    return ["/".join(p[shared:]) for p in paths]


def labels_for(runs, labels):
    if labels is None:
        return names_of(runs)
    if len(labels) != len(runs):
        raise pfread.RunError(f"{len(labels)} labels for {len(runs)} runs")
    return list(labels)


def demand_runs(runs):
    if not runs:
        raise pfread.RunError("no runs")


def snapshots_at(runs, time):
    """One snapshot a run, the nearest to `time` (s; None: to a time that all have, else each run's last), and the true
    times."""
    for run in runs:
        if not run.files:
            raise pfread.RunError(f"{run.path}: holds no snapshots; this picture needs them")
        end = run.times[-1]
        if time is not None and time > end + 0.02 * max(end, 1e-9):
            raise pfread.RunError(f"{run.path}: ends at {end:g} s, before the time asked for, {time:g} s")
    if time is None:
        time = common_time(runs)
    chosen = [len(run.files) - 1 if time is None else run.nearest(time) for run in runs]
    data = [plane(run.snapshot(i)) for run, i in zip(runs, chosen)]
    for run, one in zip(runs, data):
        if "phase" not in one:
            raise pfread.RunError(f"{run.path}: the snapshots have no field `phase`; put it into &output fields")
    return data, [float(run.times[i]) for run, i in zip(runs, chosen)]


def common_time(runs):
    """The last time, s, within 2 % of which all runs have a snapshot; None where there is none but the start."""
    first = min(runs, key=lambda run: run.times[-1])
    for time in first.times[::-1]:
        if time > 0 and all(abs(run.times[run.nearest(time)] - time) <= 0.02 * time for run in runs):
            return float(time)
    return None if any(run.times[-1] > 0 for run in runs) else 0.0


def together(times):
    """Whether these times are one for a picture."""
    return np.ptp(times) <= 1e-3 * max(times[0], 1e-9)


def demand_one_size(runs, data):
    """Strips are cells beside cells: 2-D or 3-D, of one lateral size."""
    first = None
    for run, one in zip(runs, data):
        if one["phase"].ndim < 2 or one.sizes["y"] < 2:
            raise pfread.RunError(f"{run.path}: a run in 1-D has no morphology; use --kind profiles")
        h = float(one["x"][1] - one["x"][0])
        size = one.sizes["y"] * h
        if first is None:
            first = (run, size)
        elif abs(size - first[1]) > 0.01 * h:
            raise pfread.RunError(f"runs of different sizes: {first[0].path} is {first[1]:g} um wide, {run.path} "
                                  f"{size:g} um; strips compare runs of one lateral size")


def field_for(runs, data, field):
    """The field that the colours show: the salt where all have it, else the potential."""
    if field is None:
        return next((name for name in ("salt", "potential", "phase")
                     if all(name in one and (name == "phase" or varies(one, name)) for one in data)), "phase")
    for run, one in zip(runs, data):
        if field not in one:
            raise pfread.RunError(f"{run.path}: no field `{field}`; there are {', '.join(sorted(one.data_vars))}")
    if field not in FIELDS:
        raise pfread.RunError(f"field `{field}` is none of {', '.join(FIELDS)}")
    return field


def varies(data, name):
    values = data[name].values[data["phase"].values < 0.5]
    return values.size > 0 and np.ptp(values) > 1e-6 * np.abs(values).max()


# ----------------------------------------------------------------------------------------------------- strips ----
def window_of(rows):
    """x from behind the lowest front to before the highest one, over all snapshots of all runs."""
    low, high, ends = np.inf, -np.inf, []
    for data in rows:
        for one in data:
            x = one["x"].values
            h = x[1] - x[0]
            ends.append((x[0] - h / 2, x[-1] + h / 2))
            around = front_range([one])
            if around is not None:
                low, high = min(low, around[0]), max(high, around[1])
    if not np.isfinite(low):
        return min(e[0] for e in ends), max(e[1] for e in ends)
    return low, high


def limits_in(rows, name, window):
    """Least and largest value in the electrolyte of the window, in the unit of the label."""
    if name == "phase":
        return 0.0, 1.0
    factor = FIELDS[name][1]
    low, high = np.inf, -np.inf
    for data in rows:
        for one in data:
            x = one["x"].values
            inside = (x >= window[0]) & (x <= window[1])
            values = one[name].values[:, inside][one["phase"].values[:, inside] < 0.5] * factor
            if values.size and np.isfinite(values).any():
                low, high = min(low, np.nanmin(values)), max(high, np.nanmax(values))
    if not np.isfinite(low):
        return 0.0, 1.0
    if high - low < 1e-6 * max(abs(high), 1e-30):
        half = max(0.05 * abs(high), 1e-3)
        return low - half, high + half
    return float(low), float(high)


def continued(values, metal):
    """The electrolyte's values, carried on into the metal along x, where the metal is painted over them."""
    count = values.shape[1]
    ahead = np.where(metal, count, np.arange(count))
    ahead = np.minimum.accumulate(ahead[:, ::-1], axis=1)[:, ::-1]
    behind = np.maximum.accumulate(np.where(metal, -1, np.arange(count)), axis=1)
    source = np.where(ahead < count, ahead, np.maximum(behind, 0))
    return np.take_along_axis(values, source, axis=1)


def wrapped(y, x, values, h):
    """Cell centres and values out to the faces of the picture: periodic in y, as the last cell in x."""
    y = np.concatenate([[y[0] - h], y, [y[-1] + h]])
    x = np.concatenate([[x[0] - h], x, [x[-1] + h]])
    return y, x, np.pad(np.pad(values, ((1, 1), (0, 0)), mode="wrap"), ((0, 0), (1, 1)), mode="edge")


def strip(axes, data, name, limits, window):
    """One run at one time: y to the right, x (the direction of growth) up."""
    _, factor, colours = FIELDS[name]
    x, y = data["x"].values, data["y"].values
    h = x[1] - x[0]
    inside = (x >= window[0] - h) & (x <= window[1] + h)
    x, phase = x[inside], data["phase"].values[:, inside]
    values = data[name].values[:, inside] * factor
    if name != "phase":
        values = continued(values, phase >= 0.5)
    extent = (y[0] - h / 2, y[-1] + h / 2, x[0] - h / 2, x[-1] + h / 2)
    image = axes.imshow(values.T, origin="lower", extent=extent, cmap=colours, vmin=limits[0], vmax=limits[1],
                        aspect="auto", interpolation="nearest")
    y, x, phase = wrapped(y, x, phase, h)
    if name != "phase" and phase.max() >= 0.5:
        axes.contourf(y, x, phase.T, levels=[0.5, 2.0], colors=[METAL])
    if phase.min() < 0.5 < phase.max():
        axes.contour(y, x, phase.T, levels=[0.5], colors=[ORANGE], linewidths=1.2)
    if "material" in data:
        layers = np.unique(data["material"].values[:, inside])
        if layers.size > 1:
            _, _, material = wrapped(data["y"].values, x[1:-1], data["material"].values[:, inside].astype(float), h)
            axes.contour(y, x, material.T, levels=(layers[1:] + layers[:-1]) / 2, colors=["white"], linewidths=0.8,
                         linestyles="--")
    axes.set_xlim(extent[0], extent[1])
    axes.set_ylim(*window)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    axes.locator_params(axis="x", nbins=4)
    axes.locator_params(axis="y", nbins=6)
    return image


def strips(runs, labels=None, times=None, field=None, x_range=None):
    """Runs side by side at the same time (several times: a row each); one colour map, one scale for all."""
    demand_runs(runs)
    labels = labels_for(runs, labels)
    for run in runs:
        snapshots_at([run], None)  # the errors of single runs first
    rows, stamps = zip(*(snapshots_at(runs, time) for time in (times or [None])))
    demand_one_size(runs, rows[0])
    name = field_for(runs, rows[0], field)
    window = tuple(x_range) if x_range else window_of(rows)
    limits = limits_in(rows, name, window)
    scale, unit = time_unit(max(max(s) for s in stamps))

    count = len(runs)
    size = float(rows[0][0].sizes["y"] * (rows[0][0]["x"][1] - rows[0][0]["x"][0]))
    left, right, gap, top, below = 0.62, 0.15, 0.22, 0.66, 1.02  # inches
    width = float(np.clip((7.0 - left - right) / count - gap, 1.0, 1.9))
    true = width * (window[1] - window[0]) / size
    height = float(np.clip(true, 1.1, 2.8 if len(rows) < 3 else 2.0))
    row_gap = 0.34
    letters = max(int(width / 0.073), 8)
    texts = [wrap(label, letters, 3) for label in labels]
    top += 0.14 * (max(text.count("\n") for text in texts) - 1)
    page = (left + count * (width + gap) - gap + right, top + len(rows) * (height + row_gap) - row_gap + below)
    figure = plt.figure(figsize=page)
    for r, (data, at) in enumerate(zip(rows, stamps)):
        same = together(at)
        for c, one in enumerate(data):
            bottom = page[1] - top - (r + 1) * height - r * row_gap
            axes = figure.add_axes((
                (left + c * (width + gap)) / page[0], bottom / page[1], width / page[0], height / page[1]))
            axes.set_label(f"strip {r} {c}")
            image = strip(axes, one, name, limits, window)
            if c == 0:
                axes.set_ylabel("x (µm)")
            else:
                axes.tick_params(labelleft=False)
            if r == len(rows) - 1:
                axes.set_xlabel("y (µm)")
            else:
                axes.tick_params(labelbottom=False)
            if r == 0:
                axes.annotate(texts[c], (0.5, 1), xytext=(0, 16), textcoords="offset points", ha="center", va="bottom",
                              xycoords="axes fraction", fontsize=8, fontweight="bold", linespacing=1.05)
            if c == 0 or not same:
                axes.annotate(time_label(at[c], scale, unit), (0 if same else 0.5, 1), xytext=(0, 3),
                              textcoords="offset points", xycoords="axes fraction", ha="left" if same else "center",
                              va="bottom", fontsize=7.5, color=QUIET)
    bar_width = min(2.6, page[0] - left - right)
    bar = figure.add_axes((left / page[0], 0.36 / page[1], bar_width / page[0], 0.1 / page[1]))
    figure.colorbar(image, cax=bar, orientation="horizontal")
    bar.set_label("colour bar")
    bar.set_xlabel(FIELDS[name][0], labelpad=1)
    bar.tick_params(length=2, pad=2)
    bar.locator_params(axis="x", nbins=5)
    stretch = height / true
    if abs(stretch - 1) > 0.02 and page[0] > left + bar_width + 1.5:
        figure.text(1 - right / page[0], 0.36 / page[1], f"x drawn at {stretch:.2g} times the scale of y",
                    ha="right", va="bottom", fontsize=7, color=QUIET)
    return whole(figure)


# --------------------------------------------------------------------------------------------------- profiles ----
def profiles(runs, labels=None, times=None, x_range=None):
    """Salt and potential at the same time along the cell (in 2-D and 3-D: the lateral mean of the electrolyte)."""
    demand_runs(runs)
    labels = labels_for(runs, labels)
    for run in runs:
        snapshots_at([run], None)
    times = times or [None]
    rows, stamps = zip(*(snapshots_at(runs, time) for time in times))
    names = [name for name in ("salt", "potential") if any(name in one for data in rows for one in data)]
    if not names:
        raise pfread.RunError(f"{runs[0].path}: the snapshots have neither salt nor potential; see &output fields")
    scale, unit = time_unit(max(max(s) for s in stamps))
    if len(rows) == 1 and not together(stamps[0]):  # each at its own time
        labels = [f"{plain(label)}, {time_label(at, scale, unit)}" for label, at in zip(labels, stamps[0])]
    sheet = Sheet(len(rows), len(names), 1.9, width=3.5 * len(names), above=0.3, labels=labels)
    for r, (data, at) in enumerate(zip(rows, stamps)):
        for c, name in enumerate(names):
            label, factor, _ = FIELDS[name]
            axes = sheet.panels[r][c]
            for i, one in enumerate(data):
                if name not in one:
                    continue
                phase = one["phase"].values.reshape(-1, one.sizes["x"])
                values = np.ma.masked_where(phase >= 0.5, one[name].values.reshape(phase.shape) * factor)
                axes.plot(one["x"].values, values.mean(axis=0).filled(np.nan), color=colour_of(i), ls=line_of(i),
                          lw=1.4, label=labels[i])
            axes.set_ylabel(label)
            axes.margins(x=0.01)
            if x_range:
                axes.set_xlim(x_range)
            if r == len(rows) - 1:
                axes.set_xlabel("x (µm)")
            if c == 0:
                text = time_label(min(at), scale, unit)
                if not together(at):
                    text = "each at its end" if len(rows) == 1 else f"{text} to {time_label(max(at), scale, unit)}"
                axes.set_title(text, loc="left", fontsize=8, color=QUIET)
    sheet.key(run_handles(len(runs)))
    return whole(sheet.figure)


def run_handles(count, **more):
    return [plt.Line2D([], [], color=colour_of(i), ls=line_of(i), lw=1.6, **more) for i in range(count)]


# -------------------------------------------------------------------------------------------- against the time ----
def histories_of(runs):
    result = [run.history for run in runs]
    for run, history in zip(runs, result):
        if not history.sizes["time_s"]:
            raise pfread.RunError(f"{run.path}/history.csv: no rows yet")
    return result


def first_events(run, end):
    """(name, time in s) of the first event of each name; the end of the run where an event has no time."""
    found = {}
    for event in (run.summary or {}).get("events", []):
        time = event.get("time_s")
        found.setdefault(event["name"], end if time is None else time)
    return sorted(found.items(), key=lambda item: item[1])


def events_in(runs, histories):
    """Names of the events of all runs, once, in the order of EVENTS."""
    found = {name for run, history in zip(runs, histories) for name, _ in first_events(run, float(history["time_s"][-1]))}
    return sorted(found, key=lambda name: (list(EVENTS).index(name) if name in EVENTS else len(EVENTS), name))


def mark_events(axes, run, history, column, scale, colour):
    """A symbol on the curve at each event."""
    time, values = history["time_s"].values, history[column].values
    for name, at in first_events(run, float(time[-1])):
        good = np.isfinite(values)
        if not good.any():
            continue
        height = float(np.interp(at, time[good], values[good]))
        axes.plot([at / scale], [height], marker=EVENTS.get(name, "P"), ms=6.5, color=colour, mec=INK, mew=0.8, ls="",
                  zorder=5, clip_on=False, gid=f"event {name}")


def event_handles(names):
    return [plt.Line2D([], [], marker=EVENTS.get(name, "P"), ms=6, color="white", mec=INK, mew=0.9, ls="",
                       label=name.replace("_", " ")) for name in names]


def voltage(runs, labels=None, panels=None):
    """Voltage against time, events marked.  `panels`: one panel a run (default: where the current is reversed)."""
    demand_runs(runs)
    labels = labels_for(runs, labels)
    histories = histories_of(runs)
    if panels is None:
        panels = len(runs) > 1 and any(history["half_cycle"].values.max() > 1 for history in histories)
    last = max(float(history["time_s"][-1]) for history in histories)
    scale, unit = time_unit(last)
    rows = len(runs) if panels else 1
    seen = events_in(runs, histories)
    sheet = Sheet(rows, 1, 0.85 if panels else 2.2, above=0.45 if panels else 0.12, between=0.27, left=0.7,
                  labels=[] if panels else labels + [name.replace("_", " ") for name in seen])
    axes = [row[0] for row in sheet.panels]
    for i, (run, history, label) in enumerate(zip(runs, histories, labels)):
        panel = axes[i if panels else 0]
        panel.plot(history["time_s"].values / scale, history["voltage_mV"].values, color=colour_of(i), lw=1.2,
                   ls="-" if panels else line_of(i), label=plain(label))
        mark_events(panel, run, history, "voltage_mV", scale, colour_of(i))
        if panels:
            panel.set_title(plain(label, 90), loc="left", fontsize=8, color=colour_of(i), fontweight="bold", pad=3)
    reversed_ = any(history["voltage_mV"].values.min() < 0 for history in histories)
    least = min(np.nanmin(history["voltage_mV"].values) for history in histories)
    most = max(np.nanmax(history["voltage_mV"].values) for history in histories)
    for panel in axes:
        panel.set_xlim(-0.01 * last / scale, 1.01 * last / scale)
        panel.set_ylim(least - 0.06 * (most - least) if reversed_ else min(least, 0.0), most + 0.08 * (most - least))
        if reversed_:
            panel.axhline(0, color=GREY, lw=0.6, zorder=0)
    for panel in axes[:-1]:
        panel.tick_params(labelbottom=False)
    middle = (axes[0].get_position().y1 + axes[-1].get_position().y0) / 2
    if rows % 2:
        axes[rows // 2].set_ylabel("voltage (mV)")
    else:
        sheet.figure.text(0.012, middle, "voltage (mV)", rotation=90, ha="left", va="center", fontsize=8.5)
    axes[-1].set_xlabel(f"time ({unit})")
    sheet.key(run_handles(len(runs)) + event_handles(seen))
    if seen and panels:
        sheet.figure.legend(handles=event_handles(seen), loc="upper right", ncols=len(seen), frameon=False,
                            borderaxespad=0.2)
    return whole(sheet.figure)


def front(runs, labels=None):
    """Mean and highest front, and how far the highest tip is before the mean, against time."""
    demand_runs(runs)
    labels = labels_for(runs, labels)
    histories = histories_of(runs)
    scale, unit = time_unit(max(float(history["time_s"][-1]) for history in histories))
    flat = all(np.nanmax(h["front_max_um"].values - h["front_mean_um"].values, initial=0.0) <= 0 for h in histories)
    seen = events_in(runs, histories)
    lines = [] if flat else [plt.Line2D([], [], color=INK, lw=1.5, label="mean"),
                             plt.Line2D([], [], color=INK, lw=1.0, ls=(0, (2, 1.2)), label="highest")]
    notes = lines + event_handles(seen)
    sheet = Sheet(1, 1 if flat else 2, 2.2, width=4.6 if flat else 7.0,
                  labels=labels + [note.get_label() for note in notes])
    left = sheet.panels[0][0]
    right, highest = None if flat else sheet.panels[0][1], 0.0
    for i, (run, history, label) in enumerate(zip(runs, histories, labels)):
        time = history["time_s"].values / scale
        mean, top = history["front_mean_um"].values, history["front_max_um"].values
        width = 1.3 + 1.5 * (len(runs) - 1 - i) / max(len(runs) - 1, 1)  # a curve under another one still shows
        left.plot(time, mean, color=colour_of(i), ls=line_of(i), lw=width, label=plain(label))
        if not flat:
            left.plot(time, top, color=colour_of(i), ls=(0, (2, 1.2)), lw=0.7 * width, label="_highest")
            right.plot(time, top - mean, color=colour_of(i), ls=line_of(i), lw=width, label=plain(label))
            highest = max(highest, float(np.nanmax(top - mean)))
        mark_events(left, run, history, "front_mean_um", scale, colour_of(i))
    left.set_ylabel("front (µm)")
    if not flat:
        right.set_ylabel("protrusion of the highest tip (µm)")
        right.set_ylim(0, 1.08 * highest)
    for panel in sheet.panels[0]:
        panel.set_xlabel(f"time ({unit})")
        panel.margins(x=0.01)
    sheet.key(run_handles(len(runs)) + notes)
    return whole(sheet.figure)


KINDS = {"strips": strips, "profiles": profiles, "voltage": voltage, "front": front}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="output directory of a run")
    parser.add_argument("--kind", choices=KINDS, default="voltage", help="which picture (default: voltage)")
    parser.add_argument("-o", "--output", help="picture (png, pdf, svg); default KIND.png")
    parser.add_argument("--labels", nargs="+", metavar="TEXT", help="names of the runs (default: their titles)")
    parser.add_argument("--times", nargs="+", type=float, metavar="S",
                        help="strips, profiles: times in s (default: the last that all runs have reached)")
    parser.add_argument("--field", choices=sorted(FIELDS), help="strips: what the colours show (default: the salt)")
    parser.add_argument("--x", nargs=2, type=float, metavar=("MIN", "MAX"), help="strips, profiles: part of x, in um")
    options = parser.parse_args(arguments)
    extra = {"strips": {"times": options.times, "field": options.field, "x_range": options.x},
             "profiles": {"times": options.times, "x_range": options.x}}.get(options.kind, {})
    try:
        runs = [pfread.open_run(path) for path in options.runs]
        figure = KINDS[options.kind](runs, options.labels, **extra)
        print(save(figure, pathlib.Path(options.output or f"{options.kind}.png")))
    except (pfread.RunError, OSError, ValueError) as error:
        print(f"compare_runs: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
