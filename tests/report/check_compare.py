"""check_compare.py PICTURE FOLDER: what paraview_compare.py rendered shows two different runs, and time goes on in the film."""

import pathlib
import sys

import matplotlib.image
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "postproc"))

import check_picture  # noqa: E402


def unlike(a, b):
    """Share of the pixels that differ, below the line of the titles."""
    return float(np.mean(np.any(np.abs(a[80:] - b[80:]) > 0.05, axis=-1)))


def verdict(picture, folder):
    """None, or what is wrong."""
    wrong = check_picture.verdict(picture)
    if wrong:
        return f"{picture}: {wrong}"
    pixels = matplotlib.image.imread(picture)[..., :3]
    half = pixels.shape[1] // 2
    if unlike(pixels[:, :half], pixels[:, half:2 * half]) < 0.01:
        return f"{picture}: both runs look the same"
    frames = [matplotlib.image.imread(f)[..., :3] for f in sorted(pathlib.Path(folder).glob("frame.*.png"))]
    if len(frames) < 3:
        return f"{folder}: only {len(frames)} pictures of the film"
    for side in (slice(0, half), slice(half, None)):
        if unlike(frames[0][:, side], frames[-1][:, side]) < 0.002:
            return f"{folder}: nothing moves in the film"
    if unlike(frames[-1], pixels) > 0.002:
        return f"{folder}: its last picture is not the one of the last time"
    films = [f for f in pathlib.Path(folder).glob("movie.*") if f.stat().st_size > 1000]
    return None if films else f"{folder}: no film"


if __name__ == "__main__":
    problem = verdict(*sys.argv[1:])
    print(problem or f"{sys.argv[1]}: two runs side by side, and a film of them")
    sys.exit(1 if problem else 0)
