/* t360_microstructure.c: maps of materials: what they are made of, that bad ones are refused, what they conduct, and what
 * lithium does where it may and may not enter. */
#include <math.h>
#include <netcdf.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cell_random.h"
#include "mapfile.h"
#include "microstructure.h"
#include "physics.h"

/* ---- helpers ---- */

#define TWO                                                                         \
  "&material name='A' ionic_conductivity_S_cm=1e-3 exchange_current_mA_cm2=1e6 /\n" \
  "&material name='B' ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1e6 /\n"
#define PLATE "&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=1 /\n"

/* Writes a NetCDF map of bytes, (z,) y, x; nz = 0: a plane. */
static const char *write_map(const char *name, int format, int nx, int ny, int nz, const unsigned char *value,
                             const char *materials) {
  static char path[4352];
  snprintf(path, sizeof path, "%s/%s", pf_test_directory(), name);
  int file, dim[3], variable, rank = nz > 0 ? 3 : 2, error = nc_create(path, format, &file);
  const size_t extent[3] = {(size_t)(nz > 0 ? nz : 1), (size_t)ny, (size_t)nx};
  static const char *const names[3] = {"z", "y", "x"};
  for (int d = 3 - rank; d < 3 && !error; d++) error = nc_def_dim(file, names[d], extent[d], &dim[d]);
  if (!error) error = nc_def_var(file, "material", NC_BYTE, rank, dim + 3 - rank, &variable);
  if (!error && materials) error = nc_put_att_text(file, variable, "materials", strlen(materials), materials);
  if (!error) error = nc_enddef(file);
  if (!error) error = nc_put_var_schar(file, variable, (const signed char *)value);
  if (!error) error = nc_close(file);
  CU_ASSERT_EQUAL(error, 0);
  return path;
}

/* The materials of a state, to be freed. */
static uint8_t *materials_of(const pf_physics *p) {
  const size_t cells = (size_t)pf_cells(&p->state->grid);
  uint8_t *m = malloc(cells);
  if (m && p->backend->download(p->backend, m, p->state->material, cells) == PF_OK) return m;
  CU_FAIL("no materials");
  free(m);
  return NULL;
}

/* Reads an input, whose microstructure is drawn into `material` (to be freed); NULL: failed. */
static uint8_t *drawn(pf_config *cfg, const char *text) {
  pf_report report = {0};
  const pf_status status = pf_config_parse("t.nml", text, strlen(text), NULL, 0, cfg, &report);
  if (status != PF_OK) pf_report_print(&report, stdout);
  pf_report_free(&report);
  CU_ASSERT_EQUAL(status, PF_OK);
  uint8_t *material = calloc((size_t)cfg->grid.cells[0] * (size_t)cfg->grid.cells[1] * (size_t)cfg->grid.cells[2], 1);
  if (status != PF_OK || !material) return free(material), NULL;
  PF_ASSERT_OK(pf_microstructure_fill(cfg, material));
  return material;
}

/* ---- grains and pores ---- */

#define GRAINS                                                                                               \
  "&grid cells=%d,%d,%d spacing_um=%g /\n&lithium thickness_um=%g /\n" TWO "&layer thickness_um=0 /\n" PLATE \
  "&run random_seed=%d /\n&microstructure grain_size_um=9 boundary_width_um=%g grain_material='A' "          \
  "boundary_material='B' /\n"

static void grains(void) {
  char text[2048];
  snprintf(text, sizeof text, GRAINS, 520, 500, 1, 1.0, 20.0, 7, 2.0);
  pf_config cfg;
  uint8_t *material = drawn(&cfg, text);
  if (!material) return;
  pf_microstructure_report report;
  PF_ASSERT_OK(pf_microstructure_measure(&cfg, material, &report));
  /* as many seeds as discs of 9 um: 500 um x 500 um */
  CU_ASSERT_EQUAL(report.grains, lround(500.0 * 500.0 / (3.14159265358979 / 4 * 81)));
  PF_ASSERT_NEAR(report.grain_um, 9, 1e-3);
  int from, to;
  pf_microstructure_columns(&cfg, 0, &from, &to);
  CU_ASSERT_EQUAL(to - from, 500);
  int32_t *grain = malloc(500 * 500 * sizeof(int32_t));
  double *area = calloc((size_t)report.grains, sizeof(double));
  if (grain && area) {
    PF_ASSERT_OK(pf_microstructure_grains(&cfg, grain));
    double mean = 250000.0 / (double)report.grains, square = 0;
    for (int c = 0; c < 250000; c++) area[grain[c]]++;
    for (long n = 0; n < report.grains; n++) square += (area[n] / mean - 1) * (area[n] / mean - 1);
    /* areas of a Poisson-Voronoi tessellation: variance 0.280 of the square of the mean (Gilbert 1962) */
    printf("[areas: variance %.4f, exact 0.2802] ", square / (double)report.grains);
    PF_ASSERT_WITHIN(square / (double)report.grains, 0.2802, 0.03);
    /* length of their edges 2 sqrt(density) an area; times the width 2, less what overlaps at the corners */
    const double share = 4 * sqrt((double)report.grains) / 500;
    printf("[boundaries %.4f of length times width] ", report.fraction[1] / share);
    PF_ASSERT_AT_MOST(report.fraction[1], share);
    PF_ASSERT_AT_LEAST(report.fraction[1], 0.84 * share);
  }
  PF_ASSERT_NEAR(report.fraction[0] + report.fraction[1], 1, 1e-12);
  CU_ASSERT(report.connected[0] <= 0); /* every grain is apart */
  CU_ASSERT(report.connected[1] > 0.99);
  free(grain), free(area), free(material);
  pf_config_free(&cfg);
}

