#include "nucleation.h"

#include <math.h>
#include <stdlib.h>

static int apart(int a, int b, int period) {
  const int d = abs(a - b);
  return 2 * d > period ? period - d : d;
}

static double distance(const pf_grid *g, pf_at a, pf_at b) {
  const double x = a.i - b.i, y = apart(a.j, b.j, g->ny), z = apart(a.k, b.k, g->nz);
  return sqrt(x * x + y * y + z * z);
}

/* Draws the nuclei of the marked cells, in their order; one within another is left out. */
static pf_status draw(pf_state *s, const uint8_t *born, ptrdiff_t *place) {
  const pf_grid *g = &s->grid;
  ptrdiff_t count = 0;
  for (ptrdiff_t c = 0; c < pf_cells(g); c++) {
    if (!born[c]) continue;
    const pf_at at = pf_at_cell(g, c / g->nx, (int)(c % g->nx));
    bool free_place = true;
    for (ptrdiff_t n = 0; n < count && free_place; n++)
      free_place =
          distance(g, at, pf_at_cell(g, place[n] / g->nx, (int)(place[n] % g->nx))) > s->params.nucleation.radius;
    if (!free_place) continue;
    place[count++] = c;
    PF_TRY(PF_MAP(s->backend, nucleus_draw, g, .nucleus = s->nucleus, .metal = s->salty ? NULL : s->phi_e, .xi = s->xi,
                  .phi = s->phi, .sensitivity = s->sensitivity, .sensitivity_e = s->sensitivity_e, .push = s->push,
                  .material = s->material, .params = s->d_params, .enters = s->enters, .grid = *g, .centre = at));
  }
  s->nuclei += (double)count;
  return PF_OK;
}

pf_status pf_nucleation_step(pf_state *s, double dt) {
  if (!s->nucleus) return PF_OK;
  double sums[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, nucleate, &s->grid, sums, .xi = s->xi, .phi = s->phi, .metal = s->phi_e,
                .material = s->material, .nucleus = s->nucleus, .born = s->born, .law = s->params.nucleation,
                .enters = s->enters, .dt = dt, .step = (uint32_t)s->step));
  if (!(sums[0] > 0)) return PF_OK;
  const size_t cells = (size_t)pf_cells(&s->grid);
  uint8_t *born = malloc(cells);
  ptrdiff_t *place = malloc((size_t)sums[0] * sizeof *place);
  pf_status status = born && place ? PF_OK : PF_FAIL(PF_NO_MEMORY, "no memory for %.0f nuclei", sums[0]);
  if (status == PF_OK) status = s->backend->download(s->backend, born, s->born, cells);
  if (status == PF_OK) status = draw(s, born, place);
  free(born), free(place);
  return status;
}

pf_status pf_nucleation_count(pf_state *s, double dt) {
  if (!s->nucleus) return PF_OK;
  double sums[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, floating, &s->grid, sums, .reaction = s->reaction, .xi = s->xi, .owner = s->owner));
  s->nucleated += s->params.growth * dt * sums[0];
  return PF_OK;
}
