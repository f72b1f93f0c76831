#include "measure.h"

#include "explicit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double um = 1e-6;

pf_status pf_measure_row(pf_state *s, pf_history_row *row) {
  const pf_grid *g = &s->grid;
  const ptrdiff_t rows = pf_rows(g);
  const pf_grid lines = {1, g->ny, g->nz, g->h};
  double sums[PF_SUMS];
  PF_TRY(PF_MAP(s->backend, front, &lines, .xi = s->xi, .owner = s->owner, .front = s->front, .nx = g->nx,
                .level = s->params.law == PF_LAW_DENDRITE ? log(3) : 0)); /* PFHub 3: phi = 1/2, xi = 3/4 */
  PF_TRY(PF_SUM(s->backend, lithium, g, sums, .xi = s->xi, .owner = s->owner));
  double *front = malloc((size_t)rows * sizeof(double));
  PF_CHECK(front, PF_NO_MEMORY, "no memory for the front");
  const pf_status status = s->backend->download(s->backend, front, s->front, (size_t)rows * sizeof(double));
  if (status != PF_OK) {
    free(front);
    return status;
  }
  double mean = 0, low = (double)INFINITY, high = -(double)INFINITY, square = 0;
  for (ptrdiff_t r = 0; r < rows; r++) {
    mean += front[r] / (double)rows;
    low = fmin(low, front[r]);
    high = fmax(high, front[r]);
  }
  for (ptrdiff_t r = 0; r < rows; r++) square += (front[r] - mean) * (front[r] - mean);
  free(front);
  const double h_um = g->h / um, deposited = s->lithium_passed[0] / (double)rows * h_um;
  const double per_charge = s->params.growth * g->h / s->scales.current; /* Vm/F, m3/C */
  const bool literature = s->params.law == PF_LAW_ALLEN_CAHN; /* its two currents differ: deposited_um is no charge */
  *row = (pf_history_row){
      .time_s = s->time,
      .current_mA_cm2 = s->current / (double)rows * s->scales.current / 10,
      .voltage_mV = 1e3 * s->voltage * s->scales.potential,
      .charge_mAh_cm2 =
          (s->electrons || literature ? s->charge / (double)rows * h_um : deposited) * um / per_charge / 36000,
      .deposited_um = deposited,
      .retreat_um = s->lithium_retreat[0] / (double)rows * h_um,
      .front_mean_um = mean * h_um,
      .front_max_um = high * h_um,
      .front_min_um = low * h_um,
      .roughness_um = sqrt(square / (double)rows) * h_um,
      .salt_min_mol_L = (double)NAN,
      .electronic_leak_fraction = s->electrons ? pf_measure_leak(s) : (double)NAN,
      .peak_stress_MPa = (double)NAN,
      .profile_q = s->profile,
      .half_cycle = 1,
      .step = s->step,
      .dt_s = s->dt,
      .tip_velocity_um_h = (double)NAN,
      .dendrite_area_um2 = pf_dimensions(g) > 1 ? (sums[0] - s->lithium_start[0]) * h_um * h_um / g->nz : (double)NAN,
  };
  if (s->elasticity) {
    PF_TRY(PF_MAX(s->backend, elastic_peak, g, sums, .xi = s->xi, .stress = s->stress, .cells = pf_cells(g),
                  .dimensions = s->elasticity->dimensions));
    row->peak_stress_MPa = sums[0] / 1e6;
  }
  PF_TRY(pf_explicit_value(s, &row->benchmark_value));
  if (literature) row->salt_min_mol_L = s->salt_least * s->params.material[0].c0 / 1000;
  if (s->salty) {
    double c0 = (double)INFINITY; /* of the layer with least salt: s is continuous, c is not */
    for (int m = 0; m < PF_MATERIALS; m++)
      if (s->params.material[m].anion_share > 0) c0 = fmin(c0, s->params.material[m].c0);
    row->salt_min_mol_L = s->salt_least * c0 / 1000;
  }
  return PF_OK;
}

double pf_measure_charge(const pf_state *s, double cells) {
  if (!s->electrons) return (double)NAN;
  const double per_charge = s->params.growth * s->grid.h / s->scales.current; /* Vm/F, m3/C */
  return cells / (double)pf_rows(&s->grid) * s->grid.h / per_charge / 36000;
}

double pf_measure_leak(const pf_state *s) {
  const double least = 1e-5 / s->scales.current * (double)pf_rows(&s->grid); /* 1 nA/cm2 counts as none */
  return fabs(s->current) > least ? s->leak / s->current : 0;
}

bool pf_measure_collapsed(const pf_state *s) { return s->electrons && fabs(pf_measure_leak(s)) > 0.5; }

pf_status pf_measure_short(pf_state *s, bool *is_short) {
  double sums[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, short, &s->grid, sums, .xi = s->xi, .owner = s->owner));
  *is_short = sums[0] > 0 || sums[1] > 0;
  return PF_OK;
}

pf_status pf_measure_exhausted(pf_state *s, bool *is_exhausted) {
  const double least = 1e-5 / s->scales.current * (double)pf_rows(&s->grid); /* 1 nA/cm2 counts as none */
  const int electrode = s->current > 0 ? 1 : 0;
  *is_exhausted = false;
  if (!(fabs(s->current) > least) || (electrode == 1 && s->params.counter != PF_COUNTER_RESOLVED)) return PF_OK;
  double sums[PF_SUMS];
  PF_TRY(PF_SUM(s->backend, lithium, &s->grid, sums, .xi = s->xi, .owner = s->owner));
  /* of a tanh profile that ends at xi = 1/2 the integral is eps ln 2 */
  *is_exhausted = sums[electrode] < s->params.eps * log(2) * (double)pf_rows(&s->grid);
  return PF_OK;
}

