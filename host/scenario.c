#include "scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cell_pfhub.h"
#include "cell_random.h"
#include "microstructure.h"
#include "pf_constants.h"

_Static_assert((int)PF_MATERIALS == (int)PF_ELECTROLYTES_MAX, "every electrolyte of a config has a place");

static const double um = 1e-6, S_cm = 100, mA_cm2 = 10, mol_L = 1000, cm2_s = 1e-4, ohm_cm2 = 1e-4,
                    pi = 3.14159265358979323846;

static double thermal(const pf_config *cfg) { return PF_GAS * cfg->conditions.temperature_K / PF_FARADAY; }

static double width(const pf_config *cfg) { return cfg->model.interface_width_cells * cfg->grid.spacing_um * um; }

/* A number that may be missing. */
static double given(double value, double otherwise) { return isnan(value) ? otherwise : value; }

static double path(const pf_config_material *m) { return given(m->single_ion_conductivity_S_cm, 0) * S_cm; }

/* An electronic conductivity that keeps the equation regular where nothing conducts, of the ionic one. */
static double electronic(const pf_scenario *s, double conductivity_S_cm) {
  const double least = 1e-12;
  return fmax(given(conductivity_S_cm, 0) * S_cm / s->reference_conductivity, least);
}

static pf_electrolyte electrolyte(const pf_config *cfg, const pf_scenario *s, const pf_config_material *m) {
  const double unit = s->reference_conductivity * s->scales.potential, h = s->grid.h;
  const double c0 = given(m->salt_concentration_mol_L, 0) * mol_L, share = 1 - m->transference_number;
  const bool salty = share > 0;
  pf_electrolyte e = {0};
  e.conductance = m->ionic_conductivity_S_cm * S_cm / s->reference_conductivity;
  e.single_ion_path = path(m) / s->reference_conductivity;
  e.exchange = m->exchange_current_mA_cm2 * mA_cm2 / s->scales.current;
  e.alpha = m->transfer_coefficient;
  e.film = given(m->film_resistance_ohm_cm2, 0) * ohm_cm2 * s->reference_conductivity / h;
  if (cfg->model.electrons) e.electronic = electronic(s, m->electronic_conductivity_S_cm);
  e.follows_salt = m->conductivity_follows_salt;
  e.enters = m->lithium_can_enter;
  if (!isnan(m->fracture_toughness_MPa_m05)) { /* (12): Y sqrt(pi a) F eta/Vm = K_IC */
    const double molar = cfg->lithium.molar_volume_cm3_mol * 1e-6, shape = 1.12;
    e.fracture = m->fracture_toughness_MPa_m05 * 1e6 * molar /
                 (PF_FARADAY * shape * sqrt(pi * m->flaw_depth_um * um) * s->scales.potential);
  }
  if (!salty) return e;
  e.anion_share = share;
  e.c0 = c0;
  e.diffusion = m->diffusivity_cm2_s * cm2_s * c0 * PF_FARADAY / unit;
  e.capacity = c0 * PF_FARADAY * h * h / unit;
  e.transfer = share * cfg->model.mass_transfer_length_um * um / (h * e.diffusion);
  e.salt_volume = cfg->lithium.molar_volume_cm3_mol * 1e-6 * c0;
  return e;
}

/* Resistance of a film for electrons, scaled. */
static double blocking(const pf_scenario *s, const pf_config_layer *film) {
  return film->thickness_um * um / s->grid.h / electronic(s, film->properties.electronic_conductivity_S_cm);
}

/* The film that lies on an electrode rides with it. */
static pf_electrode electrode(const pf_config *cfg, const pf_scenario *s, int film) {
  pf_electrode e = {.exchange = -1, .alpha = 0.5};
  if (film < 0) return e;
  const pf_config_material *m = &cfg->layer[film].properties;
  e.film = given(m->film_resistance_ohm_cm2, 0) * ohm_cm2 * s->reference_conductivity / s->grid.h;
  if (cfg->model.electrons) e.electrons = blocking(s, &cfg->layer[film]);
  if (!isnan(m->exchange_current_mA_cm2)) {
    e.exchange = m->exchange_current_mA_cm2 * mA_cm2 / s->scales.current;
    e.alpha = m->transfer_coefficient;
  }
  return e;
}