/* Boundaries a quarter of a cell wide still part the grains and hang together, in space too. */
static void thin_boundaries(void) {
  for (int space = 0; space < 2; space++) {
    char text[2048];
    snprintf(text, sizeof text, GRAINS, space ? 40 : 200, space ? 32 : 150, space ? 30 : 1, 1.0, 4.0, 3, 0.25);
    pf_config cfg;
    uint8_t *material = drawn(&cfg, text);
    if (!material) return;
    pf_microstructure_report report;
    PF_ASSERT_OK(pf_microstructure_measure(&cfg, material, &report));
    CU_ASSERT(report.connected[0] <= 0);
    PF_ASSERT_AT_LEAST(report.connected[1], 0.97);
    free(material);
    pf_config_free(&cfg);
  }
}

/* A period of half a grain: each grain meets itself there, which parts nothing: where there is a boundary there are two
 * (but for a cell here and there: the plane between two grains goes on a little into the image of one of them). */
static void grains_across_the_period(void) {
  enum { NX = 300, NY = 4, BEGIN = 20, COLUMNS = NX - BEGIN };
  static int32_t grain[COLUMNS * NY];
  char text[2048];
  snprintf(text, sizeof text, GRAINS, NX, NY, 1, 1.0, (double)BEGIN, 7, 2.0);
  pf_config cfg;
  uint8_t *material = drawn(&cfg, text);
  if (!material) return;
  PF_ASSERT_OK(pf_microstructure_grains(&cfg, grain));
  int boundary = 0, alone = 0;
  for (int c = 0; c < COLUMNS * NY; c++) {
    if (!material[c / COLUMNS * NX + BEGIN + c % COLUMNS]) continue;
    bool two = false;
    for (int n = 0; n < 5 * NY && !two; n++) {
      const int x = c % COLUMNS + n % 5 - 2;
      two = x >= 0 && x < COLUMNS && grain[n / 5 * COLUMNS + x] != grain[c];
    }
    boundary++, alone += !two;
  }
  printf("[%d cells of boundaries, %d with one grain about them] ", boundary, alone);
  CU_ASSERT(boundary > 50);
  CU_ASSERT(20 * alone < boundary);
  free(material);
  pf_config_free(&cfg);
}

#define PORES                                                              \
  "&grid cells=%d,%d,%d spacing_um=%g /\n&lithium thickness_um=%g /\n" TWO \
  "&layer material='A' thickness_um=0 /\n" PLATE "&microstructure porosity=%g pore_size_um=%g pore_material='B' /\n"

static void pores(void) {
  static const double share[3] = {0.467, 0.2, 0.8};
  for (int n = 0; n < 3; n++) {
    char text[2048];
    const int nx = 520, ny = 300;
    snprintf(text, sizeof text, PORES, nx, ny, 1, 0.5, 10.0, share[n], 6.0);
    pf_config cfg;
    uint8_t *material = drawn(&cfg, text);
    if (!material) return;
    int cells = 0, chords = 0, across = 0, seam = 0;
    for (int j = 0; j < ny; j++)
      for (int i = 20; i < nx; i++) {
        const uint8_t *row = material + (ptrdiff_t)j * nx;
        cells += row[i];
        chords += row[i] && (i == 20 || !row[i - 1]);
        if (j > 0) across += row[i] != row[i - nx];
        if (j == 0) seam += row[i] != material[(ptrdiff_t)(ny - 1) * nx + i];
      }
    CU_ASSERT_EQUAL(cells, lround(share[n] * 500 * ny)); /* exactly */
    printf("[mean chord %.3f um] ", 0.5 * cells / chords);
    PF_ASSERT_NEAR(0.5 * cells / chords, 6, 0.12);
    /* across the period the structure goes on as anywhere */
    PF_ASSERT_WITHIN(seam, (double)across / (ny - 1), 0.6 * (double)across / (ny - 1));
    free(material);
    pf_config_free(&cfg);
  }
  char text[2048]; /* in space both the skeleton and its pores reach through */
  snprintf(text, sizeof text, PORES, 44, 40, 40, 1.0, 4.0, 0.467, 6.0);
  pf_config cfg;
  uint8_t *material = drawn(&cfg, text);
  if (!material) return;
  pf_microstructure_report report;
  PF_ASSERT_OK(pf_microstructure_measure(&cfg, material, &report));
  PF_ASSERT_WITHIN(report.fraction[1], 0.467, 0.5 / (40 * 40 * 40) + 1e-12);
  PF_ASSERT_AT_LEAST(report.connected[0], 0.9);
  PF_ASSERT_AT_LEAST(report.connected[1], 0.9);
  free(material);
  pf_config_free(&cfg);
}

