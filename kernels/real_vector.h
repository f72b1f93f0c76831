/* real_vector.h: the vector operations of GMRES.
 *
 * pf_real.h says how this file is read: twice, with PF_REAL float and double. */

/* Several unknowns a cell one after the other: launched over a grid of as many planes. */
#define PF_REAL_ARGS_many_fill(T, IN, OUT, VAR, VAL) OUT(T, x) VAL(T, a)
PF_REAL_ARGS(many_fill);
PF_REAL_CELL(void, many_fill) { k->x[at.c] = k->a; }
#define PF_REAL_ARGS_many_scaled(T, IN, OUT, VAR, VAL) IN(T, x) OUT(T, y) VAL(double, a)
PF_REAL_ARGS(many_scaled);
PF_REAL_CELL(void, many_scaled) { k->y[at.c] = (PF_REAL)k->a * k->x[at.c]; }
/* y = x - y */
#define PF_REAL_ARGS_many_rest(T, IN, OUT, VAR, VAL) IN(T, x) VAR(T, y)
PF_REAL_ARGS(many_rest);
PF_REAL_CELL(void, many_rest) { k->y[at.c] = k->x[at.c] - k->y[at.c]; }
/* x . y_0 ... x . y_3 */
#define PF_REAL_ARGS_many_dots(T, IN, OUT, VAR, VAL) IN(T, x) IN(T, y0) IN(T, y1) IN(T, y2) IN(T, y3)
PF_REAL_ARGS(many_dots);
PF_REAL_CELL(pf_sums, many_dots) {
  const ptrdiff_t c = at.c;
  const double x = (double)k->x[c];
  const pf_sums r = {{x * (double)k->y0[c], x * (double)k->y1[c], x * (double)k->y2[c], x * (double)k->y3[c]}};
  return r;
}
/* y += sign (n[0] x0 + ... + n[3] x3) (NULL: left out), n[q] = numbers[at + q] and, where there are two parts,
 * + numbers[at_2 + q] (0: there is one); sum: y^2 */
// clang-format off
#define PF_REAL_ARGS_many_combine(T, IN, OUT, VAR, VAL)                                                                \
  VAR(T, y) IN(T, x0) IN(T, x1) IN(T, x2) IN(T, x3) IN(double, numbers) VAL(int, at)       \
  VAL(int, at_2) VAL(double, sign)
// clang-format on
PF_REAL_ARGS(many_combine);
PF_CELL PF_REAL PF_OF_REAL(pf_many_number_)(const PF_REAL_STRUCT(many_combine) * k, int q) {
  const double *n = k->numbers;
  return (PF_REAL)(k->sign * (k->at_2 ? n[k->at + q] + n[k->at_2 + q] : n[k->at + q]));
}
PF_REAL_CELL(pf_sums, many_combine) {
  const ptrdiff_t c = at.c;
  PF_REAL y = k->y[c];
  if (k->x0) y += PF_OF_REAL(pf_many_number_)(k, 0) * k->x0[c];
  if (k->x1) y += PF_OF_REAL(pf_many_number_)(k, 1) * k->x1[c];
  if (k->x2) y += PF_OF_REAL(pf_many_number_)(k, 2) * k->x2[c];
  if (k->x3) y += PF_OF_REAL(pf_many_number_)(k, 3) * k->x3[c];
  k->y[c] = y;
  const pf_sums r = {{(double)y * (double)y, 0, 0, 0}};
  return r;
}
/* The same, on the way to the next four of a basis; sums: y . v_0 ... y . v_3 */
// clang-format off
#define PF_REAL_ARGS_many_meet(T, IN, OUT, VAR, VAL)                                                                \
  VAR(T, y) IN(T, x0) IN(T, x1) IN(T, x2) IN(T, x3) IN(T, v0) IN(T, v1) IN(T, v2) IN(T, v3)   \
  IN(double, numbers) VAL(int, at) VAL(int, at_2)
// clang-format on
PF_REAL_ARGS(many_meet);
PF_REAL_CELL(pf_sums, many_meet) {
  const PF_REAL_STRUCT(many_combine) without = {k->y, k->x0, k->x1, k->x2, k->x3, k->numbers, k->at, k->at_2, -1};
  (void)PF_JOIN(pf_cell_, PF_REAL_NAME(many_combine))(&without, at);
  const ptrdiff_t c = at.c;
  const double y = (double)k->y[c];
  const pf_sums r = {{y * (double)k->v0[c], y * (double)k->v1[c], y * (double)k->v2[c], y * (double)k->v3[c]}};
  return r;
}
/* x = numbers[at] x */
#define PF_REAL_ARGS_many_times(T, IN, OUT, VAR, VAL) VAR(T, x) IN(double, numbers) VAL(int, at)
PF_REAL_ARGS(many_times);
PF_REAL_CELL(void, many_times) { k->x[at.c] *= (PF_REAL)k->numbers[k->at]; }
