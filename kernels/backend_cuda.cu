/* backend_cuda.cu: the kernels on an NVIDIA GPU.  No arithmetic here; which thread has which cell: launch.h.
 *
 * One stream: operations run in the order of their calls, map and sweep return at once, download, sum, max and
 * synchronize wait.  A second stream brings what is fetched into rooms, while the first goes on.  After a device error nothing
 * touches the device any more: every further call says so.
 *
 * What is asked for between begin and end is written down first.  At the end the kernels of small grids that follow each
 * other become one launch, chains on large grids another (cuda_fused.h); and a list that came before, with the same
 * arguments, is a CUDA graph, one call for all of it.  So is what members of a batch have in common (cuda_members.h). */
#include "backend.h"
#include "cuda_fused.h"
#include "launch.h"

#include <cuda_runtime.h>
#include <cufft.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <atomic>
#include <new>
#include <unordered_map>
#include <vector>

namespace {

/* One operation that waits, of every member the same but for its arguments.  No padding holds chance values: lists are
 * compared as bytes. */
enum operation_kind { MAP_OR_SWEEP, TOTAL, COPY };
struct operation {
  operation_kind kind;
  pf_kernel kernel;
  int stages; /* of the chain that begins here */
  pf_grid grid;
  size_t bytes;        /* of a copy */
  size_t args, stride; /* where they begin in the list's bytes, behind the ends; from one member to the next */
};
struct operation_ends {
  void *to; /* of a total or copy */
  const void *from;
};
struct operations {
  int members;
  std::vector<operation> list;
  std::vector<unsigned char> args;
};

/* A list that was run, and its graph once it has come again; table: what its launches read (cuda_members.h), device. */
struct known_list {
  operations what;
  cudaGraphExec_t graph;
  void *table;
};
enum { PF_GRAPHS_MAX = 256, PF_GRAPHS_BYTES = 1 << 28 }; /* lists that are kept, and their bytes */

/* Partial sums of members (cuda_members.h), made with the first that needs them. */
struct many_sums {
  pf_sums *partial; /* [PF_TOGETHER][PF_REDUCE_BLOCKS], then [PF_TOGETHER] results, device */
  pf_sums *result;  /* [PF_TOGETHER], host, pinned */
  void *table;      /* of lists without a graph, device */
  size_t table_bytes;
};

struct cuda {
  cudaStream_t stream, fetches;
  operations waiting;
  int open; /* begin without end */
  std::unordered_multimap<size_t, known_list> known;
  size_t known_bytes; /* of these lists and their tables */
  float *spare;       /* copies of arrays that a tile reads and writes */
  size_t spare_bytes; /* of it */
  bool spare_refused; /* there is no memory for it */
  tile_limits tiles;
  std::unordered_map<void *, size_t> sizes; /* of the arrays, bytes */
  pf_sums *partial;                         /* [PF_REDUCE_BLOCKS + 1], device: of each block; the last: the result */
  pf_sums *result;                          /* host, pinned */
  std::atomic<bool> lost;                   /* looked at by threads that wait for a room */
  char reason[160];                         /* why, where the device is lost */
  many_sums many;
  pf_sums *parts; /* of dots (cuda_fused.h), [members][dots_stride], device */
  size_t parts_bytes;
};

pf_status lose(cuda *self, cudaError_t error, const char *what, const char *file, int line) {
  self->lost = true;
  snprintf(self->reason, sizeof self->reason, "%.60s: %.80s", what, cudaGetErrorString(error));
  return pf_status_set(PF_FAILED, file, line, "the device failed (%s)", self->reason);
}

/* The value of a call: any error means that the device is lost. */
#define PF_CUDA(self, call)                                                                  \
  do {                                                                                       \
    const cudaError_t pf_error_ = (call);                                                    \
    if (pf_error_ != cudaSuccess) return lose((self), pf_error_, #call, __FILE__, __LINE__); \
  } while (0)
#define PF_ALIVE(self) PF_CHECK(!(self)->lost, PF_FAILED, "device lost (%s)", (self)->reason)

cuda *self_of(pf_backend *b) { return static_cast<cuda *>(b->self); }

/* ---- kernels ---- */

/* A launch; its value is what cudaGetLastError would say of it. */
template <class... P, class... A>
cudaError_t start_with(cudaStream_t stream, ptrdiff_t blocks, int members, int threads, size_t shared,
                       void (*kernel)(P...), const A &...args) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(members));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, args...);
}
template <class... P, class... A>
cudaError_t start(cudaStream_t stream, ptrdiff_t blocks, void (*kernel)(P...), const A &...args) {
  return start_with(stream, blocks, 1, PF_LAUNCH_THREADS, 0, kernel, args...);
}

/* Two blocks a multiprocessor at least: up to 255 registers a thread, so that none is spilled. */
#define PF_BOUNDS_ __launch_bounds__(PF_LAUNCH_THREADS, 2)

