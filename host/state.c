#include "state.h"

#include <stdlib.h>

static pf_status array(pf_state *s, size_t bytes, void *field) {
  void *made = NULL;
  PF_TRY(s->backend->allocate(s->backend, bytes, &made));
  *(void **)field = made;
  return PF_OK;
}

static pf_status create(pf_state *s) {
  const size_t n = (size_t)pf_cells(&s->grid), rows = (size_t)pf_rows(&s->grid);
  double **fields[] = {&s->xi,        &s->xi_next,  &s->s,      &s->s_next,    &s->phi,  &s->s_start,
                       &s->phi_start, &s->reaction, &s->weight, &s->curvature, &s->logit};
  for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) PF_TRY(array(s, n * sizeof(double), fields[f]));
  PF_TRY(array(s, 2 * n * sizeof(float), &s->rate));
  PF_TRY(array(s, n * sizeof(float), &s->scratch));
  uint8_t **marks[] = {&s->material, &s->owner, &s->owner_before};
  for (size_t f = 0; f < sizeof marks / sizeof *marks; f++) PF_TRY(array(s, n, marks[f]));
  PF_TRY(array(s, rows * sizeof(double), &s->hotspot));
  PF_TRY(array(s, rows * sizeof(double), &s->front));
  PF_TRY(array(s, ((size_t)s->grid.nx + 1) * sizeof(double), &s->film_x));
  PF_TRY(array(s, sizeof(pf_params), &s->d_params));
  PF_TRY(array(s, sizeof(pf_pair) * PF_MATERIALS * PF_MATERIALS, &s->d_pairs));
  PF_TRY(pf_state_upload_params(s));
  if (s->salty) {
    float **pairs[] = {&s->du, &s->sensitivity, &s->border};
    for (size_t f = 0; f < sizeof pairs / sizeof *pairs; f++) PF_TRY(array(s, 2 * n * sizeof(float), pairs[f]));
    return pf_linear_create(s->backend, &s->grid, &s->linear);
  }
  double **ion[] = {&s->ax, &s->m, &s->ion_rhs, &s->ion_du, &s->ion_sensitivity, &s->ion_border};
  for (size_t f = 0; f < sizeof ion / sizeof *ion; f++) PF_TRY(array(s, n * sizeof(double), ion[f]));
  if (s->grid.ny > 1) PF_TRY(array(s, n * sizeof(double), &s->ay));
  if (s->grid.nz > 1) PF_TRY(array(s, n * sizeof(double), &s->az));
  return pf_multigrid_create(s->backend, &s->grid, &s->multigrid);
}

pf_status pf_state_create(pf_backend *backend, const pf_grid *grid, const pf_params *params, pf_state **state) {
  pf_state *s = calloc(1, sizeof *s);
  PF_CHECK(s, PF_NO_MEMORY, "no memory for the state");
  s->backend = backend;
  s->grid = *grid;
  s->params = *params;
  s->tolerance = 1e-6;
  s->salt_least = 1;
  s->profile = 1;
  const pf_status status = create(s);
  if (status != PF_OK) {
    pf_state_destroy(s);
    return status;
  }
  *state = s;
  return PF_OK;
}

void pf_state_destroy(pf_state *s) {
  if (!s) return;
  void *arrays[] = {s->xi,
                    s->xi_next,
                    s->s,
                    s->s_next,
                    s->phi,
                    s->s_start,
                    s->phi_start,
                    s->rate,
                    s->reaction,
                    s->weight,
                    s->curvature,
                    s->logit,
                    s->material,
                    s->owner,
                    s->owner_before,
                    s->hotspot,
                    s->film_x,
                    s->front,
                    s->du,
                    s->sensitivity,
                    s->border,
                    s->d_params,
                    s->d_pairs,
                    s->scratch,
                    s->ax,
                    s->ay,
                    s->az,
                    s->m,
                    s->ion_rhs,
                    s->ion_du,
                    s->ion_sensitivity,
                    s->ion_border};
  for (size_t f = 0; f < sizeof arrays / sizeof *arrays; f++) s->backend->release(s->backend, arrays[f]);
  pf_linear_destroy(s->linear);
  pf_multigrid_destroy(s->multigrid);
  free(s);
}

double pf_state_bytes(const pf_grid *grid, bool salty) {
  const double n = (double)pf_cells(grid), rows = (double)pf_rows(grid);
  const double common = n * (11 * 8 + 3 * 4 + 3) + 16 * rows;
  if (salty) return common + n * 3 * 2 * 4 + pf_linear_bytes(grid);
  return common + n * 8 * (5 + pf_dimensions(grid)) + pf_multigrid_bytes(grid);
}

