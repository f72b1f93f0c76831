/* backend_cpu.c: loops over rows with OpenMP threads; those along a row are in cpu_rows.c.  No arithmetic here. */
#include "backend.h"
#include "cpu_rows.h"
#include "fft_cpu.h"
#include "launch.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Below this many cells a parallel region costs more than it saves (numerics.md: 4,000). */
enum { SERIAL_CELLS = 4096 };

typedef struct cpu {
  int threads;
  size_t arrays;   /* large ones allocated so far */
  double *partial; /* [rows][PF_SUMS]: sums of each row */
  size_t partial_rows;
} cpu;

PF_ROWS_DECLARE(PF_KERNELS)
#define PF_MAP_ENTRY_(kernel) [PF_KERNEL_##kernel] = pf_map_##kernel,
#define PF_SWEEP_ENTRY_(kernel) [PF_KERNEL_##kernel] = pf_sweep_##kernel,
#define PF_SUM_ENTRY_(kernel) [PF_KERNEL_##kernel] = pf_sum_##kernel,
static pf_map_row *const map_rows[PF_KERNEL_COUNT] = {PF_KERNELS(PF_MAP_ENTRY_, PF_NONE_, PF_NONE_, PF_NONE_)};
static pf_sweep_row *const sweep_rows[PF_KERNEL_COUNT] = {PF_KERNELS(PF_NONE_, PF_SWEEP_ENTRY_, PF_NONE_, PF_NONE_)};
static pf_sum_row *const sum_rows[PF_KERNEL_COUNT] = {PF_KERNELS(PF_NONE_, PF_NONE_, PF_SUM_ENTRY_, PF_SUM_ENTRY_)};

/* An array lies behind a line of 64 bytes that holds its size.  Large arrays are asked for in large pages and begin at
 * different lines of a page, so that the streams of a kernel do not fall into the same sets of the cache. */
enum { LINE = 64, LARGE = 1 << 22, LARGE_PAGE = 1 << 21, STAGGER = 61 };

typedef struct head {
  void *block;  /* for free() */
  size_t bytes; /* of the array */
} head;

/* Zeroes in the threads that will use the memory, so that each page lies near its thread. */
static void zero(char *to, size_t bytes, int threads) {
  const ptrdiff_t parts = bytes < LARGE ? 1 : threads;
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (parts > 1)
  for (ptrdiff_t part = 0; part < parts; part++) {
    const size_t size = bytes / (size_t)parts / LINE * LINE, start = size * (size_t)part;
    memset(to + start, 0, part == parts - 1 ? bytes - start : size);
  }
}

static pf_status cpu_allocate(pf_backend *b, size_t bytes, void **array) {
  cpu *self = b->self;
  const size_t unit = bytes < LARGE ? LINE : LARGE_PAGE;
  const size_t skip = bytes < LARGE ? LINE : LINE * (1 + self->arrays++ % STAGGER);
  char *block;
  *array = NULL;
  PF_TRY(pf_host_memory_check(b, bytes));
  block = aligned_alloc(unit, (bytes + skip + LINE + unit - 1) / unit * unit);
  PF_CHECK(block, PF_NO_MEMORY, "no memory for %.3f GiB more (%.3f GiB in use)", (double)bytes / 0x1p30,
           (double)b->bytes / 0x1p30);
  if (bytes >= LARGE) (void)madvise(block, bytes + skip, MADV_HUGEPAGE); /* a wish: no harm where it is refused */
  const head h = {block, bytes};
  memcpy(block + skip - LINE, &h, sizeof h);
  zero(block + skip, bytes, self->threads);
  b->bytes += bytes;
  if (b->bytes > b->bytes_peak) b->bytes_peak = b->bytes;
  *array = block + skip;
  return PF_OK;
}

static void cpu_release(pf_backend *b, void *array) {
  head h;
  if (!array) return;
  memcpy(&h, (char *)array - LINE, sizeof h);
  b->bytes -= h.bytes;
  free(h.block);
}

