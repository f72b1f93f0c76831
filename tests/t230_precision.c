/* precision = 'double' and 'mixed': the same solutions in the same number of iterations, by different arithmetic. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "islands.h"
#include "multigrid.h"
#include "physics.h"
#include "test.h"

/* ---- the solver of one unknown ---- */

typedef struct answer {
  double *u; /* host, [cells] */
  pf_solve_report report;
} answer;

static bool solve_on(pf_backend *b, const pf_grid *g, const pf_dendrite *d, bool wide, bool box, double tolerance,
                     answer *to) {
  const size_t bytes = (size_t)pf_cells(g) * sizeof(double);
  const double *from[] = {d->ax, d->ay, d->az, d->m, d->b, NULL};
  double *array[6] = {NULL};
  pf_multigrid *mg = NULL;
  *to = (answer){.u = calloc(1, bytes)};
  bool good = to->u && pf_test_ok(pf_multigrid_create(b, g, wide, &mg), "create", __FILE__, __LINE__);
  for (int q = 0; good && q < 6; q++) {
    if (q < 5 && !from[q]) continue;
    good = pf_test_ok(b->allocate(b, bytes, (void **)&array[q]), "allocate", __FILE__, __LINE__) &&
           (!from[q] || pf_test_ok(b->upload(b, array[q], from[q], bytes), "upload", __FILE__, __LINE__));
  }
  good = good && pf_test_ok(pf_multigrid_set(mg, array[0], array[1], array[2], array[3]), "set", __FILE__, __LINE__);
  if (good && box) *pf_multigrid_box_solves(mg) = 2;
  good = good &&
         pf_test_ok(pf_multigrid_solve(mg, array[4], array[5], tolerance, 300, &to->report), "solve", __FILE__,
                    __LINE__) &&
         pf_test_ok(b->download(b, to->u, array[5], bytes), "download", __FILE__, __LINE__);
  pf_multigrid_destroy(mg);
  for (int q = 0; q < 6; q++) b->release(b, array[q]);
  return good;
}

/* Solves in both precisions; the largest difference by the largest value. */
static double both(pf_backend *b, const pf_grid *g, const pf_dendrite *d, bool box, double tolerance, answer to[2]) {
  double off = 0, most = 0;
  for (int wide = 0; wide < 2; wide++)
    if (!solve_on(b, g, d, wide, box, tolerance, &to[wide])) return (double)NAN;
  for (ptrdiff_t c = 0; c < pf_cells(g); c++) {
    off = fmax(off, fabs(to[0].u[c] - to[1].u[c]));
    most = fmax(most, fabs(to[1].u[c]));
  }
  free(to[0].u), free(to[1].u);
  printf("[%d and %d] ", to[0].report.iterations, to[1].report.iterations);
  return off / most;
}

static void dendrites(void) {
  pf_backend *b = pf_test_backend();
  const pf_grid shape[] = {{96, 1, 1, 1}, {64, 64, 1, 1}, {67, 43, 1, 1}, {20, 20, 20, 1}};
  const double contrast[] = {1e4, 1e-4, 1e7};
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
    for (size_t k = 0; k < sizeof contrast / sizeof *contrast; k++) {
      pf_dendrite d;
      answer to[2];
      CU_ASSERT_FATAL(pf_dendrite_make(&shape[s], 1, contrast[k], 0, &d));
      PF_ASSERT_AT_MOST(both(b, &shape[s], &d, false, 1e-9, to), 1e-7);
      CU_ASSERT(to[0].report.converged && to[1].report.converged);
      CU_ASSERT(abs(to[0].report.iterations - to[1].report.iterations) <= 1);
      pf_dendrite_free(&d);
    }
  CU_ASSERT_EQUAL(b->bytes, 0);
  pf_backend_destroy(b);
}

