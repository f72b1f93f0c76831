#!/usr/bin/env pvpython
"""Several runs side by side in ParaView: one colour map, linked cameras, one clock, the title of each run above it.

    PFSOLVE_RUNS=RUN:RUN paraview --script=postproc/paraview_compare.py          in the program
    xvfb-run -a -s -noreset pvbatch postproc/paraview_compare.py RUN RUN --render picture.png [--time S]
    xvfb-run -a -s -noreset pvbatch postproc/paraview_compare.py RUN RUN --movie folder

--movie writes a picture a snapshot time (frame.0000.png ...) and, where this ParaView can, movie.ogv or movie.avi of the
same frames; with ffmpeg in the path movie.mp4.  A run that ended earlier stays at its last snapshot, and says so.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import types

IN_PROGRAM = "__file__" not in globals()
try:
    HERE = pathlib.Path(__file__).resolve().parent
except NameError:  # in the program, whose --script tells no script where it lies
    started = pathlib.Path("/proc/self/cmdline")
    words = started.read_text().split("\0") if started.exists() else []
    HERE = next((pathlib.Path(word.partition("=")[2]).resolve().parent for word in words if word.startswith("--script=")),
                pathlib.Path("postproc").resolve())
sys.path.insert(0, str(HERE))

from paraview.simple import (AddCameraLink, AssignViewToLayout, ColorBy, CreateLayout, CreateRenderView,  # noqa: E402
                             GetAnimationScene, GetColorTransferFunction, GetScalarBar, PythonAnimationCue, Render,
                             SaveAnimation, SaveScreenshot, SetActiveView, Show, Text, TrivialProducer,
                             _DisableFirstRenderCameraReset)
from vtkmodules.util.numpy_support import vtk_to_numpy  # noqa: E402
from vtkmodules.vtkCommonDataModel import vtkDataObject  # noqa: E402
from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline  # noqa: E402
from vtkmodules.vtkImagingCore import vtkExtractVOI  # noqa: E402
from vtkmodules.vtkIONetCDF import vtkNetCDFCFReader  # noqa: E402

from paraview_open import (EDGE, FIELDS, INK, LITHIUM, flat, front_of, is_solid, metal_of, snapshot_files,  # noqa: E402
                           wall_of)

MOST = 6  # runs beside each other
BAR = 90  # pixels below the runs for the colour bar
HEAD = 64  # pixels above them for the titles


def fail(text):
    raise SystemExit(f"paraview_compare: {text}")


class Shown:
    """One run: what is read of it, its view and what is written above it.

    The clock of ParaView stays away from the files: asked for a time between two snapshots its reader of a series fails
    (5.11).  Here the nearest snapshot is read and given to the pipeline."""

    def __init__(self, path, part=None):
        self.path, self.part = path, part
        if not pathlib.Path(path).is_dir():
            fail(f"{path}: no such directory")
        try:
            self.files = snapshot_files(path)
        except SystemExit:
            fail(f"{path}: holds no snapshots")
        self.name = pathlib.Path(self.files[0]).stem.rsplit("_", 1)[0]
        self.times = [self.time_of(file) for file in self.files]
        self.number = None
        self.data = self.read(len(self.files) - 1)
        self.bounds = self.data.GetBounds()
        arrays = self.data.GetPointData()
        self.fields = [arrays.GetArrayName(i) for i in range(arrays.GetNumberOfArrays())]
        if "phase" not in self.fields:
            fail(f"{path}: the snapshots have no field `phase`; put it into &output fields")
        self.source = TrivialProducer(registrationName=self.name)
        self.view = self.title = None
        self.show(self.times[-1])

    @staticmethod
    def time_of(file):
        reader = vtkNetCDFCFReader()
        reader.SetFileName(file)
        reader.UpdateInformation()
        information = reader.GetOutputInformation(0)
        steps = vtkStreamingDemandDrivenPipeline.TIME_STEPS()
        return information.Get(steps, 0) if information.Length(steps) else 0.0

    def read(self, number):
        """The grid and the fields of a snapshot, of x only the part that is shown."""
        reader = vtkNetCDFCFReader()
        reader.SetFileName(self.files[number])
        reader.Update()
        data = reader.GetOutputDataObject(0)
        if data is None or data.GetNumberOfPoints() == 0:
            fail(f"{self.files[number]}: cannot be read")
        if self.part:
            extent, bounds = list(data.GetExtent()), data.GetBounds()
            step = (bounds[1] - bounds[0]) / max(extent[1] - extent[0], 1)
            begin = min(max(round((self.part[0] - bounds[0]) / step), extent[0]), extent[1] - 1)
            extent[:2] = begin, min(max(round((self.part[1] - bounds[0]) / step), begin + 1), extent[1])
            cut = vtkExtractVOI()
            cut.SetInputData(data)
            cut.SetVOI(extent)
            cut.Update()
            data = cut.GetOutput()
        copy = data.NewInstance()
        copy.ShallowCopy(data)
        copy.GetInformation().Remove(vtkDataObject.DATA_TIME_STEP())
        copy.GetPointData().SetActiveScalars("phase")
        return copy

    def nearest(self, time):
        return min(range(len(self.times)), key=lambda i: abs(self.times[i] - time))

    def show(self, time):
        """Shows the snapshot nearest to this time and says which one it is."""
        number = self.nearest(time)
        if number != self.number:
            self.number, self.data = number, self.read(number)
            self.source.GetClientSideObject().SetOutput(self.data)
            self.source.SMProxy.MarkModified(self.source.SMProxy)
            self.source.UpdatePipeline()
        own = self.times[number]
        if self.title is not None:
            ended = ", its end" if number == len(self.times) - 1 and time > 1.02 * own else ""
            self.title.Text = f"{self.name}\n{own:.4g} s{ended}"

    def range(self, field, times):
        """Least and largest value of the field in the electrolyte, at these times."""
        low, high = float("inf"), float("-inf")
        for number in {self.nearest(time) for time in times}:
            arrays = self.read(number).GetPointData()
            values = vtk_to_numpy(arrays.GetArray(field))[vtk_to_numpy(arrays.GetArray("phase")) < 0.5]
            if values.size:
                low, high = min(low, float(values.min())), max(high, float(values.max()))
        return low, high


def times_of(shown):
    """The times of all snapshots, once where runs have nearly the same."""
    every = sorted({t for one in shown for t in one.times})
    least = min((b - a for one in shown for a, b in zip(one.times, one.times[1:])), default=0.0)
    kept = every[:1]
    for time in every[1:]:
        if time - kept[-1] > 0.25 * least:
            kept.append(time)
    return kept


def names_apart(shown):
    """Directories where the titles are the same."""
    if len({one.name for one in shown}) < len(shown):
        for one in shown:
            one.name = pathlib.Path(one.path).absolute().name


def field_for(shown, field):
    if field is None:
        field = next((name for name in FIELDS if all(name in one.fields for one in shown)), None)
        if field is None:
            fail("the runs have neither salt nor potential in common; choose with --field")
    for one in shown:
        if field not in one.fields:
            fail(f"{one.path}: no field `{field}`; there are {', '.join(sorted(one.fields))}")
    return field


def demand_alike(shown):
    """Linked cameras need the same dimension and, across the cell, the same size."""
    first = shown[0]
    for one in shown[1:]:
        if is_solid(one.bounds) != is_solid(first.bounds):
            fail(f"{first.path} and {one.path}: one is 3-D, the other is not")
        for low, what in ((2, "y"), (4, "z")):
            sizes = [run.bounds[low + 1] - run.bounds[low] for run in (first, one)]
            step = (first.bounds[1] - first.bounds[0]) / 50
            if abs(sizes[0] - sizes[1]) > step:
                fail(f"runs of different sizes: {first.path} is {sizes[0]:g} um wide in {what}, {one.path} {sizes[1]:g} um")


def range_of(shown, field, times):
    """Least and largest value in the electrolyte of all runs at these times."""
    lows, highs = zip(*(one.range(field, times) for one in shown))
    low, high = min(lows), max(highs)
    if low > high:
        return 0.0, 1.0
    return (low, high) if high > low else (low, low + max(abs(low) * 1e-3, 1e-12))


def build(one, view, field):
    """The run in its view: metal in grey, its front in orange, the field as colours."""
    view.UseColorPaletteForBackground = 0
    view.BackgroundColorMode = "Single Color"
    view.Background = [1, 1, 1]
    view.OrientationAxesVisibility = 0
    bounds = one.bounds
    metal = Show(metal_of(one.source), view)
    if is_solid(bounds):
        outline = Show(one.source, view)
        outline.SetRepresentationType("Outline")
        outline.AmbientColor = outline.DiffuseColor = INK
        ColorBy(metal, None)
        metal.AmbientColor = metal.DiffuseColor = LITHIUM
        metal.Specular = 0.4
        step = 1e-6 * (bounds[1] - bounds[0])
        low = [bounds[0] + step, bounds[2] + step, bounds[4] + step]
        coloured = [Show(wall_of(one.source, normal, low), view) for normal in ([0, 1, 0], [0, 0, 1])]
    else:
        coloured = [Show(one.source, view)]
        coloured[0].SetRepresentationType("Surface")
        depth = 1e-3 * (bounds[1] - bounds[0])
        flat(metal, LITHIUM)
        metal.Position = [0, 0, depth]
        front = Show(front_of(one.source), view)
        flat(front, EDGE)
        front.LineWidth = 3.0
        front.Position = [0, 0, 2 * depth]
    for part in coloured:
        ColorBy(part, ("POINTS", field))
        flat(part)
    one.title = Text()
    label = Show(one.title, view)
    label.Color = INK
    label.FontSize = 18
    label.Justification = "Left"
    label.WindowLocation = "Upper Left Corner"
    grid = view.AxesGrid
    grid.Visibility = 1
    grid.XTitle, grid.YTitle, grid.ZTitle = "x (µm)", "y (µm)" + 9 * " ", "z (µm)"  # the blanks keep it off the numbers
    for name in ("XTitleColor", "YTitleColor", "ZTitleColor", "XLabelColor", "YLabelColor", "ZLabelColor", "GridColor"):
        setattr(grid, name, INK)
    for name in ("XTitleFontSize", "YTitleFontSize", "ZTitleFontSize", "XLabelFontSize", "YLabelFontSize",
                 "ZLabelFontSize"):
        setattr(grid, name, 15)
    if not is_solid(bounds):
        grid.AxesToLabel = 3
    return coloured[0]


def colour_bar(view, part, field, limits):
    """The map that all runs share, and its bar in one of the views."""
    title, preset = FIELDS.get(field, (field, "Viridis (matplotlib)"))
    colours = GetColorTransferFunction(field)
    colours.AutomaticRescaleRangeMode = "Never"
    colours.ApplyPreset(preset, True)
    colours.RescaleTransferFunction(*limits)
    part.SetScalarBarVisibility(view, True)
    bar = GetScalarBar(colours, view)
    bar.Title, bar.ComponentTitle = title, ""
    bar.TitleColor = bar.LabelColor = INK
    bar.Orientation = "Horizontal"
    bar.WindowLocation = "Lower Center"
    bar.ScalarBarLength = 0.7
    bar.TitleFontSize, bar.LabelFontSize = 17, 15
    bar.AddRangeLabels = 0
    bar.AutomaticLabelFormat = 0
    bar.LabelFormat = "%.4g"


def look(view, bounds, size, around):
    """2-D: growth to the right, all of `around` in x; 3-D: at a slant."""
    view.CameraParallelProjection = 1
    view.CameraViewUp = [0, 1, 0]
    middle = [(bounds[i] + bounds[i + 1]) / 2 for i in (0, 2, 4)]
    if is_solid(bounds):
        extent = max(bounds[1] - bounds[0], bounds[3] - bounds[2], bounds[5] - bounds[4])
        view.CameraFocalPoint = [middle[0], middle[1] - 0.05 * extent, middle[2]]
        view.CameraPosition = [middle[0] + 1.1 * extent, middle[1] + 0.9 * extent, middle[2] + 1.7 * extent]
        view.CameraParallelScale = 0.8 * extent
        return
    width, height = size
    low, high = around
    pixel = max((high - low) / (0.74 * width), (bounds[3] - bounds[2]) / (height - BAR - HEAD - 60.0))  # um
    x, y = (low + high) / 2 - 0.03 * width * pixel, middle[1] - (BAR + 40 - HEAD) / 2 * pixel
    view.CameraFocalPoint = [x, y, 0]
    view.CameraPosition = [x, y, 2 * (bounds[1] - bounds[0])]
    view.CameraParallelScale = height / 2 * pixel


def window_of(shown):
    """x to show: that of the longest run."""
    return min(one.bounds[0] for one in shown), max(one.bounds[1] for one in shown)


def size_of(shown, around):
    """Pixels of one view."""
    bounds = shown[0].bounds
    if is_solid(bounds):
        return [max(1500 // len(shown), 420), 620]
    width = max(1680 // len(shown), 420)
    aspect = (bounds[3] - bounds[2]) / (around[1] - around[0])
    return [width, int(min(max(0.74 * width * aspect, 60), 900)) + BAR + HEAD + 60]


def side_by_side(runs, field=None, time=None, part=None, size=None):
    """Builds the views; returns (runs, layout, size of the picture)."""
    if not 1 <= len(runs) <= MOST:
        fail(f"{len(runs)} runs; 1 to {MOST} fit beside each other")
    shown = [Shown(run, part) for run in runs]
    names_apart(shown)
    demand_alike(shown)
    field = field_for(shown, field)
    times = times_of(shown)
    time = times[-1] if time is None else min(times, key=lambda t: abs(t - time))
    around = window_of(shown)
    each = [size[0] // len(shown), size[1]] if size else size_of(shown, around)
    _DisableFirstRenderCameraReset()
    layout = CreateLayout("pfsolve")
    limits = range_of(shown, field, times)
    cell, parts = 0, []
    for i, one in enumerate(shown):
        one.view = CreateRenderView()
        if not IN_PROGRAM:  # which makes its windows as large as they are
            one.view.ViewSize = each
        AssignViewToLayout(view=one.view, layout=layout, hint=cell)
        if i + 1 < len(shown):  # the rest of the row goes to the right of this one
            cell = 2 * cell + 2 if layout.SplitHorizontal(cell, 1.0 / (len(shown) - i)) >= 0 else cell
        SetActiveView(one.view)
        parts.append(build(one, one.view, field))
    if not IN_PROGRAM:
        layout.SetSize(each[0] * len(shown), each[1])
    for i, one in enumerate(shown):
        look(one.view, one.bounds, list(one.view.ViewSize) if IN_PROGRAM else each, around)
        colour_bar(one.view, parts[i], field, limits)
        if i:
            AddCameraLink(shown[0].view, one.view, f"camera {i}")
    start_clock(shown)
    to_time(shown, time)
    return shown, layout, [each[0] * len(shown), each[1]]


CLOCK = """
def start_cue(self):
    pass

