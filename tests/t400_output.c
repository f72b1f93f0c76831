/* t400_output.c: what a run leaves, read back; and what it leaves when it is killed, the disk is full, or another run
 * has the directory. */
#include "test.h"

#include "synthetic_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netcdf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A fresh directory, kept (pf_test_directory's is valid until its next call). */
static void fresh(char path[PATH_MAX]) { snprintf(path, PATH_MAX, "%s", pf_test_directory()); }

static void join(char out[PATH_MAX], const char *folder, const char *name) {
  const int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
  CU_ASSERT_FATAL(n > 0 && n < PATH_MAX);
}

static bool there(const char *folder, const char *name) {
  char path[PATH_MAX];
  struct stat s;
  join(path, folder, name);
  return lstat(path, &s) == 0;
}

static void put(const char *folder, const char *name, const char *text) {
  char path[PATH_MAX];
  join(path, folder, name);
  FILE *const file = fopen(path, "w");
  CU_ASSERT_FATAL(file != NULL);
  fputs(text, file);
  fclose(file);
}

/* Entries of a folder whose names contain `part`; -1 without the folder. */
static int entries(const char *folder, const char *part) {
  DIR *const stream = opendir(folder);
  if (stream == NULL) return -1;
  int count = 0;
  for (const struct dirent *e = readdir(stream); e != NULL; e = readdir(stream))
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && strstr(e->d_name, part) != NULL) ++count;
  closedir(stream);
  return count;
}

static char *text_of(const char *folder, const char *name) {
  char *text = NULL;
  PF_ASSERT_OK(pf_file_read(folder, name, &text, NULL));
  return text;
}

/* ---- snapshots ---- */

/* Opens folder/name and compares dimensions, coordinates, time and every value with the analytic run. */
static bool snapshot_is_right(const char *folder, const char *name, const synthetic_run *run, int index) {
  char path[PATH_MAX];
  int file, id, dims[4], rank;
  size_t length, zero = 0;
  double time = -1.0;
  bool right = true;
  if (snprintf(path, sizeof path, "%s/%s", folder, name) >= PATH_MAX) return false;
  if (nc_open(path, NC_NOWRITE, &file) != NC_NOERR) return false;
  const size_t cells = (size_t)run->nx * (size_t)run->ny * (size_t)run->nz;
  float *const got = malloc(cells * sizeof *got), *const values = malloc(3 * cells * sizeof *values);
  pf_snapshot_field fields[3];
  const pf_snapshot s = synthetic_snapshot(run, index, values, fields);
  right =
      right && nc_inq_varid(file, "time", &id) == NC_NOERR && nc_get_var1_double(file, id, &zero, &time) == NC_NOERR;
  right = right && time == s.time_s; /* exactly */
  const char *const names[] = {"time", "z", "y", "x"};
  const int sizes[] = {1, run->nz, run->ny, run->nx};
  for (int f = 0; f < 3 && right; ++f) {
    right = nc_inq_varid(file, fields[f].name, &id) == NC_NOERR && nc_inq_varndims(file, id, &rank) == NC_NOERR &&
            rank == (run->nz > 1 ? 4 : 3) && nc_inq_vardimid(file, id, dims) == NC_NOERR;
    for (int d = 0; d < rank && right; ++d) {
      const int axis = rank == 3 && d > 0 ? d + 1 : d;
      char dimension[NC_MAX_NAME + 1];
      right = nc_inq_dim(file, dims[d], dimension, &length) == NC_NOERR && strcmp(dimension, names[axis]) == 0 &&
              length == (size_t)sizes[axis];
    }
    right =
        right && nc_get_var_float(file, id, got) == NC_NOERR && memcmp(got, fields[f].values, cells * sizeof *got) == 0;
  }
  for (int d = 1; d < 4 && right; ++d) { /* cell centres, none in a direction of one cell */
    const bool found = nc_inq_varid(file, names[d], &id) == NC_NOERR;
    right = found == (sizes[d] > 1);
    for (int i = 0; i < sizes[d] && found && right; ++i) {
      const size_t at = (size_t)i;
      double x;
      right = nc_get_var1_double(file, id, &at, &x) == NC_NOERR && fabs(x - (i + 0.5) * synthetic_spacing) < 1e-12;
    }
    size_t ignored;
    if (found) right = right && nc_inq_attlen(file, id, "axis", &ignored) == NC_ENOTATT; /* ParaView: a sphere */
  }
  char input[256] = "";
  right = right && nc_get_att_text(file, NC_GLOBAL, "input", input) == NC_NOERR &&
          strcmp(input, synthetic_attributes[0].text) == 0;
  free(got);
  free(values);
  nc_close(file);
  return right;
}

