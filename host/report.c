/* report.c: see report.h. */
#include "report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Longest text of a message, bytes. */
#define TEXT_MAX 1024

int pf_utf8_length(const char *text, size_t left) {
  const unsigned char *p = (const unsigned char *)text;
  if (left == 0) return 0;
  if (p[0] < 0x80) return 1;
  const int length = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
  if (p[0] < 0xC2 || p[0] > 0xF4 || left < (size_t)length) return 0;
  for (int n = 1; n < length; n++)
    if ((p[n] & 0xC0) != 0x80) return 0;
  /* overlong forms, surrogates and numbers past the last character (RFC 3629) */
  if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F)) return 0;
  if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F)) return 0;
  return length;
}

/* Replaces what does not print, in place. */
static void make_printable(char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    int length = pf_utf8_length(text, left);
    const unsigned char first = (unsigned char)*text;
    if (length == 0 || first < 0x20 || first == 0x7F) {
      *text = '?';
      length = 1;
    }
    text += length;
    left -= (size_t)length;
  }
}

static char *copy_text(const char *text) {
  const size_t size = strlen(text) + 1;
  char *copy = malloc(size);
  if (copy) memcpy(copy, text, size);
  return copy;
}

void pf_report_free(pf_report *report) {
  for (int n = 0; n < report->count; n++) {
    free(report->message[n].file);
    free(report->message[n].text);
  }
  free(report->message);
  *report = (pf_report){0};
}

bool pf_report_has_room(const pf_report *report) { return report->count < PF_REPORT_MAX; }

void pf_report_add(pf_report *report, pf_severity severity, const char *file, int line, int column, const char *format,
                   ...) {
  if (severity == PF_ERROR)
    report->errors++;
  else if (severity == PF_WARNING)
    report->warnings++;
  else
    report->notes++;
  if (!pf_report_has_room(report)) return;
  if (report->count == report->capacity) {
    const int capacity = report->capacity ? 2 * report->capacity : 16;
    pf_message *message = realloc(report->message, (size_t)capacity * sizeof *message);
    if (!message) return; /* counted above */
    report->message = message;
    report->capacity = capacity;
  }
  char text[TEXT_MAX];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  make_printable(text);
  pf_message *m = &report->message[report->count];
  *m = (pf_message){severity, copy_text(file), line, column, copy_text(text), report->count};
  if (!m->file || !m->text) {
    free(m->file);
    free(m->text);
    return;
  }
  make_printable(m->file);
  report->count++;
}

static int compare(const void *a, const void *b) {
  const pf_message *x = a, *y = b;
  if ((x->line == 0) != (y->line == 0)) return x->line == 0 ? 1 : -1; /* the command line's come last */
  const int files = x->line == 0 ? 0 : strcmp(x->file, y->file);
  if (files != 0) return files;
  if (x->line != y->line) return x->line < y->line ? -1 : 1;
  if (x->column != y->column) return x->column < y->column ? -1 : 1;
  return x->order < y->order ? -1 : x->order > y->order;
}

void pf_report_sort(pf_report *report) {
  if (report->count > 1) qsort(report->message, (size_t)report->count, sizeof *report->message, compare);
}

void pf_report_print(const pf_report *report, FILE *out) {
  static const char *const names[] = {[PF_NOTE] = "note", [PF_WARNING] = "warning", [PF_ERROR] = "error"};
  for (int n = 0; n < report->count; n++) {
    const pf_message *m = &report->message[n];
    if (m->line > 0)
      fprintf(out, "%s:%d:%d: %s: %s\n", m->file, m->line, m->column, names[m->severity], m->text);
    else
      fprintf(out, "%s: %s: %s\n", m->file, names[m->severity], m->text);
  }
  const int left = report->errors + report->warnings + report->notes - report->count;
  if (left > 0) fprintf(out, "and %d more messages\n", left);
}
