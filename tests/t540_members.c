/* t540_members: the runs of a table: what is read, what is refused, and that each is the run alone, bit for bit. */
#include <dirent.h>
#include <fcntl.h>
#include <netcdf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "joined.h"
#include "members.h"
#include "test.h"

static char base[3000]; /* a fresh directory */

static void put_file(const char *name, const char *text) {
  char path[4000];
  snprintf(path, sizeof path, "%s/%s", base, name);
  FILE *f = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs(text, f);
  fclose(f);
}

static char *read_file(const char *name, size_t *size) {
  char *text = NULL;
  (void)pf_file_read(base, name, &text, size);
  return text;
}

static bool same_bytes(const char *a, const char *b) {
  size_t na = 0, nb = 0;
  char *x = read_file(a, &na), *y = read_file(b, &nb);
  const bool same = x && y && na == nb && memcmp(x, y, na) == 0;
  if (!same) printf("[%s, %s] ", a, b);
  free(x), free(y);
  return same;
}

static bool has(const char *name, const char *what) {
  char *text = read_file(name, NULL);
  const bool found = text && strstr(text, what);
  if (!found) printf("[%s has no '%s': %.400s] ", name, what, text ? text : "not there");
  free(text);
  return found;
}

static bool is_there(const char *name) {
  char path[8000];
  struct stat s;
  snprintf(path, sizeof path, "%s/%s", base, name);
  return stat(path, &s) == 0;
}

/* ---- the table ---- */

static void table(void) {
  static const char text[] =
      "\xEF\xBB\xBF\r\n grid%cells ,run%title,\"protocol%end_at\"\r\n"
      "\"40, 30\" , a b ,\"say \"\"x\"\"\"\r\n\r\n , \t,\"two\nlines\"\n50,,z";
  pf_table t;
  pf_report report = {0};
  PF_ASSERT_OK(pf_table_parse("t.csv", text, sizeof text - 1, &t, &report));
  CU_ASSERT_EQUAL(t.columns, 3);
  CU_ASSERT_EQUAL_FATAL(t.rows, 3);
  const char *const names[] = {"grid%cells", "run%title", "protocol%end_at"};
  const char *const cells[] = {"40, 30", "a b", "say \"x\"", "", "", "two\nlines", "50", "", "z"};
  const int line[] = {-3, -5, -7}, column[] = {1, 12, 17};
  for (int c = 0; c < 3; c++) {
    CU_ASSERT_STRING_EQUAL(t.name[c].text, names[c]);
    for (int row = 0; row < 3; row++) {
      CU_ASSERT_STRING_EQUAL(pf_table_at(&t, row, c)->text, cells[3 * row + c]);
      CU_ASSERT_EQUAL(pf_table_at(&t, row, c)->place.line, line[row]);
    }
    CU_ASSERT_EQUAL(pf_table_at(&t, 0, c)->place.column, column[c]);
  }
  CU_ASSERT(t.name[0].place.line == -2 && t.name[0].place.column == 2);
  pf_table_free(&t);
  pf_report_free(&report);
}

