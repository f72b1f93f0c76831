/* t300_kinetics.c: the reaction: Butler-Volmer with film and mass transfer, the face as an electrode, the weights of a
 * diffuse front. */
#include <math.h>
#include <stdlib.h>

#include "physics.h"

/* ---- Crystals ---- */

/* i0 of a crystal's faces: known directions, and all 48 that a cube does not tell from one. */
static void facets(void) {
  const double delta = 0.3;
  PF_ASSERT_WITHIN(pf_facet(-2, 0, 0, delta), 1 + delta, 1e-15);
  PF_ASSERT_WITHIN(pf_facet(1, 1, 0, delta), 1 - delta, 1e-15);
  PF_ASSERT_WITHIN(pf_facet(3, -3, 3, delta), 1 - 5 * delta / 3, 1e-15);
  PF_ASSERT_WITHIN(pf_facet(0, 0, 0, delta), 1, 0);
  PF_ASSERT_WITHIN(pf_facet(1, 2, 3, 0), 1, 0);
  for (int n = 0; n < 24; n++) {
    const double angle = 0.26 * n;
    PF_ASSERT_WITHIN(pf_facet(cos(angle), sin(angle), 0, delta), 1 + delta * cos(4 * angle), 1e-14);
  }
  const double v[3] = {0.9, -0.5, 0.2}, same = pf_facet(v[0], v[1], v[2], delta);
  static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (int n = 0; n < 48; n++) {
    const int *o = order[n / 8];
    const double found =
        pf_facet(n & 1 ? -v[o[0]] : v[o[0]], n & 2 ? -v[o[1]] : v[o[1]], n & 4 ? -v[o[2]] : v[o[2]], delta);
    PF_ASSERT_WITHIN(found, same, 1e-15);
  }
}

/* A planar front in a direction n in a cell whose potential is 0.02 RT/F everywhere: each cell reacts with i0(n), and all
 * of them together as the front's area does.  Only cells whose neighbours are not beyond the box are looked at: in it the front
 * is planar. */
static void planar_facets(void) {
  enum { N = 24, CELLS = N * N * N };
  static const double normals[][3] = {{1, 0, 0}, {1, 1, 0}, {1, 0, -1}, {1, 1, 1}, {3, 1, -2}, {2, 1, 0}};
  const double eta = 0.02, delta = 0.4;
  double *xi = malloc(CELLS * sizeof *xi), *phi = malloc(CELLS * sizeof *phi);
  for (size_t n = 0; xi && phi && n < sizeof normals / sizeof *normals; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells = 24, 24, 24, spacing_um = 1 /\n&model frame = 'grid' /\n"
        "&lithium thickness_um = 12, counter_kinetics = .false., exchange_current_anisotropy = %g,"
        " surface_energy_J_m2 = 0 /\n"
        "&layer ionic_conductivity_S_cm = 3e-4, exchange_current_mA_cm2 = 1 /\n",
        delta);
    if (!p) break;
    const double *v = normals[n], length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    for (int k = 0; k < N; k++)
      for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++) {
          const double d = (v[0] * (i - 11.5) + v[1] * (j - 11.5) + v[2] * (k - 11.5)) / length;
          xi[(k * N + j) * N + i] = 1 / (1 + exp(d));
          phi[(k * N + j) * N + i] = eta;
        }
    double sums[PF_SUMS];
    if (pf_physics_set(p, p->state->xi, xi) && pf_physics_set(p, p->state->phi, phi) &&
        pf_state_start(p->state) == PF_OK &&
        PF_SUM(p->backend, react, &p->state->grid, sums, PF_REACTION_OF(p->state), .reaction = p->state->reaction) ==
            PF_OK) {
      double *r = pf_physics_field(p, p->state->reaction), *w = pf_physics_field(p, p->state->weight);
      const double quartic = (pow(v[0], 4) + pow(v[1], 4) + pow(v[2], 4)) / pow(length, 4);
      const double exact =
          p->state->params.material[0].exchange * (1 + delta * (4 * quartic - 3)) * 2 * sinh(0.5 * eta);
      double worst = 0, all = 0, area = 0;
      for (int k = 8; r && w && k < 16; k++)
        for (int j = 8; j < 16; j++)
          for (int i = 2; i < N - 2; i++) {
            const int c = (k * N + j) * N + i;
            worst = fmax(worst, fabs(r[c] - w[c] * exact));
            all += r[c] / (64 * exact), area += w[c] / 64;
          }
      printf("[%g %g %g: %.1e, current %.5f of %.5f] ", v[0], v[1], v[2], worst / exact, all, length / fabs(v[0]));
      CU_ASSERT(area > 0.9);
      PF_ASSERT_AT_MOST(worst, 1e-12 * exact);
      PF_ASSERT_NEAR(all, length / fabs(v[0]), 5e-3);
      free(r), free(w);
    } else {
      CU_ASSERT(false);
    }
    pf_physics_close(p);
  }
  free(xi), free(phi);
}

