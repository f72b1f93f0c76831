"""What is run for each cell, and which number of the run stands beside which measured row.

RUNS: name -> (cell, changes of the input).  NUMBERS: one line of the table each.
"""

import cells

BY_CAPACITY = ["protocol%mode='ccd_constant_capacity'", "protocol%capacity_mAh_cm2=1"]


def plating(current, hours):
    """A constant current in place of the ladder."""
    return ["protocol%mode='galvanostatic'", f"protocol%current_mA_cm2={current}", f"protocol%duration_h={hours}"]


def cycling(current, hours, cycles=20):
    return ["protocol%mode='cycling'", f"protocol%current_mA_cm2={current}", f"protocol%half_cycle_h={hours}",
            f"protocol%cycles={cycles}"]


RUNS = {}
for a in cells.PAIRS["A"]:
    RUNS[f"{a}-time"] = (a, [])
    RUNS[f"{a}-capacity"] = (a, BY_CAPACITY)
    for j in (0.1, 0.3):
        RUNS[f"{a}-cycling-{j}"] = (a, cycling(j, 1))
for b in cells.PAIRS["B"]:
    RUNS[f"{b}-time"] = (b, [])
    RUNS[f"{b}-small"] = (b, plating(0.001, 0.01))
for j in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
    RUNS[f"b-cuf2-latp-{j}"] = ("b-cuf2-latp", plating(j, 0.01))
for b, j in (("b-latp", 0.1), ("b-latp", 0.5), ("b-cuf2-latp", 0.5)):
    RUNS[f"{b}-cycling-{j}"] = (b, cycling(j, 1))
for c in cells.PAIRS["C"]:
    RUNS[f"{c}-0.1"] = (c, [])
    RUNS[f"{c}-small"] = (c, plating(0.0001, 0.01))
    RUNS[f"{c}-time"] = (c, ["protocol%mode='ccd_constant_time'", "protocol%half_cycle_h=1",
                             "protocol%ccd_start_mA_cm2=0.002", "protocol%ccd_step_mA_cm2=0.002",
                             "protocol%ccd_stop_mA_cm2=0.2", "protocol%end_at='fracture'"])
for d in (*cells.PAIRS["D"], *cells.PAIRS["D'"]):
    RUNS[f"{d}-time"] = (d, [])
for d in cells.PAIRS["D"]:
    RUNS[f"{d}-small"] = (d, plating(0.001, 0.001))
    for j in (0.2, 0.5, 1.0):
        RUNS[f"{d}-cycling-{j}"] = (d, cycling(j, 0.5))

# ---- what is read off a run ----


def failed(event):
    """The first current of the ladder at which this event came, mA/cm2."""
    def read(run):
        ccd = run.summary["ccd"][event]
        return ccd["failed_mA_cm2"] if ccd else None
    return read


def survived(event):
    def read(run):
        ccd = run.summary["ccd"][event]
        return ccd["survived_mA_cm2"] if ccd else None
    return read


def voltage(run):
    """Of the last row, mV."""
    return float(run.history["voltage_mV"].values[-1])


def greatest_voltage(run):
    return float(abs(run.history["voltage_mV"]).max())


def resistance(run):
    """Of both interfaces, ohm cm2: what the first row's voltage leaves beside the bulk."""
    history, value = run.history, {k[2]: v.text for k, v in cells.read_cell(run.cell).values.items()
                                   if k[0] == "layer" and float_or_none(v.text) is not None and is_bulk(run.cell, k[1])}
    bulk = float(value["thickness_um"]) * 1e-4 / float(value["ionic_conductivity_S_cm"])
    return float(history["voltage_mV"].values[0] / history["current_mA_cm2"].values[0]) - bulk


def conductivity(run):
    """Of the whole cell, S/cm."""
    history = run.history
    total = float(history["voltage_mV"].values[-1] / history["current_mA_cm2"].values[-1])
    return cells.evaluate("thickness_cm", {}, cells.read_cell(run.cell).lets) / total


def life(run):
    """The first event that would end the test, or None; words."""
    events = [e for e in run.summary["events"] if e["name"] != "voltage_limit" or run.summary["status"] == e["name"]]
    if not events:
        return "no event in 20 cycles"
    return f"{events[0]['name']} in half cycle {events[0]['half_cycle']}"


