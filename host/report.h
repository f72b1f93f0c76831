/* report.h: what is said about an input, collected so that all of it can be said at once.
 *
 * A message has a severity, a place (file, line, column, from 1; line 0: the place is the file as a whole, as for
 * "--set 2", and the column only orders the messages) and one line of text.  Owner of the messages: the report; pf_report_free returns the memory. */
#ifndef PF_REPORT_H
#define PF_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum pf_severity { PF_NOTE, PF_WARNING, PF_ERROR } pf_severity;

typedef struct pf_message {
  pf_severity severity;
  char *file;       /* owned */
  int line, column; /* from 1, column in characters; 0: none */
  char *text;       /* owned, one line of valid UTF-8 */
  int order;        /* of being said */
} pf_message;

/* More messages than this are counted and not kept. */
#define PF_REPORT_MAX 1000

typedef struct pf_report {
  pf_message *message; /* [count] */
  int count, capacity;
  int errors, warnings, notes; /* all of them, kept or not */
} pf_report;

void pf_report_free(pf_report *report);
/* Adds a message (printf style).  Bytes that do not print are replaced by '?'. */
void pf_report_add(pf_report *report, pf_severity severity, const char *file, int line, int column, const char *format,
                   ...) __attribute__((format(printf, 6, 7)));
/* False if further messages would only be counted (so that costly texts need not be made). */
bool pf_report_has_room(const pf_report *report);
/* Orders the messages by place. */
void pf_report_sort(pf_report *report);
/* One line a message: `file:line:column: error: text`. */
void pf_report_print(const pf_report *report, FILE *out);

/* Bytes of the UTF-8 character that begins at `text` (`left` bytes are there), 0 if it is none. */
int pf_utf8_length(const char *text, size_t left);

#endif