/* What the report says, a line each, into `said`. */
static void print_report(pf_report *report, char *said, size_t size) {
  FILE *out = fmemopen(said, size, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(out);
  pf_report_print(report, out);
  fclose(out);
  pf_report_free(report);
}

static void bad_tables(void) {
  static const struct {
    const char *text, *said;
  } row[] = {
      {"", "t.csv:1:1: error: found an empty file"},
      {"\n \n", "t.csv:1:1: error: found an empty file"},
      {"a%b\n", "t.csv:2:1: error: found no member"},
      {"a%b,,c%d=3\n1,2,3\n", "t.csv:1:5: error: a column needs the name of a key"},
      {"a%b,,c%d=3\n1,2,3\n", "t.csv:1:6: error: a column needs the name of a key"},
      {"a%b,A%B\n1,2\n", "t.csv:1:5: error: found 'A%B' twice"},
      {"a%b,c%d\n1\n1,2\n1,2,3\n", "t.csv:2:1: error: found 1 cell, the first line has 2"},
      {"a%b,c%d\n1\n1,2\n1,2,3\n", "t.csv:4:1: error: found 3 cells, the first line has 2"},
      {"a%b\n\"1\n2\n", "t.csv:2:1: error: a cell in quotes has no closing quote"},
      {"a%b\n\"1\" 2\n", "t.csv:2:5: error: found more behind a cell in quotes"},
  };
  for (size_t n = 0; n < sizeof row / sizeof *row; n++) {
    pf_table t;
    pf_report report = {0};
    char said[2000] = "";
    PF_ASSERT_FAILS(pf_table_parse("t.csv", row[n].text, strlen(row[n].text), &t, &report), PF_BAD_INPUT, "t.csv");
    print_report(&report, said, sizeof said);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, row[n].said));
    if (!strstr(said, row[n].said)) printf("[%s] ", said);
    pf_table_free(&t);
  }
  pf_table t;
  pf_report report = {0};
  PF_ASSERT_FAILS(pf_table_parse("t.csv", "a%b\n1\0\n", 7, &t, &report), PF_BAD_INPUT, "t.csv");
  pf_table_free(&t);
  PF_ASSERT_FAILS(pf_table_read("/nowhere/t.csv", &t, &report), PF_NO_INPUT, "cannot be opened");
  pf_table_free(&t);
  PF_ASSERT_FAILS(pf_table_read("/", &t, &report), PF_NO_INPUT, "is no file");
  pf_table_free(&t);
  pf_report_free(&report);
}

/* ---- members ---- */

static const char cell_1d[] =
    "&grid cells=60 spacing_um=2 /\n&lithium thickness_um=20 counter_thickness_um=20 /\n"
    "&layer ionic_conductivity_S_cm=4.48e-4 transference_number=0.21 exchange_current_mA_cm2=0.01\n"
    "  salt_concentration_mol_L=1 diffusivity_cm2_s=1.13e-7 /\n"
    "&protocol mode='cycling' current_mA_cm2=0.5 half_cycle_h=0.1 cycles=2 /\n"
    "&output history_interval_s=20 snapshot_count=3 compression=1 /\n&solver time_step_max_s=5 /\n";

/* Reads base/cell.nml and base/t.csv. */
static pf_status read_members(const char *input, const char *table_text, const char *const *sets, int n_sets,
                              pf_members *m, pf_report *report) {
  char input_path[4000], table_path[4000];
  put_file("cell.nml", input);
  put_file("t.csv", table_text);
  snprintf(input_path, sizeof input_path, "%s/cell.nml", base);
  snprintf(table_path, sizeof table_path, "%s/t.csv", base);
  return pf_members_read(input_path, table_path, sets, n_sets, m, report);
}

static void refused(const char *table_text, int errors, const char *const *expected) {
  pf_members m;
  pf_report report = {0};
  char said[6000] = "", output[4000];
  snprintf(base, sizeof base, "%s", pf_test_directory());
  snprintf(output, sizeof output, "run%%output_dir=%s/out", base);
  const char *const sets[] = {output};
  PF_ASSERT_FAILS(read_members(cell_1d, table_text, sets, 1, &m, &report), PF_BAD_INPUT, "t.csv");
  CU_ASSERT_EQUAL(report.errors, errors);
  print_report(&report, said, sizeof said);
  for (int n = 0; expected[n]; n++) {
    CU_ASSERT_PTR_NOT_NULL(strstr(said, expected[n]));
    if (!strstr(said, expected[n])) printf("[no '%s' in: %s] ", expected[n], said);
  }
  CU_ASSERT_FALSE(is_there("out"));
  pf_members_free(&m);
}
#define REFUSED(table_text, errors, ...) refused(table_text, errors, (const char *const[]){__VA_ARGS__, NULL})

