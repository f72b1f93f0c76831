#include "mg_plan.h"

pf_status pf_mg_plan(const pf_grid *finest, pf_grid levels[PF_MG_LEVELS_MAX], int factor[PF_MG_LEVELS_MAX][3],
                     int *count) {
  *count = 0;
  PF_CHECK(finest->nx > 0 && finest->ny > 0 && finest->nz > 0, PF_BAD_INPUT, "a grid of %d x %d x %d cells", finest->nx,
           finest->ny, finest->nz);
  levels[0] = *finest;
  int l = 0;
  for (;; l++) {
    const pf_grid *g = &levels[l];
    const int n[3] = {g->nx, g->ny, g->nz};
    const int last = pf_cells(g) <= PF_MG_COARSEST;
    for (int d = 0; d < 3; d++) factor[l][d] = !last && n[d] > 1 ? 2 : 1;
    if (last) break;
    PF_CHECK(l + 1 < PF_MG_LEVELS_MAX, PF_FAILED, "a grid of more than %d levels", PF_MG_LEVELS_MAX);
    levels[l + 1].nx = (g->nx + factor[l][0] - 1) / factor[l][0];
    levels[l + 1].ny = (g->ny + factor[l][1] - 1) / factor[l][1];
    levels[l + 1].nz = (g->nz + factor[l][2] - 1) / factor[l][2];
    levels[l + 1].h = 2 * g->h;
  }
  *count = l + 1;
  return PF_OK;
}
