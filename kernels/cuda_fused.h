/* cuda_fused.h: several kernels in one launch, for backend_cuda.cu.  No arithmetic here.
 *
 * A tail is a list of kernels on small grids, as the coarse levels of a multigrid cycle: one block runs it from end to end,
 * with a barrier behind each kernel and colour; the arrays stay in the caches of that block's multiprocessor.
 *
 * A tile is a chain of kernels on a large grid: each block has the values of its rectangle and of a border in shared memory
 * and goes through the chain there.  What is written last is needed on the rectangle only, what comes before it one cell
 * further out, and so on: blocks compute the border twice and need nothing from each other.  An array that the chain reads
 * and writes is copied first, so that no block finds what another one has written already.  Where the residual that the chain
 * ends with is restricted next, that is a part of the tile too, and the residual itself goes nowhere.
 *
 * In three dimensions the rectangle marches through a number of planes.  Shared memory is a ring of planes: a step brings one
 * more (asked for a step ahead where the ring has room), and each half step of the chain works on the plane behind that of the
 * one before it.  In two dimensions there is one plane and one step.
 *
 * Where a periodic direction has an odd number of cells a chain ends with each sweep: the tile does the two colours of all cells
 * but those of the last row or plane, which are a launch of their own (pf_kernel.h).  A chain that would move fewer numbers
 * kernel by kernel is not one tile, nor as many as its parts: tile_piece tries the longest first.
 *
 * Where the kernel behind the chain takes dots of what the tile has made (mg_dots), the tile makes their parts: sums over blocks
 * of 16 x 4 cells, which lie in one rectangle whatever its shape.  A launch by itself makes the same parts, and what
 * adds them up is the same: no bit depends on who made them.  In two dimensions without a seam; tiles that march would wait for
 * the other vectors in each plane.
 *
 * Both give each cell the values that the kernels one by one would give it. */
#ifndef PF_CUDA_FUSED_H
#define PF_CUDA_FUSED_H