static void bad_members(void) {
  /* names once, values each; all at once */
  REFUSED(
      "layer%exchange_curent_mA_cm2,laier%solid,x,layer(3)%thickness_um,solver%cfl\n1,T,1,1,7\n1,T,1,1,8\n1,T,1,1,0."
      "1\n",
      6, "t.csv:1:1: error: &layer exchange_curent_ma_cm2: found 'exchange_curent_ma_cm2', which is no key",
      "nearest: exchange_current_mA_cm2", "t.csv:1:30: error: &laier: found 'laier', which is no group",
      "t.csv:1:42: error: found 'x', allowed: group%key or group(2)%key\n", "t.csv:1:44: error: &layer(3): there is 1",
      "t.csv:2:9: error: &solver cfl: found '7'", "t.csv:3:9: error: &solver cfl: found '8'");
  /* what keys together are: at their place in the input, with the member */
  REFUSED("lithium%thickness_um,layer%thickness_um\n20,80\n30,80\n20,80\n40,80\n", 2,
          "t.csv:3:4: error: &layer thickness_um: lithium and layers (without films) add up to 130 um",
          "t.csv:5:4: error: &layer thickness_um: lithium and layers (without films) add up to 140 um");
  REFUSED("grid%spacing_um,lithium%thickness_um\n2,20\n2,130\n2,20\n", 1,
          "cell.nml:3:1: error: &layer thickness_um: lithium and the other layers take 150 um", "(member 2)");
  REFUSED("grid%cells,run%backend,run%threads\n60,cpu,1\n70,cpu,1\n60,check,2\n", 3,
          "t.csv:3:1: error: &grid cells: found 70 x 1 x 1 cells, the first member has 60 x 1 x 1",
          "t.csv:4:4: error: &run backend: found 'check', the first member has 'cpu'",
          "t.csv:4:10: error: &run threads: found 2, the first member has 1");
  REFUSED("run%output_dir\na\nb\na\n", 1, "t.csv:4:1: error: &run output_dir: found 'a', which is that of member 1");
}

static void folders(void) {
  pf_members m;
  pf_report report = {0};
  snprintf(base, sizeof base, "%s", pf_test_directory());
  PF_ASSERT_OK_FATAL(read_members(cell_1d, "run%output_dir,run%random_seed\nx/y,1\n,2\n", NULL, 0, &m, &report));
  CU_ASSERT_STRING_EQUAL(m.folder, "runs/cell");
  CU_ASSERT_STRING_EQUAL(m.member[0].folder, "x/y");
  CU_ASSERT_STRING_EQUAL(m.member[1].folder, "runs/cell/member_0002");
  char *printed = NULL;
  size_t size;
  FILE *out = open_memstream(&printed, &size);
  PF_ASSERT_OK(pf_members_print(&m, out));
  fclose(out);
  CU_ASSERT_PTR_NOT_NULL(strstr(printed, "! member_0001: run%output_dir=x/y, run%random_seed=1\n&run"));
  CU_ASSERT_PTR_NOT_NULL(strstr(printed, "! member_0002: run%random_seed=2\n&run"));
  CU_ASSERT_PTR_NOT_NULL(strstr(printed, "random_seed = 2  ! (in line 3 of the table)"));
  CU_ASSERT_PTR_NOT_NULL(strstr(printed, "! 2 members, at most"));
  free(printed);
  pf_members_free(&m);
  pf_report_free(&report);
}

/* ---- the same bits ---- */

static pf_status run_table(const char *input, const char *table_text, const char *folder, const char *set,
                           const pf_run_options *options, pf_members *m) {
  static char output[4000], backend[64]; /* the members keep them */
  static const char *sets[4];
  pf_report report = {0};
  snprintf(output, sizeof output, "run%%output_dir=%s/%s", base, folder);
  snprintf(backend, sizeof backend, "run%%backend=%s", pf_test_backend_name());
  memcpy(sets, (const char *[]){output, backend, "run%threads=2", set ? set : "run%max_steps=0"}, sizeof sets);
  pf_status status = read_members(input, table_text, sets, 4, m, &report);
  if (status != PF_OK) pf_report_print(&report, stdout);
  pf_report_free(&report);
  return status == PF_OK ? pf_members_run(m, options, true, false) : status;
}