static void snapshot_values(void) {
  const synthetic_run runs[] = {{"a title / of: two", 37, 1, 1, 0, 2, false},
                                {"two", 61, 19, 1, 0, 2, true},
                                {"packed", 61, 19, 1, 3, 2, false},
                                {"three", 17, 5, 7, 0, 2, true},
                                {"large chunks", 600, 500, 2, 1, 1, false}};
  const char *const files[] = {"a_title___of__two", "two", "packed", "three", "large_chunks"};
  for (int r = 0; r < 5; ++r) {
    char path[PATH_MAX], folder[PATH_MAX], name[PF_NAME_LENGTH];
    fresh(path);
    PF_ASSERT_OK_FATAL(synthetic_run_write(&runs[r], path));
    join(folder, path, "snapshots");
    for (int s = 1; s <= runs[r].snapshots; ++s) {
      snprintf(name, sizeof name, "%s_%06d.nc", files[r], s);
      CU_ASSERT(snapshot_is_right(folder, name, &runs[r], s));
      CU_ASSERT(!snapshot_is_right(folder, name, &runs[r], s + 1)); /* the comparison can fail */
    }
    CU_ASSERT_EQUAL(entries(folder, ".nc"), runs[r].snapshots);
    CU_ASSERT_EQUAL(entries(folder, ".pvd"), runs[r].vtk ? 1 : 0);
    CU_ASSERT_EQUAL(entries(folder, ".tmp"), 0);
    CU_ASSERT(!there(path, "run.lock"));
  }
}

static void snapshot_nan(void) {
  char path[PATH_MAX];
  float values[6] = {1.0f, (float)NAN, (float)INFINITY, -0.0f, 1e-42f, 3.0f};
  const pf_snapshot_field field = {"phase", "1", "x", values, NULL};
  const pf_snapshot s = {.title = "",
                         .index = 1234567,
                         .time_s = 0.1,
                         .nx = 3,
                         .ny = 2,
                         .nz = 1,
                         .spacing_um = 1.0,
                         .fields = &field,
                         .field_count = 1};
  fresh(path);
  PF_ASSERT_OK(pf_snapshot_write(path, &s));
  CU_ASSERT(there(path, "run_1234567.nc"));
  pf_snapshot none = s;
  none.field_count = 0;
  PF_ASSERT_FAILS(pf_snapshot_write(path, &none), PF_IO, "0 fields");
  pf_snapshot same = s; /* two variables of one name */
  const pf_snapshot_field twice[] = {field, field};
  same.fields = twice;
  same.field_count = 2;
  same.index = 2;
  PF_ASSERT_FAILS(pf_snapshot_write(path, &same), PF_IO, "phase");
  CU_ASSERT_EQUAL(entries(path, "_000002"), 0);
  CU_ASSERT_EQUAL(entries(path, ".tmp"), 0);
}

/* The names of a map's materials are an attribute of its variable. */
static void snapshot_materials(void) {
  char path[PATH_MAX], name[PATH_MAX], text[64] = "";
  float values[6] = {0, 0, 1, 0, 1, 1};
  const pf_snapshot_field field[] = {{"material", "1", "x", values, "LiF, hybrid electrolyte"},
                                     {"phase", "1", "x", values, NULL}};
  const pf_snapshot s = {
      .title = "map", .index = 1, .nx = 3, .ny = 2, .nz = 1, .spacing_um = 1.0, .fields = field, .field_count = 2};
  fresh(path);
  PF_ASSERT_OK_FATAL(pf_snapshot_write(path, &s));
  join(name, path, "map_000001.nc");
  int file, id;
  size_t length;
  CU_ASSERT_EQUAL_FATAL(nc_open(name, NC_NOWRITE, &file), NC_NOERR);
  CU_ASSERT_EQUAL(nc_inq_varid(file, "material", &id), NC_NOERR);
  CU_ASSERT_EQUAL(nc_get_att_text(file, id, "materials", text), NC_NOERR);
  CU_ASSERT_STRING_EQUAL(text, "LiF, hybrid electrolyte");
  CU_ASSERT_EQUAL(nc_inq_varid(file, "phase", &id), NC_NOERR);
  CU_ASSERT_EQUAL(nc_inq_attlen(file, id, "materials", &length), NC_ENOTATT);
  nc_close(file);
}

static int count_text(const char *text, const char *part) {
  int count = 0;
  for (const char *at = text; at != NULL && (at = strstr(at, part)) != NULL; ++at) ++count;
  return count;
}

/* A restart goes over the last snapshots again. */
static void snapshot_again(void) {
  const synthetic_run run = {"again", 9, 4, 1, 0, 5, true};
  char path[PATH_MAX], folder[PATH_MAX], *text;
  float values[3 * 9 * 4];
  pf_snapshot_field fields[3];
  fresh(path);
  PF_ASSERT_OK_FATAL(synthetic_run_write(&run, path));
  join(folder, path, "snapshots");
  put(folder, "other_000009.nc", "not of this title");
  PF_ASSERT_OK(pf_snapshot_remove_after(folder, "again", 3));
  CU_ASSERT_EQUAL(entries(folder, "again_"), 6);
  CU_ASSERT(there(folder, "other_000009.nc"));
  text = text_of(folder, "again.pvd");
  CU_ASSERT_EQUAL(count_text(text, "<DataSet"), 3);
  free(text);
  const pf_snapshot s = synthetic_snapshot(&run, 3, values, fields);
  PF_ASSERT_OK(pf_snapshot_write_vtk(folder, &s));
  text = text_of(folder, "again.pvd");
  CU_ASSERT_EQUAL(count_text(text, "<DataSet"), 3);
  CU_ASSERT_EQUAL(count_text(text, "timestep=\"20\""), 1);
  free(text);
}