static pf_status cpu_copy(pf_backend *b, void *to, const void *from, size_t bytes) {
  (void)b;
  memcpy(to, from, bytes);
  return PF_OK;
}

static int team(const cpu *self, const pf_grid *g) { return pf_cells(g) < SERIAL_CELLS ? 1 : self->threads; }

static pf_status cpu_map(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  PF_TRY(pf_kernel_check(kernel, PF_KIND_MAP, g));
  pf_map_row *const run = map_rows[kernel];
  const ptrdiff_t rows = pf_rows(g);
  const int threads = team(b->self, g);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (ptrdiff_t row = 0; row < rows; row++) run(args, g, row);
  return PF_OK;
}

/* ---- sweeps ----
 *
 * Red cells first, then black cells, with one pass over memory: a black cell can follow as soon as the red cells around
 * it are done.  "Lines" are grouped in "planes" (2-D: each row a plane of one line; 3-D: planes k of lines j).  A
 * thread has planes first .. end - 1 and goes through them with red one plane ahead of black; in 3-D it does so for
 * `tile` lines at a time, black one line behind, so that what is used twice stays in the cache.  The black cells whose
 * red neighbours belong to another thread, or lie across the periodic faces, follow after a barrier.  The odd seam rows
 * (classes 1 to 3) come last, part by part.  Every cell finds the values that the plain order would give it. */
typedef struct sweep {
  pf_sweep_row *run;
  const void *args;
  const pf_grid *g;
  ptrdiff_t planes, lines; /* of class 0 */
  ptrdiff_t plane_rows;    /* from a plane to the next, rows; a line is one row */
  ptrdiff_t tile;          /* lines */
} sweep;

enum { RED, BLACK };
/* Of a thread's cache for three planes of a tile, and what a cell is taken to need, bytes. */
enum { TILE_BYTES = 1 << 20, CELL_BYTES = 64, TILE_LINES = 8 };

static void sweep_line(const sweep *s, ptrdiff_t plane, ptrdiff_t line, int colour) {
  s->run(s->args, s->g, plane * s->plane_rows + line, colour);
}

/* Red, and black where nothing else is needed for it. */
static void sweep_inner(const sweep *s, ptrdiff_t first, ptrdiff_t end) {
  for (ptrdiff_t low = 0; low < s->lines; low += s->tile) {
    const ptrdiff_t high = low + s->tile < s->lines ? low + s->tile : s->lines;
    const ptrdiff_t black_low = s->lines == 1 ? 0 : low > 1 ? low - 1 : 1, black_high = s->lines == 1 ? 1 : high - 1;
    for (ptrdiff_t plane = first; plane < end; plane++) {
      for (ptrdiff_t line = low; line < high; line++) sweep_line(s, plane, line, RED);
      if (plane - 1 <= first) continue;
      for (ptrdiff_t line = black_low; line < black_high; line++) sweep_line(s, plane - 1, line, BLACK);
    }
  }
}

/* The black cells that sweep_inner left. */
static void sweep_border(const sweep *s, ptrdiff_t first, ptrdiff_t end) {
  for (ptrdiff_t plane = first; plane < end; plane++) {
    const int whole = plane == first || plane == end - 1;
    const ptrdiff_t step = whole || s->lines == 1 ? 1 : s->lines - 1; /* else the first and the last line */
    for (ptrdiff_t line = s->lines == 1 && !whole ? 1 : 0; line < s->lines; line += step) {
      sweep_line(s, plane, line, BLACK);
    }
  }
}