def end_cue(self):
    pass

def tick(self):
    import sys
    time = self.GetAnimationTime()
    for one in sys.modules["paraview_compare_shown"].shown:
        one.show(time)
"""


def start_clock(shown):
    """Every frame of the animation, in the program or of a film, writes its times above the runs."""
    keeper = types.ModuleType("paraview_compare_shown")
    keeper.shown = shown
    sys.modules[keeper.__name__] = keeper
    cue = PythonAnimationCue()
    cue.Script = CLOCK
    scene = GetAnimationScene()
    times = times_of(shown)
    scene.PlayMode = "Sequence"
    scene.StartTime, scene.EndTime, scene.NumberOfFrames = times[0], max(times[-1], times[0] + 1e-9), max(len(times), 2)
    scene.Cues.append(cue)


def to_time(shown, time):
    GetAnimationScene().AnimationTime = time
    for one in shown:
        one.show(time)
        Render(one.view)


def movie(shown, layout, size, folder):
    """frame.NNNN.png of every snapshot time of any run, and a film where there is something that makes one."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    times = times_of(shown)
    frames = []
    for i, time in enumerate(times):
        to_time(shown, time)
        frames.append(folder / f"frame.{i:04d}.png")
        SaveScreenshot(str(frames[-1]), layout, ImageResolution=size)
    made = film(layout, size, folder)
    return frames, made


