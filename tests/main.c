/* main.c: runs the suites.  pftests [--backend cpu|check|cuda] [--suite NAME]... [--list] */
#include "test.h"

#include "suites.h"

#include <CUnit/Basic.h>
#include <libgen.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DECLARE_(suite) {#suite, suite},
static const struct {
  const char *name;
  void (*add)(void);
} all_suites[] = {PF_SUITES(DECLARE_){NULL, NULL}};

enum { MAX_SKIPS = 256 };
static const char *backend_name = "cpu";
static char program[4096], scratch[4096];
static char skips[MAX_SKIPS][256];
static int skip_count;
static bool broken; /* a suite that cannot be registered */

void pf_test_suite_add(const char *name, const pf_test *tests, size_t count) {
  const CU_pSuite suite = CU_add_suite(name, NULL, NULL);
  broken |= !suite || count == 0;
  for (size_t i = 0; suite && i < count && tests[i].run; i++) {
    if (!CU_add_test(suite, tests[i].what, tests[i].run)) broken = true;
  }
  if (broken) fprintf(stderr, "suite %s cannot be registered: %s\n", name, CU_get_error_msg());
}

pf_backend *pf_test_backend(void) {
  pf_backend *backend = NULL;
  if (!pf_test_ok(pf_backend_create(backend_name, 2, &backend), "the backend", __FILE__, __LINE__)) {
    fprintf(stderr, "no test can go on without a backend\n");
    exit(1);
  }
  return backend;
}

const char *pf_test_backend_name(void) { return backend_name; }

const char *pf_test_program(void) { return program; }

const char *pf_test_directory(void) {
  static char path[sizeof scratch + 16];
  static int number;
  snprintf(path, sizeof path, "%s/%d", scratch, ++number);
  if (mkdir(path, 0777)) {
    perror(path);
    exit(1);
  }
  return path;
}

bool pf_test_long(void) {
  const char *value = getenv("PF_LONG");
  return value && !strcmp(value, "1");
}

static const char *test_name(void) {
  const CU_pTest test = CU_get_current_test();
  return test ? test->pName : "";
}

void pf_test_skip(const char *reason, ...) {
  char text[160];
  va_list values;
  va_start(values, reason);
  vsnprintf(text, sizeof text, reason, values);
  va_end(values);
  printf("SKIP (%s) ", text);
  if (skip_count < MAX_SKIPS) snprintf(skips[skip_count], sizeof skips[0], "%.80s: %s", test_name(), text);
  skip_count++;
}

static void judge(bool good, const char *text, const char *file, int line) {
  CU_assertImplementation(good, (unsigned)line, text, file, "", CU_FALSE);
}

void pf_test_near(double value, double expected, double relative, const char *what, const char *file, int line) {
  char text[512];
  const double scale = expected < 0 || expected > 0 ? fabs(expected) : 1, error = fabs(value - expected) / scale;
  snprintf(text, sizeof text, "%s = %.15g, expected %.15g within %.3g, off by %.3g", what, value, expected, relative,
           error);
  judge(error <= relative, text, file, line);
}

void pf_test_within(double value, double expected, double absolute, const char *what, const char *file, int line) {
  char text[512];
  const double error = fabs(value - expected);
  snprintf(text, sizeof text, "%s = %.15g, expected %.15g +- %.3g, off by %.3g", what, value, expected, absolute,
           error);
  judge(error <= absolute, text, file, line);
}

void pf_test_at_most(double value, double limit, const char *what, const char *file, int line) {
  char text[512];
  snprintf(text, sizeof text, "%s = %.15g, at most %.15g", what, value, limit);
  judge(value <= limit, text, file, line);
}

void pf_test_at_least(double value, double limit, const char *what, const char *file, int line) {
  char text[512];
  snprintf(text, sizeof text, "%s = %.15g, at least %.15g", what, value, limit);
  judge(value >= limit, text, file, line);
}

