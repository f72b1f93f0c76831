/* pf_real.h: kernels in single and in double precision from one source.
 *
 * A real_NAME.h has such kernels.  It is read twice: by cell_NAME.h with PF_REAL float, which makes the kernel NAME, and by
 * cell_double.h with PF_REAL double, which makes NAME_double.  In it stands, for each kernel (pf_kernel.h),
 *
 *   #define PF_REAL_ARGS_mg_zero(T, IN, OUT, VAR, VAL) OUT(T, u)
 *   PF_REAL_ARGS(mg_zero);
 *   PF_REAL_CELL(void, mg_zero) { k->u[at.c] = 0; }
 *
 * and functions of its own have names PF_OF_REAL(pf_name_): pf_name_float, pf_name_double. */
#ifndef PF_REAL_KERNELS_H
#define PF_REAL_KERNELS_H

#include "pf_kernel.h"

#define PF_JOIN_(a, b) a##b
#define PF_JOIN(a, b) PF_JOIN_(a, b)
#define PF_OF_REAL(name) PF_JOIN(name, PF_REAL)

/* The ends of the kernels' names. */
#define PF_REAL_END_float
#define PF_REAL_END_double _double
#define PF_REAL_NAME(kernel) PF_JOIN(kernel, PF_OF_REAL(PF_REAL_END_))

#define PF_REAL_STRUCT(kernel) PF_JOIN(PF_JOIN(pf_, PF_REAL_NAME(kernel)), _args)
#define PF_REAL_ARGS(kernel)                                                                  \
  typedef struct PF_REAL_STRUCT(kernel) {                                                     \
    PF_REAL_ARGS_##kernel(PF_REAL, PF_FIELD_IN_, PF_FIELD_VAR_, PF_FIELD_VAR_, PF_FIELD_VAL_) \
  } PF_REAL_STRUCT(kernel)
#define PF_REAL_CELL(result, kernel) \
  PF_CELL result PF_JOIN(pf_cell_, PF_REAL_NAME(kernel))(const PF_REAL_STRUCT(kernel) * k, pf_at at)

#endif
