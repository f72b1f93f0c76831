/* cuda_fused.h: several kernels in one launch, for backend_cuda.cu.  No arithmetic here.
 *
 * A tail is a list of kernels on small grids, as the coarse levels of a multigrid cycle: one block runs it from end to end,
 * with a barrier behind each kernel and colour; the arrays stay in the caches of that block's multiprocessor.
 *
 * A tile is a chain of kernels on a large grid of two dimensions: each block has the values of its rectangle and of a border
 * in shared memory and goes through the chain there.  What is written last is needed on the rectangle only, what comes
 * before it one cell further out, and so on: blocks compute the border twice and need nothing from each other.  An array
 * that the chain reads and writes is copied first, so that no block finds what another one has written already.
 *
 * Both give each cell the values that the kernels one by one would give it. */
#ifndef PF_CUDA_FUSED_H
#define PF_CUDA_FUSED_H

#include <cuda_runtime.h>
#include <string.h>

#include "backend.h"
#include "launch.h"

/* Of a tile, the arrays and arguments too. */
extern __shared__ float4 pf_shared[];

/* The kernels of multigrid cycles. */
// clang-format off
#define PF_FUSED(MAP, SWEEP)                                                                                     \
  MAP(mg_zero) SWEEP(mg_relax) MAP(mg_relax_start) MAP(mg_residual) MAP(mg_restrict) MAP(mg_prolong)           \
  MAP(mg_coarsest) MAP(block_fill) SWEEP(block_relax) MAP(block_residual) MAP(block_restrict) MAP(block_prolong) \
  MAP(block_coarsest) SWEEP(box_relax) MAP(box_residual) MAP(box_restrict) MAP(box_prolong)
// clang-format on