/* A member by itself, in base/alone/. */
static pf_status run_alone(const pf_members *m, int n, pf_backend *backend) {
  pf_config *cfg = calloc(1, sizeof *cfg);
  pf_report report = {0};
  PF_CHECK(cfg, PF_NO_MEMORY, "no memory");
  pf_status status =
      pf_config_parse_member("cell.nml", m->input.text, m->input.size, m->sets, m->n_sets, &m->table, n, cfg, &report);
  snprintf(cfg->run.output_dir, sizeof cfg->run.output_dir, "%.900s/%s/member_%04d", base, backend ? "joined" : "alone",
           n + 1);
  cfg->run.threads = strcmp(pf_test_backend_name(), "cpu") == 0 ? 1 : 2; /* as a member has: a snapshot says it */
  if (status == PF_OK)
    status = pf_run_logged(cfg, &(pf_run_options){.overwrite = true, .backend = backend}, true, false, NULL);
  pf_config_free(cfg);
  free(cfg);
  pf_report_free(&report);
  return status;
}

/* A snapshot holds a lithium fraction in every cell. */
static bool holds_lithium(const char *name) {
  char path[8000];
  int file, id, ids[8], dimensions;
  size_t cells = 1, length;
  snprintf(path, sizeof path, "%s/%s", base, name);
  if (nc_open(path, NC_NOWRITE, &file) != NC_NOERR) return false;
  bool good = nc_inq_varid(file, "phase", &id) == NC_NOERR && nc_inq_varndims(file, id, &dimensions) == NC_NOERR &&
              dimensions <= 8 && nc_inq_vardimid(file, id, ids) == NC_NOERR;
  for (int d = 0; good && d < dimensions; d++) good = nc_inq_dimlen(file, ids[d], &length) == NC_NOERR, cells *= length;
  float *values = malloc(cells * sizeof *values);
  good = good && values && nc_get_var_float(file, id, values) == NC_NOERR;
  for (size_t c = 0; good && c < cells; c++) good = values[c] > -0.01f && values[c] < 1.01f;
  free(values);
  nc_close(file);
  return good;
}

/* Every history and snapshot of a member, byte by byte. */
static void same_run(const char *folder, const char *other, int n) {
  char a[4000], b[4000];
  snprintf(a, sizeof a, "%s/member_%04d/history.csv", folder, n + 1);
  snprintf(b, sizeof b, "%s/member_%04d/history.csv", other, n + 1);
  CU_ASSERT(same_bytes(a, b));
  int snapshots = 0;
  for (int k = 1;; k++) {
    snprintf(a, sizeof a, "%s/member_%04d/snapshots/cell_%06d.nc", folder, n + 1, k);
    snprintf(b, sizeof b, "%s/member_%04d/snapshots/cell_%06d.nc", other, n + 1, k);
    if (!is_there(a) && !is_there(b)) break;
    CU_ASSERT(same_bytes(a, b));
    CU_ASSERT(holds_lithium(a));
    snapshots++;
  }
  PF_ASSERT_AT_LEAST(snapshots, 2);
}

static void join_one(void *context, int n, pf_backend *backend) { PF_ASSERT_OK(run_alone(context, n, backend)); }

/* A salt, a single-ion conductor without any, electrons, stress: different step lengths and kernels side by side. */
static void as_alone(const char *input, const char *table_text) {
  pf_members m;
  snprintf(base, sizeof base, "%s", pf_test_directory());
  put_file("cell.nml", input);
  PF_ASSERT_OK_FATAL(run_table(input, table_text, "all", NULL, &(pf_run_options){0}, &m));
  for (int n = 0; n < m.table.rows; n++) {
    PF_ASSERT_OK(run_alone(&m, n, NULL));
    same_run("all", "alone", n);
  }
  /* and joined, on every backend */
  pf_backend *b = pf_test_backend();
  pf_joined_report report;
  PF_ASSERT_OK(pf_joined_run(b, m.table.rows, m.table.rows, join_one, &m, &report));
  for (int n = 0; n < m.table.rows; n++) {
    char x[100], y[100];
    snprintf(x, sizeof x, "alone/member_%04d/history.csv", n + 1);
    snprintf(y, sizeof y, "joined/member_%04d/history.csv", n + 1);
    CU_ASSERT(same_bytes(x, y));
  }
  PF_ASSERT_AT_MOST(report.done, 0.9 * report.asked);
  CU_ASSERT_EQUAL(b->bytes, 0);
  pf_backend_destroy(b);
  pf_members_free(&m);
}