/* A finer grid draws the same structure; threads and backends draw the same cells. */
static void same_structure(void) {
  for (int kind = 0; kind < 2; kind++) {
    char text[2048];
    pf_config coarse, fine;
    if (kind)
      snprintf(text, sizeof text, PORES, 110, 90, 1, 1.0, 10.0, 0.4, 9.0);
    else
      snprintf(text, sizeof text, GRAINS, 110, 90, 1, 1.0, 10.0, 5, 2.0);
    uint8_t *a = drawn(&coarse, text);
    pf_physics *p = pf_physics_open("%s", text);
    uint8_t *mine = p ? materials_of(p) : NULL;
    if (a && mine) CU_ASSERT(memcmp(a, mine, 110 * 90) == 0);
    free(mine);
    pf_physics_close(p);
    uint8_t *again = malloc(110 * 90);
    const int threads = omp_get_max_threads();
    for (int n = 1; a && again && n < 4; n++) {
      memset(again, 0, 110 * 90);
      omp_set_num_threads(n);
      PF_ASSERT_OK(pf_microstructure_fill(&coarse, again));
      CU_ASSERT(memcmp(a, again, 110 * 90) == 0);
    }
    omp_set_num_threads(threads);
    free(again);
    if (kind)
      snprintf(text, sizeof text, PORES, 330, 270, 1, 1.0 / 3, 10.0, 0.4, 9.0);
    else
      snprintf(text, sizeof text, GRAINS, 330, 270, 1, 1.0 / 3, 10.0, 5, 2.0);
    uint8_t *b = drawn(&fine, text);
    int same = 0;
    for (int j = 0; a && b && j < 90; j++)
      for (int i = 0; i < 110; i++) same += a[j * 110 + i] == b[(3 * j + 1) * 330 + 3 * i + 1];
    PF_ASSERT_AT_LEAST(same / (110 * 90.0), 0.985);
    free(a), free(b);
    pf_config_free(&coarse), pf_config_free(&fine);
  }
}

/* ---- maps ---- */

static void maps_are_read(void) {
  static const int format[3] = {NC_CLOBBER, NC_64BIT_DATA, NC_NETCDF4};
  enum { NX = 60, NY = 35 };
  unsigned char one[NY * NX], two[4 * NY * NX];
  for (int j = 0; j < NY; j++)
    for (int i = 0; i < NX; i++) one[j * NX + i] = (unsigned char)((i / 7 + j / 5 + i * j % 3) % 2);
  for (int j = 0; j < 2 * NY; j++)
    for (int i = 0; i < 2 * NX; i++) two[j * 2 * NX + i] = one[j / 2 * NX + i / 2];
  for (int n = 0; n < 4; n++) {
    const char *path = n < 3 ? write_map("map.nc", format[n], NX, NY, 0, one, "B, A")
                             : write_map("map.nc", NC_NETCDF4, 2 * NX, 2 * NY, 0, two, "B A");
    pf_physics *p = pf_physics_open("&grid cells=80,%d spacing_um=1 /\n&lithium thickness_um=20 /\n" TWO
                                    "&layer thickness_um=60 /\n&microstructure file='%s' /\n",
                                    NY, path);
    uint8_t *m = p ? materials_of(p) : NULL;
    if (m) {
      PF_ASSERT_NEAR(p->state->params.material[0].conductance, 0.1, 1e-12); /* B is 0, A is 1 */
      int wrong = 0;
      for (int j = 0; j < NY; j++)
        for (int i = 0; i < 80; i++) wrong += m[j * 80 + i] != one[j * NX + (i < 20 ? 0 : i - 20)];
      CU_ASSERT_EQUAL(wrong, 0);
    }
    free(m);
    pf_physics_close(p);
  }
  unsigned char box[4 * 3 * 2];
  for (int c = 0; c < 24; c++) box[c] = (unsigned char)(c % 2);
  pf_mapfile map;
  PF_ASSERT_OK_FATAL(pf_mapfile_read(write_map("box.nc", NC_CLOBBER, 4, 3, 2, box, "A B"), 3, &map));
  CU_ASSERT(map.nx == 4 && map.ny == 3 && map.nz == 2 && map.names == 2 && memcmp(map.value, box, 24) == 0);
  pf_mapfile_free(&map);
}

