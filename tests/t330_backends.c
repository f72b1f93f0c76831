/* t330_backends.c: the same cell on the backends cpu and check, which run the same loops, and with 1, 2 and 3 threads: the
 * same bits in every field and in what is measured, after one step and after many. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "measure.h"
#include "scenario.h"
#include "step.h"
#include "test.h"

enum { FIELDS = 4, STEPS_MOST = 100 };

/* All fields, one after the other, and the history rows. */
typedef struct result {
  double *field; /* [FIELDS][cells] */
  size_t cells;
  pf_history_row row[STEPS_MOST + 1];
} result;

static const char *const cells_2d = "33, 21", *const cells_3d = "28, 9, 7"; /* odd numbers have seams */

/* A rough cell with salt, at a current that nearly uses it up. */
static bool compute(const char *backend, int threads, const char *cells, int steps, result *r) {
  char text[1024];
  snprintf(text, sizeof text,
           "&grid cells = %s, spacing_um = 2 /\n&model frame = 'grid' /\n"
           "&lithium thickness_um = 16, counter_thickness_um = 10, roughness_um = 1, roughness_length_um = 10 /\n"
           "&layer ionic_conductivity_S_cm = 4.48e-4, transference_number = 0.21, salt_concentration_mol_L = 1,"
           " diffusivity_cm2_s = 1.13e-7, exchange_current_mA_cm2 = 0.1 /\n"
           "&hotspot y_um = 7,%s radius_um = 5, factor = 2 /\n"
           "&protocol mode = 'galvanostatic', current_mA_cm2 = 4, duration_h = 1 /\n",
           cells, strchr(strchr(cells, ',') + 1, ',') ? " z_um = 6," : "");
  pf_config cfg;
  pf_report report = {0};
  pf_backend *b = NULL;
  pf_state *s = NULL;
  memset(r, 0, sizeof *r);
  bool good = pf_test_ok(pf_config_parse("t330", text, strlen(text), NULL, 0, &cfg, &report), text, __FILE__, __LINE__);
  good = good && pf_test_ok(pf_backend_create(backend, threads, &b), backend, __FILE__, __LINE__);
  if (good) {
    pf_scenario scenario;
    pf_scenario_make(&cfg, &scenario);
    good = pf_test_ok(pf_scenario_start(&cfg, &scenario, b, &s), "the start", __FILE__, __LINE__);
  }
  if (good) {
    const pf_drive drive = {.galvanostatic = true,
                            .current = 40 / s->scales.current * (double)pf_rows(&s->grid),
                            .voltage_limit = 2 / s->scales.potential};
    const pf_step_control control = {0.1, 20, 1e-6};
    pf_step_report step;
    good = pf_test_ok(pf_step_start(s, &drive, &step), "pf_step_start", __FILE__, __LINE__);
    good = good && pf_test_ok(pf_measure_row(s, &r->row[0]), "pf_measure_row", __FILE__, __LINE__);
    for (int n = 1; good && n <= steps; n++) {
      good = pf_test_ok(pf_step(s, &control, &drive, 1e9, &step), "pf_step", __FILE__, __LINE__) &&
             pf_test_ok(pf_measure_row(s, &r->row[n]), "pf_measure_row", __FILE__, __LINE__);
    }
    r->cells = (size_t)pf_cells(&s->grid);
    r->field = calloc(FIELDS * r->cells, sizeof(double));
    const double *fields[FIELDS] = {s->xi, s->s, s->phi, s->reaction};
    for (size_t f = 0; good && r->field && f < FIELDS; f++)
      good = pf_test_ok(b->download(b, r->field + f * r->cells, fields[f], r->cells * sizeof(double)), "download",
                        __FILE__, __LINE__);
  }
  pf_state_destroy(s);
  if (b) pf_backend_destroy(b);
  pf_config_free(&cfg);
  pf_report_free(&report);
  return good && r->field;
}

/* Members of a row one by one: its padding may differ. */
static bool same_row(const pf_history_row *a, const pf_history_row *b) {
  const double x[] = {a->time_s,         a->current_mA_cm2, a->voltage_mV,   a->charge_mAh_cm2, a->deposited_um,
                      a->retreat_um,     a->front_mean_um,  a->front_max_um, a->front_min_um,   a->roughness_um,
                      a->salt_min_mol_L, a->profile_q,      a->dt_s};
  const double y[] = {b->time_s,         b->current_mA_cm2, b->voltage_mV,   b->charge_mAh_cm2, b->deposited_um,
                      b->retreat_um,     b->front_mean_um,  b->front_max_um, b->front_min_um,   b->roughness_um,
                      b->salt_min_mol_L, b->profile_q,      b->dt_s};
  return !memcmp(x, y, sizeof x) && a->step == b->step;
}

static void same_bits(const char *backend, int threads, const char *cells, int steps) {
  result a, b;
  if (compute("cpu", 1, cells, steps, &a) && compute(backend, threads, cells, steps, &b)) {
    CU_ASSERT_EQUAL_FATAL(a.cells, b.cells);
    size_t differ = 0;
    for (size_t n = 0; n < FIELDS * a.cells; n++) differ += memcmp(&a.field[n], &b.field[n], sizeof(double)) != 0;
    int rows = 0;
    for (int n = 0; n <= steps; n++) rows += !same_row(&a.row[n], &b.row[n]);
    if (differ > 0 || rows > 0)
      printf("[%s, %d threads, %s, %d steps: %zu of %zu values and %d rows differ] ", backend, threads, cells, steps,
             differ, FIELDS * a.cells, rows);
    CU_ASSERT_EQUAL(differ, 0);
    CU_ASSERT_EQUAL(rows, 0);
    PF_ASSERT_AT_LEAST(a.row[steps].deposited_um, 1e-6); /* it did compute */
    free(b.field);
  }
  free(a.field);
}

static void check_is_cpu(void) {
  same_bits("check", 1, cells_2d, 1);
  same_bits("check", 1, cells_2d, 100);
  same_bits("check", 2, cells_3d, 1);
  same_bits("check", 2, cells_3d, 10);
}

static void threads_do_not_matter(void) {
  for (int threads = 2; threads <= 3; threads++) {
    same_bits("cpu", threads, cells_2d, 1);
    same_bits("cpu", threads, cells_2d, 100);
    same_bits("cpu", threads, cells_3d, 10);
    same_bits("cpu", threads, "96, 64", 10); /* large enough to be shared among threads */
  }
}

void t330_backends(void);
void t330_backends(void) {
  pf_test_suite("backends", (pf_test[]){{"check computes the bits of cpu", check_is_cpu},
                                        {"1, 2 and 3 threads: the same bits", threads_do_not_matter}});
}
