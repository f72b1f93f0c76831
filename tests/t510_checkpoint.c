/* t510_checkpoint: a run that is cut and goes on is the run that was not cut, bit for bit; what is damaged or belongs to
 * another run is refused. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "checkpoint.h"
#include "health.h"
#include "physics.h"
#include "protocol.h"

/* ---- runs of the program ---- */

static char base[4096]; /* a fresh directory of this test, with cell.nml in it */

static void put_input(const char *text) {
  char path[5000];
  snprintf(base, sizeof base, "%s", pf_test_directory());
  snprintf(path, sizeof path, "%s/cell.nml", base);
  FILE *f = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs(text, f);
  fclose(f);
}

/* Runs the input into base/name; its exit status.  What it says on stderr is in base/said. */
static int run(const char *name, const char *options) {
  char command[32768];
  snprintf(command, sizeof command,
           "'%s' --quiet --backend %s --set run%%threads=1 --set run%%output_dir='%s/%s' %s '%s/cell.nml' 2>'%s/said'",
           pf_test_program(), pf_test_backend_name(), base, name, options, base, base);
  const int status = system(command);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *read_file(const char *name, size_t *size) {
  char *text = NULL;
  PF_ASSERT_OK(pf_file_read(base, name, &text, size));
  return text;
}

static bool said(const char *text) {
  char *all = read_file("said", NULL);
  const bool found = all && strstr(all, text);
  if (!found) printf("[said: %s]", all ? all : "nothing");
  free(all);
  return found;
}

static bool same_bytes(const char *a, const char *b) {
  size_t na = 0, nb = 0;
  char *x = read_file(a, &na), *y = read_file(b, &nb);
  const bool same = x && y && na == nb && memcmp(x, y, na) == 0;
  if (!same) printf("[%s and %s differ] ", a, b);
  free(x), free(y);
  return same;
}

/* All of summary.json but the lines of times. */
static bool same_summary(const char *a, const char *b) {
  char *x = read_file(a, NULL), *y = read_file(b, NULL);
  bool same = x && y;
  for (char *p = x, *q = y; same && (*p || *q);) {
    const size_t n = strcspn(p, "\n"), m = strcspn(q, "\n");
    const bool time = strstr(p, "second") && strstr(p, "second") < p + n;
    same = time || (n == m && memcmp(p, q, n) == 0);
    if (!same) printf("[%.*s / %.*s] ", (int)n, p, (int)m, q);
    p += n + (p[n] != 0), q += m + (q[m] != 0);
  }
  free(x), free(y);
  return same;
}

/* The newest slot of base/name. */
static void newest(const char *name, char file[600]) {
  char path[600];
  snprintf(path, sizeof path, "%s/checkpoint/checkpoint_last.json", name);
  char *record = read_file(path, NULL);
  snprintf(file, 600, "%s/checkpoint/checkpoint_%c.pf", name, record && strstr(record, "_2.pf") ? '2' : '1');
  free(record);
}

/* The checkpoints of two runs, part by part: all but the times and the length of the log. */
static bool same_state(const char *a, const char *b) {
  char file[2][600];
  size_t size[2] = {0, 0};
  newest(a, file[0]), newest(b, file[1]);
  char *x = read_file(file[0], &size[0]), *y = read_file(file[1], &size[1]);
  bool same = x && y && size[0] == size[1];
  for (size_t at = 128; same && at < size[0];) {
    uint64_t bytes;
    memcpy(&bytes, x + at + 40, sizeof bytes);
    const size_t whole = 64 + (size_t)bytes + (8 - (size_t)bytes % 8) % 8;
    const bool clock = !strcmp(x + at, "output.seconds") || !strcmp(x + at, "output.log_bytes");
    if (!clock && memcmp(x + at, y + at, whole) != 0) {
      printf("[%s differs] ", x + at);
      same = false;
    }
    at += whole;
  }
  free(x), free(y);
  return same;
}

/* Files in base/name/snapshots; -1: there is no such folder. */
static int snapshots(const char *name) {
  char path[5000];
  snprintf(path, sizeof path, "%s/%s/snapshots", base, name);
  DIR *folder = opendir(path);
  int count = folder ? 0 : -1;
  for (const struct dirent *e; folder && (e = readdir(folder)) != NULL;) count += e->d_name[0] != '.';
  if (folder) closedir(folder);
  return count;
}

/* The run of `whole` steps against those cut after cut[n] steps (0 ends the list). */
static void cut_and_go_on(const char *input, int whole, const int *cut) {
  char options[256], name[64], path[2][128];
  put_input(input);
  snprintf(options, sizeof options, "--set run%%max_steps=%d", whole);
  const int status = run("whole", options);
  CU_ASSERT(status == 75 || status == 0);
  for (; *cut; cut++) {
    snprintf(name, sizeof name, "cut%d", *cut);
    snprintf(options, sizeof options, "--set run%%max_steps=%d", *cut);
    CU_ASSERT_EQUAL(run(name, options), 75);
    snprintf(options, sizeof options, "--resume --set run%%max_steps=%d", whole);
    CU_ASSERT_EQUAL(run(name, options), status);
    snprintf(path[1], sizeof path[1], "%s/history.csv", name);
    CU_ASSERT(same_bytes("whole/history.csv", path[1]));
    snprintf(path[1], sizeof path[1], "%s/summary.json", name);
    CU_ASSERT(same_summary("whole/summary.json", path[1]));
    CU_ASSERT_EQUAL(snapshots("whole"), snapshots(name));
    if (status == 75) CU_ASSERT(same_state("whole", name));
  }
}

/* The step at which an event of the run `whole` happened, 0: it did not. */
static int step_of(const char *event) {
  char line[1024], path[5000], name[64];
  double time = (double)INFINITY;
  int step = 0;
  snprintf(name, sizeof name, "{\"name\": \"%s\", \"time_s\": ", event);
  snprintf(path, sizeof path, "%s/whole/summary.json", base);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) {
    const char *at = strstr(line, name);
    if (at) time = strtod(at + strlen(name), NULL);
  }
  if (file) fclose(file);
  snprintf(path, sizeof path, "%s/whole/history.csv", base);
  file = fopen(path, "r");
  while (file && step == 0 && fgets(line, sizeof line, file)) { /* column 16 */
    const char *at = line;
    for (int column = 1; at && column < 16; column++) at = strchr(at + 1, ',');
    if (at && strtod(line, NULL) >= time) step = atoi(at + 1);
  }
  if (file) fclose(file);
  return step;
}