#define PF_DEVICE_VISIT_(kernel)                                                                                      \
  __global__ void PF_BOUNDS_ visit_##kernel(const __grid_constant__ pf_##kernel##_args args,                          \
                                            const __grid_constant__ pf_grid g, const __grid_constant__ pf_launch l) { \
    int i, j, k;                                                                                                      \
    if (pf_launch_place(&l, static_cast<int>(blockIdx.x), static_cast<int>(threadIdx.x), &i, &j, &k))                 \
      pf_cell_##kernel(&args, pf_launch_at(&g, i, j, k));                                                             \
  }                                                                                                                   \
  cudaError_t run_##kernel(cudaStream_t stream, const void *args, const pf_grid *g, const pf_launch *l, pf_sums *,    \
                           pf_sums *) {                                                                               \
    return start(stream, l->blocks, visit_##kernel, *static_cast<const pf_##kernel##_args *>(args), *g, *l);          \
  }

struct add {
  static __device__ double start() { return 0; }
  static __device__ double of(double a, double b) { return a + b; }
};
struct larger { /* a NaN stays */
  static __device__ double start() { return -HUGE_VAL; }
  static __device__ double of(double a, double b) { return a > b || isnan(a) ? a : b; }
};

template <class op>
__device__ void combine(pf_sums *to, const pf_sums &value) {
#pragma unroll
  for (int s = 0; s < PF_SUMS; s++) to->s[s] = op::of(to->s[s], value.s[s]);
}

/* The values of a block's threads, into `to` by thread 0. */
template <class op>
__device__ void reduce_block(const pf_sums &mine, pf_sums *to) {
  static __shared__ double shared[PF_SUMS][PF_LAUNCH_THREADS];
  const int thread = static_cast<int>(threadIdx.x);
#pragma unroll
  for (int s = 0; s < PF_SUMS; s++) shared[s][thread] = mine.s[s];
  __syncthreads();
  for (int width = PF_LAUNCH_THREADS / 2; width > 0; width /= 2) {
    const int other = pf_reduce_other(thread, width);
    if (other >= 0) {
#pragma unroll
      for (int s = 0; s < PF_SUMS; s++) shared[s][thread] = op::of(shared[s][thread], shared[s][other]);
    }
    __syncthreads();
  }
  if (thread == 0) {
#pragma unroll
    for (int s = 0; s < PF_SUMS; s++) to->s[s] = shared[s][0];
  }
}

template <class op>
__device__ pf_sums start_value() {
  pf_sums r;
#pragma unroll
  for (int s = 0; s < PF_SUMS; s++) r.s[s] = op::start();
  return r;
}

/* The last step: the results of `count` blocks. */
template <class op>
__global__ void PF_BOUNDS_ reduce_last(const pf_sums *from, int count, pf_sums *to) {
  pf_sums mine = start_value<op>();
  for (int n = static_cast<int>(threadIdx.x); n < count; n += PF_LAUNCH_THREADS) combine<op>(&mine, from[n]);
  reduce_block<op>(mine, to);
}

#define PF_DEVICE_REDUCE_(kernel, op)                                                                                \
  __global__ void PF_BOUNDS_ reduce_##kernel(const __grid_constant__ pf_##kernel##_args args,                        \
                                             const __grid_constant__ pf_grid g, const __grid_constant__ pf_launch l, \
                                             pf_sums *to) {                                                          \
    pf_sums mine = start_value<op>();                                                                                \
    const int blocks = static_cast<int>(gridDim.x);                                                                  \
    for (ptrdiff_t tile = static_cast<int>(blockIdx.x); tile < l.blocks; tile += blocks) {                           \
      int i, j, k;                                                                                                   \
      if (pf_launch_place(&l, static_cast<int>(tile), static_cast<int>(threadIdx.x), &i, &j, &k))                    \
        combine<op>(&mine, pf_cell_##kernel(&args, pf_launch_at(&g, i, j, k)));                                      \
    }                                                                                                                \
    reduce_block<op>(mine, to + blockIdx.x);                                                                         \
  }                                                                                                                  \
  cudaError_t run_##kernel(cudaStream_t stream, const void *args, const pf_grid *g, const pf_launch *l,              \
                           pf_sums *partial, pf_sums *to) {                                                          \
    const int blocks = pf_reduce_blocks(l);                                                                          \
    const cudaError_t error =                                                                                        \
        start(stream, blocks, reduce_##kernel, *static_cast<const pf_##kernel##_args *>(args), *g, *l, partial);     \
    return error != cudaSuccess ? error : start(stream, 1, reduce_last<op>, partial, blocks, to);                    \
  }
#define PF_DEVICE_SUM_(kernel) PF_DEVICE_REDUCE_(kernel, add)
#define PF_DEVICE_MAX_(kernel) PF_DEVICE_REDUCE_(kernel, larger)
PF_KERNELS(PF_DEVICE_VISIT_, PF_DEVICE_VISIT_, PF_DEVICE_SUM_, PF_DEVICE_MAX_)

using run_function = cudaError_t (*)(cudaStream_t, const void *, const pf_grid *, const pf_launch *, pf_sums *,
                                     pf_sums *);
#define PF_RUN_ENTRY_(kernel) run_##kernel,
const run_function runs[] = {PF_KERNELS(PF_RUN_ENTRY_, PF_RUN_ENTRY_, PF_RUN_ENTRY_, PF_RUN_ENTRY_)};

/* Dots, whose parts a tile has made or not (cuda_members.h): of `members` members from `from` on. */
struct dots_call {
  pf_kernel kernel;
  const pf_grid *grid;
  const void *const *args; /* [members] */
  pf_sums *const *to;      /* [members] */
  int from, members;
  bool made;
};
pf_status launch_dots(cuda *self, const dots_call &c);

/* One launch over a part of the grid; to: where the values of a sum or maximum go. */
pf_status launch(cuda *self, pf_kernel kernel, const pf_grid *g, const void *args, int part, pf_sums *to) {
  const pf_launch l = pf_launch_make(g, part);
  if (l.blocks == 0) return PF_OK;
  if (in_parts(kernel, *g)) return launch_dots(self, {kernel, g, &args, &to, 0, 1, false});
  PF_CHECK(l.blocks <= PF_LAUNCH_BLOCKS_MAX, PF_FAILED, "kernel %s: the grid %d x %d x %d is too large for one launch",
           pf_kernel_name(kernel), g->nx, g->ny, g->nz);
  const cudaError_t error = runs[kernel](self->stream, args, g, &l, self->partial, to);
  return error == cudaSuccess ? PF_OK : lose(self, error, pf_kernel_name(kernel), __FILE__, __LINE__);
}

/* A MAP or SWEEP kernel; first: of a sweep's parts. */
pf_status launch_all(cuda *self, pf_kernel kernel, const pf_grid *g, const void *args, int first) {
  if (pf_kernel_kind_of(kernel) == PF_KIND_MAP) return launch(self, kernel, g, args, PF_ALL_CELLS, nullptr);
  for (int part = first; part < PF_SWEEP_PARTS; part++) PF_TRY(launch(self, kernel, g, args, part, nullptr));
  return PF_OK;
}

/* ---- chains ---- */

void forget_graphs(cuda *self) {
  for (auto &k : self->known) {
    if (k.second.graph && !self->lost) (void)cudaGraphExecDestroy(k.second.graph);
    if (k.second.table && !self->lost) (void)cudaFree(k.second.table);
  }
  self->known.clear();
  self->known_bytes = 0;
}

/* Room for a copy of `bytes`; false: there is none, and the chain runs kernel by kernel. */
bool spare_room(pf_backend *b, size_t bytes) {
  cuda *self = self_of(b);
  if (bytes <= self->spare_bytes) return true;
  if (self->spare_refused) return false;
  b->release(b, self->spare);
  forget_graphs(self); /* they know the old one */
  self->spare = nullptr;
  self->spare_bytes = 0;
  void *made = nullptr;
  self->spare_refused = b->allocate(b, bytes, &made) != PF_OK;
  if (self->spare_refused) return false;
  self->spare = static_cast<float *>(made);
  self->spare_bytes = bytes;
  return true;
}

/* The array of the tile that is read and written, or NULL; *many: there are several. */
tile_array *tile_both(tile *t, bool *many) {
  tile_array *found = nullptr;
  *many = false;
  for (int a = 0; a < t->arrays; a++) {
    if (!t->array[a].from || t->array[a].from != t->array[a].to) continue;
    *many = found != nullptr;
    found = &t->array[a];
  }
  return found;
}

size_t tile_copy_bytes(tile *t) {
  bool many;
  const tile_array *both = tile_both(t, &many);
  return both ? static_cast<size_t>(both->parts) * static_cast<size_t>(pf_cells(&t->g)) * static_cast<size_t>(t->size)
              : 0;
}

ptrdiff_t tile_blocks(const tile &t) {
  return static_cast<ptrdiff_t>(t.tiles_x) * t.tiles_y * pf_ceil_divide(t.g.nz, t.n[2]);
}

/* How many stages of a chain, from the first on, are one tile (behind, k: the kernel behind the chain, or PF_KERNEL_COUNT): as
 * many as can be, where there are seams up to the first sweep; 0: none. */
int tile_piece(const cuda *self, const pf_stage *stage, int stages, const pf_grid *g, pf_kernel behind, const void *k,
               tile *t, size_t *shared) {
  bool many = false;
  int most = stages;
  if (pf_sweep_seam(g->ny) || pf_sweep_seam(g->nz))
    for (most = 1; most < stages && pf_kernel_kind_of(stage[most - 1].kernel) != PF_KIND_SWEEP;) most++;
  for (int count = self->tiles.bytes > 0 ? most : 0; count > 0; count--) {
    const pf_kernel next = count == stages ? behind : PF_KERNEL_COUNT;
    if (!tile_plan(stage, count, g, next, k, self->tiles, t, shared)) continue;
    (void)tile_both(t, &many);
    if (!many) return count;
  }
  return 0;
}

/* Room for the copies of a chain's tiles. */
void chain_room(pf_backend *b, const pf_stage *stage, int stages, const pf_grid *g) {
  tile t;
  size_t shared;
  for (int s = 0; s < stages;) {
    const int count = tile_piece(self_of(b), stage + s, stages - s, g, PF_KERNEL_COUNT, nullptr, &t, &shared);
    if (count > 0) (void)spare_room(b, tile_copy_bytes(&t));
    s += count > 0 ? count : 1;
  }
}

pf_status run_tile_of(cuda *self, tile *t, size_t shared) {
  bool many;
  const size_t copy = tile_copy_bytes(t);
  if (tile_array *both = tile_both(t, &many)) {
    PF_CUDA(self, cudaMemcpyAsync(self->spare, both->from, copy, cudaMemcpyDeviceToDevice, self->stream));
    both->from = self->spare;
  }
  const auto kernel = t->size == sizeof(float) ? (t->depth == 1 ? run_tile<float, true> : run_tile<float, false>)
                                               : (t->depth == 1 ? run_tile<double, true> : run_tile<double, false>);
  PF_CUDA(self, start_with(self->stream, tile_blocks(*t), 1, PF_TILE_THREADS, shared, kernel, *t));
  return PF_OK;
}

/* A chain; behind, k: the kernel that comes next, or PF_KERNEL_COUNT.  *taken: it was done, too. */
pf_status run_chain(pf_backend *b, const pf_stage *stage, int stages, const pf_grid *g, pf_kernel behind, const void *k,
                    bool *taken) {
  cuda *self = self_of(b);
  tile t;
  size_t shared;
  *taken = false;
  PF_ALIVE(self);
  for (int s = 0; s < stages;) {
    const int count = tile_piece(self, stage + s, stages - s, g, behind, k, &t, &shared);
    if (count == 0 || tile_copy_bytes(&t) > self->spare_bytes) {
      PF_TRY(launch_all(self, stage[s].kernel, g, stage[s].args, 0));
      s++;
      continue;
    }
    t.parts = self->parts;
    PF_TRY(run_tile_of(self, &t, shared));
    s += count;
    *taken = t.restricts || t.dots;
    if (pf_kernel_kind_of(stage[s - 1].kernel) == PF_KIND_SWEEP)
      PF_TRY(launch_all(self, stage[s - 1].kernel, g, stage[s - 1].args, PF_SWEEP_SEAMS));
  }
  return PF_OK;
}

/* ---- lists ---- */

const void *args_of(const operations &o, size_t n, int member) {
  return o.args.data() + o.list[n].args + static_cast<size_t>(member) * o.list[n].stride;
}
operation_ends ends_of(const operations &o, size_t n, int member) {
  operation_ends ends;
  memcpy(&ends, static_cast<const unsigned char *>(args_of(o, n, member)) - sizeof ends, sizeof ends);
  return ends;
}

/* Operations n ... end - 1, of a chain, of a member; and the kernel behind it with its arguments, or PF_KERNEL_COUNT. */
struct chain {
  pf_stage stage[PF_STAGES_MAX];
  int stages;
  pf_kernel behind;
  const void *k;
};
chain chain_of(const operations &o, size_t n, size_t end, int member) {
  chain c = {};
  const pf_grid &g = o.list[n].grid;
  for (; n < end; n++) c.stage[c.stages++] = {o.list[n].kernel, args_of(o, n, member)};
  const bool more = end < o.list.size() && o.list[end].kind != COPY &&
                    (o.list[end].kind == MAP_OR_SWEEP || memcmp(&o.list[end].grid, &g, sizeof g) == 0);
  c.behind = more ? o.list[end].kernel : PF_KERNEL_COUNT;
  c.k = more ? args_of(o, end, member) : nullptr;
  return c;
}

/* Kernels from `first` on that one block can run in one launch. */
size_t tail_length(const operations &o, size_t first) {
  size_t n = first;
  while (n < o.list.size() && (o.members > 1 || n - first < PF_TAIL_STEPS) && o.list[n].kind == MAP_OR_SWEEP &&
         pf_cells(&o.list[n].grid) <= PF_TAIL_CELLS && fused_known(o.list[n].kernel))
    n++;
  return n - first;
}

void put_step(const operations &o, size_t n, int member, tail_step *to) {
  to->kernel = o.list[n].kernel;
  to->grid = o.list[n].grid;
  memcpy(to->args, args_of(o, n, member), pf_kernel_args_bytes(to->kernel));
}

pf_status launch_tail(cuda *self, const operations &o, size_t first, size_t count) {
  tail t; /* 30 kB */
  memset(&t, 0, sizeof t);
  t.count = static_cast<int>(count);
  for (size_t n = 0; n < count; n++) put_step(o, first + n, 0, &t.step[n]);
  PF_CUDA(self, start_with(self->stream, 1, 1, PF_TAIL_THREADS, 0, run_tail, t));
  return PF_OK;
}

/* A list of one member. */
pf_status run_list(pf_backend *b, const operations &o) {
  cuda *self = self_of(b);
  for (size_t n = 0; n < o.list.size();) {
    const operation &x = o.list[n];
    const operation_ends ends = ends_of(o, n, 0);
    const size_t small = tail_length(o, n);
    bool taken = false;
    if (small > 1) {
      PF_TRY(launch_tail(self, o, n, small));
      n += small;
      continue;
    }
    if (x.kind == COPY) {
      PF_CUDA(self, cudaMemcpyAsync(ends.to, ends.from, x.bytes, cudaMemcpyDeviceToDevice, self->stream));
    } else if (x.kind == TOTAL) {
      PF_TRY(launch(self, x.kernel, &x.grid, args_of(o, n, 0), PF_ALL_CELLS, static_cast<pf_sums *>(ends.to)));
    } else {
      const chain c = chain_of(o, n, n + static_cast<size_t>(x.stages), 0);
      PF_TRY(run_chain(b, c.stage, c.stages, &x.grid, c.behind, c.k, &taken));
      if (taken && in_parts(c.behind, x.grid)) {
        pf_sums *to = static_cast<pf_sums *>(ends_of(o, n + static_cast<size_t>(x.stages), 0).to);
        PF_TRY(launch_dots(self, {c.behind, &x.grid, &c.k, &to, 0, 1, true}));
      }
    }
    n += static_cast<size_t>(x.stages) + taken;
  }
  return PF_OK;
}

/* One more operation for all members; each then has its arguments put in. */
void put_off(operations *o, operation_kind kind, pf_kernel kernel, const pf_grid *g, int stages, size_t bytes) {
  operation x;
  memset(&x, 0, sizeof x);
  x.kind = kind;
  x.kernel = kernel;
  x.stages = stages;
  if (g) {
    x.grid.nx = g->nx;
    x.grid.ny = g->ny;
    x.grid.nz = g->nz;
    x.grid.h = g->h;
  }
  x.bytes = bytes;
  const size_t own = kind == COPY ? 0 : pf_kernel_args_bytes(kernel);
  x.stride = (sizeof(operation_ends) + own + 15) / 16 * 16;
  x.args = o->args.size() + sizeof(operation_ends);
  o->args.resize(o->args.size() + static_cast<size_t>(o->members) * x.stride);
  o->list.push_back(x);
}
void put_in(operations *o, int member, const void *args, void *to, const void *from) {
  const operation &x = o->list.back();
  unsigned char *place = o->args.data() + x.args + static_cast<size_t>(member) * x.stride;
  const operation_ends ends = {to, from};
  memcpy(place - sizeof ends, &ends, sizeof ends);
  if (args) memcpy(place, args, pf_kernel_args_bytes(x.kernel));
}
/* Of one member. */
void put_one(operations *o, operation_kind kind, pf_kernel kernel, const pf_grid *g, const void *args, int stages,
             void *to, const void *from, size_t bytes) {
  put_off(o, kind, kernel, g, stages, bytes);
  put_in(o, 0, args, to, from);
}

static_assert(sizeof(operation) % sizeof(size_t) == 0, "lists are read in whole numbers");
size_t list_hash(const operations &o) {
  size_t h = 1469598103934665603u + static_cast<size_t>(o.members);
  const auto bytes = [&h](const void *from, size_t count) {
    for (size_t n = 0; n < count; n += sizeof(size_t)) {
      size_t word;
      memcpy(&word, static_cast<const unsigned char *>(from) + n, sizeof word);
      h = (h ^ word) * 1099511628211u;
      h ^= h >> 29;
    }
  };
  bytes(o.list.data(), o.list.size() * sizeof(operation));
  bytes(o.args.data(), o.args.size());
  return h;
}

bool same_list(const operations &a, const operations &b) {
  return a.members == b.members && a.list.size() == b.list.size() && a.args == b.args &&
         memcmp(a.list.data(), b.list.data(), a.list.size() * sizeof(operation)) == 0;
}

size_t list_bytes(const operations &o) { return o.args.size() + o.list.size() * sizeof(operation); }

/* What members have in common (cuda_members.h). */
pf_status run_together(pf_backend *b, const operations &o, known_list *graph_of);

/* What a graph is made of: the list's launches, between these two. */
pf_status capture_begin(cuda *self) {
  PF_CUDA(self, cudaStreamBeginCapture(self->stream, cudaStreamCaptureModeThreadLocal));
  return PF_OK;
}
pf_status capture_end(cuda *self, pf_status status, cudaGraphExec_t *exec) {
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(self->stream, &graph);
  if (status != PF_OK || ended != cudaSuccess) {
    if (graph && !self->lost) (void)cudaGraphDestroy(graph);
    return status != PF_OK ? status : lose(self, ended, "cudaStreamEndCapture", __FILE__, __LINE__);
  }
  const cudaError_t made = cudaGraphInstantiate(exec, graph, 0);
  (void)cudaGraphDestroy(graph);
  return made == cudaSuccess ? PF_OK : lose(self, made, "cudaGraphInstantiate", __FILE__, __LINE__);
}

/* The list as a graph. */
pf_status make_graph(pf_backend *b, known_list *k) {
  if (k->what.members > 1) return run_together(b, k->what, k);
  PF_TRY(capture_begin(self_of(b)));
  return capture_end(self_of(b), run_list(b, k->what), &k->graph);
}

/* Room for the parts of dots; graphs know the old one. */
pf_status parts_room(cuda *self, const pf_grid &g, int members);

/* Runs the list: where it is a whole one, the first time as it is, then as a graph. */
pf_status run_known(pf_backend *b, const operations &o, bool whole) {
  cuda *self = self_of(b);
  known_list *found = nullptr;
  for (const operation &x : o.list)
    if (x.kind == TOTAL && in_parts(x.kernel, x.grid)) PF_TRY(parts_room(self, x.grid, o.members));
  const size_t hash = whole ? list_hash(o) : 0;
  const auto range = self->known.equal_range(hash);
  for (auto k = range.first; whole && k != range.second; ++k)
    if (same_list(k->second.what, o)) found = &k->second;
  if (!found) {
    PF_TRY(o.members > 1 ? run_together(b, o, nullptr) : run_list(b, o));
    if (!whole) return PF_OK;
    if (self->known.size() >= PF_GRAPHS_MAX || self->known_bytes + list_bytes(o) > PF_GRAPHS_BYTES) forget_graphs(self);
    self->known.insert({hash, known_list{o, nullptr, nullptr}});
    self->known_bytes += list_bytes(o);
    return PF_OK;
  }
  if (!found->graph) PF_TRY(make_graph(b, found));
  PF_CUDA(self, cudaGraphLaunch(found->graph, self->stream));
  return PF_OK;
}

pf_status run_waiting(pf_backend *b, bool whole) {
  operations &o = self_of(b)->waiting;
  if (o.list.empty()) return PF_OK;
  const pf_status status = run_known(b, o, whole);
  o.list.clear();
  o.args.clear();
  return status;
}

/* Every operation that does not wait begins with this. */
pf_status settle(pf_backend *b) {
  PF_ALIVE(self_of(b));
  return run_waiting(b, false);
}

pf_status cuda_begin(pf_backend *b) {
  PF_ALIVE(self_of(b));
  self_of(b)->open++;
  return PF_OK;
}

pf_status cuda_end(pf_backend *b) {
  cuda *self = self_of(b);
  self->open--;
  PF_ALIVE(self);
  return self->open == 0 ? run_waiting(b, true) : PF_OK;
}

/* ---- operations ---- */

pf_status cuda_chain(pf_backend *b, const pf_stage *stage, int stages, const pf_grid *g) {
  cuda *self = self_of(b);
  PF_ALIVE(self);
  PF_TRY(pf_chain_check(stage, stages, g));
  bool taken;
  chain_room(b, stage, stages, g); /* it cannot be had while a graph is made */
  if (self->open == 0) return run_chain(b, stage, stages, g, PF_KERNEL_COUNT, nullptr, &taken);
  for (int n = 0; n < stages; n++)
    put_one(&self->waiting, MAP_OR_SWEEP, stage[n].kernel, g, stage[n].args, n == 0 ? stages : 1, nullptr, nullptr, 0);
  return PF_OK;
}

pf_status cuda_map(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  cuda *self = self_of(b);
  PF_ALIVE(self);
  PF_TRY(pf_kernel_check(kernel, PF_KIND_MAP, g));
  if (self->open == 0) return launch_all(self, kernel, g, args, 0);
  put_one(&self->waiting, MAP_OR_SWEEP, kernel, g, args, 1, nullptr, nullptr, 0);
  return PF_OK;
}

pf_status cuda_sweep(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  cuda *self = self_of(b);
  PF_ALIVE(self);
  PF_TRY(pf_kernel_check(kernel, PF_KIND_SWEEP, g));
  if (self->open == 0) return launch_all(self, kernel, g, args, 0);
  put_one(&self->waiting, MAP_OR_SWEEP, kernel, g, args, 1, nullptr, nullptr, 0);
  return PF_OK;
}

pf_status cuda_total(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double *to) {
  cuda *self = self_of(b);
  PF_ALIVE(self);
  PF_TRY(pf_kernel_check(kernel, PF_KIND_SUM, g));
  if (self->open == 0) return launch(self, kernel, g, args, PF_ALL_CELLS, reinterpret_cast<pf_sums *>(to));
  put_one(&self->waiting, TOTAL, kernel, g, args, 1, to, nullptr, 0);
  return PF_OK;
}

pf_status reduce(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  cuda *self = self_of(b);
  PF_TRY(settle(b));
  PF_TRY(launch(self, kernel, g, args, PF_ALL_CELLS, self->partial + PF_REDUCE_BLOCKS));
  PF_CUDA(self, cudaMemcpyAsync(self->result, self->partial + PF_REDUCE_BLOCKS, sizeof *self->result,
                                cudaMemcpyDeviceToHost, self->stream));
  PF_CUDA(self, cudaStreamSynchronize(self->stream));
  memcpy(result, self->result->s, sizeof self->result->s);
  return PF_OK;
}

pf_status cuda_sum(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  PF_ALIVE(self_of(b));
  PF_TRY(pf_kernel_check(kernel, PF_KIND_SUM, g));
  return reduce(b, kernel, g, args, result);
}

pf_status cuda_max(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  PF_ALIVE(self_of(b));
  PF_TRY(pf_kernel_check(kernel, PF_KIND_MAX, g));
  return reduce(b, kernel, g, args, result);
}

/* ---- memory ---- */

pf_status cuda_allocate(pf_backend *b, size_t bytes, void **array) {
  cuda *self = self_of(b);
  *array = nullptr;
  PF_ALIVE(self);
  size_t available = 0, total = 0;
  void *place = nullptr;
  PF_CUDA(self, cudaMemGetInfo(&available, &total));
  cudaError_t error = bytes <= available ? cudaMalloc(&place, bytes > 0 ? bytes : 1) : cudaErrorMemoryAllocation;
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError(); /* no memory is no fault of the device */
    return PF_FAIL(PF_NO_MEMORY, "the device needs %.3f GiB more, %.3f GiB are free (%.3f GiB in use here)",
                   static_cast<double>(bytes) / 1073741824.0, static_cast<double>(available) / 1073741824.0,
                   static_cast<double>(b->bytes) / 1073741824.0);
  }
  PF_CUDA(self, error);
  error = cudaMemsetAsync(place, 0, bytes, self->stream);
  if (error != cudaSuccess) {
    (void)cudaFree(place);
    return lose(self, error, "cudaMemsetAsync", __FILE__, __LINE__);
  }
  self->sizes[place] = bytes;
  b->bytes += bytes;
  if (b->bytes > b->bytes_peak) b->bytes_peak = b->bytes;
  *array = place;
  return PF_OK;
}