/* The error of an input whose map is this file. */
static void refused_map(const char *path, const char *cells, const char *text) {
  char input[8192];
  snprintf(input, sizeof input,
           "&grid cells=%s spacing_um=1 /\n&lithium thickness_um=20 /\n" TWO "&layer thickness_um=60 /\n" PLATE
           "&microstructure file='%s' /\n",
           cells, path);
  pf_physics_refused(input, text);
  pf_physics_refused(input, "t.nml:7:17: error: &microstructure file: found '");
}

/* A file that one call after nc_create and before nc_enddef makes. */
static const char *strange_map(int format, nc_type type, size_t x, bool endless, const char *materials) {
  static char path[4352];
  snprintf(path, sizeof path, "%s/strange.nc", pf_test_directory());
  int file, dim[2], variable;
  CU_ASSERT_EQUAL(nc_create(path, format, &file), 0);
  nc_set_fill(file, NC_NOFILL, NULL);
  nc_def_dim(file, "y", endless ? NC_UNLIMITED : 4, &dim[0]);
  nc_def_dim(file, "x", x, &dim[1]);
  nc_def_var(file, "material", type, 2, dim, &variable);
  if (materials) nc_put_att_text(file, variable, "materials", strlen(materials), materials);
  nc_enddef(file);
  const size_t last[2] = {3, x - 1};
  const int zero = 0;
  if (x < 1000) nc_put_var1_int(file, variable, last, &zero); /* else it would fill a disk */
  nc_close(file);
  return path;
}

static void bad_maps(void) {
  unsigned char value[64] = {0};
  char path[4352], long_names[3000] = "";
  for (int n = 0; n < 17; n++) strcat(long_names, "A ");
  refused_map("/no/such/map.nc", "80,35", "it cannot be opened: No such file");
  refused_map("/dev/null", "80,35", "it is no regular file");
  refused_map(".", "80,35", "it is no regular file");
  snprintf(path, sizeof path, "%s/text.nc", pf_test_directory());
  FILE *f = fopen(path, "w");
  if (f) fputs("CDF, but no map", f), fclose(f);
  refused_map(path, "80,35", "it cannot be read as NetCDF");
  refused_map(write_map("rank.nc", NC_CLOBBER, 4, 4, 4, value, "A B"), "80,35", "has 3 dimensions, this grid needs 2");
  refused_map(write_map("rank.nc", NC_NETCDF4, 8, 8, 0, value, "A B"), "80,35,9",
              "has 2 dimensions, this grid needs 3");
  refused_map(write_map("names.nc", NC_CLOBBER, 8, 8, 0, value, NULL), "80,35", "no attribute `materials`");
  refused_map(write_map("names.nc", NC_CLOBBER, 8, 8, 0, value, " , "), "80,35", "`materials` is empty");
  refused_map(write_map("names.nc", NC_CLOBBER, 8, 8, 0, value, long_names), "80,35", "names more than 16");
  refused_map(write_map("names.nc", NC_CLOBBER, 8, 8, 0, value, "A Bee"), "80,35",
              "found 'Bee', there is no &material of this name; nearest: B");
  value[19] = 2;
  refused_map(write_map("index.nc", NC_CLOBBER, 8, 8, 0, value, "A B"), "80,35",
              "holds 2 at (x, y, z) = (3, 2, 0), its attribute `materials` names 0 to 1");
  value[19] = 255;
  refused_map(write_map("index.nc", NC_NETCDF4, 8, 8, 0, value, "A B"), "80,35", "holds -1 at (x, y, z) = (3, 2, 0)");
  refused_map(strange_map(NC_CLOBBER, NC_DOUBLE, 4, false, "A B"), "80,35", "does not hold whole numbers");
  refused_map(strange_map(NC_CLOBBER, NC_CHAR, 4, false, "A B"), "80,35", "does not hold whole numbers");
  refused_map(strange_map(NC_CLOBBER, NC_INT, 4, true, "A B"), "80,35", "dimension 'y' is unlimited");
  refused_map(strange_map(NC_NETCDF4, NC_INT64, 1u << 30, false, "A B"), "80,35", "has more than 268435456 cells");
  refused_map(strange_map(NC_64BIT_DATA, NC_SHORT, (size_t)1 << 40, false, "A B"), "80,35", "");
}

