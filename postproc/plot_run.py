#!/usr/bin/env python3
"""One figure of a run: phase, salt and potential at chosen times, front and voltage against time.

    plot_run.py RUN [-o FILE] [--times S [S ...]] [--x MIN MAX]
"""

import argparse
import sys

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.collections import LineCollection  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap, to_rgb  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402

import pfread  # noqa: E402

# Okabe and Ito's colours, told apart by colour-blind people (Color Universal Design, jfly.uni-koeln.de/color).
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"
PHASE_MAP = LinearSegmentedColormap.from_list("phase", ["#f4f1ea", "#3d4653"])
METAL = "#c9ccd1"
OUTLINE = "#5b4b8a"  # between materials
# Pale, on the phase's own paper: a material each, from the working electrode on.
TINTS = ["#f4f1ea", "#cfe3f3", "#f6dfc0", "#d5ecd9", "#efd2dd", "#e3dcf2", "#f0ebb5", "#d9d9d9"]

# name: label, factor from the unit of the file, colour map
FIELDS = {
    "phase": ("lithium fraction", 1.0, PHASE_MAP),
    "salt": ("salt (mol/L)", 1e-3, "viridis"),
    "potential": ("potential (mV)", 1e3, "cividis"),
    "electron_potential": ("electronic potential (mV)", 1e3, "cividis"),
}

plt.rcParams.update({
    "font.size": 8.5, "axes.titlesize": 9, "axes.labelsize": 8.5, "xtick.labelsize": 7.5, "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.7,
    "xtick.major.width": 0.7, "ytick.major.width": 0.7, "figure.dpi": 100, "savefig.dpi": 170,
})


def time_unit(last):
    """Seconds in the unit that suits a run of `last` seconds, and its name."""
    return (3600.0, "h") if last >= 2 * 3600 else (60.0, "min") if last >= 300 else (1.0, "s")


def time_label(time, scale, unit):
    return f"{time / scale:.4g} {unit}"


def choose_snapshots(run, times, count=4):
    if times:
        return sorted({run.nearest(t) for t in times})
    wanted = np.linspace(run.times[0], run.times[-1], count)
    return sorted({run.nearest(t) for t in wanted})