void cuda_release(pf_backend *b, void *array) {
  cuda *self = self_of(b);
  const auto entry = self->sizes.find(array);
  if (entry == self->sizes.end()) return;
  b->bytes -= entry->second;
  self->sizes.erase(entry);
  if (settle(b) != PF_OK) return;
  cudaError_t error = cudaStreamSynchronize(self->stream); /* kernels may still use it */
  if (error == cudaSuccess) error = cudaFree(array);
  if (error != cudaSuccess) (void)lose(self, error, "release", __FILE__, __LINE__);
}

/* Of a room: copies of what is fetched, which lie on the device until they have arrived. */
struct cuda_room {
  unsigned char *copies; /* NULL: none, and what is fetched is waited for */
  bool refused;
  cudaEvent_t made, there; /* the last copy; all is in the room */
  bool has_made, has_there, under_way;
};
enum { PF_FETCH_SHARE = 10 }; /* of the memory that is free a room takes no more than its tenth part */

void cuda_release_host(pf_backend *b, pf_room *room) {
  cuda *self = self_of(b);
  cuda_room *r = static_cast<cuda_room *>(room->own);
  const cudaError_t error = r && r->under_way && !self->lost ? cudaEventSynchronize(r->there) : cudaSuccess;
  if (error != cudaSuccess) (void)lose(self, error, "cudaEventSynchronize", __FILE__, __LINE__);
  if (!self->lost) {
    if (r && r->has_made) (void)cudaEventDestroy(r->made);
    if (r && r->has_there) (void)cudaEventDestroy(r->there);
    if (r && r->copies) b->release(b, r->copies);
    if (room->place) (void)cudaFreeHost(room->place);
  }
  delete r;
  *room = {};
}