/* A file cut at any length or with a changed byte is read or refused, and never ends the program. */
static void damaged_maps(void) {
  unsigned char value[64] = {0};
  char copy[4352];
  const int count = pf_test_long() ? 4000 : 100;
  for (int kind = 0; kind < 2; kind++) {
    const char *path = write_map("whole.nc", kind ? NC_NETCDF4 : NC_CLOBBER, 8, 8, 0, value, "A B");
    char *bytes = malloc(1 << 16);
    FILE *f = fopen(path, "rb");
    const size_t size = f && bytes ? fread(bytes, 1, 1 << 16, f) : 0;
    if (f) fclose(f);
    CU_ASSERT(size > 64);
    snprintf(copy, sizeof copy, "%s/damaged.nc", pf_test_directory());
    int refused = 0;
    for (int n = 0; n < count && size > 64; n++) {
      const bool cut = n % 2 == 0;
      const pf_uniform random = pf_random_uniform(11, 99, (uint32_t)n, (uint32_t)kind);
      const size_t at = (size_t)(random.u[0] * (double)size);
      const char kept = bytes[at];
      if (!cut) bytes[at] = (char)(random.u[1] * 256);
      if (!(f = fopen(copy, "wb"))) break;
      CU_ASSERT_EQUAL(fwrite(bytes, 1, cut ? at : size, f), cut ? at : size);
      fclose(f);
      bytes[at] = kept;
      pf_mapfile map;
      const pf_status status = pf_mapfile_read(copy, 2, &map);
      if (cut) CU_ASSERT_EQUAL(status, PF_BAD_INPUT);
      if (status != PF_OK) refused++;
      if (status == PF_OK) pf_mapfile_free(&map);
    }
    printf("[%d of %d refused] ", refused, count);
    free(bytes);
  }
}

static void bad_inputs(void) {
  static const struct {
    const char *layers, *group, *says;
  } bad[] = {
      {"&layer thickness_um=60 /", "", "t.nml:7:1: error: &microstructure: needed: file, grain_size_um or porosity"},
      {"&layer thickness_um=60 /", "layer='x' porosity=0.1", "&microstructure layer: found 'x', there is no &layer"},
      {"&layer thickness_um=30 material='A' / &layer thickness_um=30 material='A' /",
       "porosity=0.1 pore_size_um=5 pore_material='B'",
       "&microstructure layer: not given, needed: the name of one of the 2"},
      {"&layer thickness_um=60 material='A' /", "porosity=0.1",
       "&microstructure pore_size_um: not given, porosity needs it"},
      {"&layer thickness_um=60 material='A' /", "porosity=0.1 pore_size_um=5",
       "&microstructure pore_material: not given, needed: the name of a &material (for porosity)"},
      {"&layer thickness_um=60 material='A' /", "porosity=0.1 pore_size_um=5 pore_material='C'",
       "&microstructure pore_material: found 'C', there is no &material of this name"},
      {"&layer thickness_um=60 material='A' /", "porosity=1.0", "found '1.0': this is out of range"},
      {"&layer thickness_um=60 material='A' /", "grain_size_um=1 boundary_width_um=0.4 boundary_material='B'",
       "&microstructure grain_size_um: found 1 um, allowed: at least two cells = 2 um"},
      {"&layer thickness_um=60 material='A' /", "grain_size_um=9 boundary_width_um=5 boundary_material='B'",
       "&microstructure boundary_width_um: found 5 um, allowed: less than half of grain_size_um = 9"},
      {"&layer thickness_um=60 material='A' /", "file='x.nc' porosity=0.3",
       "&microstructure porosity: contradicts file"},
      {"&layer thickness_um=60 /", "porosity=0.1 pore_size_um=5 pore_material='B'",
       "&layer ionic_conductivity_S_cm: not given, neither in layer 'layer1'"},
      {"&material name='C' / &layer thickness_um=60 material='A' /", "porosity=0.1 pore_size_um=5 pore_material='C'",
       "&material ionic_conductivity_S_cm: not given, in material 'C'"},
  };
  for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
    char input[4096];
    snprintf(input, sizeof input,
             "&grid cells=80,35 spacing_um=1 /\n&lithium thickness_um=20 /\n" TWO "%s\n" PLATE "&microstructure %s /\n",
             bad[n].layers, bad[n].group);
    pf_physics_refused(input, bad[n].says);
  }
}

