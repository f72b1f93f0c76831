/* cuda_fused.h: several kernels in one launch, for backend_cuda.cu.  No arithmetic here.
 *
 * A tail is a list of kernels on small grids, as the coarse levels of a multigrid cycle: one block runs it from end to end,
 * with a barrier behind each kernel and colour; the arrays stay in the caches of that block's multiprocessor.
 *
 * A tile is a chain of kernels on a large grid of two dimensions: each block has the values of its rectangle and of a border
 * in shared memory and goes through the chain there.  What is written last is needed on the rectangle only, what comes
 * before it one cell further out, and so on: blocks compute the border twice and need nothing from each other.  An array
 * that the chain reads and writes is copied first, so that no block finds what another one has written already.  Where the
 * residual that the chain ends with is restricted next, that is a part of the tile too.
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

/* The kernels of multigrid cycles, in single and in double precision (pf_real.h). */
// clang-format off
#define PF_FUSED_OF(MAP, SWEEP, END)                                                                          \
  MAP(mg_zero##END) SWEEP(mg_relax##END) MAP(mg_relax_start##END) MAP(mg_residual##END) MAP(mg_restrict##END) \
  MAP(mg_prolong##END) MAP(mg_coarsest##END) MAP(block_fill##END) SWEEP(block_relax##END)                     \
  MAP(block_residual##END) MAP(block_restrict##END) MAP(block_prolong##END) MAP(block_coarsest##END)          \
  SWEEP(box_relax##END) MAP(box_residual##END) MAP(box_restrict##END) MAP(box_prolong##END)
#define PF_FUSED(MAP, SWEEP) PF_FUSED_OF(MAP, SWEEP, ) PF_FUSED_OF(MAP, SWEEP, _double)
/* Those of chains. */
#define PF_TILED_OF(CASE, END)                                                                              \
  CASE(mg_relax##END) CASE(mg_relax_start##END) CASE(mg_residual##END) CASE(mg_prolong##END) CASE(block_relax##END) \
  CASE(block_residual##END) CASE(block_prolong##END)
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

__device__ void tail_do(const tail_step &s) {
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

__global__ void __launch_bounds__(PF_TAIL_THREADS, 1) run_tail(const __grid_constant__ tail t) {
  for (int n = 0; n < t.count; n++) tail_do(t.step[n]);
}

/* All bytes of `from` into shared memory, by all threads of the block, and a barrier. */
template <class type>
__device__ void take_copy(type *to, const type *from) {
  static_assert(sizeof(type) % sizeof(int) == 0, "whole numbers");
  for (size_t n = threadIdx.x; n < sizeof(type) / sizeof(int); n += blockDim.x)
    reinterpret_cast<int *>(to)[n] = reinterpret_cast<const int *>(from)[n];
  __syncthreads();
}

/* The tails of members: step [members][count], one block each. */
__global__ void __launch_bounds__(PF_TAIL_THREADS, 1) run_tails(const tail_step *step, int count) {
  alignas(16) static __shared__ unsigned char room[sizeof(tail_step)];
  tail_step *s = reinterpret_cast<tail_step *>(room);
  for (int n = 0; n < count; n++) {
    take_copy(s, step + static_cast<size_t>(blockIdx.x) * static_cast<size_t>(count) + n);
    tail_do(*s);
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
  int size;   /* bytes of a number */
  int halves; /* a sweep has two */
  size_t bytes;
  long cells;
  int count;
  tiled_argument list[PF_TILED_ARGUMENTS];
};
#define PF_TILED_(kernel, real)                                                                                       \
  PF_KERNEL_##kernel, static_cast<int>(sizeof(real)), pf_kernel_kind_of(PF_KERNEL_##kernel) == PF_KIND_SWEEP ? 2 : 1, \
      sizeof(pf_##kernel##_args)
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
#define PF_TILED_CELLS_(kernel) static_cast<long>(offsetof(pf_##kernel##_args, cells))
// clang-format off
#define PF_TILED_KERNELS(END, real)                                                                                     \
  {PF_TILED_(mg_relax##END, real), -1, 5,                                                                               \
   {PF_TILED_FACES_(mg_relax##END), PF_READ_(mg_relax##END, scale, 1), PF_READ_(mg_relax##END, b, 1),                   \
    PF_BOTH_(mg_relax##END, u, 1)}},                                                                                    \
  {PF_TILED_(mg_relax_start##END, real), -1, 5,                                                                         \
   {PF_TILED_FACES_(mg_relax_start##END), PF_READ_(mg_relax_start##END, scale, 1), PF_READ_(mg_relax_start##END, b, 1), \
    PF_WRITTEN_(mg_relax_start##END, u, 1)}},                                                                           \
  {PF_TILED_(mg_residual##END, real), -1, 6,                                                                            \
   {PF_TILED_FACES_(mg_residual##END), PF_READ_(mg_residual##END, m, 1), PF_READ_(mg_residual##END, b, 1),              \
    PF_READ_(mg_residual##END, u, 1), PF_WRITTEN_(mg_residual##END, r, 1)}},                                            \
  {PF_TILED_(mg_prolong##END, real), -1, 1, {PF_BOTH_(mg_prolong##END, u, 1)}},                                         \
  {PF_TILED_(block_relax##END, real), PF_TILED_CELLS_(block_relax##END), 5,                                             \
   {PF_TILED_BLOCK_(block_relax##END), PF_BOTH_(block_relax##END, x, 2)}},                                              \
  {PF_TILED_(block_residual##END, real), PF_TILED_CELLS_(block_residual##END), 6,                                       \
   {PF_TILED_BLOCK_(block_residual##END), PF_READ_(block_residual##END, x, 2), PF_WRITTEN_(block_residual##END, y, 2)}}, \
  {PF_TILED_(block_prolong##END, real), PF_TILED_CELLS_(block_prolong##END), 1,                                         \
   {PF_BOTH_(block_prolong##END, fine, 2)}},
const tiled_kernel tiled_kernels[] = {PF_TILED_KERNELS(, float) PF_TILED_KERNELS(_double, double)};
// clang-format on

struct tile_array {
  const void *from; /* NULL: not read */
  void *to;         /* NULL: not written */
  int parts;
  int first; /* number of shared memory */
};
struct tile_stage {
  pf_kernel kernel;
  int halves, pointers;
  long cells; /* place of the distance, or -1 */
  int offset; /* of the pointers: the rectangle's first cell in the tile, or 0 */
  short place[PF_TILED_ARGUMENTS], array[PF_TILED_ARGUMENTS];
  alignas(8) unsigned char args[PF_FUSED_ARGS];
};
struct tile {
  pf_grid g;
  int size;               /* bytes of a number, 4 or 8 */
  int nx, ny;             /* of a rectangle */
  int border_x, border_y; /* around it; border_x a multiple of 16 bytes */
  int width, height;      /* with the border; width a multiple of 16 bytes */
  int tiles_x;            /* rectangles of a row */
  int halves;             /* steps of the chain: MAP kernels, and colours of SWEEP kernels */
  bool vector;            /* rows begin at multiples of 16 bytes */
  int arrays, stages;
  bool restricts; /* and ends with the restriction that is the stage behind the others */
  tile_array array[PF_TILE_ARRAYS];
  tile_stage stage[PF_TILE_STAGES + 1];
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

/* Numbers that are read or written at once: 16 bytes, or 1. */
template <class real>
__device__ int tile_at_once(const tile &t) {
  return t.vector ? static_cast<int>(sizeof(float4) / sizeof(real)) : 1;
}
template <class real>
__device__ void tile_move(const tile &t, real *to, const real *from) {
  if (t.vector)
    *reinterpret_cast<float4 *>(to) = *reinterpret_cast<const float4 *>(from);
  else
    *to = *from;
}

template <class real>
__device__ void tile_load(const tile &t, const tile_place &p, real *shared) {
  const int step = tile_at_once<real>(t), row = t.width / step;
  const ptrdiff_t cells = pf_cells(&t.g);
  for (int a = 0; a < t.arrays; a++) {
    const tile_array &x = t.array[a];
    if (!x.from) continue;
    for (int part = 0; part < x.parts; part++) {
      real *to = shared + x.first + part * t.width * t.height;
      const real *from = static_cast<const real *>(x.from) + part * cells;
      for (int n = static_cast<int>(threadIdx.x); n < row * t.height; n += static_cast<int>(blockDim.x)) {
        const int y = n / row, c = (n - y * row) * step, i = p.i + c;
        if (i < 0 || i >= t.g.nx) continue;
        tile_move(t, to + y * t.width + c, from + static_cast<ptrdiff_t>(tile_wrap(p.j + y, t.g.ny)) * t.g.nx + i);
      }
    }
  }
}

/* The arguments, which point to shared memory now. */
template <class real>
__device__ void tile_arguments(const tile &t, real *shared, unsigned char (*args)[PF_FUSED_ARGS]) {
  const int stages = t.stages + t.restricts;
  for (int s = 0; s < stages; s++)
    for (int n = static_cast<int>(threadIdx.x); n < PF_FUSED_ARGS; n += static_cast<int>(blockDim.x))
      args[s][n] = t.stage[s].args[n];
  __syncthreads();
  const int s = static_cast<int>(threadIdx.x);
  if (s >= stages) return;
  const tile_stage &x = t.stage[s];
  for (int n = 0; n < x.pointers; n++)
    *reinterpret_cast<real **>(args[s] + x.place[n]) = shared + t.array[x.array[n]].first + x.offset;
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

/* The residual of the rectangle to the coarse cells that are in it; the arguments know the tile as their fine grid. */
template <class real>
__device__ void tile_restrict(const tile &t, const tile_place &p, const unsigned char *args) {
  const int row = t.nx / 2;
  for (int n = static_cast<int>(threadIdx.x); n < row * (t.ny / 2); n += static_cast<int>(blockDim.x)) {
    const int y = n / row, x = n - y * row, i = (p.i + t.border_x) / 2 + x, j = (p.j + t.border_y) / 2 + y;
    if (2 * i >= t.g.nx || 2 * j >= t.g.ny) continue;
    pf_at at = {};
    at.i = x;
    at.j = y;
    at.c = static_cast<ptrdiff_t>(j) * (t.g.nx / 2) + i;
    at.xp = 1;
    const bool block = t.stage[t.stages].kernel == PF_KERNEL_block_restrict ||
                       t.stage[t.stages].kernel == PF_KERNEL_block_restrict_double;
    if constexpr (sizeof(real) == sizeof(float)) {
      if (block)
        pf_cell_block_restrict(reinterpret_cast<const pf_block_restrict_args *>(args), at);
      else
        pf_cell_mg_restrict(reinterpret_cast<const pf_mg_restrict_args *>(args), at);
    } else {
      if (block)
        pf_cell_block_restrict_double(reinterpret_cast<const pf_block_restrict_double_args *>(args), at);
      else
        pf_cell_mg_restrict_double(reinterpret_cast<const pf_mg_restrict_double_args *>(args), at);
    }
  }
}

template <class real>
__device__ void tile_store(const tile &t, const tile_place &p, const real *shared) {
  const ptrdiff_t cells = pf_cells(&t.g);
  const int step = tile_at_once<real>(t), row = t.nx / step;
  for (int a = 0; a < t.arrays; a++) {
    const tile_array &x = t.array[a];
    if (!x.to) continue;
    for (int part = 0; part < x.parts; part++) {
      const real *from = shared + x.first + part * t.width * t.height;
      real *to = static_cast<real *>(x.to) + part * cells;
      for (int n = static_cast<int>(threadIdx.x); n < row * t.ny; n += static_cast<int>(blockDim.x)) {
        const int y = n / row + t.border_y, c = (n - n / row * row) * step + t.border_x, i = p.i + c, j = p.j + y;
        if (i >= t.g.nx || j >= t.g.ny) continue;
        tile_move(t, to + static_cast<ptrdiff_t>(j) * t.g.nx + i, from + y * t.width + c);
      }
    }
  }
}

/* One stage's half. */
template <class real>
__device__ void tile_step(const tile &t, const tile_place &p, int reach, int colour, pf_kernel kernel,
                          const unsigned char *args) {
#define PF_TILE_CASE_(kernel)                                                                               \
  case PF_KERNEL_##kernel:                                                                                  \
    tile_half(t, p, reach, colour,                                                                          \
              [&](pf_at at) { pf_cell_##kernel(reinterpret_cast<const pf_##kernel##_args *>(args), at); }); \
    break;
  if constexpr (sizeof(real) == sizeof(float)) {
    switch (kernel) {
      PF_TILED_OF(PF_TILE_CASE_, )
      default: break;
    }
  } else {
    switch (kernel) {
      PF_TILED_OF(PF_TILE_CASE_, _double)
      default: break;
    }
  }
}

template <class real>
__device__ void tile_do(const tile &t) {
  alignas(16) static __shared__ unsigned char args[PF_TILE_STAGES + 1][PF_FUSED_ARGS];
  real *shared = reinterpret_cast<real *>(pf_shared);
  const tile_place p = tile_of_block(t);
  tile_arguments(t, shared, args);
  tile_load(t, p, shared);
  __syncthreads();
  int reach = t.halves;
  for (int s = 0; s < t.stages; s++) {
    for (int half = 0; half < t.stage[s].halves; half++) {
      reach--;
      tile_step<real>(t, p, reach, t.stage[s].halves == 2 ? half : PF_ALL_CELLS, t.stage[s].kernel, args[s]);
    }
  }
  if (t.restricts) tile_restrict<real>(t, p, args[t.stages]);
  tile_store(t, p, shared);
}

enum { PF_TILE_THREADS = 512 };
template <class real>
__global__ void __launch_bounds__(PF_TILE_THREADS) run_tile(const __grid_constant__ tile t) {
  tile_do<real>(t);
}
/* Those of members, one behind the other in y. */
template <class real>
__global__ void __launch_bounds__(PF_TILE_THREADS) run_tiles(const tile *of) {
  alignas(16) static __shared__ unsigned char room[sizeof(tile)];
  tile *t = reinterpret_cast<tile *>(room);
  take_copy(t, of + blockIdx.y);
  tile_do<real>(*t);
}

/* The number of the array in the tile, or -1 where there is no more room. */
int tile_find(tile *t, void *address, const tiled_argument &x) {
  for (int a = 0; a < t->arrays; a++) {
    tile_array *old = &t->array[a];
    if (old->from != address && old->to != address) continue;
    if (x.written) old->to = address;
    return a;
  }
  if (t->arrays == PF_TILE_ARRAYS) return -1;
  tile_array *made = &t->array[t->arrays];
  made->from = x.read ? address : nullptr;
  made->to = x.written ? address : nullptr;
  made->parts = x.parts;
  return t->arrays++;
}

/* A tile for the chain, if it can be one; *shared: bytes of shared memory, `most` of which a block may have. */
bool tile_plan(const pf_stage *stage, int stages, const pf_grid *g, size_t most, tile *t, size_t *shared) {
  static const int sizes[][2] = {{64, 32}, {32, 32}, {32, 16}, {16, 16}};
  if (g->nz > 1 || g->ny % 2 || pf_cells(g) <= PF_TAIL_CELLS || stages < 2 || stages > PF_TILE_STAGES) return false;
  memset(t, 0, sizeof *t);
  t->g = *g;
  t->stages = stages;
  for (int s = 0; s < stages; s++) {
    const tiled_kernel *known = nullptr;
    for (const tiled_kernel &k : tiled_kernels)
      if (k.kernel == stage[s].kernel) known = &k;
    if (!known || (s > 0 && known->size != t->size)) return false;
    t->size = known->size;
    tile_stage *to = &t->stage[s];
    to->kernel = known->kernel;
    to->halves = known->halves;
    to->cells = known->cells;
    memcpy(to->args, stage[s].args, known->bytes);
    t->halves += known->halves;
    for (int n = 0; n < known->count; n++) {
      const tiled_argument &x = known->list[n];
      void *address;
      memcpy(&address, to->args + x.place, sizeof address);
      if (!address) return false;
      const int a = tile_find(t, address, x);
      if (a < 0) return false;
      to->place[to->pointers] = static_cast<short>(x.place);
      to->array[to->pointers++] = static_cast<short>(a);
    }
  }
  int numbers = 0; /* a cell */
  for (int a = 0; a < t->arrays; a++) numbers += t->array[a].parts;
  const int at_once = static_cast<int>(sizeof(float4)) / t->size;
  t->border_x = pf_ceil_divide(t->halves, at_once) * at_once;
  t->border_y = t->halves;
  for (const int *size : sizes) {
    t->nx = size[0];
    t->ny = size[1];
    t->width = t->nx + 2 * t->border_x;
    t->height = t->ny + 2 * t->border_y;
    *shared = static_cast<size_t>(numbers * t->width * t->height * t->size);
    if (*shared > most || g->ny < t->height) continue;
    int first = 0;
    for (int a = 0; a < t->arrays; a++) {
      t->array[a].first = first;
      first += t->array[a].parts * t->width * t->height;
    }
    t->tiles_x = pf_ceil_divide(g->nx, t->nx);
    t->vector = g->nx % at_once == 0;
    return true;
  }
  return false;
}

/* Takes the restriction of the residual into the tile, if that is what the kernel does and all coarse cells have four
 * children. */
template <class args>
bool tile_takes(tile *t, const void *of, size_t place, const void *residual, pf_coarsening *fine) {
  tile_stage *to = &t->stage[t->stages];
  if (fine->nx != t->g.nx || fine->ny != t->g.ny || fine->sx != 2 || fine->sy != 2 || fine->sz != 1 || t->g.nx % 2)
    return false;
  for (int a = 0; a < t->arrays; a++)
    if (t->array[a].to == residual) to->array[0] = static_cast<short>(a), to->pointers = 1;
  if (to->pointers == 0) return false;
  to->cells = -1;
  to->offset = t->border_y * t->width + t->border_x;
  to->place[0] = static_cast<short>(place);
  memcpy(to->args, of, sizeof(args));
  return t->restricts = true;
}
template <class args>
bool tile_takes_mg(tile *t, const args *k) {
  pf_coarsening fine = {k->join.n[0], k->join.n[1], k->join.n[2], k->join.s[0], k->join.s[1], k->join.s[2]};
  if (!tile_takes<args>(t, k, offsetof(args, r), k->r, &fine)) return false;
  args *to = reinterpret_cast<args *>(t->stage[t->stages].args);
  to->join.n[0] = t->width;
  to->join.n[1] = t->height;
  return true;
}
template <class args>
bool tile_takes_block(tile *t, const args *k) {
  pf_coarsening fine = k->to;
  if (!tile_takes<args>(t, k, offsetof(args, fine), k->fine, &fine)) return false;
  args *to = reinterpret_cast<args *>(t->stage[t->stages].args);
  to->to.nx = t->width;
  to->to.ny = t->height;
  return true;
}
bool tile_ends_with(tile *t, pf_kernel kernel, const void *k) {
  const bool wide = t->size == static_cast<int>(sizeof(double));
  t->stage[t->stages].kernel = kernel;
  switch (kernel) {
    case PF_KERNEL_mg_restrict: return !wide && tile_takes_mg(t, static_cast<const pf_mg_restrict_args *>(k));
    case PF_KERNEL_mg_restrict_double:
      return wide && tile_takes_mg(t, static_cast<const pf_mg_restrict_double_args *>(k));
    case PF_KERNEL_block_restrict: return !wide && tile_takes_block(t, static_cast<const pf_block_restrict_args *>(k));
    case PF_KERNEL_block_restrict_double:
      return wide && tile_takes_block(t, static_cast<const pf_block_restrict_double_args *>(k));
    default: return false;
  }
}

} // namespace

#endif