/* The face x = Lx is lithium that faces the cell along an axis. */
static void counter_facet(void) {
  pf_params m = {.counter = PF_COUNTER_FACE};
  m.material[0] = (pf_electrolyte){.conductance = 1, .exchange = 0.2, .alpha = 0.5};
  m.electrode[1].exchange = -1;
  pf_params crystal = m;
  crystal.anisotropy = 0.3;
  m.material[0].exchange *= 1.3;
  double s;
  PF_ASSERT_NEAR(pf_counter_face(&crystal, 1, 0.7, 1, 0, 0.1, &s).i, pf_counter_face(&m, 1, 0.7, 1, 0, 0.1, &s).i,
                 1e-14);
}

void t300_kinetics(void);

/* Numbers in 0 .. 1, the same in every run. */
static double draw(unsigned *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return (double)(*seed >> 8) / 16777216.0;
}

static pf_kinetics some_kinetics(unsigned *seed, bool salty, double film) {
  const pf_kinetics k = {.exchange = exp(-6 + 8 * draw(seed)),
                         .alpha = draw(seed) < 0.3 ? 0.5 : 0.2 + 0.6 * draw(seed),
                         .film = film,
                         .share = salty ? 0.6 * draw(seed) : 1,
                         .transfer = salty ? exp(-8 + 6 * draw(seed)) : 0,
                         .salty = salty};
  return k;
}

/* (2) and (2b) as they are written in the model. */
static double by_hand(const pf_kinetics *k, double eta, double s) {
  const double a = k->alpha, net = exp(a * eta) - exp(-(1 - a) * eta);
  if (!k->salty) return k->exchange * net;
  const double i0 = k->exchange * (1 - k->share);
  return k->exchange * k->share * net + i0 * pow(s, 1 - a) * net / (1 + i0 * pow(s, -a) * exp(a * eta) * k->transfer);
}

static void formula(void) {
  unsigned seed = 1;
  for (int n = 0; n < 1000; n++) {
    const pf_kinetics k = some_kinetics(&seed, n % 3 > 0, 0);
    const double eta = 40 * (draw(&seed) - 0.5), s = exp(-7 * draw(&seed));
    PF_ASSERT_NEAR(pf_butler_volmer(&k, eta, s).i, by_hand(&k, eta, s), 1e-11);
    PF_ASSERT_WITHIN(pf_butler_volmer(&k, 0, s).i, 0, 0); /* eta = 0 is equilibrium whatever the salt is */
  }
  /* a = 1/2 is symmetric; small overpotentials are ohmic */
  const pf_kinetics k = {.exchange = 0.3, .alpha = 0.5, .share = 1};
  for (double eta = 0.5; eta < 20; eta += 0.5) {
    PF_ASSERT_NEAR(pf_butler_volmer(&k, eta, 1).i, 0.6 * sinh(0.5 * eta), 1e-13);
    PF_ASSERT_NEAR(pf_butler_volmer(&k, -eta, 1).i, -0.6 * sinh(0.5 * eta), 1e-13);
  }
  PF_ASSERT_NEAR(pf_butler_volmer(&k, 1e-6, 1).i, 0.3e-6, 1e-9);
}

/* Central difference, extrapolated, and what it may be off by. */
typedef struct slope {
  double value, error;
} slope;
typedef double function(const void *context, double x);
static slope slope_of(function *f, const void *context, double x, double step) {
  double d[3];
  for (int n = 0; n < 3; n++, step *= 0.5) d[n] = (f(context, x + step) - f(context, x - step)) / (2 * step);
  const slope r = {(4 * d[2] - d[1]) / 3, fabs((4 * d[2] - d[1]) / 3 - (4 * d[1] - d[0]) / 3)};
  return r;
}

typedef struct point {
  pf_kinetics k;
  double eta, s;
} point;
static double of_eta(const void *p, double eta) {
  return pf_reaction(&((const point *)p)->k, eta, ((const point *)p)->s).i;
}
static double of_salt(const void *p, double s) {
  return pf_reaction(&((const point *)p)->k, ((const point *)p)->eta, s).i;
}

