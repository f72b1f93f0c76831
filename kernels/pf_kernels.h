/* pf_kernels.h: the list of all kernels (pf_kernel.h says what a kernel is). */
#ifndef PF_KERNELS_H
#define PF_KERNELS_H

#include "cell_allen_cahn.h"
#include "cell_block.h"
#include "cell_boxmg.h"
#include "cell_connect.h"
#include "cell_double.h"
#include "cell_elastic.h"
#include "cell_electrons.h"
#include "cell_measure.h"
#include "cell_multigrid.h"
#include "cell_nucleate.h"
#include "cell_pfhub.h"
#include "cell_phase.h"
#include "cell_potential.h"
#include "cell_transport.h"
#include "cell_vector.h"

#define PF_KERNELS(MAP, SWEEP, SUM, MAX)      \
  PF_KERNELS_VECTOR(MAP, SWEEP, SUM, MAX)     \
  PF_KERNELS_DOUBLE(MAP, SWEEP, SUM, MAX)     \
  PF_KERNELS_PHASE(MAP, SWEEP, SUM, MAX)      \
  PF_KERNELS_TRANSPORT(MAP, SWEEP, SUM, MAX)  \
  PF_KERNELS_BLOCK(MAP, SWEEP, SUM, MAX)      \
  PF_KERNELS_POTENTIAL(MAP, SWEEP, SUM, MAX)  \
  PF_KERNELS_MULTIGRID(MAP, SWEEP, SUM, MAX)  \
  PF_KERNELS_BOXMG(MAP, SWEEP, SUM, MAX)      \
  PF_KERNELS_CONNECT(MAP, SWEEP, SUM, MAX)    \
  PF_KERNELS_ELASTIC(MAP, SWEEP, SUM, MAX)    \
  PF_KERNELS_NUCLEATE(MAP, SWEEP, SUM, MAX)   \
  PF_KERNELS_ELECTRONS(MAP, SWEEP, SUM, MAX)  \
  PF_KERNELS_ALLEN_CAHN(MAP, SWEEP, SUM, MAX) \
  PF_KERNELS_PFHUB(MAP, SWEEP, SUM, MAX)      \
  PF_KERNELS_MEASURE(MAP, SWEEP, SUM, MAX)

#define PF_ENUM_(kernel) PF_KERNEL_##kernel,
typedef enum pf_kernel { PF_KERNELS(PF_ENUM_, PF_ENUM_, PF_ENUM_, PF_ENUM_) PF_KERNEL_COUNT } pf_kernel;

#endif