pf_status room_make(cuda *self, pf_room *room) {
  cuda_room *r = static_cast<cuda_room *>(room->own);
  const unsigned plain = cudaEventDisableTiming;
  const cudaError_t error = cudaMallocHost(&room->place, room->bytes > 0 ? room->bytes : 1);
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError(); /* no memory is no fault of the device */
    room->place = nullptr;
    return PF_FAIL(PF_NO_MEMORY, "the host has no %.3f GiB more that stay in their place",
                   static_cast<double>(room->bytes) / 1073741824.0);
  }
  PF_CUDA(self, error);
  PF_CUDA(self, cudaEventCreateWithFlags(&r->made, plain));
  r->has_made = true;
  PF_CUDA(self, cudaEventCreateWithFlags(&r->there, plain | cudaEventBlockingSync));
  r->has_there = true;
  return PF_OK;
}

pf_status cuda_allocate_host(pf_backend *b, size_t bytes, pf_room *room) {
  cuda *self = self_of(b);
  *room = {};
  PF_ALIVE(self);
  room->bytes = bytes;
  room->own = new (std::nothrow) cuda_room();
  PF_CHECK(room->own, PF_NO_MEMORY, "no memory for a room");
  const pf_status status = room_make(self, room);
  if (status != PF_OK) cuda_release_host(b, room);
  return status;
}

