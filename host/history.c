#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char pf_history_heading[] =
    "time_s,current_mA_cm2,voltage_mV,charge_mAh_cm2,deposited_um,retreat_um,front_mean_um,front_max_um,front_min_um,"
    "roughness_um,salt_min_mol_L,electronic_leak_fraction,peak_stress_MPa,profile_q,half_cycle,step,dt_s,"
    "tip_velocity_um_h,dendrite_area_um2,benchmark_value\n";

/* Adds a whole line; cuts the file back to whole lines if that fails half-way. */
static pf_status pf_history_append(pf_history *h, const char *line, size_t length) {
  size_t done = 0;
  while (done < length) {
    const ssize_t n = write(h->fd, line + done, length - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int error = n < 0 ? errno : ENOSPC;
      const bool cut = ftruncate(h->fd, h->length) == 0;
      return PF_FAIL(PF_IO, "history.csv: could not be written: %s%s", strerror(error),
                     cut ? "" : " (its last line is not whole)");
    }
    done += (size_t)n;
  }
  h->length += (long)length;
  return PF_OK;
}

pf_status pf_history_create(const char *folder, bool go_on, pf_history *history) {
  char path[PATH_MAX];
  struct stat s;
  history->fd = -1;
  history->length = 0;
  const int n = snprintf(path, sizeof path, "%s/history.csv", folder);
  PF_CHECK(n > 0 && n < PATH_MAX, PF_IO, "%s/history.csv: the path is too long", folder);
  history->fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_CREAT | (go_on ? 0 : O_EXCL), 0666);
  PF_CHECK(history->fd >= 0, PF_IO, "%s: cannot be opened: %s", path, strerror(errno));
  pf_status status = PF_OK;
  if (fstat(history->fd, &s) != 0)
    status = PF_FAIL(PF_IO, "%s: %s", path, strerror(errno));
  else if (s.st_size == 0)
    status = pf_history_append(history, pf_history_heading, sizeof pf_history_heading - 1);
  else
    history->length = (long)s.st_size;
  if (status != PF_OK) {
    close(history->fd);
    history->fd = -1;
  }
  return status;
}

pf_status pf_history_write(pf_history *history, const pf_history_row *row) {
  const double before[] = {row->time_s,          row->current_mA_cm2, row->voltage_mV,
                           row->charge_mAh_cm2,  row->deposited_um,   row->retreat_um,
                           row->front_mean_um,   row->front_max_um,   row->front_min_um,
                           row->roughness_um,    row->salt_min_mol_L, row->electronic_leak_fraction,
                           row->peak_stress_MPa, row->profile_q};
  char line[1024], number[32];
  int used = 0;
  for (size_t i = 0; i < sizeof before / sizeof before[0]; ++i)
    used += snprintf(line + used, sizeof line - (size_t)used, "%s,", pf_number_text(before[i], number));
  used += snprintf(line + used, sizeof line - (size_t)used, "%d,%ld", row->half_cycle, row->step);
  const double after[] = {row->dt_s, row->tip_velocity_um_h, row->dendrite_area_um2, row->benchmark_value};
  for (size_t i = 0; i < sizeof after / sizeof after[0]; ++i)
    used += snprintf(line + used, sizeof line - (size_t)used, ",%s", pf_number_text(after[i], number));
  used += snprintf(line + used, sizeof line - (size_t)used, "\n");
  return pf_history_append(history, line, (size_t)used);
}

pf_status pf_history_sync(pf_history *history) {
  PF_CHECK(fsync(history->fd) == 0, PF_IO, "history.csv: could not be flushed to the disk: %s", strerror(errno));
  return PF_OK;
}

pf_status pf_history_destroy(pf_history *history) {
  if (history->fd < 0) return PF_OK;
  const int synced = fsync(history->fd) == 0 ? 0 : errno, closed = close(history->fd) == 0 ? 0 : errno;
  history->fd = -1;
  PF_CHECK(synced == 0 && closed == 0, PF_IO, "history.csv: could not be written: %s",
           strerror(synced != 0 ? synced : closed));
  return PF_OK;
}

pf_status pf_history_truncate(const char *folder, double time_s, long *rows) {
  char *text, *end;
  size_t length;
  if (rows != NULL) *rows = 0;
  PF_TRY(pf_file_read(folder, "history.csv", &text, &length));
  if (text == NULL) return PF_OK;
  const size_t heading = sizeof pf_history_heading - 1;
  size_t keep = length < heading || memcmp(text, pf_history_heading, heading) != 0 ? 0 : heading;
  if (keep == 0 && length > 0) {
    free(text);
    return PF_FAIL(PF_IO, "%s/history.csv does not begin with the columns of this version: move it away", folder);
  }
  long count = 0;
  for (size_t at = keep; at < length; at = keep) {
    const char *const stop = memchr(text + at, '\n', length - at);
    const double t = strtod(text + at, &end);
    if (stop == NULL || *end != ',' || !(t <= time_s)) break;
    keep = (size_t)(stop - text) + 1;
    ++count;
  }
  const pf_status status = keep == length ? PF_OK : pf_file_replace(folder, "history.csv", text, keep);
  free(text);
  if (rows != NULL) *rows = count;
  return status;
}
