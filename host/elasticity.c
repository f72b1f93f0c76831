#include "elasticity.h"

#include <math.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;

/* Contrast 1e4 needs about 300; a solve that needs more than this finds nothing any more. */
enum { ITERATIONS_MOST = 2000 };

/* ---- memory ---- */

/* Sine and cosine of half the phase of each wave, [nx/2+1 + ny + nz][2]; at the shortest wave the cosine is 0. */
static pf_status make_waves(pf_elasticity *e) {
  const pf_grid *g = &e->grid;
  const int length[3] = {g->nx, g->ny, g->nz}, count[3] = {g->nx / 2 + 1, g->ny, g->nz};
  const size_t bytes = 2 * ((size_t)count[0] + (size_t)count[1] + (size_t)count[2]) * sizeof(double);
  PF_TRY(e->backend->allocate(e->backend, bytes, (void **)&e->wave));
  double *wave = malloc(bytes), *w = wave;
  PF_CHECK(wave, PF_NO_MEMORY, "no memory for the waves of %d x %d x %d cells", g->nx, g->ny, g->nz);
  for (int d = 0; d < 3; d++)
    for (int n = 0; n < count[d]; n++, w += 2) {
      w[0] = sin(pi * n / length[d]);
      w[1] = 2 * n == length[d] ? 0 : cos(pi * n / length[d]);
    }
  const pf_status status = e->backend->upload(e->backend, e->wave, wave, bytes);
  free(wave);
  return status;
}

static pf_status create(pf_elasticity *e) {
  pf_backend *b = e->backend;
  const size_t field = (size_t)pf_cells(&e->grid) * sizeof(double), dimensions = (size_t)e->dimensions;
  PF_TRY(b->allocate(b, field, (void **)&e->lambda));
  PF_TRY(b->allocate(b, field, (void **)&e->mu));
  PF_TRY(b->allocate(b, (size_t)e->components * field, (void **)&e->step));
  PF_TRY(b->allocate(b, dimensions * field, (void **)&e->q));
  if (e->dimensions == 1) return PF_OK;
  const pf_grid waves = pf_spectrum(&e->grid);
  PF_TRY(b->allocate(b, dimensions * field, (void **)&e->r));
  PF_TRY(b->allocate(b, dimensions * field, (void **)&e->p));
  PF_TRY(b->allocate(b, dimensions * (size_t)pf_cells(&waves) * 2 * sizeof(double), (void **)&e->spectrum));
  PF_TRY(make_waves(e));
  return b->fft_create(b, &e->grid, e->dimensions, &e->fft);
}

pf_status pf_elasticity_create(pf_backend *backend, const pf_grid *grid, pf_elasticity **elasticity) {
  *elasticity = NULL;
  pf_elasticity *e = calloc(1, sizeof *e);
  PF_CHECK(e, PF_NO_MEMORY, "no memory for mechanics");
  e->backend = backend;
  e->grid = *grid;
  e->dimensions = pf_dimensions(grid);
  e->components = pf_tensor_components(e->dimensions);
  e->iterations_most = ITERATIONS_MOST;
  const pf_status status = create(e);
  if (status != PF_OK) {
    pf_elasticity_destroy(e);
    return status;
  }
  *elasticity = e;
  return PF_OK;
}

void pf_elasticity_destroy(pf_elasticity *e) {
  if (!e) return;
  pf_backend *b = e->backend;
  double *arrays[] = {e->lambda, e->mu, e->step, e->r, e->p, e->q, e->spectrum, e->wave};
  for (size_t n = 0; n < sizeof arrays / sizeof *arrays; n++) b->release(b, arrays[n]);
  if (e->fft) b->fft_destroy(b, e->fft);
  free(e);
}

double pf_elasticity_bytes(const pf_grid *grid) {
  const int d = pf_dimensions(grid);
  const pf_grid waves = pf_spectrum(grid);
  const double n = 8 * (double)pf_cells(grid), common = n * (2 + d + pf_tensor_components(d));
  return d == 1 ? common : common + 2 * d * n + 16 * d * (double)pf_cells(&waves);
}

/* ---- moduli ---- */