namespace {

enum { PF_FUSED_ARGS = 160 }; /* bytes, at most */
#define PF_FUSED_FITS_(kernel) \
  static_assert(sizeof(pf_##kernel##_args) <= PF_FUSED_ARGS, "more arguments than PF_FUSED_ARGS");
PF_FUSED(PF_FUSED_FITS_, PF_FUSED_FITS_)

bool fused_known(pf_kernel kernel) {
#define PF_FUSED_CASE_(kernel) case PF_KERNEL_##kernel:
  switch (kernel) {
    PF_FUSED(PF_FUSED_CASE_, PF_FUSED_CASE_)
    return true;
    default: return false;
  }
}

/* ---- tails ---- */

enum {
  PF_TAIL_CELLS = 4096, /* of a grid, at most */
  PF_TAIL_STEPS = 160,  /* what arguments of a kernel have room for (32,764 bytes) */
  PF_TAIL_THREADS = 512
};

struct tail_step {
  pf_kernel kernel;
  pf_grid grid;
  alignas(8) unsigned char args[PF_FUSED_ARGS];
};
struct tail {
  int count;
  tail_step step[PF_TAIL_STEPS];
};
static_assert(sizeof(tail) <= 32764, "more than a launch takes");

/* All cells of a part of the grid, and a barrier. */
template <class visit>
__device__ void tail_part(const pf_grid &g, int part, const visit &cell) {
  const pf_launch l = pf_launch_make(&g, part);
  const int thread = static_cast<int>(threadIdx.x), at_once = PF_TAIL_THREADS / PF_LAUNCH_THREADS;
  for (int tile = thread / PF_LAUNCH_THREADS; tile < l.blocks; tile += at_once) {
    int i, j, k;
    if (pf_launch_place(&l, tile, thread % PF_LAUNCH_THREADS, &i, &j, &k)) cell(pf_launch_at(&g, i, j, k));
  }
  __syncthreads();
}

__global__ void __launch_bounds__(PF_TAIL_THREADS) run_tail(const __grid_constant__ tail t) {
  for (int n = 0; n < t.count; n++) {
    const tail_step &s = t.step[n];
#define PF_TAIL_CELL_(kernel) \
  [&s](pf_at at) { pf_cell_##kernel(reinterpret_cast<const pf_##kernel##_args *>(s.args), at); }
#define PF_TAIL_MAP_(kernel)                                \
  case PF_KERNEL_##kernel:                                  \
    tail_part(s.grid, PF_ALL_CELLS, PF_TAIL_CELL_(kernel)); \
    break;
#define PF_TAIL_SWEEP_(kernel)                                                                                      \
  case PF_KERNEL_##kernel: {                                                                                        \
    const int seams = pf_sweep_seam(s.grid.ny) || pf_sweep_seam(s.grid.nz);                                         \
    for (int part = 0; part < (seams ? PF_SWEEP_PARTS : 2); part++) tail_part(s.grid, part, PF_TAIL_CELL_(kernel)); \
    break;                                                                                                          \
  }
    switch (s.kernel) {
      PF_FUSED(PF_TAIL_MAP_, PF_TAIL_SWEEP_)
      default: break;
    }
  }
}

/* ---- tiles ---- */

/* The arrays of a kernel that a tile keeps: their places in its struct of arguments, values a cell, and whether they are
 * read before they are written, and written.  `cells`: the place of the distance between two values of a cell, or -1. */
struct tiled_argument {
  size_t place;
  int parts;
  bool read, written;
};
enum { PF_TILED_ARGUMENTS = 8, PF_TILE_ARRAYS = 10, PF_TILE_STAGES = 4 };
struct tiled_kernel {
  pf_kernel kernel;
  int halves; /* a sweep has two */
  size_t bytes;
  long cells;
  int count;
  tiled_argument list[PF_TILED_ARGUMENTS];
};
#define PF_TILED_(kernel) \
  PF_KERNEL_##kernel, pf_kernel_kind_of(PF_KERNEL_##kernel) == PF_KIND_SWEEP ? 2 : 1, sizeof(pf_##kernel##_args)
#define PF_READ_(kernel, name, parts) \
  { offsetof(pf_##kernel##_args, name), parts, true, false }
#define PF_WRITTEN_(kernel, name, parts) \
  { offsetof(pf_##kernel##_args, name), parts, false, true }
#define PF_BOTH_(kernel, name, parts) \
  { offsetof(pf_##kernel##_args, name), parts, true, true }
#define PF_TILED_FACES_(kernel) PF_READ_(kernel, ax, 1), PF_READ_(kernel, ay, 1)
#define PF_TILED_BLOCK_(kernel)                                                                       \
  PF_READ_(kernel, fx, PF_FACE_PARTS), PF_READ_(kernel, fy, PF_FACE_PARTS), PF_READ_(kernel, own, 4), \
      PF_READ_(kernel, b, 2)
const tiled_kernel tiled_kernels[] = {
    {PF_TILED_(mg_relax),
     -1,
     5,
     {PF_TILED_FACES_(mg_relax), PF_READ_(mg_relax, scale, 1), PF_READ_(mg_relax, b, 1), PF_BOTH_(mg_relax, u, 1)}},
    {PF_TILED_(mg_relax_start),
     -1,
     5,
     {PF_TILED_FACES_(mg_relax_start), PF_READ_(mg_relax_start, scale, 1), PF_READ_(mg_relax_start, b, 1),
      PF_WRITTEN_(mg_relax_start, u, 1)}},
    {PF_TILED_(mg_residual),
     -1,
     6,
     {PF_TILED_FACES_(mg_residual), PF_READ_(mg_residual, m, 1), PF_READ_(mg_residual, b, 1),
      PF_READ_(mg_residual, u, 1), PF_WRITTEN_(mg_residual, r, 1)}},
    {PF_TILED_(mg_prolong), -1, 1, {PF_BOTH_(mg_prolong, u, 1)}},
    {PF_TILED_(block_relax),
     static_cast<long>(offsetof(pf_block_relax_args, cells)),
     5,
     {PF_TILED_BLOCK_(block_relax), PF_BOTH_(block_relax, x, 2)}},
    {PF_TILED_(block_residual),
     static_cast<long>(offsetof(pf_block_residual_args, cells)),
     6,
     {PF_TILED_BLOCK_(block_residual), PF_READ_(block_residual, x, 2), PF_WRITTEN_(block_residual, y, 2)}},
    {PF_TILED_(block_prolong),
     static_cast<long>(offsetof(pf_block_prolong_args, cells)),
     1,
     {PF_BOTH_(block_prolong, fine, 2)}},
};

struct tile_array {
  const float *from; /* NULL: not read */
  float *to;         /* NULL: not written */
  int parts;
  int first; /* float of shared memory */
};
struct tile_stage {
  pf_kernel kernel;
  int halves, pointers;
  long cells; /* place of the distance, or -1 */
  short place[PF_TILED_ARGUMENTS], array[PF_TILED_ARGUMENTS];
  alignas(8) unsigned char args[PF_FUSED_ARGS];
};
struct tile {
  pf_grid g;
  int nx, ny;             /* of a rectangle */
  int border_x, border_y; /* around it; border_x a multiple of 4 */
  int width, height;      /* with the border; width a multiple of 4 */
  int tiles_x;            /* rectangles of a row */
  int halves;             /* steps of the chain: MAP kernels, and colours of SWEEP kernels */
  bool vector;            /* rows begin at multiples of 16 bytes */
  int arrays, stages;
  tile_array array[PF_TILE_ARRAYS];
  tile_stage stage[PF_TILE_STAGES];
};

/* The rectangle of this block. */
struct tile_place {
  int i, j; /* cell of the grid at the first place of the border, may be outside */
};
__device__ tile_place tile_of_block(const tile &t) {
  const int block = static_cast<int>(blockIdx.x), row = block / t.tiles_x;
  return {(block - row * t.tiles_x) * t.nx - t.border_x, row * t.ny - t.border_y};
}

__device__ int tile_wrap(int j, int ny) { return j < 0 ? j + ny : j < ny ? j : j - ny; }

__device__ void tile_load(const tile &t, const tile_place &p, float *shared) {
  const int step = t.vector ? 4 : 1, row = t.width / step;
  const ptrdiff_t cells = pf_cells(&t.g);
  for (int a = 0; a < t.arrays; a++) {
    const tile_array &x = t.array[a];
    if (!x.from) continue;
    for (int part = 0; part < x.parts; part++) {
      float *to = shared + x.first + part * t.width * t.height;
      const float *from = x.from + part * cells;
      for (int n = static_cast<int>(threadIdx.x); n < row * t.height; n += static_cast<int>(blockDim.x)) {
        const int y = n / row, c = (n - y * row) * step, i = p.i + c;
        if (i < 0 || i >= t.g.nx) continue;
        const float *value = from + static_cast<ptrdiff_t>(tile_wrap(p.j + y, t.g.ny)) * t.g.nx + i;
        if (t.vector)
          *reinterpret_cast<float4 *>(to + y * t.width + c) = *reinterpret_cast<const float4 *>(value);
        else
          to[y * t.width + c] = *value;
      }
    }
  }
}

/* The arguments, which point to shared memory now. */
__device__ void tile_arguments(const tile &t, float *shared, unsigned char (*args)[PF_FUSED_ARGS]) {
  for (int s = 0; s < t.stages; s++)
    for (int n = static_cast<int>(threadIdx.x); n < PF_FUSED_ARGS; n += static_cast<int>(blockDim.x))
      args[s][n] = t.stage[s].args[n];
  __syncthreads();
  const int s = static_cast<int>(threadIdx.x);
  if (s >= t.stages) return;
  const tile_stage &x = t.stage[s];
  for (int n = 0; n < x.pointers; n++)
    *reinterpret_cast<float **>(args[s] + x.place[n]) = shared + t.array[x.array[n]].first;
  if (x.cells >= 0) *reinterpret_cast<ptrdiff_t *>(args[s] + x.cells) = t.width * t.height;
}

/* One step of the chain on the rectangle and `reach` cells around it; colour: of a sweep, or PF_ALL_CELLS. */
template <class visit>
__device__ void tile_half(const tile &t, const tile_place &p, int reach, int colour, const visit &cell) {
  int low = t.border_x - reach, high = t.border_x + t.nx + reach;
  if (p.i + low < 0) low = -p.i;
  if (p.i + high > t.g.nx) high = t.g.nx - p.i;
  const int y_low = t.border_y - reach, rows = t.ny + 2 * reach, all = colour == PF_ALL_CELLS;
  const int row = all ? high - low : (high - low + 1) / 2;
  for (int n = static_cast<int>(threadIdx.x); n < row * rows; n += static_cast<int>(blockDim.x)) {
    const int y = n / row, q = n - y * row, j = p.j + y_low + y;
    const int x = all ? low + q : low + 2 * q + ((p.i + low + j + colour) & 1);
    if (x >= high) continue;
    pf_at at;
    at.i = p.i + x;
    at.j = tile_wrap(j, t.g.ny);
    at.k = 0;
    at.row = at.j;
    at.c = (y_low + y) * t.width + x;
    at.xm = at.i > 0 ? -1 : 0;
    at.xp = at.i < t.g.nx - 1 ? 1 : 0;
    at.ym = -t.width;
    at.yp = t.width;
    at.zm = at.zp = 0;
    cell(at);
  }
  __syncthreads();
}

__device__ void tile_store(const tile &t, const tile_place &p, const float *shared) {
  const ptrdiff_t cells = pf_cells(&t.g);
  const int step = t.vector ? 4 : 1, row = t.nx / step;
  for (int a = 0; a < t.arrays; a++) {
    const tile_array &x = t.array[a];
    if (!x.to) continue;
    for (int part = 0; part < x.parts; part++) {
      const float *from = shared + x.first + part * t.width * t.height;
      float *to = x.to + part * cells;
      for (int n = static_cast<int>(threadIdx.x); n < row * t.ny; n += static_cast<int>(blockDim.x)) {
        const int y = n / row + t.border_y, c = (n - n / row * row) * step + t.border_x, i = p.i + c, j = p.j + y;
        if (i >= t.g.nx || j >= t.g.ny) continue;
        float *place = to + static_cast<ptrdiff_t>(j) * t.g.nx + i;
        if (t.vector)
          *reinterpret_cast<float4 *>(place) = *reinterpret_cast<const float4 *>(from + y * t.width + c);
        else
          *place = from[y * t.width + c];
      }
    }
  }
}

enum { PF_TILE_THREADS = 512 };
__global__ void __launch_bounds__(PF_TILE_THREADS) run_tile(const __grid_constant__ tile t) {
  alignas(8) static __shared__ unsigned char args[PF_TILE_STAGES][PF_FUSED_ARGS];
  float *shared = reinterpret_cast<float *>(pf_shared);
  const tile_place p = tile_of_block(t);
  tile_arguments(t, shared, args);
  tile_load(t, p, shared);
  __syncthreads();
  int reach = t.halves;
  for (int s = 0; s < t.stages; s++) {
    for (int half = 0; half < t.stage[s].halves; half++) {
      const int colour = t.stage[s].halves == 2 ? half : PF_ALL_CELLS;
      reach--;
#define PF_TILE_CASE_(kernel)                                                                                  \
  case PF_KERNEL_##kernel:                                                                                     \
    tile_half(t, p, reach, colour,                                                                             \
              [&](pf_at at) { pf_cell_##kernel(reinterpret_cast<const pf_##kernel##_args *>(args[s]), at); }); \
    break;
      switch (t.stage[s].kernel) {
        PF_TILE_CASE_(mg_relax)
        PF_TILE_CASE_(mg_relax_start)
        PF_TILE_CASE_(mg_residual)
        PF_TILE_CASE_(mg_prolong)
        PF_TILE_CASE_(block_relax)
        PF_TILE_CASE_(block_residual)
        PF_TILE_CASE_(block_prolong)
        default: break;
      }
    }
  }
  tile_store(t, p, shared);
}

/* The number of the array in the tile, or -1 where there is no more room. */
int tile_find(tile *t, const float *address, const tiled_argument &x) {
  for (int a = 0; a < t->arrays; a++) {
    tile_array *old = &t->array[a];
    if (old->from != address && old->to != address) continue;
    if (x.written) old->to = const_cast<float *>(address);
    return a;
  }
  if (t->arrays == PF_TILE_ARRAYS) return -1;
  tile_array *made = &t->array[t->arrays];
  made->from = x.read ? address : nullptr;
  made->to = x.written ? const_cast<float *>(address) : nullptr;
  made->parts = x.parts;
  return t->arrays++;
}

/* A tile for the chain, if it can be one; *shared: bytes of shared memory, `most` of which a block may have. */
bool tile_plan(const pf_stage *stage, int stages, const pf_grid *g, size_t most, tile *t, size_t *shared) {
  static const int sizes[][2] = {{64, 32}, {32, 32}, {32, 16}};
  if (g->nz > 1 || g->ny % 2 || pf_cells(g) <= PF_TAIL_CELLS || stages < 2 || stages > PF_TILE_STAGES) return false;
  memset(t, 0, sizeof *t);
  t->g = *g;
  t->stages = stages;
  for (int s = 0; s < stages; s++) {
    const tiled_kernel *known = nullptr;
    for (const tiled_kernel &k : tiled_kernels)
      if (k.kernel == stage[s].kernel) known = &k;
    if (!known) return false;
    tile_stage *to = &t->stage[s];
    to->kernel = known->kernel;
    to->halves = known->halves;
    to->cells = known->cells;
    memcpy(to->args, stage[s].args, known->bytes);
    t->halves += known->halves;
    for (int n = 0; n < known->count; n++) {
      const tiled_argument &x = known->list[n];
      const float *address;
      memcpy(&address, to->args + x.place, sizeof address);
      if (!address) return false;
      const int a = tile_find(t, address, x);
      if (a < 0) return false;
      to->place[to->pointers] = static_cast<short>(x.place);
      to->array[to->pointers++] = static_cast<short>(a);
    }
  }
  int floats = 0; /* a cell */
  for (int a = 0; a < t->arrays; a++) floats += t->array[a].parts;
  t->border_x = 8;
  t->border_y = t->halves;
  if (t->halves > t->border_x) return false;
  for (const int *size : sizes) {
    t->nx = size[0];
    t->ny = size[1];
    t->width = t->nx + 2 * t->border_x;
    t->height = t->ny + 2 * t->border_y;
    *shared = static_cast<size_t>(floats) * static_cast<size_t>(t->width * t->height) * sizeof(float);
    if (*shared > most || g->ny < t->height) continue;
    int first = 0;
    for (int a = 0; a < t->arrays; a++) {
      t->array[a].first = first;
      first += t->array[a].parts * t->width * t->height;
    }
    t->tiles_x = pf_ceil_divide(g->nx, t->nx);
    t->vector = g->nx % 4 == 0 && g->ny % 4 == 0;
    return true;
  }
  return false;
}

} // namespace

#endif
