#include "mg_dense.h"

#include <math.h>

/* Gauss-Jordan, pivots on the diagonal */
static pf_status invert(double *a, double *inverse, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++)
    for (ptrdiff_t j = 0; j < n; j++) inverse[i * n + j] = i == j;
  for (ptrdiff_t c = 0; c < n; c++) {
    const double pivot = a[c * n + c];
    PF_CHECK(pivot > 0 && isfinite(pivot), PF_FAILED,
             "the operator is not positive: pivot %td of the coarsest level is %g", c, pivot);
    const double scale = 1 / pivot;
    for (ptrdiff_t q = 0; q < n; q++) a[c * n + q] *= scale, inverse[c * n + q] *= scale;
    for (ptrdiff_t r = 0; r < n; r++) {
      const double by = a[r * n + c];
      if (r == c) continue;
      for (ptrdiff_t q = 0; q < n; q++) {
        a[r * n + q] -= by * a[c * n + q];
        inverse[r * n + q] -= by * inverse[c * n + q];
      }
    }
  }
  return PF_OK;
}

pf_status pf_mg_invert(double *a, double *inverse, ptrdiff_t n, double m, int *singular) {
  double trace = -m;
  for (ptrdiff_t c = 0; c < n; c++) trace += a[c * n + c];
  *singular = fabs(m) <= 1e-15 * trace;
  if (*singular) {
    const double raise = trace > 0 ? trace / (double)(n * n) : 1; /* one cell: trace = 0 */
    for (ptrdiff_t c = 0; c < n * n; c++) a[c] += raise;
  }
  return invert(a, inverse, n);
}
