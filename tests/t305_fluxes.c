/* t305_fluxes.c: fluxes, the Jacobian of Newton's method against differences of its residual, its linear solver against
 * elimination, and the order of the operators on the grid. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "physics.h"
#include "transport.h"

void t305_fluxes(void);

static const double pi = 3.14159265358979323846;

/* Numbers in 0 .. 1, the same in every run. */
static double draw(unsigned *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return (double)(*seed >> 8) / 16777216.0;
}

/* ---- one face ---- */

typedef struct face {
  pf_electrolyte l, r;
  double u[4]; /* phi_L, phi_R, s_L, s_R */
  double e, film, carry;
} face;

static pf_flux flux(const face *f) {
  const pf_pair pair = pf_pair_of(&f->l, &f->r);
  return pair.special > 0
             ? pf_face_special(&f->l, &f->r, &pair, f->u[0], f->u[1], f->u[2], f->u[3], f->e, f->film, f->carry)
             : pf_face_plain(&pair, f->u[0], f->u[1], f->u[2], f->u[3], f->e, f->film, f->carry);
}

enum { SALT, HYBRID, CONSTANT, ION, KINDS };
static pf_electrolyte some_material(unsigned *seed, int kind) {
  const pf_electrolyte m = {.conductance = 0.2 + draw(seed),
                            .single_ion_path = kind == HYBRID ? 0.1 + draw(seed) : 0,
                            .diffusion = kind == ION ? 0 : 0.1 + draw(seed),
                            .capacity = kind == ION ? 0 : 1 + draw(seed),
                            .anion_share = kind == ION ? 0 : 0.1 + 0.8 * draw(seed),
                            .salt_volume = kind == ION ? 0 : 0.02 * draw(seed),
                            .follows_salt = kind != CONSTANT};
  return m;
}

/* A face between two kinds of material in a field of up to `size` RT/F a cell. */
static face some_face(unsigned *seed, int left, int right, double size) {
  face f = {.l = some_material(seed, left), .r = some_material(seed, right)};
  f.u[0] = 3 * draw(seed);
  f.u[1] = f.u[0] + size * (2 * draw(seed) - 1);
  f.u[2] = exp(-4 * draw(seed));
  f.u[3] = exp(-4 * draw(seed));
  f.e = draw(seed);
  f.carry = 0.1 * (draw(seed) - 0.5) * f.e;
  return f;
}

static void derivatives(void) {
  unsigned seed = 1;
  for (int n = 0; n < 2000; n++) {
    const face f = some_face(&seed, n % KINDS, n / KINDS % KINDS, n % 3 ? 1 : 30);
    const pf_flux now = flux(&f);
    const double j[4] = {-now.j_p, now.j_p, now.j_l, now.j_r}, a[4] = {-now.n_p, now.n_p, now.n_l, now.n_r};
    for (int q = 0; q < 4; q++) {
      const double step = q < 2 ? 1e-4 : 1e-4 * f.u[q];
      face up = f, down = f;
      up.u[q] += step, down.u[q] -= step;
      const pf_flux high = flux(&up), low = flux(&down);
      PF_ASSERT_WITHIN((high.j - low.j) / (2 * step), j[q], 1e-6 * (1 + fabs(j[q]) + fabs(now.j)));
      PF_ASSERT_WITHIN((high.n - low.n) / (2 * step), a[q], 1e-6 * (1 + fabs(a[q]) + fabs(now.n)));
    }
  }
}

/* What goes from L to R does not know which side is called L. */
static void exchanged(void) {
  unsigned seed = 2;
  for (int n = 0; n < 2000; n++) {
    face f = some_face(&seed, n % KINDS, n / KINDS % KINDS, 5);
    f.film = n % 5 ? 0 : 3;
    const face g = {
        .l = f.r, .r = f.l, .u = {f.u[1], f.u[0], f.u[3], f.u[2]}, .e = f.e, .film = f.film, .carry = -f.carry};
    const pf_flux a = flux(&f), b = flux(&g);
    const double size = 1e-13 * (1 + fabs(a.j) + fabs(a.n));
    PF_ASSERT_WITHIN(a.j, -b.j, size);
    PF_ASSERT_WITHIN(a.n, -b.n, size);
    PF_ASSERT_WITHIN(a.j_p, b.j_p, 1e-12 * (1 + fabs(a.j_p)));
    PF_ASSERT_WITHIN(a.j_l, -b.j_r, 1e-12 * (1 + fabs(a.j_l)));
    PF_ASSERT_WITHIN(a.n_l, -b.n_r, 1e-12 * (1 + fabs(a.n_l)));
    PF_ASSERT_WITHIN(a.n_p, b.n_p, 1e-12 * (1 + fabs(a.n_p)));
  }
}