/* Memory for the copies, with the first of them. */
pf_status copies_make(pf_backend *b, const pf_room *room, cuda_room *r) {
  size_t available = 0, total = 0;
  if (r->copies || r->refused) return PF_OK;
  PF_CUDA(self_of(b), cudaMemGetInfo(&available, &total));
  void *made = nullptr;
  if (room->bytes <= available / PF_FETCH_SHARE) {
    const pf_status status = b->allocate(b, room->bytes, &made);
    if (status != PF_NO_MEMORY) PF_TRY(status);
  }
  r->copies = static_cast<unsigned char *>(made);
  r->refused = !made;
  return PF_OK;
}

pf_status cuda_fetch(pf_backend *b, pf_room *room, size_t at, const void *from, size_t bytes) {
  cuda *self = self_of(b);
  cuda_room *r = static_cast<cuda_room *>(room->own);
  unsigned char *to = static_cast<unsigned char *>(room->place) + at;
  PF_TRY(settle(b));
  PF_TRY(pf_room_check(room, at, bytes));
  PF_TRY(copies_make(b, room, r));
  if (!r->copies) return b->download(b, to, from, bytes);
  PF_CUDA(self, cudaMemcpyAsync(r->copies + at, from, bytes, cudaMemcpyDeviceToDevice, self->stream));
  PF_CUDA(self, cudaEventRecord(r->made, self->stream));
  PF_CUDA(self, cudaStreamWaitEvent(self->fetches, r->made, 0));
  PF_CUDA(self, cudaMemcpyAsync(to, r->copies + at, bytes, cudaMemcpyDeviceToHost, self->fetches));
  PF_CUDA(self, cudaEventRecord(r->there, self->fetches));
  r->under_way = true;
  return PF_OK;
}

