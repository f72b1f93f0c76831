#include "pf_status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[1024];
static _Thread_local char place[256];

pf_status pf_status_set(pf_status status, const char *file, int line, const char *format, ...) {
  const char *slash = strrchr(file, '/');
  snprintf(place, sizeof place, "%s:%d", slash ? slash + 1 : file, line);
  va_list values;
  va_start(values, format);
  char text[sizeof message]; /* the arguments may point into the old message */
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  memcpy(message, text, sizeof message);
  return status;
}

const char *pf_status_message(void) { return message; }

const char *pf_status_place(void) { return place; }
