#!/usr/bin/env python3
"""One HTML file that tells a whole study: pictures, a table to sort, failed points, parameters, versions, inputs.

    study_report.py STUDY [-o FILE] [--measured CSV]

The file needs nothing beside itself and asks for nothing outside: pictures are inside it, its only script sorts and
filters the table.  Everything that comes from a study is escaped, and the page's policy lets no other script run.
"""

import argparse
import base64
import datetime
import hashlib
import html
import io
import math
import os
import pathlib
import sys

import pfread
import study as studies
import study_plots
from plot_style import plt, power, unit_text

SVG_MOST = 600_000  # bytes; a larger picture goes in as PNG

STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1c1e21; --quiet: #5b6168; --line: #d5d8dc; --box: #f5f6f7;
  --accent: #0072b2; --good: #00724f; --bad: #b34700; }
@media (prefers-color-scheme: dark) { :root { --page: #17191c; --ink: #e4e6e8; --quiet: #a0a6ad; --line: #3a3f45;
  --box: #202327; --accent: #56b4e9; --good: #3fc79a; --bad: #ff9a52; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem clamp(0.8rem, 3vw, 2.5rem) 4rem; max-width: 80rem; background: var(--page);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: break-word; }
h1 { overflow-wrap: anywhere; font-size: clamp(1.4rem, 4vw, 2rem); line-height: 1.2; margin: 0 0 0.3rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 0.7rem; padding-bottom: 0.25rem; border-bottom: 1px solid var(--line); }
.quiet { color: var(--quiet); }
.note { margin: 0.6rem 0; white-space: pre-line; }
.counts { display: flex; flex-wrap: wrap; gap: 0.6rem 1.6rem; margin: 1rem 0 0; padding: 0; list-style: none; }
.counts b { font-size: 1.3rem; font-variant-numeric: tabular-nums; margin-right: 0.3rem; }
.bad { color: var(--bad); } .good { color: var(--good); }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 36rem), 1fr)); gap: 1.2rem; }
figure { margin: 0; padding: 0.8rem; background: #ffffff; color: #1c1e21; border: 1px solid var(--line);
  border-radius: 6px; overflow-x: auto; break-inside: avoid; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figure img.wide { min-width: min(34rem, 100vw * 1.6); }
figcaption { margin-top: 0.6rem; font-size: 0.9rem; color: #4b5157; }
.tools { display: flex; flex-wrap: wrap; gap: 0.5rem 1.2rem; align-items: center; margin: 0 0 0.6rem; font-size: 0.9rem; }
.tools input[type=search] { font: inherit; padding: 0.25rem 0.5rem; border: 1px solid var(--line); border-radius: 4px;
  background: var(--page); color: inherit; width: 14rem; max-width: 100%; }
.scroll { overflow: auto; max-height: 80vh; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
td { overflow-wrap: normal; }
#points td { white-space: nowrap; } #points td.words { white-space: normal; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.words { min-width: 9rem; }
#points thead th { position: sticky; top: 0; background: var(--box); padding: 0; vertical-align: bottom; z-index: 1; }
#points thead button { all: unset; display: block; box-sizing: border-box; width: 100%; padding: 0.4rem 0.6rem;
  cursor: pointer; font-weight: 600; overflow-wrap: normal; }
#points thead button:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
#points thead b::after { content: " \\2195"; color: var(--quiet); font-weight: 400; }
#points thead [aria-sort=ascending] b::after { content: " \\2191"; color: var(--accent); }
#points thead [aria-sort=descending] b::after { content: " \\2193"; color: var(--accent); }
#points th .unit { display: block; font-weight: 400; color: var(--quiet); white-space: nowrap; }
#points tbody tr:hover { background: var(--box); }
#points:not(.all) .detail { display: none; }
.facts th { font-weight: 600; width: 18rem; min-width: 8rem; overflow-wrap: anywhere; }
.facts td { overflow-wrap: anywhere; }
details { margin: 0.5rem 0; border: 1px solid var(--line); border-radius: 6px; background: var(--box); }
summary { cursor: pointer; padding: 0.5rem 0.8rem; font-weight: 600; }
pre { margin: 0; padding: 0.8rem; overflow-x: auto; font: 0.8rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas,
  monospace; border-top: 1px solid var(--line); overflow-wrap: normal; tab-size: 4; }
@media (max-width: 40rem) {
  .facts tr, #failed tr { display: block; border-bottom: 1px solid var(--line); padding: 0.25rem 0; }
  .facts th, .facts td, #failed td { display: block; width: auto; border: 0; padding: 0.1rem 0.6rem; }
  #failed thead { display: none; } #failed td.number { text-align: left; font-weight: 600; }
}
@media print {
  :root { --page: #ffffff; --ink: #000000; --quiet: #444444; --line: #bbbbbb; --box: #ffffff; --bad: #8a3600; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .tools, #points thead b::after { display: none; }
  .scroll { overflow: visible; max-height: none; border: 0; }
  #points thead th { position: static; }
  table { font-size: 7.5pt; } th, td, #points thead button { padding: 0.15rem 0.25rem; }
  .pictures { grid-template-columns: 1fr; }
  figure { border: 0; padding: 0; overflow: visible; } figure img.wide { min-width: 0; } h2 { break-after: avoid; } tr { break-inside: avoid; }
  pre { white-space: pre-wrap; }
}
"""

SCRIPT = """
"use strict";
(function () {
  const table = document.getElementById("points");
  if (!table) return;
  const body = table.tBodies[0], heads = Array.from(table.tHead.rows[0].cells);
  const rows = Array.from(body.rows);
  function key(row, column) {
    const cell = row.cells[column], value = cell.dataset.value;
    if (value !== undefined) return value === "" ? null : Number(value);
    const text = cell.textContent.trim();
    return text === "" ? null : text;
  }
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }
  heads.forEach(function (head, column) {
    head.querySelector("button").addEventListener("click", function () {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(function (other) { other.setAttribute("aria-sort", "none"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.map(function (row, i) { return { row: row, key: key(row, column), i: i }; })
        .sort(function (a, b) {
          if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.i - b.i;
          return (down ? -1 : 1) * compare(a.key, b.key) || a.i - b.i;
        })
        .forEach(function (item) { body.appendChild(item.row); });
    });
  });
  const all = document.getElementById("all"), find = document.getElementById("find");
  const count = document.getElementById("count");
  all.addEventListener("change", function () { table.classList.toggle("all", all.checked); });
  find.addEventListener("input", function () {
    const words = find.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach(function (row) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(function (word) { return text.includes(word); });
      shown += row.hidden ? 0 : 1;
    });
    count.textContent = shown + " of " + rows.length;
  });
})();
"""

POLICY = ("default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
          "script-src 'sha256-{}'")

# Outcomes that are shown at once; the others wait behind "all columns".
FIRST = ["status", "result", "survived_mA_cm2", "failed_mA_cm2", *(
    f"{event}_{name}_mA_cm2" for event in studies.EVENTS for name in ("survived", "failed")),
    "overpotential_mV", "protrusion_max_um", "charge_mAh_cm2", "end_time_s"]
ALWAYS_HIDDEN = ["runs", "warnings", "seed", "path", "version", "commit", "backend", "steps", "seconds", "error"]


def text(value):
    """Anything as harmless text of HTML, also inside an attribute's quotes."""
    clean = "".join(c if c.isprintable() or c in "\n\t" else "�" for c in str(value).replace("\r\n", "\n"))
    return html.escape(clean, quote=True)


def number(value):
    """A number as it is read: at most five digits, '' for NaN."""
    if math.isnan(value):
        return ""
    short = f"{value:.5g}"
    return power(short)


# ------------------------------------------------------------------------------------------------------- pictures ----
def picture(figure):
    """(URL of data, width in px) of a figure, which is closed."""
    try:
        width, _ = figure.get_size_inches()
        svg = io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        data, kind = svg.getvalue(), "svg+xml"
        if len(data) > SVG_MOST:
            png = io.BytesIO()
            figure.savefig(png, format="png", dpi=200)
            data, kind = png.getvalue(), "png"
    finally:
        plt.close(figure)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}", round(96 * width)


def pictures(study, measured):
    """HTML of all pictures, and the reasons of those that could not be drawn."""
    parts, reasons = [], []
    for name, caption, draw in study_plots.figures(study, measured):
        try:
            url, width = picture(draw())
        except (studies.StudyError, pfread.RunError, OSError, ValueError) as error:
            reasons.append(f"{name}: {error}")
            continue
        wide = ' class="wide"' if width > 540 else ""
        parts.append(f'<figure id="picture-{text(name)}"><img src="{url}" width="{width}"{wide} alt="{text(caption)}">'
                     f"<figcaption>{text(caption)}</figcaption></figure>")
    if not parts:
        parts.append('<p class="quiet">No picture yet: no point has run.</p>')
    return f'<div class="pictures">{"".join(parts)}</div>', reasons


# ---------------------------------------------------------------------------------------------------------- table ----
def heading_of(study, name, variable):
    """(words, unit) of a column."""
    unit = unit_text(variable.attrs.get("units", ""))
    for axis in study.axes:
        if name in axis.keys:
            words = study_plots.axis_title(axis) if len(axis.keys) == 1 else study_plots.key_title(name)
            words = words.replace(r"\$", "$")
            return (words[: -len(unit) - 3] if unit and words.endswith(f"({unit})") else words), unit
    if name in studies.OUTCOMES:
        words = name
        for end in ("_mA_cm2", "_mAh_cm2", "_mol_L", "_um2", "_um", "_mV", "_MPa", "_s"):
            if words.endswith(end):
                words = words[: -len(end)]
                break
        return words.replace("_", " "), unit
    return str(variable.attrs.get("long_name", name)) if name.startswith("axis_") else name, unit


def columns_of(study, table):
    """(name, shown at once) in the order of the page; constant parameters stand below the table instead."""
    varied = [key for axis in study.axes for key in axis.keys]
    named = {key for axis in study.axes if axis.numbers is None and len(axis.keys) > 1 for key in axis.keys}
    names = list(table.data_vars)
    axes = [n for n in names if n.startswith("axis_") or n in varied]
    axes.sort(key=lambda n: n in named)
    first = [n for n in FIRST if n in names]
    if study.bisection:  # the bisected currents stand under survived and failed
        event = study.bisection["event"]
        first = [n for n in first if n not in (f"{event}_survived_mA_cm2", f"{event}_failed_mA_cm2")]
    rest = [n for n in names if n in studies.OUTCOMES and n not in first]
    rest.sort(key=lambda n: n in ALWAYS_HIDDEN)
    return [(n, n not in named) for n in axes] + [(n, True) for n in first] + [(n, False) for n in rest]


def cell(value, hidden, name):
    more = " detail" if hidden else ""
    if isinstance(value, (int, float)):
        plain_value = "" if math.isnan(value) else repr(float(value))
        return f'<td class="number{more}" data-value="{plain_value}">{text(number(value))}</td>'
    kind = ' class="words' if len(str(value)) > 24 else ' class="'
    tone = " bad" if name == "status" and value == "failed" else " quiet" if value == "missing" else ""
    classes = (kind[8:] + tone + more).strip()
    return f'<td class="{classes}">{text(value)}</td>' if classes else f"<td>{text(value)}</td>"


def points_table(study):
    table = study.table()
    columns = columns_of(study, table)
    head = ['<th scope="col" aria-sort="ascending" class="number"><button type="button"><b>point</b></button></th>']
    for name, shown in columns:
        words, unit = heading_of(study, name, table[name])
        what = table[name].attrs.get("long_name", name)
        kind = " ".join((["number"] if table[name].dtype.kind in "fiu" else []) + ([] if shown else ["detail"]))
        kind = f' class="{kind}"' if kind else ""
        unit = f'<span class="unit">{text(unit)}</span>' if unit else ""
        head.append(f'<th scope="col" aria-sort="none"{kind}><button type="button" title="{text(name)}: {text(what)}">'
                    f"<b>{text(words)}</b>{unit}</button></th>")
    body = []
    for row, point in enumerate(study.points):
        cells = [f'<td class="number" data-value="{point.index}">{point.index}</td>']
        for name, shown in columns:
            cells.append(cell(table[name].values[row].item() if hasattr(table[name].values[row], "item")
                              else table[name].values[row], not shown, name))
        body.append(f'<tr id="point-{point.index}">{"".join(cells)}</tr>')
    hidden = sum(not shown for _, shown in columns)
    return (f'<div class="tools"><label>Find <input type="search" id="find" autocomplete="off"></label>'
            f'<span id="count" class="quiet" aria-live="polite">{len(study.points)} of {len(study.points)}</span>'
            f'<label><input type="checkbox" id="all"> all columns ({hidden} more)</label>'
            f'<span class="quiet">A click on a heading sorts.</span></div>'
            f'<div class="scroll"><table id="points"><thead><tr>{"".join(head)}</tr></thead>'
            f'<tbody>{"".join(body)}</tbody></table></div>')


# ---------------------------------------------------------------------------------------------------------- facts ----
def place_of(study, point):
    words = [f"{axis.label} {axis.names[place]}" for axis, place in zip(study.axes, point.place)]
    return ", ".join(words) or f"point {point.index}"


def failed_points(study):
    failed = [point for point in study.points if point.status == "failed"]
    missing = [point.index for point in study.points if point.status == "missing"]
    parts = []
    if failed:
        rows = "".join(f'<tr><td class="number">{p.index}</td><td>{text(place_of(study, p))}</td>'
                       f"<td>{text(p.error or 'no reason given')}</td>"
                       f"<td>{text(p.log.relative_to(study.path))}</td></tr>" for p in failed)
        parts.append('<div class="scroll"><table id="failed"><thead><tr><th>point</th><th>where</th><th>why</th>'
                     f"<th>what its runs said</th></tr></thead><tbody>{rows}</tbody></table></div>")
    if missing:
        some = ", ".join(map(str, missing[:40])) + (" ..." if len(missing) > 40 else "")
        parts.append(f'<p id="missing">Not computed yet: {len(missing)} of {len(study.points)} points ({some}).</p>')
    return f"<h2>Failed and missing points</h2>{''.join(parts)}" if parts else ""


def facts(rows, name):
    lines = "".join(f"<tr><th scope=\"row\">{text(key)}</th><td>{text(value)}</td></tr>" for key, value in rows)
    return f'<div class="scroll"><table class="facts" id="{name}"><tbody>{lines}</tbody></table></div>'


def word(value):
    if isinstance(value, bool):
        return ".true." if value else ".false."
    if isinstance(value, (list, tuple)):
        return ", ".join(word(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def parameters(study):
    rows = []
    for axis in study.axes:
        for k, key in enumerate(axis.keys):
            unit = unit_text(studies.unit_of(key))
            values = [power(word(v[k])) for v in axis.values]
            listed = ", ".join(values[:60]) + (" ..." if len(values) > 60 else "")
            shown = f"{listed} {unit}".strip()
            if axis.names != [word(v[k]) for v in axis.values] and axis.numbers is None and k == 0:
                shown = f"{shown} (named {', '.join(axis.names[:60])})"
            what = study.help.get(key, "")
            rows.append((f"{axis.label}: {key}" if axis.label != key else key, f"{shown}{'; ' + what if what else ''}"))
    for key, value in study.fixed.items():
        unit = unit_text(studies.unit_of(key))
        rows.append((key, f"{word(value)} {unit}".strip() + " (the same for all points)"))
    if study.bisection:
        rows.append(("bisection", ", ".join(f"{key} {word(value)}" for key, value in study.bisection.items())))
    return rows


def text_of(study, name):
    try:
        return getattr(study, name)
    except OSError as error:
        return f"(cannot be read: {error})"


def report(study, measured=(), now=None):
    """The page of an open study as text."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    status = {name: sum(point.status == name for point in study.points) for name in ("done", "failed", "missing")}
    runs = sum(len(point.runs) for point in study.points)
    seconds = sum(point.outcome.get("seconds", 0.0) for point in study.points)
    figures, reasons = pictures(study, measured)
    counts = [f"<li><b>{len(study.points)}</b>points</li>", f'<li class="good"><b>{status["done"]}</b>done</li>']
    counts += [f'<li class="bad"><b>{status["failed"]}</b>failed</li>'] if status["failed"] else []
    counts += [f"<li><b>{status['missing']}</b>missing</li>"] if status["missing"] else []
    counts += [f"<li><b>{runs}</b>runs</li>"] + [f"<li><b>{seconds:.3g}</b>s in the deciding runs</li>"]
    versions = list(study.versions.items())
    backends = sorted({p.outcome["backend"] for p in study.points if p.outcome.get("backend")})
    versions += [("backend", ", ".join(backends))] if backends else []
    how = f"bisection on the current, event {study.bisection['event']}" if study.bisection else "every point"
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode("ascii")
    drawn = "".join(f"<p class=\"quiet\">Not drawn: {text(reason)}</p>" for reason in reasons)
    note = f'<p class="note">{text(study.note)}</p>' if study.note else ""
    title = study.title or study.name
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY.format(digest)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="pfsolve study_report">
<title>{text(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{text(title)}</h1>
<p class="quiet">Study {text(study.name)}, {text(how)}; written {now:%Y-%m-%d %H:%M} UTC</p>
{note}
<ul class="counts">{"".join(counts)}</ul>
</header>
<main>
<h2>Pictures</h2>
{figures}
{drawn}
<h2>Points</h2>
{points_table(study)}
{failed_points(study)}
<h2>Parameters</h2>
{facts(parameters(study), "parameters")}
<h2>Versions</h2>
{facts(versions, "versions")}
<h2>Files</h2>
<details id="study-text"><summary>The study file</summary><pre>{text(text_of(study, "study_text"))}</pre></details>
<details id="base-text"><summary>The base input</summary><pre>{text(text_of(study, "base_text"))}</pre></details>
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def write(study, path, measured=()):
    """Writes the report beside its name, flushes it to the disk and renames it."""
    path = pathlib.Path(path)
    page = report(study, measured)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(aside, "w", encoding="utf-8") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help="directory of the study")
    parser.add_argument("-o", "--output", help="the page (default: STUDY/report.html)")
    parser.add_argument("--measured", metavar="CSV",
                        help="measured values, as study_plots.py takes them (default: STUDY/measured.csv)")
    options = parser.parse_args(arguments)
    try:
        study = studies.open_study(options.study)
        measured = study_plots.measured_of(study, options.measured)
        print(write(study, options.output or study.path / "report.html", measured))
    except (studies.StudyError, pfread.RunError, OSError) as error:
        print(f"study_report: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
