#include "real.h"

#include <string.h>

pf_status pf_real_download(bool wide, pf_backend *b, double *host, const void *array, ptrdiff_t count) {
  PF_TRY(b->download(b, host, array, (size_t)count * pf_real_bytes(wide)));
  for (ptrdiff_t n = count - 1; n >= 0 && !wide; n--) { /* they lie in the first half of the room */
    float value;
    memcpy(&value, (const char *)host + (size_t)n * sizeof value, sizeof value);
    host[n] = (double)value;
  }
  return PF_OK;
}

pf_status pf_real_from_float(bool wide, pf_backend *b, const pf_grid *g, const float *from, void *to) {
  if (!wide) return b->copy(b, to, from, (size_t)pf_cells(g) * sizeof(float));
  return PF_MAP(b, many_widen, g, .x = from, .y = to);
}

pf_status pf_real_to_float(bool wide, pf_backend *b, const pf_grid *g, const void *from, float *to) {
  if (!wide) return b->copy(b, to, from, (size_t)pf_cells(g) * sizeof(float));
  return PF_MAP(b, many_narrow, g, .x = from, .y = to);
}