/* (10), (11) */
static pf_mechanics mechanics(const pf_config *cfg, const pf_scenario *s) {
  const pf_config_lithium *l = &cfg->lithium;
  const double molar = l->molar_volume_cm3_mol * 1e-6, k = 2 * pi / width(cfg);
  const double soft = (1 - l->poisson_ratio * l->poisson_ratio) / (l->youngs_modulus_GPa * 1e9);
  double stiff = soft, kappa = 0;
  pf_mechanics m = {.full = l->eigenstrain,
                    .isotropic = l->eigenstrain_form == PF_EIGENSTRAIN_ISOTROPIC,
                    .pressure = given(cfg->conditions.stack_pressure_MPa, 0) * 1e6,
                    .cap = l->lithium_plasticity ? 3 * l->yield_stress_MPa * 1e6 : (double)INFINITY,
                    .volume = molar / (PF_FARADAY * s->scales.potential),
                    .tolerance = cfg->solver.mechanics_tolerance,
                    .thermal = s->scales.potential,
                    .charge = PF_FARADAY * s->grid.h / molar};
  m.force = l->elastic_driving_force == PF_ELASTIC_ENERGY ? PF_FORCE_ENERGY
            : m.isotropic                                 ? PF_FORCE_PRESSURE
                                                          : PF_FORCE_TRACTION;
  for (int n = 0; n < s->electrolytes; n++) {
    const pf_config_material *p = s->electrolyte[n];
    stiff = fmin(stiff, (1 - p->poisson_ratio * p->poisson_ratio) / (p->youngs_modulus_GPa * 1e9));
    kappa = fmax(kappa, p->ionic_conductivity_S_cm * S_cm + path(p));
    m.exchange = fmax(m.exchange, given(p->exchange_current_mA_cm2, 0) * mA_cm2 * (1 + l->exchange_current_anisotropy));
  }
  m.feedback = molar / PF_FARADAY * molar / PF_FARADAY * k * m.full / (2 * (soft + stiff));
  m.series = 1 / (kappa * k);
  return m;
}

/* Volumes of cells: in 2-D 1 um deep, in 1-D of 1 um2. */
static pf_nucleation_law nucleation(const pf_config *cfg, const pf_scenario *s) {
  const pf_config_nucleation *n = &cfg->nucleation;
  const double h = cfg->grid.spacing_um;
  const int dimensions = pf_dimensions(&s->grid);
  pf_nucleation_law law = {0};
  if (isnan(n->rate_per_um3_h)) return law;
  law.threshold = 1e-3 * n->overpotential_mV / s->scales.potential;
  law.rate = n->rate_per_um3_h / 3600 * (dimensions == 3 ? h * h * h : dimensions == 2 ? h * h : h);
  law.radius = fmax(n->radius_um, cfg->model.interface_width_cells * h) / h;
  law.seed = (uint32_t)cfg->run.random_seed;
  law.beside = n->where == PF_WHERE_BOUNDARIES;
  const int part = n->where == PF_WHERE_PORES ? cfg->microstructure.pore : cfg->microstructure.boundary;
  if (n->where == PF_WHERE_ANYWHERE)
    law.materials = ~0u;
  else if (part >= 0)
    law.materials = 1u << pf_microstructure_electrolyte(cfg, part);
  return law;
}