static void same_bits(void) {
  as_alone(cell_1d,
           "protocol%current_mA_cm2,layer%transference_number,layer%exchange_current_mA_cm2\n"
           "0.5,,\n0.9,,0.2\n0.5,1,0.1\n2.5,,\n0.4,0.3,\n");
}

static void same_bits_2d(void) {
  as_alone(
      "&grid cells=24, 12 spacing_um=1 /\n"
      "&lithium thickness_um=6 roughness_um=0.4 roughness_length_um=6 youngs_modulus_GPa=5 poisson_ratio=0.36 "
      "eigenstrain=0.05 electronic_conductivity_S_cm=1e5 /\n"
      "&layer ionic_conductivity_S_cm=4e-4 exchange_current_mA_cm2=1 youngs_modulus_GPa=100 poisson_ratio=0.2\n"
      "  electronic_conductivity_S_cm=1e-9 /\n"
      "&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=0.02 /\n"
      "&solver time_step_max_s=20 /\n&output history_interval_s=1 snapshot_count=2 /\n",
      "model%mechanics,model%electrons,run%random_seed\nF,F,1\nT,F,2\nT,F,3\nF,T,3\nF,F,4\n");
}

/* ---- stops, failures, what lies there ---- */

static const char currents[] = "protocol%current_mA_cm2\n0.3\n0.4\n0.5\n";

static void stop_and_go_on(void) {
  pf_members m;
  char from[3100];
  snprintf(base, sizeof base, "%s", pf_test_directory());
  snprintf(from, sizeof from, "%s/cut", base);
  PF_ASSERT_OK(run_table(cell_1d, currents, "whole", NULL, &(pf_run_options){0}, &m));
  pf_members_free(&m);
  CU_ASSERT(has("whole/summary.json", "\"status\": \"completed\""));
  CU_ASSERT(has("whole/summary.json",
                "{\"member\": 2, \"folder\": \"member_0002\", \"status\": \"completed\", "
                "\"exit\": 0, \"error\": null, \"set\": {\"protocol%current_mA_cm2\": \"0.4\"}}"));
  PF_ASSERT_FAILS(run_table(cell_1d, currents, "cut", "run%max_steps=20", &(pf_run_options){0}, &m), PF_STOPPED,
                  "0 of 3 members failed, 3 were stopped: --resume goes on");
  for (int n = 0; n < 3; n++) CU_ASSERT_EQUAL(m.member[n].status, PF_STOPPED);
  pf_members_free(&m);
  CU_ASSERT(
      has("cut/summary.json", "\"status\": \"stopped\", \"exit\": 75, \"error\": \"stopped after max_steps = 20"));
  PF_ASSERT_OK(run_table(cell_1d, currents, "other", NULL, &(pf_run_options){.restart = from}, &m));
  pf_members_free(&m);
  PF_ASSERT_OK(run_table(cell_1d, currents, "cut", NULL, &(pf_run_options){.resume = true}, &m));
  pf_members_free(&m);
  for (int n = 1; n <= 3; n++) {
    char a[64], b[64], c[64];
    snprintf(a, sizeof a, "whole/member_%04d/history.csv", n);
    snprintf(b, sizeof b, "cut/member_%04d/history.csv", n);
    snprintf(c, sizeof c, "other/member_%04d/history.csv", n);
    CU_ASSERT(same_bytes(a, b));
    CU_ASSERT(same_bytes(a, c));
  }
  /* a fourth one: the others are finished */
  PF_ASSERT_OK(run_table(cell_1d, "protocol%current_mA_cm2\n0.3\n0.4\n0.5\n0.6\n", "cut", NULL,
                         &(pf_run_options){.resume = true}, &m));
  pf_members_free(&m);
  CU_ASSERT(is_there("cut/member_0004/summary.json"));
  /* another table for the same folders is refused, and nothing is lost without --overwrite */
  PF_ASSERT_FAILS(run_table(cell_1d, "protocol%current_mA_cm2\n0.3\n0.7\n0.5\n", "cut", NULL,
                            &(pf_run_options){.resume = true}, &m),
                  PF_NO_OUTPUT, "1 of 3 members failed");
  CU_ASSERT_PTR_NOT_NULL(strstr(m.member[1].message, "current_mA_cm2 was 0.4, now 0.7"));
  pf_members_free(&m);
  PF_ASSERT_FAILS(run_table(cell_1d, currents, "cut", NULL, &(pf_run_options){0}, &m), PF_NO_OUTPUT,
                  "nothing was computed");
  pf_members_free(&m);
  PF_ASSERT_FAILS(run_table(cell_1d, currents, "cut/member_0001", NULL, &(pf_run_options){0}, &m), PF_NO_OUTPUT,
                  "holds a single run");
  pf_members_free(&m);
}