/* Islands at a contrast of 1e9 are where single precision may cost iterations. */
static void floating_islands(void) {
  pf_backend *b = pf_test_backend();
  const pf_grid shape[] = {{64, 64, 1, 1}, {41, 35, 1, 1}, {16, 16, 16, 1}};
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
    for (int k = 0; k < 2; k++) {
      const pf_islands kind = {k ? 1e9 : 1e5, 0.06, 0, 0, 0, 0};
      pf_dendrite d = {0};
      answer to[2];
      CU_ASSERT_FATAL(pf_islands_make(&shape[s], 1, &kind, &d));
      PF_ASSERT_AT_MOST(both(b, &shape[s], &d, true, 1e-9, to), k ? 1e-3 : 1e-6);
      CU_ASSERT(to[0].report.box && to[1].report.box);
      CU_ASSERT(to[0].report.converged && to[1].report.converged);
      const int more = to[0].report.iterations - to[1].report.iterations;
      CU_ASSERT(k ? more >= 0 : abs(more) <= 1);
      pf_dendrite_free(&d);
    }
  pf_backend_destroy(b);
}

/* What is asked for is what is done: a cycle in double precision is linear to its last digits. */
static void digits(void) {
  pf_backend *b = pf_test_backend();
  const pf_grid g = {24, 20, 1, 1};
  const ptrdiff_t cells = pf_cells(&g);
  const size_t bytes = (size_t)cells * sizeof(double);
  pf_dendrite d;
  pf_multigrid *mg;
  double *array[6], *host[3];
  CU_ASSERT_FATAL(pf_dendrite_make(&g, 1, 1e3, 0, &d));
  const double *from[] = {d.ax, d.ay, d.m, d.b};
  for (int q = 0; q < 6; q++) PF_ASSERT_OK_FATAL(b->allocate(b, bytes, (void **)&array[q]));
  for (int q = 0; q < 4; q++) PF_ASSERT_OK_FATAL(b->upload(b, array[q], from[q], bytes));
  for (int q = 0; q < 3; q++) CU_ASSERT_PTR_NOT_NULL_FATAL(host[q] = malloc(bytes));
  PF_ASSERT_OK_FATAL(pf_multigrid_create(b, &g, true, &mg));
  PF_ASSERT_OK(pf_multigrid_set(mg, array[0], array[1], NULL, array[2]));
  for (ptrdiff_t c = 0; c < cells; c++) host[0][c] = sin((double)(c * c)), host[1][c] = host[0][c] / 3;
  double most = 0, off = 0;
  for (int q = 0; q < 2; q++) {
    PF_ASSERT_OK(b->upload(b, array[4], host[q], bytes));
    PF_ASSERT_OK(pf_multigrid_cycle(mg, array[4], array[5]));
    PF_ASSERT_OK(b->download(b, host[q + 1], array[5], bytes));
    if (q == 0) memcpy(host[2], host[1], bytes);
    if (q == 0)
      for (ptrdiff_t c = 0; c < cells; c++) host[1][c] = host[0][c] / 3, host[0][c] = host[2][c];
  }
  for (ptrdiff_t c = 0; c < cells; c++) {
    off = fmax(off, fabs(host[0][c] - 3 * host[2][c]));
    most = fmax(most, fabs(host[0][c]));
  }
  PF_ASSERT_AT_MOST(off / most, 1e3 * DBL_EPSILON);
  for (int q = 0; q < 3; q++) free(host[q]);
  pf_multigrid_destroy(mg);
  for (int q = 0; q < 6; q++) b->release(b, array[q]);
  pf_dendrite_free(&d);
  pf_backend_destroy(b);
}

/* ---- whole steps ---- */

typedef struct outcome {
  double *phi, *s, *xi;
  double voltage;
  long newton, cycles;
  ptrdiff_t cells;
} outcome;