/* ---- what a map conducts ---- */

/* Cell voltage at 1 mA/cm2 of a map of A (1e-3 S/cm) and B (1e-4), 1 um a cell, under ideal electrodes, mV. */
static double voltage_of(int nx, int ny, const unsigned char *value, double kappa_b) {
  const char *path = write_map("conducts.nc", NC_CLOBBER, nx, ny, 0, value, "A B");
  pf_physics *p = pf_physics_open(
      "&grid cells=%d,%d spacing_um=1 /\n&lithium thickness_um=10 counter_kinetics=F /\n"
      "&material name='A' ionic_conductivity_S_cm=1e-3 exchange_current_mA_cm2=1e6 /\n"
      "&material name='B' ionic_conductivity_S_cm=%g exchange_current_mA_cm2=1e6 /\n"
      "&layer thickness_um=%d /\n&microstructure file='%s' /\n&solver potential_tolerance=1e-10 /\n",
      nx + 10, ny, kappa_b, nx, path);
  if (!p) return (double)NAN;
  const pf_drive drive = pf_physics_current(p, 1);
  double voltage = (double)NAN;
  if (pf_physics_start(p, &drive)) voltage = pf_physics_voltage(p);
  pf_physics_close(p);
  return voltage;
}

static void conducts(void) {
  enum { NX = 192, NY = 64 };
  static unsigned char map[NX * NY];
  memset(map, 0, sizeof map);
  const double plain = voltage_of(NX, NY, map, 1e-4);
  /* layers across: exact; 1 mA/cm2 over 1 um of 1e-3 S/cm is 0.1 mV */
  for (int c = 0; c < NX * NY; c++) map[c] = c % NX >= 60 && c % NX < 105;
  PF_ASSERT_NEAR(voltage_of(NX, NY, map, 1e-4) - plain, 45 * (1 - 0.1), 1e-6);
  /* layers along: the mean conductivity, (3 + 0.1)/4 */
  for (int c = 0; c < NX * NY; c++) map[c] = c / NX % 8 < 2;
  const double longer = voltage_of(NX, NY, map, 1e-4);
  for (int c = 0; c < NX / 2 * NY; c++) map[c] = c / (NX / 2) % 8 < 2;
  PF_ASSERT_NEAR(longer - voltage_of(NX / 2, NY, map, 1e-4), 0.1 * NX / 2 / 0.775, 1e-6);
  /* discs, 5 % of the area: Maxwell, 1 + 2 f b/(1 - f b) with b = (k_B - k_A)/(k_B + k_A); the layer's ends stay A */
  int inside = 0;
  for (int c = 0; c < NX * NY; c++) {
    const double x = fmod(c % NX + 0.5, 64) - 32, y = c / NX + 0.5 - 32;
    map[c] = hypot(x, y) < 8.1;
    inside += map[c];
  }
  const double f = inside / (double)(NX * NY);
  for (int n = 0; n < 2; n++) {
    const double kappa = n ? 1e-2 : 1e-4, b = (kappa - 1e-3) / (kappa + 1e-3);
    const double maxwell = 1 / (1 + 2 * f * b / (1 - f * b)), found = voltage_of(NX, NY, map, kappa) / plain;
    printf("[discs %.5f, Maxwell %.5f] ", found, maxwell);
    PF_ASSERT_WITHIN(found - 1, maxwell - 1, 0.1 * fabs(maxwell - 1));
  }
  /* squares as on a chessboard: sqrt(k_A k_B) (Dykhne); harmonic faces on squares of 16 cells, contrast 3 */
  for (int c = 0; c < NX * NY; c++) map[c] = (unsigned char)((c % NX / 16 + c / NX / 16) % 2);
  const double found = voltage_of(NX, NY, map, 1e-3 / 3) / plain;
  printf("[chessboard %.4f, exact %.4f] ", found, sqrt(3));
  PF_ASSERT_NEAR(found, sqrt(3), 0.03);
}

/* ---- lithium before closed grains ---- */

#define CLOSED "&material name='A' ionic_conductivity_S_cm=1e-3 exchange_current_mA_cm2=1 lithium_can_enter=F /\n"

/* Fields stay sound and lithium is counted. */
static void sound(const pf_physics *p, double tolerance) {
  double least, most;
  pf_physics_range(p, p->state->xi, &least, &most);
  PF_ASSERT_AT_LEAST(least, -1e-3);
  PF_ASSERT_AT_MOST(most, 1.001);
  PF_ASSERT_AT_MOST(p->state->faraday_error, tolerance);
}