void pf_elasticity_set_moduli(pf_elasticity *e, const double *young, const double *poisson, int materials,
                              double lithium_young, double lithium_poisson) {
  double least_lambda = 1e300, most_lambda = -1e300, least_mu = 1e300, most_mu = -1e300;
  for (int m = 0; m <= PF_MATERIALS; m++) {
    if (m >= materials && m < PF_MATERIALS) continue;
    const double modulus = m < materials ? young[m] : lithium_young, nu = m < materials ? poisson[m] : lithium_poisson;
    const double mu = modulus / (2 * (1 + nu)), lambda = modulus * nu / ((1 + nu) * (1 - 2 * nu));
    *(m < materials ? &e->compliances.bulk[m] : &e->compliances.lithium_bulk) = 1 / (lambda + 2 * mu / 3);
    *(m < materials ? &e->compliances.shear[m] : &e->compliances.lithium_shear) = 1 / mu;
    least_lambda = fmin(least_lambda, lambda), most_lambda = fmax(most_lambda, lambda);
    least_mu = fmin(least_mu, mu), most_mu = fmax(most_mu, mu);
  }
  e->lambda0 = 0.5 * (least_lambda + most_lambda);
  e->mu0 = 0.5 * (least_mu + most_mu);
}

/* ---- conjugate gradients ---- */

/* The vector of unknowns beside the displacement: the stretch of the cell along x, one component a dimension. */
typedef struct vector3 {
  double v[3];
} vector3;

static pf_tensor mean_strain(const double stretch[3]) {
  return (pf_tensor){.xx = stretch[0], .xy = 0.5 * stretch[1], .xz = 0.5 * stretch[2]};
}

static double dot3(const pf_elasticity *e, vector3 a, vector3 b) {
  double sum = 0;
  for (int d = 0; d < e->dimensions; d++) sum += a.v[d] * b.v[d];
  return sum;
}

/* A grid over all components of a displacement. */
static pf_grid components(const pf_elasticity *e) {
  pf_grid all = e->grid;
  all.nz *= e->dimensions;
  return all;
}

/* z = (Green's operator) r, in q and zs; *product = r . z */
static pf_status precondition(pf_elasticity *e, vector3 rs, vector3 *zs, double *product) {
  pf_backend *b = e->backend;
  const pf_grid *g = &e->grid, waves = pf_spectrum(g);
  const double n = (double)pf_cells(g);
  double sums[PF_SUMS];
  const pf_elastic_green_args green = {.spectrum = e->spectrum,
                                       .wave = e->wave,
                                       .lambda0 = e->lambda0,
                                       .mu0 = e->mu0,
                                       .scale = 1 / n,
                                       .half = waves.nx,
                                       .ny = g->ny,
                                       .waves = pf_cells(&waves),
                                       .dimensions = e->dimensions};
  if (b->fft_green) {
    PF_TRY(b->fft_green(b, e->fft, &green, e->r, e->q));
  } else {
    PF_TRY(b->fft_forward(b, e->fft, e->r, e->spectrum));
    PF_TRY(b->map(b, PF_KERNEL_elastic_green, &waves, &green));
    PF_TRY(b->fft_inverse(b, e->fft, e->spectrum, e->q));
  }
  for (int d = 0; d < 3; d++) zs->v[d] = rs.v[d] / (n * (d == 0 ? e->lambda0 + 2 * e->mu0 : e->mu0));
  const pf_grid all = components(e);
  PF_TRY(PF_SUM(b, dot, &all, sums, .x = e->r, .y = e->q));
  *product = sums[0] + dot3(e, rs, *zs);
  return PF_OK;
}

static pf_status stress_of(pf_elasticity *e, const double *u, const double *eigenstrain, pf_tensor mean,
                           double traction, double *stress, double sums[PF_SUMS]) {
  static const pf_kernel kernel[] = {PF_KERNEL_elastic_stress_1, PF_KERNEL_elastic_stress_2,
                                     PF_KERNEL_elastic_stress_3};
  const pf_elastic_stress_args args = {.u = u,
                                       .eigenstrain = eigenstrain,
                                       .lambda = e->lambda,
                                       .mu = e->mu,
                                       .stress = stress,
                                       .mean = mean,
                                       .traction = traction,
                                       .lambda0 = e->lambda0,
                                       .mu0 = e->mu0,
                                       .cells = pf_cells(&e->grid),
                                       .nx = e->grid.nx};
  return e->backend->sum(e->backend, kernel[e->dimensions - 1], &e->grid, &args, sums);
}

