/* pf_types.h: the two words every cell header uses, for gcc, clang and nvcc alike. */
#ifndef PF_TYPES_H
#define PF_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __CUDACC__
#define PF_CELL static __host__ __device__ __forceinline__
#else
#define PF_CELL static inline __attribute__((always_inline, unused))
#endif

#endif
