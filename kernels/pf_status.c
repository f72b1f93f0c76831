#include "pf_status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local pf_status_text own;
static _Thread_local pf_status_text *used; /* NULL: the thread's own */

static pf_status_text *text_now(void) { return used ? used : &own; }

pf_status pf_status_set(pf_status status, const char *file, int line, const char *format, ...) {
  const char *slash = strrchr(file, '/');
  pf_status_text *now = text_now();
  snprintf(now->place, sizeof now->place, "%s:%d", slash ? slash + 1 : file, line);
  va_list values;
  va_start(values, format);
  char text[sizeof now->message]; /* the arguments may point into the old message */
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  memcpy(now->message, text, sizeof text);
  return status;
}

const char *pf_status_message(void) { return text_now()->message; }

const char *pf_status_place(void) { return text_now()->place; }

void pf_status_use(pf_status_text *text) { used = text; }
