/* backend.c: a backend by its name. */
#include "backend.h"

#include <stdlib.h>
#include <string.h>

pf_status pf_backend_create(const char *name, int threads, pf_backend **backend) {
  *backend = NULL;
  pf_backend *b = calloc(1, sizeof *b);
  PF_CHECK(b, PF_NO_MEMORY, "no memory for a backend");
  pf_status status;
  if (!strcmp(name, "cpu")) {
    status = pf_backend_cpu(b, threads);
  } else if (!strcmp(name, "check")) {
    status = pf_backend_check(b, threads);
  } else if (!strcmp(name, "cuda")) {
    status = pf_backend_cuda(b);
  } else if (!strcmp(name, "auto")) {
    status = pf_backend_cuda(b);
    if (status == PF_NO_DEVICE) status = pf_backend_cpu(b, threads);
  } else {
    status = PF_FAIL(PF_USAGE, "backend '%s' is none of auto, cpu, check, cuda", name);
  }
  if (status != PF_OK) {
    free(b);
    return status;
  }
  *backend = b;
  return PF_OK;
}

void pf_backend_destroy(pf_backend *backend) {
  if (!backend) return;
  if (backend->destroy) backend->destroy(backend);
  free(backend);
}
