/* inject.c: faults put into the calls of pfsolve, for the program build/tests/faults/pfsolve (link with --wrap).
 *
 * PF_FAULT=KIND:N     the N-th call of that kind fails, KIND:N+ that one and all later ones.
 *   alloc    malloc, calloc, realloc, aligned_alloc: no memory
 *   write    no space; of more than one byte: half of it is written first
 *   fsync, close (of a file that was written), rename, open (of a file to be made): input/output error
 *   nan      after the N-th step a NaN stands in a cell of the lithium fraction
 *   stuck    Newton's method finds nothing
 *   stop     SIGSTOP before the N-th rename: whoever runs it may kill it there
 * A fault that happens says so on stderr. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "state.h"
#include "step.h"
#include "transport.h"

static bool begun; /* main has: what a CUDA runtime that is linked in does before it is not the program's */

/* The call of this kind that is made now fails. */
static bool fails(const char *kind) {
  if (!begun) return false;
  static const char *fault;
  static long at;
  static _Atomic long calls; /* the writer of snapshots is a thread of its own */
  static bool looked, on;
  if (!looked) {
    looked = true;
    fault = getenv("PF_FAULT");
    const char *colon = fault ? strchr(fault, ':') : NULL;
    if (!colon) fault = NULL;
    if (colon) at = strtol(colon + 1, NULL, 10), on = strchr(colon, '+') != NULL;
  }
  const size_t length = strlen(kind);
  if (!fault || strncmp(fault, kind, length) != 0 || fault[length] != ':') return false;
  const long count = ++calls;
  if (count != at && !(on && count > at)) return false;
  if (count == at) {
    char text[64];
    const int n = snprintf(text, sizeof text, "fault: %s %ld\n", kind, count);
    extern ssize_t __real_write(int, const void *, size_t);
    if (__real_write(STDERR_FILENO, text, (size_t)n) != n) _exit(1);
  }
  return true;
}

#define WRAP(type, name, ...)             \
  extern type __real_##name(__VA_ARGS__); \
  extern type __wrap_##name(__VA_ARGS__); \
  type __wrap_##name(__VA_ARGS__)
#define NO_MEMORY(call) (fails("alloc") ? (errno = ENOMEM, (void *)NULL) : (call))

WRAP(void *, malloc, size_t size) { return NO_MEMORY(__real_malloc(size)); }
WRAP(void *, calloc, size_t count, size_t size) { return NO_MEMORY(__real_calloc(count, size)); }
WRAP(void *, realloc, void *old, size_t size) { return NO_MEMORY(__real_realloc(old, size)); }
WRAP(void *, aligned_alloc, size_t unit, size_t size) { return NO_MEMORY(__real_aligned_alloc(unit, size)); }

WRAP(pf_status, pf_command_parse, int argc, char **argv, pf_command *command) {
  begun = true;
  return __real_pf_command_parse(argc, argv, command);
}

WRAP(ssize_t, write, int fd, const void *bytes, size_t count) {
  if (fd <= STDERR_FILENO || !fails("write")) return __real_write(fd, bytes, count);
  if (count > 1 && __real_write(fd, bytes, count / 2) > 0) return (ssize_t)(count / 2); /* the next one says why */
  errno = ENOSPC;
  return -1;
}

WRAP(int, fsync, int fd) {
  if (!fails("fsync")) return __real_fsync(fd);
  errno = EIO;
  return -1;
}

WRAP(int, close, int fd) {
  const int flags = fcntl(fd, F_GETFL);
  const int closed = __real_close(fd);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || !fails("close")) return closed;
  errno = EIO;
  return -1;
}

WRAP(int, renameat, int from, const char *a, int to, const char *b) {
  if (fails("stop")) raise(SIGSTOP);
  if (!fails("rename")) return __real_renameat(from, a, to, b);
  errno = EIO;
  return -1;
}

extern int __real_openat(int folder, const char *name, int flags, ...);
extern int __wrap_openat(int folder, const char *name, int flags, ...);
int __wrap_openat(int folder, const char *name, int flags, ...) {
  va_list values;
  va_start(values, flags);
  const unsigned mode = flags & O_CREAT ? va_arg(values, unsigned) : 0;
  va_end(values);
  if (!(flags & O_CREAT) || !fails("open")) return __real_openat(folder, name, flags, mode);
  errno = EIO;
  return -1;
}

WRAP(pf_status, pf_step, pf_state *s, const pf_step_control *control, const pf_drive *drive, double dt_most,
     pf_step_report *report) {
  const pf_status status = __real_pf_step(s, control, drive, dt_most, report);
  if (status != PF_OK || !fails("nan")) return status;
  const size_t bytes = (size_t)pf_cells(&s->grid) * sizeof(double);
  double *xi = __real_malloc(bytes);
  if (!xi) return PF_NO_MEMORY;
  PF_TRY(s->backend->download(s->backend, xi, s->xi, bytes));
  xi[pf_cells(&s->grid) / 2] = (double)NAN;
  PF_TRY(s->backend->upload(s->backend, s->xi, xi, bytes));
  free(xi);
  return PF_OK;
}

WRAP(pf_status, pf_transport_step, pf_state *s, double dt, const pf_drive *drive, pf_transport_report *report) {
  const pf_status status = __real_pf_transport_step(s, dt, drive, report);
  if (fails("stuck")) report->converged = false, report->residual = 0.125;
  return status;
}
