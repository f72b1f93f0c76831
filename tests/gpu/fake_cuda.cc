/* fake_cuda.cc: the stand-in for the CUDA runtime and cuFFT (fake/cuda_runtime.h says what it keeps to).
 *
 * The variable PF_FAKE_GPU holds what the device is to be like, words with commas between them:
 *   none          no device (cudaGetDeviceCount: 100)
 *   count=E       cudaGetDeviceCount fails with error E
 *   driver=V      CUDA version that the driver serves, as 12040; 0: no driver (the count fails with 35 where V is too old)
 *   chip          no kernel for the chip
 *   memory=M      MiB of memory, all of them free
 *   CALL@N        the N-th call fails, CALL@N+ that and all later ones; CALL: malloc, hostmalloc, copy, launch, sync, event,
 *                 graph, fft.  malloc, hostmalloc and fft: no memory; the others lose the device.
 *   report=FILE   at the end of the program a line about calls, arrays that are left, calls after the device was lost
 *   eager         streams work at once */
#include <cuda_runtime.h>
#include <cufft.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backend.h"
extern "C" {
#include "fft_cpu.h"
}

dim3 threadIdx, blockIdx, blockDim, gridDim;
/* Dynamic shared memory: as much as a block may ask for on sm_90. */
enum { SHARED_BYTES = 227 * 1024, SHARED_GUARD = 1024 };
alignas(128) float4 pf_shared[(SHARED_BYTES + SHARED_GUARD) / sizeof(float4)];

