/* bench.c: runs the sections that are named, or all but "gpu" and "ladder". */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "version.h"

static const struct {
  const char *name, *what;
  pf_status (*run)(const pf_bench *);
} sections[] = {
    {"bandwidth", "memory and the matrix-vector product, beyond the caches", pf_bench_bandwidth},
    {"iterations", "multigrid: iterations on dendrites, by contrast and size", pf_bench_iterations},
    {"shapes", "multigrid: iterations for any cell numbers", pf_bench_shapes},
    {"cost", "multigrid: time of an iteration and of a cell", pf_bench_cost},
    {"threads", "two threads against one", pf_bench_threads},
    {"step", "the whole step of the model, LATP-LE", pf_bench_step},
    {"members", "several cells of one grid together", pf_bench_members},
    {"coupled", "what electrons, stress, grains and nuclei add to a step", pf_bench_coupled},
    {"grown", "a step with all of them, from 512^2 to 2048^2", pf_bench_grown},
    {"ladder", "LATP-LE, constant time, to depletion: a whole run", pf_bench_ladder},
    {"gpu", "a GPU: share of the copy's bandwidth, by kernel; iterations, solves, steps", pf_bench_gpu},
    {"explicit", "cell updates of the explicit models", pf_bench_explicit},
};
enum { SECTIONS = sizeof sections / sizeof *sections };

static int goals, missed;
static FILE *json;          /* NULL: none */
static const char *section; /* that runs */
static int json_rows;
static clockid_t clock_used = CLOCK_MONOTONIC;