/* (5); lithium is what has the model's density of sites. */
static void literature(const pf_config *cfg, pf_scenario *s) {
  const pf_config_allen_cahn *a = &cfg->allen_cahn;
  const pf_config_material *m = s->electrolyte[0];
  const double h = s->grid.h;
  pf_params *p = &s->params;
  p->law = PF_LAW_ALLEN_CAHN;
  p->counter = PF_COUNTER_IDEAL;
  p->growth = s->scales.current / (PF_FARADAY * a->site_density_mol_L * mol_L * h);
  p->material[0].c0 = m->salt_concentration_mol_L * mol_L;
  p->material[0].exchange = 0;
  p->allen_cahn = (pf_allen_cahn){.barrier = a->L_sigma_m3_J_s * a->barrier_J_m3,
                                  .gradient = a->L_sigma_m3_J_s * a->kappa_J_m / (h * h),
                                  .reaction = a->L_eta_per_s,
                                  .alpha = m->transfer_coefficient,
                                  .anisotropy = a->anisotropy,
                                  .noise = a->noise,
                                  .diffusion = m->diffusivity_cm2_s * cm2_s / (h * h),
                                  .sites = a->site_density_mol_L / m->salt_concentration_mol_L,
                                  .metal = cfg->lithium.electronic_conductivity_S_cm / m->ionic_conductivity_S_cm,
                                  .symmetry = a->symmetry,
                                  .potential_steps = a->potential_steps,
                                  .seed = (uint32_t)cfg->run.random_seed};
}

/* A benchmark of PFHub: no cell, no units. */
static void benchmark(const pf_config *cfg, pf_scenario *s) {
  const int problem = cfg->benchmark.problem;
  pf_params *p = &s->params;
  s->scales = (pf_scales){1, s->grid.h, 1};
  s->reference_conductivity = 1;
  s->stack = false;
  s->electrolytes = 1;
  p->growth = 1;
  p->eps = cfg->model.interface_width_cells / 4;
  p->floor = 1e-6;
  p->counter = PF_COUNTER_IDEAL;
  p->material[0].conductance = 1;
  p->material[0].enters = 1;
  p->law = problem == PF_PROBLEM_3 ? PF_LAW_DENDRITE : PF_LAW_MMS;
  p->mms.kappa = problem == PF_PROBLEM_7A ? 4e-4 : 1.5625e-6;
  p->mms.turn = pi * (problem == PF_PROBLEM_7C ? 0.5 : 0.0625);
}

void pf_scenario_make(const pf_config *cfg, pf_scenario *s) {
  *s = (pf_scenario){0};
  s->grid = (pf_grid){cfg->grid.cells[0], cfg->grid.cells[1], cfg->grid.cells[2], cfg->grid.spacing_um * um};
  if (cfg->benchmark.on) {
    benchmark(cfg, s);
    return;
  }
  s->stack = cfg->model.frame == PF_FRAME_STACK;
  for (int n = 0; n < cfg->layers; n++)
    if (!cfg->layer[n].film) s->layer_of[s->layers++] = n;
  for (const pf_config_material *m; (m = pf_config_electrolyte(cfg, s->electrolytes)) != NULL;) {
    s->electrolyte[s->electrolytes++] = m;
    s->reference_conductivity = fmax(s->reference_conductivity, m->ionic_conductivity_S_cm * S_cm + path(m));
  }
  const double h = s->grid.h, v = thermal(cfg), molar = cfg->lithium.molar_volume_cm3_mol * 1e-6;
  s->scales = (pf_scales){v, h, s->reference_conductivity * v / h};
  pf_params *p = &s->params;
  p->capillary = cfg->lithium.surface_energy_J_m2 * molar / (PF_FARADAY * v * h);
  p->anisotropy = pf_dimensions(&s->grid) > 1 ? cfg->lithium.exchange_current_anisotropy : 0;
  p->growth = molar / PF_FARADAY * s->scales.current / h;
  p->nucleation = nucleation(cfg, s);
  p->eps = cfg->model.interface_width_cells / 4;
  p->floor = 1e-6;
  p->counter = cfg->lithium.counter_thickness_um > 0 ? PF_COUNTER_RESOLVED
               : cfg->lithium.counter_kinetics       ? PF_COUNTER_FACE
                                                     : PF_COUNTER_IDEAL;
  for (int m = 0; m < s->electrolytes; m++) p->material[m] = electrolyte(cfg, s, s->electrolyte[m]);
  if (cfg->model.mechanics) {
    s->mechanics = mechanics(cfg, s);
    p->mechanics = 1;
    p->pressure = s->mechanics.volume * s->mechanics.pressure;
  }
  const int last = cfg->layers - 1;
  p->electrode[0] = electrode(cfg, s, cfg->layer[0].film ? 0 : -1);
  p->electrode[1] = electrode(cfg, s, cfg->layer[last].film ? last : -1);
  p->electrode[2] = electrode(cfg, s, -1);
  p->electrons = cfg->model.electrons;
  p->wide = cfg->solver.precision == PF_PRECISION_DOUBLE;
  /* (9): lithium's is capped, which costs an error of that order and saves the conditioning */
  p->metal = fmin(cfg->lithium.electronic_conductivity_S_cm * S_cm / s->reference_conductivity, 1e4);
  for (int m = 0; m < s->electrolytes; m++) p->metal = fmax(p->metal, p->material[m].electronic);
  if (cfg->model.interface == PF_INTERFACE_ALLEN_CAHN) literature(cfg, s);
}