/* One colour of the seam rows of one class. */
static void sweep_seam(const sweep *s, int class, int colour, int threads) {
  const pf_grid *g = s->g;
  const int y = class & 1, z = class >> 1, seam_y = pf_sweep_seam(g->ny), seam_z = pf_sweep_seam(g->nz);
  const ptrdiff_t lines = y ? seam_y : g->ny - seam_y, planes = z ? seam_z : g->nz - seam_z;
  const ptrdiff_t first = (z ? (ptrdiff_t)(g->nz - 1) * g->ny : 0) + (y ? g->ny - 1 : 0);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1 && lines * planes > 1)
  for (ptrdiff_t n = 0; n < lines * planes; n++) {
    s->run(s->args, g, first + n / lines * g->ny + n % lines, colour);
  }
}

static pf_status cpu_sweep(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  PF_TRY(pf_kernel_check(kernel, PF_KIND_SWEEP, g));
  const int threads = team(b->self, g), seam_y = pf_sweep_seam(g->ny), seam_z = pf_sweep_seam(g->nz);
  sweep s = {.run = sweep_rows[kernel], .args = args, .g = g};
  if (g->nz > 1) {
    s.planes = g->nz - seam_z;
    s.lines = g->ny - seam_y;
    s.plane_rows = g->ny;
  } else {
    s.planes = g->ny - seam_y;
    s.lines = 1;
    s.plane_rows = 1;
  }
  s.tile = TILE_BYTES / 3 / CELL_BYTES / g->nx;
  if (s.tile < TILE_LINES) s.tile = TILE_LINES;
  if (threads == 1) {
    sweep_inner(&s, 0, s.planes);
    sweep_border(&s, 0, s.planes);
  } else {
#pragma omp parallel num_threads(threads)
    {
      const ptrdiff_t team_size = omp_get_num_threads(), me = omp_get_thread_num();
      const ptrdiff_t first = s.planes * me / team_size, end = s.planes * (me + 1) / team_size;
      sweep_inner(&s, first, end);
#pragma omp barrier
      sweep_border(&s, first, end);
    }
  }
  for (int class = 1; class < 4; class ++) {
    if ((class & 1) > seam_y || class >> 1 > seam_z) continue;
    sweep_seam(&s, class, RED, threads);
    sweep_seam(&s, class, BLACK, threads);
  }
  return PF_OK;
}

/* ---- chains ----
 *
 * In 2-D the half steps of a chain (a MAP kernel, or one colour of a SWEEP kernel) follow each other at a distance of a
 * row, so that a row is worked on while it is in the cache.  A thread does half step n on its rows first + n ... end - 1
 * - n; the wedges that are left between two threads, and across the periodic face, are done after one barrier, each by
 * the thread below it, from nothing but what is done by then.  Every cell finds the values that the plain order would
 * give it. */
typedef struct half_step {
  pf_map_row *map; /* NULL: */
  pf_sweep_row *sweep;
  int colour;
  const void *args;
} half_step;

static void run_half(const half_step *h, const pf_grid *g, ptrdiff_t row) {
  if (h->map) {
    h->map(h->args, g, row);
  } else {
    h->sweep(h->args, g, row, h->colour);
  }
}

static void chain_inner(const half_step *half, int halves, const pf_grid *g, ptrdiff_t first, ptrdiff_t end) {
  for (ptrdiff_t step = first; step < end; step++) /* the row of half step 0 */
    for (int n = 0; n < halves; n++)
      if (step - n >= first + n) run_half(&half[n], g, step - n);
}

/* Around the end of a thread's rows: what chain_inner left of them and of the next thread's. */
static void chain_wedge(const half_step *half, int halves, const pf_grid *g, ptrdiff_t end) {
  const ptrdiff_t rows = g->ny;
  for (int n = 1; n < halves; n++)
    for (ptrdiff_t row = end - n; row < end + n; row++) run_half(&half[n], g, row < rows ? row : row - rows);
}