double pf_bench_now(void) {
  struct timespec t;
  clock_gettime(clock_used, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

pf_status pf_bench_backend(const pf_bench *bench, int threads, pf_backend **backend) {
  return pf_backend_create(bench->backend, threads > 0 ? threads : bench->threads, backend);
}

pf_status pf_bench_time(pf_backend *backend, int least, pf_status (*run)(void *), void *of, double *seconds) {
  *seconds = 1e30;
  double total = 0;
  for (int n = 0; n < least || total < 0.3; n++) {
    PF_TRY(backend->synchronize(backend));
    const double start = pf_bench_now();
    PF_TRY(run(of));
    PF_TRY(backend->synchronize(backend));
    const double took = pf_bench_now() - start;
    total += took;
    if (took < *seconds) *seconds = took;
  }
  return PF_OK;
}

/* A text in quotes; what JSON does not take as it is becomes a blank. */
static void put_text(const char *name, const char *text) {
  fprintf(json, "\"%s\": \"", name);
  for (; *text; text++) fputc(*text == '"' || *text == '\\' || (unsigned char)*text < ' ' ? ' ' : *text, json);
  fputc('"', json);
}

static void json_begin(const char *device) {
  char driver[256] = "", date[32] = "";
  const time_t now = time(NULL);
  FILE *from = fopen("/proc/driver/nvidia/version", "r");
  if (!from || !fgets(driver, sizeof driver, from)) driver[0] = 0;
  if (from) fclose(from);
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
  fputs("{", json);
  put_text("device", device), fputs(",\n ", json);
  put_text("driver", driver), fputs(",\n ", json);
  put_text("date", date), fputs(",\n ", json);
  put_text("commit", pf_version_commit()), fputs(",\n ", json);
  put_text("nvcc", pf_version_nvcc()), fputs(",\n \"rows\": [", json);
}

static void row(const char *what, va_list list, double value, const char *unit, const char *goal) {
  char text[256];
  vsnprintf(text, sizeof text, what, list);
  if (json) {
    fputs(json_rows++ ? ",\n  {" : "\n  {", json);
    put_text("section", section), fputs(", ", json);
    put_text("what", text), fprintf(json, ", \"value\": %.6g, ", value);
    put_text("unit", unit), fputs(", ", json);
    put_text("goal", goal), fputs("}", json);
  }
  printf("| %s | %.4g%s%s | %s |\n", text, value, *unit ? " " : "", unit, goal);
  fflush(stdout);
}

void pf_bench_row(double value, const char *unit, const char *what, ...) {
  va_list list;
  va_start(list, what);
  row(what, list, value, unit, "");
  va_end(list);
}

void pf_bench_goal(double value, const char *unit, char sense, double goal, const char *what, ...) {
  char text[64];
  const int reached = sense == '<' ? value <= goal : value >= goal;
  goals++;
  missed += !reached;
  snprintf(text, sizeof text, "%s %.4g: %s", sense == '<' ? "at most" : "at least", goal, reached ? "yes" : "NO");
  va_list list;
  va_start(list, what);
  row(what, list, value, unit, text);
  va_end(list);
}

pf_status pf_bench_folder(char folder[PF_BENCH_FOLDER]) {
  snprintf(folder, PF_BENCH_FOLDER, "/tmp/pfbench-XXXXXX");
  PF_CHECK(mkdtemp(folder), PF_IO, "%s: cannot be made", folder);
  return PF_OK;
}

pf_status pf_bench_remove(const char *folder, pf_status status) {
  char command[PF_BENCH_FOLDER + 8];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command) != 0 && status == PF_OK ? PF_FAIL(PF_IO, "%s: cannot be removed", folder) : status;
}

static int wanted(int count, char *const *names, int number) {
  for (int n = 0; n < count; n++)
    if (!strcmp(names[n], sections[number].name)) return 1;
  return count == 0 && strcmp(sections[number].name, "gpu") != 0 && strcmp(sections[number].name, "ladder") != 0;
}

int main(int argc, char **argv) {
  pf_bench bench = {.backend = "cpu"};
  int from = 1;
  for (; from < argc && !strncmp(argv[from], "--", 2); from++) {
    if (!strcmp(argv[from], "--backend") && from + 1 < argc) {
      bench.backend = argv[++from];
    } else if (!strcmp(argv[from], "--threads") && from + 1 < argc) {
      bench.threads = atoi(argv[++from]);
    } else if (!strcmp(argv[from], "--cpu-time")) {
      clock_used = CLOCK_PROCESS_CPUTIME_ID;
    } else if (!strcmp(argv[from], "--small")) {
      bench.small = 1;
    } else if (!strcmp(argv[from], "--json") && from + 1 < argc) {
      json = fopen(argv[++from], "w");
      if (!json) {
        perror(argv[from]);
        return PF_IO;
      }
    } else {
      const int list = !strcmp(argv[from], "--list");
      FILE *to = list ? stdout : stderr;
      fprintf(to,
              "pfbench [--backend NAME] [--threads N] [--cpu-time] [--small] [--json FILE] [--list] [SECTION]...\n");
      for (int s = 0; s < SECTIONS; s++) fprintf(to, "  %-12s %s\n", sections[s].name, sections[s].what);
      return list ? 0 : PF_USAGE;
    }
  }
  for (int n = from; n < argc; n++) {
    int known = 0;
    for (int s = 0; s < SECTIONS; s++) known |= !strcmp(argv[n], sections[s].name);
    if (!known) {
      fprintf(stderr, "pfbench: no section '%s' (--list shows them)\n", argv[n]);
      return PF_USAGE;
    }
  }
  pf_backend *backend;
  pf_status status = pf_bench_backend(&bench, 0, &backend);
  if (status == PF_OK) {
    printf("%s\n", backend->device);
    if (json) json_begin(backend->device);
    pf_backend_destroy(backend);
  }
  for (int s = 0; s < SECTIONS && status == PF_OK; s++) {
    if (!wanted(argc - from, argv + from, s)) continue;
    printf("\n%s: %s\n\n| | measured | goal |\n|---|---|---|\n", sections[s].name, sections[s].what);
    section = sections[s].name;
    status = sections[s].run(&bench);
  }
  if (json) {
    fprintf(json, "\n ],\n \"whole\": %s}\n", status == PF_OK ? "true" : "false");
    if (fclose(json) && status == PF_OK) status = PF_FAIL(PF_IO, "the JSON file could not be written");
  }
  if (status != PF_OK) {
    fprintf(stderr, "pfbench: %s\n", pf_status_message());
    return (int)status;
  }
  printf("\n%d goals, %d not reached\n", goals, missed);
  return 0;
}
