#include "microstructure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cell_random.h"
#include "mapfile.h"
#include "pf_grid.h"

static const double pi = 3.14159265358979323846;
enum { WAVES = 512 }; /* of the random field of pores */

/* The layer's part of the grid. */
typedef struct region {
  pf_grid grid;
  int from, to; /* columns */
  double h;     /* um */
} region;

static region region_of(const pf_config *cfg) {
  region r = {.grid = {cfg->grid.cells[0], cfg->grid.cells[1], cfg->grid.cells[2], 1}, .h = cfg->grid.spacing_um};
  pf_microstructure_columns(cfg, cfg->microstructure.fills, &r.from, &r.to);
  return r;
}

void pf_microstructure_columns(const pf_config *cfg, int layer, int *from, int *to) {
  const double h = cfg->grid.spacing_um;
  const int nx = cfg->grid.cells[0];
  *from = 0;
  while (*from < nx && (*from + 0.5) * h <= cfg->layer[layer].start_um) ++*from;
  *to = *from;
  while (*to < nx && (*to + 0.5) * h <= cfg->layer[layer].end_um) ++*to;
  if (*to == *from) *from = *to - 1; /* never: a layer has 3 W */
}

int pf_microstructure_electrolyte(const pf_config *cfg, int part) {
  int resolved = 0, place = 0;
  for (int n = 0; n < cfg->layers; n++) {
    if (cfg->layer[n].film) continue;
    if (n == cfg->microstructure.fills) place = resolved;
    resolved++;
  }
  return part == 0 ? place : resolved + part - 1;
}

static uint8_t electrolyte_of(const pf_config *cfg, int part) {
  return (uint8_t)pf_microstructure_electrolyte(cfg, part);
}

/* Cells of the layer, in the order x, y, z. */
static size_t cells_of(const region *r) { return (size_t)(r->to - r->from) * (size_t)pf_rows(&r->grid); }

/* ---- grains ---- */

typedef struct seeds {
  long count;
  double *at;         /* [count][3], um, x from the layer's begin */
  int bins[3];        /* x, y, z */
  bool flat[3];       /* one cell: a direction that is not there */
  double size[3];     /* of the layer, um */
  long *first, *next; /* seed of a bin, seed after a seed; -1: none */
} seeds;

/* As many seeds as discs (a length: lines, in space: spheres) of the mean diameter take the room of the layer. */
static long seed_count(const pf_config *cfg, const region *r) {
  const double d = cfg->microstructure.grain_size_um, h = r->h;
  const double room = (double)cells_of(r);
  const int dimensions = pf_dimensions(&r->grid);
  const double one = dimensions == 1   ? d / h
                     : dimensions == 2 ? pi * d * d / (4 * h * h)
                                       : pi * d * d * d / (6 * h * h * h);
  const double count = round(room / one);
  return count < 1 ? 1 : (long)count;
}

static long bin_of(const seeds *s, const int place[3]) {
  return ((long)place[2] * s->bins[1] + place[1]) * s->bins[0] + place[0];
}

static void bin_at(const seeds *s, const double at[3], int place[3]) {
  for (int d = 0; d < 3; d++) {
    place[d] = (int)floor(at[d] / s->size[d] * s->bins[d]);
    if (place[d] < 0) place[d] = 0;
    if (place[d] > s->bins[d] - 1) place[d] = s->bins[d] - 1;
  }
}

static void seeds_free(seeds *s) { free(s->at), free(s->first), free(s->next); }