/* Another thread's: what fails here the thread that computes finds by itself. */
pf_status cuda_arrived(pf_backend *b, const pf_room *room) {
  const cuda_room *r = static_cast<const cuda_room *>(room->own);
  if (!r->under_way) return PF_OK;
  PF_CHECK(!self_of(b)->lost, PF_FAILED, "device lost");
  const cudaError_t error = cudaEventSynchronize(r->there);
  PF_CHECK(error == cudaSuccess, PF_FAILED, "the device failed (cudaEventSynchronize: %s)", cudaGetErrorString(error));
  return PF_OK;
}

pf_status cuda_upload(pf_backend *b, void *to, const void *host, size_t bytes) {
  cuda *self = self_of(b);
  PF_TRY(settle(b));
  PF_CUDA(self, cudaMemcpyAsync(to, host, bytes, cudaMemcpyHostToDevice, self->stream));
  PF_CUDA(self, cudaStreamSynchronize(self->stream)); /* the host may change its copy at once */
  return PF_OK;
}

pf_status cuda_download(pf_backend *b, void *host, const void *from, size_t bytes) {
  cuda *self = self_of(b);
  PF_TRY(settle(b));
  PF_CUDA(self, cudaMemcpyAsync(host, from, bytes, cudaMemcpyDeviceToHost, self->stream));
  PF_CUDA(self, cudaStreamSynchronize(self->stream));
  return PF_OK;
}

