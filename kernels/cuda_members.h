/* cuda_members.h: the operations `batch` and `reduce` of backend_cuda.cu, which includes it: one launch for several members
 * (joined.h).
 *
 * Of a kernel the blocks of a member follow those of the one before it, and do what they do for it alone: launch.h says which
 * thread has which cell, and sums are taken by the same tree.  The arguments travel with the launch, by value.
 *
 * Tails and tiles (cuda_fused.h) are those of each member alone, too; what they need for all members is more than a launch
 * takes, and lies in a table on the device.  A list that came before, of the same members with the same arguments, is a
 * graph. */

/* Members of a launch at most; more take several. */
enum { PF_TOGETHER = 32 };

template <class args>
struct many {
  args each[PF_TOGETHER];
};

/* Of operation n the arguments of `members` members from `from` on. */
template <class args>
many<args> many_of(const operations *o, size_t n, int from, int members) {
  many<args> all;
  for (int m = 0; m < PF_TOGETHER; m++)
    memcpy(&all.each[m], args_of(*o, n, from + (m < members ? m : 0)), sizeof(args));
  return all;
}

/* Where the values of each member go. */
using many_places = many<pf_sums *>;

struct many_call {
  cudaStream_t stream;
  const operations *of;
  size_t n; /* of its operations */
  int from, members;
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
    return start(c->stream, c->launch.blocks * c->members, visit_together_##kernel,                                \
                 many_of<pf_##kernel##_args>(c->of, c->n, c->from, c->members), *c->grid, c->launch);              \
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

#define PF_MANY_REDUCE_(kernel, op)                                                                                  \
  __global__ void PF_BOUNDS_ reduce_together_##kernel(const __grid_constant__ many<pf_##kernel##_args> args,         \
                                                      const __grid_constant__ pf_grid g,                             \
                                                      const __grid_constant__ pf_launch l, pf_sums *to) {            \
    static_assert(sizeof args < 32000, "the arguments of a launch");                                                 \
    const int blocks = pf_reduce_blocks(&l), member = static_cast<int>(blockIdx.x) / blocks;                         \
    const int block = static_cast<int>(blockIdx.x) - member * blocks;                                                \
    pf_sums mine = start_value<op>();                                                                                \
    for (ptrdiff_t tile = block; tile < l.blocks; tile += blocks) {                                                  \
      int i, j, k;                                                                                                   \
      if (pf_launch_place(&l, static_cast<int>(tile), static_cast<int>(threadIdx.x), &i, &j, &k))                    \
        combine<op>(&mine, pf_cell_##kernel(&args.each[member], pf_launch_at(&g, i, j, k)));                         \
    }                                                                                                                \
    reduce_block<op>(mine, to + member * PF_REDUCE_BLOCKS + block);                                                  \
  }                                                                                                                  \
  cudaError_t together_##kernel(const many_call *c) {                                                                \
    const int blocks = pf_reduce_blocks(&c->launch);                                                                 \
    const cudaError_t error =                                                                                        \
        start(c->stream, static_cast<ptrdiff_t>(blocks) * c->members, reduce_together_##kernel,                      \
              many_of<pf_##kernel##_args>(c->of, c->n, c->from, c->members), *c->grid, c->launch, c->partial);       \
    return error != cudaSuccess ? error                                                                              \
                                : start(c->stream, c->members, reduce_together_last<op>, c->partial, blocks, c->to); \
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

/* Memory; where there is none it is NULL, and no fault of the device. */
pf_status try_memory(cuda *self, size_t bytes, void **made) {
  const cudaError_t error = cudaMalloc(made, bytes);
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    *made = nullptr;
    return PF_OK;
  }
  PF_CUDA(self, error);
  return PF_OK;
}

pf_status many_room(cuda *self) {
  many_sums *s = &self->many;
  const size_t sums = PF_TOGETHER * (PF_REDUCE_BLOCKS + 1);
  void *made = s->partial;
  if (!made) PF_TRY(try_memory(self, sums * sizeof(pf_sums), &made));
  PF_CHECK(made, PF_NO_MEMORY, "the device has no memory for the sums of members");
  s->partial = static_cast<pf_sums *>(made);
  if (s->result) return PF_OK;
  const cudaError_t error = cudaMallocHost(&s->result, PF_TOGETHER * sizeof(pf_sums));
  if (error != cudaErrorMemoryAllocation)
    PF_CUDA(self, error);
  else
    (void)cudaGetLastError(), s->result = nullptr;
  PF_CHECK(s->result, PF_NO_MEMORY, "the host has no memory that stays in its place for the sums of members");
  return PF_OK;
}

/* ---- dots ---- */

pf_status parts_room(cuda *self, const pf_grid &g, int members) {
  const size_t bytes = static_cast<size_t>(dots_stride(g)) * static_cast<size_t>(members) * sizeof(pf_sums);
  void *made;
  if (bytes <= self->parts_bytes) return PF_OK;
  forget_graphs(self);
  PF_CUDA(self, cudaStreamSynchronize(self->stream));
  if (self->parts) PF_CUDA(self, cudaFree(self->parts));
  self->parts = nullptr;
  self->parts_bytes = 0;
  PF_TRY(try_memory(self, bytes, &made));
  PF_CHECK(made, PF_NO_MEMORY, "the device has no memory for the dots of %d x %d x %d cells", g.nx, g.ny, g.nz);
  self->parts = static_cast<pf_sums *>(made);
  self->parts_bytes = bytes;
  return PF_OK;
}

enum { PF_DOTS_WIDE = 64, PF_DOTS_HIGH = PF_LAUNCH_THREADS / PF_DOTS_WIDE * PF_DOTS_Y };
#define PF_DOTS_(kernel)                                                                                               \
  __global__ void PF_BOUNDS_ parts_of_##kernel(const __grid_constant__ many<pf_##kernel##_args> args,                  \
                                               const __grid_constant__ pf_grid g, ptrdiff_t stride, pf_sums *to) {     \
    static __shared__ dots_column room[PF_LAUNCH_THREADS];                                                             \
    const int across = pf_ceil_divide(g.nx, PF_DOTS_WIDE), block = static_cast<int>(blockIdx.x), row = block / across; \
    const auto *own = &args.each[blockIdx.y];                                                                          \
    dots_make(g, (block - row * across) * PF_DOTS_WIDE, row * PF_DOTS_HIGH, PF_DOTS_WIDE, PF_DOTS_HIGH, room,          \
              to + blockIdx.y * stride, [own](pf_at at) { return pf_cell_##kernel(own, at); });                        \
  }                                                                                                                    \
  cudaError_t start_##kernel(cuda *self, const dots_call &c, pf_sums *to) {                                            \
    many<pf_##kernel##_args> all;                                                                                      \
    for (int m = 0; m < PF_TOGETHER; m++)                                                                              \
      all.each[m] = *static_cast<const pf_##kernel##_args *>(c.args[m < c.members ? m : 0]);                           \
    const int across = pf_ceil_divide(c.grid->nx, PF_DOTS_WIDE), rows = pf_ceil_divide(c.grid->ny, PF_DOTS_HIGH);      \
    return start_with(self->stream, static_cast<ptrdiff_t>(across) * rows, c.members, PF_LAUNCH_THREADS, 0,            \
                      parts_of_##kernel, all, *c.grid, dots_stride(*c.grid), to);                                      \
  }
PF_DOTS_(mg_dots)
PF_DOTS_(mg_dots_double)

/* The first step of what adds parts up, where they are many. */
__global__ void PF_BOUNDS_ add_parts(const pf_sums *from, ptrdiff_t count, ptrdiff_t stride, pf_sums *to) {
  const pf_sums *own = from + blockIdx.y * stride;
  pf_sums mine = start_value<add>();
  for (ptrdiff_t n = ptrdiff_t{blockIdx.x} * PF_LAUNCH_THREADS + threadIdx.x; n < count;
       n += ptrdiff_t{gridDim.x} * PF_LAUNCH_THREADS)
    combine<add>(&mine, own[n]);
  reduce_block<add>(mine, to + blockIdx.y * PF_REDUCE_BLOCKS + blockIdx.x);
}

pf_status launch_dots(cuda *self, const dots_call &c) {
  const pf_grid &g = *c.grid;
  PF_TRY(parts_room(self, g, c.from + c.members));
  const ptrdiff_t count = dots_count(g), stride = dots_stride(g), all = (count - 1) / PF_LAUNCH_THREADS + 1;
  const pf_sums *from = self->parts + c.from * stride;
  int blocks = static_cast<int>(count);
  many_places to;
  for (int m = 0; m < PF_TOGETHER; m++) to.each[m] = c.to[m < c.members ? m : 0];
  if (!c.made)
    PF_CUDA(self, c.kernel == PF_KERNEL_mg_dots ? start_mg_dots(self, c, self->parts + c.from * stride)
                                                : start_mg_dots_double(self, c, self->parts + c.from * stride));
  if (count > PF_REDUCE_BLOCKS) {
    pf_sums *partial = c.members > 1 ? self->many.partial : self->partial;
    blocks = all < PF_REDUCE_BLOCKS ? static_cast<int>(all) : PF_REDUCE_BLOCKS;
    PF_CUDA(self,
            start_with(self->stream, blocks, c.members, PF_LAUNCH_THREADS, 0, add_parts, from, count, stride, partial));
    from = partial;
  }
  PF_CUDA(self, start(self->stream, c.members, reduce_together_last<add>, from, blocks, to));
  return PF_OK;
}

/* ---- kernels ---- */

/* For many_kernel: a tile has made the parts of the dots. */
enum { PF_DOTS_MADE = -1 };

/* Operation n as kernels, for all members; first: of a sweep's parts, or PF_DOTS_MADE; result: of a reduction whose results come back. */
pf_status many_kernel(cuda *self, const operations &o, size_t n, int first, double (*result)[PF_SUMS]) {
  const operation &x = o.list[n];
  const bool sweep = pf_kernel_kind_of(x.kernel) == PF_KIND_SWEEP;
  many_call c = {};
  c.stream = self->stream;
  c.of = &o;
  c.n = n;
  c.grid = &x.grid;
  c.partial = self->many.partial;
  pf_sums *back = c.partial + PF_TOGETHER * PF_REDUCE_BLOCKS;
  for (c.from = 0; c.from < o.members; c.from += PF_TOGETHER) {
    c.members = o.members - c.from < PF_TOGETHER ? o.members - c.from : PF_TOGETHER;
    for (int m = 0; m < c.members; m++)
      c.to.each[m] = result ? back + m : static_cast<pf_sums *>(ends_of(o, n, c.from + m).to);
    if (in_parts(x.kernel, x.grid)) {
      const void *args[PF_TOGETHER];
      for (int m = 0; m < c.members; m++) args[m] = args_of(o, n, c.from + m);
      PF_TRY(launch_dots(self, {x.kernel, &x.grid, args, c.to.each, c.from, c.members, first == PF_DOTS_MADE}));
    }
    for (int part = first; sweep && part < PF_SWEEP_PARTS; part++) PF_TRY(many_launch(self, &c, x.kernel, part));
    if (!sweep && !in_parts(x.kernel, x.grid)) PF_TRY(many_launch(self, &c, x.kernel, PF_ALL_CELLS));
    if (!result) continue;
    const size_t bytes = static_cast<size_t>(c.members) * sizeof(pf_sums);
    PF_CUDA(self, cudaMemcpyAsync(self->many.result, back, bytes, cudaMemcpyDeviceToHost, self->stream));
    PF_CUDA(self, cudaStreamSynchronize(self->stream));
    memcpy(result[c.from], self->many.result, bytes);
  }
  return PF_OK;
}

/* ---- lists ---- */

/* Copies of members, one behind the other in y; 16 bytes at a time, then what is left. */
struct copy_place {
  unsigned char *to;
  const unsigned char *from;
};
__global__ void PF_BOUNDS_ copy_together(const copy_place *of, size_t bytes) {
  const copy_place p = of[blockIdx.y];
  const size_t stride = size_t{gridDim.x} * blockDim.x, first = size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const size_t whole = bytes / sizeof(float4);
  for (size_t n = first; n < whole; n += stride)
    reinterpret_cast<float4 *>(p.to)[n] = reinterpret_cast<const float4 *>(p.from)[n];
  for (size_t n = whole * sizeof(float4) + first; n < bytes; n += stride) p.to[n] = p.from[n];
}

/* One launch of a list. */
struct together_launch {
  enum { KERNEL, TAIL, TILE, COPIES } what;
  size_t n;     /* the operation; of a tail the first */
  size_t table; /* where what it needs of the members begins there */
  int count;    /* of a tail: its steps; of a kernel: the first of a sweep's parts */
  size_t bytes; /* of a copy; of a tile: shared memory */
  ptrdiff_t blocks;
  bool wide, flat; /* a tile in double precision; in two dimensions */
};
struct together_plan {
  std::vector<together_launch> launches;
  std::vector<unsigned char> table;
};

/* Room in the table for all members; it may move later. */
template <class type>
type *table_room(together_plan *p, together_launch *l, int count) {
  p->table.resize((p->table.size() + 63) / 64 * 64);
  l->table = p->table.size();
  p->table.resize(l->table + static_cast<size_t>(count) * sizeof(type));
  return reinterpret_cast<type *>(p->table.data() + l->table);
}

void plan_copies(together_plan *p, const operations &o, size_t n, size_t bytes, const std::vector<copy_place> &places) {
  const ptrdiff_t most = PF_REDUCE_BLOCKS,
                  blocks = static_cast<ptrdiff_t>(bytes / sizeof(float4) / PF_LAUNCH_THREADS) + 1;
  together_launch l = {together_launch::COPIES, n, 0, 0, bytes, blocks < most ? blocks : most, false, false};
  copy_place *to = table_room<copy_place>(p, &l, o.members);
  for (int m = 0; m < o.members; m++) to[m] = places[static_cast<size_t>(m)];
  p->launches.push_back(l);
}

void plan_tail(together_plan *p, const operations &o, size_t n, size_t count) {
  together_launch l = {together_launch::TAIL, n, 0, static_cast<int>(count), 0, o.members, false, false};
  tail_step *to = table_room<tail_step>(p, &l, o.members * l.count);
  for (int m = 0; m < o.members; m++)
    for (size_t s = 0; s < count; s++) put_step(o, n + s, m, to++);
  p->launches.push_back(l);
}

/* The first stages of the chain n ... end - 1 as a tile for each member, how many: 0 where it cannot be one.  dry: only *copy is
 * wanted, the bytes of a member's copy.  *taken: it ends with the operation behind the chain. */
int plan_tile(const cuda *self, together_plan *p, const operations &o, size_t n, size_t end, bool dry, size_t *copy,
              bool *taken) {
  std::vector<tile> tiles(static_cast<size_t>(o.members));
  std::vector<copy_place> places;
  size_t shared = 0, first_shared = 0;
  int count = 0;
  bool many;
  for (int m = 0; m < o.members; m++) {
    tile *t = &tiles[static_cast<size_t>(m)];
    const chain c = chain_of(o, n, end, m);
    const int own = tile_piece(self, c.stage, c.stages, &o.list[n].grid, c.behind, c.k, t, &shared);
    if (m == 0) count = own, first_shared = shared;
    if (own == 0 || own != count || shared != first_shared || t->arrays != tiles[0].arrays ||
        t->restricts != tiles[0].restricts || t->dots != tiles[0].dots ||
        tile_copy_bytes(t) != tile_copy_bytes(&tiles[0]))
      return 0;
  }
  *taken = tiles[0].restricts || tiles[0].dots;
  *copy = tile_copy_bytes(&tiles[0]);
  if (dry) return count;
  for (int m = 0; m < o.members; m++)
    tiles[static_cast<size_t>(m)].parts = self->parts + m * dots_stride(o.list[n].grid);
  const size_t room = (*copy + 63) / 64 * 64;
  for (int m = 0; m < o.members; m++) {
    tile_array *both = tile_both(&tiles[static_cast<size_t>(m)], &many);
    if (!both) break;
    unsigned char *to = reinterpret_cast<unsigned char *>(self->spare) + static_cast<size_t>(m) * room;
    places.push_back({to, static_cast<const unsigned char *>(both->from)});
    both->from = to;
  }
  if (*copy > 0) plan_copies(p, o, n, *copy, places);
  together_launch l = {together_launch::TILE, n, 0, 0, shared, tile_blocks(tiles[0]), tiles[0].size == sizeof(double),
                       tiles[0].depth == 1};
  memcpy(table_room<tile>(p, &l, o.members), tiles.data(), tiles.size() * sizeof(tile));
  p->launches.push_back(l);
  return count;
}

/* The chain at n, which may be one kernel.  *taken: the operation behind it was done, too. */
void plan_chain(const cuda *self, const operations &o, size_t n, bool fused, bool dry, together_plan *p, size_t *copy,
                bool *taken) {
  const size_t end = n + static_cast<size_t>(o.list[n].stages);
  while (n < end) {
    size_t bytes = 0;
    const int count = fused ? plan_tile(self, p, o, n, end, dry, &bytes, taken) : 0;
    if (bytes > *copy) *copy = bytes;
    n += count > 0 ? static_cast<size_t>(count) : 1;
    const bool sweep = pf_kernel_kind_of(o.list[n - 1].kernel) == PF_KIND_SWEEP;
    if (!dry && (count == 0 || sweep))
      p->launches.push_back({together_launch::KERNEL, n - 1, 0, count > 0 ? PF_SWEEP_SEAMS : 0, 0, 0, false, false});
  }
}

/* The launches of the list.  dry: nothing is planned, *copy: the most bytes that a member's array needs of the spare room. */
void plan_list(const cuda *self, const operations &o, bool fused, bool dry, together_plan *p, size_t *copy) {
  for (size_t n = 0; n < o.list.size();) {
    const operation &x = o.list[n];
    const size_t small = fused ? tail_length(o, n) : 0;
    bool taken = false;
    if (small > 1) {
      if (!dry) plan_tail(p, o, n, small);
      n += small;
      continue;
    }
    if (x.kind == COPY) {
      std::vector<copy_place> places;
      for (int m = 0; m < o.members; m++) {
        const operation_ends ends = ends_of(o, n, m);
        places.push_back({static_cast<unsigned char *>(ends.to), static_cast<const unsigned char *>(ends.from)});
      }
      if (!dry) plan_copies(p, o, n, x.bytes, places);
    } else {
      plan_chain(self, o, n, fused && x.kind == MAP_OR_SWEEP, dry, p, copy, &taken);
    }
    n += static_cast<size_t>(x.stages) + taken;
    if (taken && !dry && in_parts(o.list[n - 1].kernel, x.grid))
      p->launches.push_back({together_launch::KERNEL, n - 1, 0, PF_DOTS_MADE, 0, 0, false, false});
  }
}

pf_status launch_plan(cuda *self, const operations &o, const together_plan &p, const unsigned char *table) {
  for (const together_launch &l : p.launches) {
    const unsigned char *of = table + l.table;
    if (l.what == together_launch::KERNEL) PF_TRY(many_kernel(self, o, l.n, l.count, nullptr));
    if (l.what == together_launch::TAIL)
      PF_CUDA(self, start_with(self->stream, l.blocks, 1, PF_TAIL_THREADS, 0, run_tails,
                               reinterpret_cast<const tail_step *>(of), l.count));
    if (l.what == together_launch::COPIES)
      PF_CUDA(self, start_with(self->stream, l.blocks, o.members, PF_LAUNCH_THREADS, 0, copy_together,
                               reinterpret_cast<const copy_place *>(of), l.bytes));
    if (l.what == together_launch::TILE) {
      const auto kernel = l.wide ? (l.flat ? run_tiles<double, true> : run_tiles<double, false>)
                                 : (l.flat ? run_tiles<float, true> : run_tiles<float, false>);
      PF_CUDA(self, start_with(self->stream, l.blocks, o.members, PF_TILE_THREADS, l.bytes, kernel,
                               reinterpret_cast<const tile *>(of)));
    }
  }
  return PF_OK;
}

/* The table on the device, for this time (graph_of NULL) or as long as the graph lives; *table NULL: there is no memory. */
pf_status bring_table(cuda *self, const together_plan &p, known_list *graph_of, void **table) {
  const size_t bytes = p.table.size();
  *table = nullptr;
  if (graph_of) {
    PF_TRY(try_memory(self, bytes > 0 ? bytes : 1, table));
    graph_of->table = *table;
    self->known_bytes += bytes;
  } else {
    if (bytes > self->many.table_bytes) {
      if (self->many.table) PF_CUDA(self, cudaFree(self->many.table));
      self->many.table_bytes = 0;
      PF_TRY(try_memory(self, bytes, &self->many.table));
      if (self->many.table) self->many.table_bytes = bytes;
    }
    *table = self->many.table;
  }
  /* from memory that is not pinned: it may change as soon as the call returns */
  if (*table && bytes > 0)
    PF_CUDA(self, cudaMemcpyAsync(*table, p.table.data(), bytes, cudaMemcpyHostToDevice, self->stream));
  return PF_OK;
}

pf_status run_together(pf_backend *b, const operations &o, known_list *graph_of) {
  cuda *self = self_of(b);
  together_plan p;
  size_t copy = 0;
  void *table;
  PF_TRY(many_room(self));
  plan_list(self, o, true, true, &p, &copy);
  const size_t spare = (copy + 63) / 64 * 64 * static_cast<size_t>(o.members);
  plan_list(self, o, spare == 0 || spare_room(b, spare), false, &p, &copy);
  PF_ALIVE(self);
  PF_TRY(bring_table(self, p, graph_of, &table));
  PF_CHECK(table || p.table.empty(), PF_NO_MEMORY, "the device has no memory for what %d members need together",
           o.members);
  if (!graph_of) return launch_plan(self, o, p, static_cast<const unsigned char *>(table));
  PF_TRY(capture_begin(self));
  return capture_end(self, launch_plan(self, o, p, static_cast<const unsigned char *>(table)), &graph_of->graph);
}

void free_many(cuda *self) {
  if (self->lost) return;
  if (self->many.partial) (void)cudaFree(self->many.partial);
  if (self->many.result) (void)cudaFreeHost(self->many.result);
  if (self->many.table) (void)cudaFree(self->many.table);
}

/* ---- operations ---- */

pf_status many_check(int members, const pf_task *const list[], int count) {
  for (int m = 0; m < members; m++)
    for (int n = 0; n < count; n++) {
      const pf_task *t = &list[m][n];
      if (t->stages == 0) continue;
      PF_TRY(t->to ? pf_kernel_check(t->stage->kernel, PF_KIND_SUM, &t->grid)
                   : pf_chain_check(t->stage, t->stages, &t->grid));
    }
  return PF_OK;
}

bool many_fits(const pf_grid *g) {
  return pf_launch_make(g, PF_ALL_CELLS).blocks <= PF_LAUNCH_BLOCKS_MAX / PF_TOGETHER;
}

pf_status cuda_batch(pf_backend *b, int members, const pf_task *const list[], int count) {
  PF_TRY(settle(b));
  bool fits = members > 1;
  for (int n = 0; n < count; n++) fits = fits && (list[0][n].stages == 0 || many_fits(&list[0][n].grid));
  if (!fits) return pf_batch_plain(b, members, list, count);
  PF_TRY(many_check(members, list, count));
  operations o = {members, {}, {}};
  for (int n = 0; n < count; n++) {
    const pf_task *t = &list[0][n];
    if (t->stages == 0) {
      put_off(&o, COPY, PF_KERNEL_COUNT, nullptr, 1, t->bytes);
      for (int m = 0; m < members; m++) put_in(&o, m, nullptr, list[m][n].to, list[m][n].from);
    }
    for (int s = 0; s < t->stages; s++) {
      put_off(&o, t->to ? TOTAL : MAP_OR_SWEEP, t->stage[s].kernel, &t->grid, s == 0 ? t->stages : 1, 0);
      for (int m = 0; m < members; m++) put_in(&o, m, list[m][n].stage[s].args, list[m][n].to, nullptr);
    }
  }
  return run_known(b, o, true);
}

pf_status cuda_reduce(pf_backend *b, int members, const pf_task *const list[], double (*result)[PF_SUMS]) {
  cuda *self = self_of(b);
  const pf_task *first = list[0];
  PF_TRY(settle(b));
  if (members == 1 || !many_fits(&first->grid)) return pf_reduce_plain(b, members, list, result);
  for (int m = 0; m < members; m++) {
    const pf_kernel kernel = list[m]->stage->kernel;
    PF_TRY(pf_kernel_check(kernel, pf_kernel_kind_of(kernel), &first->grid));
  }
  PF_TRY(many_room(self));
  operations o = {members, {}, {}};
  put_off(&o, TOTAL, first->stage->kernel, &first->grid, 1, 0);
  for (int m = 0; m < members; m++) put_in(&o, m, list[m]->stage->args, nullptr, nullptr);
  return many_kernel(self, o, 0, 0, result);
}