static pf_status cpu_chain(pf_backend *b, const pf_stage *stage, int stages, const pf_grid *g) {
  PF_TRY(pf_chain_check(stage, stages, g));
  half_step half[2 * PF_STAGES_MAX];
  int halves = 0, sweeps = 0;
  for (int n = 0; n < stages; n++) {
    const pf_kernel kernel = stage[n].kernel;
    if (pf_kernel_kind_of(kernel) == PF_KIND_MAP) {
      half[halves++] = (half_step){.map = map_rows[kernel], .args = stage[n].args};
      continue;
    }
    sweeps++;
    for (int colour = RED; colour <= BLACK; colour++)
      half[halves++] = (half_step){.sweep = sweep_rows[kernel], .colour = colour, .args = stage[n].args};
  }
  int threads = team(b->self, g);
  while (threads > 1 && g->ny / threads < 2 * halves) threads--;
  if (g->nz > 1 || g->ny < 2 * halves || (sweeps > 0 && pf_sweep_seam(g->ny)))
    return pf_chain_plain(b, stage, stages, g);
  if (threads == 1) {
    chain_inner(half, halves, g, 0, g->ny);
    chain_wedge(half, halves, g, g->ny);
    return PF_OK;
  }
#pragma omp parallel num_threads(threads)
  {
    const ptrdiff_t team_size = omp_get_num_threads(), me = omp_get_thread_num(), rows = g->ny;
    const ptrdiff_t end = rows * (me + 1) / team_size;
    chain_inner(half, halves, g, rows * me / team_size, end);
#pragma omp barrier
    chain_wedge(half, halves, g, end);
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
  pf_sum_row *const run = sum_rows[kernel];
  const int threads = team(self, g);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (ptrdiff_t row = 0; row < rows; row++) run(args, g, row, self->partial + row * PF_SUMS);
  return PF_OK;
}

static pf_status cpu_sum(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  PF_TRY(pf_kernel_check(kernel, PF_KIND_SUM, g));
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
  PF_TRY(pf_kernel_check(kernel, PF_KIND_MAX, g));
  PF_TRY(row_values(b, kernel, g, args));
  const double *partial = ((cpu *)b->self)->partial;
  memcpy(result, partial, PF_SUMS * sizeof(double));
  for (ptrdiff_t row = 1; row < pf_rows(g); row++) {
    for (int s = 0; s < PF_SUMS; s++) result[s] = PF_LARGER_(result[s], partial[row * PF_SUMS + s]);
  }
  return PF_OK;
}

static pf_status cpu_fft_create(pf_backend *b, const pf_grid *g, int batch, pf_fft **fft) {
  return pf_fft_cpu_create(g, batch, ((cpu *)b->self)->threads, fft);
}

static void cpu_fft_destroy(pf_backend *b, pf_fft *fft) {
  (void)b;
  pf_fft_cpu_destroy(fft);
}

static pf_status cpu_fft_forward(pf_backend *b, pf_fft *fft, const double *field, double *spectrum) {
  (void)b;
  pf_fft_cpu_forward(fft, field, spectrum);
  return PF_OK;
}

static pf_status cpu_fft_inverse(pf_backend *b, pf_fft *fft, double *spectrum, double *field) {
  (void)b;
  pf_fft_cpu_inverse(fft, spectrum, field);
  return PF_OK;
}

static pf_status cpu_fft_green(pf_backend *b, pf_fft *fft, const struct pf_elastic_green_args *green,
                               const double *from, double *to) {
  (void)b;
  pf_fft_cpu_green(fft, green, from, to);
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
                    .chain = cpu_chain,
                    .fft_create = cpu_fft_create,
                    .fft_destroy = cpu_fft_destroy,
                    .fft_forward = cpu_fft_forward,
                    .fft_inverse = cpu_fft_inverse,
                    .fft_green = cpu_fft_green,
                    .synchronize = cpu_synchronize,
                    .destroy = cpu_destroy};
  b->threads = self->threads;
  snprintf(b->device, sizeof b->device, "CPU, %d thread%s", self->threads, self->threads == 1 ? "" : "s");
  return PF_OK;
}
