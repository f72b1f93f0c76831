/* cell_random.h: random numbers as a function of (seed, what for, index): equal on every backend and for every number of
 * threads.  Philox 4x32-10 of Random123 (Salmon et al., SC 2011). */
#ifndef PF_CELL_RANDOM_H
#define PF_CELL_RANDOM_H

#include <Random123/philox.h>
#include <math.h>

#include "pf_types.h"

enum { PF_RANDOM_ROUGHNESS = 1 }; /* streams */

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