namespace {

/* Held by a call of the runtime. */
struct one_call {
  static std::recursive_mutex &mutex() {
    static auto *m = new std::recursive_mutex;
    return *m;
  }
  const std::lock_guard<std::recursive_mutex> held{mutex()};
};

[[noreturn]] void fault(const char *text, long number) {
  fprintf(stderr, "fake GPU: %s (%ld)\n", text, number);
  abort();
}

/* ---- what the device is like ---- */

struct rule {
  long nth;
  bool on;
};
struct state {
  std::string report;
  int count_error = 0, driver = 13000;
  bool none = false, chip = true, eager = false;
  size_t memory = size_t{1} << 36;
  std::map<std::string, rule> rules;
  std::map<std::string, long> calls;
  cudaError_t lost = cudaSuccess, last = cudaSuccess;
  long calls_after = 0; /* calls of a thread that was told of the loss */
};

void say_report();

state read_state() {
  state s;
  const char *text = getenv("PF_FAKE_GPU");
  std::string all = text ? text : "";
  for (size_t at = 0; at < all.size();) {
    const size_t end = all.find(',', at) == std::string::npos ? all.size() : all.find(',', at);
    const std::string word = all.substr(at, end - at);
    const size_t mark = word.find_first_of("=@");
    const std::string name = word.substr(0, mark), value = mark == std::string::npos ? "" : word.substr(mark + 1);
    at = end + 1;
    if (mark != std::string::npos && word[mark] == '@') {
      s.rules[name] = {atol(value.c_str()), value.back() == '+'};
    } else if (name == "none") {
      s.none = true;
    } else if (name == "count") {
      s.count_error = atoi(value.c_str());
    } else if (name == "driver") {
      s.driver = atoi(value.c_str());
    } else if (name == "chip") {
      s.chip = false;
    } else if (name == "memory") {
      s.memory = strtoull(value.c_str(), nullptr, 10) << 20;
    } else if (name == "report") {
      s.report = value;
    } else if (name == "eager") {
      s.eager = true;
    } else {
      fault("PF_FAKE_GPU: an unknown word, number", static_cast<long>(at));
    }
  }
  if (!s.report.empty()) atexit(say_report);
  return s;
}

state &the() {
  static state *s = new state(read_state()); /* never destroyed: used at exit */
  return *s;
}

/* The fault that this call is to have: counts it. */
bool due(const char *call) {
  state &s = the();
  const long n = ++s.calls[call];
  const auto r = s.rules.find(call);
  return r != s.rules.end() && (r->second.on ? n >= r->second.nth : n == r->second.nth);
}

/* The value of a call: the device's error where it is lost. */
cudaError_t result(cudaError_t error) {
  state &s = the();
  if (s.lost != cudaSuccess) {
    static thread_local bool told = false;
    if (told) s.calls_after++;
    told = true;
    error = s.lost;
  }
  if (error != cudaSuccess) s.last = error;
  return error;
}

cudaError_t lose(cudaError_t error) {
  if (the().lost == cudaSuccess) the().lost = error;
  return the().lost;
}

/* ---- memory: one range of addresses, open while a stream works ---- */

enum { GUARD = 256, BLANK = 0xFF };
constexpr size_t arena_bytes = size_t{1} << 40;

struct memory {
  char *start = nullptr, *top = nullptr; /* top: the end of what was ever used */
  std::map<char *, size_t> arrays;       /* live, bytes */
  std::multimap<size_t, char *> spare;   /* freed, whole blocks by size */
  size_t used = 0;
  int open = 0;
};
memory &ram() {
  static memory *m = new memory;
  return *m;
}

size_t block_size(size_t bytes) { return (bytes + 2 * GUARD + 511) / 512 * 512; }
size_t page_up(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

void protect(int how) {
  memory &m = ram();
  const size_t bytes = page_up(static_cast<size_t>(m.top - m.start));
  if (bytes > 0 && mprotect(m.start, bytes, how)) fault("mprotect", 0);
}

struct opened {
  opened() {
    if (ram().open++ == 0) protect(PROT_READ | PROT_WRITE);
  }
  ~opened() {
    if (--ram().open == 0) protect(PROT_NONE);
  }
};

bool blank(const char *from, size_t bytes) {
  for (size_t n = 0; n < bytes; n++)
    if (static_cast<unsigned char>(from[n]) != BLANK) return false;
  return true;
}

void check_guards(char *array, size_t bytes) {
  if (!blank(array - GUARD, GUARD) || !blank(array + bytes, block_size(bytes) - GUARD - bytes))
    fault("an array was written beyond its ends; its bytes", static_cast<long>(bytes));
}

void check_all_guards() {
  for (const auto &a : ram().arrays) check_guards(a.first, a.second);
}

bool in_device(const void *place) {
  const memory &m = ram();
  return m.start && static_cast<const char *>(place) >= m.start &&
         static_cast<const char *>(place) < m.start + arena_bytes;
}

/* The bytes lie within one live array of the device. */
bool within(const void *place, size_t bytes) {
  memory &m = ram();
  char *at = const_cast<char *>(static_cast<const char *>(place));
  auto next = m.arrays.upper_bound(at);
  if (next == m.arrays.begin()) return false;
  const auto a = std::prev(next);
  const size_t from = static_cast<size_t>(at - a->first);
  return from <= a->second && bytes <= a->second - from;
}

/* ---- the threads of a block ----
 *
 * A fiber runs one thread after the other to its end.  Where a thread meets a barrier its fiber stays there, and another
 * fiber goes on with the next thread; so kernels without barriers need one. */
struct fiber {
  ucontext_t context;
  jmp_buf place;
  bool begun = false;
  dim3 thread; /* that waits */
  int line;    /* of the barrier */
  std::vector<char> stack;
};

struct scheduler {
  std::vector<std::unique_ptr<fiber>> fibers;
  std::vector<fiber *> idle, waiting;
  fiber *now = nullptr;
  jmp_buf place;
  const std::function<void()> *body = nullptr;
  unsigned next = 0, count = 0, done = 0;
  bool backwards = false;
};
scheduler fibers;

void set_thread(unsigned n) {
  const unsigned t = fibers.backwards ? fibers.count - 1 - n : n;
  threadIdx = dim3(t % blockDim.x, t / blockDim.x % blockDim.y, t / blockDim.x / blockDim.y);
}

void fiber_main() {
  for (;;) {
    while (fibers.next < fibers.count) {
      set_thread(fibers.next++);
      (*fibers.body)();
      fibers.done++;
    }
    fiber *me = fibers.now;
    fibers.idle.push_back(me);
    if (!_setjmp(me->place)) _longjmp(fibers.place, 1);
  }
}

void resume(fiber *f) {
  fibers.now = f;
  if (_setjmp(fibers.place)) return;
  if (f->begun) _longjmp(f->place, 1);
  f->begun = true;
  f->stack.resize(256 * 1024);
  getcontext(&f->context);
  f->context.uc_stack.ss_sp = f->stack.data();
  f->context.uc_stack.ss_size = f->stack.size();
  f->context.uc_link = nullptr;
  makecontext(&f->context, fiber_main, 0);
  setcontext(&f->context);
}

void run_block(const std::function<void()> &body, bool backwards) {
  fibers.body = &body;
  fibers.count = blockDim.x * blockDim.y * blockDim.z;
  fibers.next = fibers.done = 0;
  fibers.backwards = backwards;
  while (fibers.next < fibers.count) {
    if (fibers.idle.empty()) {
      fibers.fibers.push_back(std::make_unique<fiber>());
      fibers.idle.push_back(fibers.fibers.back().get());
    }
    fiber *f = fibers.idle.back();
    fibers.idle.pop_back();
    resume(f);
  }
  while (!fibers.waiting.empty()) {
    if (fibers.done > 0) fault("a barrier that some threads of the block did not reach, line", fibers.waiting[0]->line);
    const std::vector<fiber *> round = std::move(fibers.waiting);
    fibers.waiting.clear();
    for (const fiber *f : round)
      if (f->line != round[0]->line) fault("threads of a block wait at different barriers, line", f->line);
    for (size_t n = 0; n < round.size(); n++) {
      fiber *f = round[n];
      threadIdx = f->thread;
      resume(f);
    }
  }
}

/* ---- copies that a thread asks for ---- */

struct later {
  void *to;
  const void *from;
  size_t bytes;
};
std::vector<later> waiting_copies[1024]; /* of the threads of the block */

std::vector<later> &copies_of_thread() {
  return waiting_copies[(threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x];
}

/* ---- streams ---- */

struct operation {
  std::function<void()> run;
};
} // namespace

void fake_later(void *to, const void *from, size_t bytes) { copies_of_thread().push_back({to, from, bytes}); }

void fake_now() {
  for (const later &c : copies_of_thread()) memcpy(c.to, c.from, c.bytes);
  copies_of_thread().clear();
}

void fake_barrier(int line) {
  fiber *me = fibers.now;
  me->thread = threadIdx;
  me->line = line;
  fibers.waiting.push_back(me);
  if (!_setjmp(me->place)) _longjmp(fibers.place, 1);
}

struct fake_stream {
  std::deque<operation> todo;
  long asked = 0, done = 0;
  fake_graph *capture = nullptr;
};
/* When the stream had been asked for so many operations. */
struct fake_event {
  fake_stream *stream = nullptr;
  long at = 0;
};
struct fake_graph {
  std::vector<operation> list;
};
namespace {
std::vector<fake_stream *> streams;
long launches = 0;

/* Until `done` of its operations are done. */
void work_until(fake_stream *s, long done) {
  if (s->todo.empty() || s->done >= done) return;
  const opened key;
  while (!s->todo.empty() && s->done < done) {
    const operation next = std::move(s->todo.front());
    s->todo.pop_front();
    s->done++;
    if (the().lost == cudaSuccess) next.run();
  }
  check_all_guards();
}

void work(fake_stream *s) { work_until(s, s->asked); }

void work_all() {
  for (fake_stream *s : streams) work(s);
}

cudaError_t put(fake_stream *s, std::function<void()> run) {
  if (!s) fault("the default stream is not used here", 0);
  if (s->capture) {
    s->capture->list.push_back({std::move(run)});
  } else {
    s->todo.push_back({std::move(run)});
    s->asked++;
    if (the().eager) work(s);
  }
  return result(cudaSuccess);
}

void refuse_capture(const char *call) {
  for (const fake_stream *s : streams)
    if (s->capture) fault(call, -1);
}

void say_report() {
  FILE *out = fopen(the().report.c_str(), "a");
  if (!out) return;
  fprintf(out, "arrays %zu, after the loss %ld", ram().arrays.size(), the().calls_after);
  for (const auto &c : the().calls) fprintf(out, ", %s %ld", c.first.c_str(), c.second);
  fprintf(out, "\n");
  fclose(out);
}
} // namespace

/* ---- errors and the device ---- */

const char *cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorNoKernelImageForDevice: return "no kernel image is available for execution on the device";
    case cudaErrorECCUncorrectable: return "uncorrectable ECC error encountered";
    case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
    case cudaErrorLaunchFailure: return "unspecified launch failure";
    default: return "an error of the stand-in";
  }
}