/* In any field the anions' equations have no positive off-diagonal in s, and nothing leaves a cell without salt. */
static void positive(void) {
  unsigned seed = 3;
  for (int n = 0; n < 3000; n++) {
    const int kind = n % 3; /* SALT, HYBRID, CONSTANT */
    face f = some_face(&seed, kind, kind, pow(10, 3 * draw(&seed)));
    f.l.salt_volume = f.r.salt_volume = f.carry = 0; /* that of the displaced electrolyte is central */
    const pf_flux a = flux(&f);
    CU_ASSERT(a.n_l >= 0 && a.n_r <= 0);
    if (kind == CONSTANT) continue;
    f.u[2] = 0;
    CU_ASSERT(flux(&f).n <= 1e-14);
    f.u[2] = f.u[3], f.u[3] = 0;
    CU_ASSERT(flux(&f).n >= -1e-14);
  }
}

/* Scharfetter and Gummel: with J_s from the field alone (no single-ion path) anions move in D' grad s - M s grad phi,
 * exactly N = D' [B(-x2) s_L - B(x2) s_R]-like; the rational mean stays within 5 % of it and has its limits. */
static void upwind(void) {
  unsigned seed = 4;
  for (int n = 0; n < 500; n++) {
    face f = some_face(&seed, SALT, SALT, 0);
    f.r = f.l;
    f.l.salt_volume = f.r.salt_volume = f.carry = 0, f.e = 1;
    f.u[1] = f.u[0] + (n % 2 ? 1 : -1) * exp(6 * draw(&seed) - 2);
    const double share = f.l.anion_share, k = f.l.conductance;
    const double d = f.l.diffusion + 2 * share * share * k, m = share * k, drift = m * (f.u[1] - f.u[0]) / d;
    /* N = -d s' + m phi' s, constant along the face: N = m dphi (s_L e^drift - s_R)/(e^drift - 1) */
    const double exact = d * drift * (f.u[2] - f.u[3] * exp(-drift)) / (1 - exp(-drift));
    const double size = d * fabs(drift) * fmax(f.u[2], f.u[3]) + d * fabs(f.u[2] - f.u[3]);
    PF_ASSERT_WITHIN(flux(&f).n, exact, 0.06 * size);
    f.u[1] = f.u[0] + 1e5; /* all from one side */
    PF_ASSERT_NEAR(flux(&f).n, m * 1e5 * f.u[2], 3e-3);
  }
}

static void series(void) {
  const pf_electrolyte a = {.conductance = 3}, b = {.conductance = 0.5};
  face f = {.l = a, .r = b, .u = {1, 3, 1, 1}, .e = 1};
  PF_ASSERT_NEAR(flux(&f).j, -2 / (0.5 / 3 + 0.5 / 0.5), 1e-14);
  f.film = 2;
  PF_ASSERT_NEAR(flux(&f).j, -2 / (0.5 / 3 + 0.5 / 0.5 + 2), 1e-14);
  /* salt at rest: potential and salt in equilibrium, nothing flows */
  const pf_electrolyte salt = {.conductance = 1, .diffusion = 2, .anion_share = 0.7, .follows_salt = 1};
  face g = {.l = salt, .r = salt, .u = {1, 1, 0.8, 0.8}, .e = 1};
  PF_ASSERT_WITHIN(flux(&g).j, 0, 0);
  PF_ASSERT_WITHIN(flux(&g).n, 0, 0);
  g.u[3] = 0.81, g.u[1] = 1 + 1.4 * log(0.81 / 0.8);
  PF_ASSERT_WITHIN(flux(&g).j, 0, 1e-6);
  PF_ASSERT_NEAR(flux(&g).n, -2 * 0.01, 1e-3);
  /* a ceramic beside it: no anions; the salt's half cell conducts as its salt does */
  g.r = b;
  g.u[2] = 0.25, g.u[1] = 2;
  PF_ASSERT_WITHIN(flux(&g).n, 0, 0);
  PF_ASSERT_NEAR(flux(&g).j, -1 / (0.5 / 0.25 + 0.5 / 0.5), 1e-14);
}

/* ---- the whole Jacobian ---- */

