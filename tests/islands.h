/* islands.h: the problem of dendrite.h for 60 islands of a good conductor that float in a bad one. */
#ifndef PF_ISLANDS_H
#define PF_ISLANDS_H

#include "dendrite.h"

enum { PF_ISLANDS = 60 };

typedef struct pf_islands {
  double contrast, largest; /* largest radius, part of the domain's width; the smallest is two cells */
  int sharp;   /* 1: the conductor ends with a cell; 0: it rises from xi = 0.01 to 0.1, as electrons' does */
  int blocks;  /* instead: random blocks of 4 cells, half of them good */
  int surface; /* m on the islands' surfaces */
  int held;    /* 1: x = 0 at 0 and x = Lx at 1; 0: x = 0 only, and a current in and out of the surfaces */
} pf_islands;

/* Returns 0 where memory is missing.  Free with pf_dendrite_free. */
static int pf_islands_make(const pf_grid *g, unsigned seed, const pf_islands *is, pf_dendrite *d) {
  const size_t cells = (size_t)pf_cells(g);
  float *distance = malloc(cells * sizeof *distance);
  double *k = malloc(cells * sizeof *k), *xi = malloc(cells * sizeof *xi);
  const int ok = distance && k && xi && pf_dendrite_make(g, seed, is->contrast, 0, d);
  if (ok) {
    pf_forest f = {g, distance, seed * 77 + 5};
    const int size = g->ny > 1 && g->ny < g->nx ? g->ny : g->nx;
    for (size_t c = 0; c < cells; c++) distance[c] = (float)((double)(c % (size_t)g->nx) + 0.5 - 0.04 * g->nx);
    for (int n = 0; n < PF_ISLANDS; n++) {
      const double radius = 2 + (is->largest * size - 2) * pf_dendrite_uniform(&f);
      const double x = g->nx * (0.1 + 0.85 * pf_dendrite_uniform(&f)),
                   y = g->ny > 1 ? g->ny * pf_dendrite_uniform(&f) : 0,
                   z = g->nz > 1 ? g->nz * pf_dendrite_uniform(&f) : 0;
      const double at[3] = {x, y, z};
      pf_dendrite_rod(&f, at, at, radius);
    }
    for (size_t c = 0; c < cells; c++) {
      xi[c] = is->sharp ? (distance[c] < 0 ? 1.0 : 0.0) : 1 / (1 + exp((double)distance[c]));
      double good = xi[c];
      if (!is->sharp) {
        good = fmin(fmax((xi[c] - 0.01) / 0.09, 0), 1);
        good *= good * (3 - 2 * good);
      }
      if (is->blocks) {
        const size_t nx = (size_t)g->nx, ny = (size_t)g->ny;
        pf_forest block = {g, distance, seed + 1000003 * (c % nx / 4) + 10007 * (c / nx % ny / 4) + c / nx / ny / 4};
        good = pf_dendrite_uniform(&block) < 0.5 ? 1.0 : 0.0;
      }
      k[c] = is->contrast * good + (1 - good);
    }
    for (ptrdiff_t row = 0; row < pf_rows(g); row++)
      for (int i = 0; i < g->nx; i++) {
        const pf_at at = pf_at_cell(g, row, i);
        const ptrdiff_t c = at.c;
        double w = xi[c] * (1 - xi[c]);
        if (is->sharp) w = at.xm && fabs(xi[c] - xi[c + at.xm]) > 0.5 ? 0.25 : 0;
        if (at.xm) d->ax[c] = pf_dendrite_mean(k[c], k[c + at.xm]);
        if (at.ym) d->ay[c] = pf_dendrite_mean(k[c], k[c + at.ym]);
        if (at.zm) d->az[c] = pf_dendrite_mean(k[c], k[c + at.zm]);
        d->m[c] = (i == 0 ? 2 * k[c] : 0) + (is->surface ? 0.1 * w : 0);
        d->b[c] = is->held ? 0 : w * sin(0.1 * (double)c);
        if (is->held && i == g->nx - 1) {
          d->m[c] += 2 * k[c];
          d->b[c] = 2 * k[c];
        }
      }
  }
  free(distance);
  free(k);
  free(xi);
  return ok;
}

#endif
