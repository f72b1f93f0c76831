#include "state.h"

#include "electrons.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table of arrays ---- */

#define ARRAY(field, count, kept)                                                         \
  {                                                                                       \
    "state." #field, offsetof(pf_state, field), (size_t)(count) * sizeof *s->field, kept, \
        _Generic(*s->field, double                                                        \
                 : 'd', float                                                             \
                 : 'f', default : 0)                                                      \
  }

int pf_state_arrays(const pf_state *s, pf_state_array array[PF_STATE_ARRAYS_MAX]) {
  const pf_grid *g = &s->grid;
  const size_t n = (size_t)pf_cells(g), rows = (size_t)pf_rows(g);
  const size_t salty = s->salty ? n : 0, ion = s->salty ? 0 : n; /* of the solver of both unknowns, of one */
  const size_t e = s->params.electrons ? n : 0, both = s->salty ? 2 * n : e;
  const size_t solid = s->params.mechanics ? n : 0, dimensions = (size_t)pf_dimensions(g);
  const size_t components = (size_t)pf_tensor_components(pf_dimensions(g));
  enum { KEPT = true, MADE = false };
  const pf_state_array all[] = {
      ARRAY(xi, n, KEPT),
      ARRAY(xi_next, n, MADE),
      ARRAY(s, n, KEPT),
      ARRAY(s_next, n, MADE),
      ARRAY(phi, n, KEPT),
      ARRAY(s_start, n, MADE),
      ARRAY(phi_start, n, MADE),
      ARRAY(rate, 2 * n, KEPT),
      ARRAY(reaction, n, KEPT),
      ARRAY(weight, n, MADE),
      ARRAY(curvature, n, MADE),
      ARRAY(logit, n, MADE),
      ARRAY(facet, s->params.anisotropy > 0 ? n : 0, MADE),
      ARRAY(bend, n, MADE),
      ARRAY(ridge, n, MADE),
      ARRAY(material, n, KEPT),
      ARRAY(owner, n, KEPT),
      ARRAY(owner_before, n, KEPT),
      ARRAY(hotspot, rows, KEPT),
      ARRAY(film_x, g->nx + 1, KEPT),
      ARRAY(front, rows, MADE),
      ARRAY(nucleus, s->params.nucleation.rate > 0 ? n : 0, KEPT),
      ARRAY(born, s->params.nucleation.rate > 0 ? n : 0, MADE),
      ARRAY(noise, s->params.law == PF_LAW_ALLEN_CAHN ? n : 0, KEPT),
      ARRAY(line, s->params.law == PF_LAW_MMS ? 3 * rows : 0, MADE),
      ARRAY(scratch, n, MADE),
      ARRAY(d_params, 1, MADE),
      ARRAY(d_pairs, PF_MATERIALS * PF_MATERIALS, MADE),
      ARRAY(du, both, MADE),
      ARRAY(sensitivity, both, KEPT),
      ARRAY(border, both, MADE),
      ARRAY(phi_e, e, KEPT),
      ARRAY(phi_e_start, e, MADE),
      ARRAY(rate_e, e, KEPT),
      ARRAY(film_e, e > 0 ? g->nx + 1 : 0, KEPT),
      ARRAY(ex, e, MADE),
      ARRAY(ey, g->ny > 1 ? e : 0, MADE),
      ARRAY(ez, g->nz > 1 ? e : 0, MADE),
      ARRAY(e_m, e, MADE),
      ARRAY(e_rhs, e, MADE),
      ARRAY(slope, e, MADE),
      ARRAY(by_salt, e > 0 ? salty : 0, MADE),
      ARRAY(into_salt, e > 0 ? salty : 0, MADE),
      ARRAY(tail, e, MADE),
      ARRAY(tail_salt, e > 0 ? salty : 0, MADE),
      ARRAY(du_e, e, MADE),
      ARRAY(sensitivity_e, e, KEPT),
      ARRAY(ion_b, e > 0 ? ion : 0, MADE),
      ARRAY(ax, ion, MADE),
      ARRAY(ay, g->ny > 1 ? ion : 0, MADE),
      ARRAY(az, g->nz > 1 ? ion : 0, MADE),
      ARRAY(m, ion, MADE),
      ARRAY(ion_rhs, ion, MADE),
      ARRAY(ion_du, ion, MADE),
      ARRAY(ion_sensitivity, ion, KEPT),
      ARRAY(ion_border, ion, MADE),
      ARRAY(push, solid, KEPT),
      ARRAY(displacement, dimensions * solid, KEPT),
      ARRAY(displacement_start, dimensions * solid, MADE),
      ARRAY(displacement_rate, dimensions * solid, KEPT),
      ARRAY(displacement_last, dimensions * solid, KEPT),
      ARRAY(eigenstrain, components * solid, KEPT),
      ARRAY(stress, components * solid, KEPT),
  };
  _Static_assert(sizeof all / sizeof *all <= PF_STATE_ARRAYS_MAX, "more room for the table");
  memcpy(array, all, sizeof all);
  return (int)(sizeof all / sizeof *all);
}