/* A [2 n][2 n] matrix of the finest system, rows and columns phi then s. */
static double *matrix_of(pf_state *s) {
  const ptrdiff_t n = pf_cells(&s->grid), size = 2 * n;
  const pf_linear_system *a = pf_linear_finest(s->linear);
  float *f = malloc((3 * PF_FACE_PARTS + 4) * (size_t)n * sizeof(float));
  double *dense = calloc((size_t)(size * size), sizeof(double));
  if (!f || !dense) {
    CU_FAIL("no memory for a matrix");
    free(f), free(dense);
    return NULL;
  }
  float *const face_at[3] = {f, f + PF_FACE_PARTS * n, f + 2 * PF_FACE_PARTS * n}, *own = f + 3 * PF_FACE_PARTS * n;
  const float *const from[3] = {a->fx, a->fy, a->fz};
  const size_t bytes = (size_t)n * sizeof(float);
  for (int d = 0; d < pf_dimensions(&s->grid); d++)
    PF_ASSERT_OK(s->backend->download(s->backend, face_at[d], from[d], PF_FACE_PARTS * bytes));
  PF_ASSERT_OK(s->backend->download(s->backend, own, a->own, 4 * bytes));
  for (ptrdiff_t row = 0; row < pf_rows(&s->grid); row++) {
    for (int i = 0; i < s->grid.nx; i++) {
      const pf_at at = pf_at_cell(&s->grid, row, i);
      const ptrdiff_t c = at.c, low[3] = {c + at.xm, c + at.ym, c + at.zm};
      for (int q = 0; q < 4; q++) dense[(c + q / 2 * n) * size + c + q % 2 * n] += (double)own[q * n + c];
      for (int d = 0; d < pf_dimensions(&s->grid); d++) {
        if (low[d] == c) continue;
        for (int half = 0; half < 2; half++) { /* charge, anions: + in the row of L, - in that of R */
          const float *part = face_at[d] + 3 * half * n + c;
          const double p = (double)part[0], s_l = (double)part[n], s_r = (double)part[2 * n];
          for (int side = 0; side < 2; side++) {
            double *line = dense + ((side ? c : low[d]) + half * n) * size;
            const double sign = side ? -1 : 1;
            line[c] += sign * p, line[low[d]] -= sign * p;
            line[n + low[d]] += sign * s_l, line[n + c] += sign * s_r;
          }
        }
      }
    }
  }
  free(f);
  return dense;
}

/* The residual's opposite as the solver's right side, [2 n]. */
static bool right_side(pf_state *s, double dt, float *rhs) {
  double sums[PF_SUMS];
  return pf_test_ok(pf_transport_assemble(s, dt, sums), "the assembly", __FILE__, __LINE__) &&
         pf_test_ok(s->backend->download(s->backend, rhs, pf_linear_finest(s->linear)->rhs,
                                         2 * (size_t)pf_cells(&s->grid) * sizeof(float)),
                    "the right side", __FILE__, __LINE__);
}

/* Moves one unknown (cell of phi, cell of s, voltage) of a state whose fields the host holds. */
static bool move(pf_physics *p, double *u, ptrdiff_t q, double by) {
  const ptrdiff_t n = pf_cells(&p->state->grid);
  if (q == 2 * n) {
    p->state->voltage += by;
    return true;
  }
  u[q] += by;
  return pf_physics_set(p, q < n ? p->state->phi : p->state->s, u + (q < n ? 0 : n));
}

/* d rhs/d u_q by central differences of two steps, extrapolated; [2 n] */
static bool column(pf_physics *p, double dt, double *u, ptrdiff_t q, double step, double *result, float *rhs) {
  const ptrdiff_t size = 2 * pf_cells(&p->state->grid);
  for (ptrdiff_t r = 0; r < size; r++) result[r] = 0;
  for (int half = 0; half < 2; half++) {
    const double d = half ? 0.5 * step : step, weight = (half ? 4.0 : -1.0) / 3;
    for (int sign = -1; sign <= 1; sign += 2) {
      if (!move(p, u, q, sign * d) || !right_side(p->state, dt, rhs) || !move(p, u, q, -sign * d)) return false;
      for (ptrdiff_t r = 0; r < size; r++) result[r] += weight * sign * (double)rhs[r] / (2 * d);
    }
  }
  return true;
}

