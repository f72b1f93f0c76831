/* real_electrons.h: the kernels of cell_electrons.h that hold vectors of GMRES.
 *
 * pf_real.h says how this file is read: twice, with PF_REAL float and double. */

/* Size of an error w of phi_e: sums: of the reaction that it makes, of |w|, and of both. */
#define PF_REAL_ARGS_electron_size(T, IN, OUT, VAR, VAL) IN(T, w) IN(float, slope)
PF_REAL_ARGS(electron_size);
PF_REAL_CELL(pf_sums, electron_size) {
  const double w = fabs((double)k->w[at.c]);
  const pf_sums sums = {{w * (double)k->slope[at.c], w, w * w * (double)k->slope[at.c], 0}};
  return sums;
}

/* ---- the linear system: vectors of the ions, [1 or 2][cells], and of the electrons [cells] ---- */

/* y = b + by J_ion,e w */
// clang-format off
#define PF_REAL_ARGS_electron_to_ions(T, IN, OUT, VAR, VAL)                                                        \
  IN(T, b) IN(T, w) IN(float, slope) IN(float, into_salt) OUT(T, y) VAL(T, by) VAL(ptrdiff_t, cells)
// clang-format on
PF_REAL_ARGS(electron_to_ions);
PF_REAL_CELL(void, electron_to_ions) {
  const ptrdiff_t c = at.c, d = at.c + k->cells;
  const PF_REAL w = k->by * k->w[c];
  k->y[c] = k->b[c] - (PF_REAL)k->slope[c] * w;
  if (k->into_salt) k->y[d] = k->b[d] + (PF_REAL)k->into_salt[c] * w;
}

/* y = (A + m) w - slope u - by_salt u_s; u: the ions' vector */
// clang-format off
#define PF_REAL_ARGS_electron_apply(T, IN, OUT, VAR, VAL)                                                             \
  IN(double, ex) IN(double, ey) IN(double, ez) IN(double, m) IN(T, w) IN(T, u) IN(float, slope)       \
  IN(float, by_salt) OUT(T, y) VAL(ptrdiff_t, cells)
// clang-format on
PF_REAL_ARGS(electron_apply);
PF_REAL_CELL(void, electron_apply) {
  const ptrdiff_t c = at.c;
  double y = PF_OUT_OF_VECTOR_(k->ex, k->ey, k->ez, k->w, at) + k->m[c] * (double)k->w[c] -
             (double)k->slope[c] * (double)k->u[c];
  if (k->by_salt) y -= (double)k->by_salt[c] * (double)k->u[k->cells + c];
  k->y[c] = (PF_REAL)y;
}

/* The ions' own rows where no layer has a salt (cell_potential.h): y = (A + m) u */
// clang-format off
#define PF_REAL_ARGS_electron_ion_apply(T, IN, OUT, VAR, VAL) \
  IN(double, ax) IN(double, ay) IN(double, az) IN(double, m) IN(T, u) OUT(T, y)
// clang-format on
PF_REAL_ARGS(electron_ion_apply);
PF_REAL_CELL(void, electron_ion_apply) {
  const ptrdiff_t c = at.c;
  k->y[c] = (PF_REAL)(PF_OUT_OF_VECTOR_(k->ax, k->ay, k->az, k->u, at) + k->m[c] * (double)k->u[c]);
}
