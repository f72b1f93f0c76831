/* mg_plan.h: the grids of a multigrid hierarchy, for every solver that uses one.
 *
 * Cells are joined two by two in every direction that has more than one; an odd last cell stays alone.  So the shape of
 * a cell stays that of the finest level (a point smoother needs that), a short direction ends at one cell, and the
 * coarsest level is small for long domains too: it is solved directly. */
#ifndef PF_MG_PLAN_H
#define PF_MG_PLAN_H

#include "pf_grid.h"
#include "pf_status.h"

enum {
  PF_MG_LEVELS_MAX = 40,
  PF_MG_COARSEST = 32 /* cells of the coarsest level at most */
};

/* levels[0] is the finest grid.  factor[l][d] is 1 or 2: fine cells of level l that one cell of level l + 1 joins in
 * direction d (x, y, z); coarse cell i covers the fine cells factor i ... min(factor i + factor, n) - 1.  factor of the
 * last level is 1.  count: levels used.  PF_BAD_INPUT where a grid has no cells. */
pf_status pf_mg_plan(const pf_grid *finest, pf_grid levels[PF_MG_LEVELS_MAX], int factor[PF_MG_LEVELS_MAX][3],
                     int *count);

#endif
