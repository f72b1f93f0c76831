/* real.h: arrays and kernels of a solver that works in single or in double precision (pf_real.h).
 *
 * Where the precision is known at run time only, its arrays are void *: float or double, `wide` says which. */
#ifndef PF_REAL_HOST_H
#define PF_REAL_HOST_H

#include "backend.h"

#define PF_REAL_MAP(wide, backend, kernel, grid, ...) \
  ((wide) ? PF_MAP((backend), kernel##_double, (grid), __VA_ARGS__) : PF_MAP((backend), kernel, (grid), __VA_ARGS__))
#define PF_REAL_SWEEP(wide, backend, kernel, grid, ...)               \
  ((wide) ? PF_SWEEP((backend), kernel##_double, (grid), __VA_ARGS__) \
          : PF_SWEEP((backend), kernel, (grid), __VA_ARGS__))
#define PF_REAL_SUM(wide, backend, kernel, grid, result, ...)                 \
  ((wide) ? PF_SUM((backend), kernel##_double, (grid), (result), __VA_ARGS__) \
          : PF_SUM((backend), kernel, (grid), (result), __VA_ARGS__))
#define PF_REAL_TOTAL(wide, backend, kernel, grid, to, ...)                 \
  ((wide) ? PF_TOTAL((backend), kernel##_double, (grid), (to), __VA_ARGS__) \
          : PF_TOTAL((backend), kernel, (grid), (to), __VA_ARGS__))
/* A stage of a chain; its arguments live as long as those of PF_STAGE. */
#define PF_REAL_STAGE(wide, kernel, ...) \
  ((wide) ? (pf_stage)PF_STAGE(kernel##_double, __VA_ARGS__) : (pf_stage)PF_STAGE(kernel, __VA_ARGS__))

/* Bytes of a number. */
static inline size_t pf_real_bytes(bool wide) { return wide ? sizeof(double) : sizeof(float); }
static inline pf_status pf_real_allocate(bool wide, pf_backend *b, ptrdiff_t count, void **array) {
  return b->allocate(b, (size_t)count * pf_real_bytes(wide), array);
}
/* host[count] from an array of the backend. */
pf_status pf_real_download(bool wide, pf_backend *backend, double *host, const void *array, ptrdiff_t count);
/* Between float [cells of the grid] and an array of the precision. */
pf_status pf_real_from_float(bool wide, pf_backend *backend, const pf_grid *grid, const float *from, void *to);
pf_status pf_real_to_float(bool wide, pf_backend *backend, const pf_grid *grid, const void *from, float *to);

#endif