/* Cut before an event, at it and behind it.  The history of the input has every step. */
static void cut_at_event(const char *input, int whole, const char *event) {
  const int step = step_of(event);
  printf("[%s at step %d] ", event, step);
  CU_ASSERT(step > 1 && step + 1 < whole);
  if (step > 1 && step + 1 < whole) cut_and_go_on(input, whole, (int[]){step - 1, step, step + 1, 0});
}

#define SALT                                                                                                          \
  "ionic_conductivity_S_cm=4.48e-4 transference_number=0.21 exchange_current_mA_cm2=0.01 salt_concentration_mol_L=1 " \
  "diffusivity_cm2_s=1.13e-7 "
#define CERAMIC "ionic_conductivity_S_cm=3e-4 exchange_current_mA_cm2=1 "

static void single_ion_and_hot_spot(void) {
  cut_and_go_on(
      "&grid cells=30,12 spacing_um=1 /\n&lithium thickness_um=10 counter_kinetics=.false. /\n"
      "&layer " CERAMIC
      "/\n&hotspot y_um=6 radius_um=2 factor=3 /\n"
      "&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=0.5 /\n"
      "&output snapshot_count=40 history_interval_s=30 vtk=T /\n",
      40, (int[]){1, 20, 33, 0});
  char name[64];
  for (int n = 1; n <= 6; n++) { /* the second index of snapshots */
    snprintf(name, sizeof name, "cut20/snapshots/cell_%06d.vti", n);
    char *a = read_file(name, NULL);
    snprintf(name, sizeof name, "whole/snapshots/cell_%06d.vti", n);
    char *b = read_file(name, NULL);
    CU_ASSERT_EQUAL(a == NULL, b == NULL);
    free(a), free(b);
  }
  CU_ASSERT(same_bytes("whole/snapshots/cell.pvd", "cut20/snapshots/cell.pvd"));
}

static void stack_with_films(void) {
  cut_and_go_on(
      "&grid cells=30,12 spacing_um=1 /\n"
      "&lithium thickness_um=10 counter_thickness_um=6 perturbation_um=0.5 /\n"
      "&layer name='LiF' thickness_um=0.07 ionic_conductivity_S_cm=1e-8 exchange_current_mA_cm2=1 /\n"
      "&layer name='LATP' thickness_um=0 " CERAMIC
      "/\n"
      "&protocol mode='galvanostatic' current_mA_cm2=2 duration_h=0.5 /\n",
      30, (int[]){11, 0});
}

