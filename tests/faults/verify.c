/* verify.c: opens everything that a run left under a final name, and fails where a file is not whole.
 *
 * usage: verify DIRECTORY [killed|failed]   failed: a field need not be finite; killed: temporaries may lie there, and the last line of history.csv and of the log
 *                                    may be cut (they grow by whole lines, a restart drops a half one). */
#include <dirent.h>
#include <limits.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"

static int files, faults;
static bool failed;

static void fault(const char *name, const char *what) {
  faults++;
  fprintf(stderr, "verify: %s: %s\n", name, what);
}

static bool ends(const char *name, const char *end) {
  const size_t n = strlen(name), m = strlen(end);
  return n >= m && !strcmp(name + n - m, end);
}

/* Every value of every variable is read. */
static void verify_snapshot(const char *folder, const char *name) {
  char path[PATH_MAX + 300];
  int file, variables = 0, error;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  files++;
  if ((error = nc_open(path, NC_NOWRITE, &file)) != NC_NOERR) {
    fault(path, nc_strerror(error));
    return;
  }
  (void)nc_inq_nvars(file, &variables);
  if (variables < 3) fault(path, "fewer than three variables");
  for (int v = 0; v < variables; v++) {
    int rank = 0, dimension[NC_MAX_VAR_DIMS];
    size_t count = 1;
    (void)nc_inq_varndims(file, v, &rank);
    (void)nc_inq_vardimid(file, v, dimension);
    for (int d = 0; d < rank; d++) {
      size_t length = 0;
      (void)nc_inq_dimlen(file, dimension[d], &length);
      count *= length;
    }
    double *values = malloc(count * sizeof *values);
    if (!values || nc_get_var_double(file, v, values) != NC_NOERR) fault(path, "a variable cannot be read");
    for (size_t n = 0; values && !failed && n < count; n++)
      if (!(values[n] > -1e30 && values[n] < 1e30)) {
        fault(path, "a value is not finite");
        break;
      }
    free(values);
  }
  (void)nc_close(file);
}

static void verify_checkpoint(const char *folder, const char *name) {
  pf_checkpoint_header header;
  files++;
  if (pf_checkpoint_verify(folder, name, &header, NULL) != PF_OK) fault(name, pf_status_message());
}

static void verify_folder(const char *folder, bool killed, bool needed) {
  DIR *stream = opendir(folder);
  if (!stream) {
    if (needed) fault(folder, "cannot be opened");
    return;
  }
  for (const struct dirent *e; (e = readdir(stream)) != NULL;) {
    if (ends(e->d_name, ".tmp") && !killed) fault(e->d_name, "a temporary was left");
    if (e->d_name[0] == '.') continue;
    if (ends(e->d_name, ".nc")) verify_snapshot(folder, e->d_name);
    if (ends(e->d_name, ".pf")) verify_checkpoint(folder, e->d_name);
  }
  closedir(stream);
}

static int commas_between(const char *from, const char *end) {
  int count = 0;
  for (; from < end; from++) count += *from == ',';
  return count;
}

/* Whole lines with as many values as there are names in the heading, and steps that only grow. */
static void verify_history(const char *folder, bool killed) {
  char *text;
  size_t size;
  if (pf_file_read(folder, "history.csv", &text, &size) != PF_OK || !text) return;
  files++;
  long last = -1;
  const char *heading = strchr(text, '\n');
  const int columns = heading ? commas_between(text, heading) : 0;
  if (size > 0 && text[size - 1] != '\n' && !killed) fault("history.csv", "its last line is not whole");
  for (char *line = strchr(text, '\n'), *end; line && (end = strchr(line + 1, '\n')); line = end) {
    int commas = 0;
    const char *step = NULL;
    for (char *c = line; c < end && !step; c++)
      if (*c == ',' && ++commas == 15) step = c + 1;
    if (columns < 16 || commas_between(line, end) != columns || !step) {
      fault("history.csv", "a line has not the columns of the heading");
      break;
    }
    const long now = strtol(step, NULL, 10);
    if (now <= last) fault("history.csv", "a row stands twice");
    last = now;
  }
  free(text);
}

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  const bool killed = argc > 2 && !strcmp(argv[2], "killed");
  failed = argc > 2 && !killed;
  char folder[PATH_MAX];
  verify_history(argv[1], killed);
  verify_folder(argv[1], killed, false);
  snprintf(folder, sizeof folder, "%s/snapshots", argv[1]);
  verify_folder(folder, killed, false);
  snprintf(folder, sizeof folder, "%s/checkpoint", argv[1]);
  verify_folder(folder, killed, false);
  printf("%d\n", files);
  return faults > 0;
}