static void closed_grains(void) {
  static const char *const frame[2] = {"grid", "stack"};
  for (int n = 0; n < 4; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells=%d,40 spacing_um=0.5 /\n&model frame='%s' /\n"
        "&lithium thickness_um=8 roughness_um=0.4 roughness_length_um=6 %s /\n" CLOSED
        "&material name='B' ionic_conductivity_S_cm=5e-4 exchange_current_mA_cm2=2 /\n"
        "&layer thickness_um=%d /\n&microstructure grain_size_um=8 boundary_width_um=1.5 grain_material='A' "
        "boundary_material='B' /\n&solver time_step_max_s=120 /\n",
        n < 2 ? 60 : 96, frame[n % 2], n < 2 ? "" : "counter_thickness_um=6", n < 2 ? 22 : 34);
    if (!p) return;
    CU_ASSERT(p->state->walls);
    uint8_t *material = materials_of(p);
    double *start = pf_physics_field(p, p->state->xi);
    pf_drive drive = pf_physics_current(p, 1);
    if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 2400)) {
      sound(p, 1e-10);
      double *end = pf_physics_field(p, p->state->xi), closed = 0, open = 0;
      for (ptrdiff_t c = 0; start && end && material && c < pf_cells(&p->state->grid); c++) {
        const double change = fabs(end[c] - start[c]);
        if (p->state->params.material[material[c]].enters)
          open = fmax(open, change);
        else
          closed = fmax(closed, change);
      }
      CU_ASSERT(closed <= 0);        /* nothing enters a grain */
      PF_ASSERT_AT_LEAST(open, 0.5); /* the boundaries fill */
      PF_ASSERT_AT_LEAST(p->state->lithium_retreat[0] / p->state->lithium_passed[0], 0.3);
      free(end);
      drive = pf_physics_current(p, -1);
      pf_state_forget(p->state);
      if (pf_physics_run(p, &drive, 4200)) sound(p, 1e-10);
    }
    free(start), free(material);
    pf_physics_close(p);
  }
}

/* Pores with salt between closed grains: anions are kept too. */
static void closed_grains_in_salt(void) {
  pf_physics *p = pf_physics_open(
      "&grid cells=96,36 spacing_um=0.5 /\n&lithium thickness_um=8 counter_thickness_um=6 roughness_um=0.3 /\n" CLOSED
      "&material name='B' ionic_conductivity_S_cm=2e-3 exchange_current_mA_cm2=2 transference_number=0.3 "
      "salt_concentration_mol_L=1 diffusivity_cm2_s=1e-6 /\n"
      "&layer thickness_um=34 material='A' /\n"
      "&microstructure porosity=0.5 pore_size_um=5 grain_material='A' pore_material='B' /\n"
      "&solver time_step_max_s=60 potential_tolerance=1e-9 /\n");
  if (!p) return;
  pf_drive drive = pf_physics_current(p, 1);
  if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 900)) {
    sound(p, 1e-10);
    double sums[PF_SUMS];
    pf_state *s = p->state;
    PF_ASSERT_OK(PF_SUM(s->backend, salt, &s->grid, sums, .xi = s->xi, .phi = s->phi, .s = s->s,
                        .material = s->material, .params = s->d_params, .voltage = s->voltage, .carry = 0));
    PF_ASSERT_NEAR(sums[0] + s->salt_out, s->salt_start, 1e-10);
    PF_ASSERT_AT_MOST(s->salt_error, 1e-8); /* of a step, before it is closed */
  }
  pf_physics_close(p);
}

/* A porous ceramic full of a liquid with salt: the linear solver has to see the salt of the pores on its coarse grids, or Newton's
 * method comes to a stand. */
static void skeleton(void) {
  pf_physics *p = pf_physics_open(
      "&grid cells=32,16,16 spacing_um=1 /\n&lithium thickness_um=8 /\n"
      "&material name='A' ionic_conductivity_S_cm=4.9e-4 exchange_current_mA_cm2=0.046 lithium_can_enter=F /\n"
      "&material name='B' ionic_conductivity_S_cm=1.19e-2 exchange_current_mA_cm2=0.1 transference_number=0.3 "
      "salt_concentration_mol_L=1 diffusivity_cm2_s=3e-6 /\n"
      "&layer thickness_um=24 material='A' /\n"
      "&microstructure porosity=0.467 pore_size_um=5 grain_material='A' pore_material='B' /\n"
      "&solver time_step_max_s=20 /\n");
  if (!p) return;
  p->control.dt_min = 10; /* no way round by shorter steps */
  const pf_drive drive = pf_physics_current(p, 1);
  if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 160)) {
    sound(p, 1e-10);
    printf("[%.1f iterations a step, %.1f cycles each] ", (double)p->newton / (double)p->state->step,
           (double)p->cycles / (double)p->newton);
    PF_ASSERT_AT_MOST((double)p->newton / (double)p->state->step, 5);
    PF_ASSERT_AT_MOST((double)p->cycles / (double)p->newton, 14);
  }
  pf_physics_close(p);
}