cudaError_t cudaGetLastError() {
  const one_call held;
  const cudaError_t last = the().lost != cudaSuccess ? the().lost : the().last;
  the().last = cudaSuccess;
  return last;
}

cudaError_t cudaGetDeviceCount(int *count) {
  const one_call held;
  const state &s = the();
  *count = 1;
  if (s.driver < 13000) return result(cudaErrorInsufficientDriver);
  if (s.count_error) return result(static_cast<cudaError_t>(s.count_error));
  const char *visible = getenv("CUDA_VISIBLE_DEVICES");
  return result(s.none || (visible && !*visible) ? cudaErrorNoDevice : cudaSuccess);
}

cudaError_t cudaDriverGetVersion(int *version) {
  const one_call held;
  *version = the().driver;
  return result(cudaSuccess);
}

cudaError_t cudaRuntimeGetVersion(int *version) {
  const one_call held;
  *version = 13000;
  return result(cudaSuccess);
}

cudaError_t cudaSetDevice(int device) { return result(device == 0 ? cudaSuccess : cudaErrorInvalidValue); }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
  const one_call held;
  memset(properties, 0, sizeof *properties);
  snprintf(properties->name, sizeof properties->name, "a GPU imitated on the CPU");
  properties->major = 9;
  properties->multiProcessorCount = 8; /* the tests' small grids are cut as large ones on a device of 128 */
  properties->totalGlobalMem = the().memory;
  properties->sharedMemPerBlockOptin = SHARED_BYTES;
  return result(cudaSuccess);
}