static void derivatives(void) {
  unsigned seed = 2;
  for (int n = 0; n < 1000; n++) {
    point p = {.k = some_kinetics(&seed, n % 3 > 0, n % 2 ? exp(3 * draw(&seed)) : 0)};
    p.eta = 30 * (draw(&seed) - 0.5);
    p.s = 0.01 + draw(&seed);
    const pf_current c = pf_reaction(&p.k, p.eta, p.s);
    const slope eta = slope_of(of_eta, &p, p.eta, 1e-2), salt = slope_of(of_salt, &p, p.s, 1e-2 * p.s);
    PF_ASSERT_NEAR(c.d_eta, eta.value, 1e-8 + 10 * eta.error / fabs(eta.value));
    PF_ASSERT_WITHIN(c.d_s, salt.value, 1e-8 * (fabs(c.d_s) + fabs(c.i)) + 10 * salt.error);
    CU_ASSERT(c.d_eta > 0);
  }
}

static void behind_a_film(void) {
  unsigned seed = 3;
  for (int n = 0; n < 500; n++) {
    const pf_kinetics k = some_kinetics(&seed, n % 2 > 0, exp(-5 + 15 * draw(&seed)));
    pf_kinetics bare = k;
    bare.film = 0;
    const double eta = 60 * (draw(&seed) - 0.5), s = 0.01 + draw(&seed);
    const double i = pf_reaction(&k, eta, s).i;
    /* i = BV(eta - R i): compared as overpotentials, since BV may be steep */
    const pf_current c = pf_reaction(&bare, eta - k.film * i, s);
    PF_ASSERT_WITHIN((c.i - i) / (c.d_eta + 1 / k.film), 0, 1e-11 * (1 + fabs(eta)));
    CU_ASSERT(fabs(k.film * i) <= fabs(eta) && i * eta >= 0);
  }
  /* a film on an electrode that runs out of salt: BV rises steeply and then not at all */
  const pf_kinetics starved = {.exchange = 1.3e-3, .alpha = 0.5, .film = 361, .transfer = 0.47, .salty = 1};
  pf_kinetics open = starved;
  open.film = 0;
  for (double s = 1e-12; s < 2; s *= 10)
    for (double eta = -80; eta <= 80; eta += 0.37) {
      const double i = pf_reaction(&starved, eta, s).i;
      const pf_current c = pf_reaction(&open, eta - starved.film * i, s);
      PF_ASSERT_WITHIN((c.i - i) / (c.d_eta + 1 / starved.film), 0, 1e-10 * (1 + fabs(eta)));
    }
  const pf_kinetics ohmic = {.exchange = 1e6, .alpha = 0.5, .share = 1, .film = 1e3};
  PF_ASSERT_NEAR(pf_reaction(&ohmic, 5, 1).i, 5e-3, 1e-6);
}

/* (2b): deposition cannot take more salt than comes over the length l; dissolution and the single-ion share can. */
static void mass_transfer(void) {
  const pf_kinetics k = {.exchange = 0.5, .alpha = 0.5, .transfer = 0.02, .salty = 1};
  pf_kinetics free_k = k;
  free_k.transfer = 0;
  for (double s = 1e-3; s < 1.5; s *= 3) {
    PF_ASSERT_NEAR(pf_reaction(&k, 60, s).i, s / k.transfer, 1e-6);
    PF_ASSERT_NEAR(pf_reaction(&k, -30, s).i, pf_reaction(&free_k, -30, s).i, 1e-6);
    /* 1/i = 1/i_BV + transfer/s far from equilibrium */
    PF_ASSERT_NEAR(1 / pf_reaction(&k, 14, s).i, 1 / pf_reaction(&free_k, 14, s).i + k.transfer / s, 2e-6);
  }
  pf_kinetics hybrid = k;
  hybrid.share = 0.2;
  PF_ASSERT_NEAR(pf_reaction(&hybrid, 30, 1e-9).i, 0.5 * 0.2 * 2 * sinh(15), 1e-6);
}

/* Beyond exp(40) it goes on straight: a Newton step that shoots too far meets a finite, growing current. */
static void far_away(void) {
  const pf_kinetics k = {.exchange = 1, .alpha = 0.5, .share = 1};
  double before = pf_butler_volmer(&k, 70, 1).i;
  for (double eta = 70.5; eta < 2000; eta *= 1.05) {
    const double now = pf_butler_volmer(&k, eta, 1).i;
    CU_ASSERT(isfinite(now) && now > before);
    before = now;
  }
  PF_ASSERT_NEAR(pf_butler_volmer(&k, 80 + 1e-9, 1).i, pf_butler_volmer(&k, 80 - 1e-9, 1).i, 1e-8);
}

