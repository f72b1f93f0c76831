/* cuda_runtime.h: a stand-in for NVIDIA's header of that name, so that the host's C++ compiler reads backend_cuda.cu as it
 * is and its kernels run on the CPU.  For tests only.
 *
 * Launches: block by block, forwards and backwards in turn; the threads of a block one after the other up to a barrier,
 * where they wait for each other.  A barrier that some threads of a block do not reach, or reach at another line, ends the
 * program.  Shared memory is what it is: one array for the threads of a block.
 *
 * Memory: device memory is closed to the host (SIGSEGV) but for the time that a stream works.  New memory holds NaN (all
 * bits set), so does what was freed; each array has guard zones, and a copy must lie within one array.
 *
 * Streams: nothing is done before it has to be, at a synchronization; of another stream up to the event that is waited for.
 * Calls may come from several threads, one at a time.
 *
 * Faults, by the environment (fake_cuda.cc): no device, an old driver, little memory, the n-th call that fails. */
#ifndef PF_FAKE_CUDA_RUNTIME_H
#define PF_FAKE_CUDA_RUNTIME_H

#include <cstddef>
#include <functional>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __grid_constant__
#define __launch_bounds__(...)
#define __forceinline__ inline __attribute__((always_inline))
#define __shared__ /* static or extern: the source says which */
#define __syncthreads() fake_barrier(__LINE__)

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(16) float4 {
  float x, y, z, w;
};
extern dim3 threadIdx, blockIdx, blockDim, gridDim;
void fake_barrier(int line);
/* cuda_pipeline_primitives.h: copies into shared memory that a thread asks for are done when it waits. */
void fake_later(void *to, const void *from, size_t bytes);
void fake_now();

/* Values as NVIDIA's. */
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorECCUncorrectable = 214,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchFailure = 719,
  cudaErrorUnknown = 999
};
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();

/* ---- the device ---- */
struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount;
  size_t totalGlobalMem, sharedMemPerBlockOptin;
};
struct cudaFuncAttributes {
  int numRegs;
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaRuntimeGetVersion(int *version);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
cudaError_t fake_kernel_attributes();
template <class... A>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *, void (*)(A...)) {
  return fake_kernel_attributes();
}
template <class... A>
cudaError_t cudaFuncSetAttribute(void (*)(A...), cudaFuncAttribute, int) {
  return fake_kernel_attributes();
}

/* ---- memory ---- */
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };
typedef struct fake_stream *cudaStream_t;
cudaError_t cudaMemGetInfo(size_t *available, size_t *total);
cudaError_t fake_malloc(void **place, size_t bytes);
cudaError_t fake_malloc_host(void **place, size_t bytes);
template <class T>
cudaError_t cudaMalloc(T **place, size_t bytes) {
  return fake_malloc(reinterpret_cast<void **>(place), bytes);
}
template <class T>
cudaError_t cudaMallocHost(T **place, size_t bytes) {
  return fake_malloc_host(reinterpret_cast<void **>(place), bytes);
}
cudaError_t cudaFree(void *place);
cudaError_t cudaFreeHost(void *place);
cudaError_t cudaMemsetAsync(void *place, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);

/* ---- streams, graphs ---- */
typedef struct fake_graph *cudaGraph_t;
typedef struct fake_graph *cudaGraphExec_t;
enum { cudaStreamNonBlocking = 1 };
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
typedef struct fake_event *cudaEvent_t;
enum { cudaEventBlockingSync = 1, cudaEventDisableTiming = 2 };
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);

/* ---- launches ---- */
struct cudaLaunchAttribute {};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
  cudaLaunchAttribute *attrs;
  unsigned numAttrs;
};
cudaError_t fake_launch(const cudaLaunchConfig_t *config, std::function<void()> thread);
template <class... P, class... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(P...), A &&...arguments) {
  /* the arguments are those of the moment of the launch */
  return [&](P... copies) { return fake_launch(config, [=]() { kernel(copies...); }); }(std::forward<A>(arguments)...);
}

#endif