pf_status pf_state_upload_params(pf_state *s) {
  s->enters = (pf_enters){0, 0};
  s->salty = false;
  for (int m = 0; m < PF_MATERIALS; m++) {
    if (s->params.material[m].enters) s->enters.mask |= 1u << m;
    if (s->params.material[m].anion_share > 0) s->salty = true;
  }
  s->enters.moves_salt = s->salty;
  pf_pair pairs[PF_MATERIALS][PF_MATERIALS];
  int used = 0; /* materials */
  bool special = false;
  for (int l = 0; l < PF_MATERIALS; l++) {
    const pf_electrolyte *m = &s->params.material[l];
    if (m->conductance + m->single_ion_path > 0) used = l + 1;
    for (int r = 0; r < PF_MATERIALS; r++) pairs[l][r] = pf_pair_of(m, &s->params.material[r]);
  }
  for (int l = 0; l < used; l++)
    for (int r = 0; r < used; r++) special = special || pairs[l][r].special > 0;
  s->pair = pairs[0][0];
  s->faces = special ? PF_FACES_SPECIAL : used > 1 || s->films ? PF_FACES_PLAIN : PF_FACES_UNIFORM;
  PF_TRY(s->backend->upload(s->backend, s->d_pairs, pairs, sizeof pairs));
  return s->backend->upload(s->backend, s->d_params, &s->params, sizeof s->params);
}

void pf_state_forget(pf_state *s) {
  s->rate_dt = 0;
  s->sensitive = false;
  s->fresh = true;
}

static pf_status propagate(pf_state *s, int tails) {
  const pf_grid *g = &s->grid;
  const pf_grid lines[3] = {{1, g->ny, g->nz, g->h}, {g->nx, 1, g->nz, g->h}, {g->nx, g->ny, 1, g->h}};
  const int length[3] = {g->nx, g->ny, g->nz};
  for (double changes = 1; changes > 0;) {
    changes = 0;
    for (int d = 0; d < 3; d++) {
      if (length[d] == 1) continue;
      double sums[PF_SUMS];
      PF_TRY(PF_SUM(s->backend, connect_line, &lines[d], sums, .xi = s->xi, .owner = s->owner, .direction = d,
                    .length = length[d], .tails = tails, .fine = *g));
      changes += sums[0];
    }
    if (pf_dimensions(g) == 1) break; /* one walk up and down finds everything */
  }
  return PF_OK;
}

pf_status pf_state_connect(pf_state *s) {
  uint8_t *before = s->owner;
  s->owner = s->owner_before;
  s->owner_before = before;
  PF_TRY(PF_MAP(s->backend, connect_start, &s->grid, .xi = s->xi, .owner = s->owner,
                .resolved = s->params.counter == PF_COUNTER_RESOLVED));
  PF_TRY(propagate(s, 0));
  double dead[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, connect_dead, &s->grid, dead, .xi = s->xi, .owner = s->owner));
  if (dead[0] > 0) PF_TRY(propagate(s, 0));
  PF_TRY(propagate(s, 1));
  return PF_MAP(s->backend, connect_keep, &s->grid, .xi = s->xi, .before = before, .owner = s->owner);
}

pf_status pf_state_geometry(pf_state *s) {
  PF_TRY(PF_MAP(s->backend, logit, &s->grid, .xi = s->xi, .p = s->logit));
  return PF_MAP(s->backend, geometry, &s->grid, .xi = s->xi, .p = s->logit, .weight = s->weight,
                .curvature = s->curvature);
}

pf_status pf_state_start(pf_state *s) {
  PF_TRY(pf_state_upload_params(s));
  PF_TRY(pf_state_connect(s));
  PF_TRY(pf_state_connect(s)); /* twice, so that owner_before is set too */
  PF_TRY(pf_state_geometry(s));
  double sums[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, lithium, &s->grid, sums, .xi = s->xi, .owner = s->owner));
  s->lithium_start[0] = sums[0], s->lithium_start[1] = sums[1];
  PF_TRY(PF_SUM(s->backend, salt, &s->grid, sums, .xi = s->xi, .phi = s->phi, .s = s->s, .material = s->material,
                .params = s->d_params, .voltage = s->voltage, .carry = 0));
  s->salt_start = sums[0];
  return PF_OK;
}
