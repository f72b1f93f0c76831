/* cuda_members.h: the operation `batch` of backend_cuda.cu, which includes it: one launch for several members (joined.h).
 *
 * The blocks of a member follow those of the one before it, and do what they do for it alone: launch.h says which thread
 * has which cell, and sums are taken by the same tree.  The arguments travel with the launch, by value. */

/* Members of a launch at most; more take several. */
enum { PF_TOGETHER = 32 };

template <class args>
struct many {
  args each[PF_TOGETHER];
};

/* The arguments of `members` members from chain[from] on, stage n. */
template <class args>
many<args> many_of(const pf_stage *const chain[], int from, int members, int n) {
  many<args> all;
  for (int m = 0; m < PF_TOGETHER; m++)
    all.each[m] = *static_cast<const args *>(chain[from + (m < members ? m : 0)][n].args);
  return all;
}

template <class... P, class... A>
cudaError_t start_many(cudaStream_t stream, ptrdiff_t blocks, void (*kernel)(P...), const A &...args) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(PF_LAUNCH_THREADS);
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, args...);
}

/* Where the values of each member go. */
using many_places = many<pf_sums *>;

struct many_call {
  cudaStream_t stream;
  const pf_stage *const *chain;
  int from, members, stage;
  const pf_grid *grid;
  pf_launch launch;
  pf_sums *partial;
  many_places to;
};

#define PF_MANY_VISIT_(kernel)                                                                                     \
  __global__ void PF_BOUNDS_ visit_together_##kernel(const __grid_constant__ many<pf_##kernel##_args> args,        \
                                                     const __grid_constant__ pf_grid g,                            \
                                                     const __grid_constant__ pf_launch l) {                        \
    static_assert(sizeof args < 32000, "the arguments of a launch");                                               \
    const int blocks = static_cast<int>(l.blocks), member = static_cast<int>(blockIdx.x) / blocks;                 \
    int i, j, k;                                                                                                   \
    if (pf_launch_place(&l, static_cast<int>(blockIdx.x) - member * blocks, static_cast<int>(threadIdx.x), &i, &j, \
                        &k))                                                                                       \
      pf_cell_##kernel(&args.each[member], pf_launch_at(&g, i, j, k));                                             \
  }                                                                                                                \
  cudaError_t together_##kernel(const many_call *c) {                                                              \
    return start_many(c->stream, c->launch.blocks * c->members, visit_together_##kernel,                           \
                      many_of<pf_##kernel##_args>(c->chain, c->from, c->members, c->stage), *c->grid, c->launch);  \
  }

template <class op>
__global__ void PF_BOUNDS_ reduce_together_last(const pf_sums *from, int count,
                                                const __grid_constant__ many_places to) {
  const int member = static_cast<int>(blockIdx.x);
  pf_sums mine = start_value<op>();
  for (int n = static_cast<int>(threadIdx.x); n < count; n += PF_LAUNCH_THREADS)
    combine<op>(&mine, from[member * PF_REDUCE_BLOCKS + n]);
  reduce_block<op>(mine, to.each[member]);
}