bool pf_test_ok(pf_status status, const char *what, const char *file, int line) {
  char text[1536] = "";
  if (status != PF_OK) {
    snprintf(text, sizeof text, "%.200s: status %d, %s (%s)", what, (int)status, pf_status_message(),
             pf_status_place());
  }
  judge(status == PF_OK, text, file, line);
  return status == PF_OK;
}

bool pf_test_fails(pf_status got, pf_status status, const char *part, const char *what, const char *file, int line) {
  char text[1792];
  const bool good = got == status && strstr(pf_status_message(), part);
  snprintf(text, sizeof text, "%.200s: status %d (expected %d), message \"%s\" (expected to contain \"%.200s\")", what,
           (int)got, (int)status, got == PF_OK ? "" : pf_status_message(), part);
  judge(good, text, file, line);
  return good;
}

static int usage(void) {
  fprintf(stderr,
          "usage: pftests [--backend cpu|check|cuda] [--suite NAME]... [--list]\n"
          "  NAME: the beginning of a suite's name, as t2 or t200_multigrid\n");
  return 64;
}

static bool empty_scratch(const char *self) {
  char path[3072], command[sizeof path + 16];
  snprintf(path, sizeof path, "%s", self);
  const char *folder = dirname(path);
  snprintf(program, sizeof program, "%.3000s/pfsolve", folder);
  snprintf(scratch, sizeof scratch, "%.3000s/scratch-%s", folder, backend_name);
  snprintf(command, sizeof command, "rm -rf '%.3000s'", scratch);
  if (strchr(scratch, '\'') || system(command) || mkdir(scratch, 0777)) {
    perror(scratch);
    return false;
  }
  return true;
}

int main(int count, char **argument) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  bool named = false, wanted[sizeof all_suites / sizeof all_suites[0]] = {false};
  for (int a = 1; a < count; a++) {
    if (!strcmp(argument[a], "--list")) {
      for (int s = 0; all_suites[s].name; s++) printf("%s\n", all_suites[s].name);
      return 0;
    }
    if (!strcmp(argument[a], "--backend") && a + 1 < count) {
      backend_name = argument[++a];
    } else if (!strcmp(argument[a], "--suite") && a + 1 < count) {
      const char *name = argument[++a];
      bool found = false;
      named = true;
      for (int s = 0; all_suites[s].name; s++) {
        if (!strncmp(all_suites[s].name, name, strlen(name))) found = wanted[s] = true;
      }
      if (!found) {
        fprintf(stderr, "pftests: no suite begins with '%s' (see --list)\n", name);
        return 64;
      }
    } else {
      return usage();
    }
  }

  pf_backend *backend;
  const pf_status status = pf_backend_create(backend_name, 2, &backend);
  if (status != PF_OK) {
    fprintf(stderr, "pftests: %s\n", pf_status_message());
    if (status != PF_NO_DEVICE) return (int)status;
    printf("SKIPPED: all tests on backend %s: %s\n", backend_name, pf_status_message());
    return 0;
  }
  printf("backend %s: %s\n", backend->name, backend->device);
  pf_backend_destroy(backend);

  char self[2048];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length < 0) return 1;
  self[length] = 0;
  if (!empty_scratch(self)) return 1;

  if (CU_initialize_registry() != CUE_SUCCESS) return (int)CU_get_error();
  for (int s = 0; all_suites[s].name; s++) {
    if (!named || wanted[s]) all_suites[s].add();
  }
  CU_basic_set_mode(CU_BRM_VERBOSE);
  const CU_ErrorCode error = CU_basic_run_tests();
  const unsigned run = CU_get_number_of_tests_run();
  const bool failed = broken || error != CUE_SUCCESS || run == 0 || CU_get_number_of_failures() > 0;
  if (skip_count) printf("\n%d skipped:\n", skip_count);
  for (int i = 0; i < skip_count && i < MAX_SKIPS; i++) printf("  %s\n", skips[i]);
  printf("\n%s: %u tests on backend %s, %d skipped\n", failed ? "FAILED" : "passed", run, backend_name, skip_count);
  CU_cleanup_registry();
  return failed;
}