/* ---- the face x = Lx ---- */

typedef struct face {
  pf_kinetics k;
  pf_electrolyte m;
  double phi, s;
} face;
static double face_of_phi(const void *p, double phi) {
  const face *f = p;
  double s_f;
  return pf_face_reaction(&f->k, &f->m, phi, f->s, 0.3, &s_f).i;
}
static double face_of_salt(const void *p, double s) {
  const face *f = p;
  double s_f;
  return pf_face_reaction(&f->k, &f->m, f->phi, s, 0.3, &s_f).i;
}

/* The half cell before the face: no anions pass, the current is that of (6), the reaction is that of the face. */
static void face_electrode(void) {
  unsigned seed = 4;
  const pf_electrode bare = {.exchange = -1, .alpha = 0.5};
  for (int n = 0; n < 300; n++) {
    face f = {.m = {.conductance = 1,
                    .single_ion_path = n % 4 > 1 ? 0.4 : 0,
                    .diffusion = 0.2 + draw(&seed),
                    .exchange = 1e-3 + 0.02 * draw(&seed),
                    .alpha = 0.5,
                    .anion_share = n % 3 ? 0.3 + 0.6 * draw(&seed) : 0,
                    .follows_salt = n % 2}};
    if (!(f.m.anion_share > 0)) f.m.single_ion_path = 0;
    f.k = pf_kinetics_of(&f.m, &bare, 1);
    f.phi = 6 * (draw(&seed) - 0.5);
    f.s = 0.3 + draw(&seed);
    double s_f;
    const pf_current c = pf_face_reaction(&f.k, &f.m, f.phi, f.s, 0.3, &s_f);
    const double share = f.m.anion_share, path = f.m.single_ion_path;
    double phi_f = f.phi - 0.5 * c.i / (1 + path);
    if (share > 0) {
      /* over the half cell: the salt's part i_s of the current, by (6), and no flow of anions, by (7); exact without a
       * single-ion path, to second order in h with one */
      const double mean = 0.5 * (f.s + s_f), conducts = f.m.follows_salt ? mean : 1;
      const double nernst = 2 * share * conducts * (s_f - f.s) / mean;
      phi_f = f.phi + (nernst - 0.5 * c.i) / (conducts + path);
      const double i_s = c.i - 2 * path * (f.phi - phi_f);
      PF_ASSERT_WITHIN(s_f - f.s, -0.5 * i_s * share / f.m.diffusion, path > 0 ? c.i * c.i : 1e-13);
      CU_ASSERT(!(path > 0) || fabs(i_s) < fabs(c.i));
    } else {
      PF_ASSERT_WITHIN(s_f, f.s, 0);
    }
    PF_ASSERT_WITHIN(c.i, pf_reaction(&f.k, phi_f - 0.3, s_f).i, 1e-10 * fabs(c.i));
    const slope phi = slope_of(face_of_phi, &f, f.phi, 1e-2), salt = slope_of(face_of_salt, &f, f.s, 1e-2);
    const double loose = path > 0 ? 0.02 * fabs(c.i) : 0; /* the path's share of the current follows the salt too */
    PF_ASSERT_NEAR(c.d_eta, phi.value, 1e-8 + 10 * phi.error / phi.value);
    PF_ASSERT_WITHIN(c.d_s, salt.value, 1e-8 + loose + 10 * salt.error);
  }
}

static void properties(void) {
  const pf_electrolyte hybrid = {.conductance = 3,
                                 .single_ion_path = 1,
                                 .exchange = 2,
                                 .alpha = 0.4,
                                 .anion_share = 0.7,
                                 .film = 5,
                                 .transfer = 0.1};
  const pf_electrode bare = {.film = 7, .exchange = -1, .alpha = 0.5},
                     coated = {.film = 7, .exchange = 9, .alpha = 0.3};
  const pf_kinetics a = pf_kinetics_of(&hybrid, &bare, 1.5), b = pf_kinetics_of(&hybrid, &coated, 1.5);
  PF_ASSERT_NEAR(a.exchange, 3, 1e-15);
  PF_ASSERT_NEAR(a.alpha, 0.4, 1e-15);
  PF_ASSERT_NEAR(a.film, 12, 1e-15);
  PF_ASSERT_NEAR(a.share, 0.25, 1e-15);
  PF_ASSERT_NEAR(a.transfer, 0.1, 1e-15);
  PF_ASSERT_NEAR(b.exchange, 13.5, 1e-15);
  PF_ASSERT_NEAR(b.alpha, 0.3, 1e-15);
}

