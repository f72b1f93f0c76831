/* log.h: what the run says, to run.log.jsonl and to the terminal.
 *
 * A line of the file is {"time": "2026-01-31T12:00:00.123Z", "level": "info", "event": "start", "text": "...", numbers
 * as further members}.  The terminal gets the text (warnings and errors with their level, on stderr), nothing but
 * warnings and errors with `quiet`, and the JSON lines on stdout with `json`.  A text of several lines is one object. */
#ifndef PF_LOG_H
#define PF_LOG_H

#include "files.h"

typedef enum pf_log_level { PF_LOG_INFO, PF_LOG_WARNING, PF_LOG_ERROR } pf_log_level;

typedef struct pf_log_number {
  const char *name;
  double value; /* not finite is written as null */
} pf_log_number;

typedef struct pf_log pf_log; /* NULL is a log that says nothing */

/* A log that speaks to the terminal; what it says is kept until pf_log_open. */
pf_status pf_log_create(bool quiet, bool json, pf_log **log);
/* What goes to the terminal says from now on whose it is (JSON: "member"), and there is no progress line.  The name is
 * the caller's. */
void pf_log_name(pf_log *log, const char *name);
/* Opens folder/run.log.jsonl to append, writes what was said before, and from now on every line. */
pf_status pf_log_open(pf_log *log, const char *folder);
/* Cuts folder/run.log.jsonl back to its first `length` bytes (before pf_log_open); nothing where it is not longer. */
pf_status pf_log_truncate(const char *folder, long length);
/* Bytes of the file now; 0 before pf_log_open. */
long pf_log_length(const pf_log *log);
/* `event` is one word for programs, the text is for people. */
void pf_log_say(pf_log *log, pf_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void pf_log_say_numbers(pf_log *log, pf_log_level level, const char *event, const pf_log_number *numbers, int count,
                        const char *format, ...) __attribute__((format(printf, 6, 7)));
/* One line that is written over itself, with the time left: only if stdout is a terminal and neither quiet nor json,
 * and at most ten times a second.  `done` of the work, 0 to 1. */
void pf_log_progress(pf_log *log, double done, const char *format, ...) __attribute__((format(printf, 3, 4)));
long pf_log_warnings(const pf_log *log); /* how many were said */
/* Closes the file.  PF_IO if any of its lines could not be written. */
pf_status pf_log_destroy(pf_log *log);

#endif