static const char *const cells_of_tests[] = {
    /* salt, the counter electrode a face, both frames */
    "&grid cells = 26, 4 spacing_um = 1 / &lithium thickness_um = 10 perturbation_um = 0.5 /"
    "&layer ionic_conductivity_S_cm = 1e-4 exchange_current_mA_cm2 = 1 transference_number = 0.3 "
    "salt_concentration_mol_L = 1 diffusivity_cm2_s = 1e-7 /",
    "&grid cells = 26, 4 spacing_um = 1 / &model frame = 'stack' / &lithium thickness_um = 10 perturbation_um = 0.5 /"
    "&layer ionic_conductivity_S_cm = 1e-4 exchange_current_mA_cm2 = 1 transference_number = 0.3 "
    "salt_concentration_mol_L = 1 diffusivity_cm2_s = 1e-7 conductivity_follows_salt = .false. /",
    /* two salts, the counter electrode resolved, hot spot */
    "&grid cells = 46, 3 spacing_um = 1 / &lithium thickness_um = 10 counter_thickness_um = 9 perturbation_um = 0.5 /"
    "&layer thickness_um = 14 ionic_conductivity_S_cm = 1e-4 exchange_current_mA_cm2 = 1 transference_number = 0.3 "
    "salt_concentration_mol_L = 1 diffusivity_cm2_s = 1e-7 single_ion_conductivity_S_cm = 5e-5 /"
    "&layer ionic_conductivity_S_cm = 2e-4 exchange_current_mA_cm2 = 2 transference_number = 0.4 "
    "salt_concentration_mol_L = 0.5 diffusivity_cm2_s = 2e-7 / &hotspot y_um = 1 radius_um = 1 factor = 2 /",
    /* film | ceramic | film | salt, an ideal counter electrode */
    "&grid cells = 36, 3 spacing_um = 1 / &lithium thickness_um = 10 counter_kinetics = .false. perturbation_um = 0.5 /"
    "&layer thickness_um = 0.05 film_resistance_ohm_cm2 = 20 /"
    "&layer thickness_um = 13 ionic_conductivity_S_cm = 1e-4 exchange_current_mA_cm2 = 1 /"
    "&layer ionic_conductivity_S_cm = 2e-4 exchange_current_mA_cm2 = 1 transference_number = 0.4 "
    "salt_concentration_mol_L = 0.5 diffusivity_cm2_s = 2e-7 /",
    /* 3-D, a crystal */
    "&grid cells = 24, 3, 2 spacing_um = 1 /"
    "&lithium thickness_um = 9 perturbation_um = 0.5 exchange_current_anisotropy = 0.3 /"
    "&layer ionic_conductivity_S_cm = 1e-4 exchange_current_mA_cm2 = 1 transference_number = 0.3 "
    "salt_concentration_mol_L = 1 diffusivity_cm2_s = 1e-7 /"};
enum { CASES = sizeof cells_of_tests / sizeof *cells_of_tests };

/* A cell some way into a step, off its solution: phi and s scattered about it.  u: its phi and s, [2 n]. */
static pf_physics *scattered(int number, double dt, double **u) {
  pf_physics *p = pf_physics_open("%s", cells_of_tests[number]);
  if (!p) return NULL;
  const ptrdiff_t n = pf_cells(&p->state->grid);
  const pf_drive drive = pf_physics_current(p, 4);
  *u = malloc(2 * (size_t)n * sizeof(double));
  double *phi = NULL, *s = NULL;
  bool good = *u && pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 2 * dt);
  if (good) {
    phi = pf_physics_field(p, p->state->phi), s = pf_physics_field(p, p->state->s);
    good = phi && s;
  }
  unsigned seed = 5;
  for (ptrdiff_t c = 0; good && c < n; c++) {
    (*u)[c] = phi[c] + 0.3 * (draw(&seed) - 0.5);
    (*u)[n + c] = s[c] * (1 + 0.1 * (draw(&seed) - 0.5));
  }
  free(phi), free(s);
  good = good && pf_physics_set(p, p->state->phi, *u) && pf_physics_set(p, p->state->s, *u + n);
  if (good) return p;
  free(*u);
  pf_physics_close(p);
  return NULL;
}

static void jacobian(void) {
  const double dt = 2;
  for (int number = 0; number < CASES; number++) {
    double *u;
    pf_physics *p = scattered(number, dt, &u);
    if (!p) return;
    const ptrdiff_t n = pf_cells(&p->state->grid), size = 2 * n;
    float *rhs = malloc((size_t)size * sizeof(float)), *border = malloc((size_t)size * sizeof(float));
    double *result = malloc((size_t)size * sizeof(double)), *dense = NULL;
    uint8_t *material = malloc((size_t)n);
    if (rhs && border && result && material && right_side(p->state, dt, rhs)) dense = matrix_of(p->state);
    if (dense) {
      PF_ASSERT_OK(p->backend->download(p->backend, border, p->state->border, (size_t)size * sizeof(float)));
      PF_ASSERT_OK(p->backend->download(p->backend, material, p->state->material, (size_t)n));
      double worst = 0, most = 0, voltage = 0;
      for (ptrdiff_t q = 0; q <= size; q++) {
        const bool salt = q >= n && q < size;
        if (salt && !(p->state->params.material[material[q - n]].anion_share > 0)) continue; /* no unknown */
        if (!column(p, dt, u, q, salt ? 0.02 * u[q] : 0.02, result, rhs)) break;
        for (ptrdiff_t r = 0; r < size; r++) {
          if (r >= n && !(p->state->params.material[material[r - n]].anion_share > 0)) continue;
          const double expected = q < size ? -dense[r * size + q] : (double)border[r];
          if (q < size) {
            worst = fmax(worst, fabs(result[r] - expected));
            most = fmax(most, fabs(expected));
          } else {
            voltage = fmax(voltage, fabs(result[r] - expected));
          }
        }
      }
      PF_ASSERT_AT_LEAST(most, 1);
      PF_ASSERT_AT_MOST(worst, 1e-5 * most);
      PF_ASSERT_AT_MOST(voltage, 1e-5 * most);
    }
    free(rhs), free(border), free(result), free(dense), free(material), free(u);
    pf_physics_close(p);
  }
}