cudaError_t fake_kernel_attributes() { return result(the().chip ? cudaSuccess : cudaErrorNoKernelImageForDevice); }

/* ---- memory ---- */

cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
  const one_call held;
  *total = the().memory;
  *available = the().memory > ram().used ? the().memory - ram().used : 0;
  return result(cudaSuccess);
}

cudaError_t fake_malloc(void **place, size_t bytes) {
  const one_call held;
  memory &m = ram();
  *place = nullptr;
  refuse_capture("cudaMalloc while a stream is captured");
  if (due("malloc")) return result(cudaErrorMemoryAllocation);
  if (the().lost != cudaSuccess) return result(the().lost);
  const size_t block = block_size(bytes);
  if (bytes > the().memory || m.used + block > the().memory) return result(cudaErrorMemoryAllocation);
  if (!m.start) {
    void *range = mmap(nullptr, arena_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) fault("no addresses", 0);
    m.start = m.top = static_cast<char *>(range);
  }
  char *at;
  const auto spare = m.spare.find(block);
  if (spare != m.spare.end()) {
    at = spare->second;
    m.spare.erase(spare);
  } else {
    at = m.top;
    m.top += block;
    if (m.top > m.start + arena_bytes) fault("no addresses are left", 0);
  }
  const bool used = at + block < m.top;
  const opened key;
  if (used && !blank(at, block)) fault("freed memory was written; bytes", static_cast<long>(block));
  memset(at, BLANK, block);
  m.arrays[at + GUARD] = bytes;
  m.used += block;
  *place = at + GUARD;
  return result(cudaSuccess);
}

cudaError_t cudaFree(void *place) {
  const one_call held;
  memory &m = ram();
  refuse_capture("cudaFree while a stream is captured");
  if (!place || the().lost != cudaSuccess) return result(cudaSuccess);
  work_all(); /* as the real one waits for the device */
  const auto a = m.arrays.find(static_cast<char *>(place));
  if (a == m.arrays.end()) fault("cudaFree of what is no array", 0);
  const opened key;
  check_guards(a->first, a->second);
  memset(a->first, BLANK, a->second);
  m.spare.insert({block_size(a->second), a->first - GUARD});
  m.used -= block_size(a->second);
  m.arrays.erase(a);
  return result(cudaSuccess);
}

namespace {
/* Memory of the host that stays in its place, bytes. */
std::map<char *, size_t> &pinned() {
  static auto *m = new std::map<char *, size_t>;
  return *m;
}
bool is_pinned(const void *place) {
  const char *at = static_cast<const char *>(place);
  auto next = pinned().upper_bound(const_cast<char *>(at));
  if (next == pinned().begin()) return false;
  --next;
  return at < next->first + next->second;
}
} // namespace

