/* dendrite.h: fields of branched metal trees that stand on x = 0, the same for a seed on every machine; for tests and
 * measurements of the solvers. */
#ifndef PF_DENDRITE_H
#define PF_DENDRITE_H

#include "pf_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The problem on one grid, as host arrays [cells]; az NULL in 2-D, ay NULL in 1-D. */
typedef struct pf_dendrite {
  double *ax, *ay, *az, *m, *b;
} pf_dendrite;

/* Metal of conductivity `contrast` in an electrolyte of conductivity 1, mixed by xi, harmonic mean on faces; xi goes
 * from 1 to 0 over four cells.  Lengths of the trees are parts of the domain, so that every grid shows the same
 * picture; `moved` shifts the metal's surface outwards (cells).
 *   contrast > 1: x = 0 is held at 0 and x = Lx at 1 (electrons);
 *   contrast < 1: the surface reacts with the metal at 0, x = Lx is held at 1 (potential of the electrolyte).
 * Returns 0 where memory is missing.  Free with pf_dendrite_free. */
static int pf_dendrite_make(const pf_grid *grid, unsigned seed, double contrast, double moved, pf_dendrite *dendrite);
static void pf_dendrite_free(pf_dendrite *dendrite);

enum { PF_DENDRITE_DEPTH = 3, PF_DENDRITE_BRANCHES = 5, PF_DENDRITE_TREES = 4 };

/* A tree under growth. */
typedef struct pf_forest {
  const pf_grid *grid;
  float *distance; /* [cells]: to the metal's surface, cells, negative in the metal */
  uint64_t state;  /* of the random numbers: splitmix64 */
} pf_forest;