def plane(data):
    """A 3-D snapshot's cut through the middle in z; others as they are."""
    return data.isel(z=data.sizes["z"] // 2) if "z" in data.dims else data


def front_range(snapshots):
    """x from a bit behind to a bit before the front at x = 0 over all snapshots; None: show everything."""
    x = snapshots[0]["x"].values
    h = x[1] - x[0]
    low, high = np.inf, -np.inf
    for data in snapshots:
        metal = data["phase"].values.reshape(-1, x.size) >= 0.5
        reach = np.where(metal.all(axis=1), x.size, metal.argmin(axis=1))  # cells of metal from x = 0 on
        low, high = min(low, x[0] + h * reach.min()), max(high, x[0] + h * reach.max())
    if not np.isfinite(low):
        return None
    margin = max(0.5 * (high - low), 12 * h)
    low, high = max(low - margin, x[0] - h / 2), min(high + margin, x[-1] + h / 2)
    return (low, high) if high - low < 0.6 * (x[-1] - x[0]) else None


def limits(snapshots, name, factor):
    """Least and largest value in the electrolyte (phase: 0 to 1)."""
    if name == "phase":
        return 0.0, 1.0
    low, high = np.inf, -np.inf
    for data in snapshots:
        values = data[name].values[data["phase"].values < 0.5] * factor
        if np.isfinite(values).any():
            low, high = min(low, np.nanmin(values)), max(high, np.nanmax(values))
    if not np.isfinite(low):
        return 0.0, 1.0
    if high - low < 1e-9 * max(abs(high), 1e-30):
        return low - 0.5 * max(abs(low) * 0.1, 1e-3), high + 0.5 * max(abs(high) * 0.1, 1e-3)
    return low, high


def outlines(material, extent):
    """Lines between cells of different materials: [[(x, y), (x, y)], ...] on a picture of this extent."""
    rows, columns = material.shape
    x = np.linspace(extent[0], extent[1], columns + 1)
    y = np.linspace(extent[2], extent[3], rows + 1)
    lines = [[(x[i + 1], y[j]), (x[i + 1], y[j + 1])] for j, i in np.argwhere(material[:, 1:] != material[:, :-1])]
    return lines + [[(x[i], y[j + 1]), (x[i + 1], y[j + 1])]
                    for j, i in np.argwhere(material[1:] != material[:-1])]


def materials_of(data):
    """Indices and names of the materials that a snapshot shows; none where it holds no map, or only one."""
    if "material" not in data:
        return []
    names = pfread.material_names(data)
    found = np.unique(data["material"].values.astype(int))
    return [(n, names[n] if n < len(names) else f"material {n}") for n in found] if found.size > 1 else []


def tinted(phase, material):
    """The phase as a picture [y][x][rgb] whose electrolytes have the tints of their materials."""
    paper = np.array([to_rgb(tint) for tint in TINTS])[material.astype(int) % len(TINTS)]
    share = np.clip(phase, 0, 1)[..., None]
    return (1 - share) * paper + share * np.array(to_rgb("#3d4653"))


class Page:
    """A figure whose panels are placed in inches from its upper left corner."""

    LEFT, RIGHT = 0.72, 0.15  # margins

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.figure = plt.figure(figsize=(width, height))

    def panel(self, column, columns, gap, top, height):
        """Panel number `column` of a row of `columns` with a gap between them."""
        width = (self.width - self.LEFT - self.RIGHT - gap * (columns - 1)) / columns
        left = self.LEFT + column * (width + gap)
        return self.figure.add_axes((left / self.width, 1 - (top + height) / self.height, width / self.width,
                                     height / self.height))

    def text(self, left, top, text, **style):
        self.figure.text(left / self.width, 1 - top / self.height, text, **style)


BAR, ROW_GAP, TOP = 0.13, 0.33, 0.85  # inches: height of a colour bar, between rows, above the first panel


def draw_maps(page, row_height, snapshots, names, labels, x_range):
    """2-D: a row a time, a column a field, its colour bar above it; materials are outlined, in the phase tinted."""
    zoom = x_range or front_range(snapshots)
    materials = materials_of(snapshots[0])
    for column, name in enumerate(names):
        label, factor, colours = FIELDS[name]
        low, high = limits(snapshots, name, factor)
        for row, data in enumerate(snapshots):
            top = TOP + BAR + 0.5 + row * (row_height + ROW_GAP)
            axes = page.panel(column, len(names), 0.3, top, row_height)
            x, y = data["x"].values, data["y"].values
            h = x[1] - x[0]
            extent = (x[0] - h / 2, x[-1] + h / 2, y[0] - h / 2, y[-1] + h / 2)
            phase = data["phase"].values
            values = data[name].values * factor
            if name != "phase":
                values = np.ma.masked_where(phase >= 0.5, values)
            axes.set_facecolor(METAL)
            image = axes.imshow(values, origin="lower", extent=extent, cmap=colours, vmin=low, vmax=high,
                                aspect="auto", interpolation="nearest")
            if phase.min() < 0.5 < phase.max():
                axes.contour(x, y, phase, levels=[0.5], colors=[ORANGE], linewidths=1.2)
            if materials:
                material = data["material"].values
                axes.add_collection(LineCollection(outlines(material, extent), colors=OUTLINE, linewidths=0.5))
                if name == "phase":
                    axes.imshow(tinted(phase, material), origin="lower", extent=extent, aspect="auto",
                                interpolation="nearest")
            if name == "phase" and zoom:
                axes.set_xlim(zoom)
            elif x_range:
                axes.set_xlim(x_range)
            if column == 0:
                axes.set_ylabel("y (µm)")
                axes.annotate(labels[row], (0, 1), xytext=(0, 3), textcoords="offset points",
                              xycoords="axes fraction", fontweight="bold", va="bottom")
            else:
                axes.tick_params(labelleft=False)
            if row == len(snapshots) - 1:
                axes.set_xlabel("x (µm)")
            else:
                axes.tick_params(labelbottom=False)
            for side in ("top", "right"):
                axes.spines[side].set_visible(True)
            if row == 0:
                bar = page.panel(column, len(names), 0.3, TOP, BAR)
                page.figure.colorbar(image, cax=bar, orientation="horizontal")
                bar.set_title(label, pad=4)
                bar.tick_params(length=2, pad=2)
    if materials:
        patches = [Patch(facecolor=TINTS[n % len(TINTS)], edgecolor=OUTLINE, lw=0.5, label=text) for n, text in materials]
        page.figure.legend(handles=patches, frameon=False, loc="upper left", ncol=len(patches), borderaxespad=0,
                           bbox_to_anchor=(Page.LEFT / page.width, 1 - 0.4 / page.height), handlelength=1.2)


def draw_profiles(page, height, snapshots, names, labels, x_range):
    """1-D: a panel a field, a line a time from light to dark."""
    shades = plt.get_cmap("viridis_r")(np.linspace(0.12, 1.0, len(snapshots)))
    materials = dict(materials_of(snapshots[0]))
    zoom = x_range or front_range(snapshots)
    for column, name in enumerate(names):
        label, factor, _ = FIELDS[name]
        axes = page.panel(column, len(names), 0.75, TOP, height)
        for data, shade, text in zip(snapshots, shades, labels):
            values = data[name].values.ravel() * factor
            if name != "phase":
                values = np.where(data["phase"].values.ravel() >= 0.5, np.nan, values)
            axes.plot(data["x"].values, values, color=shade, lw=1.4, label=text)
        axes.set_xlabel("x (µm)")
        axes.set_ylabel(label)
        if materials:
            x, material = snapshots[0]["x"].values, snapshots[0]["material"].values.ravel().astype(int)
            for i in np.flatnonzero(material[1:] != material[:-1]):
                place = 0.5 * (x[i] + x[i + 1])
                axes.axvline(place, color=OUTLINE, lw=0.7)
                axes.annotate(f"{materials[material[i + 1]]} \u2192", (place, 0.02), xytext=(2, 0), fontsize=7,
                              textcoords="offset points", xycoords=axes.get_xaxis_transform(), color=OUTLINE,
                              annotation_clip=True)
        if name == "phase":
            axes.axhline(0.5, color=GREY, lw=0.7, ls=":")
            axes.legend(frameon=False, title="time", loc="upper right")
            if zoom:
                axes.set_xlim(zoom)
        elif x_range:
            axes.set_xlim(x_range)


def draw_front(axes, history, scale, unit):
    time = history["time_s"].values / scale
    low, high, mean = (history[n].values for n in ("front_min_um", "front_max_um", "front_mean_um"))
    if np.nanmax(high - low, initial=0.0) > 0.0:
        axes.fill_between(time, low, high, color=BLUE, alpha=0.18, lw=0)
        axes.plot(time, high, color=RED, lw=1.1, label="highest")
        axes.plot(time, low, color=GREEN, lw=1.1, ls="--", label="lowest")
    axes.plot(time, mean, color=BLUE, lw=1.6, label="mean")
    axes.legend(frameon=False, loc="best")
    axes.set_xlabel(f"time ({unit})")
    axes.set_ylabel("front (µm)")
    axes.margins(x=0.01)


def draw_voltage(axes, history, summary, scale, unit):
    time = history["time_s"].values / scale
    axes.plot(time, history["voltage_mV"].values, color=BLUE, lw=1.6)
    axes.set_xlabel(f"time ({unit})")
    axes.set_ylabel("voltage (mV)")
    axes.margins(x=0.01)
    seen = set()
    for event in (summary or {}).get("events", []):
        if event["time_s"] is None or event["name"] in seen:
            continue
        seen.add(event["name"])
        axes.axvline(event["time_s"] / scale, color=RED, lw=0.9, ls=":")
        axes.annotate(event["name"].replace("_", " "), (event["time_s"] / scale, 0.02), rotation=90, color=RED,
                      xycoords=axes.get_xaxis_transform(), ha="right", va="bottom", fontsize=7.5)


def draw_current(axes, history, scale, unit):
    axes.plot(history["time_s"].values / scale, history["current_mA_cm2"].values, color=RED, lw=1.3)
    axes.set_xlabel(f"time ({unit})")
    axes.set_ylabel("current (mA/cm²)")
    axes.margins(x=0.01)


def title_of(run, data, summary):
    cells = " × ".join(str(data.sizes[d]) for d in ("x", "y", "z") if data.sizes.get(d, 1) > 1)
    h = float(run.attributes.get("spacing_um", np.nan))
    parts = [f"{cells} cells of {h:g} µm"]
    if summary:
        parts.append(str(summary["status"]).replace("_", " "))
    else:
        parts.append("not ended")
    if "z" in data.dims:
        parts.append(f"cut at z = {float(data['z'][data.sizes['z'] // 2]):g} µm")
    return run.title, ", ".join(parts)


def make_figure(run, times=None, x_range=None):
    """The figure of an open run; `times` in s."""
    chosen = choose_snapshots(run, times)
    whole = [run.snapshot(i) for i in chosen]
    snapshots = [plane(data) for data in whole]
    names = [name for name in FIELDS if all(name in data for data in snapshots)]
    if "phase" not in names:
        raise pfread.RunError(f"{run.path}: the snapshots have no field `phase`; put it into &output fields")
    history, summary = run.history, run.summary
    if not history.sizes["time_s"]:
        raise pfread.RunError(f"{run.path}/history.csv: no rows yet")
    scale, unit = time_unit(max(float(history["time_s"][-1]), run.times[chosen[-1]]))
    labels = [time_label(run.times[i], scale, unit) for i in chosen]
    maps = run.dimensions > 1

    current = history["current_mA_cm2"].values
    varies = np.nanmax(current) - np.nanmin(current) > 1e-3 * np.nanmax(np.abs(current), initial=1e-30)
    below = 3 if varies else 2

    width, lower = 3.4 * max(len(names), 2), 1.85
    if maps:
        panel = (width - Page.LEFT - Page.RIGHT) / len(names) - 0.3
        aspect = snapshots[0].sizes["y"] / snapshots[0].sizes["x"]
        height = float(np.clip(aspect * panel, 1.0, 2.2))
        bottom = TOP + BAR + 0.5 + len(snapshots) * (height + ROW_GAP) - ROW_GAP
        page = Page(width, bottom + 0.85 + lower + 0.55)
        draw_maps(page, height, snapshots, names, labels, x_range)
    else:
        height = 2.4
        bottom = TOP + height
        page = Page(width, bottom + 0.85 + lower + 0.55)
        draw_profiles(page, height, snapshots, names, labels, x_range)
    panels = [page.panel(i, below, 0.75, bottom + 0.85, lower) for i in range(below)]
    draw_front(panels[0], history, scale, unit)
    draw_voltage(panels[1], history, summary, scale, unit)
    if varies:
        draw_current(panels[2], history, scale, unit)
    title, subtitle = title_of(run, whole[-1], summary)
    page.text(Page.LEFT, 0.28, title, fontsize=13, fontweight="bold", va="center")
    page.text(width - Page.RIGHT, 0.28, subtitle, fontsize=8.5, color="#555555", va="center", ha="right")
    return page.figure


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="output directory of the run")
    parser.add_argument("-o", "--output", help="picture (png, pdf, svg); default RUN/run.png")
    parser.add_argument("--times", nargs="+", type=float, metavar="S",
                        help="times of the snapshots to show, in s; the nearest ones are taken (default: four)")
    parser.add_argument("--x", nargs=2, type=float, metavar=("MIN", "MAX"),
                        help="part of x to show, in um (default: all, of the phase the part where the front moves)")
    options = parser.parse_args(arguments)
    try:
        run = pfread.open_run(options.run)
        figure = make_figure(run, options.times, options.x)
        output = options.output or str(run.path / "run.png")
        figure.savefig(output)
        plt.close(figure)
    except (pfread.RunError, OSError, ValueError) as error:
        print(f"plot_run: {error}", file=sys.stderr)
        return 1
    print(output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