static void salt_and_roughness(void) {
  cut_and_go_on(
      "&grid cells=36,15 spacing_um=2 /\n"
      "&lithium thickness_um=14 counter_thickness_um=14 roughness_um=0.5 /\n"
      "&layer " SALT "/\n&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=1 /\n",
      30, (int[]){13, 0});
}

static void electrons(void) {
  cut_and_go_on(
      "&grid cells=30,8 spacing_um=1 /\n&model electrons=T /\n"
      "&lithium thickness_um=10 counter_thickness_um=6 perturbation_um=0.5 electronic_conductivity_S_cm=1 /\n"
      "&layer electronic_conductivity_S_cm=1e-7 " CERAMIC
      "/\n"
      "&protocol mode='galvanostatic' current_mA_cm2=2 duration_h=0.5 /\n",
      16, (int[]){5, 0});
  cut_and_go_on(
      "&grid cells=30,8 spacing_um=1 /\n&model electrons=T /\n"
      "&lithium thickness_um=10 counter_thickness_um=6 perturbation_um=0.5 electronic_conductivity_S_cm=1 /\n"
      "&layer electronic_conductivity_S_cm=1e-7 " SALT
      "/\n"
      "&protocol mode='galvanostatic' current_mA_cm2=0.5 duration_h=0.5 /\n",
      16, (int[]){5, 0});
}

static void mechanics(void) {
  cut_and_go_on(
      "&grid cells=40,12 spacing_um=1 /\n&model mechanics=T /\n"
      "&lithium thickness_um=10 counter_thickness_um=6 perturbation_um=0.5 /\n"
      "&layer youngs_modulus_GPa=100 poisson_ratio=0.3 " CERAMIC
      "/\n"
      "&protocol mode='galvanostatic' current_mA_cm2=2 duration_h=0.5 /\n",
      16, (int[]){5, 0});
}

static void three_dimensions(void) {
  cut_and_go_on(
      "&grid cells=24,8,6 spacing_um=2 /\n&lithium thickness_um=14 perturbation_um=0.5 /\n"
      "&layer thickness_um=10 " SALT "/\n&layer thickness_um=0 " CERAMIC
      "/\n"
      "&protocol mode='potentiostatic' voltage_mV=300 duration_h=1 /\n",
      12, (int[]){5, 0});
}

/* Every step of two cycles: in mid half cycle, at its end, in the rest, at a snapshot. */
static void cycling_at_every_step(void) {
  int cut[32] = {0}, used = 0;
  for (int n = 1; n < 32; n++)
    if (pf_test_long() || n % 4 == 1) cut[used++] = n;
  cut_and_go_on("&grid cells=40 spacing_um=2 /\n&lithium thickness_um=20 counter_thickness_um=20 /\n&layer " SALT
                "/\n"
                "&protocol mode='cycling' current_mA_cm2=0.5 half_cycle_h=0.1 rest_h=0.02 cycles=2 /\n"
                "&solver time_step_max_s=60 /\n&output snapshot_count=9 history_interval_s=100 /\n",
                32, cut);
}

#define LADDER(mode)                                                                                 \
  "&grid cells=40 spacing_um=4 /\n&lithium thickness_um=20 counter_thickness_um=20 /\n&layer " SALT  \
  "/\n"                                                                                              \
  "&protocol " mode                                                                                  \
  " ccd_start_mA_cm2=1 ccd_step_mA_cm2=2 ccd_stop_mA_cm2=9 voltage_limit_mV=1000 end_at='short' /\n" \
  "&solver time_step_max_s=60 /\n&output history_interval_s=1 /\n"

static void ladders(void) {
  cut_and_go_on(LADDER("mode='ccd_constant_time' half_cycle_h=0.2"), 120, (int[]){7, 41, 77, 0});
  cut_at_event(LADDER("mode='ccd_constant_time' half_cycle_h=0.2"), 120, "voltage_limit");
  cut_and_go_on(LADDER("mode='ccd_constant_capacity' capacity_mAh_cm2=0.2"), 50, (int[]){7, 31, 47, 0});
}

/* Electrons, mechanics, grains and nuclei together, through an event, a rest and snapshots: cut before and behind each, and
 * in mid half cycle.  Grains and boundaries conduct electrons, in S/cm, so well that nuclei grow to cells within the run;
 * ten times more, and most of the current is electronic after 50 steps: a short, which ends a run. */