/* ---- fields ---- */

pf_status pf_scenario_front(const pf_config *cfg, const pf_grid *g, double *front) {
  const ptrdiff_t rows = pf_rows(g);
  const double h = g->h, ly = g->ny * h, lz = g->nz * h;
  const double rms = given(cfg->lithium.roughness_um, 0) * um, length = given(cfg->lithium.roughness_length_um, 0) * um;
  for (ptrdiff_t row = 0; row < rows; row++) front[row] = 0;
  if (rms > 0 && length > 0 && rows > 1) {
    /* Gaussian correlation: modes with k of normal amplitude, variance exp(-(k length)^2/4); k length <= 6 */
    const int most_y = g->ny > 1 ? (int)fmin(g->ny / 2, ceil(6 * ly / (2 * pi * length))) : 0;
    const int most_z = g->nz > 1 ? (int)fmin(g->nz / 2, ceil(6 * lz / (2 * pi * length))) : 0;
    for (int b = -most_z; b <= most_z; b++) {
      for (int a = 0; a <= most_y; a++) {
        if (a == 0 && b <= 0) continue; /* the mean, and modes that another one stands for */
        const double k = 2 * pi * hypot(a / ly, b / lz);
        const pf_normal_pair n =
            pf_random_normal((uint32_t)cfg->run.random_seed, PF_RANDOM_ROUGHNESS, (uint32_t)a, (uint32_t)(b + most_z));
        const double size = exp(-0.125 * k * k * length * length);
        if (size < 1e-3) continue;
        for (ptrdiff_t row = 0; row < rows; row++) {
          const double phase =
              2 * pi * (a * ((double)(row % g->ny) + 0.5) / g->ny + b * ((double)(row / g->ny) + 0.5) / g->nz);
          front[row] += size * (n.a * cos(phase) + n.b * sin(phase));
        }
      }
    }
    double square = 0;
    for (ptrdiff_t row = 0; row < rows; row++) square += front[row] * front[row];
    PF_CHECK(square > 0, PF_BAD_INPUT,
             "roughness_length_um = %g is too long for a cell %g um wide: no wave of such a roughness fits",
             cfg->lithium.roughness_length_um, fmax(ly, lz) / um);
    for (ptrdiff_t row = 0; row < rows; row++) front[row] *= rms / sqrt(square / (double)rows);
  }
  const double size = given(cfg->lithium.perturbation_um, 0) * um;
  for (ptrdiff_t row = 0; row < rows; row++) {
    const double y = ((double)(row % g->ny) + 0.5) * h;
    front[row] += cfg->lithium.thickness_um * um;
    if (size > 0 && g->ny > 1) front[row] += size * cos(2 * pi * y / (cfg->lithium.perturbation_wavelength_um * um));
  }
  return PF_OK;
}

/* Distance across the period. */
static double apart(double a, double b, double period) {
  const double d = fabs(a - b);
  return fmin(d, period - d);
}