static pf_status seeds_make(const pf_config *cfg, const region *r, seeds *s) {
  const int cells[3] = {r->to - r->from, r->grid.ny, r->grid.nz};
  *s = (seeds){.count = seed_count(cfg, r)};
  long bins = 1;
  for (int d = 0; d < 3; d++) {
    s->size[d] = cells[d] * r->h;
    s->flat[d] = cells[d] == 1;
    s->bins[d] = (int)fmax(1, floor(s->size[d] / cfg->microstructure.grain_size_um));
    bins *= s->bins[d];
  }
  s->at = malloc((size_t)s->count * 3 * sizeof(double));
  s->next = malloc((size_t)s->count * sizeof(long));
  s->first = malloc((size_t)bins * sizeof(long));
  PF_CHECK(s->at && s->next && s->first, PF_NO_MEMORY, "no memory for %ld grains", s->count);
  for (long b = 0; b < bins; b++) s->first[b] = -1;
  for (long n = 0; n < s->count; n++) {
    int place[3];
    const pf_uniform random = pf_random_uniform((uint32_t)cfg->run.random_seed, PF_RANDOM_GRAINS, (uint32_t)n, 0);
    for (int d = 0; d < 3; d++) s->at[3 * n + d] = (s->flat[d] ? 0.5 : random.u[d]) * s->size[d];
    bin_at(s, s->at + 3 * n, place);
    const long bin = bin_of(s, place);
    s->next[n] = s->first[bin];
    s->first[bin] = n;
  }
  return PF_OK;
}

/* A seed, or its image across the periods, seen from a point. */
typedef struct near_seed {
  long seed;
  double to[3], square;
} near_seed;

/* Calls `visit` for every seed and image in the bins at most `rings` away. */
static void visit_near(const seeds *s, const double at[3], int rings, void (*visit)(void *, const near_seed *),
                       void *context) {
  int centre[3], low[3], high[3];
  bin_at(s, at, centre);
  for (int d = 0; d < 3; d++) {
    low[d] = centre[d] - rings, high[d] = centre[d] + rings;
    if (d == 0 && low[d] < 0) low[d] = 0;
    if (d == 0 && high[d] > s->bins[d] - 1) high[d] = s->bins[d] - 1;
    if (s->flat[d]) low[d] = high[d] = 0;
  }
  for (int z = low[2]; z <= high[2]; z++)
    for (int y = low[1]; y <= high[1]; y++)
      for (int x = low[0]; x <= high[0]; x++) {
        const int turns[3] = {0, (int)floor((double)y / s->bins[1]), (int)floor((double)z / s->bins[2])};
        const int place[3] = {x, y - turns[1] * s->bins[1], z - turns[2] * s->bins[2]};
        for (long n = s->first[bin_of(s, place)]; n >= 0; n = s->next[n]) {
          near_seed near = {.seed = n};
          for (int d = 0; d < 3; d++) {
            near.to[d] = s->at[3 * n + d] + turns[d] * s->size[d] - at[d];
            near.square += near.to[d] * near.to[d];
          }
          visit(context, &near);
        }
      }
}

typedef struct search {
  near_seed own;
  double h, width; /* um */
  bool boundary;
} search;

static void find_own(void *context, const near_seed *near) {
  search *q = context;
  if (near->square < q->own.square || (near->square <= q->own.square && near->seed < q->own.seed)) q->own = *near;
}

/* Is the point in the boundary with this grain?  Its distance from the common plane is (d2^2 - d1^2)/(2 |s2 - s1|); a plane
 * of cells hangs together by faces if it is h (|nx| + |ny| + |nz|) wide. */
static void find_boundary(void *context, const near_seed *near) {
  search *q = context;
  if (near->seed == q->own.seed) return; /* itself and its images */
  double apart[3], square = 0, sum = 0;
  for (int d = 0; d < 3; d++) {
    apart[d] = near->to[d] - q->own.to[d];
    square += apart[d] * apart[d];
    sum += fabs(apart[d]);
  }
  const double length = sqrt(square), distance = 0.5 * (near->square - q->own.square) / length;
  if (distance <= 0.5 * fmax(q->width, q->h * sum / length)) q->boundary = true;
}

/* Rings of bins that hold every seed closer than `reach`. */
static int rings_for(const seeds *s, double reach) {
  double least = (double)INFINITY;
  for (int d = 0; d < 3; d++)
    if (!s->flat[d] && (d > 0 || s->bins[0] > 1)) least = fmin(least, s->size[d] / s->bins[d]);
  return (int)ceil(reach / least);
}