/* ---- weights and curvature of a diffuse front ---- */

typedef struct shape {
  pf_grid g;
  pf_backend *backend;
  double *xi, *weight, *curvature; /* host */
} shape;

static bool shape_make(shape *s, pf_grid g, double eps, double (*distance)(const double at[3], const void *),
                       const void *context) {
  *s = (shape){.g = g, .backend = pf_test_backend()};
  const size_t cells = (size_t)pf_cells(&g), bytes = cells * sizeof(double);
  s->xi = malloc(bytes), s->weight = malloc(bytes), s->curvature = malloc(bytes);
  void *d[4] = {NULL, NULL, NULL, NULL};
  bool good = s->xi && s->weight && s->curvature;
  for (int n = 0; n < 4 && good; n++) good = s->backend->allocate(s->backend, bytes, &d[n]) == PF_OK;
  for (ptrdiff_t row = 0; good && row < pf_rows(&g); row++)
    for (int i = 0; i < g.nx; i++) {
      const double at[3] = {i + 0.5, (double)(row % g.ny) + 0.5, (double)(row / g.ny) + 0.5};
      s->xi[row * g.nx + i] = 1 / (1 + exp(distance(at, context) / eps));
    }
  good = good && s->backend->upload(s->backend, d[0], s->xi, bytes) == PF_OK &&
         PF_MAP(s->backend, logit, &g, .xi = d[0], .p = d[1]) == PF_OK &&
         PF_MAP(s->backend, geometry, &g, .xi = d[0], .p = d[1], .weight = d[2], .curvature = d[3]) == PF_OK &&
         s->backend->download(s->backend, s->weight, d[2], bytes) == PF_OK &&
         s->backend->download(s->backend, s->curvature, d[3], bytes) == PF_OK;
  for (int n = 0; n < 4; n++) s->backend->release(s->backend, d[n]);
  CU_ASSERT(good);
  return good;
}
static void shape_free(shape *s) {
  free(s->xi), free(s->weight), free(s->curvature);
  pf_backend_destroy(s->backend);
}

static double planar_distance(const double at[3], const void *place) { return at[0] - *(const double *)place; }

static void planar_weight(void) {
  const pf_grid g = {64, 1, 1, 1};
  for (double eps = 1; eps <= 2; eps += 0.5) {
    for (double place = 32; place < 33; place += 0.1) {
      shape s;
      if (shape_make(&s, g, eps, planar_distance, &place)) {
        double plate = 0, strip = 0, first = 0;
        for (int i = 0; i < 64; i++) {
          plate += pf_reaction_weight(1, s.weight[i], s.xi[i], eps);
          first += pf_reaction_weight(1, s.weight[i], s.xi[i], eps) * (i + 0.5 - place);
          strip += pf_reaction_weight(-1, s.weight[i], s.xi[i], eps);
          PF_ASSERT_WITHIN(s.curvature[i], 0, 1e-12);
          PF_ASSERT_WITHIN(pf_reaction_weight(-1, s.weight[i], s.xi[i], eps), s.xi[i] * (1 - s.xi[i]) / eps, 1e-15);
        }
        PF_ASSERT_NEAR(plate, 1, 1e-13);
        PF_ASSERT_NEAR(strip, 1, 1e-6);
        PF_ASSERT_WITHIN(first, 0, 0.02); /* centred on the front wherever it stands */
      }
      shape_free(&s);
    }
  }
}

/* A direction or a circle. */
typedef struct figure {
  double x, y, cosine, sine, radius; /* of lithium; < 0: around a hole */
} figure;
static double tilted_distance(const double at[3], const void *context) {
  const figure *f = context;
  return (at[0] - f->x) * f->cosine + (at[1] - f->y) * f->sine;
}
static double round_distance(const double at[3], const void *context) {
  const figure *f = context;
  const double d = hypot(at[0] - f->x, at[1] - f->y) - fabs(f->radius);
  return f->radius > 0 ? d : -d;
}

