/* t330_backends.c: the same cell on the backends cpu and check, which run the same loops, and with 1, 2 and 3 threads: the
 * same bits in every field and in what is measured, after one step and after many. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "physics.h"

enum { STEPS_MOST = 100 };

/* Everything that a checkpoint would keep of the state, one array after the other, and the history rows. */
typedef struct result {
  unsigned char *bytes;
  size_t size;
  pf_history_row row[STEPS_MOST + 1];
} result;

static const char *const cells_2d = "33, 21", *const cells_3d = "28, 9, 7"; /* odd numbers have seams */

/* A rough cell with salt, at a current that nearly uses it up. */
#define WITH_SALT                                                                                         \
  "&model frame = 'grid' /\n"                                                                             \
  "&lithium thickness_um = 16, counter_thickness_um = 10, roughness_um = 1, roughness_length_um = 10 /\n" \
  "&layer ionic_conductivity_S_cm = 4.48e-4, transference_number = 0.21, salt_concentration_mol_L = 1,"   \
  " diffusivity_cm2_s = 1.13e-7, exchange_current_mA_cm2 = 0.1 /\n"
/* Electrons, stress, closed grains with boundaries that conduct electrons, pores with salt, and nuclei in both. */
#define EVERYTHING                                                                                                 \
  "&model electrons = T, mechanics = T /\n&conditions stack_pressure_MPa = 1 /\n"                                  \
  "&lithium thickness_um = 16, counter_thickness_um = 10, roughness_um = 1, roughness_length_um = 10 /\n"          \
  "&material name = 'grain', ionic_conductivity_S_cm = 1e-4, exchange_current_mA_cm2 = 1,"                         \
  " electronic_conductivity_S_cm = 1e-7, youngs_modulus_GPa = 100, poisson_ratio = 0.3, lithium_can_enter = F /\n" \
  "&material name = 'boundary', ionic_conductivity_S_cm = 1e-4, exchange_current_mA_cm2 = 1,"                      \
  " electronic_conductivity_S_cm = 1e-6, youngs_modulus_GPa = 60, poisson_ratio = 0.3 /\n"                         \
  "&material name = 'pore', ionic_conductivity_S_cm = 1e-3, exchange_current_mA_cm2 = 1,"                          \
  " electronic_conductivity_S_cm = 1e-6, youngs_modulus_GPa = 1, poisson_ratio = 0.3, transference_number = 0.3,"  \
  " salt_concentration_mol_L = 1, diffusivity_cm2_s = 1e-6 /\n&layer thickness_um = 0 /\n"                         \
  "&microstructure grain_size_um = 12, boundary_width_um = 4, porosity = 0.2, pore_size_um = 6,"                   \
  " grain_material = 'grain', boundary_material = 'boundary', pore_material = 'pore' /\n"                          \
  "&nucleation overpotential_mV = 1, rate_per_um3_h = 1, radius_um = 8 /\n"

static void keep(pf_state *s, result *r) {
  pf_kept list[PF_KEPT_MAX];
  const int count = pf_state_kept(s, list, 0);
  for (int n = 0; n < count; n++) r->size += list[n].bytes;
  r->bytes = malloc(r->size);
  unsigned char *to = r->bytes;
  for (int n = 0; to && n < count; to += list[n++].bytes) {
    if (list[n].backend)
      PF_ASSERT_OK(s->backend->download(s->backend, to, list[n].at, list[n].bytes));
    else
      memcpy(to, list[n].at, list[n].bytes);
  }
}

static bool compute(const char *backend, int threads, const char *physics, const char *cells, int steps, result *r) {
  char text[4096];
  snprintf(text, sizeof text,
           "&grid cells = %s, spacing_um = 2 /\n%s&hotspot y_um = 7,%s radius_um = 5, factor = 2 /\n"
           "&protocol mode = 'galvanostatic', current_mA_cm2 = 4, duration_h = 1 /\n",
           cells, physics, strchr(strchr(cells, ',') + 1, ',') ? " z_um = 6," : "");
  memset(r, 0, sizeof *r);
  pf_physics *p = pf_physics_open_on(backend, threads, text);
  if (!p) return false;
  const pf_drive drive = pf_physics_current(p, 4);
  const bool good = pf_physics_rows(p, &drive, steps, r->row);
  if (good) keep(p->state, r);
  if (good && p->state->nucleus && steps > 2) PF_ASSERT_AT_LEAST(p->state->nuclei, 1);
  pf_physics_close(p);
  return good && r->bytes;
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

static void same_bits(const char *backend, int threads, const char *physics, const char *cells, int steps) {
  result a, b;
  if (compute("cpu", 1, physics, cells, steps, &a) && compute(backend, threads, physics, cells, steps, &b)) {
    CU_ASSERT_EQUAL_FATAL(a.size, b.size);
    size_t differ = 0;
    for (size_t n = 0; n < a.size; n++) differ += a.bytes[n] != b.bytes[n];
    int rows = 0;
    for (int n = 0; n <= steps; n++) rows += !same_row(&a.row[n], &b.row[n]);
    if (differ > 0 || rows > 0)
      printf("[%s, %d threads, %s, %d steps: %zu of %zu bytes and %d rows differ] ", backend, threads, cells, steps,
             differ, a.size, rows);
    CU_ASSERT_EQUAL(differ, 0);
    CU_ASSERT_EQUAL(rows, 0);
    PF_ASSERT_AT_LEAST(a.row[steps].deposited_um, 1e-6); /* it did compute */
    free(b.bytes);
  }
  free(a.bytes);
}

static void check_is_cpu(void) {
  same_bits("check", 1, WITH_SALT, cells_2d, 1);
  same_bits("check", 1, WITH_SALT, cells_2d, 100);
  same_bits("check", 2, WITH_SALT, cells_3d, 1);
  same_bits("check", 2, WITH_SALT, cells_3d, 10);
}

static void threads_do_not_matter(void) {
  for (int threads = 2; threads <= 3; threads++) {
    same_bits("cpu", threads, WITH_SALT, cells_2d, 1);
    same_bits("cpu", threads, WITH_SALT, cells_2d, 100);
    same_bits("cpu", threads, WITH_SALT, cells_3d, 10);
    same_bits("cpu", threads, WITH_SALT, "96, 64", 7); /* large enough to be shared among threads; salt for 8 steps */
  }
}

static void everything_on_check(void) {
  same_bits("check", 1, EVERYTHING, cells_2d, 12);
  same_bits("check", 2, EVERYTHING, cells_3d, 3);
}

static void everything_with_threads(void) {
  for (int threads = 2; threads <= 3; threads++) {
    same_bits("cpu", threads, EVERYTHING, cells_2d, 12);
    same_bits("cpu", threads, EVERYTHING, "96, 64", 3);
  }
  same_bits("cpu", 3, EVERYTHING, cells_3d, 3);
}

void t330_backends(void);
void t330_backends(void) {
  pf_test_suite("backends", (pf_test[]){{"check computes the bits of cpu", check_is_cpu},
                                        {"1, 2 and 3 threads: the same bits", threads_do_not_matter},
                                        {"all physics: check computes the bits of cpu", everything_on_check},
                                        {"all physics: 1, 2 and 3 threads", everything_with_threads}});
}