static void grain_at(const seeds *s, const double at[3], search *q) {
  q->own = (near_seed){.seed = -1, .square = (double)INFINITY};
  q->boundary = false;
  for (int rings = 1;; rings *= 2) {
    visit_near(s, at, rings, find_own, q);
    if (q->own.seed >= 0 && rings >= rings_for(s, sqrt(q->own.square))) break;
  }
  if (q->width > 0) visit_near(s, at, rings_for(s, sqrt(q->own.square) + fmax(q->width, 1.8 * q->h)), find_boundary, q);
}

/* Centre of a cell, um from the layer's begin. */
static void centre_of(const region *r, size_t cell, double at[3]) {
  const size_t columns = (size_t)(r->to - r->from), ny = (size_t)r->grid.ny;
  at[0] = ((double)(cell % columns) + 0.5) * r->h;
  at[1] = ((double)(cell / columns % ny) + 0.5) * r->h;
  at[2] = ((double)(cell / columns / ny) + 0.5) * r->h;
}

pf_status pf_microstructure_grains(const pf_config *cfg, int32_t *grain) {
  const region r = region_of(cfg);
  seeds s;
  const pf_status status = seeds_make(cfg, &r, &s);
  for (size_t c = 0; status == PF_OK && c < cells_of(&r); c++) {
    double at[3];
    search q = {.h = r.h};
    centre_of(&r, c, at);
    grain_at(&s, at, &q);
    grain[c] = (int32_t)q.own.seed;
  }
  seeds_free(&s);
  return status;
}

/* Marks the boundaries. */
static pf_status draw_boundaries(const pf_config *cfg, const region *r, uint8_t *part) {
  seeds s;
  const pf_status status = seeds_make(cfg, r, &s);
  const ptrdiff_t cells = (ptrdiff_t)cells_of(r);
  if (status == PF_OK) {
#pragma omp parallel for schedule(static)
    for (ptrdiff_t c = 0; c < cells; c++) {
      double at[3];
      search q = {.h = r->h, .width = cfg->microstructure.boundary_width_um};
      centre_of(r, (size_t)c, at);
      grain_at(&s, at, &q);
      if (q.boundary) part[c] = (uint8_t)cfg->microstructure.boundary;
    }
  }
  seeds_free(&s);
  return status;
}

/* ---- pores ---- */

/* The level that a number of the standard normal distribution passes with this probability. */
static double normal_level(double probability) {
  double low = -10, high = 10;
  for (int n = 0; n < 100; n++) {
    const double middle = 0.5 * (low + high);
    if (0.5 * erfc(middle / sqrt(2)) > probability)
      low = middle;
    else
      high = middle;
  }
  return 0.5 * (low + high);
}

static void exchange(double *a, double *b) {
  const double kept = *a;
  *a = *b;
  *b = kept;
}

/* The n-th largest (from 0) of the values, which are put into another order. */
static double nth_largest(double *value, size_t count, size_t n) {
  for (size_t low = 0, high = count;;) { /* it lies in low ... high - 1 */
    const double pivot = value[low + (high - low) / 2];
    size_t above = low, below = high; /* up to `above` larger than the pivot, then equal, from `below` on smaller */
    for (size_t at = low; at < below;) {
      if (value[at] > pivot)
        exchange(&value[at++], &value[above++]);
      else if (value[at] < pivot)
        exchange(&value[at], &value[--below]);
      else
        at++;
    }
    if (n < above)
      high = above;
    else if (n < below)
      return pivot;
    else
      low = below;
  }
}

/* One wave of the field: along x by a table of its cosine and sine, in a row by its phase there. */
typedef struct wave {
  double k[3], phase; /* 1/um */
} wave;