/* f = sign (forces of `stress` and of the cells' resistance to u); *product = u . f */
static pf_status force_of(pf_elasticity *e, const double *u, const double *stress, double sign, double *f,
                          double *product) {
  static const pf_kernel kernel[] = {PF_KERNEL_elastic_force_2, PF_KERNEL_elastic_force_3};
  const pf_elastic_force_args args = {
      .stress = stress, .u = u, .mu = e->mu, .f = f, .sign = sign, .cells = pf_cells(&e->grid), .nx = e->grid.nx};
  double sums[PF_SUMS];
  PF_TRY(e->backend->sum(e->backend, kernel[e->dimensions - 2], &e->grid, &args, sums));
  *product = sums[0];
  return PF_OK;
}

/* By a along p; *size = stress : C0^-1 : stress. */
static pf_status advance(pf_elasticity *e, const pf_elastic_field *field, double a, double *size) {
  static const pf_kernel kernel[] = {PF_KERNEL_elastic_advance_2, PF_KERNEL_elastic_advance_3};
  const pf_elastic_advance_args args = {.u = field->displacement,
                                        .r = e->r,
                                        .stress = field->stress,
                                        .p = e->p,
                                        .q = e->q,
                                        .step = e->step,
                                        .a = a,
                                        .lambda0 = e->lambda0,
                                        .mu0 = e->mu0,
                                        .cells = pf_cells(&e->grid)};
  double sums[PF_SUMS];
  PF_TRY(e->backend->sum(e->backend, kernel[e->dimensions - 2], &e->grid, &args, sums));
  *size = sums[0];
  return PF_OK;
}

pf_status pf_elasticity_solve(pf_elasticity *e, const double *xi, const uint8_t *material, const pf_elastic_load *load,
                              const pf_elastic_field *field, double tolerance, pf_elastic_report *report) {
  pf_backend *b = e->backend;
  const pf_grid *g = &e->grid;
  const pf_grid all = components(e);
  const double n = (double)pf_cells(g), floor2 = n * e->stress_floor * e->stress_floor / (2 * e->mu0);
  double sums[PF_SUMS], product, before, curvature;
  *report = (pf_elastic_report){0, 0};
  PF_TRY(PF_MAP(b, elastic_moduli, g, .xi = xi, .material = material, .lambda = e->lambda, .mu = e->mu,
                .of = e->compliances));
  pf_tensor mean = e->dimensions > 1 ? mean_strain(field->stretch) : (pf_tensor){0};
  mean.yy = load->strain_yy, mean.zz = load->strain_zz, mean.yz = load->strain_yz;
  PF_TRY(stress_of(e, field->displacement, field->eigenstrain, mean, load->traction[0], field->stress, sums));
  if (e->dimensions == 1) return PF_OK;

  vector3 rs = {{0}}, zs = {{0}}, ps = {{0}};
  for (int d = 0; d < e->dimensions; d++) rs.v[d] = n * load->traction[d] - sums[d];
  double size = sums[3];
  PF_TRY(force_of(e, field->displacement, field->stress, -1, e->r, &curvature));
  PF_TRY(precondition(e, rs, &zs, &product));
  PF_TRY(b->copy(b, e->p, e->q, (size_t)pf_cells(&all) * sizeof(double)));
  ps = zs;
  for (;;) {
    const double scale = fmax(size, floor2);
    report->error = product > 0 ? sqrt(product / scale) : 0;
    if (product <= tolerance * tolerance * scale) return PF_OK;
    PF_CHECK(report->iterations < e->iterations_most && product < 1e300, PF_FAILED,
             "no stress was found in %d iterations: forces of %.1e of the stress are out of balance",
             report->iterations, report->error);
    PF_TRY(stress_of(e, e->p, NULL, mean_strain(ps.v), 0, e->step, sums));
    const vector3 qs = {{sums[0], sums[1], sums[2]}};
    PF_TRY(force_of(e, e->p, e->step, 1, e->q, &curvature));
    const double a = product / (curvature + dot3(e, ps, qs));
    PF_TRY(advance(e, field, a, &size));
    for (int d = 0; d < e->dimensions; d++) {
      field->stretch[d] += a * ps.v[d];
      rs.v[d] -= a * qs.v[d];
    }
    before = product;
    PF_TRY(precondition(e, rs, &zs, &product));
    PF_TRY(PF_MAP(b, elastic_direction, &all, .z = e->q, .p = e->p, .b = product / before));
    for (int d = 0; d < e->dimensions; d++) ps.v[d] = zs.v[d] + product / before * ps.v[d];
    report->iterations++;
  }
}