static double hotspot(const pf_config *cfg, const pf_grid *g, ptrdiff_t row) {
  const double h = cfg->grid.spacing_um, ly = g->ny * h, lz = g->nz * h;
  const double y = ((double)(row % g->ny) + 0.5) * h, z = ((double)(row / g->ny) + 0.5) * h;
  double factor = 1;
  for (int n = 0; n < cfg->hotspots; n++) {
    const pf_config_hotspot *spot = &cfg->hotspot[n];
    const double dy = g->ny > 1 ? apart(y, given(spot->y_um, 0.5 * ly), ly) : 0;
    const double dz = g->nz > 1 ? apart(z, given(spot->z_um, 0.5 * lz), lz) : 0;
    const double outside = hypot(dy, dz) - spot->radius_um; /* um */
    if (spot->edge_um > 0) {
      factor *= 1 + 0.5 * (spot->factor - 1) * (1 - tanh(outside / spot->edge_um));
    } else if (outside <= 0) {
      factor *= spot->factor;
    }
  }
  return factor;
}

/* Host arrays of the initial state. */
typedef struct initial {
  double *xi, *s, *hotspot, *front, *film_x, *film_e;
  uint8_t *material;
} initial;

/* The layer that lies in each cell, or would if the lithium went, and what a microstructure puts in its place. */
static pf_status fill_materials(const pf_config *cfg, const pf_scenario *sc, uint8_t *material) {
  const pf_grid *g = &sc->grid;
  for (int i = 0; i < g->nx; i++) {
    const double x = (i + 0.5) * cfg->grid.spacing_um;
    int m = 0;
    while (m + 1 < sc->layers && x > cfg->layer[sc->layer_of[m]].end_um) m++;
    for (ptrdiff_t row = 0; row < pf_rows(g); row++) material[row * g->nx + i] = (uint8_t)m;
  }
  return pf_microstructure_fill(cfg, material);
}

/* Half discs of lithium on the electrode, evenly along y (in 3-D: in the middle of z); xi where they are, else 0. */
static double seeds(const pf_config *cfg, const pf_grid *g, double x, ptrdiff_t row, double w) {
  const int count = cfg->lithium.seeds;
  const double radius = cfg->lithium.seed_radius_um * um, h = g->h, period = g->ny * h / count;
  if (!(radius > 0)) return 0;
  const double y = ((double)(row % g->ny) + 0.5) * h, z = ((double)(row / g->ny) + 0.5) * h;
  const double dy = apart(fmod(y, period), 0.5 * period, period), dz = g->nz > 1 ? z - 0.5 * g->nz * h : 0;
  const double dx = x - cfg->lithium.thickness_um * um;
  return 1 / (1 + exp((sqrt(dx * dx + dy * dy + dz * dz) - radius) / w));
}

static void fill_benchmark(const pf_scenario *sc, initial *f) {
  const pf_grid *g = &sc->grid;
  const double h = g->h / um;
  for (ptrdiff_t row = 0; row < pf_rows(g); row++) {
    const double y = ((double)row + 0.5) * h;
    f->hotspot[row] = 1;
    for (int i = 0; i < g->nx; i++) {
      const double x = (i + 0.5) * h;
      double *xi = &f->xi[row * g->nx + i], *s = &f->s[row * g->nx + i];
      if (sc->params.law == PF_LAW_MMS) {
        *xi = pf_mms_solution(&sc->params.mms, x, 0.25 + 0.03 * sin(22 * pi * y));
        *s = 1;
      } else { /* phi = tanh((8 - r)/sqrt 2), U = -0.3 everywhere */
        *xi = 0.5 * (1 + tanh((8 - hypot(x, y)) / sqrt(2)));
        *s = 0.7;
      }
    }
  }
}