/* --overwrite with a shorter table: the members that are no more are removed, but nothing that pfsolve did not write. */
static void fewer_members(void) {
  pf_members m;
  char from[4000], to[4000];
  snprintf(base, sizeof base, "%s", pf_test_directory());
  PF_ASSERT_OK(
      run_table(cell_1d, "protocol%current_mA_cm2\n0.3\n0.4\n0.5\n0.6\n0.7\n", "out", NULL, &(pf_run_options){0}, &m));
  pf_members_free(&m);
  put_file("out/member_0003/notes.txt", "mine\n");
  snprintf(from, sizeof from, "%s/out/member_0004", base);
  snprintf(to, sizeof to, "%s/elsewhere", base);
  CU_ASSERT_EQUAL(rename(from, to), 0);
  CU_ASSERT_EQUAL(symlink(to, from), 0);
  snprintf(from, sizeof from, "%s/out/member_0006", base); /* no run in it */
  CU_ASSERT_EQUAL(mkdir(from, 0777), 0);
  snprintf(from, sizeof from, "%s/out/member_5", base); /* not a name of ours */
  CU_ASSERT_EQUAL(symlink("member_0001", from), 0);
  PF_ASSERT_OK(
      run_table(cell_1d, "protocol%current_mA_cm2\n0.3\n0.4\n", "out", NULL, &(pf_run_options){.overwrite = true}, &m));
  pf_members_free(&m);
  CU_ASSERT(is_there("out/member_0001/summary.json") && is_there("out/member_0002/summary.json"));
  CU_ASSERT(!is_there("out/member_0003/summary.json") && !is_there("out/member_0003/snapshots"));
  CU_ASSERT(!is_there("out/member_0003/checkpoint") && is_there("out/member_0003/notes.txt"));
  CU_ASSERT(is_there("elsewhere/summary.json") && is_there("elsewhere/history.csv"));
  CU_ASSERT(!is_there("out/member_0005"));
  CU_ASSERT(is_there("out/member_0006") && is_there("out/member_5/summary.json"));
}

