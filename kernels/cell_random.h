/* cell_random.h: random numbers as a function of (seed, what for, index): equal on every backend and for every number of
 * threads.  Philox 4x32-10 of Random123 (Salmon et al., SC 2011). */
#ifndef PF_CELL_RANDOM_H
#define PF_CELL_RANDOM_H

#include <Random123/philox.h>
#include <math.h>

#include "pf_types.h"

/* Streams: what the numbers are for. */
enum { PF_RANDOM_ROUGHNESS = 1, PF_RANDOM_GRAINS = 2, PF_RANDOM_PORES = 3, PF_RANDOM_NUCLEI = 4, PF_RANDOM_NOISE = 5 };

/* Four independent numbers, evenly between 0 and 1, neither of them. */
typedef struct pf_uniform {
  double u[4];
} pf_uniform;
PF_CELL pf_uniform pf_random_uniform(uint32_t seed, uint32_t stream, uint32_t i, uint32_t j) {
  philox4x32_ctr_t counter = {{i, j, 0, 0}};
  philox4x32_key_t key = {{seed, stream}};
  const philox4x32_ctr_t r = philox4x32(counter, key);
  pf_uniform out;
  for (int n = 0; n < 4; n++) out.u[n] = ((double)r.v[n] + 0.5) / 4294967296.0;
  return out;
}

/* Two independent numbers of the standard normal distribution (Box and Muller). */
typedef struct pf_normal_pair {
  double a, b;
} pf_normal_pair;
PF_CELL pf_normal_pair pf_random_normal(uint32_t seed, uint32_t stream, uint32_t i, uint32_t j) {
  philox4x32_ctr_t counter = {{i, j, 0, 0}};
  philox4x32_key_t key = {{seed, stream}};
  const philox4x32_ctr_t r = philox4x32(counter, key);
  const double u = ((double)r.v[0] + 1.0) / 4294967296.0, v = (double)r.v[1] / 4294967296.0;
  const double radius = sqrt(-2 * log(u)), angle = 6.283185307179586 * v;
  pf_normal_pair pair;
  pair.a = radius * cos(angle);
  pair.b = radius * sin(angle);
  return pair;
}

#endif
