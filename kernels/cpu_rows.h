/* cpu_rows.h: what backend_cpu.c calls for each kernel: the loop over a row, made by cpu_rows.c. */
#ifndef PF_CPU_ROWS_H
#define PF_CPU_ROWS_H

#include "pf_kernel.h"

/* args: the kernel's struct of arguments.  row: 0 ... ny nz - 1.  total: [PF_SUMS], of the row. */
typedef void pf_map_row(const void *args, const pf_grid *g, ptrdiff_t row);
typedef void pf_sweep_row(const void *args, const pf_grid *g, ptrdiff_t row, int colour);
typedef void pf_sum_row(const void *args, const pf_grid *g, ptrdiff_t row, double *total); /* SUM and MAX */

/* static: where all is one source. */
#ifndef PF_ROWS_SCOPE
#define PF_ROWS_SCOPE
#endif

#define PF_LARGER_(a, b) ((a) > (b) ? (a) : (b))
#define PF_NONE_(kernel)
#define PF_MAP_DECLARE_(kernel) PF_ROWS_SCOPE pf_map_row pf_map_##kernel;
#define PF_SWEEP_DECLARE_(kernel) PF_ROWS_SCOPE pf_sweep_row pf_sweep_##kernel;
#define PF_SUM_DECLARE_(kernel) PF_ROWS_SCOPE pf_sum_row pf_sum_##kernel;

/* Of a list of kernels (pf_kernel.h). */
#define PF_ROWS_DECLARE(LIST) LIST(PF_MAP_DECLARE_, PF_SWEEP_DECLARE_, PF_SUM_DECLARE_, PF_SUM_DECLARE_)

#endif
