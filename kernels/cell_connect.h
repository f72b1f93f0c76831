/* cell_connect.h: whose lithium a cell belongs to (working electrode, counter electrode, nobody's).
 *
 * Metal (xi >= 0.1, where electrons pass: (9)) is one body with its metal neighbours; what is not connected to x = 0 or
 * to a resolved counter electrode is dead.  The tail of a front (xi < 0.1) follows the neighbour with more lithium.
 * Every kernel here walks along whole lines, so that a body is found in a few rounds; the result does not depend on
 * the order of the lines. */
#ifndef PF_CELL_CONNECT_H
#define PF_CELL_CONNECT_H

#include "cell_transport.h"
#include "pf_kernel.h"

#define PF_METAL 0.1
#define PF_TAIL 1e-14

/* Seeds: the electrodes' end faces. */
#define PF_ARGS_connect_start(IN, OUT, VAR, VAL) IN(double, xi) OUT(uint8_t, owner) VAL(int, resolved)
PF_ARGS(connect_start);
PF_CELL void pf_cell_connect_start(const pf_connect_start_args *k, pf_at at) {
  uint8_t owner = PF_NOBODY;
  if (k->xi[at.c] >= PF_METAL) {
    if (!at.xm) owner = PF_WORKING;
    if (!at.xp && at.xm && k->resolved) owner = PF_COUNTER;
  }
  k->owner[at.c] = owner;
}

/* What an owner can tell a neighbour, before it is known whether they are connected. */
PF_CELL int pf_connect_news(uint8_t from, uint8_t to, int tails) { return tails && to ? 0 : from & ~to; }

/* From `width` cells to those `step` further; 1 where that changed an owner. */
PF_CELL int pf_connect_pairs(const double *xi, uint8_t *owner, ptrdiff_t c, ptrdiff_t step, int width, int tails) {
  const uint8_t *f = owner + c;
  uint8_t *t = owner + c + step;
  int news = 0, changed = 0;
  for (int w = 0; w < width; w++) news |= pf_connect_news(f[w], t[w], tails);
  if (!news) return 0; /* as nearly everywhere: xi is not read */
  for (int w = 0; w < width; w++) {
    const double from = xi[c + w], to = xi[c + step + w];
    const int metal = from >= PF_METAL && to >= PF_METAL, tail = to < PF_METAL && to > PF_TAIL && from > to;
    const int gained = (tails ? tail : metal) ? pf_connect_news(f[w], t[w], tails) : 0;
    t[w] = (uint8_t)(t[w] | gained);
    changed |= gained;
  }
  return changed != 0;
}

/* `width` lines beside each other in direction `stride`, of `length` cells, walked up and down (twice where they are
 * periodic and something came around); summed: whether an owner changed.  The grid of the launch has one cell for that many
 * lines. */
// clang-format off
#define PF_ARGS_connect_line(IN, OUT, VAR, VAL) \
  IN(double, xi) VAR(uint8_t, owner) VAL(int, direction) VAL(int, length) VAL(int, width) VAL(int, tails) VAL(pf_grid, fine)
// clang-format on
PF_ARGS(connect_line);
PF_CELL pf_sums pf_cell_connect_line(const pf_connect_line_args *k, pf_at at) {
  const ptrdiff_t nx = k->fine.nx, plane = nx * k->fine.ny;
  const ptrdiff_t stride = k->direction == 0 ? 1 : k->direction == 1 ? nx : plane, i = (ptrdiff_t)at.i * k->width;
  const int n = k->length, width = k->width < nx - i ? k->width : (int)(nx - i), periodic = k->direction > 0;
  const ptrdiff_t first = at.k * plane + at.j * nx + i, last = first + (n - 1) * stride;
  int changed = 0;
  for (int way = 0; way < 2; way++) {
    const ptrdiff_t from = way ? last : first, step = way ? -stride : stride;
    for (int around = 1; around;) {
      for (int q = 0; q < n - 1; q++)
        changed |= pf_connect_pairs(k->xi, k->owner, from + q * step, step, width, k->tails);
      around = periodic && pf_connect_pairs(k->xi, k->owner, from + (n - 1) * step, -(n - 1) * step, width, k->tails);
      changed |= around;
    }
  }
  const pf_sums r = {{changed ? 1.0 : 0.0, 0, 0, 0}};
  return r;
}

/* A body of metal that nothing reached is dead: one that has lithium in its middle, xi >= 1/2.  (Remains of a needle
 * that has been stripped nowhere have; they keep their owner, or they would never dissolve.)  Sum: seeds of dead bodies,
 * which then spread through their metal. */
#define PF_ARGS_connect_dead(IN, OUT, VAR, VAL) IN(double, xi) VAR(uint8_t, owner)
PF_ARGS(connect_dead);
PF_CELL pf_sums pf_cell_connect_dead(const pf_connect_dead_args *k, pf_at at) {
  const int dead = k->xi[at.c] >= 0.5 && k->owner[at.c] == PF_NOBODY;
  if (dead) k->owner[at.c] = PF_DEAD;
  const pf_sums r = {{dead ? 1.0 : 0.0, 0, 0, 0}};
  return r;
}

/* Thin remains that nothing reached keep the owner that they had.  Sums: lithium that the counter electrode lost to others
 * and won from them, as bodies touch. */
#define PF_ARGS_connect_keep(IN, OUT, VAR, VAL) IN(double, xi) IN(uint8_t, before) VAR(uint8_t, owner)
PF_ARGS(connect_keep);
PF_CELL pf_sums pf_cell_connect_keep(const pf_connect_keep_args *k, pf_at at) {
  if (k->owner[at.c] == PF_NOBODY && k->xi[at.c] > PF_TAIL) k->owner[at.c] = (uint8_t)(k->before[at.c] & ~PF_NUCLEUS);
  const int was = k->before[at.c] == PF_COUNTER, is = k->owner[at.c] == PF_COUNTER;
  const double xi = k->xi[at.c];
  const pf_sums r = {{was && !is ? xi : 0, is && !was ? xi : 0, 0, 0}};
  return r;
}

/* A closed cell behind a wall belongs to the lithium that touches it most. */
// clang-format off
#define PF_ARGS_connect_walls(IN, OUT, VAR, VAL) \
  IN(double, xi) IN(uint8_t, material) IN(uint8_t, owner) OUT(uint8_t, owner_new) VAL(pf_enters, enters)
// clang-format on
PF_ARGS(connect_walls);
PF_CELL void pf_cell_connect_walls(const pf_connect_walls_args *k, pf_at at) {
  const ptrdiff_t step[6] = {at.xm, at.xp, at.ym, at.yp, at.zm, at.zp};
  uint8_t owner = k->owner[at.c];
  double most = 1e-4;
  for (int n = 0; n < 6 && k->owner[at.c] == PF_NOBODY; n++) {
    const ptrdiff_t c = at.c + step[n];
    const pf_walls w = {k->material, k->enters.mask, PF_WALLS_OF_MATERIAL, NULL};
    if (pf_way(w, at.c, step[n]) == step[n] || pf_is_open(k->material, k->enters.mask, at.c)) continue;
    if (k->xi[c] > most) most = k->xi[c], owner = k->owner[c];
  }
  k->owner_new[at.c] = owner;
}

// clang-format off
#define PF_KERNELS_CONNECT(MAP, SWEEP, SUM, MAX) \
  MAP(connect_start) SUM(connect_line) SUM(connect_dead) SUM(connect_keep) MAP(connect_walls)
// clang-format on

#endif