/* |grad S| integrates to the length of a front in any direction, and of a circle, whose curvature is 1/R. */
static void tilted_weight(void) {
  for (int n = 1; n <= 3; n++) {
    const double angle = n * 0.26179938779914943; /* 15, 30, 45 degrees */
    const figure f = {.x = 50, .y = 50, .cosine = cos(angle), .sine = sin(angle)};
    const pf_grid g = {100, 100, 1, 1};
    shape s;
    if (shape_make(&s, g, 1, tilted_distance, &f)) {
      double plate = 0, strip = 0;
      for (int j = 40; j < 60; j++) /* away from where the period breaks the front */
        for (int i = 0; i < 100; i++) {
          plate += pf_reaction_weight(1, s.weight[j * 100 + i], s.xi[j * 100 + i], 1);
          strip += pf_reaction_weight(-1, s.weight[j * 100 + i], s.xi[j * 100 + i], 1);
        }
      PF_ASSERT_NEAR(plate, 20 / f.cosine, 0.01);
      PF_ASSERT_NEAR(strip, 20 / f.cosine, 0.01);
    }
    shape_free(&s);
  }
}

static void round_weight(void) {
  static const double radii[] = {12, 24, -24};
  const double pi = 3.14159265358979323846;
  for (int n = 0; n < 3; n++) {
    const figure f = {.x = 40.3, .y = 39.8, .radius = radii[n]};
    const pf_grid g = {80, 80, 1, 1};
    shape s;
    if (shape_make(&s, g, 1, round_distance, &f)) {
      double area = 0, turns = 0;
      for (int c = 0; c < 6400; c++) area += s.weight[c], turns += s.weight[c] * s.curvature[c];
      PF_ASSERT_NEAR(area, 2 * pi * fabs(f.radius), 0.01);
      PF_ASSERT_NEAR(turns / area, 1 / f.radius, 0.01); /* > 0 where lithium protrudes */
    }
    shape_free(&s);
  }
}

/* Hot spots: discs in 3-D, strips in 2-D, across the period, and overlaps multiply. */
static void hot_places(void) {
  pf_physics *p = pf_physics_open(
      "&grid cells = 20, 20, 10 spacing_um = 2 / &lithium thickness_um = 12 /"
      "&layer ionic_conductivity_S_cm = 1e-3 exchange_current_mA_cm2 = 1 /"
      "&hotspot y_um = 1 z_um = 5 radius_um = 7 factor = 3 / &hotspot y_um = 9 z_um = 5 radius_um = 4 factor = 0.5 /"
      "&hotspot y_um = 25 z_um = 5 radius_um = 3 edge_um = 2 factor = 5 /");
  if (!p) return;
  double factor[200];
  PF_ASSERT_OK(p->backend->download(p->backend, factor, p->state->hotspot, sizeof factor));
  int wrong = 0, both = 0;
  for (int row = 0; row < 200; row++) {
    const double y = 2 * (row % 20) + 1, z = 2 * (row / 20) + 1; /* 40 x 20 um, periodic */
    const double y1 = fmin(fabs(y - 1), 40 - fabs(y - 1)), z1 = fmin(fabs(z - 5), 20 - fabs(z - 5));
    const bool one = y1 * y1 + z1 * z1 <= 49, two = (y - 9) * (y - 9) + z1 * z1 <= 16;
    const double soft = 1 + 2 * (1 - tanh((hypot(fmin(fabs(y - 25), 40 - fabs(y - 25)), z1) - 3) / 2));
    wrong += fabs(factor[row] - (one ? 3 : 1) * (two ? 0.5 : 1) * soft) > 1e-13;
    both += one && two;
  }
  CU_ASSERT_EQUAL(wrong, 0);
  CU_ASSERT(both > 0);
  pf_physics_close(p);
}

void t300_kinetics(void) {
  pf_test_suite("t300 kinetics", (pf_test[]){{"Butler-Volmer as it is written", formula},
                                             {"derivatives against differences", derivatives},
                                             {"the current behind a film", behind_a_film},
                                             {"mass transfer limits deposition from the salt alone", mass_transfer},
                                             {"far from equilibrium it stays finite", far_away},
                                             {"the face as an electrode", face_electrode},
                                             {"whose kinetics: material, film, hot spot", properties},
                                             {"weights of a planar front sum to 1 wherever it stands", planar_weight},
                                             {"weights of a tilted front sum to its length", tilted_weight},
                                             {"weights and curvature of a circle", round_weight},
                                             {"where hot spots lie", hot_places},
                                             {"i0 of a crystal's faces", facets},
                                             {"planar fronts of a crystal", planar_facets},
                                             {"a crystal as counter electrode", counter_facet}});
}