/* One whose folder cannot be made: the others are done. */
static void one_fails(void) {
  pf_members m;
  char path[4000];
  snprintf(base, sizeof base, "%s", pf_test_directory());
  snprintf(path, sizeof path, "%s/out", base);
  CU_ASSERT_EQUAL(mkdir(path, 0777), 0);
  put_file("out/member_0002", "a file\n");
  PF_ASSERT_FAILS(run_table(cell_1d, currents, "out", NULL, &(pf_run_options){.overwrite = true}, &m), PF_NO_OUTPUT,
                  "1 of 3 members failed, 0 were stopped");
  CU_ASSERT(m.member[0].status == PF_OK && m.member[1].status == PF_NO_OUTPUT && m.member[2].status == PF_OK);
  CU_ASSERT(
      has("out/summary.json", "{\"member\": 2, \"folder\": \"member_0002\", \"status\": \"failed\", \"exit\": 73"));
  CU_ASSERT(has("out/member_0003/summary.json", "\"status\": \"completed\""));
  pf_members_free(&m);
  /* a wall-time limit is that of all together, and each of them takes a step at least */
  PF_ASSERT_FAILS(run_table(cell_1d, currents, "short", "run%max_walltime_min=1e-9", &(pf_run_options){0}, &m),
                  PF_STOPPED, "3 were stopped");
  CU_ASSERT_PTR_NOT_NULL(strstr(m.member[2].message, "not begun: max_walltime_min"));
  pf_members_free(&m);
}

/* SIGTERM to the program: every member saves its state, and it goes on. */
static pid_t start_program(const char *option) {
  char output[4000], backend[64], cell[4000], table_path[4000], said[4000];
  snprintf(output, sizeof output, "run%%output_dir=%s/term", base);
  snprintf(backend, sizeof backend, "run%%backend=%s", pf_test_backend_name());
  snprintf(cell, sizeof cell, "%s/cell.nml", base);
  snprintf(table_path, sizeof table_path, "%s/t.csv", base);
  snprintf(said, sizeof said, "%s/said", base);
  const char *argv[] = {pf_test_program(), "--quiet",  "--set", "run%threads=2", "--set", output, "--set", backend,
                        "--members",       table_path, cell,    option,          NULL};
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd >= 0) (void)dup2(fd, STDERR_FILENO);
    (void)signal(SIGTERM, SIG_DFL);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
  }
  return child;
}

static int end_of(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void signal_to_all(void) {
  pf_members m;
  snprintf(base, sizeof base, "%s", pf_test_directory());
  static const char rows[] = "protocol%cycles,protocol%current_mA_cm2\n6,0.3\n6,0.4\n6,0.5\n";
  PF_ASSERT_OK(run_table(cell_1d, rows, "whole", NULL, &(pf_run_options){0}, &m));
  pf_members_free(&m);
  const pid_t child = start_program(NULL);
  for (int n = 0; n < 20000; n++) {
    size_t size = 0;
    free(read_file("term/member_0001/history.csv", &size));
    if (size > 2000) break;
    nanosleep(&(struct timespec){0, 1000000}, NULL);
  }
  CU_ASSERT_EQUAL(kill(child, SIGTERM), 0);
  CU_ASSERT_EQUAL(end_of(child), 75);
  CU_ASSERT(has("said", "members failed"));
  char *text = read_file("said", NULL); /* HDF5 prints its errors for each thread anew, unless it is told */
  CU_ASSERT(text && !strstr(text, "HDF5"));
  free(text);
  CU_ASSERT(has("said", "warning: member_0001: stopped by SIGTERM"));
  CU_ASSERT(has("term/summary.json", "stopped by SIGTERM"));
  CU_ASSERT(is_there("term/member_0001/checkpoint/checkpoint_1.pf"));
  CU_ASSERT_EQUAL(end_of(start_program("--resume")), 0);
  for (int n = 1; n <= 3; n++) {
    char a[64], b[64];
    snprintf(a, sizeof a, "whole/member_%04d/history.csv", n);
    snprintf(b, sizeof b, "term/member_%04d/history.csv", n);
    CU_ASSERT(same_bytes(a, b));
  }
}

void t540_members(void);
void t540_members(void) {
  pf_test_suite("members", (pf_test[]){{"a table", table},
                                       {"tables that are wrong", bad_tables},
                                       {"members that are wrong", bad_members},
                                       {"folders, --check", folders},
                                       {"each as if it were alone", same_bits},
                                       {"2-D, stress, electrons", same_bits_2d},
                                       {"stopped and gone on with", stop_and_go_on},
                                       {"--overwrite with fewer of them", fewer_members},
                                       {"one fails", one_fails},
                                       {"SIGTERM", signal_to_all}});
}
