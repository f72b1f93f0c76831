/* test.h: what a test needs beside CUnit.
 *
 * A file tests/tNNN_name.c exports `void tNNN_name(void)`, which registers one suite:
 *
 *   void t001_vector(void) { pf_test_suite("vector", (pf_test[]){{"a sum is exact", sum}, {"NaN stays", nan_stays}}); }
 *
 * The Makefile finds the file by its name.  A test is run with the repository's root as the working directory. */
#ifndef PF_TEST_H
#define PF_TEST_H

#include "backend.h"

#include <CUnit/CUnit.h>
#include <stdbool.h>

typedef struct pf_test {
  const char *what;
  void (*run)(void);
} pf_test;

/* pf_test_suite(name, tests): tests is an array (not a pointer). */
#define pf_test_suite(name, ...) pf_test_suite_add((name), (__VA_ARGS__), sizeof(__VA_ARGS__) / sizeof(pf_test))
void pf_test_suite_add(const char *name, const pf_test *tests, size_t count);

/* A fresh backend of the name given on the command line, with two threads; the caller destroys it. */
pf_backend *pf_test_backend(void);
/* Its name: "cpu" unless given. */
const char *pf_test_backend_name(void);
/* The program pfsolve that was built with these tests. */
const char *pf_test_program(void);
/* A fresh directory for files, removed at the next start of the tests; valid until the next call. */
const char *pf_test_directory(void);
/* PF_LONG=1: also the long counts. */
bool pf_test_long(void);
/* The running test says why it cannot be done here, and returns; shown and counted at the end. */
void pf_test_skip(const char *reason, ...) __attribute__((format(printf, 1, 2)));

/* |value - expected| <= relative |expected|; for expected = 0: |value| <= relative.  NaN fails; the numbers are said. */
#define PF_ASSERT_NEAR(value, expected, relative) \
  pf_test_near((value), (expected), (relative), #value, __FILE__, __LINE__)
/* |value - expected| <= absolute */
#define PF_ASSERT_WITHIN(value, expected, absolute) \
  pf_test_within((value), (expected), (absolute), #value, __FILE__, __LINE__)
/* value <= limit, value >= limit; NaN fails. */
#define PF_ASSERT_AT_MOST(value, limit) pf_test_at_most((value), (limit), #value, __FILE__, __LINE__)
#define PF_ASSERT_AT_LEAST(value, limit) pf_test_at_least((value), (limit), #value, __FILE__, __LINE__)
/* A pf_status; the test goes on.  PF_ASSERT_OK_FATAL ends it. */
#define PF_ASSERT_OK(call) ((void)pf_test_ok((call), #call, __FILE__, __LINE__))
#define PF_ASSERT_OK_FATAL(call)                                \
  do {                                                          \
    if (!pf_test_ok((call), #call, __FILE__, __LINE__)) return; \
  } while (0)
/* The call fails with this status, and its message contains this text. */
#define PF_ASSERT_FAILS(call, status, text) ((void)pf_test_fails((call), (status), (text), #call, __FILE__, __LINE__))

void pf_test_near(double value, double expected, double relative, const char *what, const char *file, int line);
void pf_test_within(double value, double expected, double absolute, const char *what, const char *file, int line);
void pf_test_at_most(double value, double limit, const char *what, const char *file, int line);
void pf_test_at_least(double value, double limit, const char *what, const char *file, int line);
bool pf_test_ok(pf_status status, const char *what, const char *file, int line);
bool pf_test_fails(pf_status got, pf_status status, const char *text, const char *what, const char *file, int line);

#endif