#define GRAINS(grains, boundaries)                                                                                     \
  "&grid cells=48,16 spacing_um=0.5 /\n&model electrons=T mechanics=T /\n"                                             \
  "&lithium thickness_um=6 counter_thickness_um=4 perturbation_um=0.3 /\n"                                             \
  "&material name='A' ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 electronic_conductivity_S_cm=" grains     \
  " youngs_modulus_GPa=100 poisson_ratio=0.3 lithium_can_enter=F /\n"                                                  \
  "&material name='B' ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 electronic_conductivity_S_cm=" boundaries \
  " youngs_modulus_GPa=60 poisson_ratio=0.3 /\n&layer thickness_um=0 /\n"                                              \
  "&microstructure grain_size_um=5 boundary_width_um=1.5 grain_material='A' boundary_material='B' /\n"                 \
  "&nucleation overpotential_mV=2 rate_per_um3_h=5 radius_um=2 where='boundaries' /\n"                                 \
  "&solver time_step_max_s=20 /\n&output history_interval_s=1 snapshot_interval_h=0.01 /\n"
#define EVERYTHING GRAINS("1e-8", "1e-7")
#define WITH_SALT " transference_number=0.3 salt_concentration_mol_L=1 diffusivity_cm2_s=1e-7"
#define LADDER_TO_SHORT                                                                            \
  "&protocol mode='ccd_constant_time' half_cycle_h=0.02 ccd_start_mA_cm2=0.2 ccd_step_mA_cm2=0.1 " \
  "ccd_stop_mA_cm2=3 /\n"

static void everything_together(void) {
  const char *input = EVERYTHING "&protocol mode='cycling' current_mA_cm2=1 half_cycle_h=0.05 rest_h=0.01 cycles=2 /\n";
  cut_and_go_on(input, 30, (int[]){7, 13, 0});
  cut_at_event(input, 30, "nucleation");
  /* nuclei that grow together are hard for Newton's method: it found no solution at steps 65 and 108 once */
  static const char *const leaks[] = {GRAINS("1e-7", "1e-6") LADDER_TO_SHORT,
                                      GRAINS("1e-7" WITH_SALT, "1e-6" WITH_SALT) LADDER_TO_SHORT};
  for (int n = 0; n < 2; n++) {
    put_input(leaks[n]);
    CU_ASSERT_EQUAL(run("short", ""), 0);
    char *summary = read_file("short/summary.json", NULL);
    CU_ASSERT(summary && strstr(summary, "\"status\": \"short\""));
    free(summary);
  }
}

/* The models that are advanced explicitly: noise that is drawn anew, a potential that starts from the last one, benchmarks. */
static void explicit_models(void) {
  cut_and_go_on(
      "&grid cells=20,12 spacing_um=1 /\n&model interface='allen_cahn' /\n&lithium thickness_um=2 seed_radius_um=3 /\n"
      "&layer ionic_conductivity_S_cm=0.0119 salt_concentration_mol_L=1 diffusivity_cm2_s=3.18e-6 /\n"
      "&allen_cahn noise=0.1 potential_steps=7 /\n"
      "&protocol mode='potentiostatic' voltage_mV=450 duration_h=1 /\n&output history_interval_s=0.001 /\n",
      40, (int[]){7, 13, 29, 0});
  cut_and_go_on(
      "&grid cells=50,100 spacing_um=0.01 /\n&benchmark problem='pfhub7a' /\n"
      "&output history_interval_s=0.01 /\n",
      6, (int[]){2, 0});
}

/* Each physics under each protocol (the short count: two of the protocols), cut in mid half cycle. */
static void every_protocol(void) {
  static const char *const physics[] = {
      "&grid cells=30,8 spacing_um=1 /\n&lithium thickness_um=10 counter_thickness_um=6 /\n&layer " CERAMIC "/\n",
      "&grid cells=30,8 spacing_um=1 /\n&lithium thickness_um=10 counter_thickness_um=6 /\n&layer " SALT "/\n",
      "&grid cells=30,8 spacing_um=1 /\n&lithium thickness_um=10 /\n"
      "&layer single_ion_conductivity_S_cm=1e-4 " SALT "/\n",
      "&grid cells=30,8 spacing_um=1 /\n&model electrons=T /\n&lithium thickness_um=10 counter_thickness_um=6 /\n"
      "&layer electronic_conductivity_S_cm=1e-7 " SALT "/\n",
      "&grid cells=30,8 spacing_um=1 /\n&model mechanics=T /\n"
      "&lithium thickness_um=10 counter_thickness_um=6 perturbation_um=0.5 /\n"
      "&layer youngs_modulus_GPa=100 poisson_ratio=0.3 " CERAMIC "/\n",
      EVERYTHING};
  static const char *const protocol[] = {
      "mode='galvanostatic' current_mA_cm2=0.5 duration_h=3",
      "mode='potentiostatic' voltage_mV=80 duration_h=3",
      "mode='cycling' current_mA_cm2=0.5 half_cycle_h=0.02 rest_h=0.005 cycles=20",
      "mode='cycling' current_mA_cm2=0.5 capacity_mAh_cm2=0.01 cycles=20 first_half_cycle='strip'",
      "mode='ccd_constant_time' half_cycle_h=0.02 ccd_start_mA_cm2=0.2 ccd_step_mA_cm2=0.1 ccd_stop_mA_cm2=3",
      "mode='ccd_constant_capacity' capacity_mAh_cm2=0.01 ccd_start_mA_cm2=0.2 ccd_step_mA_cm2=0.1 ccd_stop_mA_cm2=3"};
  enum { PHYSICS = sizeof physics / sizeof *physics, PROTOCOLS = sizeof protocol / sizeof *protocol };
  char input[4096];
  for (int f = 0; f < PHYSICS; f++)
    for (int p = 0; p < PROTOCOLS; p++) {
      if (!pf_test_long() && (p + f) % 3 != 0) continue;
      printf("[%d %d] ", f, p);
      snprintf(input, sizeof input, "%s&protocol %s /\n%s", physics[f], protocol[p],
               f == PHYSICS - 1 ? "" : "&solver time_step_max_s=15 /\n");
      if (pf_test_long())
        cut_and_go_on(input, 200, (int[]){100, 0});
      else
        cut_and_go_on(input, 14, (int[]){7, 0});
    }
}

