#!/usr/bin/python3
"""A cut through Eshelby's disc: PF_CUT=1 build/pftests --suite t350 | tests/figures/eshelby.py OUT.png

sigma_xx along the middle row, radius 13 of 64 cells, ratio of moduli 0.07 and 14, sharp map and tanh profile.
"""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

rows = np.array([line.split()[1:] for line in sys.stdin if line.startswith("cut ")], float)
figure, panels = plt.subplots(1, 2, figsize=(7.4, 2.75), layout="constrained")
for n, (panel, name) in enumerate(zip(panels, ("soft inclusion, 0.07", "stiff inclusion, 14"))):
    for m, label in enumerate(("sharp map", "tanh profile, W = 4 cells")):
        panel.plot(rows[:, 0] + 0.5, 1e3 * rows[:, 1 + 2 * n + m], ".-", ms=3, lw=0.8, label=label)
    panel.set(title=name, xlabel="x, cells", ylabel="stress xx, 1e-3 of E")
panels[0].legend(frameon=False, fontsize=8)
figure.savefig(sys.argv[1], dpi=110)
