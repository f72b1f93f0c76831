/* backend_cpu.c: loops over rows with OpenMP threads, along a row with vector instructions.  No arithmetic here. */
#include "backend.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Below this many cells a parallel region costs more than it saves (numerics.md: 4,000). */
enum { SERIAL_CELLS = 4096 };

typedef struct cpu {
  int threads;
  double *partial;   /* [rows][PF_SUMS]: sums of each row */
  size_t partial_rows;
} cpu;

/* The cell at i of a row: constant offsets in the middle, so that the loop becomes vector instructions. */
#define PF_ROW_AT_(row_at, index, minus, plus) \
  pf_at at = row_at;                           \
  at.i = index;                                \
  at.c = row_at.c + index;                     \
  at.xm = minus;                               \
  at.xp = plus

#define PF_MAP_ROW_(kernel)                                                          \
  static void row_##kernel(const void *args, const pf_grid *g, ptrdiff_t row) {      \
    const pf_##kernel##_args k = *(const pf_##kernel##_args *)args;                  \
    const pf_at first = pf_at_row(g, row);                                           \
    const int last = g->nx - 1;                                                      \
    pf_cell_##kernel(&k, first);                                                     \
    _Pragma("omp simd") for (int i = 1; i < last; i++) {                             \
      PF_ROW_AT_(first, i, -1, 1);                                                   \
      pf_cell_##kernel(&k, at);                                                      \
    }                                                                                \
    if (last > 0) {                                                                  \
      PF_ROW_AT_(first, last, -1, 0);                                                \
      pf_cell_##kernel(&k, at);                                                      \
    }                                                                                \
  }

/* One colour of a row. */
#define PF_SWEEP_ROW_(kernel)                                                                     \
  static void colour_##kernel(const void *args, const pf_grid *g, ptrdiff_t row, int colour) {    \
    const pf_##kernel##_args k = *(const pf_##kernel##_args *)args;                               \
    const pf_at first = pf_at_row(g, row);                                                        \
    const int last = g->nx - 1;                                                                   \
    const int start = (first.j + first.k + colour) & 1; /* i of the first cell of the colour */   \
    if (start == 0) pf_cell_##kernel(&k, first);                                                  \
    _Pragma("omp simd") for (int i = 2 - start; i < last; i += 2) {                               \
      PF_ROW_AT_(first, i, -1, 1);                                                                \
      pf_cell_##kernel(&k, at);                                                                   \
    }                                                                                             \
    if (last > 0 && ((last ^ start) & 1) == 0) {                                                  \
      PF_ROW_AT_(first, last, -1, 0);                                                             \
      pf_cell_##kernel(&k, at);                                                                   \
    }                                                                                             \
  }

#define PF_SUM_ROW_(kernel)                                                                          \
  static void sum_##kernel(const void *args, const pf_grid *g, ptrdiff_t row, double *total) {       \
    const pf_##kernel##_args k = *(const pf_##kernel##_args *)args;                                  \
    const pf_at first = pf_at_row(g, row);                                                           \
    const int last = g->nx - 1;                                                                      \
    const pf_sums f = pf_cell_##kernel(&k, first);                                                   \
    double s0 = f.s[0], s1 = f.s[1], s2 = f.s[2], s3 = f.s[3];                                       \
    _Pragma("omp simd reduction(+ : s0, s1, s2, s3)") for (int i = 1; i < last; i++) {               \
      PF_ROW_AT_(first, i, -1, 1);                                                                   \
      const pf_sums r = pf_cell_##kernel(&k, at);                                                    \
      s0 += r.s[0], s1 += r.s[1], s2 += r.s[2], s3 += r.s[3];                                        \
    }                                                                                                \
    if (last > 0) {                                                                                  \
      PF_ROW_AT_(first, last, -1, 0);                                                                \
      const pf_sums r = pf_cell_##kernel(&k, at);                                                    \
      s0 += r.s[0], s1 += r.s[1], s2 += r.s[2], s3 += r.s[3];                                        \
    }                                                                                                \
    total[0] = s0, total[1] = s1, total[2] = s2, total[3] = s3;                                      \
  }

