/* cell_multigrid.h: the symmetric problem of one unknown, -div(k grad u) + m u = b, on every level of a hierarchy.
 *
 * Stored on a level: conductances of faces ax, ay, az [cells] (k area/distance of the face between a cell and its lower
 * neighbour; ax at i = 0 is not used, ay and az wrap around; NULL where the grid has one cell in that direction) and
 * m >= 0 [cells], times volume.  Row of cell c:
 *   (A u)_c = sum over faces f of a_f (u_c - u_neighbour) + m_c u_c
 * The finest level has them in double precision for the Krylov method, all levels in single precision for the cycle. */
#ifndef PF_CELL_MULTIGRID_H
#define PF_CELL_MULTIGRID_H

#include "pf_real.h"

#define PF_OPERATOR(type, IN) IN(type, ax) IN(type, ay) IN(type, az) IN(type, m)

/* Sums over the faces of a cell: diagonal: a_f; flow: a_f u_neighbour; out: a_f (u_c - u_neighbour). */
#define PF_FACES_(type)                                                                                         \
  PF_CELL type pf_diagonal_of_##type(const type *ax, const type *ay, const type *az, pf_at at) {                \
    const ptrdiff_t c = at.c;                                                                                   \
    type sum = (at.xm ? ax[c] : 0) + (at.xp ? ax[c + at.xp] : 0);                                               \
    if (at.ym) sum += ay[c] + ay[c + at.yp];                                                                    \
    if (at.zm) sum += az[c] + az[c + at.zp];                                                                    \
    return sum;                                                                                                 \
  }                                                                                                             \
  PF_CELL type pf_flow_of_##type(const type *ax, const type *ay, const type *az, const type *u, pf_at at) {     \
    const ptrdiff_t c = at.c;                                                                                   \
    type sum = (at.xm ? ax[c] * u[c + at.xm] : 0) + (at.xp ? ax[c + at.xp] * u[c + at.xp] : 0);                 \
    if (at.ym) sum += ay[c] * u[c + at.ym] + ay[c + at.yp] * u[c + at.yp];                                      \
    if (at.zm) sum += az[c] * u[c + at.zm] + az[c + at.zp] * u[c + at.zp];                                      \
    return sum;                                                                                                 \
  }                                                                                                             \
  PF_CELL type pf_out_of_##type(const type *ax, const type *ay, const type *az, const type *u, pf_at at) {      \
    const ptrdiff_t c = at.c;                                                                                   \
    const type own = u[c];                                                                                      \
    type sum = (at.xm ? ax[c] * (own - u[c + at.xm]) : 0) + (at.xp ? ax[c + at.xp] * (own - u[c + at.xp]) : 0); \
    if (at.ym) sum += ay[c] * (own - u[c + at.ym]) + ay[c + at.yp] * (own - u[c + at.yp]);                      \
    if (at.zm) sum += az[c] * (own - u[c + at.zm]) + az[c + at.zp] * (own - u[c + at.zp]);                      \
    return sum;                                                                                                 \
  }
PF_FACES_(double)
PF_FACES_(float)

/* ---- the Krylov method, double precision ----
 *
 * Its numbers stay where the fields are: kernels of one cell make them from sums (mg_follow, mg_advance), the others read
 * them.  numbers: [PF_MG_NUMBERS]. */
enum { PF_MG_STEP, PF_MG_BETA, PF_MG_R_Z, PF_MG_P_Q, PF_MG_NUMBERS };

/* From dots = {r z, q z}: beta of the next direction.  Flexible: (z, r - r_last) = -step (q, z), because the cycle is only
 * nearly symmetric; fresh: there is no last direction with this preconditioner, beta = 0. */
#define PF_ARGS_mg_follow(IN, OUT, VAR, VAL) IN(double, dots) VAR(double, numbers) VAL(int, fresh)
PF_ARGS(mg_follow);
PF_CELL void pf_cell_mg_follow(const pf_mg_follow_args *k, pf_at at) {
  double *n = k->numbers + at.c;
  n[PF_MG_BETA] = k->fresh ? 0.0 : -n[PF_MG_STEP] * k->dots[1] / n[PF_MG_R_Z];
  n[PF_MG_R_Z] = k->dots[0];
}
/* From product = {p A p}: the step along p. */
#define PF_ARGS_mg_advance(IN, OUT, VAR, VAL) IN(double, product) VAR(double, numbers)
PF_ARGS(mg_advance);
PF_CELL void pf_cell_mg_advance(const pf_mg_advance_args *k, pf_at at) {
  double *n = k->numbers + at.c;
  n[PF_MG_P_Q] = k->product[0];
  n[PF_MG_STEP] = n[PF_MG_R_Z] / n[PF_MG_P_Q];
}