/* ---- what --resume and --restart mean ---- */

#define SHORT                                                                  \
  "&grid cells=30 spacing_um=1 /\n&lithium thickness_um=10 /\n&layer " CERAMIC \
  "/\n&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=0.1 /\n&solver time_step_max_s=20 /\n"

static void resume_means(void) {
  put_input(SHORT);
  CU_ASSERT_EQUAL(run("a", "--resume"), 0); /* begins */
  char *before = read_file("a/run.log.jsonl", NULL);
  CU_ASSERT_EQUAL(run("a", "--resume"), 0); /* nothing to do */
  char *after = read_file("a/run.log.jsonl", NULL);
  CU_ASSERT(before && after && strcmp(before, after) == 0);
  free(before), free(after);
  CU_ASSERT_EQUAL(run("a", ""), 73); /* without it the run is in the way */
  CU_ASSERT_EQUAL(run("a", "--resume --set protocol%current_mA_cm2=2"), 73);
  CU_ASSERT(said("protocol%current_mA_cm2 was 1, now 2"));
  /* a finished run goes on from its last checkpoint if asked to, into another directory or in place */
  CU_ASSERT_EQUAL(run("b", "--set run%max_steps=9"), 75);
  char options[5000];
  snprintf(options, sizeof options, "--restart '%s/b'", base);
  CU_ASSERT_EQUAL(run("c", options), 0);
  CU_ASSERT(same_bytes("a/history.csv", "c/history.csv"));
  CU_ASSERT_EQUAL(run("b", options), 0);
  CU_ASSERT(same_bytes("a/history.csv", "b/history.csv"));
  CU_ASSERT(same_summary("a/summary.json", "b/summary.json"));
  CU_ASSERT_EQUAL(run("c", options), 73); /* it holds a run */
  snprintf(options, sizeof options, "--restart '%s/nothing'", base);
  CU_ASSERT_EQUAL(run("d", options), 66);
  CU_ASSERT_EQUAL(run("d", "--restart x --resume"), 64);
}

static void other_runs_are_refused(void) {
  put_input(SHORT);
  CU_ASSERT_EQUAL(run("a", "--set run%max_steps=5"), 75);
  CU_ASSERT_EQUAL(run("a", "--resume --set protocol%current_mA_cm2=2 --set layer%transfer_coefficient=0.4"), 73);
  CU_ASSERT(said("protocol%current_mA_cm2 was 1, now 2"));
  CU_ASSERT(said("layer%transfer_coefficient was 0.5, now 0.4"));
  CU_ASSERT(said("2 keys differ"));
  CU_ASSERT_EQUAL(run("a", "--resume --set grid%cells=31"), 73);
  CU_ASSERT(said("grid%cells was 30, 1, 1, now 31, 1, 1"));
  /* what changes no result may be another one */
  CU_ASSERT_EQUAL(run("a", "--resume --set output%checkpoint_interval_min=1 --set run%max_steps=0"), 0);
}

