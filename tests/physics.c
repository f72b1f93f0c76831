#include "physics.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pf_constants.h"

/* No test needs a tenth of this; a solver that finds nothing any more would go on for hours. */
enum { NEWTON_MOST = 30000 };

static const char protocol[] = "\n&protocol mode = 'galvanostatic', current_mA_cm2 = 1, duration_h = 1 /\n";

/* The whole text of the input; to be freed. */
static char *text_of(const char *format, va_list values) {
  va_list again;
  va_copy(again, values);
  const int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0) return NULL;
  char *text = malloc((size_t)length + sizeof protocol);
  if (!text) return NULL;
  vsnprintf(text, (size_t)length + 1, format, values);
  if (!strstr(text, "&protocol")) strcat(text, protocol);
  return text;
}

static bool read_text(pf_physics *p, const char *text) {
  pf_report report = {0};
  const pf_status status = pf_config_parse("physics.nml", text, strlen(text), NULL, 0, &p->cfg, &report);
  if (status != PF_OK) pf_report_print(&report, stdout);
  pf_report_free(&report);
  return pf_test_ok(status, "the input", __FILE__, __LINE__);
}

/* The state of p's input; p is closed where there is none. */
static pf_physics *begin(pf_physics *p) {
  pf_scenario_make(&p->cfg, &p->scenario);
  if (!pf_test_ok(pf_scenario_start(&p->cfg, &p->scenario, p->backend, &p->state), "the start of a cell", __FILE__,
                  __LINE__)) {
    pf_physics_close(p);
    return NULL;
  }
  const double longest = p->cfg.solver.time_step_max_s;
  p->control = (pf_step_control){p->cfg.solver.cfl, longest, 1e-9 * longest};
  p->f = PF_FARADAY / (PF_GAS * p->cfg.conditions.temperature_K);
  return p;
}

pf_physics *pf_physics_open_on(const char *backend, int threads, const char *text) {
  pf_physics *p = calloc(1, sizeof *p);
  if (!p || !text) {
    CU_FAIL("no memory for a cell");
    free(p);
    return NULL;
  }
  if (!read_text(p, text) ||
      !pf_test_ok(pf_backend_create(backend, threads, &p->backend), backend, __FILE__, __LINE__)) {
    pf_physics_close(p);
    return NULL;
  }
  return begin(p);
}

pf_physics *pf_physics_open(const char *format, ...) {
  va_list values;
  va_start(values, format);
  char *text = text_of(format, values);
  va_end(values);
  pf_physics *p = calloc(1, sizeof *p);
  if (!text || !p) {
    CU_FAIL("no memory for a cell");
    free(text), free(p);
    return NULL;
  }
  const bool good = read_text(p, text);
  free(text);
  if (!good) {
    pf_physics_close(p);
    return NULL;
  }
  p->backend = pf_test_backend();
  return begin(p);
}

void pf_physics_close(pf_physics *p) {
  if (!p) return;
  if (p->state) pf_state_destroy(p->state);
  if (p->backend) pf_backend_destroy(p->backend);
  pf_config_free(&p->cfg);
  free(p);
}

pf_drive pf_physics_current(const pf_physics *p, double current_mA_cm2) {
  const double rows = (double)pf_rows(&p->state->grid);
  const pf_drive drive = {.galvanostatic = true,
                          .current = 10 * current_mA_cm2 / p->state->scales.current * rows,
                          .voltage_limit = 1e4 / p->state->scales.potential};
  return drive;
}

pf_drive pf_physics_voltage_source(const pf_physics *p, double voltage_mV) {
  const pf_drive drive = {.voltage = 1e-3 * voltage_mV / p->state->scales.potential};
  return drive;
}

bool pf_physics_start(pf_physics *p, const pf_drive *drive) {
  const bool good = pf_test_ok(pf_step_start(p->state, drive, &p->last), "the start of a drive", __FILE__, __LINE__);
  p->newton += p->last.newton, p->cycles += p->last.cycles;
  return good;
}