static void waves_make(const pf_config *cfg, const region *r, wave *w) {
  const double share = cfg->microstructure.porosity, level = normal_level(share);
  /* mean chord = 2 p/(crossings a length), crossings = sigma/pi exp(-level^2/2) (Rice) */
  const double sigma = 2 * pi * share * exp(0.5 * level * level) / cfg->microstructure.pore_size_um;
  const int cells[3] = {r->to - r->from, r->grid.ny, r->grid.nz};
  for (uint32_t n = 0; n < WAVES; n++) {
    const uint32_t seed = (uint32_t)cfg->run.random_seed;
    const pf_normal_pair a = pf_random_normal(seed, PF_RANDOM_PORES, n, 0);
    const pf_normal_pair b = pf_random_normal(seed, PF_RANDOM_PORES, n, 1);
    const double normal[3] = {a.a, a.b, b.a};
    for (int d = 0; d < 3; d++) {
      const double turn = 2 * pi / (cells[d] * r->h);
      w[n].k[d] = cells[d] == 1 ? 0 : d == 0 ? sigma * normal[d] : turn * round(sigma * normal[d] / turn);
    }
    w[n].phase = 2 * pi * pf_random_uniform(seed, PF_RANDOM_PORES, n, 2).u[0];
  }
}

static pf_status field_make(const pf_config *cfg, const region *r, double *field) {
  const int columns = r->to - r->from;
  wave w[WAVES];
  waves_make(cfg, r, w);
  double *table = malloc((size_t)columns * WAVES * 2 * sizeof(double)); /* [WAVES][2][columns] */
  PF_CHECK(table, PF_NO_MEMORY, "no memory for the pores");
  for (int n = 0; n < WAVES; n++)
    for (int i = 0; i < columns; i++) {
      table[(ptrdiff_t)2 * n * columns + i] = cos(w[n].k[0] * (i + 0.5) * r->h);
      table[(ptrdiff_t)(2 * n + 1) * columns + i] = sin(w[n].k[0] * (i + 0.5) * r->h);
    }
#pragma omp parallel for schedule(static)
  for (ptrdiff_t row = 0; row < pf_rows(&r->grid); row++) {
    const double y = ((double)(row % r->grid.ny) + 0.5) * r->h, z = ((double)(row / r->grid.ny) + 0.5) * r->h;
    double *at = field + row * columns;
    for (int i = 0; i < columns; i++) at[i] = 0;
    for (int n = 0; n < WAVES; n++) {
      const double angle = w[n].k[1] * y + w[n].k[2] * z + w[n].phase, c = cos(angle), s = sin(angle);
      const double *cosine = table + (ptrdiff_t)2 * n * columns, *sine = cosine + columns;
      for (int i = 0; i < columns; i++) at[i] += c * cosine[i] - s * sine[i];
    }
  }
  free(table);
  return PF_OK;
}

/* Marks the pores: exactly the asked share, to one cell. */
static pf_status draw_pores(const pf_config *cfg, const region *r, uint8_t *part) {
  const size_t cells = cells_of(r);
  size_t left = (size_t)llround(cfg->microstructure.porosity * (double)cells);
  if (left == 0) return PF_OK;
  double *field = malloc(cells * sizeof(double)), *sorted = malloc(cells * sizeof(double));
  pf_status status = PF_OK;
  if (!field || !sorted) status = PF_FAIL(PF_NO_MEMORY, "no memory for the pores of %zu cells", cells);
  if (status == PF_OK) status = field_make(cfg, r, field);
  if (status == PF_OK) {
    memcpy(sorted, field, cells * sizeof(double));
    const double level = nth_largest(sorted, cells, left - 1);
    for (size_t c = 0; c < cells; c++)
      if (field[c] > level) part[c] = (uint8_t)cfg->microstructure.pore, left--;
    for (size_t c = 0; c < cells && left > 0; c++) /* just at the level */
      if (field[c] >= level && part[c] != cfg->microstructure.pore) part[c] = (uint8_t)cfg->microstructure.pore, left--;
  }
  free(field), free(sorted);
  return status;
}

