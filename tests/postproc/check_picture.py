"""check_picture.py FILE [--whole]: the picture is no empty one: many colours, and a colour map among them; --whole: nothing of
what it shows is cut by its edges."""

import sys

import matplotlib.image
import numpy as np


def verdict(path, maps=True, whole=False):
    """None if the picture shows something (maps: a colour map too; whole: with a white rim), else what is wrong."""
    pixels = matplotlib.image.imread(path)[..., :3]
    if pixels.shape[0] < 200 or pixels.shape[1] < 200:
        return f"only {pixels.shape[1]} x {pixels.shape[0]} pixels"
    colours = np.unique((pixels.reshape(-1, 3) * 31).astype(np.int64) @ np.array([1024, 32, 1])).size
    white = np.mean(np.all(pixels > 0.99, axis=-1))
    saturated = np.mean(pixels.max(axis=-1) - pixels.min(axis=-1) > 0.2)
    if colours < 40:
        return f"only {colours} colours"
    if white > 0.95:
        return f"{100 * white:.0f} % of it are white"
    if maps and saturated < 0.02:
        return "no colour map in it"
    rim = np.concatenate([pixels[:3].reshape(-1, 3), pixels[-3:].reshape(-1, 3), pixels[:, :3].reshape(-1, 3), pixels[:, -3:].reshape(-1, 3)])
    if whole and np.any(rim < 0.99):
        return "something is cut by its edges"
    return None


if __name__ == "__main__":
    wrong = verdict(sys.argv[1], whole="--whole" in sys.argv)
    print(f"{sys.argv[1]}: {wrong or 'shows a colour map'}")
    sys.exit(1 if wrong else 0)
