/* fuzz_input.c: any bytes as an input file, for libFuzzer.
 *
 * A byte 1 ends the file's text; what follows it, up to the next byte 1, is one text of --set after the other.  What is
 * accepted is printed and read again, and has to be the same.  A part of the texts goes through a file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"

enum { SETS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEMAND(condition)                                             \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "fuzz_input.c:%d: %s\n", __LINE__, #condition); \
      abort();                                                        \
    }                                                                 \
  } while (0)

static char *print(const pf_config *cfg, size_t *size) {
  char *text = NULL;
  FILE *out = open_memstream(&text, size);
  DEMAND(out);
  pf_config_print(cfg, out);
  fclose(out);
  return text;
}

/* The lines of a namelist without their comments, which tell where a value came from; in place. */
static void drop_comments(char *text) {
  char *out = text;
  bool quoted = false, comment = false;
  for (; *text; text++) {
    if (*text == '\n') {
      comment = quoted = false;
    } else if (*text == '\'') {
      quoted = !quoted;
    } else if (*text == '!' && !quoted) {
      comment = true;
    }
    if (!comment) *out++ = *text;
  }
  *out = '\0';
}

static pf_status read_through_file(const char *text, size_t size, const char *const *sets, int n_sets, pf_config *cfg,
                                   pf_report *report) {
  static int file = -1;
  static char path[64];
  if (file < 0) file = memfd_create("fuzz", 0);
  DEMAND(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, text, size, 0) == (ssize_t)size);
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  return pf_config_read(path, sets, n_sets, cfg, report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static pf_config cfg, again;
  pf_report report = {0}, report_again = {0};
  char *sets[SETS_MAX];
  int n_sets = 0;
  char *text = malloc(size + 1);
  DEMAND(text);
  if (size > 0) memcpy(text, data, size);
  text[size] = '\0';
  size_t end = size;
  for (size_t n = size; n-- > 0;)
    if (text[n] == 1) {
      if (n_sets == SETS_MAX) n_sets = 0;
      text[n] = '\0';
      sets[n_sets++] = text + n + 1;
      end = n;
    }
  const pf_status status =
      size % 16 == 0 ? read_through_file(text, end, (const char *const *)sets, n_sets, &cfg, &report)
                     : pf_config_parse("fuzz.nml", text, end, (const char *const *)sets, n_sets, &cfg, &report);
  DEMAND(status == PF_OK || status == PF_BAD_INPUT);
  DEMAND((status == PF_OK) == (report.errors == 0));
  for (int n = 0; n < report.count; n++) DEMAND(report.message[n].text[0] && !strchr(report.message[n].text, '\n'));
  if (status == PF_OK) {
    size_t length = 0;
    char *echo = print(&cfg, &length);
    const pf_status second = pf_config_parse("echo.nml", echo, length, NULL, 0, &again, &report_again);
    if (second != PF_OK) {
      fputs(echo, stderr);
      pf_report_print(&report_again, stderr);
    }
    DEMAND(second == PF_OK);
    char *echo_again = print(&again, &length);
    drop_comments(echo);
    drop_comments(echo_again);
    /* what depends on the file's name differs */
    const char *grid = strstr(echo, "&grid"), *grid_again = strstr(echo_again, "&grid");
    DEMAND(grid && grid_again && strcmp(grid, grid_again) == 0);
    free(echo);
    free(echo_again);
    pf_config_free(&again);
  }
  pf_report_free(&report);
  pf_report_free(&report_again);
  pf_config_free(&cfg);
  free(text);
  return 0;
}