/* ---- history, summary, log ---- */

static void history_rows(void) {
  char path[PATH_MAX], *text;
  pf_history h;
  fresh(path);
  PF_ASSERT_OK_FATAL(pf_history_create(path, false, &h));
  for (int i = 0; i < 10; ++i) {
    const pf_history_row row = synthetic_row(i);
    PF_ASSERT_OK(pf_history_write(&h, &row));
  }
  PF_ASSERT_OK(pf_history_sync(&h));
  PF_ASSERT_OK(pf_history_destroy(&h));
  PF_ASSERT_FAILS(pf_history_create(path, false, &h), PF_IO, "exists");
  text = text_of(path, "history.csv");
  static const char heading[] =
      "time_s,current_mA_cm2,voltage_mV,charge_mAh_cm2,deposited_um,retreat_um,front_mean_um,front_max_um,front_min_um,"
      "roughness_um,salt_min_mol_L,electronic_leak_fraction,peak_stress_MPa,profile_q,half_cycle,step,dt_s,"
      "tip_velocity_um_h,dendrite_area_um2,benchmark_value\n";
  CU_ASSERT_FATAL(strncmp(text, heading, sizeof heading - 1) == 0);
  CU_ASSERT_EQUAL(count_text(text, "\n"), 11);
  CU_ASSERT_EQUAL(count_text(text, "nan,nan"), 10);
  const char *line = text;
  for (int i = 0; i < 10; ++i) {
    double v[20];
    char *end;
    const char *at = line = strchr(line, '\n') + 1;
    for (int c = 0; c < 20; ++c, at = end + 1) {
      v[c] = strtod(at, &end);
      CU_ASSERT_FATAL(*end == (c < 19 ? ',' : '\n'));
    }
    const pf_history_row row = synthetic_row(i);
    CU_ASSERT(v[0] == row.time_s && v[2] == row.voltage_mV && v[9] == row.roughness_um); /* exactly */
    CU_ASSERT(isnan(v[11]) && v[14] == 1.0 && v[15] == i && v[16] == 1.0);
  }
  free(text);

  long rows = 0;
  const pf_history_row fifth = synthetic_row(5);
  PF_ASSERT_OK(pf_history_truncate(path, fifth.time_s, &rows));
  CU_ASSERT_EQUAL(rows, 6);
  PF_ASSERT_OK(pf_history_truncate(path, nextafter(fifth.time_s, 0.0), &rows));
  CU_ASSERT_EQUAL(rows, 5);
  text = text_of(path, "history.csv");
  const size_t length = strlen(text);
  char *const cut = calloc(1, length + 64);
  CU_ASSERT_FATAL(cut != NULL);
  sprintf(cut, "%s5.1,0.5,5", text); /* a line that a kill cut short */
  put(path, "history.csv", cut);
  PF_ASSERT_OK(pf_history_truncate(path, 1e9, &rows));
  CU_ASSERT_EQUAL(rows, 5);
  PF_ASSERT_OK_FATAL(pf_history_create(path, true, &h));
  PF_ASSERT_OK(pf_history_write(&h, &fifth));
  PF_ASSERT_OK(pf_history_destroy(&h));
  char *const after = text_of(path, "history.csv");
  CU_ASSERT(strncmp(after, text, length) == 0 && count_text(after, "\n") == 7);
  free(after);
  free(cut);
  free(text);
  put(path, "history.csv", "time,other\n1,2\n");
  PF_ASSERT_FAILS(pf_history_truncate(path, 1.0, NULL), PF_IO, "columns");
}

static void numbers_text(void) {
  const double values[] = {0.0,   1.0, 0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, -2.5e-7, 123456789012345678.0,
                           3.0e22};
  char text[32];
  for (size_t i = 0; i < sizeof values / sizeof values[0]; ++i)
    CU_ASSERT(strtod(pf_number_text(values[i], text), NULL) == values[i]); /* exactly */
  CU_ASSERT_STRING_EQUAL(pf_number_text(0.1, text), "0.1");
  CU_ASSERT_STRING_EQUAL(pf_number_text((double)NAN, text), "nan");
  CU_ASSERT_STRING_EQUAL(pf_number_text(-(double)INFINITY, text), "-inf");
}