/* ---- the linear solver ---- */

/* x of a x = b by elimination with row pivots, in place: b becomes x. */
static void eliminate(double *a, double *b, ptrdiff_t size) {
  for (ptrdiff_t c = 0; c < size; c++) {
    ptrdiff_t pivot = c;
    for (ptrdiff_t r = c + 1; r < size; r++)
      if (fabs(a[r * size + c]) > fabs(a[pivot * size + c])) pivot = r;
    for (ptrdiff_t q = c; q < size && pivot != c; q++) {
      const double t = a[c * size + q];
      a[c * size + q] = a[pivot * size + q], a[pivot * size + q] = t;
    }
    const double t = b[c];
    b[c] = b[pivot], b[pivot] = t;
    for (ptrdiff_t r = c + 1; r < size; r++) {
      const double by = a[r * size + c] / a[c * size + c];
      for (ptrdiff_t q = c; q < size; q++) a[r * size + q] -= by * a[c * size + q];
      b[r] -= by * b[c];
    }
  }
  for (ptrdiff_t r = size - 1; r >= 0; r--) {
    for (ptrdiff_t q = r + 1; q < size; q++) b[r] -= a[r * size + q] * b[q];
    b[r] /= a[r * size + r];
  }
}

static void linear(void) {
  for (int number = 0; number < CASES; number++) {
    double *u;
    pf_physics *p = scattered(number, 2, &u);
    if (!p) return;
    pf_state *s = p->state;
    const ptrdiff_t n = pf_cells(&s->grid), size = 2 * n;
    float *rhs = malloc((size_t)size * sizeof(float)), *x = malloc((size_t)size * sizeof(float));
    double *exact = malloc((size_t)size * sizeof(double)), *dense = NULL;
    if (rhs && x && exact && right_side(s, 2, rhs)) dense = matrix_of(s);
    if (dense) {
      pf_linear_report report = {0, 0};
      PF_ASSERT_OK(pf_linear_set(s->linear));
      PF_ASSERT_OK(pf_linear_solve(s->linear, pf_linear_finest(s->linear)->rhs, s->du, 1, 1e-6, 60, &report));
      PF_ASSERT_OK(s->backend->download(s->backend, x, s->du, (size_t)size * sizeof(float)));
      double off = 0, whole = 0, error = 0, norm = 0;
      for (ptrdiff_t r = 0; r < size; r++) {
        double sum = (double)rhs[r];
        for (ptrdiff_t q = 0; q < size; q++) sum -= dense[r * size + q] * (double)x[q];
        off += sum * sum, whole += (double)rhs[r] * (double)rhs[r], exact[r] = (double)rhs[r];
      }
      eliminate(dense, exact, size);
      for (ptrdiff_t r = 0; r < size; r++)
        error += (exact[r] - (double)x[r]) * (exact[r] - (double)x[r]), norm += exact[r] * exact[r];
      PF_ASSERT_AT_MOST(sqrt(off / whole), 3e-6);
      PF_ASSERT_AT_MOST(sqrt(error / norm), 1e-3);
      PF_ASSERT_AT_MOST((double)report.iterations, 30);
      PF_ASSERT_AT_LEAST(norm, 1e-12);
    }
    free(rhs), free(x), free(exact), free(dense), free(u);
    pf_physics_close(p);
  }
}

/* ---- order on the grid ---- */

