#!/usr/bin/env pvpython
"""Opens a run in ParaView: the potential or the salt as a colour map, the lithium (phase >= 1/2) in front of it.  In 3-D the
surface of the lithium, phase = 1/2, has the colours, over the range that the field has on it.

    paraview --script=postproc/paraview_open.py       with PFSOLVE_RUN=RUN in the environment: in the program
    xvfb-run -a -s -noreset pvbatch postproc/paraview_open.py RUN --render picture.png [--time S] [--field salt]
"""

import argparse
import os
import pathlib
import re
import sys

from paraview.simple import (ColorBy, GetActiveViewOrCreate, GetColorTransferFunction,
                             GetScalarBar, Contour, IsoVolume, NetCDFReader, Render, SaveScreenshot, Show, Text,
                             Slice, Threshold, _DisableFirstRenderCameraReset)

# name: title in the colour bar, preset of ParaView
FIELDS = {
    "salt": ("salt (mol/m³)", "Viridis (matplotlib)"),
    "potential": ("potential (V)", "Cividis"),
}
SURFACE = "Viridis (matplotlib)"  # also in the shadow of a surface no two of its colours are alike
LITHIUM = [0.80, 0.81, 0.84]
EDGE = [0.90, 0.62, 0.0]
INK = [0.13, 0.13, 0.13]


def snapshot_files(run):
    files = [f for f in (pathlib.Path(run) / "snapshots").glob("*.nc") if re.fullmatch(r"[^.].*_\d{6,}", f.stem)]
    if not files:
        raise SystemExit(f"paraview_open: {run}/snapshots: no snapshots")
    return [str(f) for f in sorted(files, key=lambda f: int(f.stem.rsplit("_", 1)[1]))]


def metal_of(source):
    """The threshold phase >= 1/2, cut smoothly through the cells."""
    metal = IsoVolume(Input=source)
    metal.InputScalars = ["POINTS", "phase"]
    metal.ThresholdRange = [0.5, 2.0]
    return metal


def wall_of(source, normal, origin):
    wall = Slice(Input=source)
    wall.SliceType = "Plane"
    wall.SliceType.Origin = origin
    wall.SliceType.Normal = normal
    wall.Triangulatetheslice = 0
    return wall


def front_of(source):
    front = Contour(Input=source)
    front.ContourBy = ["POINTS", "phase"]
    front.Isosurfaces = [0.5]
    return front


def range_on(source, field):
    """Least and largest value of the field on a surface, never the same."""
    source.UpdatePipeline()
    array = source.PointData.GetArray(field)
    low, high = array.GetRange() if array is not None else (0.0, 1.0)
    return (low, high) if high > low else (low, low + max(abs(low) * 1e-3, 1e-12))


def electrolyte_range(source, field):
    """Least and largest value of the field where there is no metal, at the time shown."""
    rest = Threshold(Input=source)
    rest.Scalars = ["POINTS", "phase"]
    if hasattr(rest, "LowerThreshold"):
        rest.ThresholdMethod = "Below Lower Threshold"
        rest.LowerThreshold = 0.5
    else:
        rest.ThresholdRange = [-1.0, 0.5]
    return range_on(rest, field)


def is_solid(bounds):
    return bounds[5] > bounds[4]


def size_for(bounds):
    """Pixels that suit the grid: 2-D leaves room for the labels above and the colour bar below."""
    if is_solid(bounds):
        return [1000, 900]
    aspect = (bounds[3] - bounds[2]) / (bounds[1] - bounds[0])
    width = 1400 if aspect < 0.8 else int(1400 * 0.8 / aspect)
    width = max(width, 700)
    return [width, int(min(max(0.84 * width * aspect, 60) + 290, 1500))]


def seen_from(towards):
    """Unit vectors to the right and upwards in the picture, for y upwards and a camera in the direction `towards`."""
    x, y, z = towards
    across = (x * x + z * z) ** 0.5
    return [z / across, 0.0, -x / across], [-x * y / across, across, -y * z / across]


def camera_for(view, bounds):
    """2-D: from above, filling the width; 3-D: from the electrolyte's side at a slant, the whole box and its labels in view."""
    centre = [(bounds[0] + bounds[1]) / 2, (bounds[2] + bounds[3]) / 2, (bounds[4] + bounds[5]) / 2]
    extent = max(bounds[1] - bounds[0], bounds[3] - bounds[2], bounds[5] - bounds[4])
    width, height = view.ViewSize
    view.CameraParallelProjection = 1
    view.CameraViewUp = [0, 1, 0]
    if is_solid(bounds):
        towards = [0.60, 0.42, 0.68]  # of length 1
        right, up = seen_from(towards)
        half = [[(bounds[2 * d + 1] - bounds[2 * d]) / 2 * abs(axis[d]) for d in range(3)] for axis in (right, up)]
        # 100 pixels beside the box are for its labels, 60 above, and 150 below for them and the colour bar
        pixel = max(2 * sum(half[0]) / (width - 200.0), 2 * sum(half[1]) / (height - 210.0))  # um
        focus = [c - 45 * pixel * u for c, u in zip(centre, up)]
        view.CameraFocalPoint = focus
        view.CameraPosition = [f + 3 * extent * t for f, t in zip(focus, towards)]
        view.CameraParallelScale = height / 2 * pixel
    else:
        pixel = max((bounds[1] - bounds[0]) / (0.84 * width), (bounds[3] - bounds[2]) / (height - 290.0))  # um
        view.CameraFocalPoint = [centre[0], centre[1] - 65 * pixel, 0]
        view.CameraPosition = [centre[0], centre[1] - 65 * pixel, 2 * extent]
        view.CameraParallelScale = height / 2 * pixel