static void fill_rows(const pf_config *cfg, const pf_scenario *sc, pf_state *s, initial *f) {
  const pf_grid *g = &sc->grid;
  const double h = g->h, w = width(cfg) / 4;
  const double far = g->nx * h - cfg->lithium.counter_thickness_um * um;
  for (ptrdiff_t row = 0; row < pf_rows(g); row++) {
    const pf_at at = pf_at_row(g, row);
    f->hotspot[row] = hotspot(cfg, g, row);
    const double dy = (f->front[row + at.yp / g->nx] - f->front[row + at.ym / g->nx]) / (2 * h);
    const double dz = (f->front[row + at.zp / g->nx] - f->front[row + at.zm / g->nx]) / (2 * h);
    const double slope = sqrt(1 + dy * dy + dz * dz); /* from the height to the distance */
    for (int i = 0; i < g->nx; i++) {
      const double x = (i + 0.5) * h;
      double xi = 1 / (1 + exp((x - f->front[row]) / (slope * w)));
      if (sc->params.counter == PF_COUNTER_RESOLVED) xi += 1 / (1 + exp((far - x) / w));
      xi = fmax(xi, seeds(cfg, g, x, row, w));
      f->xi[at.c + i] = xi;
      f->s[at.c + i] = 1;
    }
  }
  for (int n = 1; n + 1 < cfg->layers; n++) { /* films that touch no lithium */
    const pf_config_layer *l = &cfg->layer[n];
    if (!l->film) continue;
    int face = (int)lround(l->start_um / cfg->grid.spacing_um);
    if (face < 1) face = 1;
    if (face > g->nx - 1) face = g->nx - 1;
    s->films = true;
    if (cfg->model.electrons) f->film_e[face] += blocking(sc, l);
    f->film_x[face] += given(l->properties.film_resistance_ohm_cm2, 0) * ohm_cm2 * sc->reference_conductivity / h;
  }
}

/* Stresses below this, Pa, act by less than 1e-4 RT/F on the reaction: they need not be right to the tolerance. */
static const double stress_that_matters = 1e4;

static void set_moduli(const pf_config *cfg, const pf_scenario *sc, pf_elasticity *e) {
  double young[PF_MATERIALS], poisson[PF_MATERIALS];
  for (int m = 0; m < sc->electrolytes; m++) {
    young[m] = sc->electrolyte[m]->youngs_modulus_GPa * 1e9;
    poisson[m] = sc->electrolyte[m]->poisson_ratio;
  }
  pf_elasticity_set_moduli(e, young, poisson, sc->electrolytes, cfg->lithium.youngs_modulus_GPa * 1e9,
                           cfg->lithium.poisson_ratio);
  e->stress_floor = stress_that_matters;
}

static pf_status start(const pf_config *cfg, const pf_scenario *sc, pf_state *s, initial *f) {
  const size_t n = (size_t)pf_cells(&sc->grid), rows = (size_t)pf_rows(&sc->grid);
  f->xi = malloc(n * sizeof(double));
  f->s = malloc(n * sizeof(double));
  f->material = malloc(n);
  f->hotspot = malloc(rows * sizeof(double));
  f->front = malloc(rows * sizeof(double));
  f->film_x = calloc((size_t)sc->grid.nx + 1, sizeof(double));
  f->film_e = calloc((size_t)sc->grid.nx + 1, sizeof(double));
  PF_CHECK(f->xi && f->s && f->material && f->hotspot && f->front && f->film_x && f->film_e, PF_NO_MEMORY,
           "no memory for the initial fields of %zu cells", n);
  if (cfg->benchmark.on) {
    fill_benchmark(sc, f);
    memset(f->material, 0, n);
  } else {
    PF_TRY(pf_scenario_front(cfg, &sc->grid, f->front));
    fill_rows(cfg, sc, s, f);
    PF_TRY(fill_materials(cfg, sc, f->material));
  }
  pf_backend *b = s->backend;
  PF_TRY(b->upload(b, s->xi, f->xi, n * sizeof(double)));
  PF_TRY(b->upload(b, s->s, f->s, n * sizeof(double)));
  PF_TRY(b->upload(b, s->material, f->material, n));
  PF_TRY(b->upload(b, s->hotspot, f->hotspot, rows * sizeof(double)));
  PF_TRY(b->upload(b, s->film_x, f->film_x, ((size_t)sc->grid.nx + 1) * sizeof(double)));
  if (s->film_e) PF_TRY(b->upload(b, s->film_e, f->film_e, ((size_t)sc->grid.nx + 1) * sizeof(double)));
  s->scales = sc->scales;
  s->stack = sc->stack;
  s->tolerance = cfg->solver.potential_tolerance;
  s->mechanics = sc->mechanics;
  if (s->elasticity) set_moduli(cfg, sc, s->elasticity);
  PF_TRY(pf_state_start(s));
  if (cfg->benchmark.on) s->lithium_start[0] = 0; /* all that is solid counts */
  return PF_OK;
}