/* A cell of salt without lithium, so that nothing reacts, with an ideal electrode at x = Lx: n x ny cells of 64/n um. */
static pf_physics *bath(int n, int ny) {
  pf_physics *p = pf_physics_open(
      "&grid cells = %d, %d spacing_um = %.17g / &lithium thickness_um = %.17g counter_kinetics = .false. /"
      "&layer ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 1 transference_number = 0.3 "
      "salt_concentration_mol_L = 1 diffusivity_cm2_s = 1e-6 /",
      n, ny, 64.0 / n, 64.0 / n);
  if (!p) return NULL;
  double *none = calloc((size_t)n * (size_t)ny, sizeof(double));
  p->state->tolerance = 10; /* of the current of a cell at rest, 1 nA/cm2: 1e-8 A/cm2 */
  const bool good = none && pf_physics_set(p, p->state->xi, none);
  free(none);
  if (good) return p;
  pf_physics_close(p);
  return NULL;
}

/* Where no current flows phi = 2 (1-t+) ln s, whatever s is.  Largest error of phi. */
static double still_potential(int n) {
  pf_physics *p = bath(n, n);
  if (!p) return (double)NAN;
  double *s = malloc((size_t)n * (size_t)n * sizeof(double)), error = (double)NAN;
  for (int j = 0; s && j < n; j++)
    for (int i = 0; i < n; i++) {
      const double x = (i + 0.5) / n, y = (j + 0.5) / n, fade = cos(0.5 * pi * x);
      s[j * n + i] = 1 + 0.6 * fade * fade * cos(2 * pi * y) + 0.2 * fade * fade; /* flat at both ends of x */
    }
  const pf_drive drive = pf_physics_voltage_source(p, 0);
  if (s && pf_physics_set(p, p->state->s, s) && pf_test_ok(pf_state_start(p->state), "start", __FILE__, __LINE__) &&
      pf_physics_start(p, &drive)) {
    double *phi = pf_physics_field(p, p->state->phi);
    error = phi ? 0 : (double)NAN;
    for (int c = 0; phi && c < n * n; c++) error = fmax(error, fabs(phi[c] - 1.4 * log(s[c])));
    free(phi);
  }
  free(s);
  pf_physics_close(p);
  return error;
}

/* Salt that spreads without current: s = 1 + A m cos(pi x/L), m = 1/(1 + D pi^2 dt/L^2) a step.  Largest error of s and
 * of phi. */
static void spreading(int n, double error[2]) {
  error[0] = error[1] = (double)NAN;
  pf_physics *p = bath(n, 1);
  if (!p) return;
  double *s = malloc((size_t)n * sizeof(double)), m = 1;
  for (int i = 0; s && i < n; i++) s[i] = 1 + 0.5 * cos(pi * (i + 0.5) / n);
  const double rate = 1e-10 * pi * pi / (64e-6 * 64e-6), dt = 5;
  const pf_drive drive = pf_physics_voltage_source(p, 0);
  bool good =
      s && pf_physics_set(p, p->state->s, s) && pf_test_ok(pf_state_start(p->state), "start", __FILE__, __LINE__);
  for (int step = 0; good && step < 8; step++) {
    pf_transport_report report;
    good = pf_test_ok(pf_transport_step(p->state, dt, &drive, &report), "a step", __FILE__, __LINE__);
    CU_ASSERT(report.converged);
    m /= 1 + rate * dt;
  }
  double *now = pf_physics_field(p, p->state->s), *phi = pf_physics_field(p, p->state->phi);
  if (good && now && phi) {
    error[0] = error[1] = 0;
    for (int i = 0; i < n; i++) {
      const double exact = 1 + 0.5 * m * cos(pi * (i + 0.5) / n);
      error[0] = fmax(error[0], fabs(now[i] - exact));
      error[1] = fmax(error[1], fabs(phi[i] - 1.4 * log(exact / (1 - 0.5 * m))));
    }
  }
  free(now), free(phi), free(s);
  pf_physics_close(p);
}

static void order_at_rest(void) {
  double phi[3], moving[3][2];
  for (int n = 0; n < 3; n++) {
    phi[n] = still_potential(16 << n);
    spreading(16 << n, moving[n]);
  }
  for (int n = 1; n < 3; n++) {
    PF_ASSERT_WITHIN(log2(phi[n - 1] / phi[n]), 2, 0.2);
    PF_ASSERT_WITHIN(log2(moving[n - 1][0] / moving[n][0]), 2, 0.1);
    PF_ASSERT_WITHIN(log2(moving[n - 1][1] / moving[n][1]), 2, 0.2);
  }
  PF_ASSERT_AT_MOST(phi[2], 0.02);
  PF_ASSERT_AT_MOST(moving[2][0], 1e-3);
}