#define PF_LARGER_(a, b) ((a) > (b) ? (a) : (b))
#define PF_MAX_ROW_(kernel)                                                                          \
  static void max_##kernel(const void *args, const pf_grid *g, ptrdiff_t row, double *total) {       \
    const pf_##kernel##_args k = *(const pf_##kernel##_args *)args;                                  \
    const pf_at first = pf_at_row(g, row);                                                           \
    const int last = g->nx - 1;                                                                      \
    const pf_sums f = pf_cell_##kernel(&k, first);                                                   \
    double s0 = f.s[0], s1 = f.s[1], s2 = f.s[2], s3 = f.s[3];                                       \
    _Pragma("omp simd reduction(max : s0, s1, s2, s3)") for (int i = 1; i < g->nx; i++) {            \
      PF_ROW_AT_(first, i, -1, (i < last ? 1 : 0));                                                  \
      const pf_sums r = pf_cell_##kernel(&k, at);                                                    \
      s0 = PF_LARGER_(s0, r.s[0]), s1 = PF_LARGER_(s1, r.s[1]);                                      \
      s2 = PF_LARGER_(s2, r.s[2]), s3 = PF_LARGER_(s3, r.s[3]);                                      \
    }                                                                                                \
    total[0] = s0, total[1] = s1, total[2] = s2, total[3] = s3;                                      \
  }

#define PF_NONE_(kernel)
PF_KERNELS(PF_MAP_ROW_, PF_NONE_, PF_NONE_, PF_NONE_)
PF_KERNELS(PF_NONE_, PF_SWEEP_ROW_, PF_NONE_, PF_NONE_)
PF_KERNELS(PF_NONE_, PF_NONE_, PF_SUM_ROW_, PF_NONE_)
PF_KERNELS(PF_NONE_, PF_NONE_, PF_NONE_, PF_MAX_ROW_)

typedef void (*map_row)(const void *, const pf_grid *, ptrdiff_t);
typedef void (*sweep_row)(const void *, const pf_grid *, ptrdiff_t, int);
typedef void (*sum_row)(const void *, const pf_grid *, ptrdiff_t, double *);

#define PF_MAP_ENTRY_(kernel) [PF_KERNEL_##kernel] = row_##kernel,
#define PF_SWEEP_ENTRY_(kernel) [PF_KERNEL_##kernel] = colour_##kernel,
#define PF_SUM_ENTRY_(kernel) [PF_KERNEL_##kernel] = sum_##kernel,
#define PF_MAX_ENTRY_(kernel) [PF_KERNEL_##kernel] = max_##kernel,
static const map_row map_rows[PF_KERNEL_COUNT] = {PF_KERNELS(PF_MAP_ENTRY_, PF_NONE_, PF_NONE_, PF_NONE_)};
static const sweep_row sweep_rows[PF_KERNEL_COUNT] = {PF_KERNELS(PF_NONE_, PF_SWEEP_ENTRY_, PF_NONE_, PF_NONE_)};
static const sum_row sum_rows[PF_KERNEL_COUNT] = {PF_KERNELS(PF_NONE_, PF_NONE_, PF_SUM_ENTRY_, PF_MAX_ENTRY_)};

static pf_status cpu_allocate(pf_backend *b, size_t bytes, void **array) {
  const size_t padded = (bytes + 63) / 64 * 64 + 64;
  *array = aligned_alloc(64, padded);
  PF_CHECK(*array, PF_NO_MEMORY, "no memory for %.3f GiB more (%.3f GiB in use)", (double)bytes / 0x1p30,
           (double)b->bytes / 0x1p30);
  memset(*array, 0, padded);
  b->bytes += bytes;
  if (b->bytes > b->bytes_peak) b->bytes_peak = b->bytes;
  return PF_OK;
}

static void cpu_release(pf_backend *b, void *array) {
  (void)b;
  free(array);
}

static pf_status cpu_copy(pf_backend *b, void *to, const void *from, size_t bytes) {
  (void)b;
  memcpy(to, from, bytes);
  return PF_OK;
}

static int team(const cpu *self, const pf_grid *g) { return pf_cells(g) < SERIAL_CELLS ? 1 : self->threads; }