#include <cuda_pipeline_primitives.h>
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
  MAP(mg_prolong##END) MAP(mg_prolong_to##END) MAP(mg_coarsest##END) MAP(block_fill##END) SWEEP(block_relax##END)                     \
  MAP(block_residual##END) MAP(block_restrict##END) MAP(block_prolong##END) MAP(block_coarsest##END)          \
  SWEEP(box_relax##END) MAP(box_residual##END) MAP(box_restrict##END) MAP(box_prolong##END)
#define PF_FUSED(MAP, SWEEP) PF_FUSED_OF(MAP, SWEEP, ) PF_FUSED_OF(MAP, SWEEP, _double)
/* Those of chains. */
#define PF_TILED_OF(CASE, END)                                                                              \
  CASE(mg_zero##END) CASE(mg_relax##END) CASE(mg_relax_start##END) CASE(mg_residual##END) CASE(mg_prolong##END) CASE(mg_prolong_to##END) \
  CASE(block_relax##END) CASE(block_residual##END) CASE(block_prolong##END)
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

/* ---- dots ---- */

enum { PF_DOTS_X = 16, PF_DOTS_Y = 4 };

/* The grid alone decides in which order dots are added up. */
bool in_parts(pf_kernel kernel, const pf_grid &g) {
  return (kernel == PF_KERNEL_mg_dots || kernel == PF_KERNEL_mg_dots_double) && g.nz == 1 && g.ny > 1 &&
         !pf_sweep_seam(g.ny) && pf_cells(&g) > PF_TAIL_CELLS;
}

/* Parts along x, along y, and of the grid. */
__host__ __device__ int dots_x(const pf_grid &g) { return pf_ceil_divide(g.nx, PF_DOTS_X); }
__host__ __device__ int dots_y(const pf_grid &g) { return pf_ceil_divide(g.ny, PF_DOTS_Y); }
ptrdiff_t dots_count(const pf_grid &g) { return static_cast<ptrdiff_t>(dots_x(g)) * dots_y(g); }
/* From the parts of one member to those of the next. */
ptrdiff_t dots_stride(const pf_grid &g) {
  const ptrdiff_t count = dots_count(g), least = PF_REDUCE_BLOCKS;
  return count > least ? count : least;
}

/* A column of four cells. */
struct dots_column {
  double s[2];
};

/* The parts of nx x ny cells from (i, j) on, by all threads of the block: columns first, then 16 of them.
 * room: [nx ny / PF_DOTS_Y], shared. */
template <class visit>
__device__ void dots_make(const pf_grid &g, int i, int j, int nx, int ny, dots_column *room, pf_sums *to,
                          const visit &cell) {
  const int columns = nx * (ny / PF_DOTS_Y), across = nx / PF_DOTS_X;
#pragma unroll 1
  for (int n = static_cast<int>(threadIdx.x); n < columns; n += static_cast<int>(blockDim.x)) {
    const int y = n / nx, x = i + n - y * nx, row = j + y * PF_DOTS_Y;
    dots_column sum = {{0, 0}};
#pragma unroll 2 /* all four at once would spill registers of run_tile */
    for (int q = 0; q < PF_DOTS_Y && x < g.nx && row + q < g.ny; q++) {
      pf_at at = {};
      at.c = static_cast<ptrdiff_t>(row + q) * g.nx + x;
      const pf_sums own = cell(at);
      sum.s[0] += own.s[0];
      sum.s[1] += own.s[1];
    }
    room[n] = sum;
  }
  __syncthreads();
#pragma unroll 1
  for (int n = static_cast<int>(threadIdx.x); n < columns / PF_DOTS_X; n += static_cast<int>(blockDim.x)) {
    const int y = n / across, x = i / PF_DOTS_X + n - y * across, row = j / PF_DOTS_Y + y;
    if (x >= dots_x(g) || row >= dots_y(g)) continue;
    pf_sums sum = {{0, 0, 0, 0}};
#pragma unroll 1
    for (int q = 0; q < PF_DOTS_X; q++)
      for (int s = 0; s < 2; s++) sum.s[s] += room[n * PF_DOTS_X + q].s[s];
    to[static_cast<ptrdiff_t>(row) * dots_x(g) + x] = sum;
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
  int reach;  /* of each: 1 cell, 0 where it reads its own cell only */
  size_t bytes;
  long cells;
  int count;
  tiled_argument list[PF_TILED_ARGUMENTS];
};
#define PF_TILED_(kernel, real, reach)                                                                                \
  PF_KERNEL_##kernel, static_cast<int>(sizeof(real)), pf_kernel_kind_of(PF_KERNEL_##kernel) == PF_KIND_SWEEP ? 2 : 1, \
      reach, sizeof(pf_##kernel##_args)
#define PF_READ_(kernel, name, parts) \
  { offsetof(pf_##kernel##_args, name), parts, true, false }
#define PF_WRITTEN_(kernel, name, parts) \
  { offsetof(pf_##kernel##_args, name), parts, false, true }
#define PF_BOTH_(kernel, name, parts) \
  { offsetof(pf_##kernel##_args, name), parts, true, true }
#define PF_TILED_FACES_(kernel) PF_READ_(kernel, ax, 1), PF_READ_(kernel, ay, 1), PF_READ_(kernel, az, 1)
#define PF_TILED_BLOCK_(kernel)                                                                                  \
  PF_READ_(kernel, fx, PF_FACE_PARTS), PF_READ_(kernel, fy, PF_FACE_PARTS), PF_READ_(kernel, fz, PF_FACE_PARTS), \
      PF_READ_(kernel, own, 4), PF_READ_(kernel, b, 2)
#define PF_TILED_CELLS_(kernel) static_cast<long>(offsetof(pf_##kernel##_args, cells))
// clang-format off
#define PF_TILED_KERNELS(END, real)                                                                                     \
  {PF_TILED_(mg_zero##END, real, 0), -1, 1, {PF_WRITTEN_(mg_zero##END, u, 1)}},                                         \
  {PF_TILED_(mg_relax##END, real, 1), -1, 6,                                                                            \
   {PF_TILED_FACES_(mg_relax##END), PF_READ_(mg_relax##END, scale, 1), PF_READ_(mg_relax##END, b, 1),                   \
    PF_BOTH_(mg_relax##END, u, 1)}},                                                                                    \
  {PF_TILED_(mg_relax_start##END, real, 1), -1, 6,                                                                      \
   {PF_TILED_FACES_(mg_relax_start##END), PF_READ_(mg_relax_start##END, scale, 1), PF_READ_(mg_relax_start##END, b, 1), \
    PF_WRITTEN_(mg_relax_start##END, u, 1)}},                                                                           \
  {PF_TILED_(mg_residual##END, real, 1), -1, 7,                                                                         \
   {PF_TILED_FACES_(mg_residual##END), PF_READ_(mg_residual##END, m, 1), PF_READ_(mg_residual##END, b, 1),              \
    PF_READ_(mg_residual##END, u, 1), PF_WRITTEN_(mg_residual##END, r, 1)}},                                            \
  {PF_TILED_(mg_prolong##END, real, 0), -1, 1, {PF_BOTH_(mg_prolong##END, u, 1)}},                                      \
  {PF_TILED_(mg_prolong_to##END, real, 0), -1, 2,                                                                       \
   {PF_READ_(mg_prolong_to##END, v, 1), PF_WRITTEN_(mg_prolong_to##END, u, 1)}},                                        \
  {PF_TILED_(block_relax##END, real, 1), PF_TILED_CELLS_(block_relax##END), 6,                                          \
   {PF_TILED_BLOCK_(block_relax##END), PF_BOTH_(block_relax##END, x, 2)}},                                              \
  {PF_TILED_(block_residual##END, real, 1), PF_TILED_CELLS_(block_residual##END), 7,                                    \
   {PF_TILED_BLOCK_(block_residual##END), PF_READ_(block_residual##END, x, 2), PF_WRITTEN_(block_residual##END, y, 2)}}, \
  {PF_TILED_(block_prolong##END, real, 0), PF_TILED_CELLS_(block_prolong##END), 1,                                      \
   {PF_BOTH_(block_prolong##END, fine, 2)}},
const tiled_kernel tiled_kernels[] = {PF_TILED_KERNELS(, float) PF_TILED_KERNELS(_double, double)};
// clang-format on

struct tile_array {
  const void *from; /* NULL: not read */
  void *to;         /* NULL: not written; another one where a kernel of reach 0 moves it */
  int parts;
  int first; /* number of shared memory */
};
struct tile_stage {
  pf_kernel kernel;
  int halves, reach, pointers;
  long cells; /* place of the distance, or -1 */
  int offset; /* of the pointers: the rectangle's first cell in the tile, or 0 */
  short place[PF_TILED_ARGUMENTS], array[PF_TILED_ARGUMENTS];
  alignas(8) unsigned char args[PF_FUSED_ARGS];
};
struct tile {
  pf_grid g;
  int size;             /* bytes of a number, 4 or 8 */
  int n[3];             /* of the rectangle, and the planes that it marches through */
  int border[3];        /* around it; in x a multiple of 16 bytes, in z even */
  int width, height;    /* with the border; width a multiple of 16 bytes */
  int depth;            /* planes of the ring, even; 1: the grid has one */
  bool ahead;           /* the ring has room for the plane of the next step */
  int tiles_x, tiles_y; /* rectangles of a plane */
  int reach;            /* cells that the chain as a whole needs around what it is for */
  bool vector;          /* rows begin at multiples of 16 bytes */
  int arrays, stages;
  bool restricts; /* and ends with the restriction that is the stage behind the others */
  bool dots;      /* or with the dots that are */
  int room;       /* first number of shared memory for them */
  pf_sums *parts; /* theirs */
  tile_array array[PF_TILE_ARRAYS];
  tile_stage stage[PF_TILE_STAGES + 1];
};

/* Planes of the ring; flat: the grid has one plane. */
template <bool flat>
__device__ int tile_depth(const tile &t) {
  return flat ? 1 : t.depth;
}

/* Numbers of shared memory that a value of all cells takes. */
__host__ __device__ int tile_cells(const tile &t) { return t.width * t.height * t.depth; }

/* The rectangle of this block. */
struct tile_place {
  int i, j, k; /* cell of the grid at the first place of the border, may be outside */
};
template <bool flat>
__device__ tile_place tile_of_block(const tile &t) {
  const int block = static_cast<int>(blockIdx.x), row = block / t.tiles_x, pile = flat ? 0 : row / t.tiles_y;
  return {(block - row * t.tiles_x) * t.n[0] - t.border[0], (row - pile * t.tiles_y) * t.n[1] - t.border[1],
          flat ? 0 : pile * t.n[2] - t.border[2]};
}

__device__ int tile_wrap(int j, int ny) { return j < 0 ? j + ny : j < ny ? j : j - ny; }

/* Where plane z of the tile lies in the ring. */
template <bool flat>
__device__ int tile_plane(const tile &t, int z) {
  return flat ? 0 : z % t.depth * t.width * t.height;
}

/* Numbers that are read or written at once: 16 bytes, or 1. */
template <class real>
__device__ int tile_at_once(const tile &t) {
  return t.vector ? static_cast<int>(sizeof(float4) / sizeof(real)) : 1;
}

/* Asks for plane z of the tile. */
template <class real, bool flat>
__device__ void tile_load(const tile &t, const tile_place &p, real *shared, int z) {
  const int step = tile_at_once<real>(t), row = t.width / step;
  const ptrdiff_t cells = pf_cells(&t.g),
                  plane = flat ? 0 : static_cast<ptrdiff_t>(tile_wrap(p.k + z, t.g.nz)) * t.g.ny;
  for (int a = 0; a < t.arrays; a++) {
    const tile_array &x = t.array[a];
    if (!x.from) continue;
    for (int part = 0; part < x.parts; part++) {
      real *to = shared + x.first + part * tile_cells(t) + tile_plane<flat>(t, z);
      const real *from = static_cast<const real *>(x.from) + part * cells;
#pragma unroll 1
      for (int n = static_cast<int>(threadIdx.x); n < row * t.height; n += static_cast<int>(blockDim.x)) {
        const int y = n / row, c = (n - y * row) * step, i = p.i + c;
        if (i < 0 || i >= t.g.nx) continue;
        real *there = to + y * t.width + c;
        const real *here = from + (plane + tile_wrap(p.j + y, t.g.ny)) * t.g.nx + i;
        if (t.vector)
          __pipeline_memcpy_async(there, here, sizeof(float4));
        else
          __pipeline_memcpy_async(there, here, sizeof(real));
      }
    }
  }
  __pipeline_commit();
}

/* The arguments, which point to shared memory now. */
template <class real>
__device__ void tile_arguments(const tile &t, real *shared, unsigned char (*args)[PF_FUSED_ARGS]) {
  const int stages = t.stages + t.restricts + t.dots;
  for (int s = 0; s < stages; s++)
    for (int n = static_cast<int>(threadIdx.x); n < PF_FUSED_ARGS; n += static_cast<int>(blockDim.x))
      args[s][n] = t.stage[s].args[n];
  __syncthreads();
  const int s = static_cast<int>(threadIdx.x);
  if (s >= stages) return;
  const tile_stage &x = t.stage[s];
  for (int n = 0; n < x.pointers; n++)
    *reinterpret_cast<real **>(args[s] + x.place[n]) = shared + t.array[x.array[n]].first + x.offset;
  if (x.cells >= 0) *reinterpret_cast<ptrdiff_t *>(args[s] + x.cells) = tile_cells(t);
}

/* One step of the chain on plane z of the tile, on the rectangle and `reach` cells around it; part: of a sweep, the colours of
 * class 0 only, or PF_ALL_CELLS. */
template <bool flat, class visit>
__device__ void tile_half(const tile &t, const tile_place &p, int z, int reach, int part, const visit &cell) {
  int low = t.border[0] - reach, high = t.border[0] + t.n[0] + reach;
  if (p.i + low < 0) low = -p.i;
  if (p.i + high > t.g.nx) high = t.g.nx - p.i;
  const int y_low = t.border[1] - reach, rows = t.n[1] + 2 * reach, all = part == PF_ALL_CELLS;
  const int row = all ? high - low : (high - low + 1) / 2, plane = t.width * t.height, depth = tile_depth<flat>(t),
            z_in_ring = z % depth;
  pf_at at;
  at.k = flat ? 0 : tile_wrap(p.k + z, t.g.nz);
  at.zm = flat ? 0 : z_in_ring > 0 ? -plane : (depth - 1) * plane;
  at.zp = flat ? 0 : z_in_ring < depth - 1 ? plane : -(depth - 1) * plane;
  for (int n = static_cast<int>(threadIdx.x); n < row * rows; n += static_cast<int>(blockDim.x)) {
    const int y = n / row, q = n - y * row;
    at.j = tile_wrap(p.j + y_low + y, t.g.ny);
    const int x = all ? low + q : low + 2 * q + ((p.i + low + at.j + at.k + part) & 1);
    if (x >= high) continue;
    at.i = p.i + x;
    if (!all && pf_sweep_part(&t.g, at.i, at.j, at.k) >= PF_SWEEP_SEAMS) continue;
    at.row = static_cast<ptrdiff_t>(at.k) * t.g.ny + at.j;
    at.c = z_in_ring * plane + (y_low + y) * t.width + x;
    at.xm = at.i > 0 ? -1 : 0;
    at.xp = at.i < t.g.nx - 1 ? 1 : 0;
    at.ym = -t.width;
    at.yp = t.width;
    cell(at);
  }
  __syncthreads();
}

/* The fine cells n of a restriction, s of them to a coarse one. */
__device__ void tile_children(pf_mg_join *to, const int n[3], const int s[3]) {
  for (int d = 0; d < 3; d++) to->n[d] = n[d], to->s[d] = s[d];
}
__device__ void tile_children(pf_coarsening *to, const int n[3], const int s[3]) {
  *to = {n[0], n[1], n[2], s[0], s[1], s[2]};
}

/* The residual of the rectangle to the coarse cells that are in it, once all their planes are there; the arguments take the
 * tile for their fine grid.  A coarse cell at an odd end is that of a direction in which nothing is joined. */
template <class real, bool flat>
__device__ void tile_restrict(const tile &t, const tile_place &p, int z, const unsigned char *args) {
  const int k = flat ? 0 : p.k + z, n[3] = {t.width, t.height, t.depth}, row = t.n[0] / 2;
  if (k % 2 == 0 && k + 1 < t.g.nz) return;
  for (int q = static_cast<int>(threadIdx.x); q < row * (t.n[1] / 2); q += static_cast<int>(blockDim.x)) {
    const int y = 2 * (q / row), x = 2 * (q - q / row * row), i = p.i + t.border[0] + x, j = p.j + t.border[1] + y;
    if (i >= t.g.nx || j >= t.g.ny) continue;
    const int s[3] = {i + 1 < t.g.nx ? 2 : 1, j + 1 < t.g.ny ? 2 : 1, 1 + k % 2};
    const ptrdiff_t coarse_x = pf_ceil_divide(t.g.nx, 2), coarse_y = pf_ceil_divide(t.g.ny, 2);
    pf_at at = {};
    at.i = x / s[0];
    at.j = y / s[1];
    at.k = (z - k % 2) % tile_depth<flat>(t) / s[2];
    at.c = (k / 2 * coarse_y + j / 2) * coarse_x + i / 2;
#define PF_TILE_RESTRICT_(kernel, fine)                                               \
  case PF_KERNEL_##kernel: {                                                          \
    pf_##kernel##_args of_tile = *reinterpret_cast<const pf_##kernel##_args *>(args); \
    tile_children(&of_tile.fine, n, s);                                               \
    pf_cell_##kernel(&of_tile, at);                                                   \
    break;                                                                            \
  }
    const pf_kernel kernel = t.stage[t.stages].kernel;
    if constexpr (sizeof(real) == sizeof(float)) {
      switch (kernel) {
        PF_TILE_RESTRICT_(mg_restrict, join)
        PF_TILE_RESTRICT_(block_restrict, to)
        default: break;
      }
    } else {
      switch (kernel) {
        PF_TILE_RESTRICT_(mg_restrict_double, join)
        PF_TILE_RESTRICT_(block_restrict_double, to)
        default: break;
      }
    }
  }
}

/* Plane z of the rectangle, which is done. */
template <class real, bool flat>
__device__ void tile_store(const tile &t, const tile_place &p, const real *shared, int z) {
  const ptrdiff_t cells = pf_cells(&t.g), plane = flat ? 0 : static_cast<ptrdiff_t>(p.k + z) * t.g.ny;
  const int step = tile_at_once<real>(t), row = t.n[0] / step;
  for (int a = 0; a < t.arrays; a++) {
    const tile_array &x = t.array[a];
    if (!x.to) continue;
    for (int part = 0; part < x.parts; part++) {
      const real *from = shared + x.first + part * tile_cells(t) + tile_plane<flat>(t, z);
      real *to = static_cast<real *>(x.to) + part * cells;
#pragma unroll 1
      for (int n = static_cast<int>(threadIdx.x); n < row * t.n[1]; n += static_cast<int>(blockDim.x)) {
        const int y = n / row + t.border[1], c = (n - n / row * row) * step + t.border[0], i = p.i + c, j = p.j + y;
        if (i >= t.g.nx || j >= t.g.ny) continue;
        real *there = to + (plane + j) * t.g.nx + i;
        const real *here = from + y * t.width + c;
        if (t.vector)
          *reinterpret_cast<float4 *>(there) = *reinterpret_cast<const float4 *>(here);
        else
          *there = *here;
      }
    }
  }
}

/* The dots with what was stored. */
template <class real>
__device__ void tile_dots(const tile &t, const tile_place &p, real *shared, const unsigned char *args) {
  dots_column *room = reinterpret_cast<dots_column *>(shared + t.room);
  const int i = p.i + t.border[0], j = p.j + t.border[1];
#define PF_TILE_DOTS_(kernel)                         \
  dots_make(t.g, i, j, t.n[0], t.n[1], room, t.parts, \
            [args](pf_at at) { return pf_cell_##kernel(reinterpret_cast<const pf_##kernel##_args *>(args), at); })
  __syncthreads();
  if constexpr (sizeof(real) == sizeof(float))
    PF_TILE_DOTS_(mg_dots);
  else
    PF_TILE_DOTS_(mg_dots_double);
}

/* One stage's half on plane z. */
template <class real, bool flat>
__device__ void tile_step(const tile &t, const tile_place &p, int z, int reach, int part, pf_kernel kernel,
                          const unsigned char *args) {
#define PF_TILE_CASE_(kernel)                                                                                     \
  case PF_KERNEL_##kernel:                                                                                        \
    tile_half<flat>(t, p, z, reach, part,                                                                         \
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

/* Step by step one more plane; a half step that is needed `reach` cells around the rectangle is as many planes behind it as
 * the chain has lost of its reach. */
template <class real, bool flat>
__device__ void tile_do(const tile &t) {
  alignas(16) static __shared__ unsigned char args[PF_TILE_STAGES + 1][PF_FUSED_ARGS];
  real *shared = reinterpret_cast<real *>(pf_shared);
  const tile_place p = tile_of_block<flat>(t);
  tile_arguments(t, shared, args);
  const int last = t.g.nz - p.k; /* the grid's last plane is before this one */
  const int planes = flat ? 1 : (t.border[2] + t.n[2] < last ? t.border[2] + t.n[2] : last) + t.reach;
  for (int step = flat ? 0 : t.border[2] - t.reach, asked = step; step < planes; step++) {
    for (; asked <= step && asked < planes; asked++) tile_load<real, flat>(t, p, shared, asked);
    __pipeline_wait_prior(0);
    __syncthreads();
    if (!flat && t.ahead && asked < planes) tile_load<real, flat>(t, p, shared, asked++);
    int reach = t.reach;
    for (int s = 0; s < t.stages; s++) {
      for (int half = 0; half < t.stage[s].halves; half++) {
        reach -= t.stage[s].reach;
        const int z = flat ? 0 : step - (t.reach - reach);
        if (flat || z >= t.border[2] - reach)
          tile_step<real, flat>(t, p, z, reach, t.stage[s].halves == 2 ? half : PF_ALL_CELLS, t.stage[s].kernel,
                                args[s]);
      }
    }
    const int z = flat ? 0 : step - t.reach;
    if (!flat && z < t.border[2]) continue;
    if (t.restricts) tile_restrict<real, flat>(t, p, z, args[t.stages]);
    tile_store<real, flat>(t, p, shared, z);
    if constexpr (flat) {
      if (t.dots) tile_dots(t, p, shared, args[t.stages]);
    }
  }
}

enum { PF_TILE_THREADS = 512 };
/* Blocks that share a multiprocessor. */
template <class real, bool flat>
constexpr int tile_blocks_of = flat && sizeof(real) == sizeof(float) ? 2 : 1;

template <class real, bool flat>
__global__ void __launch_bounds__(PF_TILE_THREADS, tile_blocks_of<real, flat>)
    run_tile(const __grid_constant__ tile t) {
  tile_do<real, flat>(t);
}
/* Those of members, one behind the other in y; two to a multiprocessor would be 64 registers, and spills. */
template <class real, bool flat>
__global__ void __launch_bounds__(PF_TILE_THREADS, 1) run_tiles(const tile *of) {
  alignas(16) static __shared__ unsigned char room[sizeof(tile)];
  tile *t = reinterpret_cast<tile *>(room);
  take_copy(t, of + blockIdx.y);
  tile_do<real, flat>(*t);
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

/* Puts a kernel behind the others; false: it cannot be there.  *moved: numbers a cell that it reads and writes by itself. */
bool tile_stage_put(tile *t, const pf_stage &stage, double *moved) {
  const tiled_kernel *known = nullptr;
  for (const tiled_kernel &k : tiled_kernels)
    if (k.kernel == stage.kernel) known = &k;
  if (!known || t->stages == PF_TILE_STAGES || (t->stages > 0 && known->size != t->size)) return false;
  t->size = known->size;
  tile_stage *to = &t->stage[t->stages++];
  to->kernel = known->kernel;
  to->halves = known->halves;
  to->reach = known->reach;
  to->cells = known->cells;
  memcpy(to->args, stage.args, known->bytes);
  t->reach += known->halves * known->reach;
  for (int n = 0; n < known->count; n++) {
    const tiled_argument &x = known->list[n];
    void *address;
    memcpy(&address, to->args + x.place, sizeof address);
    if (!address) continue; /* of a direction of one cell */
    const bool moved_here = known->reach == 0 && n > 0;
    const int a = moved_here ? to->array[0] : tile_find(t, address, x);
    if (a < 0) return false;
    if (moved_here) t->array[a].to = address;
    to->place[to->pointers] = static_cast<short>(x.place);
    to->array[to->pointers++] = static_cast<short>(a);
    *moved += known->halves * x.parts * (x.read + x.written);
  }
  return true;
}

/* Takes the restriction of the residual into the tile, if that is what the kernel does. */
template <class args>
bool tile_takes(tile *t, const void *of, size_t place, const void *residual, const int n[3], const int s[3]) {
  const int own[3] = {t->g.nx, t->g.ny, t->g.nz};
  for (int d = 0; d < 3; d++)
    if (n[d] != own[d] || s[d] != (n[d] > 1 ? 2 : 1)) return false;
  tile_stage *to = &t->stage[t->stages];
  for (int a = 0; a < t->arrays; a++)
    if (t->array[a].to == residual && !t->array[a].from) to->array[0] = static_cast<short>(a), to->pointers = 1;
  if (to->pointers == 0) return false;
  to->cells = -1;
  to->place[0] = static_cast<short>(place);
  memcpy(to->args, of, sizeof(args));
  t->array[to->array[0]].to = nullptr; /* nobody else reads it (backend.h, chain) */
  return t->restricts = true;
}
template <class args>
bool tile_takes_mg(tile *t, const args *k) {
  return tile_takes<args>(t, k, offsetof(args, r), k->r, k->join.n, k->join.s);
}
template <class args>
bool tile_takes_block(tile *t, const args *k) {
  const int n[3] = {k->to.nx, k->to.ny, k->to.nz}, s[3] = {k->to.sx, k->to.sy, k->to.sz};
  return tile_takes<args>(t, k, offsetof(args, fine), k->fine, n, s);
}
/* Takes dots with what the tile makes. */
template <class args>
bool tile_meets(tile *t, pf_kernel kernel, const args *k) {
  tile_stage *to = &t->stage[t->stages];
  for (int a = 0; a < t->arrays; a++) t->dots = t->dots || t->array[a].to == k->z;
  t->dots = t->dots && in_parts(kernel, t->g);
  to->cells = -1;
  to->pointers = 0;
  memcpy(to->args, k, sizeof *k);
  return t->dots;
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
    case PF_KERNEL_mg_dots: return !wide && tile_meets(t, kernel, static_cast<const pf_mg_dots_args *>(k));
    case PF_KERNEL_mg_dots_double: return wide && tile_meets(t, kernel, static_cast<const pf_mg_dots_double_args *>(k));
    default: return false;
  }
}

/* Bytes of shared memory for dots. */
size_t tile_dots_bytes(const tile &t, int nx, int ny) {
  return t.dots ? sizeof(dots_column) * static_cast<size_t>(nx * (ny / PF_DOTS_Y)) : 0;
}

enum { PF_TILE_BLOCKS = 128, PF_TILE_PLANES = 64, PF_TILE_PLANES_LEAST = 8 };

/* Shared memory that a block may have, 0: no tiles; and how many blocks are enough, one a multiprocessor, at most
 * PF_TILE_BLOCKS. */
struct tile_limits {
  size_t bytes;
  int blocks;
};

/* The rectangle and the planes that a block takes: the least that is read twice of those that fit, and blocks enough.
 * Returns how often a cell is read, 0 where none fits. */
double tile_shape(tile *t, const tile_limits &most, int numbers) {
  const pf_grid *g = &t->g;
  const int at_once = static_cast<int>(sizeof(float4)) / t->size;
  const double row = g->nx, rows = g->ny, planes = g->nz;
  double best = 0;
  t->border[0] = pf_ceil_divide(t->reach, at_once) * at_once;
  t->border[1] = t->reach;
  t->border[2] = t->depth > 1 ? t->reach + t->reach % 2 : 0;
  for (int nx = 64; nx >= 16; nx /= 2)
    for (int ny = 32; ny >= 4; ny -= 4) {
      const int width = nx + 2 * t->border[0], height = ny + 2 * t->border[1];
      const int tiles_x = pf_ceil_divide(g->nx, nx), tiles_y = pf_ceil_divide(g->ny, ny);
      const double often = tiles_x * width / row * (tiles_y * height / rows);
      const size_t bytes = static_cast<size_t>(numbers * t->size * width * height * t->depth);
      if (bytes + tile_dots_bytes(*t, nx, ny) > most.bytes || height > g->ny) continue;
      if (best > 0 && often >= best) continue;
      best = often;
      t->n[0] = nx, t->n[1] = ny;
      t->width = width, t->height = height;
      t->tiles_x = tiles_x, t->tiles_y = tiles_y;
    }
  t->n[2] = 1;
  if (t->depth == 1) return best;
  t->n[2] = PF_TILE_PLANES;
  while (t->n[2] > PF_TILE_PLANES_LEAST && t->tiles_x * t->tiles_y * pf_ceil_divide(g->nz, t->n[2]) < most.blocks)
    t->n[2] /= 2;
  if (g->nz < t->n[2] || g->nz < 2 * t->border[2]) return 0;
  return best * (planes + 2 * t->reach * pf_ceil_divide(g->nz, t->n[2])) / planes;
}

/* A tile for the chain and, where it is one, the restriction behind it, if that moves fewer numbers than kernel by kernel;
 * *shared: bytes of shared memory. */
bool tile_plan(const pf_stage *stage, int stages, const pf_grid *g, pf_kernel behind, const void *k,
               const tile_limits &most, tile *t, size_t *shared) {
  double one_by_one = 0;
  if (g->ny == 1 || pf_cells(g) <= PF_TAIL_CELLS) return false;
  memset(t, 0, sizeof *t);
  t->g = *g;
  for (int s = 0; s < stages; s++)
    if (!tile_stage_put(t, stage[s], &one_by_one)) return false;
  if (tile_ends_with(t, behind, k)) one_by_one += t->dots ? 1 : t->array[t->stage[stages].array[0]].parts;
  int numbers = 0, reads = 0, others = 0; /* a cell */
  for (int a = 0; a < t->arrays; a++) {
    const tile_array &x = t->array[a];
    numbers += x.parts;
    if (x.from) reads += x.parts;
    if (x.to) others += x.from == x.to ? 3 * x.parts : x.parts; /* with its copy */
  }
  t->vector = g->nx % (static_cast<int>(sizeof(float4)) / t->size) == 0;
  for (int ahead = g->nz > 1; ahead >= 0; ahead--) {
    t->ahead = ahead;
    t->depth = g->nz > 1 ? (t->reach + 3 + ahead) / 2 * 2 : 1;
    const double often = tile_shape(t, most, numbers);
    if (!(often > 0) || often * reads + others >= one_by_one) continue;
    int first = 0;
    for (int a = 0; a < t->arrays; first += t->array[a++].parts * tile_cells(*t)) t->array[a].first = first;
    t->stage[stages].offset = t->border[1] * t->width + t->border[0];
    t->room = first;
    *shared = static_cast<size_t>(first) * static_cast<size_t>(t->size) + tile_dots_bytes(*t, t->n[0], t->n[1]);
    return true;
  }
  return false;
}

} // namespace

#endif
