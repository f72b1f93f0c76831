/* t331_cuda.c: one cell on cpu and on cuda, whose sums have another order, within the bounds of verification, after one step
 * and after many. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "physics.h"
#include "version.h"

enum { FIELDS = 4, STEPS_MOST = 1000 };

/* All fields, one after the other, and the history rows. */
typedef struct result {
  double *field; /* [FIELDS][cells] */
  size_t cells;
  pf_history_row row[STEPS_MOST + 1];
} result;

static const char *const cells_2d = "33, 21", *const cells_3d = "28, 9, 7"; /* odd numbers have seams */

static double tolerance = 1e-6; /* of potential and salt */

/* A rough cell with salt, at a current that nearly uses it up. */
static bool compute(const char *backend, int threads, const char *cells, int steps, result *r) {
  char text[1024];
  snprintf(text, sizeof text,
           "&grid cells = %s, spacing_um = 2 /\n&model frame = 'grid' /\n"
           "&lithium thickness_um = 16, counter_thickness_um = 10, roughness_um = 1, roughness_length_um = 10 /\n"
           "&layer ionic_conductivity_S_cm = 4.48e-4, transference_number = 0.21, salt_concentration_mol_L = 1,"
           " diffusivity_cm2_s = 1.13e-7, exchange_current_mA_cm2 = 0.1 /\n"
           "&hotspot y_um = 7,%s radius_um = 5, factor = 2 /\n"
           "&solver potential_tolerance = %g /\n"
           "&protocol mode = 'galvanostatic', current_mA_cm2 = 4, duration_h = 1 /\n",
           cells, strchr(strchr(cells, ',') + 1, ',') ? " z_um = 6," : "", tolerance);
  memset(r, 0, sizeof *r);
  pf_physics *p = pf_physics_open_on(backend, threads, text);
  if (!p) return false;
  /* many steps: before the counter electrode is used up */
  const pf_drive drive = pf_physics_current(p, steps > 100 ? 0.15 : 4);
  const pf_state *s = p->state;
  bool good = pf_physics_rows(p, &drive, steps, r->row);
  r->cells = (size_t)pf_cells(&s->grid);
  r->field = calloc(FIELDS * r->cells, sizeof(double));
  const double *fields[FIELDS] = {s->xi, s->s, s->phi, s->reaction};
  for (size_t f = 0; good && r->field && f < FIELDS; f++)
    good = pf_test_ok(s->backend->download(s->backend, r->field + f * r->cells, fields[f], r->cells * sizeof(double)),
                      "download", __FILE__, __LINE__);
  pf_physics_close(p);
  return good && r->field;
}

/* Largest difference of a field, by its largest value. */
static double difference(const result *a, const result *b, size_t field) {
  double most = 0, size = 0;
  for (size_t n = field * a->cells; n < (field + 1) * a->cells; n++) {
    most = fmax(most, fabs(a->field[n] - b->field[n]));
    size = fmax(size, fabs(a->field[n]));
  }
  return size > 0 ? most / size : most;
}

/* The bounds are those of `make VERIFY=1`, where neither compiler fuses multiplications with additions. */
static void cuda_is_cpu(void) {
  static const char *const names[FIELDS] = {"xi", "salt", "potential", "reaction"};
  if (strcmp(pf_test_backend_name(), "cuda") != 0) return; /* t330 compares the others bit for bit */
  const bool exact = strstr(pf_version_flags(), "-ffp-contract=off") != NULL;
  const struct {
    const char *cells;
    int steps;
    double bound;
  } cases[] = {{cells_2d, 1, exact ? 1e-12 : 1e-10},
               {cells_3d, 1, exact ? 1e-12 : 1e-10},
               {"96, 64", 1, exact ? 1e-12 : 1e-10},
               {cells_2d, pf_test_long() ? STEPS_MOST : 20, exact ? 1e-8 : 1e-6}};
  /* many steps only there: what is fused otherwise grows with each of them */
  for (size_t q = 0; q < sizeof cases / sizeof *cases - (exact ? 0 : 1); q++) {
    result a, b;
    tolerance =
        cases[q].steps > 100 ? 1e-12 : 1e-13; /* round-off of a current of 0.15 mA/cm2 is more than 1e-13 of it */
    if (compute("cpu", 1, cases[q].cells, cases[q].steps, &a) &&
        compute("cuda", 1, cases[q].cells, cases[q].steps, &b)) {
      for (size_t f = 0; f < FIELDS; f++) {
        const double off = difference(&a, &b, f);
        printf("[%s, %d steps, %s: %.1e] ", cases[q].cells, cases[q].steps, names[f], off);
        PF_ASSERT_AT_MOST(off, cases[q].bound);
      }
      free(b.field);
    }
    free(a.field);
  }
  tolerance = 1e-6;
}

void t331_cuda(void);
void t331_cuda(void) { pf_test_suite("cuda", (pf_test[]){{"cuda computes what cpu computes", cuda_is_cpu}}); }