/* A restart on another backend holds the same state, and says that it is not bit for bit. */
static void another_backend(void) {
  put_input(SHORT);
  CU_ASSERT_EQUAL(run("a", "--set run%max_steps=5"), 75);
  CU_ASSERT_EQUAL(run("b", "--set run%max_steps=5"), 75);
  CU_ASSERT_EQUAL(run("b", "--resume"), 0);
  const char *other = strcmp(pf_test_backend_name(), "check") == 0 ? "cpu" : "check";
  char command[16384];
  snprintf(command, sizeof command,
           "'%s' --quiet --backend %s --resume --set run%%output_dir='%s/a' '%s/cell.nml' 2>'%s/said'",
           pf_test_program(), other, base, base, base);
  CU_ASSERT_EQUAL(system(command), 0);
  CU_ASSERT(said("not bit for bit"));
  if (strcmp(pf_test_backend_name(), "cuda") != 0) CU_ASSERT(same_bytes("a/history.csv", "b/history.csv"));
}

/* ---- the file ---- */

static void set_byte(const char *file, long at, int change) {
  char path[5000];
  snprintf(path, sizeof path, "%s/%s", base, file);
  FILE *f = fopen(path, "r+b");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  (void)fseek(f, at, SEEK_SET);
  const int old = fgetc(f);
  (void)fseek(f, at, SEEK_SET);
  fputc(old ^ change, f);
  fclose(f);
}

/* A number in the header of a slot, whose checksum is put right. */
static void set_header(const char *file, long at, uint32_t value) {
  char path[5000];
  unsigned char header[sizeof(pf_checkpoint_header)];
  snprintf(path, sizeof path, "%s/%s", base, file);
  FILE *f = fopen(path, "r+b");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  CU_ASSERT_EQUAL(fread(header, 1, sizeof header, f), sizeof header);
  memcpy(header + at, &value, sizeof value);
  const uint64_t hash = XXH3_64bits(header, sizeof header - sizeof hash);
  memcpy(header + sizeof header - sizeof hash, &hash, sizeof hash);
  rewind(f);
  fwrite(header, 1, sizeof header, f);
  fclose(f);
}

/* Whole files of another version of the format or of another kind of machine are refused, not taken for damaged ones. */
static void other_formats_are_refused(void) {
  put_input(SHORT);
  static const struct {
    long at;
    uint32_t value;
    const char *said;
  } row[] = {{12, PF_CHECKPOINT_FORMAT + 1, "go on with the program that wrote it"},
             {8, 0x04030201, "another byte order"}};
  for (size_t n = 0; n < sizeof row / sizeof *row; n++) {
    char name[16], file[64];
    snprintf(name, sizeof name, "format%zu", n);
    CU_ASSERT_EQUAL(run(name, "--set run%max_steps=5"), 75);
    for (int slot = 1; slot <= 2; slot++) {
      snprintf(file, sizeof file, "%s/checkpoint/checkpoint_%d.pf", name, slot);
      set_header(file, row[n].at, row[n].value);
    }
    CU_ASSERT_EQUAL(run(name, "--resume"), 73);
    CU_ASSERT(said(row[n].said));
  }
}

/* The newer slot is damaged: the older one serves, which is said, and the run ends as it would have. */
static void older_slot_serves(void) {
  put_input(SHORT);
  char file[600];
  CU_ASSERT_EQUAL(run("a", ""), 0);
  CU_ASSERT_EQUAL(run("b", "--set run%max_steps=7"), 75);
  newest("b", file);
  set_byte(file, 3000, 4);
  CU_ASSERT_EQUAL(run("b", "--resume"), 0);
  CU_ASSERT(said("is damaged: "));
  CU_ASSERT(said("the older checkpoint serves"));
  CU_ASSERT(same_bytes("a/history.csv", "b/history.csv"));
  CU_ASSERT_EQUAL(run("c", "--set run%max_steps=7"), 75);
  set_byte("c/checkpoint/checkpoint_1.pf", 1000, 1);
  set_byte("c/checkpoint/checkpoint_2.pf", 3, 1);
  CU_ASSERT_EQUAL(run("c", "--resume"), 74);
  CU_ASSERT(said("no good checkpoint"));
  CU_ASSERT(said("checkpoint_1.pf"));
  CU_ASSERT(said("checkpoint_2.pf"));
}