pf_status pf_scenario_start(const pf_config *cfg, const pf_scenario *sc, pf_backend *backend, pf_state **state) {
  pf_state *s = NULL;
  PF_TRY(pf_state_create(backend, &sc->grid, &sc->params, &s));
  initial f = {0};
  const pf_status status = start(cfg, sc, s, &f);
  free(f.xi), free(f.s), free(f.material), free(f.hotspot), free(f.front), free(f.film_x), free(f.film_e);
  if (status != PF_OK) {
    pf_state_destroy(s);
    return status;
  }
  *state = s;
  return PF_OK;
}

/* ---- what to expect ---- */

static pf_status describe_microstructure(const pf_config *cfg, const pf_scenario *sc, FILE *out) {
  if (cfg->microstructure.fills < 0) return PF_OK;
  pf_microstructure_report report;
  uint8_t *material = malloc((size_t)pf_cells(&sc->grid));
  PF_CHECK(material, PF_NO_MEMORY, "no memory for the microstructure");
  pf_status status = fill_materials(cfg, sc, material);
  if (status == PF_OK) status = pf_microstructure_measure(cfg, material, &report);
  free(material);
  if (status == PF_OK) pf_microstructure_print(cfg, &report, "!   ", out);
  return status;
}

/* Of the models that are advanced explicitly. */
static void describe_explicit(const pf_config *cfg, const pf_scenario *sc, FILE *out) {
  const pf_allen_cahn *a = &sc->params.allen_cahn;
  const double h = cfg->grid.spacing_um, length = 0.5 * width(cfg) / um; /* of tanh, 2 l */
  fprintf(out, "! derived\n");
  if (sc->params.law == PF_LAW_ALLEN_CAHN) {
    const double volts = 1e-3 * cfg->protocol.voltage_mV / sc->scales.potential;
    const double push = a->reaction * (exp(a->alpha * volts) - exp((a->alpha - 1) * volts));
    fprintf(out, "!   length of the tanh        %.4g um, %.3g cells; below 2 cells the grid pins the front\n", length,
            length / h);
    fprintf(out, "!   speed of a flat front     %.4g um/s where there is salt, h -> 0\n", 3 * length * push);
    fprintf(out, "!   smoothing of a ripple     %.4g/k^2 s, k in 1/um (L_sigma kappa)\n", 1 / (a->gradient * h * h));
  } else {
    fprintf(out, "!   length of the tanh        %.4g, %.3g cells\n", length, length / h);
  }
  fprintf(out, "!   longest stable step       %.4g s, taken %.4g s\n", pf_config_step_limit(cfg),
          cfg->solver.time_step_max_s);
  const double bytes = pf_state_bytes(&sc->grid, &sc->params);
  fprintf(out, "!   memory of the fields      %.4g MiB, %.0f bytes a cell\n", bytes / 0x1p20,
          bytes / (double)pf_cells(&sc->grid));
}