cudaError_t fake_malloc_host(void **place, size_t bytes) {
  const one_call held;
  *place = nullptr;
  if (due("hostmalloc")) return result(cudaErrorMemoryAllocation);
  *place = malloc(bytes);
  if (*place) memset(*place, BLANK, bytes);
  if (*place) pinned()[static_cast<char *>(*place)] = bytes;
  return result(*place ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t cudaFreeHost(void *place) {
  const one_call held;
  work_all();
  pinned().erase(static_cast<char *>(place));
  free(place);
  return result(cudaSuccess);
}

cudaError_t cudaMemsetAsync(void *place, int value, size_t bytes, cudaStream_t stream) {
  const one_call held;
  if (!within(place, bytes)) return result(lose(cudaErrorIllegalAddress));
  return put(stream, [=]() { memset(place, value, bytes); });
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const one_call held;
  if (due("copy")) return result(lose(cudaErrorECCUncorrectable));
  if (kind != cudaMemcpyHostToDevice ? !within(from, bytes) : in_device(from)) return result(cudaErrorInvalidValue);
  if (kind != cudaMemcpyDeviceToHost ? !within(to, bytes) : in_device(to)) return result(cudaErrorInvalidValue);
  if (kind == cudaMemcpyHostToDevice && !is_pinned(from)) { /* read when it is asked for, from memory that may move */
    if (stream->capture) fault("a graph with a copy from memory that is not pinned; bytes", static_cast<long>(bytes));
    const char *begin = static_cast<const char *>(from);
    const auto kept = std::make_shared<std::vector<char>>(begin, begin + bytes);
    return put(stream, [=]() { memcpy(to, kept->data(), bytes); });
  }
  return put(stream, [=]() { memcpy(to, from, bytes); });
}

/* ---- streams, events, graphs ---- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
  const one_call held;
  *stream = new fake_stream;
  streams.push_back(*stream);
  return result(cudaSuccess);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const one_call held;
  work(stream);
  for (size_t n = 0; n < streams.size(); n++)
    if (streams[n] == stream) streams.erase(streams.begin() + static_cast<long>(n));
  delete stream;
  return result(cudaSuccess);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const one_call held;
  refuse_capture("cudaStreamSynchronize while a stream is captured");
  work(stream);
  if (due("sync")) return result(lose(cudaErrorLaunchFailure));
  return result(cudaSuccess);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) {
  const one_call held;
  *event = new fake_event;
  return result(cudaSuccess);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const one_call held;
  delete event;
  return result(cudaSuccess);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const one_call held;
  *event = {stream, stream->asked};
  return result(cudaSuccess);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const one_call held;
  const fake_event now = *event;
  return put(stream, [=]() { work_until(now.stream, now.at); });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const one_call held;
  if (event->stream) work_until(event->stream, event->at);
  if (due("event")) return result(lose(cudaErrorLaunchFailure));
  return result(cudaSuccess);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  const one_call held;
  if (stream->capture) fault("a stream that is captured already", 0);
  stream->capture = new fake_graph;
  return result(cudaSuccess);
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
  const one_call held;
  *graph = stream->capture;
  stream->capture = nullptr;
  return result(cudaSuccess);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long) {
  const one_call held;
  *exec = new fake_graph(*graph);
  return result(cudaSuccess);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  const one_call held;
  if (due("graph")) return result(lose(cudaErrorLaunchFailure));
  for (const operation &o : exec->list) put(stream, o.run);
  return result(cudaSuccess);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const one_call held;
  delete graph;
  return result(cudaSuccess);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  const one_call held;
  work_all(); /* the real one keeps it until it has run */
  delete exec;
  return result(cudaSuccess);
}

/* ---- launches ---- */

cudaError_t fake_launch(const cudaLaunchConfig_t *config, std::function<void()> thread) {
  const one_call held;
  const dim3 grid = config->gridDim, block = config->blockDim;
  const unsigned threads = block.x * block.y * block.z;
  if (threads == 0 || threads > 1024 || grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7FFFFFFFu ||
      grid.y > 65535u || grid.z > 65535u || config->dynamicSmemBytes > SHARED_BYTES)
    return result(cudaErrorInvalidConfiguration);
  if (due("launch")) {
    /* a fault of the kernel: seen when it runs */
    return put(config->stream, []() { (void)lose(cudaErrorLaunchFailure); });
  }
  const size_t shared = config->dynamicSmemBytes;
  return put(config->stream, [=]() {
    const bool backwards = ++launches % 2 == 0;
    blockDim = block;
    gridDim = grid;
    const size_t blocks = size_t{grid.x} * grid.y * grid.z;
    for (size_t n = 0; n < blocks; n++) {
      const size_t b = backwards ? blocks - 1 - n : n;
      blockIdx = dim3(static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y),
                      static_cast<unsigned>(b / grid.x / grid.y));
      if (shared > 0) memset(pf_shared, BLANK, shared + SHARED_GUARD);
      run_block(thread, backwards);
      for (const auto &list : waiting_copies)
        if (!list.empty()) fault("copies into shared memory that nobody waited for", static_cast<long>(list.size()));
      if (shared > 0 && !blank(reinterpret_cast<char *>(pf_shared) + shared, SHARED_GUARD))
        fault("shared memory was written beyond its end", static_cast<long>(shared));
    }
  });
}

