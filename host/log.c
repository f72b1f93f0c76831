#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct pf_log {
  bool quiet, json, terminal; /* terminal: stdout is one, and takes a progress line */
  const char *name;           /* of whom, "": said to the terminal */
  int fd;                     /* run.log.jsonl, -1 before pf_log_open */
  int error;                  /* errno of the first line that could not be written */
  pf_text early;              /* the lines before pf_log_open */
  long warnings;
  double began, drawn; /* s, of the clock that only goes forward: first and last progress line */
  bool line_open;      /* a progress line stands on the terminal */
};

static double pf_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

pf_status pf_log_create(bool quiet, bool json, pf_log **log) {
  *log = calloc(1, sizeof **log);
  PF_CHECK(*log != NULL, PF_NO_MEMORY, "no memory for the log");
  (*log)->quiet = quiet;
  (*log)->json = json;
  (*log)->terminal = !quiet && !json && isatty(STDOUT_FILENO);
  (*log)->name = "";
  (*log)->fd = -1;
  (*log)->began = -1.0;
  return PF_OK;
}

void pf_log_name(pf_log *log, const char *name) {
  log->name = name;
  log->terminal = false;
}

/* Whole lines; on failure the file is cut back to them and the cause is kept for pf_log_destroy. */
static void pf_log_append(pf_log *log, const char *bytes, size_t length) {
  if (log->fd < 0) {
    pf_text_put(&log->early, "%s", bytes);
    return;
  }
  const off_t before = lseek(log->fd, 0, SEEK_END);
  for (size_t done = 0; done < length;) {
    const ssize_t n = write(log->fd, bytes + done, length - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      if (log->error == 0) log->error = n < 0 ? errno : ENOSPC;
      if (before >= 0 && done > 0 && ftruncate(log->fd, before) != 0) log->error = errno;
      return;
    }
    done += (size_t)n;
  }
}

