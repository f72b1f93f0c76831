/* pf_grid.h: the grid of cubes and the place of one cell in it.
 *
 * Arrays are [nz][ny][nx], x fastest, one value a cell, without ghost cells.  x runs from the working (0) to the
 * counter electrode; y and z are periodic.  ny = nz = 1 is 1-D, nz = 1 is 2-D. */
#ifndef PF_GRID_H
#define PF_GRID_H

#include "pf_types.h"

typedef struct pf_grid {
  int nx, ny, nz; /* cells */
  double h;       /* edge of a cell, m */
} pf_grid;

/* One cell and how to reach its neighbours: value[at.c + at.xm] is the neighbour at lower x.  At the ends in x the
 * offset is 0 (the cell itself), so that a difference across the end vanishes; in y and z it wraps around, and is 0 in
 * a direction of one cell. */
typedef struct pf_at {
  ptrdiff_t c;                      /* index of the cell */
  ptrdiff_t row;                    /* k ny + j: index into lateral maps [nz][ny] */
  ptrdiff_t xm, xp, ym, yp, zm, zp; /* offsets to the six neighbours */
  int i, j, k;                      /* its place in x, y, z */
} pf_at;

PF_CELL ptrdiff_t pf_cells(const pf_grid *g) { return (ptrdiff_t)g->nx * g->ny * g->nz; }
PF_CELL ptrdiff_t pf_rows(const pf_grid *g) { return (ptrdiff_t)g->ny * g->nz; }
PF_CELL int pf_dimensions(const pf_grid *g) { return g->nz > 1 ? 3 : g->ny > 1 ? 2 : 1; }

/* The grid of wave vectors of a real field's Fourier transform; i, j, k count the waves in x, y, z. */
PF_CELL pf_grid pf_spectrum(const pf_grid *g) {
  pf_grid s = *g;
  s.nx = g->nx / 2 + 1;
  return s;
}

/* The first cell of a row (row = k ny + j). */
PF_CELL pf_at pf_at_row(const pf_grid *g, ptrdiff_t row) {
  const ptrdiff_t nx = g->nx, plane = nx * g->ny;
  pf_at at;
  at.i = 0;
  at.row = row;
  at.k = (int)(row / g->ny);
  at.j = (int)(row - (ptrdiff_t)at.k * g->ny);
  at.c = row * nx;
  at.ym = at.j > 0 ? -nx : plane - nx;
  at.yp = at.j < g->ny - 1 ? nx : nx - plane;
  at.zm = at.k > 0 ? -plane : plane * (g->nz - 1);
  at.zp = at.k < g->nz - 1 ? plane : -plane * (g->nz - 1);
  at.xm = 0;
  at.xp = g->nx > 1 ? 1 : 0;
  return at;
}

PF_CELL pf_at pf_at_cell(const pf_grid *g, ptrdiff_t row, int i) {
  pf_at at = pf_at_row(g, row);
  at.i = i;
  at.c += i;
  at.xm = i > 0 ? -1 : 0;
  at.xp = i < g->nx - 1 ? 1 : 0;
  return at;
}

#endif