/* The pointer that a line of the table stands for. */
static void *pointer(const pf_state *s, const pf_state_array *array) {
  void *p;
  memcpy(&p, (const char *)s + array->offset, sizeof p);
  return p;
}

int pf_state_kept(pf_state *s, pf_kept *list, int count) {
#define NUMBER(type, name, size) list[count++] = (pf_kept){"state." #name, &s->name, sizeof s->name, NULL, 0};
  PF_STATE_NUMBERS(NUMBER)
#undef NUMBER
  if (s->multigrid)
    list[count++] = (pf_kept){"state.box_solves", pf_multigrid_box_solves(s->multigrid), sizeof(int), NULL, 0};
  if (s->electrons) {
    list[count++] = (pf_kept){"state.box_solves_e", pf_electrons_box_solves(s->electrons), sizeof(int), NULL, 0};
    list[count++] = (pf_kept){"state.coupled_e", pf_electrons_coupled(s->electrons), sizeof(int), NULL, 0};
  }
  pf_state_array array[PF_STATE_ARRAYS_MAX];
  const int arrays = pf_state_arrays(s, array);
  for (int n = 0; n < arrays; n++)
    if (array[n].kept && array[n].bytes > 0)
      list[count++] = (pf_kept){array[n].name, pointer(s, &array[n]), array[n].bytes, s->backend, array[n].kind};
  return count;
}

pf_status pf_state_renew(pf_state *s) { return pf_state_geometry(s); }

/* ---- making it ---- */

static bool has_salt(const pf_params *params) {
  for (int m = 0; m < PF_MATERIALS; m++)
    if (params->material[m].anion_share > 0) return true;
  return false;
}

static pf_status create(pf_state *s) {
  pf_state_array array[PF_STATE_ARRAYS_MAX];
  const int arrays = pf_state_arrays(s, array);
  for (int n = 0; n < arrays; n++) {
    void *made = NULL;
    if (array[n].bytes > 0) PF_TRY(s->backend->allocate(s->backend, array[n].bytes, &made));
    memcpy((char *)s + array[n].offset, &made, sizeof made);
  }
  PF_TRY(pf_state_upload_params(s));
  const bool wide = s->params.wide;
  if (s->params.electrons) PF_TRY(pf_electrons_create(s->backend, &s->grid, s->salty, wide, &s->electrons));
  if (s->params.mechanics) PF_TRY(pf_elasticity_create(s->backend, &s->grid, &s->elasticity));
  if (s->salty) return pf_linear_create(s->backend, &s->grid, wide, &s->linear);
  return pf_multigrid_create(s->backend, &s->grid, wide, &s->multigrid);
}

/* Told before anything is taken. */
static pf_status check_memory(const pf_state *s) {
  const pf_grid *g = &s->grid;
  const double bytes = pf_state_bytes(g, &s->params), there = s->backend->room;
  const bool gpu = strcmp(s->backend->name, "cuda") == 0;
  PF_CHECK(bytes <= there, PF_NO_MEMORY,
           "%d x %d x %d cells need %.4g GiB, %s %.4g GiB%s: %.3g million cells fit into it", g->nx, g->ny, g->nz,
           bytes / 0x1p30, gpu ? "of the GPU's memory" : "this machine has", there / 0x1p30, gpu ? " are free" : "",
           1e-6 * (double)pf_cells(g) * there / bytes);
  return PF_OK;
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
  s->salty = has_salt(params);
  pf_status status = check_memory(s);
  if (status == PF_OK) status = create(s);
  if (status != PF_OK) {
    pf_state_destroy(s);
    return status;
  }
  *state = s;
  return PF_OK;
}

void pf_state_destroy(pf_state *s) {
  if (!s) return;
  pf_state_array array[PF_STATE_ARRAYS_MAX];
  const int arrays = pf_state_arrays(s, array);
  for (int n = 0; n < arrays; n++) s->backend->release(s->backend, pointer(s, &array[n]));
  pf_electrons_destroy(s->electrons);
  pf_linear_destroy(s->linear);
  pf_multigrid_destroy(s->multigrid);
  pf_elasticity_destroy(s->elasticity);
  free(s);
}