/* ---- a map ---- */

static pf_status draw_map(const pf_config *cfg, const region *r, uint8_t *part) {
  pf_mapfile map;
  const int columns = r->to - r->from, ny = r->grid.ny, nz = r->grid.nz;
  PF_CHECK(pf_mapfile_read(cfg->microstructure.file, pf_dimensions(&r->grid), &map) == PF_OK, PF_BAD_INPUT, "%s: %s",
           cfg->microstructure.file, pf_status_message());
  for (int z = 0; z < nz; z++)
    for (int y = 0; y < ny; y++)
      for (int x = 0; x < columns; x++) {
        const int i = (int)((x + 0.5) / columns * map.nx), j = (int)((y + 0.5) / ny * map.ny);
        const int k = (int)((z + 0.5) / nz * map.nz);
        const uint8_t value = map.value[((ptrdiff_t)k * map.ny + j) * map.nx + i];
        part[((ptrdiff_t)z * ny + y) * columns + x] = value < cfg->microstructure.parts ? value : 0;
      }
  const bool same = map.names == cfg->microstructure.parts;
  pf_mapfile_free(&map);
  PF_CHECK(same, PF_BAD_INPUT, "%s has changed since it was checked", cfg->microstructure.file);
  return PF_OK;
}

/* ---- all together ---- */

static pf_status draw(const pf_config *cfg, const region *r, uint8_t *part) {
  const pf_config_microstructure *micro = &cfg->microstructure;
  if (micro->grain < 0) return draw_map(cfg, r, part);
  if (micro->boundary >= 0) PF_TRY(draw_boundaries(cfg, r, part));
  if (micro->pore >= 0) PF_TRY(draw_pores(cfg, r, part));
  return PF_OK;
}

pf_status pf_microstructure_fill(const pf_config *cfg, uint8_t *material) {
  if (cfg->microstructure.fills < 0) return PF_OK;
  const region r = region_of(cfg);
  const int columns = r.to - r.from, nx = r.grid.nx;
  const uint8_t layer = electrolyte_of(cfg, 0);
  uint8_t *part = calloc(cells_of(&r), 1);
  PF_CHECK(part, PF_NO_MEMORY, "no memory for a microstructure of %zu cells", cells_of(&r));
  const pf_status status = draw(cfg, &r, part);
  for (ptrdiff_t row = 0; status == PF_OK && row < pf_rows(&r.grid); row++)
    for (int i = 0; i < nx; i++) {
      uint8_t *cell = &material[row * nx + i];
      const int column = i < r.from ? 0 : i >= r.to ? columns - 1 : i - r.from;
      if (*cell == layer) *cell = electrolyte_of(cfg, part[row * columns + column]);
    }
  free(part);
  return status;
}

/* ---- what it came to ---- */

/* Marks with `bit` the cells of one class (class_of[material]; 0: none) that hang together with a column by faces. */
static void flood(const region *r, const uint8_t *material, const uint8_t *class_of, int column, uint8_t bit,
                  uint8_t *mark, int32_t *stack) {
  const pf_grid *g = &r->grid;
  ptrdiff_t high = 0;
  for (ptrdiff_t row = 0; row < pf_rows(g); row++) {
    const ptrdiff_t c = row * g->nx + column;
    if (class_of[material[c]]) mark[c] |= bit, stack[high++] = (int32_t)c;
  }
  while (high > 0) {
    const ptrdiff_t c = stack[--high];
    const pf_at at = pf_at_cell(g, c / g->nx, (int)(c % g->nx));
    const ptrdiff_t step[6] = {at.i > r->from ? at.xm : 0, at.i < r->to - 1 ? at.xp : 0, at.ym, at.yp, at.zm, at.zp};
    for (int n = 0; n < 6; n++) {
      const ptrdiff_t next = c + step[n];
      if (mark[next] & bit || class_of[material[next]] != class_of[material[c]]) continue;
      mark[next] |= bit;
      stack[high++] = (int32_t)next;
    }
  }
}

