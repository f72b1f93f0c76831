/* kept.h: a piece of memory that a checkpoint keeps: what a later step reads and an earlier one wrote. */
#ifndef PF_KEPT_H
#define PF_KEPT_H

#include "backend.h"

enum { PF_KEPT_MAX = 160, PF_KEPT_NAME = 40 };

typedef struct pf_kept {
  const char *name; /* unique, shorter than PF_KEPT_NAME */
  void *at;         /* its first byte, in the backend's memory or the host's */
  size_t bytes;
  pf_backend *backend; /* NULL: the host's memory */
  char kind;           /* 'd', 'f': numbers of a field, double or float, which have to be finite; 0: anything */
} pf_kept;

/* A list of members, each X(type, name, size): size empty or [n].  One line each, so that none is forgotten. */
#define PF_KEPT_MEMBER_(type, name, size) type name size;

#endif