/* ---- Fourier transforms ---- */

struct fake_plan {
  pf_fft *fft = nullptr;
  cudaStream_t stream = nullptr;
  void *work = nullptr;
};
enum { WORK_BYTES = 1024 };

cufftResult cufftCreate(cufftHandle *plan) {
  const one_call held;
  *plan = new fake_plan;
  return the().lost == cudaSuccess ? CUFFT_SUCCESS : CUFFT_INTERNAL_ERROR;
}

cufftResult cufftDestroy(cufftHandle plan) {
  const one_call held;
  work_all();
  pf_fft_cpu_destroy(plan->fft);
  delete plan;
  return CUFFT_SUCCESS;
}

cufftResult cufftSetAutoAllocation(cufftHandle, int) { return CUFFT_SUCCESS; }

cufftResult cufftMakePlanMany(cufftHandle plan, int rank, int *n, int *, int, int, int *, int, int, cufftType,
                              int batch, size_t *work) {
  const one_call held;
  const pf_grid g = {n[rank - 1], rank > 1 ? n[rank - 2] : 1, rank > 2 ? n[0] : 1, 1};
  if (due("fft")) return CUFFT_ALLOC_FAILED;
  *work = WORK_BYTES;
  return pf_fft_cpu_create(&g, batch, 1, &plan->fft) == PF_OK ? CUFFT_SUCCESS : CUFFT_ALLOC_FAILED;
}

cufftResult cufftSetStream(cufftHandle plan, cudaStream_t stream) {
  const one_call held;
  plan->stream = stream;
  return CUFFT_SUCCESS;
}

cufftResult cufftSetWorkArea(cufftHandle plan, void *work) {
  const one_call held;
  plan->work = work;
  return within(work, WORK_BYTES) ? CUFFT_SUCCESS : CUFFT_INTERNAL_ERROR;
}

/* Runs a transform, with what it must not change and what it writes wholly. */
cufftResult cufftExecD2Z(cufftHandle plan, double *field, cufftDoubleComplex *spectrum) {
  const one_call held;
  const cudaError_t error = put(plan->stream, [=]() {
    memset(plan->work, BLANK, WORK_BYTES);
    pf_fft_cpu_forward(plan->fft, field, reinterpret_cast<double *>(spectrum));
  });
  return error == cudaSuccess ? CUFFT_SUCCESS : CUFFT_EXEC_FAILED;
}

cufftResult cufftExecZ2D(cufftHandle plan, cufftDoubleComplex *spectrum, double *field) {
  const one_call held;
  const cudaError_t error = put(plan->stream, [=]() {
    const pf_grid g = pf_fft_cpu_grid(plan->fft), waves = pf_spectrum(&g);
    const size_t numbers = static_cast<size_t>(pf_fft_cpu_batch(plan->fft) * pf_cells(&waves)) * 2;
    memset(plan->work, BLANK, WORK_BYTES);
    pf_fft_cpu_inverse(plan->fft, reinterpret_cast<double *>(spectrum), field);
    memset(spectrum, BLANK, numbers * sizeof(double)); /* spent */
  });
  return error == cudaSuccess ? CUFFT_SUCCESS : CUFFT_EXEC_FAILED;
}