pf_status pf_measure_fracture(pf_state *s, double *margin) {
  const pf_grid lines = {1, s->grid.ny, s->grid.nz, s->grid.h};
  double most[PF_SUMS];
  PF_TRY(PF_MAX(s->backend, fracture, &lines, most, .xi = s->xi, .phi = s->phi, .s = s->s, .weight = s->weight,
                .curvature = s->curvature, .material = s->material, .owner = s->owner, .metal = s->phi_e,
                .params = s->d_params, .voltage = s->voltage, .nx = s->grid.nx));
  *margin = fmax(most[0], most[1]);
  return PF_OK;
}

/* Those of a grid's dimensions come first. */
static const struct {
  const char *name, *long_name;
  int what;
} stress[] = {{"stress_xx", "Cauchy stress, xx", 0},
              {"stress_yy", "Cauchy stress, yy", 1},
              {"stress_zz", "Cauchy stress, zz", 2},
              {"stress_xy", "Cauchy stress, xy", 3},
              {"stress_xz", "Cauchy stress, xz", 4},
              {"stress_yz", "Cauchy stress, yz", 5},
              {"von_mises", "von Mises' stress", PF_STRESS_MISES},
              {"pressure", "pressure, a third of minus the trace of the stress", PF_STRESS_PRESSURE}};

const char *pf_measure_field_name(const pf_grid *grid, const char *name, int n) {
  if (strcmp(name, "stress") != 0) return n == 0 ? name : NULL;
  return n < pf_tensor_components(pf_dimensions(grid)) ? stress[n].name : NULL;
}

pf_status pf_measure_field(pf_state *s, const char *name, pf_room *room, size_t at, const char **units,
                           const char **long_name) {
  static const struct {
    const char *name, *units, *long_name;
  } field[] = {{"phase", "1", "lithium metal fraction"},
               {"salt", "mol/m3", "Li+ (salt) concentration of the electrolyte"},
               {"potential", "V", "ionic potential against lithium"},
               {"reaction", "A/m3", "lithium deposition rate per volume"},
               {"electron_potential", "V", "electronic potential, 0 at x = 0"},
               {"material", "1", "index of the layer"}};
  const size_t bytes = (size_t)pf_cells(&s->grid) * sizeof(float);
  for (size_t f = 0; f < sizeof field / sizeof *field; f++) {
    if (strcmp(name, field[f].name) != 0) continue;
    *units = field[f].units;
    *long_name = field[f].long_name;
    if (f == 5) {
      PF_TRY(PF_MAP(s->backend, export_map, &s->grid, .map = s->material, .y = s->scratch));
      return s->backend->fetch(s->backend, room, at, s->scratch, bytes);
    }
    const double *from[] = {s->xi, s->s, s->phi, s->reaction, s->phi_e};
    const double factor[] = {1, 1, s->scales.potential, s->scales.current / s->scales.length, s->scales.potential};
    if (!from[f]) break;
    PF_TRY(PF_MAP(s->backend, export, &s->grid, .x = from[f], .material = s->material, .params = s->d_params,
                  .y = s->scratch, .factor = factor[f], .by_salt = f == 1));
    return s->backend->fetch(s->backend, room, at, s->scratch, bytes);
  }
  for (size_t f = 0; s->elasticity && f < sizeof stress / sizeof *stress; f++) {
    if (strcmp(name, stress[f].name) != 0) continue;
    *units = "Pa";
    *long_name = stress[f].long_name;
    PF_TRY(PF_MAP(s->backend, elastic_export, &s->grid, .stress = s->stress, .y = s->scratch, .what = stress[f].what,
                  .cells = pf_cells(&s->grid), .dimensions = s->elasticity->dimensions));
    return s->backend->fetch(s->backend, room, at, s->scratch, bytes);
  }
  return PF_FAIL(PF_BAD_INPUT, "there is no field '%s' in this run", name);
}

void pf_measure_fault(pf_state *s, char *text, size_t size) {
  const char *names[] = {"phase", "salt", "potential", "reaction", "electron_potential"};
  const double *fields[] = {s->xi, s->s, s->phi, s->reaction, s->phi_e};
  const size_t cells = (size_t)pf_cells(&s->grid);
  double *values = malloc(cells * sizeof(double)), worst = 0;
  snprintf(text, size, "no cell stands out");
  for (int f = 0; values && f < 5 && fields[f]; f++) {
    if (s->backend->download(s->backend, values, fields[f], cells * sizeof(double)) != PF_OK) break;
    for (size_t c = 0; c < cells; c++) {
      const bool finite = isfinite(values[c]);
      const double excess = f == 0 ? fmax(-values[c], values[c] - 1) : 0;
      if (finite && !(excess > fmax(worst, 1e-3))) continue;
      if (finite) worst = excess;
      const size_t nx = (size_t)s->grid.nx, ny = (size_t)s->grid.ny;
      snprintf(text, size, "%s is %.6g at cell (%zu, %zu, %zu)", names[f], values[c], c % nx, c / nx % ny, c / nx / ny);
      if (!finite) {
        free(values);
        return;
      }
    }
  }
  free(values);
}
