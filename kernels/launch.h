/* launch.h: which thread of a launch has which cell, and which partial sums are added to which.
 *
 * Whole numbers only, shared by backend_cuda.cu and the tests, which count the visits without a GPU.
 *
 * A launch has blocks of PF_LAUNCH_THREADS threads.  A block is a tile of one plane: tile_x cells along x (a power of
 * two, no more than the row needs) times tile_y rows, so that rows of any length, 1-D grids and the small grids of a
 * multigrid hierarchy fill their blocks. */
#ifndef PF_LAUNCH_H
#define PF_LAUNCH_H

#include "pf_grid.h"

enum { PF_LAUNCH_THREADS = 128, PF_LAUNCH_BLOCKS_MAX = 0x7FFFFFFF };

/* The parts of a sweep in their order: 2 class + colour (pf_kernel.h); from PF_SWEEP_SEAMS on those of seams. */
enum { PF_SWEEP_PARTS = 8, PF_SWEEP_SEAMS = 2, PF_ALL_CELLS = -1 };

/* Rows that are left to the end: the last one of a periodic direction with an odd number of cells. */
PF_CELL int pf_sweep_seam(int n) { return n > 1 && n % 2; }

PF_CELL int pf_sweep_part(const pf_grid *g, int i, int j, int k) {
  const int y = pf_sweep_seam(g->ny) && j == g->ny - 1, z = pf_sweep_seam(g->nz) && k == g->nz - 1;
  return 2 * (y + 2 * z) + ((i + j + k) & 1);
}

typedef struct pf_launch {
  int nx, step; /* cells of a row; 2: those of one colour only */
  int colour;
  int j0, jn, k0, kn;   /* rows j0 .. j0 + jn - 1 of the planes k0 .. k0 + kn - 1 */
  int bits_x;           /* tile_x = 2^bits_x */
  int tiles_x, tiles_y; /* of a plane */
  ptrdiff_t blocks;     /* 0: no cell in this part */
} pf_launch;

PF_CELL int pf_ceil_divide(int a, int b) { return a / b + (a % b != 0); }

/* part: of a sweep, or PF_ALL_CELLS. */
PF_CELL pf_launch pf_launch_make(const pf_grid *g, int part) {
  pf_launch l;
  const int seam_y = pf_sweep_seam(g->ny), seam_z = pf_sweep_seam(g->nz);
  l.nx = g->nx;
  l.step = 1;
  l.colour = 0;
  l.j0 = l.k0 = 0;
  l.jn = g->ny;
  l.kn = g->nz;
  if (part != PF_ALL_CELLS) {
    const int y = (part >> 1) & 1, z = (part >> 2) & 1;
    l.step = 2;
    l.colour = part & 1;
    l.j0 = y ? g->ny - 1 : 0;
    l.k0 = z ? g->nz - 1 : 0;
    l.jn = y ? seam_y : g->ny - seam_y;
    l.kn = z ? seam_z : g->nz - seam_z;
  }
  const int width = pf_ceil_divide(g->nx, l.step);
  l.bits_x = 0;
  while ((1 << l.bits_x) < width && (1 << l.bits_x) < PF_LAUNCH_THREADS) l.bits_x++;
  l.tiles_x = pf_ceil_divide(width, 1 << l.bits_x);
  l.tiles_y = pf_ceil_divide(l.jn, PF_LAUNCH_THREADS >> l.bits_x);
  l.blocks = (ptrdiff_t)l.tiles_x * l.tiles_y * l.kn;
  return l;
}

/* The place of a thread's cell; 0 where the thread has none. */
PF_CELL int pf_launch_place(const pf_launch *l, int block, int thread, int *i, int *j, int *k) {
  const int row = block / l->tiles_x, plane = row / l->tiles_y;
  const int x = ((block - row * l->tiles_x) << l->bits_x) + (thread & ((1 << l->bits_x) - 1));
  const int y = (row - plane * l->tiles_y) * (PF_LAUNCH_THREADS >> l->bits_x) + (thread >> l->bits_x);
  *j = l->j0 + y;
  *k = l->k0 + plane;
  *i = l->step == 1 ? x : 2 * x + ((*j + *k + l->colour) & 1);
  return y < l->jn && *i < l->nx;
}

PF_CELL pf_at pf_launch_at(const pf_grid *g, int i, int j, int k) {
  const ptrdiff_t nx = g->nx, plane = nx * g->ny;
  pf_at at;
  at.i = i;
  at.j = j;
  at.k = k;
  at.row = (ptrdiff_t)k * g->ny + j;
  at.c = (ptrdiff_t)k * plane + j * nx + i;
  at.xm = i > 0 ? -1 : 0;
  at.xp = i < g->nx - 1 ? 1 : 0;
  at.ym = j > 0 ? -nx : plane - nx;
  at.yp = j < g->ny - 1 ? nx : nx - plane;
  at.zm = k > 0 ? -plane : plane * (g->nz - 1);
  at.zp = k < g->nz - 1 ? plane : -plane * (g->nz - 1);
  return at;
}

/* Sums and maxima: PF_REDUCE_BLOCKS blocks at most take the tiles in turn (block b those numbered b, b + blocks, ...),
 * each thread adds its own cells in that order, the threads of a block are added by the tree below, and one last block
 * does the same with the blocks' results.  The order depends on the grid alone. */
enum { PF_REDUCE_BLOCKS = 1024 };

PF_CELL int pf_reduce_blocks(const pf_launch *l) {
  return l->blocks < PF_REDUCE_BLOCKS ? (int)l->blocks : PF_REDUCE_BLOCKS;
}

/* Steps of the tree: width = PF_LAUNCH_THREADS/2, ..., 2, 1, all threads waiting between them.  The thread whose value
 * this one adds to its own, or -1. */
PF_CELL int pf_reduce_other(int thread, int width) { return thread < width ? thread + width : -1; }

#endif