/* Cut at every length, and one bit flipped in every byte: never taken for good, never a crash. */
static void damage_is_seen(void) {
  put_input("&grid cells=17 spacing_um=1 /\n&lithium thickness_um=5 /\n&layer " CERAMIC
            "/\n&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=0.1 /\n");
  CU_ASSERT_EQUAL(run("a", "--set run%max_steps=1"), 75);
  char file[600], folder[5000];
  newest("a", file);
  size_t size = 0;
  char *good = read_file(file, &size), *input = NULL;
  CU_ASSERT_PTR_NOT_NULL_FATAL(good);
  snprintf(folder, sizeof folder, "%s/damaged", base);
  CU_ASSERT_EQUAL_FATAL(mkdir(folder, 0777), 0);
  char path[6000];
  snprintf(path, sizeof path, "%s/x", folder);
  pf_checkpoint_header header;
  unsigned taken = 0;
  uint32_t random = 12345;
  for (size_t n = 0; n <= size + 8; n++) { /* the last ones are too long */
    for (int flip = 0; flip < 2; flip++) {
      FILE *f = fopen(path, "wb");
      CU_ASSERT_PTR_NOT_NULL_FATAL(f);
      random = random * 1664525u + 1013904223u;
      const int bit = 1 << (random >> 29);
      if (flip && n < size) good[n] = (char)(good[n] ^ bit);
      fwrite(good, 1, flip || n > size ? size : n, f);
      for (size_t more = size; more < n; more++) fputc(0, f);
      fclose(f);
      if (flip && n < size) good[n] = (char)(good[n] ^ bit);
      if (!flip && n == size) continue; /* whole */
      if (flip && n >= size) continue;
      if (pf_checkpoint_verify(folder, "x", &header, &input) == PF_OK) {
        taken++;
        free(input);
      }
    }
  }
  CU_ASSERT_EQUAL(taken, 0);
  free(good);
}

/* ---- in this process ---- */

static pf_checkpoints open_checkpoints(pf_physics *p, const pf_kept *kept, int count) {
  pf_checkpoints c;
  CU_ASSERT_EQUAL(pf_checkpoints_open(&c, &p->cfg, pf_test_directory(), p->backend->name, kept, count), PF_OK);
  return c;
}