double pf_state_bytes(const pf_grid *grid, const pf_params *params) {
  const pf_state like = {.grid = *grid, .params = *params, .salty = has_salt(params)};
  pf_state_array array[PF_STATE_ARRAYS_MAX];
  const int arrays = pf_state_arrays(&like, array);
  double bytes = like.salty ? pf_linear_bytes(grid, params->wide) : pf_multigrid_bytes(grid, params->wide);
  if (params->electrons) bytes += pf_electrons_bytes(grid, like.salty, params->wide);
  if (params->mechanics) bytes += pf_elasticity_bytes(grid);
  for (int n = 0; n < arrays; n++) bytes += (double)array[n].bytes;
  return bytes;
}

pf_status pf_state_upload_params(pf_state *s) {
  s->enters = (pf_enters){0, 0};
  s->salty = has_salt(&s->params);
  for (int m = 0; m < PF_MATERIALS; m++)
    if (s->params.material[m].enters) s->enters.mask |= 1u << m;
  s->enters.moves_salt = s->salty;
  pf_pair pairs[PF_MATERIALS][PF_MATERIALS];
  int used = 0; /* materials */
  bool special = false;
  for (int l = 0; l < PF_MATERIALS; l++) {
    const pf_electrolyte *m = &s->params.material[l];
    if (m->conductance + m->single_ion_path > 0) used = l + 1;
    for (int r = 0; r < PF_MATERIALS; r++) pairs[l][r] = pf_pair_of(m, &s->params.material[r]);
  }
  s->walls = false;
  for (int l = 1; l < used; l++) s->walls = s->walls || !s->params.material[l].enters != !s->params.material[0].enters;
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

/* Lines along y or z that are walked beside each other, so that whole cache lines are used; on a GPU each by a thread. */
enum { LINES_BESIDE = 64 };

/* Walks along the lines of one direction after the other, until in all of them nothing changes any more.  A walk leaves
 * nothing to do in its own direction. */
static pf_status propagate(pf_state *s, int tails) {
  const pf_grid *g = &s->grid;
  const int beside = s->backend->launches ? 1 : LINES_BESIDE;
  const int width[3] = {1, beside, beside}, across = (g->nx + beside - 1) / beside;
  const pf_grid lines[3] = {{1, g->ny, g->nz, g->h}, {across, 1, g->nz, g->h}, {across, g->ny, 1, g->h}};
  const int length[3] = {g->nx, g->ny, g->nz}, others = (g->nx > 1) + (g->ny > 1) + (g->nz > 1) - 1;
  int left = others + 1; /* directions that may have something to do */
  for (int d = 0; left > 0; d = (d + 1) % 3) {
    if (length[d] == 1) continue;
    double sums[PF_SUMS];
    PF_TRY(PF_SUM(s->backend, connect_line, &lines[d], sums, .xi = s->xi, .owner = s->owner, .direction = d,
                  .length = length[d], .width = width[d], .tails = tails, .fine = *g));
    left = sums[0] > 0 ? others : left - 1;
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
  s->floats = dead[0] > 0;
  if (s->floats) PF_TRY(propagate(s, 0));
  PF_TRY(propagate(s, 1));
  double moved[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, connect_keep, &s->grid, moved, .xi = s->xi, .before = before, .owner = s->owner));
  s->lithium_start[0] += moved[0] - moved[1], s->lithium_start[1] += moved[1] - moved[0];
  if (!s->walls) return PF_OK;
  s->owner_before = s->owner;
  s->owner = before;
  return PF_MAP(s->backend, connect_walls, &s->grid, .xi = s->xi, .material = s->material, .owner = s->owner_before,
                .owner_new = s->owner, .enters = s->enters);
}

int pf_state_embeds(const pf_state *s) { return s->stack && !s->salty && (s->floats || s->nuclei > 0) ? 1 : 0; }

pf_status pf_state_geometry(pf_state *s) {
  PF_TRY(PF_MAP(s->backend, logit, &s->grid, .xi = s->xi, .p = s->logit));
  const pf_geometry_args args = {.xi = s->xi,
                                 .p = s->logit,
                                 .material = s->material,
                                 .weight = s->weight,
                                 .curvature = s->curvature,
                                 .enters = s->enters,
                                 .lead = s->lead};
  PF_TRY(s->backend->map(s->backend, s->walls ? PF_KERNEL_geometry_walls : PF_KERNEL_geometry, &s->grid, &args));
  if (s->facet)
    PF_TRY(PF_MAP(s->backend, facet, &s->grid, .p = s->logit, .material = s->material, .facet = s->facet,
                  .enters = s->enters, .anisotropy = s->params.anisotropy));
  if (!s->nucleus) return PF_OK;
  double lost[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, nucleus_fill, &s->grid, lost, .xi = s->xi, .nucleus = s->nucleus, .weight = s->weight,
                .owner = s->owner, .eps = s->params.eps));
  s->lithium_start[0] += lost[0], s->lithium_start[1] -= lost[0];
  return PF_OK;
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