/* q = A p; sum: p q */
#define PF_ARGS_mg_apply(IN, OUT, VAR, VAL) PF_OPERATOR(double, IN) IN(double, p) OUT(double, q)
PF_ARGS(mg_apply);
PF_CELL pf_sums pf_cell_mg_apply(const pf_mg_apply_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double p = k->p[c];
  const double q = pf_out_of_double(k->ax, k->ay, k->az, k->p, at) + k->m[c] * p;
  k->q[c] = q;
  const pf_sums sums = {{p * q, 0, 0, 0}};
  return sums;
}

/* How a level is joined to the next: its own (fine) cells n, s of them to a coarse one, each w cells of the finest
 * level wide but for the last, which ends with the finest level's n_0 cells. */
typedef struct pf_mg_join {
  int n[3], s[3], w[3], n_0[3];
} pf_mg_join;

/* Twice the distance from the middle of cell i - 1 (periodically) to that of i, in finest cells, for cells of width w. */
PF_CELL int pf_mg_distance(int i, int w, int n_0) {
  const int last = (n_0 - 1) / w, low = i > 0 ? i - 1 : last;
  return (low < last ? w : n_0 - low * w) + (i < last ? w : n_0 - i * w);
}

#define PF_REAL float
#include "real_multigrid.h"
#undef PF_REAL
#define PF_ARGS_mg_start(...) PF_REAL_ARGS_mg_start(float, __VA_ARGS__)
#define PF_ARGS_mg_reduce(...) PF_REAL_ARGS_mg_reduce(float, __VA_ARGS__)
#define PF_ARGS_mg_dots(...) PF_REAL_ARGS_mg_dots(float, __VA_ARGS__)
#define PF_ARGS_mg_error(...) PF_REAL_ARGS_mg_error(float, __VA_ARGS__)
#define PF_ARGS_mg_direction(...) PF_REAL_ARGS_mg_direction(float, __VA_ARGS__)
#define PF_ARGS_mg_shift(...) PF_REAL_ARGS_mg_shift(float, __VA_ARGS__)
#define PF_ARGS_mg_round(...) PF_REAL_ARGS_mg_round(float, __VA_ARGS__)
#define PF_ARGS_mg_coarsen(...) PF_REAL_ARGS_mg_coarsen(float, __VA_ARGS__)
#define PF_ARGS_mg_scale(...) PF_REAL_ARGS_mg_scale(float, __VA_ARGS__)
#define PF_ARGS_mg_relax(...) PF_REAL_ARGS_mg_relax(float, __VA_ARGS__)
#define PF_ARGS_mg_relax_start(...) PF_REAL_ARGS_mg_relax_start(float, __VA_ARGS__)
#define PF_ARGS_mg_zero(...) PF_REAL_ARGS_mg_zero(float, __VA_ARGS__)
#define PF_ARGS_mg_residual(...) PF_REAL_ARGS_mg_residual(float, __VA_ARGS__)
#define PF_ARGS_mg_restrict(...) PF_REAL_ARGS_mg_restrict(float, __VA_ARGS__)
#define PF_ARGS_mg_prolong(...) PF_REAL_ARGS_mg_prolong(float, __VA_ARGS__)
#define PF_ARGS_mg_prolong_to(...) PF_REAL_ARGS_mg_prolong_to(float, __VA_ARGS__)
#define PF_ARGS_mg_coarsest(...) PF_REAL_ARGS_mg_coarsest(float, __VA_ARGS__)

// clang-format off
#define PF_KERNELS_MULTIGRID(MAP, SWEEP, SUM, MAX)                                                      \
  SUM(mg_start) SUM(mg_apply) SUM(mg_reduce) SUM(mg_dots) SUM(mg_error) SUM(mg_shift) MAP(mg_follow) MAP(mg_advance) MAP(mg_direction) MAP(mg_round) \
  MAP(mg_coarsen) MAP(mg_scale) SWEEP(mg_relax) MAP(mg_relax_start) MAP(mg_zero) MAP(mg_residual)     \
  MAP(mg_restrict) MAP(mg_prolong) MAP(mg_prolong_to) MAP(mg_coarsest)
// clang-format on

#endif