/* All of them with one wait. */
pf_status cuda_transfer(pf_backend *b, const pf_transfer *list, int count) {
  cuda *self = self_of(b);
  PF_TRY(settle(b));
  for (int n = 0; n < count; n++)
    PF_CUDA(self, cudaMemcpyAsync(list[n].to, list[n].from, list[n].bytes,
                                  list[n].up ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost, self->stream));
  PF_CUDA(self, cudaStreamSynchronize(self->stream));
  return PF_OK;
}

pf_status cuda_copy(pf_backend *b, void *to, const void *from, size_t bytes) {
  cuda *self = self_of(b);
  PF_ALIVE(self);
  if (self->open > 0) {
    put_one(&self->waiting, COPY, PF_KERNEL_COUNT, nullptr, nullptr, 1, to, from, bytes);
    return PF_OK;
  }
  PF_CUDA(self, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, self->stream));
  return PF_OK;
}

/* ---- Fourier transforms: cuFFT, its work space an array of the backend ---- */

} // namespace

struct pf_fft {
  cufftHandle forward, inverse;
  bool has_forward, has_inverse;
  void *work; /* of both, in turn */
};

namespace {

/* A transform that failed for want of memory is no fault of the device; any other is. */
pf_status fft_status(cuda *self, cufftResult result, const char *what, const char *file, int line) {
  if (result == CUFFT_SUCCESS) return PF_OK;
  if (result == CUFFT_ALLOC_FAILED)
    return pf_status_set(PF_NO_MEMORY, file, line, "the device has no memory for a Fourier transform (%s)", what);
  self->lost = true;
  snprintf(self->reason, sizeof self->reason, "%.60s: cuFFT error %d", what, static_cast<int>(result));
  return pf_status_set(PF_FAILED, file, line, "the device failed (%s)", self->reason);
}
#define PF_CUFFT(self, call) PF_TRY(fft_status((self), (call), #call, __FILE__, __LINE__))

void cuda_fft_destroy(pf_backend *b, pf_fft *fft) {
  if (!fft) return;
  if (!self_of(b)->lost) {
    if (fft->has_forward) (void)cufftDestroy(fft->forward);
    if (fft->has_inverse) (void)cufftDestroy(fft->inverse);
  }
  b->release(b, fft->work);
  delete fft;
}

/* One plan, without work space; *size: how much it needs, bytes. */
pf_status fft_plan(cuda *self, const pf_grid *g, int batch, cufftType type, cufftHandle *plan, bool *made,
                   size_t *size) {
  /* slowest first, as cuFFT has it; directions of one cell are left out */
  const int rank = pf_dimensions(g), real[3] = {g->nz, g->ny, g->nx}, half[3] = {g->nz, g->ny, g->nx / 2 + 1};
  int lengths[3], fields[3], waves[3];
  for (int d = 0; d < rank; d++) {
    lengths[d] = fields[d] = real[3 - rank + d];
    waves[d] = half[3 - rank + d];
  }
  const pf_grid spectrum = pf_spectrum(g);
  const int forward = type == CUFFT_D2Z, cells = static_cast<int>(pf_cells(g)),
            numbers = static_cast<int>(pf_cells(&spectrum));
  PF_CUFFT(self, cufftCreate(plan));
  *made = true;
  PF_CUFFT(self, cufftSetAutoAllocation(*plan, 0));
  PF_CUFFT(self, cufftMakePlanMany(*plan, rank, lengths, forward ? fields : waves, 1, forward ? cells : numbers,
                                   forward ? waves : fields, 1, forward ? numbers : cells, type, batch, size));
  PF_CUFFT(self, cufftSetStream(*plan, self->stream));
  return PF_OK;
}

pf_status fft_make(pf_backend *b, const pf_grid *g, int batch, pf_fft *fft) {
  cuda *self = self_of(b);
  size_t size[2] = {0, 0};
  PF_TRY(fft_plan(self, g, batch, CUFFT_D2Z, &fft->forward, &fft->has_forward, &size[0]));
  PF_TRY(fft_plan(self, g, batch, CUFFT_Z2D, &fft->inverse, &fft->has_inverse, &size[1]));
  PF_TRY(b->allocate(b, size[0] > size[1] ? size[0] : size[1], &fft->work));
  PF_CUFFT(self, cufftSetWorkArea(fft->forward, fft->work));
  PF_CUFFT(self, cufftSetWorkArea(fft->inverse, fft->work));
  return PF_OK;
}

pf_status cuda_fft_create(pf_backend *b, const pf_grid *g, int batch, pf_fft **result) {
  *result = nullptr;
  PF_ALIVE(self_of(b));
  PF_CHECK(static_cast<double>(pf_cells(g)) < 2147483647.0, PF_FAILED, "%d x %d x %d cells are too many for cuFFT",
           g->nx, g->ny, g->nz);
  pf_fft *fft = new (std::nothrow) pf_fft();
  PF_CHECK(fft, PF_NO_MEMORY, "no memory for a Fourier transform");
  const pf_status status = fft_make(b, g, batch, fft);
  if (status != PF_OK) {
    cuda_fft_destroy(b, fft);
    return status;
  }
  *result = fft;
  return PF_OK;
}

pf_status cuda_fft_forward(pf_backend *b, pf_fft *fft, const double *field, double *spectrum) {
  PF_TRY(settle(b));
  PF_CUFFT(self_of(b),
           cufftExecD2Z(fft->forward, const_cast<double *>(field), reinterpret_cast<cufftDoubleComplex *>(spectrum)));
  return PF_OK;
}

pf_status cuda_fft_inverse(pf_backend *b, pf_fft *fft, double *spectrum, double *field) {
  PF_TRY(settle(b));
  PF_CUFFT(self_of(b), cufftExecZ2D(fft->inverse, reinterpret_cast<cufftDoubleComplex *>(spectrum), field));
  return PF_OK;
}

pf_status cuda_synchronize(pf_backend *b) {
  cuda *self = self_of(b);
  PF_TRY(settle(b));
  PF_CUDA(self, cudaStreamSynchronize(self->stream));
  return PF_OK;
}

/* Gives back what there is; on a lost device the driver does it when the program ends. */
void free_all(cuda *self) {
  forget_graphs(self);
  if (!self->lost) {
    for (const auto &entry : self->sizes) (void)cudaFree(entry.first);
    if (self->partial) (void)cudaFree(self->partial);
    if (self->parts) (void)cudaFree(self->parts);
    if (self->result) (void)cudaFreeHost(self->result);
    if (self->fetches) (void)cudaStreamDestroy(self->fetches);
    if (self->stream) (void)cudaStreamDestroy(self->stream);
  }
  delete self;
}

#include "cuda_members.h"

void cuda_destroy(pf_backend *b) {
  free_many(self_of(b));
  free_all(self_of(b));
}

/* ---- the device ---- */

/* The first device that CUDA_VISIBLE_DEVICES leaves; any error on the way means that there is none to use. */
pf_status find_device(cudaDeviceProp *properties) {
  int count = 0, driver = 0, runtime = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  (void)cudaGetLastError();
  (void)cudaDriverGetVersion(&driver);
  (void)cudaRuntimeGetVersion(&runtime);
  const char *visible = getenv("CUDA_VISIBLE_DEVICES");
  const char *reason = cudaGetErrorString(counted);
  PF_CHECK(counted == cudaSuccess || driver > 0, PF_NO_DEVICE, "no GPU: no NVIDIA driver is installed (%s)", reason);
  PF_CHECK(counted != cudaErrorInsufficientDriver, PF_NO_DEVICE,
           "no GPU: the NVIDIA driver is too old, it serves CUDA %d.%d, this pfsolve was built with %d.%d (%s)",
           driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10, reason);
  if (counted == cudaErrorNoDevice || (counted == cudaSuccess && count == 0)) {
    return visible ? PF_FAIL(PF_NO_DEVICE, "no GPU: CUDA_VISIBLE_DEVICES='%.80s' leaves none", visible)
                   : PF_FAIL(PF_NO_DEVICE, "no GPU: the driver finds none");
  }
  PF_CHECK(counted == cudaSuccess, PF_NO_DEVICE, "no GPU: %s", reason);
  cudaError_t error = cudaSetDevice(0);
  if (error == cudaSuccess) error = cudaGetDeviceProperties(properties, 0);
  if (error == cudaSuccess) error = cudaFree(nullptr); /* makes the context */
  (void)cudaGetLastError();
  PF_CHECK(error == cudaSuccess, PF_NO_DEVICE, "the GPU cannot be used: %s", cudaGetErrorString(error));
  cudaFuncAttributes attributes;
  error = cudaFuncGetAttributes(&attributes, reduce_last<add>);
  (void)cudaGetLastError();
  PF_CHECK(error == cudaSuccess, PF_NO_DEVICE,
           "this pfsolve has no kernels for %s (compute capability %d.%d): %s; build with CUDA_CHIPS=%d%d",
           properties->name, properties->major, properties->minor, cudaGetErrorString(error), properties->major,
           properties->minor);
  return PF_OK;
}

template <bool flat>
cudaError_t tiles_may_have(int bytes) {
  const cudaFuncAttribute most = cudaFuncAttributeMaxDynamicSharedMemorySize;
  cudaError_t error = cudaFuncSetAttribute(run_tile<float, flat>, most, bytes);
  if (error == cudaSuccess) error = cudaFuncSetAttribute(run_tile<double, flat>, most, bytes);
  if (error == cudaSuccess) error = cudaFuncSetAttribute(run_tiles<float, flat>, most, bytes);
  if (error == cudaSuccess) error = cudaFuncSetAttribute(run_tiles<double, flat>, most, bytes);
  return error;
}

} // namespace