/* A channel between walls that do not react is a cell of its own: its front is flat and goes as in one dimension. */
static void channel(void) {
  enum { NY = 12, NX = 40 };
  static unsigned char map[NX * NY];
  for (int c = 0; c < NX * NY; c++) map[c] = c / NX < 5;
  const char *path = write_map("channel.nc", NC_CLOBBER, NX, NY, 0, map, "A B");
  double front[2] = {0, 0};
  for (int n = 0; n < 2; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells=60,%d spacing_um=0.5 /\n&lithium thickness_um=10 /\n&model frame='grid' /\n"
        "&material name='A' ionic_conductivity_S_cm=1e-15 exchange_current_mA_cm2=1e-12 lithium_can_enter=F /\n"
        "&material name='B' ionic_conductivity_S_cm=1e-3 exchange_current_mA_cm2=1 /\n"
        "&layer thickness_um=20 %s /\n%s%s%s&solver time_step_max_s=60 /\n",
        n ? NY : 1, n ? "" : "material='B'", n ? "&microstructure file='" : "", n ? path : "", n ? "' /\n" : "");
    if (!p) return;
    const pf_drive drive = pf_physics_current(p, n ? 5.0 / NY : 1);
    if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 3600)) {
      front[n] = pf_physics_front(p, 0);
      if (n) PF_ASSERT_WITHIN(pf_physics_front(p, 2), front[1], 1e-6);
      if (n) PF_ASSERT_WITHIN(pf_physics_front(p, 8), 20, 0.02); /* behind the walls nothing has moved */
      sound(p, 1e-10);
    }
    pf_physics_close(p);
  }
  printf("[front %.6f, in one dimension %.6f cells] ", front[1], front[0]);
  PF_ASSERT_WITHIN(front[1], front[0], 1e-4);
}

/* Lithium fills an open layer of 5 um and stops at a closed one, where it goes on reacting: the electrode gives way. */
static void up_to_a_wall(void) {
  static const char *const frame[2] = {"grid", "stack"};
  for (int n = 0; n < 2; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells=60 spacing_um=0.5 /\n&lithium thickness_um=10 /\n"
        "&model frame='%s' /\n" CLOSED
        "&layer thickness_um=6 ionic_conductivity_S_cm=1e-3 exchange_current_mA_cm2=1 /\n"
        "&layer thickness_um=14 material='A' /\n&solver time_step_max_s=120 /\n",
        frame[n]);
    if (!p) return;
    const pf_drive drive = pf_physics_current(p, 2);
    if (pf_physics_start(p, &drive) && pf_physics_run(p, &drive, 3600)) {
      sound(p, 1e-10);
      PF_ASSERT_NEAR(pf_physics_flow(p), 2, 1e-6);
      const double passed = p->state->lithium_passed[0], retreat = p->state->lithium_retreat[0];
      PF_ASSERT_NEAR(passed, 2 * 4.8502 / 0.5, 1e-3);
      double *xi = pf_physics_field(p, p->state->xi);
      if (xi && n == 0) { /* 12 cells of 19.4 find room */
        PF_ASSERT_WITHIN(passed - retreat, 12, 0.4);
        PF_ASSERT_AT_LEAST(xi[31], 0.8);
        CU_ASSERT(fabs(xi[32]) < 1e-3);
      }
      if (n == 1) PF_ASSERT_WITHIN(passed - retreat, 0, 0.01); /* the frame goes with it: nothing enters at all */
      free(xi);
    }
    pf_physics_close(p);
  }
}

void t360_microstructure(void);
void t360_microstructure(void) {
  pf_test_suite("microstructure", (pf_test[]){{"grains and their boundaries", grains},
                                              {"boundaries thinner than a cell", thin_boundaries},
                                              {"grains as wide as the period", grains_across_the_period},
                                              {"pores: share, chord, connection", pores},
                                              {"the same structure for every grid, thread, backend", same_structure},
                                              {"maps of every kind of file", maps_are_read},
                                              {"bad maps", bad_maps},
                                              {"damaged maps", damaged_maps},
                                              {"bad inputs", bad_inputs},
                                              {"conductivity of laminates, discs, a chessboard", conducts},
                                              {"lithium before closed grains", closed_grains},
                                              {"closed grains in a salt", closed_grains_in_salt},
                                              {"a skeleton full of liquid", skeleton},
                                              {"a channel between walls", channel},
                                              {"up to a wall", up_to_a_wall}});
}