/* The three floods and their counts. */
static void measure(const pf_config *cfg, const region *r, const uint8_t *material, uint8_t *mark, int32_t *stack,
                    pf_microstructure_report *report) {
  const pf_config_microstructure *micro = &cfg->microstructure;
  uint8_t own[256] = {0}, open[256] = {0}, part_of[256] = {0};
  double cells[PF_ELECTROLYTES_MAX] = {0}, through[PF_ELECTROLYTES_MAX] = {0}, enters = 0, reached = 0;
  for (int n = 0; n < micro->parts; n++) {
    const uint8_t e = electrolyte_of(cfg, n);
    own[e] = (uint8_t)(n + 1), part_of[e] = (uint8_t)n, open[e] = micro->part[n].lithium_can_enter;
  }
  flood(r, material, own, r->from, 1, mark, stack);
  flood(r, material, own, r->to - 1, 2, mark, stack);
  flood(r, material, open, r->from, 4, mark, stack);
  for (ptrdiff_t row = 0; row < pf_rows(&r->grid); row++)
    for (int i = r->from; i < r->to; i++) {
      const ptrdiff_t c = row * r->grid.nx + i;
      const int n = part_of[material[c]];
      cells[n]++;
      if ((mark[c] & 3) == 3) through[n]++;
      if (open[material[c]]) enters++;
      if (mark[c] & 4) reached++;
    }
  report->parts = micro->parts;
  report->open = enters > 0 ? reached / enters : 0;
  for (int n = 0; n < micro->parts; n++) {
    report->fraction[n] = cells[n] / (double)cells_of(r);
    report->connected[n] = cells[n] > 0 ? through[n] / cells[n] : 0;
  }
}

pf_status pf_microstructure_measure(const pf_config *cfg, const uint8_t *material, pf_microstructure_report *report) {
  *report = (pf_microstructure_report){0};
  if (cfg->microstructure.fills < 0) return PF_OK;
  const region r = region_of(cfg);
  const size_t all = (size_t)pf_cells(&r.grid);
  uint8_t *mark = calloc(all, 1);
  int32_t *stack = malloc(all * sizeof(int32_t));
  if (mark && stack) measure(cfg, &r, material, mark, stack, report);
  const bool done = mark && stack;
  free(mark), free(stack);
  PF_CHECK(done, PF_NO_MEMORY, "no memory to measure a microstructure of %zu cells", all);
  if (cfg->microstructure.boundary >= 0) {
    report->grains = seed_count(cfg, &r);
    const double each = (double)cells_of(&r) / (double)report->grains; /* cells of a grain */
    const int dimensions = pf_dimensions(&r.grid);
    report->grain_um = r.h * (dimensions == 1 ? each : dimensions == 2 ? sqrt(4 * each / pi) : cbrt(6 * each / pi));
  }
  return PF_OK;
}

void pf_microstructure_print(const pf_config *cfg, const pf_microstructure_report *report, const char *before,
                             FILE *out) {
  const pf_config_microstructure *micro = &cfg->microstructure;
  if (micro->fills < 0) return;
  fprintf(out, "%smicrostructure of layer %s", before, cfg->layer[micro->fills].name);
  if (report->grains > 0) fprintf(out, ": %ld grains of %.4g um mean diameter", report->grains, report->grain_um);
  fprintf(out, "\n");
  for (int n = 0; n < report->parts; n++)
    fprintf(out, "%s  %s: %.4g %% of its cells, %.4g %% of them in bodies that reach through the layer%s\n", before,
            micro->part[n].name, 100 * report->fraction[n], 100 * report->connected[n],
            micro->part[n].lithium_can_enter ? "" : "; closed to lithium");
  fprintf(out, "%s  from the working electrode's side lithium can reach %.4g %% of the cells that it can enter\n",
          before, 100 * report->open);
}