pf_status pf_backend_cuda(pf_backend *b) {
  cudaDeviceProp properties;
  PF_TRY(find_device(&properties));
  cuda *self = new (std::nothrow) cuda();
  PF_CHECK(self, PF_NO_MEMORY, "no memory for a backend");
  cudaError_t error = cudaStreamCreateWithFlags(&self->stream, cudaStreamNonBlocking);
  if (error == cudaSuccess) error = cudaStreamCreateWithFlags(&self->fetches, cudaStreamNonBlocking);
  if (error == cudaSuccess) error = cudaMalloc(&self->partial, (PF_REDUCE_BLOCKS + 1) * sizeof(pf_sums));
  if (error == cudaSuccess) error = cudaMallocHost(&self->result, sizeof(pf_sums));
  size_t available = 0, total = 0;
  if (error == cudaSuccess) error = cudaMemGetInfo(&available, &total);
  self->waiting.members = 1;
  const int processors = properties.multiProcessorCount;
  self->tiles = {properties.sharedMemPerBlockOptin - 4096 /* less what tiles have without asking */,
                 processors < PF_TILE_BLOCKS ? processors : PF_TILE_BLOCKS};
  const int most = static_cast<int>(self->tiles.bytes);
  if (error == cudaSuccess &&
      (tiles_may_have<true>(most) != cudaSuccess || tiles_may_have<false>(most) != cudaSuccess)) {
    (void)cudaGetLastError();
    self->tiles.bytes = 0; /* then chains run kernel by kernel */
  }
  if (error != cudaSuccess) {
    (void)cudaGetLastError();
    free_all(self);
    return PF_FAIL(error == cudaErrorMemoryAllocation ? PF_NO_MEMORY : PF_NO_DEVICE, "the GPU cannot be used: %s",
                   cudaGetErrorString(error));
  }
  memset(b, 0, sizeof *b);
  b->name = "cuda";
  b->launches = true;
  b->self = self;
  b->room = static_cast<double>(available);
  b->allocate = cuda_allocate;
  b->release = cuda_release;
  b->allocate_host = cuda_allocate_host;
  b->release_host = cuda_release_host;
  b->fetch = cuda_fetch;
  b->arrived = cuda_arrived;
  b->upload = cuda_upload;
  b->download = cuda_download;
  b->copy = cuda_copy;
  b->transfer = cuda_transfer;
  b->map = cuda_map;
  b->sweep = cuda_sweep;
  b->sum = cuda_sum;
  b->max = cuda_max;
  b->chain = cuda_chain;
  b->total = cuda_total;
  b->begin = cuda_begin;
  b->end = cuda_end;
  b->fft_create = cuda_fft_create;
  b->fft_destroy = cuda_fft_destroy;
  b->fft_forward = cuda_fft_forward;
  b->fft_inverse = cuda_fft_inverse;
  b->batch = cuda_batch;
  b->reduce = cuda_reduce;
  b->synchronize = cuda_synchronize;
  b->destroy = cuda_destroy;
  snprintf(b->device, sizeof b->device, "%.150s, compute capability %d.%d, %.1f GiB", properties.name, properties.major,
           properties.minor, static_cast<double>(properties.totalGlobalMem) / 1073741824.0);
  return PF_OK;
}
