/* mg_dense.h: the inverse of a coarsest level. */
#ifndef PF_MG_DENSE_H
#define PF_MG_DENSE_H

#include <stddef.h>

#include "pf_status.h"

/* Inverse of the symmetric positive a [n][n], which is destroyed; PF_FAILED where it is not positive.
 * Where m (the sum over all cells) is nothing against the trace of a, a constant belongs to the eigenvalue 0: it is
 * raised to the mean of all, and does no harm; *singular says so. */
pf_status pf_mg_invert(double *a, double *inverse, ptrdiff_t n, double m, int *singular);

#endif
