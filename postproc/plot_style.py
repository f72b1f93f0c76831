"""What the pictures of several runs and of studies share: colours, symbols, harmless labels, saving."""

import os
import pathlib
import re
import warnings

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Affine2D, Bbox

from plot_run import BLUE, GREEN, GREY, METAL, ORANGE, RED, plt

# Okabe and Ito without the yellow, which is lost on white; then the same again with other lines and symbols.
COLOURS = [BLUE, RED, GREEN, ORANGE, "#56B4E9", "#CC79A7", "#222222"]
SYMBOLS = ["o", "s", "^", "D", "v", "P", "X"]
LINES = ["-", "--", "-.", ":"]
INK, QUIET = "#222222", "#555555"

# event: symbol in every picture
EVENTS = {"depletion": "v", "voltage_limit": "s", "dendrite": "^", "nucleation": "*", "fracture": "X", "short": "D",
          "exhaustion": "p"}

warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from current font")  # a box stands for it
plt.rcParams.update({"pdf.fonttype": 42, "svg.hashsalt": "pfsolve", "figure.max_open_warning": 0})

__all__ = ["BLUE", "GREEN", "GREY", "METAL", "ORANGE", "RED", "COLOURS", "SYMBOLS", "LINES", "INK", "QUIET", "EVENTS", "Sheet",
           "colour_of", "line_of", "plain", "plt", "power", "save", "symbol_of", "unit_text", "whole", "wrap"]


def colour_of(i):
    return COLOURS[i % len(COLOURS)]


def symbol_of(i):
    return SYMBOLS[i % len(SYMBOLS)]


def line_of(i):
    return LINES[i // len(COLOURS) % len(LINES)]


def plain(text, length=60):
    """Text as it stands: no control characters, no formulas between dollars, not longer than `length`."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    if len(text) > length:
        text = text[: length - 1].rstrip() + "…"
    return text.replace("$", r"\$")


def wrap(text, width, lines=2):
    """Label of at most `lines` lines of `width` characters, cut between words (and at _ and -) where it can be."""
    words = plain(text, 10 * width * lines).replace(r"\$", "$")
    rows, row = [], ""
    for piece in words.replace("_", "_\0").replace("-", "-\0").replace(" ", " \0").split("\0"):
        while len(piece) > width:
            rows += [row] if row else []
            rows.append(piece[:width])
            row, piece = "", piece[width:]
        if len((row + piece).rstrip()) > width:
            rows, row = rows + [row], piece
        else:
            row += piece
    rows = [r.strip() for r in rows + [row] if r.strip()]
    if len(rows) > lines:
        rows = rows[:lines]
        rows[-1] = rows[-1][: width - 1].rstrip() + "…"
    return "\n".join(rows).replace("$", r"\$")


def power(text):
    """'5e-08' -> '5×10⁻⁸', as it is printed; other words as they are."""
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

    def printed(match):
        return match[1] + "×10" + str(int(match[2])).translate(raised)
    return re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)(?!\w)", printed, text)


def unit_text(unit):
    """'mA/cm2' -> 'mA/cm²', as it is printed."""
    if unit in ("", "1"):
        return ""
    unit = unit.replace("cm2", "cm²").replace("um2", "µm²").replace("cm3", "cm³").replace("um3", "µm³")
    return unit.replace("m3", "m³").replace("m2", "m²").replace("um", "µm").replace("ohm", "Ω").replace("m^0.5", "m½")


def key_columns(labels, width):
    """Columns of a key of these labels in `width` inches."""
    letters = max(len(label) for label in labels)
    return max(1, min(len(labels), int(width / (0.056 * letters + 0.45))))


class Sheet:
    """A figure of rows and columns of panels placed in inches, with room above them for a key of the given labels."""

    def __init__(self, rows, columns, height, width=7.0, left=0.62, right=0.12, below=0.45, above=0.12, across=0.68,
                 between=0.34, labels=()):
        self.labels = [plain(label) for label in labels]
        self.columns = key_columns(self.labels, width - left - right) if self.labels else 0
        self.key_height = 0.17 * -(-len(self.labels) // self.columns) + 0.06 if self.labels else 0.0
        above += self.key_height
        page = above + rows * height + (rows - 1) * between + below
        self.figure = plt.figure(figsize=(width, page))
        panel = (width - left - right - across * (columns - 1)) / columns
        self.left = left / width
        self.panels = []
        for r in range(rows):
            top = above + r * (height + between)
            self.panels.append([
                self.figure.add_axes(((left + c * (panel + across)) / width, 1 - (top + height) / page, panel / width,
                                      height / page)) for c in range(columns)])

    def key(self, handles):
        """The key of the labels, above all panels where it hides nothing."""
        if self.labels:
            self.figure.legend(handles, self.labels, loc="upper left", bbox_to_anchor=(self.left, 0.998), frameon=False,
                               ncols=self.columns, borderaxespad=0.1, borderpad=0.2, handlelength=1.8)


def whole(figure, margin=0.04):
    """Makes the page larger where a label would leave it; nothing else moves.  Returns the figure."""
    width, height = figure.get_size_inches()
    renderer = FigureCanvasAgg(figure).get_renderer()
    inches = Affine2D().scale(1 / figure.dpi)
    boxes = [figure.get_tightbbox(renderer)] + [  # which leaves the length of the axes' labels out
        label.get_window_extent(renderer).transformed(inches)
        for axes in figure.axes for label in (axes.xaxis.label, axes.yaxis.label) if label.get_text()]
    box = Bbox.union(boxes)
    left, below = max(margin - box.x0, 0.0), max(margin - box.y0, 0.0)
    right, above = max(box.x1 + margin - width, 0.0), max(box.y1 + margin - height, 0.0)
    if max(left, below, right, above) <= 0.0:
        return figure
    page = (width + left + right, height + below + above)

    def moved(x, y):
        return (x * width + left) / page[0], (y * height + below) / page[1]
    for axes in figure.axes:
        place = axes.get_position()
        axes.set_position((*moved(place.x0, place.y0), place.width * width / page[0], place.height * height / page[1]))
    for text in figure.texts:
        text.set_position(moved(*text.get_position()))
    for legend in figure.legends:
        corner = legend.get_bbox_to_anchor().transformed(figure.transFigure.inverted())
        legend.set_bbox_to_anchor((*moved(corner.x0, corner.y0), corner.width * width / page[0],
                                   corner.height * height / page[1]), figure.transFigure)
    figure.set_size_inches(page)
    return figure


def save(figure, path):
    """Writes beside the name and renames: never half a picture.  Closes the figure."""
    path = pathlib.Path(path)
    form = path.suffix[1:].lower()
    if form not in ("png", "pdf", "svg"):
        plt.close(figure)
        raise ValueError(f"{path}: a picture's name ends in .png, .pdf or .svg")
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
        figure.savefig(aside, format=form, metadata=metadata)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
        plt.close(figure)
    return path
