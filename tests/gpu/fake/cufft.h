/* cufft.h: a stand-in for NVIDIA's header of that name (cuda_runtime.h beside it); the transforms are FFTW's. */
#ifndef PF_FAKE_CUFFT_H
#define PF_FAKE_CUFFT_H

#include "cuda_runtime.h"

typedef struct fake_plan *cufftHandle;
typedef struct cufftDoubleComplex {
  double x, y;
} cufftDoubleComplex;
enum cufftResult { CUFFT_SUCCESS = 0, CUFFT_ALLOC_FAILED = 2, CUFFT_INTERNAL_ERROR = 5, CUFFT_EXEC_FAILED = 6 };
enum cufftType { CUFFT_D2Z = 0x6a, CUFFT_Z2D = 0x6c };
cufftResult cufftCreate(cufftHandle *plan);
cufftResult cufftDestroy(cufftHandle plan);
cufftResult cufftSetAutoAllocation(cufftHandle plan, int automatic);
cufftResult cufftMakePlanMany(cufftHandle plan, int rank, int *n, int *inembed, int istride, int idist, int *onembed,
                              int ostride, int odist, cufftType type, int batch, size_t *work);
cufftResult cufftSetStream(cufftHandle plan, cudaStream_t stream);
cufftResult cufftSetWorkArea(cufftHandle plan, void *work);
cufftResult cufftExecD2Z(cufftHandle plan, double *field, cufftDoubleComplex *spectrum);
cufftResult cufftExecZ2D(cufftHandle plan, cufftDoubleComplex *spectrum, double *field);

#endif