def flat(shown, colour=None):
    """Its own colour as it is, without light and shadow."""
    shown.Ambient, shown.Diffuse, shown.Specular = 1.0, 0.0, 0.0
    if colour is not None:
        ColorBy(shown, None)
        shown.AmbientColor = shown.DiffuseColor = colour


def open_run(run, field="salt", time=None, size=None):
    """Builds the view; returns (reader, view)."""
    reader = NetCDFReader(FileName=snapshot_files(run))
    reader.UpdatePipelineInformation()
    times = list(reader.TimestepValues) or [0.0]
    time = times[-1] if time is None else min(times, key=lambda t: abs(t - time))
    reader.UpdatePipeline(time=time)
    present = reader.PointData.keys()
    if "phase" not in present:
        raise SystemExit(f"paraview_open: {run}: the snapshots have no field `phase`")
    if field not in present:
        raise SystemExit(f"paraview_open: {run}: no field `{field}`; there are {', '.join(sorted(present))}")

    _DisableFirstRenderCameraReset()
    view = GetActiveViewOrCreate("RenderView")
    bounds = reader.GetDataInformation().GetBounds()
    view.ViewSize = list(size or size_for(bounds))
    view.ViewTime = time
    view.UseColorPaletteForBackground = 0
    view.BackgroundColorMode = "Single Color"
    view.Background = [1, 1, 1]
    view.OrientationAxesVisibility = 1 if is_solid(bounds) else 0
    view.OrientationAxesLabelColor = INK

    if is_solid(bounds):  # the front as a surface, and the metal where the sides of the box near the camera cut it
        outline = Show(reader, view)
        outline.SetRepresentationType("Outline")
        outline.AmbientColor = outline.DiffuseColor = INK
        step = 1e-6 * (bounds[1] - bounds[0])
        near = [bounds[1] - step, bounds[3] - step, bounds[5] - step]
        for normal in ([0, 1, 0], [0, 0, 1]):
            flat(Show(metal_of(wall_of(reader, normal, near)), view), LITHIUM)
        front = front_of(reader)
        coloured = [Show(front, view)]
        coloured[0].Ambient, coloured[0].Diffuse, coloured[0].Specular = 0.35, 0.75, 0.1
        limits, where = range_on(front, field), " at the front"
    else:  # the metal lies on the map of the field, its front as a line on both
        metal = Show(metal_of(reader), view)
        coloured = [Show(reader, view)]
        limits, where = electrolyte_range(reader, field), ""
        coloured[0].SetRepresentationType("Surface")
        depth = 1e-3 * (bounds[1] - bounds[0])
        flat(metal, LITHIUM)
        metal.Position = [0, 0, depth]
        front = Show(front_of(reader), view)
        flat(front, EDGE)
        front.LineWidth = 3.0
        front.Position = [0, 0, 2 * depth]
    for shown in coloured:
        ColorBy(shown, ("POINTS", field))
        if not is_solid(bounds):
            flat(shown)
    title, preset = FIELDS.get(field, (field, "Viridis (matplotlib)"))
    colours = GetColorTransferFunction(field)
    colours.AutomaticRescaleRangeMode = "Never"
    colours.ApplyPreset(SURFACE if is_solid(bounds) else preset, True)
    colours.RescaleTransferFunction(*limits)
    coloured[0].SetScalarBarVisibility(view, True)
    bar = GetScalarBar(colours, view)
    bar.Title, bar.ComponentTitle = title.replace(" (", f"{where} ("), ""
    bar.TitleColor = bar.LabelColor = INK
    bar.Orientation = "Horizontal"
    bar.WindowLocation = "Lower Center"
    bar.ScalarBarLength = 0.4
    bar.TitleFontSize, bar.LabelFontSize = 20, 18
    bar.AutomaticLabelFormat = 0
    bar.LabelFormat = bar.RangeLabelFormat = "%.4g"
    grid = view.AxesGrid
    grid.Visibility = 1
    grid.XTitle, grid.YTitle, grid.ZTitle = "x (µm)", "y (µm)", "z (µm)"
    for name in ("XTitleColor", "YTitleColor", "ZTitleColor", "XLabelColor", "YLabelColor", "ZLabelColor", "GridColor"):
        setattr(grid, name, INK)
    for name in ("XTitleFontSize", "YTitleFontSize", "ZTitleFontSize", "XLabelFontSize", "YLabelFontSize",
                 "ZLabelFontSize"):
        setattr(grid, name, 18)
    if not is_solid(bounds):
        grid.AxesToLabel = 3  # below and on the left only
    label = Text()
    name = pathlib.Path(snapshot_files(run)[0]).stem.rsplit("_", 1)[0]
    label.Text = f"{name}, {time:g} s"
    shown = Show(label, view)
    shown.Color = INK
    shown.FontSize = 20
    shown.WindowLocation = "Upper Left Corner"
    camera_for(view, bounds)
    Render(view)
    return reader, view


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", default=os.environ.get("PFSOLVE_RUN"), help="output directory of the run")
    parser.add_argument("--render", metavar="PNG", help="write a picture")
    parser.add_argument("--time", type=float, help="s, the nearest snapshot is shown (default: the last)")
    parser.add_argument("--field", default="salt", help="what the colours show (default: salt)")
    parser.add_argument("--size", nargs=2, type=int, metavar=("W", "H"), help="of the picture, pixels")
    options = parser.parse_args()
    if not options.run:
        parser.error("RUN is missing")
    reader, view = open_run(options.run, options.field, options.time, options.size)
    print(f"{options.run}: {len(reader.FileName)} snapshots, bounds {reader.GetDataInformation().GetBounds()}")
    if options.render:
        SaveScreenshot(options.render, view, ImageResolution=list(view.ViewSize))
        print(options.render)


if __name__ in ("__main__", "__vtkconsole__"):
    main()