static bool steps(const char *text, const char *precision, double current, outcome *o) {
  pf_physics *p = pf_physics_open("%s&solver precision = '%s' potential_tolerance = 1e-9 /", text, precision);
  *o = (outcome){.phi = NULL};
  if (!p) return false;
  const pf_drive drive = pf_physics_current(p, current);
  bool good = pf_physics_start(p, &drive);
  for (int n = 0; good && n < 6; n++) good = pf_physics_step(p, &drive, 10);
  o->cells = pf_cells(&p->state->grid);
  o->newton = p->newton, o->cycles = p->cycles, o->voltage = pf_physics_voltage(p);
  o->phi = pf_physics_field(p, p->state->phi), o->s = pf_physics_field(p, p->state->s);
  o->xi = pf_physics_field(p, p->state->xi);
  pf_physics_close(p);
  return good && o->phi && o->s && o->xi;
}

static double apart(const double *a, const double *b, ptrdiff_t cells) {
  double off = 0, most = 0;
  for (ptrdiff_t c = 0; c < cells; c++) off = fmax(off, fabs(a[c] - b[c])), most = fmax(most, fabs(a[c]));
  return off / fmax(most, 1e-300);
}

/* Potential and salt, potential alone, and both with electrons and floating lithium. */
static void whole_steps(void) {
#define SHAPE                                                          \
  "&grid cells = 48, 20 spacing_um = 1 /\n&model frame = 'grid' %s/\n" \
  "&lithium thickness_um = 12 counter_thickness_um = 10 roughness_um = 1 roughness_length_um = 10 /\n"
  static const struct {
    const char *model, *layer;
    double current;
  } cells[] = {{"", "transference_number = 0.3 salt_concentration_mol_L = 1 diffusivity_cm2_s = 1e-7", 1},
               {"", "", 2},
               {"electrons = T ", "electronic_conductivity_S_cm = 1e-8", 1},
               {"electrons = T ",
                "electronic_conductivity_S_cm = 1e-8 transference_number = 0.3 salt_concentration_mol_L = 1 "
                "diffusivity_cm2_s = 1e-7",
                1}};
  for (size_t q = 0; q < sizeof cells / sizeof *cells; q++) {
    char head[512], text[1024];
    outcome o[2];
    snprintf(head, sizeof head, SHAPE, cells[q].model);
    snprintf(text, sizeof text,
             "%s&layer thickness_um = 0 ionic_conductivity_S_cm = 4e-4 exchange_current_mA_cm2 = 0.1 %s /\n", head,
             cells[q].layer);
    const bool good = steps(text, "mixed", cells[q].current, &o[0]) && steps(text, "double", cells[q].current, &o[1]);
    CU_ASSERT(good);
    if (good) {
      printf("[%ld and %ld, %ld and %ld] ", o[0].newton, o[1].newton, o[0].cycles, o[1].cycles);
      PF_ASSERT_AT_MOST(apart(o[0].phi, o[1].phi, o[0].cells), 1e-6);
      PF_ASSERT_AT_MOST(apart(o[0].s, o[1].s, o[0].cells), 1e-6);
      PF_ASSERT_AT_MOST(apart(o[0].xi, o[1].xi, o[0].cells), 1e-6);
      PF_ASSERT_NEAR(o[0].voltage, o[1].voltage, 1e-6);
      CU_ASSERT(memcmp(o[0].phi, o[1].phi, (size_t)o[0].cells * sizeof(double)) != 0); /* they did differ */
      PF_ASSERT_WITHIN((double)o[1].newton, (double)o[0].newton, 1);
      PF_ASSERT_WITHIN((double)o[1].cycles, (double)o[0].cycles, 0.05 * (double)o[0].cycles + 1);
    }
    for (int n = 0; n < 2; n++) free(o[n].phi), free(o[n].s), free(o[n].xi);
  }
}

void t230_precision(void);
void t230_precision(void) {
  pf_test_suite("precision", (pf_test[]){{"dendrites: the same iterations", dendrites},
                                         {"islands", floating_islands},
                                         {"a cycle has all digits", digits},
                                         {"whole steps", whole_steps}});
}