pf_status pf_scenario_describe(const pf_config *cfg, const pf_scenario *sc, FILE *out) {
  if (sc->params.law != PF_LAW_REACTION) {
    describe_explicit(cfg, sc, out);
    return PF_OK;
  }
  const double v = thermal(cfg), molar = cfg->lithium.molar_volume_cm3_mol * 1e-6;
  const double current = given(cfg->protocol.current_mA_cm2, (double)NAN) * mA_cm2;
  double gap = sc->grid.nx * sc->grid.h - (cfg->lithium.thickness_um + cfg->lithium.counter_thickness_um) * um;
  fprintf(out, "! derived\n");
  fprintf(out, "!   interface width W         %.4g um; sharper tips take it for their radius\n", width(cfg) / um);
  fprintf(out, "!   capillary length gamma Vm/RT  %.3g nm\n",
          cfg->lithium.surface_energy_J_m2 * molar / (PF_FARADAY * v) * 1e9);
  fprintf(out, "!   frame                     %s\n", sc->stack ? "stack (moves with the electrode)" : "grid");
  for (int m = 0; m < sc->layers; m++) {
    const pf_config_layer *l = &cfg->layer[sc->layer_of[m]];
    const pf_config_material *p = sc->electrolyte[m];
    const double kappa = p->ionic_conductivity_S_cm * S_cm, i0 = p->exchange_current_mA_cm2 * mA_cm2;
    fprintf(out, "!   layer %s%s%s: %.4g um, %.4g ohm cm2", l->name,
            sc->layer_of[m] == cfg->microstructure.fills ? ", if it were all " : "",
            sc->layer_of[m] == cfg->microstructure.fills ? p->name : "", l->thickness_um,
            l->thickness_um * um / (kappa + path(p)) / ohm_cm2);
    fprintf(out, ", charge transfer %.4g ohm cm2, Wagner length %.4g um\n", v / i0 / ohm_cm2, kappa * v / i0 / um);
    if (!(p->transference_number < 1)) continue;
    const double share = 1 - p->transference_number, c0 = p->salt_concentration_mol_L * mol_L;
    const double d = p->diffusivity_cm2_s * cm2_s;
    fprintf(out, "!     limiting current over %.4g um: %.4g mA/cm2", gap / um,
            2 * PF_FARADAY * d * c0 / (share * gap) / mA_cm2);
    if (!isnan(current) && current > 0) {
      const double q = PF_FARADAY * c0 / (2 * share * current);
      fprintf(out, "; Sand's time at %.4g mA/cm2: %.4g h", current / mA_cm2, pi * d * q * q / 3600);
    }
    fprintf(out, "\n");
  }
  for (int n = 0; n < cfg->layers; n++)
    if (cfg->layer[n].film)
      fprintf(out, "!   film %s: %.4g ohm cm2, thinner than 3 W: a resistance that rides with the interface\n",
              cfg->layer[n].name, given(cfg->layer[n].properties.film_resistance_ohm_cm2, 0));
  if (!isnan(current))
    fprintf(out, "!   the front moves at      %.4g um/h on average\n", molar / PF_FARADAY * current * 3600 / um);
  if (cfg->model.mechanics) {
    const pf_mechanics *m = &sc->mechanics;
    fprintf(out, "!   stack pressure            %.4g mV of overpotential on both electrodes\n",
            1e3 * v * m->volume * m->pressure);
    if (isfinite(m->cap))
      fprintf(out, "!   lithium yields            stress changes the overpotential by %.3g mV at most\n",
              1e3 * v * m->volume * m->cap);
    else
      fprintf(out,
              "!   lithium stays elastic     a surface answers its shortest ripple within %.3g s: so long is a step\n",
              (m->thermal / m->exchange + m->series) / m->feedback);
  }
  const double bytes = pf_state_bytes(&sc->grid, &sc->params);
  fprintf(out, "!   memory of the fields      %.4g MiB, %.0f bytes a cell\n", bytes / 0x1p20,
          bytes / (double)pf_cells(&sc->grid));
  return describe_microstructure(cfg, sc, out);
}

pf_status pf_scenario_check(const pf_config *cfg, FILE *out) {
  pf_scenario scenario;
  pf_scenario_make(cfg, &scenario);
  pf_config_print(cfg, out);
  return pf_scenario_describe(cfg, &scenario, out);
}