/* Steady salt with a current i: s is a straight line, phi = A ln s with A = F D c0/((1-t+) kappa_0 RT/F) + 2 (1-t+). */
static void order_with_current(void) {
  double error[3];
  for (int n = 0; n < 3; n++) {
    const int cells = 55 << n;
    const double h = 220.0 / cells;
    pf_physics *p = pf_physics_open(
        "&grid cells = %d spacing_um = %g / &model frame = 'stack' mass_transfer_length_um = 0.1 /"
        "&lithium thickness_um = 20 /"
        "&layer ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 1 transference_number = 0.3 "
        "salt_concentration_mol_L = 1 diffusivity_cm2_s = 1e-6 /"
        "&solver time_step_max_s = 200 cfl = 1 potential_tolerance = 1e-9 /",
        cells, h);
    if (!p) return;
    const pf_drive drive = pf_physics_current(p, 11);
    error[n] = (double)NAN;
    if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 2400)) {
      double *s = pf_physics_field(p, p->state->s), *phi = pf_physics_field(p, p->state->phi);
      const double a = p->state->params.material[0].diffusion / 0.7 + 1.4;
      /* from the left end of a cell of the coarsest grid to that of another, off the diffuse front */
      const int from = 14 << n, to = 50 << n;
      if (s && phi) {
        const double left = 0.5 * (s[from - 1] + s[from]), right = 0.5 * (s[to - 1] + s[to]);
        /* the cells beside an end differ by exactly one flux: half of it each */
        const double phi_left = 0.5 * (phi[from - 1] + phi[from]), phi_right = 0.5 * (phi[to - 1] + phi[to]);
        const double mean = a * log(right / left);
        error[n] = fabs(phi_right - phi_left - mean);
      }
      free(s), free(phi);
    }
    pf_physics_close(p);
  }
  PF_ASSERT_WITHIN(log2(error[0] / error[1]), 2, 0.25);
  PF_ASSERT_WITHIN(log2(error[1] / error[2]), 2, 0.25);
}

/* The bracket B of (4) on a round front whose profile is too wide by 1.3: with f = xi(1-xi)(1/eps - 1/delta),
 *   B = f/r - f (1 - 2 xi)/delta.  Largest error over xi(1-xi) > 0.05, in units of 1/eps^2. */
static double bracket_error(int n, double *moved) {
  const double eps = n / 60.0, delta = 1.3 * eps, radius = 18 * eps, x0 = 0.503 * n, y0 = 0.497 * n;
  const pf_grid g = {n, n, 1, 1};
  pf_backend *b = pf_test_backend();
  const size_t cells = (size_t)n * (size_t)n, bytes = cells * sizeof(double);
  double *xi = malloc(bytes), *out = malloc(bytes), error = xi && out ? 0 : (double)NAN;
  void *d[6] = {NULL}, *material = NULL;
  for (size_t c = 0; xi && c < cells; c++)
    xi[c] =
        1 / (1 + exp((hypot((double)(c % (size_t)n) + 0.5 - x0, (double)(c / (size_t)n) + 0.5 - y0) - radius) / delta));
  bool good = xi && out && b->allocate(b, cells, &material) == PF_OK;
  for (int q = 0; q < 6; q++) good = good && b->allocate(b, bytes, &d[q]) == PF_OK;
  const double rate = 1e-3;
  good = good && b->upload(b, d[0], xi, bytes) == PF_OK && PF_MAP(b, logit, &g, .xi = d[0], .p = d[1]) == PF_OK &&
         PF_MAP(b, profile_2, &g, .xi = d[0], .p = d[1], .ridge = d[5], .bend = d[5], .salt = d[2], .open = d[2],
                .xi_new = d[3], .salt_new = d[4], .rate = rate, .eps = eps, .enters = {1, 0}) == PF_OK &&
         b->download(b, out, d[3], bytes) == PF_OK;
  CU_ASSERT(good);
  double before = 0, after = 0;
  for (size_t c = 0; good && c < cells; c++) {
    before += xi[c], after += out[c];
    if (!(xi[c] * (1 - xi[c]) > 0.05)) continue;
    const double r = hypot((double)(c % (size_t)n) + 0.5 - x0, (double)(c / (size_t)n) + 0.5 - y0);
    const double f = xi[c] * (1 - xi[c]) * (1 / eps - 1 / delta), exact = f / r - f * (1 - 2 * xi[c]) / delta;
    error = fmax(error, fabs((out[c] - xi[c]) / rate - exact) * eps * eps);
  }
  *moved = fabs(after - before) / before;
  for (int q = 0; q < 6; q++) b->release(b, d[q]);
  b->release(b, material);
  free(xi), free(out);
  pf_backend_destroy(b);
  return error;
}

static void order_of_bracket(void) {
  double error[3], moved;
  for (int n = 0; n < 3; n++) {
    error[n] = bracket_error(120 << n, &moved);
    PF_ASSERT_AT_MOST(moved, 1e-13);
  }
  PF_ASSERT_WITHIN(log2(error[0] / error[1]), 2, 0.25);
  PF_ASSERT_WITHIN(log2(error[1] / error[2]), 2, 0.25);
}