def float_or_none(text):
    try:
        return float(text)
    except ValueError:
        return None


def is_bulk(name, n):
    """Is the n-th layer of a cell the one that is resolved?"""
    cell = cells.read_cell(name)
    return cell.values[("layer", n, "thickness_um")].text == max(
        (v.text for k, v in cell.values.items() if k[0] == "layer" and k[2] == "thickness_um"), key=float)


# ---- the table ----

LADDER = "dead lithium and SEI that use up the liquid; step time and ladder are assumed"
AGEING = "no ageing: SEI growth, reduction of the ceramic, dead lithium, fatigue"
SHAPE = "area and thickness are not given; kinetics that soften faster than asinh at low current"
IMPORTED = "taken from the row, not predicted"

# pair, what, unit, measured row, run, reading, kind, what is missing.  kind: 'number', 'least', 'most', 'words', 'set' (the
# value is an input or was set from this row)
NUMBERS = [
    ("A", "critical current, constant time", "A.latp_le.ref/ccd_constant_time", "a-latp-le-time",
     failed("depletion"), "number", LADDER),
    ("A", "critical current, constant time", "A.flatp_le.mod/ccd_constant_time", "a-f-latp-le-time",
     failed("depletion"), "number", LADDER),
    ("A", "critical current, constant capacity", "A.latp_le.ref/ccd_constant_capacity", "a-latp-le-capacity",
     failed("depletion"), "number", LADDER),
    ("A", "critical current, constant capacity", "A.flatp_le.mod/ccd_constant_capacity", "a-f-latp-le-capacity",
     failed("depletion"), "number", LADDER),
    ("A", "polarisation at 0.1 mA/cm2", "A.flatp_le.mod/overpotential@0.1", "a-f-latp-le-cycling-0.1",
     greatest_voltage, "most", "a loose bound after 9000 h; growth of the interface resistance"),
    ("A", "life at 0.1 mA/cm2", "A.latp_le.ref/cycle_life@0.1", "a-latp-le-cycling-0.1", life, "words", AGEING),
    ("A", "life at 0.1 mA/cm2", "A.flatp_le.mod/cycle_life@0.1", "a-f-latp-le-cycling-0.1", life, "words", AGEING),
    ("A", "life at 0.3 mA/cm2", "A.latp_le.ref/cycle_life@0.3", "a-latp-le-cycling-0.3", life, "words", AGEING),
    ("A", "life at 0.3 mA/cm2", "A.flatp_le.mod/cycle_life@0.3", "a-f-latp-le-cycling-0.3", life, "words", AGEING),
    ("B", "critical current", "B.latp.ref/ccd_constant_time", "b-latp-time", failed("fracture"), "set",
     "the flaw depth is set here"),
    ("B", "critical current, survived", "B.cuf2_latp.mod/ccd_constant_time", "b-cuf2-latp-time", survived("fracture"),
     "least", "(12) with the same flaw scales as 562/92; the bare contact is patchy (105 degrees) and crowds the current, "
     "the interlayer blocks electrons and keeps lithium off the flaws"),
    ("B", "R_int", "B.latp.ref/interfacial_resistance", "b-latp-small", resistance, "set", IMPORTED),
    ("B", "R_int", "B.cuf2_latp.mod/interfacial_resistance", "b-cuf2-latp-small", resistance, "set", IMPORTED),
    *[("B", "R_int after " + t.replace("h", " h"), f"{s}/interfacial_resistance@{t}", f"{r}-small", resistance, "number",
       "growth of the mixed conducting interphase")
      for s, r in (("B.latp.ref", "b-latp"), ("B.cuf2_latp.mod", "b-cuf2-latp")) for t in ("100h", "200h", "400h")],
    *[("B", f"polarisation at {j} mA/cm2", f"B.cuf2_latp.mod/overpotential@{j}", f"b-cuf2-latp-{j}", voltage, "number", SHAPE)
      for j in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)],
    *[("B", f"polarisation at {j} mA/cm2, long", f"B.cuf2_latp.mod/overpotential_long@{j}", f"b-cuf2-latp-{j}", voltage,
       "number", SHAPE) for j in (0.1, 0.2, 0.3)],
    ("B", "life at 0.1 mA/cm2", "B.latp.ref/cycle_life@0.1", "b-latp-cycling-0.1", life, "words", AGEING),
    ("B", "life at 0.5 mA/cm2", "B.latp.ref/cycle_life@0.5", "b-latp-cycling-0.5", life, "words", ""),
    ("B", "life at 0.5 mA/cm2", "B.cuf2_latp.mod/cycle_life@0.5", "b-cuf2-latp-cycling-0.5", life, "words", AGEING),
    ("C", "conductivity of the cell", "C.latp.ref/ionic_conductivity_apparent", "c-latp-small", conductivity, "set",
     "the interface is set here"),
    ("C", "conductivity of the cell", "C.paapeo30_latp.mod/ionic_conductivity_apparent", "c-paapeo-latp-small",
     conductivity, "number", "the printed ratio of charge transfer (0.5) cannot give it; contact area and wetting by 0.5 uL of "
     "liquid"),
    ("C", "R_ct, modified/reference", "C.paapeo30_latp.mod/charge_transfer_resistance_ratio",
     ("c-paapeo-latp-small", "c-latp-small"), resistance, "set", IMPORTED + "; the film itself adds 0.03 ohm cm2"),
    ("C", "polarisation at 0.1 mA/cm2", "C.paapeo30_latp.mod/overpotential@0.1", "c-paapeo-latp-0.1", voltage, "most", ""),
    ("C", "life at 0.1 mA/cm2", "C.latp.ref/cycle_life@0.1", "c-latp-0.1", life, "words",
     "(12) with half a grain fails at once; cracks fill slowly"),
    ("C", "life at 0.1 mA/cm2", "C.paapeo30_latp.mod/cycle_life@0.1", "c-paapeo-latp-0.1", life, "words",
     "(12) sees the mean overpotential of a patchy contact as that of a flaw; relief by the soft film"),
    ("C", "critical current", None, "c-latp-time", failed("fracture"), "number", "not measured"),
    ("C", "critical current", None, "c-paapeo-latp-time", failed("fracture"), "number", "not measured"),
    ("D", "critical current", None, "d-qcpe-time", failed("depletion"), "number", "not printed"),
    ("D", "critical current", "D.qcpe_pdol.mod/ccd_constant_time", "d-qcpe-pdol-time", failed("depletion"), "number",
     "thickness, salt and conductivity are assumed; dendrites through the gel before depletion"),
    ("D", "R_int", "D.qcpe.ref/interfacial_resistance", "d-qcpe-small", resistance, "set", IMPORTED),
    ("D", "R_int", "D.qcpe_pdol.mod/interfacial_resistance", "d-qcpe-pdol-small", resistance, "set", IMPORTED),
    *[("D", f"polarisation at {j} mA/cm2", f"D.qcpe_pdol.mod/overpotential@{j}", f"d-qcpe-pdol-cycling-{j}",
       greatest_voltage, "number", "area, thickness, conductivity are assumed") for j in (0.2, 0.5, 1.0)],
    ("D", "life at 0.5 mA/cm2", "D.qcpe.ref/cycle_life@0.5", "d-qcpe-cycling-0.5", life, "words", AGEING),
    *[("D", f"life at {j} mA/cm2", f"D.qcpe_pdol.mod/cycle_life@{j}", f"d-qcpe-pdol-cycling-{j}", life, "words", AGEING)
      for j in (0.2, 0.5, 1.0)],
    ("D'", "critical current", None, "d-qcpe1-time", failed("depletion"), "number", "not printed; the values of the LAGP cell"),
    ("D'", "critical current", None, "d-qcpe1-pdol-time", failed("depletion"), "number",
     "not printed; the values of the LAGP cell"),
    *[("D'", f"{what} at {rate}, LFP cell", f"{s}/{row}@{rate}", None, None, "words", "no cathode in the model")
      for what, row, rate in (("life", "cycle_life", "5C"), ("capacity", "discharge_capacity", "0.2C"),
                              ("capacity", "discharge_capacity", "10C"))
      for s in ("D.qcpe1_lfp.ref", "D.qcpe1_pdol_lfp.mod")],
]