static double pf_dendrite_uniform(pf_forest *f) {
  uint64_t z = f->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static int pf_dendrite_wrap(int i, int n) { return (i % n + n) % n; }

/* A rod with round ends from a to b (cells), radius r. */
static void pf_dendrite_rod(pf_forest *f, const double a[3], const double b[3], double r) {
  const pf_grid *g = f->grid;
  const int n[3] = {g->nx, g->ny, g->nz};
  int low[3], high[3];
  double d[3], length_2 = 0;
  for (int q = 0; q < 3; q++) {
    d[q] = b[q] - a[q];
    length_2 += d[q] * d[q];
    low[q] = (int)floor(fmin(a[q], b[q]) - r - 8);
    high[q] = (int)ceil(fmax(a[q], b[q]) + r + 8);
    if (q == 0 && low[q] < 0) low[q] = 0;
    if (q == 0 && high[q] >= n[q]) high[q] = n[q] - 1;
    if (high[q] - low[q] >= n[q]) high[q] = low[q] + n[q] - 1; /* once around */
  }
  for (int z = low[2]; z <= high[2]; z++)
    for (int y = low[1]; y <= high[1]; y++)
      for (int x = low[0]; x <= high[0]; x++) {
        const double p[3] = {x + 0.5 - a[0], n[1] > 1 ? y + 0.5 - a[1] : 0, n[2] > 1 ? z + 0.5 - a[2] : 0};
        double t = length_2 > 0 ? (p[0] * d[0] + p[1] * d[1] + p[2] * d[2]) / length_2 : 0;
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        double s = 0;
        for (int q = 0; q < 3; q++) s += (p[q] - t * d[q]) * (p[q] - t * d[q]);
        float *at = &f->distance[((ptrdiff_t)pf_dendrite_wrap(z, n[2]) * n[1] + pf_dendrite_wrap(y, n[1])) * n[0] + x];
        const float away = (float)(sqrt(s) - r);
        if (away < *at) *at = away;
      }
}

/* A branch of bent rods, with smaller branches. */
static void pf_dendrite_branch(pf_forest *f, const double from[3], const double to[3], double length, double radius,
                               int depth) {
  double at[3], way[3];
  memcpy(at, from, sizeof at);
  memcpy(way, to, sizeof way);
  for (int n = 0; n < PF_DENDRITE_BRANCHES; n++) {
    double end[3], norm = 0, side[3];
    for (int q = 0; q < 3; q++) {
      const int on = q == 0 || (q == 1 && f->grid->ny > 1) || (q == 2 && f->grid->nz > 1);
      way[q] += on ? 0.5 * (pf_dendrite_uniform(f) - 0.5) : 0;
      side[q] = on ? pf_dendrite_uniform(f) - 0.5 : 0;
      norm += way[q] * way[q];
    }
    for (int q = 0; q < 3; q++) {
      way[q] /= sqrt(norm);
      end[q] = at[q] + way[q] * length / PF_DENDRITE_BRANCHES;
    }
    pf_dendrite_rod(f, at, end, radius * (1 - 0.6 * n / PF_DENDRITE_BRANCHES));
    memcpy(at, end, sizeof at);
    if (depth > 1) {
      double s = 0, along = 0;
      for (int q = 0; q < 3; q++) along += side[q] * way[q];
      for (int q = 0; q < 3; q++) {
        side[q] -= along * way[q];
        s += side[q] * side[q];
      }
      for (int q = 0; q < 3; q++) side[q] = 0.5 * way[q] + (s > 0 ? 0.85 * side[q] / sqrt(s) : 0);
      pf_dendrite_branch(f, at, side, 0.4 * length, 0.6 * radius, depth - 1);
    }
  }
}

static void pf_dendrite_grow(pf_forest *f) {
  const pf_grid *g = f->grid;
  const double forward[3] = {1, 0, 0};
  const int width = g->ny > 1 ? g->ny : g->nx, size = width < g->nx ? width : g->nx;
  for (int t = 0; t < PF_DENDRITE_TREES; t++) {
    const double root[3] = {0, g->ny > 1 ? g->ny * (t + 0.3 + 0.4 * pf_dendrite_uniform(f)) / PF_DENDRITE_TREES : 0,
                            g->nz > 1 ? g->nz * pf_dendrite_uniform(f) : 0};
    const double length = (0.4 + 0.35 * pf_dendrite_uniform(f)) * g->nx;
    pf_dendrite_branch(f, root, forward, length, 0.025 * size, PF_DENDRITE_DEPTH);
  }
}

static double pf_dendrite_mean(double a, double b) { return 2 * a * b / (a + b); }

static int pf_dendrite_make(const pf_grid *g, unsigned seed, double contrast, double moved, pf_dendrite *dendrite) {
  const size_t cells = (size_t)pf_cells(g);
  memset(dendrite, 0, sizeof *dendrite);
  float *distance = malloc(cells * sizeof *distance);
  double *k = malloc(cells * sizeof *k), *xi = malloc(cells * sizeof *xi);
  dendrite->ax = calloc(cells, sizeof(double));
  dendrite->ay = g->ny > 1 ? calloc(cells, sizeof(double)) : NULL;
  dendrite->az = g->nz > 1 ? calloc(cells, sizeof(double)) : NULL;
  dendrite->m = calloc(cells, sizeof(double));
  dendrite->b = calloc(cells, sizeof(double));
  const int ok = distance && k && xi && dendrite->ax && (g->ny == 1 || dendrite->ay) && (g->nz == 1 || dendrite->az) &&
                 dendrite->m && dendrite->b;
  if (ok) {
    pf_forest f = {g, distance, seed};
    for (size_t c = 0; c < cells; c++) distance[c] = (float)((double)(c % (size_t)g->nx) + 0.5 - 0.04 * g->nx);
    pf_dendrite_grow(&f);
    for (size_t c = 0; c < cells; c++) {
      xi[c] = 1 / (1 + exp((double)distance[c] - moved)); /* four cells wide: eps = W/4 = 1 */
      k[c] = contrast * xi[c] + (1 - xi[c]);
    }
    for (ptrdiff_t row = 0; row < pf_rows(g); row++)
      for (int i = 0; i < g->nx; i++) {
        const pf_at at = pf_at_cell(g, row, i);
        const ptrdiff_t c = at.c;
        if (at.xm) dendrite->ax[c] = pf_dendrite_mean(k[c], k[c + at.xm]);
        if (at.ym) dendrite->ay[c] = pf_dendrite_mean(k[c], k[c + at.ym]);
        if (at.zm) dendrite->az[c] = pf_dendrite_mean(k[c], k[c + at.zm]);
        if (i == 0 && contrast > 1) dendrite->m[c] += 2 * k[c];
        if (contrast < 1 && xi[c] * (1 - xi[c]) > 0.01) dendrite->m[c] += 0.1 * xi[c] * (1 - xi[c]);
        if (i == g->nx - 1) {
          dendrite->m[c] += 2 * k[c];
          dendrite->b[c] += 2 * k[c];
        }
      }
  }
  free(distance);
  free(k);
  free(xi);
  if (!ok) pf_dendrite_free(dendrite);
  return ok;
}

static void pf_dendrite_free(pf_dendrite *d) {
  free(d->ax);
  free(d->ay);
  free(d->az);
  free(d->m);
  free(d->b);
  memset(d, 0, sizeof *d);
}

#endif
