"""What is wrong with the labels of a figure: texts that overlap each other or leave the page."""

import math

from matplotlib.backends.backend_agg import FigureCanvasAgg


def texts_of(figure):
    """(text, box in pixels, rotation) of everything that is written on the figure, as it would be drawn."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    found = []

    def take(text):
        if text.get_visible() and text.get_text().strip():
            found.append((text.get_text(), text.get_window_extent(renderer), text.get_rotation()))
    for text in figure.texts:
        take(text)
    for legend in figure.legends:
        for text in legend.get_texts():
            take(text)
    for axes in figure.axes:
        for text in [*axes.texts, axes.title, axes._left_title, axes._right_title, axes.xaxis.label, axes.yaxis.label]:
            take(text)
        if axes.get_legend() is not None:
            for text in axes.get_legend().get_texts():
                take(text)
        for axis in (axes.xaxis, axes.yaxis):
            for tick in axis._update_ticks():
                for label in (tick.label1, tick.label2):
                    take(label)
    return found


def faults(figure):
    """Sentences about overlapping texts and texts beyond the page; [] if all is well."""
    width, height = figure.get_size_inches() * figure.dpi
    texts = texts_of(figure)
    wrong = [f"`{text}` leaves the page" for text, box, _ in texts
             if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1]
    for i, (one, a, turned) in enumerate(texts):
        for other, b, also in texts[i + 1:]:
            if turned == also and turned % 90:  # side by side on slanted lines: the distance of these lines
                angle = math.radians(turned)
                apart = abs((b.x1 - a.x1) * math.sin(angle) - (b.y1 - a.y1) * math.cos(angle))
                if apart < 0.08 * figure.dpi:
                    wrong.append(f"`{one}` and `{other}` are too close")
                continue
            across, up = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            if across > 1.5 and up > 2.5:
                wrong.append(f"`{one}` and `{other}` overlap")
    return wrong