/* Every number and every array of the state, those that are made anew too, after a restart and one more step. */
static void compare_all(const char *input) {
  pf_physics *p = pf_physics_open("%s", input), *q = pf_physics_open("%s", input);
  if (!p || !q) return;
  pf_kept kept[PF_KEPT_MAX], again[PF_KEPT_MAX];
  char notes[1024];
  const pf_drive drive = pf_physics_current(p, 1);
  bool good = pf_physics_start(p, &drive);
  for (int n = 0; good && n < 4; n++) good = pf_physics_step(p, &drive, 30);
  const int count = pf_state_kept(p->state, kept, 0);
  pf_checkpoints c = open_checkpoints(p, kept, count);
  PF_ASSERT_OK(pf_checkpoints_save(&c, kept, count, p->state->step, p->state->time));
  CU_ASSERT_EQUAL(pf_state_kept(q->state, again, 0), count);
  PF_ASSERT_OK(pf_checkpoints_load(&c, c.folder, again, count, notes, sizeof notes));
  PF_ASSERT_OK(pf_state_renew(q->state));
  CU_ASSERT_STRING_EQUAL(notes, "");
  PF_ASSERT_OK(pf_checkpoints_load(&c, c.folder, again, count, notes, sizeof notes));
  pf_physics *both[2] = {p, q};
  for (int n = 0; good && n < 2; n++) good = pf_physics_step(both[n], &drive, 30);
  CU_ASSERT(good);
#define SAME(type, name, size) \
  if (memcmp(&p->state->name, &q->state->name, sizeof p->state->name) != 0) CU_FAIL("number " #name);
  PF_STATE_NUMBERS(SAME)
  pf_state_array array[PF_STATE_ARRAYS_MAX];
  const int arrays = pf_state_arrays(p->state, array);
  for (int n = 0; n < arrays; n++) {
    void *at[2];
    char *bytes[2] = {calloc(array[n].bytes + 1, 1), calloc(array[n].bytes + 1, 1)};
    for (int k = 0; k < 2 && array[n].bytes > 0; k++) {
      memcpy(&at[k], (const char *)both[k]->state + array[n].offset, sizeof at[k]);
      PF_ASSERT_OK(p->backend->download(both[k]->backend, bytes[k], at[k], array[n].bytes));
    }
    if (memcmp(bytes[0], bytes[1], array[n].bytes) != 0) {
      printf("[%s differs] ", array[n].name);
      CU_FAIL("an array differs after a restart");
    }
    free(bytes[0]), free(bytes[1]);
  }
  pf_checkpoints_close(&c);
  pf_physics_close(p);
  pf_physics_close(q);
}

static void everything_is_kept(void) {
  compare_all(
      "&grid cells=30,12 spacing_um=1 /\n&lithium thickness_um=10 counter_thickness_um=6 roughness_um=0.3 "
      "roughness_length_um=6 /\n"
      "&layer thickness_um=0.5 " CERAMIC "/\n&layer thickness_um=0 " SALT "/");
  compare_all(
      "&grid cells=30,12 spacing_um=1 /\n&lithium thickness_um=10 roughness_um=0.3 roughness_length_um=6 "
      "/\n&layer " CERAMIC "/");
}

/* A field that is not finite is named, and the slots stay as they are. */
static void no_checkpoint_of_a_sick_state(void) {
  pf_physics *p = pf_physics_open("&grid cells=20,4 spacing_um=1 /\n&lithium thickness_um=6 /\n&layer " CERAMIC "/");
  if (!p) return;
  pf_kept kept[PF_KEPT_MAX];
  char notes[1024];
  const int count = pf_state_kept(p->state, kept, 0);
  pf_checkpoints c = open_checkpoints(p, kept, count);
  PF_ASSERT_OK(pf_checkpoints_save(&c, kept, count, 1, 0));
  float *rate = calloc(160, sizeof *rate);
  CU_ASSERT_PTR_NOT_NULL_FATAL(rate);
  rate[47] = (float)NAN;
  PF_ASSERT_OK(p->backend->upload(p->backend, p->state->rate, rate, 160 * sizeof *rate));
  PF_ASSERT_FAILS(pf_checkpoints_save(&c, kept, count, 2, 0), PF_FAILED, "state.rate is not finite at cell (7, 2, 0)");
  CU_ASSERT_EQUAL(c.header.number, 1);
  PF_ASSERT_OK(pf_checkpoints_load(&c, c.folder, kept, count, notes, sizeof notes));
  CU_ASSERT_EQUAL(c.header.number, 1);
  free(rate);
  pf_checkpoints_close(&c);
  pf_physics_close(p);
}

/* The watch: a NaN, a lithium fraction far beyond 1 and salt below 0 are failures, which are told. */
static void health(void) {
  static const struct {
    bool salt;
    double value;
    const char *said;
  } row[] = {{false, (double)NAN, "1 values are not finite"},
             {true, (double)INFINITY, "1 values are not finite"},
             {false, 1.2, "... 1.2 (1 cells beyond 0 ... 1)"},
             {false, -0.1, "lithium fraction -0.1"},
             {true, -0.5, "least salt -0.5"}};
  for (size_t n = 0; n < sizeof row / sizeof *row; n++) {
    pf_physics *p = pf_physics_open("&grid cells=40 spacing_um=1 /\n&lithium thickness_um=8 /\n&layer " SALT "/");
    if (!p) return;
    const pf_drive drive = pf_physics_current(p, 0.1);
    pf_health seen = {0};
    if (pf_physics_start(p, &drive)) PF_ASSERT_OK(pf_health_check(&seen, p->state, NULL));
    PF_ASSERT_WITHIN(seen.lithium, 8, 1e-3);
    double *field = row[n].salt ? p->state->s : p->state->xi, *values = pf_physics_field(p, field);
    if (values) {
      values[30] = row[n].value;
      pf_physics_set(p, field, values);
      PF_ASSERT_FAILS(pf_health_check(&seen, p->state, NULL), PF_FAILED, row[n].said);
    }
    free(values);
    pf_physics_close(p);
  }
}

void t510_checkpoint(void);
void t510_checkpoint(void) {
  pf_test_suite("checkpoint", (pf_test[]){{"every number and array", everything_is_kept},
                                          {"the watch over the state", health},
                                          {"no checkpoint of a sick state", no_checkpoint_of_a_sick_state},
                                          {"cut and gone on: single ion, hot spot", single_ion_and_hot_spot},
                                          {"cut and gone on: stack, films", stack_with_films},
                                          {"cut and gone on: salt, roughness", salt_and_roughness},
                                          {"cut and gone on: electrons", electrons},
                                          {"cut and gone on: mechanics", mechanics},
                                          {"cut and gone on: 3-D, laminate, potentiostat", three_dimensions},
                                          {"cut and gone on: cycling", cycling_at_every_step},
                                          {"cut and gone on: explicit models", explicit_models},
                                          {"cut and gone on: ladders, events", ladders},
                                          {"cut and gone on: everything, events", everything_together},
                                          {"cut and gone on: every protocol and physics", every_protocol},
                                          {"what --resume and --restart mean", resume_means},
                                          {"other runs are refused", other_runs_are_refused},
                                          {"another backend", another_backend},
                                          {"other formats are refused", other_formats_are_refused},
                                          {"the older slot serves", older_slot_serves},
                                          {"damage is seen", damage_is_seen}});
}
