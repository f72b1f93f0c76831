/* backend_nocuda.c: stands in for backend_cuda.cu where there is no nvcc. */
#include "backend.h"

pf_status pf_backend_cuda(pf_backend *backend) {
  (void)backend;
  return PF_FAIL(PF_NO_DEVICE, "this pfsolve was built without CUDA (no nvcc was found): use backend = 'cpu'");
}