bool pf_physics_step(pf_physics *p, const pf_drive *drive, double dt_most_s) {
  if (p->newton > NEWTON_MOST) {
    CU_FAIL("far too many Newton iterations");
    return false;
  }
  const bool good =
      pf_test_ok(pf_step(p->state, &p->control, drive, dt_most_s, &p->last), "a time step", __FILE__, __LINE__);
  p->newton += p->last.newton, p->cycles += p->last.cycles;
  return good;
}

bool pf_physics_run(pf_physics *p, const pf_drive *drive, double until_s) {
  while (p->state->time < until_s * (1 - 1e-12))
    if (!pf_physics_step(p, drive, until_s - p->state->time)) return false;
  return true;
}

double pf_physics_voltage(const pf_physics *p) { return 1e3 * p->state->voltage * p->state->scales.potential; }

double pf_physics_flow(const pf_physics *p) {
  return 0.1 * p->state->current * p->state->scales.current / (double)pf_rows(&p->state->grid);
}

double *pf_physics_field(const pf_physics *p, const double *field) {
  const size_t bytes = (size_t)pf_cells(&p->state->grid) * sizeof(double);
  double *values = malloc(bytes);
  if (values && p->backend->download(p->backend, values, field, bytes) == PF_OK) return values;
  CU_FAIL("a field cannot be read");
  free(values);
  return NULL;
}

bool pf_physics_set(pf_physics *p, double *field, const double *values) {
  const size_t bytes = (size_t)pf_cells(&p->state->grid) * sizeof(double);
  return pf_test_ok(p->backend->upload(p->backend, field, values, bytes), "setting a field", __FILE__, __LINE__);
}

double pf_physics_front(const pf_physics *p, ptrdiff_t row) {
  double *xi = pf_physics_field(p, p->state->xi);
  if (!xi) return (double)NAN;
  const int nx = p->state->grid.nx;
  const double *line = xi + row * nx;
  double front = (double)NAN;
  for (int i = 0; i + 1 < nx; i++) {
    if (!(line[i] >= 0.5 && line[i + 1] < 0.5)) continue;
    const double here = pf_logit(line[i]), next = pf_logit(line[i + 1]);
    front = i + 0.5 + here / (here - next);
    break;
  }
  free(xi);
  return front;
}

void pf_physics_range(const pf_physics *p, const double *field, double *least, double *most) {
  *least = *most = (double)NAN;
  double *values = pf_physics_field(p, field);
  if (!values) return;
  *least = *most = values[0];
  for (ptrdiff_t c = 1; c < pf_cells(&p->state->grid); c++) {
    *least = fmin(*least, values[c]);
    *most = fmax(*most, values[c]);
  }
  free(values);
}

bool pf_physics_rows(pf_physics *p, const pf_drive *drive, int steps, pf_history_row *row) {
  p->control = (pf_step_control){0.1, 20, 1e-6};
  bool good = pf_physics_start(p, drive) && pf_test_ok(pf_measure_row(p->state, &row[0]), "a row", __FILE__, __LINE__);
  for (int n = 1; good && n <= steps; n++)
    good = pf_physics_step(p, drive, 1e9) && pf_test_ok(pf_measure_row(p->state, &row[n]), "a row", __FILE__, __LINE__);
  return good;
}

void pf_physics_refused(const char *text, const char *expected) {
  pf_config cfg;
  pf_report report = {0};
  char *said = NULL;
  size_t size = 0;
  CU_ASSERT_EQUAL(pf_config_parse("t.nml", text, strlen(text), NULL, 0, &cfg, &report), PF_BAD_INPUT);
  FILE *out = open_memstream(&said, &size);
  if (out) {
    pf_report_print(&report, out);
    fclose(out);
  }
  if (!said || !strstr(said, expected)) printf("[%s has no '%s'] ", said ? said : "", expected);
  CU_ASSERT(said && strstr(said, expected) != NULL);
  free(said);
  pf_report_free(&report);
  pf_config_free(&cfg);
}
