#!/usr/bin/env python3
"""Opens the snapshots of a run through VTK's NetCDF reader, the one that ParaView has, and compares times, bounds and
values with what netCDF4 reads.  The .vti files and their .pvd are compared too where the run has them.

    check_vtk.py RUN

Exit status: 0 all the same, 1 a difference or a file that does not load, 77 VTK is not there (python3-vtk9 or
python3-paraview).
"""

import argparse
import math
import sys
import xml.etree.ElementTree

import netCDF4
import numpy as np

import pfread

NO_VTK = 77


def vtk_arrays(attributes, to_numpy):
    return {attributes.GetArrayName(i): to_numpy(attributes.GetArray(i)) for i in range(attributes.GetNumberOfArrays())}


def grid_of(file):
    """Size and centres of the cells in x, y, z (no centres in a direction of one cell), as netCDF4 reads them."""
    sizes = [len(file.dimensions[d]) if d in file.dimensions else 1 for d in ("x", "y", "z")]
    centres = [np.array(file[d][:]) if d in file.variables else None for d in ("x", "y", "z")]
    return sizes, centres


def fields_of(file):
    return {name: np.array(v[0], dtype=np.float32) for name, v in file.variables.items()
            if name not in ("time", "x", "y", "z")}


def same_values(where, got, fields, problems):
    if sorted(got) != sorted(fields):
        problems.append(f"{where}: fields {sorted(got)}, expected {sorted(fields)}")
        return 0
    count = 0
    for name, expected in fields.items():
        if got[name].shape != (expected.size,) or not np.array_equal(got[name], expected.ravel(), equal_nan=True):
            problems.append(f"{where}: {name} differs")
        count += expected.size
    return count


def same_bounds(where, got, expected, problems):
    for axis, low, high, want in zip("xyz", got[0::2], got[1::2], expected):
        if not (math.isclose(low, want[0], rel_tol=1e-6, abs_tol=1e-9) and
                math.isclose(high, want[1], rel_tol=1e-6, abs_tol=1e-9)):
            problems.append(f"{where}: {axis} from {low} to {high}, expected {want[0]} to {want[1]}")


def check_nc(path, reader_class, pipeline, to_numpy, problems):
    reader = reader_class()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        sizes, centres = grid_of(file)
        time = float(file["time"][0])
        fields = fields_of(file)
    information = reader.GetOutputInformation(0)
    steps = pipeline.TIME_STEPS()
    times = [information.Get(steps, i) for i in range(information.Length(steps))]
    if times != [time]:
        problems.append(f"{path.name}: times {times}, expected [{time}]")
    reader.Update()
    data = reader.GetOutputDataObject(0)
    if data is None or data.GetNumberOfPoints() != math.prod(sizes):
        problems.append(f"{path.name}: does not load")
        return 0
    same_bounds(path.name, data.GetBounds(), [(c[0], c[-1]) if c is not None else (0, 0) for c in centres], problems)
    return same_values(path.name, vtk_arrays(data.GetPointData(), to_numpy), fields, problems)


def check_vti(path, nc, reader_class, to_numpy, problems):
    reader = reader_class()
    reader.SetFileName(str(path))
    reader.Update()
    data = reader.GetOutput()
    with netCDF4.Dataset(nc) as file:
        file.set_auto_mask(False)
        sizes, _ = grid_of(file)
        h = float(file.spacing_um)
        time = float(file["time"][0])
        fields = fields_of(file)
        text = file.getncattr("input") if "input" in file.ncattrs() else None
    if data.GetNumberOfCells() != math.prod(sizes):
        problems.append(f"{path.name}: {data.GetNumberOfCells()} cells, expected {math.prod(sizes)}")
        return 0
    top = sizes[2] * h if sizes[2] > 1 else 0
    same_bounds(path.name, data.GetBounds(), [(0, sizes[0] * h), (0, sizes[1] * h), (0, top)], problems)
    value = data.GetFieldData().GetArray("TimeValue")
    if value is None or value.GetValue(0) != time:
        problems.append(f"{path.name}: its time is not {time}")
    if text is not None:
        stored = data.GetFieldData().GetAbstractArray("input")
        if stored is None or stored.GetValue(0) != text:
            problems.append(f"{path.name}: its input text differs")
    return same_values(path.name, vtk_arrays(data.GetCellData(), to_numpy), fields, problems)


def check_pvd(path, run, problems):
    entries = {e.get("file"): float(e.get("timestep")) for e in xml.etree.ElementTree.parse(path).iter("DataSet")}
    expected = {f.stem + ".vti": t for f, t in zip(run.files, run.times)}
    if entries != expected:
        problems.append(f"{path.name}: lists {entries}, expected {expected}")


def check(run):
    """(problems, values compared, files); ImportError without VTK."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline
    from vtkmodules.vtkIONetCDF import vtkNetCDFCFReader
    from vtkmodules.vtkIOXML import vtkXMLImageDataReader

    problems, values, files = [], 0, 0
    for path in run.files:
        values += check_nc(path, vtkNetCDFCFReader, vtkStreamingDemandDrivenPipeline, vtk_to_numpy, problems)
        files += 1
        vti = path.with_suffix(".vti")
        if vti.exists():
            values += check_vti(vti, path, vtkXMLImageDataReader, vtk_to_numpy, problems)
            files += 1
    for path in (run.path / "snapshots").glob("*.pvd"):
        check_pvd(path, run, problems)
        files += 1
    return problems, values, files


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="output directory of the run")
    options = parser.parse_args(arguments)
    try:
        run = pfread.open_run(options.run)
        problems, values, files = check(run)
    except pfread.RunError as error:
        print(f"check_vtk: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        print(f"check_vtk: skipped, VTK is not there ({error}); install python3-vtk9 or python3-paraview")
        return NO_VTK
    for problem in problems:
        print(f"check_vtk: {problem}", file=sys.stderr)
    if not problems:
        print(f"{options.run}: {values} values in {files} files are the same through VTK and netCDF4")
    return 1 if problems or values == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