pf_status pf_log_open(pf_log *log, const char *folder) {
  char path[PATH_MAX], last = '\n';
  if (log == NULL) return PF_OK;
  const int n = snprintf(path, sizeof path, "%s/run.log.jsonl", folder);
  PF_CHECK(n > 0 && n < PATH_MAX, PF_IO, "%s/run.log.jsonl: the path is too long", folder);
  const int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  PF_CHECK(fd >= 0, PF_IO, "%s: cannot be opened: %s", path, strerror(errno));
  log->fd = fd;
  const off_t end = lseek(fd, 0, SEEK_END);
  if (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n') pf_log_append(log, "\n", 1); /* a killed run's */
  if (log->early.length > 0) pf_log_append(log, log->early.bytes, log->early.length);
  pf_text_free(&log->early);
  PF_CHECK(log->error == 0, PF_IO, "%s: could not be written: %s", path, strerror(log->error));
  return PF_OK;
}

pf_status pf_log_truncate(const char *folder, long length) {
  char path[PATH_MAX];
  struct stat s;
  const int n = snprintf(path, sizeof path, "%s/run.log.jsonl", folder);
  PF_CHECK(n > 0 && n < PATH_MAX, PF_IO, "%s/run.log.jsonl: the path is too long", folder);
  if (lstat(path, &s) != 0 || !S_ISREG(s.st_mode) || s.st_size <= length || length < 0) return PF_OK;
  PF_CHECK(truncate(path, length) == 0, PF_IO, "%s: cannot be cut back: %s", path, strerror(errno));
  return PF_OK;
}

long pf_log_length(const pf_log *log) {
  const off_t end = log == NULL || log->fd < 0 ? 0 : lseek(log->fd, 0, SEEK_END);
  return end > 0 ? (long)end : 0;
}

static void pf_log_clear_line(pf_log *log) {
  if (log->line_open) fputs("\r\033[K", stdout);
  log->line_open = false;
}

static void pf_log_put(pf_log *log, pf_log_level level, const char *event, const pf_log_number *numbers, int count,
                       const char *text) {
  static const char *const names[] = {"info", "warning", "error"};
  if (level == PF_LOG_WARNING) ++log->warnings;
  struct timespec now;
  struct tm utc;
  char when[32];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
  pf_text line = {0};
  pf_text_put(&line, "{\"time\": \"%s.%03dZ\", \"level\": \"%s\", \"event\": ", when, (int)(now.tv_nsec / 1000000),
              names[level]);
  pf_text_put_json_string(&line, event);
  pf_text_put(&line, ", \"text\": ");
  pf_text_put_json_string(&line, text);
  for (int i = 0; i < count; ++i) {
    pf_text_put(&line, ", ");
    pf_text_put_json_string(&line, numbers[i].name);
    pf_text_put(&line, ": ");
    pf_text_put_json_number(&line, numbers[i].value);
  }
  pf_text_put(&line, "}\n");
  if (!line.failed)
    pf_log_append(log, line.bytes, line.length);
  else if (log->error == 0)
    log->error = ENOMEM;
  pf_log_clear_line(log);
  const bool named = log->name[0] != 0; /* one call for each line: other members speak too */
  if (log->json && !line.failed && named)
    printf("{\"member\": \"%s\", %s", log->name, line.bytes + 1);
  else if (log->json && !line.failed)
    fputs(line.bytes, stdout);
  pf_text_free(&line);
  fflush(stdout);
  if (level != PF_LOG_INFO)
    fprintf(stderr, "%s: %s%s%s\n", names[level], log->name, named ? ": " : "", text);
  else if (!log->quiet && !log->json)
    printf("%s%s%s\n", log->name, named ? ": " : "", text);
  fflush(stdout);
}

/* The formatted text, NULL when there is no memory for it; the caller frees it. */
static char *pf_log_format(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
static char *pf_log_format(const char *format, va_list arguments) {
  char *text = NULL;
  return vasprintf(&text, format, arguments) >= 0 ? text : NULL;
}

void pf_log_say(pf_log *log, pf_log_level level, const char *event, const char *format, ...) {
  va_list arguments;
  if (log == NULL) return;
  va_start(arguments, format);
  char *const text = pf_log_format(format, arguments);
  va_end(arguments);
  pf_log_put(log, level, event, NULL, 0, text != NULL ? text : format);
  free(text);
}

void pf_log_say_numbers(pf_log *log, pf_log_level level, const char *event, const pf_log_number *numbers, int count,
                        const char *format, ...) {
  va_list arguments;
  if (log == NULL) return;
  va_start(arguments, format);
  char *const text = pf_log_format(format, arguments);
  va_end(arguments);
  pf_log_put(log, level, event, numbers, count, text != NULL ? text : format);
  free(text);
}

void pf_log_progress(pf_log *log, double done, const char *format, ...) {
  va_list arguments;
  if (log == NULL || !log->terminal) return;
  const double now = pf_seconds();
  if (log->began < 0.0)
    log->began = now;
  else if (now - log->drawn < 0.1 && done < 1.0)
    return;
  log->drawn = now;
  va_start(arguments, format);
  char *const text = pf_log_format(format, arguments);
  va_end(arguments);
  const double spent = now - log->began, left = done > 1e-6 ? spent * (1.0 - done) / done : -1.0;
  printf("\r\033[K%5.1f %%  %s", 100.0 * done, text != NULL ? text : "");
  if (left >= 0.0 && spent > 1.0) {
    const long s = (long)(left + 0.5);
    if (s >= 3600)
      printf("  %ld h %02ld min left", s / 3600, s / 60 % 60);
    else if (s >= 60)
      printf("  %ld min %02ld s left", s / 60, s % 60);
    else
      printf("  %ld s left", s);
  }
  fflush(stdout);
  log->line_open = true;
  free(text);
}

long pf_log_warnings(const pf_log *log) { return log == NULL ? 0 : log->warnings; }

pf_status pf_log_destroy(pf_log *log) {
  if (log == NULL) return PF_OK;
  pf_log_clear_line(log);
  fflush(stdout);
  int error = log->error;
  if (log->fd >= 0 && close(log->fd) != 0 && error == 0) error = errno;
  pf_text_free(&log->early);
  free(log);
  PF_CHECK(error == 0, PF_IO, "run.log.jsonl: could not be written: %s", strerror(error));
  return PF_OK;
}