static void json_strings(void) {
  static const char *const cases[][2] = {
      {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
      {"\n\t\r\x01\x7f", "\"\\n\\t\\u000d\\u0001\\u007f\""},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
      {"\xff"
       "a\xc3",
       "\"\\ufffda\\ufffd\""},                                             /* no UTF-8; cut short */
      {"\xc0\xaf\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* overlong, surrogate */
      {"", "\"\""}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    pf_text t = {0};
    pf_text_put_json_string(&t, cases[i][0]);
    CU_ASSERT_STRING_EQUAL(t.bytes, cases[i][1]);
    pf_text_free(&t);
  }
  pf_text t = {0};
  pf_text_put_json_string(&t, NULL);
  pf_text_put_json_number(&t, (double)NAN);
  pf_text_put_json_number(&t, 2.5);
  CU_ASSERT_STRING_EQUAL(t.bytes, "nullnull2.5");
  pf_text_free(&t);
}

static void summary_text(void) {
  char path[PATH_MAX], *text;
  const pf_summary_event events[] = {{PF_EVENT_VOLTAGE_LIMIT, 10.5, 2, -1.5},
                                     {PF_EVENT_SHORT, (double)INFINITY, 3, 0.1}};
  pf_summary s = {.title = "say \"x\"",
                  .status = pf_event_name(PF_EVENT_SHORT),
                  .events = events,
                  .event_count = 2,
                  .faraday_error = 3e-16,
                  .salt_error = (double)NAN,
                  .leak_fraction = 0.25,
                  .leaked_mAh_cm2 = (double)NAN,
                  .newton = {1.5, 3},
                  .backend = "cpu",
                  .warnings = 4};
  s.ccd[PF_EVENT_DENDRITE] = (pf_summary_ccd){true, 0.5, 0.6, (double)NAN};
  fresh(path);
  PF_ASSERT_OK(pf_summary_write(path, &s));
  text = text_of(path, "summary.json");
  CU_ASSERT_FATAL(text != NULL);
  static const char *const parts[] = {
      "\"title\": \"say \\\"x\\\"\"",
      "\"status\": \"short\"",
      "{\"name\": \"voltage_limit\", \"time_s\": 10.5, \"half_cycle\": 2, \"current_mA_cm2\": -1.5}",
      "{\"name\": \"short\", \"time_s\": null,",
      "\"fracture\": null",
      "\"dendrite\": {\"survived_mA_cm2\": 0.5, \"failed_mA_cm2\": 0.6, \"charge_mAh_cm2\": null}",
      "\"faraday_error\": 3e-16",
      "\"salt_error\": null",
      "\"electronic_leak_fraction\": 0.25",
      "\"leaked_mAh_cm2\": null",
      "\"newton\": {\"mean\": 1.5, \"max\": 3}",
      "\"device\": null",
      "\"warnings\": 4"};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
    if (strstr(text, parts[i]) == NULL) printf("not in summary.json: %s\n", parts[i]);
    CU_ASSERT(strstr(text, parts[i]) != NULL);
  }
  CU_ASSERT(strstr(text, "nan") == NULL && strstr(text, "inf") == NULL);
  free(text);
}

/* Runs `say` in a child with stdout and stderr in files; returns its exit status. */
static int captured(const char *folder, void (*say)(const char *folder), char **out, char **err) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    char path[PATH_MAX];
    join(path, folder, "out");
    if (freopen(path, "w", stdout) == NULL) _exit(99);
    join(path, folder, "err");
    if (freopen(path, "w", stderr) == NULL) _exit(99);
    say(folder);
    fflush(NULL);
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  *out = text_of(folder, "out");
  *err = text_of(folder, "err");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void say_things(const char *folder, bool quiet, bool json) {
  pf_log *log;
  const pf_log_number numbers[] = {{"step", 7.0}, {"voltage_mV", (double)NAN}};
  if (pf_log_create(quiet, json, &log) != PF_OK) _exit(1);
  pf_log_say(log, PF_LOG_WARNING, "input", "an early warning of %d", 1);
  if (pf_log_open(log, folder) != PF_OK) _exit(2);
  pf_log_say_numbers(log, PF_LOG_INFO, "step", numbers, 2, "two\nlines");
  pf_log_progress(log, 0.5, "half");
  pf_log_say(log, PF_LOG_ERROR, "end", "an error");
  if (pf_log_warnings(log) != 1) _exit(3);
  if (pf_log_destroy(log) != PF_OK) _exit(4);
}
static void say_plain(const char *folder) { say_things(folder, false, false); }
static void say_quiet(const char *folder) { say_things(folder, true, false); }
static void say_json(const char *folder) { say_things(folder, false, true); }

static void log_lines(void) {
  char path[PATH_MAX], *out, *err, *text;
  fresh(path);
  put(path, "run.log.jsonl", "{\"cut"); /* a killed run's last line */
  CU_ASSERT_EQUAL(captured(path, say_plain, &out, &err), 0);
  CU_ASSERT_STRING_EQUAL(out, "two\nlines\n"); /* no progress: no terminal */
  CU_ASSERT_STRING_EQUAL(err, "warning: an early warning of 1\nerror: an error\n");
  free(out);
  free(err);
  text = text_of(path, "run.log.jsonl");
  CU_ASSERT_EQUAL(count_text(text, "\n"), 4);
  CU_ASSERT(strstr(text, "{\"cut\n{\"time\": \"2") == text);
  CU_ASSERT(strstr(text, "Z\", \"level\": \"warning\", \"event\": \"input\", \"text\": \"an early warning of 1\"}\n") !=
            NULL);
  CU_ASSERT(strstr(text, "\"text\": \"two\\nlines\", \"step\": 7, \"voltage_mV\": null}\n") != NULL);
  free(text);
  CU_ASSERT_EQUAL(captured(path, say_quiet, &out, &err), 0);
  CU_ASSERT_STRING_EQUAL(out, "");
  CU_ASSERT_EQUAL(count_text(err, "\n"), 2);
  free(out);
  free(err);
  CU_ASSERT_EQUAL(captured(path, say_json, &out, &err), 0);
  CU_ASSERT_EQUAL(count_text(out, "\n"), 3);
  CU_ASSERT_EQUAL(count_text(out, "{\"time\""), 3);
  free(out);
  free(err);
  pf_log_say(NULL, PF_LOG_ERROR, "none", "a log that is not there says nothing");
  PF_ASSERT_OK(pf_log_destroy(NULL));
}

/* ---- the directory ---- */

static void directory_rules(void) {
  const synthetic_run run = {"mine", 6, 4, 1, 0, 2, true};
  char path[PATH_MAX], deep[PATH_MAX], file[PATH_MAX];
  pf_output_directory d;
  fresh(path);
  join(deep, path, "a/b//c");
  PF_ASSERT_OK(pf_output_directory_check(deep, PF_OUTPUT_NEW));
  CU_ASSERT(!there(path, "a"));
  PF_ASSERT_OK_FATAL(pf_output_directory_create(deep, PF_OUTPUT_NEW, &d));
  CU_ASSERT(there(deep, "snapshots") && there(deep, "run.lock"));
  CU_ASSERT_STRING_EQUAL(d.notes, "");
  pf_output_directory_destroy(&d);
  CU_ASSERT(!there(deep, "run.lock"));
  PF_ASSERT_OK_FATAL(pf_output_directory_create(deep, PF_OUTPUT_NEW, &d)); /* empty: no run */
  pf_output_directory_destroy(&d);

  PF_ASSERT_OK_FATAL(synthetic_run_write(&run, deep));
  put(deep, "notes.txt", "mine");
  join(file, deep, "snapshots");
  put(file, "drawing.png", "mine");
  put(file, "other_12.nc", "mine"); /* no name of ours */
  put(file, ".pf-x_000001.nc.tmp", "half");
  PF_ASSERT_FAILS(pf_output_directory_check(deep, PF_OUTPUT_NEW), PF_NO_OUTPUT, "--overwrite");
  PF_ASSERT_FAILS(pf_output_directory_create(deep, PF_OUTPUT_NEW, &d), PF_NO_OUTPUT, "holds another run");
  CU_ASSERT(!there(deep, "run.lock") && there(deep, "history.csv") && there(file, ".pf-x_000001.nc.tmp"));

  PF_ASSERT_OK_FATAL(pf_output_directory_create(deep, PF_OUTPUT_CONTINUE, &d));
  CU_ASSERT(strstr(d.notes, "removed 1 unfinished file ") != NULL);
  CU_ASSERT(there(file, "mine_000002.nc") && !there(file, ".pf-x_000001.nc.tmp"));
  pf_output_directory_destroy(&d);

  PF_ASSERT_OK_FATAL(pf_output_directory_create(deep, PF_OUTPUT_OVERWRITE, &d));
  CU_ASSERT(strstr(d.notes, "removed the run") != NULL);
  CU_ASSERT(there(deep, "notes.txt") && there(file, "drawing.png") && there(file, "other_12.nc"));
  CU_ASSERT_EQUAL(entries(file, "mine"), 0);
  CU_ASSERT(!there(deep, "history.csv") && !there(deep, "summary.json") && !there(deep, "run.log.jsonl"));
  pf_output_directory_destroy(&d);

  join(file, deep, "notes.txt");
  PF_ASSERT_FAILS(pf_output_directory_create(file, PF_OUTPUT_NEW, &d), PF_NO_OUTPUT, "file");
  PF_ASSERT_FAILS(pf_output_directory_check(file, PF_OUTPUT_NEW), PF_NO_OUTPUT, "file");
  join(file, deep, "notes.txt/x");
  PF_ASSERT_FAILS(pf_output_directory_create(file, PF_OUTPUT_NEW, &d), PF_NO_OUTPUT, "notes.txt");
  PF_ASSERT_FAILS(pf_output_directory_check(file, PF_OUTPUT_NEW), PF_NO_OUTPUT, "notes.txt");
  PF_ASSERT_FAILS(pf_output_directory_create("", PF_OUTPUT_NEW, &d), PF_NO_OUTPUT, "empty");
  PF_ASSERT_FAILS(pf_output_directory_create("/proc/pfsolve", PF_OUTPUT_NEW, &d), PF_NO_OUTPUT, "/proc/pfsolve");
}

/* Without permission; done by a user who is not root. */
static void directory_readonly(void) {
  char path[PATH_MAX];
  fresh(path);
  CU_ASSERT_FATAL(chmod(path, 0555) == 0);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    pf_output_directory d;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(99);
    if (chdir(path) != 0) _exit(98); /* a folder on the way is closed to others */
    const bool checked = pf_output_directory_check(".", PF_OUTPUT_NEW) == PF_NO_OUTPUT;
    const bool made = pf_output_directory_create(".", PF_OUTPUT_NEW, &d) == PF_NO_OUTPUT;
    const bool below = pf_output_directory_create("new", PF_OUTPUT_NEW, &d) == PF_NO_OUTPUT;
    _exit(checked && made && below && strstr(pf_status_message(), "Permission denied") != NULL ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  chmod(path, 0777);
  CU_ASSERT_FATAL(WIFEXITED(status));
  if (WEXITSTATUS(status) >= 98)
    pf_test_skip("the directory of the tests is closed to other users");
  else
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
}

static void directory_links(void) {
  const synthetic_run run = {"link", 6, 4, 1, 0, 1, false};
  char path[PATH_MAX], outside[PATH_MAX], link[PATH_MAX], target[PATH_MAX];
  float values[3 * 24];
  pf_snapshot_field fields[3];
  pf_output_directory d;
  pf_history h;
  pf_log *log;
  fresh(path);
  fresh(outside);
  put(outside, "precious", "keep");
  put(outside, "link_000001.nc", "keep");
  join(target, outside, "precious");
  join(link, path, "snapshots");
  CU_ASSERT_FATAL(symlink(outside, link) == 0); /* snapshots/ leads out */
  PF_ASSERT_FAILS(pf_output_directory_create(path, PF_OUTPUT_OVERWRITE, &d), PF_NO_OUTPUT, "link");
  CU_ASSERT(there(outside, "link_000001.nc"));
  const pf_snapshot s = synthetic_snapshot(&run, 1, values, fields);
  PF_ASSERT_FAILS(pf_snapshot_write(link, &s), PF_IO, "cannot open the folder");
  CU_ASSERT_FATAL(unlink(link) == 0);
  PF_ASSERT_OK_FATAL(pf_output_directory_create(path, PF_OUTPUT_NEW, &d));
  const char *const names[] = {"history.csv", "run.log.jsonl", "summary.json", "snapshots/link_000001.nc",
                               "snapshots/.pf-link_000001.nc.tmp"};
  for (int i = 0; i < 5; ++i) {
    join(link, path, names[i]);
    CU_ASSERT_FATAL(symlink(target, link) == 0);
  }
  PF_ASSERT_FAILS(pf_history_create(path, true, &h), PF_IO, "history.csv");
  PF_ASSERT_FAILS(pf_history_create(path, false, &h), PF_IO, "history.csv");
  PF_ASSERT_OK_FATAL(pf_log_create(true, false, &log));
  PF_ASSERT_FAILS(pf_log_open(log, path), PF_IO, "run.log.jsonl");
  PF_ASSERT_OK(pf_log_destroy(log));
  const pf_summary summary = {.status = "completed"};
  PF_ASSERT_OK(pf_summary_write(path, &summary)); /* takes the place of the link */
  PF_ASSERT_OK(pf_snapshot_write(d.snapshots, &s));
  CU_ASSERT(snapshot_is_right(d.snapshots, "link_000001.nc", &run, 1));
  pf_output_directory_destroy(&d);
  char *const text = text_of(outside, "precious");
  CU_ASSERT_STRING_EQUAL(text, "keep");
  free(text);
}

static void directory_lock(void) {
  char path[PATH_MAX], *text;
  pf_output_directory d, second;
  int go[2], ready[2], status;
  char byte;
  fresh(path);
  CU_ASSERT_FATAL(pipe(go) == 0 && pipe(ready) == 0);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) { /* holds the lock until told, then ends without releasing it */
    close(go[1]);
    byte = pf_output_directory_create(path, PF_OUTPUT_NEW, &d) == PF_OK;
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    _exit(read(go[0], &byte, 1) == 1 ? 0 : 1);
  }
  CU_ASSERT_FATAL(read(ready[0], &byte, 1) == 1 && byte == 1);
  char process[64];
  snprintf(process, sizeof process, "process %ld)", (long)child);
  PF_ASSERT_FAILS(pf_output_directory_create(path, PF_OUTPUT_NEW, &second), PF_NO_OUTPUT, process);
  PF_ASSERT_FAILS(pf_output_directory_create(path, PF_OUTPUT_OVERWRITE, &second), PF_NO_OUTPUT, "in use");
  PF_ASSERT_FAILS(pf_output_directory_create(path, PF_OUTPUT_CONTINUE, &second), PF_NO_OUTPUT, "in use");
  CU_ASSERT(there(path, "run.lock"));
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  for (int i = 0; i < 2; ++i) {
    close(go[i]);
    close(ready[i]);
  }
  CU_ASSERT(there(path, "run.lock"));
  PF_ASSERT_OK_FATAL(pf_output_directory_create(path, PF_OUTPUT_NEW, &d));
  CU_ASSERT(strstr(d.notes, "took over the lock") != NULL);
  PF_ASSERT_FAILS(pf_output_directory_create(path, PF_OUTPUT_NEW, &second), PF_NO_OUTPUT, "in use"); /* same process */
  pf_output_directory_destroy(&d);

  put(path, "run.lock", "host another-machine process 17\n");
  PF_ASSERT_FAILS(pf_output_directory_create(path, PF_OUTPUT_NEW, &d), PF_NO_OUTPUT,
                  "host another-machine, process 17");
  CU_ASSERT(strstr(pf_status_message(), "delete run.lock") != NULL);
  text = text_of(path, "run.lock");
  CU_ASSERT(text != NULL && strstr(text, "another-machine") != NULL);
  free(text);
  put(path, "run.lock", ""); /* killed between making and filling it */
  PF_ASSERT_OK_FATAL(pf_output_directory_create(path, PF_OUTPUT_NEW, &d));
  pf_output_directory_destroy(&d);
}

/* Many at once: exactly one at a time has it. */
static void directory_race(void) {
  enum { PROCESSES = 6, ROUNDS = 30 };
  char path[PATH_MAX], folder[PATH_MAX];
  fresh(path);
  join(folder, path, "shared");
  fflush(stdout);
  for (int p = 0; p < PROCESSES; ++p)
    if (fork() == 0) {
      int had = 0;
      for (int r = 0; r < ROUNDS; ++r) {
        pf_output_directory d;
        const pf_status status = pf_output_directory_create(folder, PF_OUTPUT_NEW, &d);
        if (status == PF_NO_OUTPUT) continue;
        if (status != PF_OK) _exit(3);
        char alone[PATH_MAX];
        join(alone, d.path, "alone");
        const int fd = open(alone, O_CREAT | O_EXCL | O_WRONLY, 0666);
        if (fd < 0) _exit(2); /* somebody else is in here */
        close(fd);
        sched_yield();
        unlink(alone);
        ++had;
        pf_output_directory_destroy(&d);
      }
      _exit(had > 0 ? 0 : 1);
    }
  int had = 0, status;
  for (int p = 0; p < PROCESSES; ++p) {
    CU_ASSERT_FATAL(wait(&status) > 0);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    had += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  CU_ASSERT(had > 0);
  CU_ASSERT(!there(folder, "run.lock"));
}

/* ---- faults ---- */

/* Fault 1: kill -9 at random moments of a stream of snapshots. */
static void killed_while_writing(void) {
  const int rounds = pf_test_long() ? 400 : 20;
  int files = 0, stray = 0, in_time = 0;
  unsigned random = 12345;
  for (int round = 0; round < rounds; ++round) {
    const synthetic_run run = {"kill", 200, 120, 1, round % 2 == 0 ? 0 : 1, 1, true};
    char path[PATH_MAX], folder[PATH_MAX];
    pf_output_directory d;
    fresh(path);
    join(folder, path, "snapshots");
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      float *const values = malloc(3 * 200 * 120 * sizeof *values);
      pf_snapshot_field fields[3];
      if (values == NULL || pf_output_directory_create(path, PF_OUTPUT_NEW, &d) != PF_OK) _exit(1);
      for (int i = 1;; ++i) {
        const pf_snapshot s = synthetic_snapshot(&run, i, values, fields);
        if (pf_snapshot_write(folder, &s) != PF_OK || pf_snapshot_write_vtk(folder, &s) != PF_OK) _exit(1);
      }
    }
    random = random * 1664525u + 1013904223u;
    for (int wait = 0; wait < 2000 && !there(folder, "kill_000001.nc"); ++wait) usleep(1000);
    usleep((random >> 8) % 30000);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    CU_ASSERT(WIFSIGNALED(status));
    stray += entries(folder, ".tmp") > 0;
    PF_ASSERT_OK_FATAL(pf_output_directory_create(path, PF_OUTPUT_CONTINUE, &d));
    CU_ASSERT_EQUAL(entries(folder, ".tmp"), 0);
    const int found = entries(folder, ".nc");
    for (int i = 1; i <= found; ++i) {
      char name[PF_NAME_LENGTH];
      snprintf(name, sizeof name, "kill_%06d.nc", i);
      CU_ASSERT(snapshot_is_right(folder, name, &run, i));
    }
    char *const pvd = text_of(folder, "kill.pvd");
    const int vti = entries(folder, ".vti"), listed = count_text(pvd, "<DataSet");
    CU_ASSERT(vti == found || vti == found - 1);
    CU_ASSERT(listed == vti || listed == vti - 1);
    CU_ASSERT(listed == 0 || strstr(pvd, "</VTKFile>\n") != NULL);
    free(pvd);
    files += found;
    in_time += found > 0;
    pf_output_directory_destroy(&d);
  }
  printf("(%d kills, %d whole files, %d stray temporaries) ", rounds, files, stray);
  CU_ASSERT_EQUAL(in_time, rounds);
}

/* Ends with the handlers that libnetcdf and HDF5 have for the end, which must not crash; but without the search for
 * leaks: libnetcdf loses what belongs to a file that it could not write. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 /* as gcc says it */
#endif
#endif
static void end_child(int status) {
#ifdef __SANITIZE_ADDRESS__
  _exit(status);
#else
  exit(status);
#endif
}

/* Noise, so that deflate cannot make it small. */
static void fill_with_noise(float *values, size_t count) {
  unsigned random = 1;
  for (size_t i = 0; i < count; ++i) {
    random = random * 1664525u + 1013904223u;
    values[i] = (float)random;
  }
}

/* Fault 4: a limit on the size of a file, at many sizes, so that the write fails in every part of a file. */
static void limited_file_size(void) {
  const synthetic_run run = {"limit", 64, 32, 1, 0, 1, false};
  enum { VALUES = 3 * 64 * 32 };
  char path[PATH_MAX], folder[PATH_MAX];
  fresh(path);
  PF_ASSERT_OK_FATAL(synthetic_run_write(&run, path));
  join(folder, path, "snapshots");
  int refused = 0;
  for (int k = 0; k < 12; ++k) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      static float values[VALUES];
      pf_snapshot_field fields[3];
      pf_output_directory d;
      pf_history h;
      if (pf_output_directory_create(path, PF_OUTPUT_CONTINUE, &d) != PF_OK) _exit(20);
      if (pf_history_create(path, true, &h) != PF_OK) _exit(21);
      const struct rlimit limit = {(rlim_t)(k * 2300), (rlim_t)(k * 2300)};
      if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(22);
      pf_snapshot s = synthetic_snapshot(&run, 2, values, fields);
      fill_with_noise(values, VALUES);
      for (s.compression = 0; s.compression < 2; ++s.compression)
        if (pf_snapshot_write(folder, &s) != PF_IO) _exit(23 + s.compression);
      if (pf_snapshot_write_vtk(folder, &s) != PF_IO) _exit(25);
      if (strstr(pf_status_message(), "File too large") == NULL) _exit(26);
      if (entries(folder, ".tmp") != 0 || entries(folder, "_000002") != 0) _exit(27);
      const pf_history_row row = synthetic_row(1);
      pf_status status = PF_OK;
      for (int i = 0; i < 300 && status == PF_OK; ++i) status = pf_history_write(&h, &row);
      pf_output_directory_destroy(&d);
      end_child(status == PF_IO ? 0 : 28);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CU_ASSERT_FATAL(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
    refused += WEXITSTATUS(status) == 0;
    char *const text = text_of(path, "history.csv");
    CU_ASSERT(text != NULL && text[0] == 't' && text[strlen(text) - 1] == '\n'); /* whole lines only */
    free(text);
  }
  CU_ASSERT_EQUAL(refused, 12);
  CU_ASSERT(snapshot_is_right(folder, "limit_000001.nc", &run, 1));
}

/* Fault 4: a file system that is full, in a mount of this child's own; with 2 MiB everything fits. */
static int fill_small_disks(const char *path) {
  enum { VALUES = 3 * 200 * 100 };
  const synthetic_run run = {"full", 200, 100, 1, 0, 1, false};
  const char *const sizes[] = {"size=8k", "size=64k", "size=128k", "size=212k", "size=2m"};
  static float values[VALUES];
  pf_snapshot_field fields[3];
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return 99;
  pf_snapshot s = synthetic_snapshot(&run, 2, values, fields);
  fill_with_noise(values, VALUES);
  for (int k = 0; k < 5; ++k) {
    const bool fits = k == 4;
    if (mount("pftests", path, "tmpfs", 0, sizes[k]) != 0) return 99;
    put(path, "full_000001.nc", "old");
    for (int way = 0; way < 3; ++way) { /* classic, packed, .vti */
      s.compression = way == 1;
      const pf_status status = way < 2 ? pf_snapshot_write(path, &s) : pf_snapshot_write_vtk(path, &s);
      if (status != (fits ? PF_OK : PF_IO)) return 10 + 3 * k + way;
      if (!fits && way != 1 && strstr(pf_status_message(), "No space left") == NULL) return 30 + 3 * k + way;
      if (entries(path, ".tmp") != 0 || (entries(path, "_000002") > 0) != fits) return 50 + 3 * k + way;
    }
    char *text = NULL;
    const bool kept = pf_file_read(path, "full_000001.nc", &text, NULL) == PF_OK && strcmp(text, "old") == 0;
    free(text);
    struct statvfs space;
    const bool free_again = fits || (statvfs(path, &space) == 0 && space.f_blocks - space.f_bfree <= 2);
    if (!kept || !free_again || umount2(path, MNT_DETACH) != 0) return 70 + k;
  }
  return 0;
}

static void full_disk(void) {
  char path[PATH_MAX];
  fresh(path);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) end_child(fill_small_disks(path));
  int status = 0;
  waitpid(child, &status, 0);
  CU_ASSERT_FATAL(WIFEXITED(status));
  if (WEXITSTATUS(status) == 99)
    pf_test_skip("a file system can be mounted by root only");
  else
    PF_ASSERT_WITHIN(WEXITSTATUS(status), 0.0, 0.0);
}

void t400_output(void);
void t400_output(void) {
  pf_test_suite("output", (pf_test[]){{"snapshots read back exactly, 1-D to 3-D", snapshot_values},
                                      {"NaN and infinity; a snapshot that cannot be written", snapshot_nan},
                                      {"names of materials", snapshot_materials},
                                      {"a restart goes over the last snapshots again", snapshot_again},
                                      {"history: columns, exact numbers, cut to a time", history_rows},
                                      {"numbers read back exactly", numbers_text},
                                      {"JSON strings are escaped", json_strings},
                                      {"summary: members, null for NaN", summary_text},
                                      {"log: lines, levels, quiet, json", log_lines},
                                      {"directory: made, refused, overwritten, temporaries removed", directory_rules},
                                      {"directory: read-only is refused", directory_readonly},
                                      {"directory: links do not lead out", directory_links},
                                      {"lock: held, stale, of another host", directory_lock},
                                      {"lock: many at once", directory_race},
                                      {"fault 1: kill -9 while writing leaves whole files", killed_while_writing},
                                      {"fault 4: limited file size", limited_file_size},
                                      {"fault 4: full disk", full_disk}});
}