static pf_status cpu_map(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  const map_row run = map_rows[kernel];
  const ptrdiff_t rows = pf_rows(g);
  const int threads = team(b->self, g);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (ptrdiff_t row = 0; row < rows; row++) run(args, g, row);
  return PF_OK;
}

/* The class of a row in a sweep: 0 unless it is the odd last one of a periodic direction. */
static int sweep_class(const pf_grid *g, ptrdiff_t row) {
  const int k = (int)(row / g->ny), j = (int)(row % g->ny);
  return (g->ny > 1 && g->ny % 2 && j == g->ny - 1) + 2 * (g->nz > 1 && g->nz % 2 && k == g->nz - 1);
}

static pf_status cpu_sweep(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  const sweep_row run = sweep_rows[kernel];
  const ptrdiff_t rows = pf_rows(g);
  const int threads = team(b->self, g);
  const int classes = 1 + sweep_class(g, rows - 1);
  for (int class = 0; class < classes; class++) {
    for (int colour = 0; colour < 2; colour++) {
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
      for (ptrdiff_t row = 0; row < rows; row++) {
        if (sweep_class(g, row) == class) run(args, g, row, colour);
      }
    }
  }
  return PF_OK;
}

static pf_status row_values(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  cpu *self = b->self;
  const ptrdiff_t rows = pf_rows(g);
  if (self->partial_rows < (size_t)rows) {
    free(self->partial);
    self->partial = malloc((size_t)rows * PF_SUMS * sizeof(double));
    self->partial_rows = self->partial ? (size_t)rows : 0;
    PF_CHECK(self->partial, PF_NO_MEMORY, "no memory for the sums of %td rows", rows);
  }
  const sum_row run = sum_rows[kernel];
  const int threads = team(self, g);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (ptrdiff_t row = 0; row < rows; row++) run(args, g, row, self->partial + row * PF_SUMS);
  return PF_OK;
}

static pf_status cpu_sum(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  PF_TRY(row_values(b, kernel, g, args));
  double *partial = ((cpu *)b->self)->partial;
  for (ptrdiff_t rows = pf_rows(g); rows > 1; rows = (rows + 1) / 2) {
    for (ptrdiff_t row = 0; row < rows / 2; row++) {
      for (int s = 0; s < PF_SUMS; s++)
        partial[row * PF_SUMS + s] = partial[2 * row * PF_SUMS + s] + partial[(2 * row + 1) * PF_SUMS + s];
    }
    if (rows % 2) memmove(partial + rows / 2 * PF_SUMS, partial + (rows - 1) * PF_SUMS, PF_SUMS * sizeof(double));
  }
  memcpy(result, partial, PF_SUMS * sizeof(double));
  return PF_OK;
}

static pf_status cpu_max(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  PF_TRY(row_values(b, kernel, g, args));
  const double *partial = ((cpu *)b->self)->partial;
  memcpy(result, partial, PF_SUMS * sizeof(double));
  for (ptrdiff_t row = 1; row < pf_rows(g); row++) {
    for (int s = 0; s < PF_SUMS; s++) result[s] = PF_LARGER_(result[s], partial[row * PF_SUMS + s]);
  }
  return PF_OK;
}

static pf_status cpu_synchronize(pf_backend *b) {
  (void)b;
  return PF_OK;
}

static void cpu_destroy(pf_backend *b) {
  cpu *self = b->self;
  free(self->partial);
  free(self);
}

pf_status pf_backend_cpu(pf_backend *b, int threads) {
  cpu *self = calloc(1, sizeof *self);
  PF_CHECK(self, PF_NO_MEMORY, "no memory for a backend");
  self->threads = threads > 0 ? threads : omp_get_max_threads();
  *b = (pf_backend){.name = "cpu",
                    .self = self,
                    .allocate = cpu_allocate,
                    .release = cpu_release,
                    .upload = cpu_copy,
                    .download = cpu_copy,
                    .copy = cpu_copy,
                    .map = cpu_map,
                    .sweep = cpu_sweep,
                    .sum = cpu_sum,
                    .max = cpu_max,
                    .synchronize = cpu_synchronize,
                    .destroy = cpu_destroy};
  snprintf(b->device, sizeof b->device, "CPU, %d thread%s", self->threads, self->threads == 1 ? "" : "s");
  return PF_OK;
}