def film(layout, size, folder):
    if shutil.which("ffmpeg"):
        target = folder / "movie.mp4"
        subprocess.run(["ffmpeg", "-y", "-loglevel", "error", "-framerate", "8", "-i", str(folder / "frame.%04d.png"), "-vf",
                        "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", str(target)], check=True)
        return target
    for name in ("movie.ogv", "movie.avi"):
        target = folder / name
        try:
            SaveAnimation(str(target), layout, ImageResolution=size, FrameRate=8)
        except Exception as error:  # ParaView raises what it likes for a form that it was built without
            print(f"paraview_compare: {name}: {error}", file=sys.stderr)
            continue
        if target.exists() and target.stat().st_size > 0:
            return target
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    runs = [run for run in os.environ.get("PFSOLVE_RUNS", "").split(":") if run]
    parser.add_argument("runs", nargs="*", default=runs, metavar="RUN", help="output directories of runs")
    parser.add_argument("--render", metavar="PNG", help="write a picture")
    parser.add_argument("--movie", metavar="FOLDER", help="write a picture a snapshot time, and a film of them")
    parser.add_argument("--time", type=float, help="s, the nearest snapshots are shown (default: the last)")
    parser.add_argument("--field", help="what the colours show (default: the salt, else the potential)")
    parser.add_argument("--x", nargs=2, type=float, metavar=("MIN", "MAX"), help="part of x to show, in um")
    parser.add_argument("--size", nargs=2, type=int, metavar=("W", "H"), help="of the whole picture, pixels")
    options = parser.parse_args()
    if not options.runs:
        parser.error("no RUN")
    shown, layout, size = side_by_side(options.runs, options.field, options.time, options.x, options.size)
    if options.render:
        SaveScreenshot(options.render, layout, ImageResolution=size)
        print(options.render)
    if options.movie:
        frames, made = movie(shown, layout, size, options.movie)
        print(f"{len(frames)} pictures in {options.movie}" + (f", {made}" if made else ", no film (neither ffmpeg nor "
                                                              "a ParaView that writes one)"))


if __name__ in ("__main__", "__vtkconsole__"):
    main()
