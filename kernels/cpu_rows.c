/* cpu_rows.c: the loops along a row of backend_cpu.c, with vector instructions.  No arithmetic here.
 *
 * Compiled once for each group of kernels, so that the groups are compiled side by side and only those that changed:
 * PF_ROWS is the group's list, PF_ROWS_HEADER the header that has it (Makefile). */
#ifdef PF_ROWS_HEADER
#include PF_ROWS_HEADER
#endif
#include "cpu_rows.h"

/* The cell at i of a row: constant offsets in the middle, so that the loop becomes vector instructions. */
#define PF_ROW_AT_(row_at, index, minus, plus) \
  pf_at at = row_at;                           \
  at.i = index;                                \
  at.c = row_at.c + index;                     \
  at.xm = minus;                               \
  at.xp = plus

#define PF_MAP_ROW_(kernel)                                                               \
  PF_ROWS_SCOPE void pf_map_##kernel(const void *args, const pf_grid *g, ptrdiff_t row) { \
    const pf_##kernel##_args k = *(const pf_##kernel##_args *)args;                       \
    const pf_at first = pf_at_row(g, row);                                                \
    const int last = g->nx - 1;                                                           \
    pf_cell_##kernel(&k, first);                                                          \
    _Pragma("omp simd") for (int i = 1; i < last; i++) {                                  \
      PF_ROW_AT_(first, i, -1, 1);                                                        \
      pf_cell_##kernel(&k, at);                                                           \
    }                                                                                     \
    if (last > 0) {                                                                       \
      PF_ROW_AT_(first, last, -1, 0);                                                     \
      pf_cell_##kernel(&k, at);                                                           \
    }                                                                                     \
  }

/* One colour of a row. */
#define PF_SWEEP_ROW_(kernel)                                                                           \
  PF_ROWS_SCOPE void pf_sweep_##kernel(const void *args, const pf_grid *g, ptrdiff_t row, int colour) { \
    const pf_##kernel##_args k = *(const pf_##kernel##_args *)args;                                     \
    const pf_at first = pf_at_row(g, row);                                                              \
    const int last = g->nx - 1;                                                                         \
    const int start = (first.j + first.k + colour) & 1; /* i of the first cell of the colour */         \
    if (start == 0) pf_cell_##kernel(&k, first);                                                        \
    _Pragma("omp simd") for (int i = 2 - start; i < last; i += 2) {                                     \
      PF_ROW_AT_(first, i, -1, 1);                                                                      \
      pf_cell_##kernel(&k, at);                                                                         \
    }                                                                                                   \
    if (last > 0 && ((last ^ start) & 1) == 0) {                                                        \
      PF_ROW_AT_(first, last, -1, 0);                                                                   \
      pf_cell_##kernel(&k, at);                                                                         \
    }                                                                                                   \
  }

#define PF_PRAGMA_(text) _Pragma(#text)
#define PF_REDUCE_ROW_(kernel, reduction_of, TAKE)                                                       \
  PF_ROWS_SCOPE void pf_sum_##kernel(const void *args, const pf_grid *g, ptrdiff_t row, double *total) { \
    const pf_##kernel##_args k = *(const pf_##kernel##_args *)args;                                      \
    const pf_at first = pf_at_row(g, row);                                                               \
    const int last = g->nx - 1;                                                                          \
    const pf_sums f = pf_cell_##kernel(&k, first);                                                       \
    double s0 = f.s[0], s1 = f.s[1], s2 = f.s[2], s3 = f.s[3];                                           \
    PF_PRAGMA_(omp simd reduction(reduction_of : s0, s1, s2, s3)) for (int i = 1; i < last; i++) {       \
      PF_ROW_AT_(first, i, -1, 1);                                                                       \
      const pf_sums r = pf_cell_##kernel(&k, at);                                                        \
      s0 = TAKE(s0, r.s[0]), s1 = TAKE(s1, r.s[1]), s2 = TAKE(s2, r.s[2]), s3 = TAKE(s3, r.s[3]);        \
    }                                                                                                    \
    if (last > 0) {                                                                                      \
      PF_ROW_AT_(first, last, -1, 0);                                                                    \
      const pf_sums r = pf_cell_##kernel(&k, at);                                                        \
      s0 = TAKE(s0, r.s[0]), s1 = TAKE(s1, r.s[1]), s2 = TAKE(s2, r.s[2]), s3 = TAKE(s3, r.s[3]);        \
    }                                                                                                    \
    total[0] = s0, total[1] = s1, total[2] = s2, total[3] = s3;                                          \
  }
#define PF_ADDED_(a, b) ((a) + (b))
#define PF_SUM_ROW_(kernel) PF_REDUCE_ROW_(kernel, +, PF_ADDED_)
#define PF_MAX_ROW_(kernel) PF_REDUCE_ROW_(kernel, max, PF_LARGER_)

PF_ROWS_DECLARE(PF_ROWS)
PF_ROWS(PF_MAP_ROW_, PF_NONE_, PF_NONE_, PF_NONE_)
PF_ROWS(PF_NONE_, PF_SWEEP_ROW_, PF_NONE_, PF_NONE_)
PF_ROWS(PF_NONE_, PF_NONE_, PF_SUM_ROW_, PF_NONE_)
PF_ROWS(PF_NONE_, PF_NONE_, PF_NONE_, PF_MAX_ROW_)