/* A planar front moves at Vm i/F, whatever its place between cell centres. */
/* The bracket's tanh against the library's, for any direction and size of the slope. */
static void bracket_tanh(void) {
  static const double eps[] = {0.75, 1, 1.5, 2, 4};
  unsigned seed = 7;
  for (int n = 0; n < 200; n++) {
    const double size = exp(12 * draw(&seed) - 6), along = size * (2 * draw(&seed) - 1), e = eps[n % 5];
    const double across = size * draw(&seed);
    const pf_slope slope = {along, along * along + across * across};
    PF_ASSERT_NEAR(pf_profile_tanh(slope, e), tanh(0.5 * along / sqrt(slope.square) / e), 1e-14);
  }
  CU_ASSERT_EQUAL(pf_profile_tanh((pf_slope){0, 0}, 1), 0);
}

static void front_speed(void) {
  for (int sign = -1; sign <= 1; sign += 2) {
    pf_physics *p = pf_physics_open(
        "&grid cells = 100 spacing_um = 1 / &model frame = 'grid' / &lithium thickness_um = 40 /"
        "&layer ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 1 / &solver time_step_max_s = 1e6 /");
    if (!p) return;
    const pf_drive drive = pf_physics_current(p, 10 * sign);
    const double speed = sign * p->state->params.growth * drive.current; /* cells/s */
    if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 4 / fabs(speed))) {
      const double start = pf_physics_front(p, 0), since = p->state->time;
      double worst = 0;
      for (int n = 1; n <= 20; n++) {
        if (!pf_physics_run(p, &drive, since + 0.3 * n / fabs(speed))) break;
        const double moved = (pf_physics_front(p, 0) - start) * sign;
        worst = fmax(worst, fabs(moved - 0.3 * n));
      }
      PF_ASSERT_AT_MOST(worst, 0.03);
    }
    pf_physics_close(p);
  }
}

/* The front of a row is read where xi = 1/2: exactly on a planar front, wherever it stands between cell centres. */
static void front_read(void) {
  for (int n = 0; n < 7; n++) {
    const double place = 20.0 + n / 7.0;
    pf_physics *p = pf_physics_open(
        "&grid cells = 60, 2 spacing_um = 0.5 / &model frame = 'grid' / &lithium thickness_um = %.17g /"
        "&layer ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 1 /",
        0.5 * place);
    if (!p) return;
    pf_history_row row;
    PF_ASSERT_OK(pf_measure_row(p->state, &row));
    PF_ASSERT_NEAR(row.front_mean_um, 0.5 * place, 1e-12);
    PF_ASSERT_NEAR(row.front_max_um, 0.5 * place, 1e-12);
    pf_physics_close(p);
  }
  pf_physics *p = pf_physics_open(
      "&grid cells = 60, 64 spacing_um = 0.5 / &model frame = 'grid' /"
      "&lithium thickness_um = 15 perturbation_um = 0.8 perturbation_wavelength_um = 32 /"
      "&layer ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 1 /");
  if (!p) return;
  pf_history_row row;
  PF_ASSERT_OK(pf_measure_row(p->state, &row));
  PF_ASSERT_WITHIN(row.front_mean_um, 15, 1e-12);
  PF_ASSERT_WITHIN(row.front_max_um, 15 + 0.8 * cos(pi / 64), 1e-3);
  PF_ASSERT_WITHIN(row.front_min_um, 15 - 0.8 * cos(pi / 64), 1e-3);
  PF_ASSERT_WITHIN(row.roughness_um, 0.8 / sqrt(2), 1e-3);
  pf_physics_close(p);
}

void t305_fluxes(void) {
  pf_test_suite("t305 fluxes", (pf_test[]){{"derivatives of fluxes against differences", derivatives},
                                           {"sides exchanged", exchanged},
                                           {"no salt is taken from where there is none", positive},
                                           {"upwind salt as Scharfetter and Gummel", upwind},
                                           {"materials and films in series, equilibrium", series},
                                           {"the Jacobian against differences of the residual", jacobian},
                                           {"the linear solver against elimination", linear},
                                           {"order 2 of potential and salt without current", order_at_rest},
                                           {"order 2 of the potential with a current", order_with_current},
                                           {"order 2 of the bracket that keeps the profile", order_of_bracket},
                                           {"the bracket's tanh", bracket_tanh},
                                           {"a planar front moves at Vm i/F", front_speed},
                                           {"the front is read where it is", front_read}});
}