#define PF_MANY_REDUCE_(kernel, op)                                                                             \
  __global__ void PF_BOUNDS_ reduce_together_##kernel(const __grid_constant__ many<pf_##kernel##_args> args,    \
                                                      const __grid_constant__ pf_grid g,                        \
                                                      const __grid_constant__ pf_launch l, pf_sums *to) {       \
    static_assert(sizeof args < 32000, "the arguments of a launch");                                            \
    const int blocks = pf_reduce_blocks(&l), member = static_cast<int>(blockIdx.x) / blocks;                    \
    const int block = static_cast<int>(blockIdx.x) - member * blocks;                                           \
    pf_sums mine = start_value<op>();                                                                           \
    for (ptrdiff_t tile = block; tile < l.blocks; tile += blocks) {                                             \
      int i, j, k;                                                                                              \
      if (pf_launch_place(&l, static_cast<int>(tile), static_cast<int>(threadIdx.x), &i, &j, &k))               \
        combine<op>(&mine, pf_cell_##kernel(&args.each[member], pf_launch_at(&g, i, j, k)));                    \
    }                                                                                                           \
    reduce_block<op>(mine, to + member * PF_REDUCE_BLOCKS + block);                                             \
  }                                                                                                             \
  cudaError_t together_##kernel(const many_call *c) {                                                           \
    const int blocks = pf_reduce_blocks(&c->launch);                                                            \
    const cudaError_t error = start_many(                                                                       \
        c->stream, static_cast<ptrdiff_t>(blocks) * c->members, reduce_together_##kernel,                       \
        many_of<pf_##kernel##_args>(c->chain, c->from, c->members, c->stage), *c->grid, c->launch, c->partial); \
    return error != cudaSuccess                                                                                 \
               ? error                                                                                          \
               : start_many(c->stream, c->members, reduce_together_last<op>, c->partial, blocks, c->to);        \
  }
#define PF_MANY_SUM_(kernel) PF_MANY_REDUCE_(kernel, add)
#define PF_MANY_MAX_(kernel) PF_MANY_REDUCE_(kernel, larger)
PF_KERNELS(PF_MANY_VISIT_, PF_MANY_VISIT_, PF_MANY_SUM_, PF_MANY_MAX_)

using many_function = cudaError_t (*)(const many_call *);
#define PF_MANY_ENTRY_(kernel) together_##kernel,
const many_function many_runs[] = {PF_KERNELS(PF_MANY_ENTRY_, PF_MANY_ENTRY_, PF_MANY_ENTRY_, PF_MANY_ENTRY_)};

pf_status many_launch(cuda *self, many_call *c, pf_kernel kernel, int part) {
  c->launch = pf_launch_make(c->grid, part);
  if (c->launch.blocks == 0) return PF_OK;
  const cudaError_t error = many_runs[kernel](c);
  return error == cudaSuccess ? PF_OK : lose(self, error, pf_kernel_name(kernel), __FILE__, __LINE__);
}

pf_status many_room(cuda *self) {
  many_sums *s = &self->many;
  const size_t sums = PF_TOGETHER * (PF_REDUCE_BLOCKS + 1);
  if (!s->partial) PF_CUDA(self, cudaMalloc(&s->partial, sums * sizeof(pf_sums)));
  if (!s->result) PF_CUDA(self, cudaMallocHost(&s->result, PF_TOGETHER * sizeof(pf_sums)));
  return PF_OK;
}

void free_many(cuda *self) {
  if (self->lost) return;
  if (self->many.partial) (void)cudaFree(self->many.partial);
  if (self->many.result) (void)cudaFreeHost(self->many.result);
}

/* One stage for members from ... from + members - 1. */
pf_status many_stage(cuda *self, many_call *c, double (*result)[PF_SUMS], double *const *to) {
  const pf_kernel kernel = c->chain[c->from][c->stage].kernel;
  if (pf_kernel_kind_of(kernel) == PF_KIND_SWEEP) {
    for (int part = 0; part < PF_SWEEP_PARTS; part++) PF_TRY(many_launch(self, c, kernel, part));
    return PF_OK;
  }
  if (!result && !to) return many_launch(self, c, kernel, PF_ALL_CELLS);
  PF_TRY(many_room(self));
  const size_t bytes = static_cast<size_t>(c->members) * sizeof(pf_sums);
  c->partial = self->many.partial;
  pf_sums *back = c->partial + PF_TOGETHER * PF_REDUCE_BLOCKS;
  for (int m = 0; m < c->members; m++) c->to.each[m] = to ? reinterpret_cast<pf_sums *>(to[c->from + m]) : back + m;
  PF_TRY(many_launch(self, c, kernel, PF_ALL_CELLS));
  if (to) return PF_OK;
  PF_CUDA(self, cudaMemcpyAsync(self->many.result, back, bytes, cudaMemcpyDeviceToHost, self->stream));
  PF_CUDA(self, cudaStreamSynchronize(self->stream));
  memcpy(result[c->from], self->many.result, bytes);
  return PF_OK;
}

pf_status cuda_batch(pf_backend *b, int members, const pf_stage *const chain[], int stages, const pf_grid *g,
                     double (*result)[PF_SUMS], double *const *to) {
  cuda *self = self_of(b);
  PF_TRY(settle(b));
  const pf_launch l = pf_launch_make(g, PF_ALL_CELLS);
  if (members == 1 || l.blocks > PF_LAUNCH_BLOCKS_MAX / PF_TOGETHER)
    return pf_batch_plain(b, members, chain, stages, g, result, to);
  for (int m = 0; m < members; m++) {
    const bool one = stages == 1 && (result || to);
    PF_TRY(one ? pf_kernel_check(chain[m]->kernel, pf_kernel_kind_of(chain[m]->kernel), g)
               : pf_chain_check(chain[m], stages, g));
  }
  many_call c = {};
  c.stream = self->stream;
  c.chain = chain;
  c.grid = g;
  for (c.stage = 0; c.stage < stages; c.stage++) {
    for (c.from = 0; c.from < members; c.from += PF_TOGETHER) {
      c.members = members - c.from < PF_TOGETHER ? members - c.from : PF_TOGETHER;
      PF_TRY(many_stage(self, &c, result, to));
    }
  }
  return PF_OK;
}
