#include "fft_cpu.h"

#include <fftw3.h>
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "cell_elastic.h"

/* FFTW makes and destroys plans for one thread at a time; they are carried out by any. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

/* A value of a spectrum. */
typedef struct wave {
  double re, im;
} wave;

/* Lines along y or z: in each of `groups` as many neighbours as a value is apart from the next of its line. */
typedef struct lines {
  int length;
  ptrdiff_t groups, stride;
  fftw_plan plan[2]; /* [forward, inverse] */
} lines;

/* FFTW works in rooms, from one line to another, both in one piece and aligned: with the copies there and back that takes half of
 * the time that it takes in place, where values of a line along y or z are so far apart that they share places in the cache.
 * Of such lines LINES neighbours go to the room at a time, a cache line for each value. */
enum { LINES = 4, SERIAL_VALUES = 4096, STREAMED_VALUES = 1 << 21, ALIGNED = 64 };
enum { FORWARD, INVERSE, THROUGH };

struct pf_fft {
  pf_grid grid;
  int batch, threads;
  fftw_plan row[2]; /* along x: [forward, inverse] */
  int directions;   /* beside x */
  lines along[2];
  ptrdiff_t pitch, room_waves; /* of a room: from a line to the next; in one */
  wave *room;                  /* [threads][2][room_waves] */
};

pf_grid pf_fft_cpu_grid(const pf_fft *f) { return f->grid; }
int pf_fft_cpu_batch(const pf_fft *f) { return f->batch; }

static int row_length(const pf_fft *f) { return f->grid.nx / 2 + 1; }
static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t most(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

/* The two rooms of a thread of the team that it is called from. */
static wave *room_of(const pf_fft *f, int which) {
  return f->room + (2 * omp_get_thread_num() + which) * f->room_waves;
}

static pf_status make_rooms(pf_fft *f) {
  const ptrdiff_t line = ALIGNED / (ptrdiff_t)sizeof(wave); /* and one more, so that lines begin at different places */
  f->pitch = (most(row_length(f), most(f->grid.ny, f->grid.nz)) / line + 2) * line;
  f->room_waves = f->pitch * LINES * f->batch;
  f->room = aligned_alloc(ALIGNED, (size_t)(2 * f->threads * f->room_waves) * sizeof(wave));
  PF_CHECK(f->room, PF_NO_MEMORY, "no memory for a Fourier transform");
  return PF_OK;
}

static pf_status make_plans(pf_fft *f) {
  const pf_grid *g = &f->grid;
  const ptrdiff_t half = row_length(f);
  fftw_complex *a = (fftw_complex *)f->room, *b = (fftw_complex *)(f->room + f->room_waves);
  f->row[FORWARD] = fftw_plan_dft_r2c_1d(g->nx, (double *)a, b, FFTW_ESTIMATE);
  f->row[INVERSE] = fftw_plan_dft_c2r_1d(g->nx, b, (double *)a, FFTW_ESTIMATE);
  bool made = f->row[FORWARD] && f->row[INVERSE];
  if (g->ny > 1) f->along[f->directions++] = (lines){.length = g->ny, .groups = g->nz, .stride = half};
  if (g->nz > 1) f->along[f->directions++] = (lines){.length = g->nz, .groups = 1, .stride = half * g->ny};
  for (lines *l = f->along; l < f->along + f->directions; l++) {
    l->plan[FORWARD] = fftw_plan_dft_1d(l->length, a, b, FFTW_FORWARD, FFTW_ESTIMATE);
    l->plan[INVERSE] = fftw_plan_dft_1d(l->length, b, a, FFTW_BACKWARD, FFTW_ESTIMATE);
    made = made && l->plan[FORWARD] && l->plan[INVERSE];
  }
  PF_CHECK(made, PF_NO_MEMORY, "FFTW makes no plan for %d x %d x %d cells", g->nx, g->ny, g->nz);
  return PF_OK;
}

pf_status pf_fft_cpu_create(const pf_grid *grid, int batch, int threads, pf_fft **fft) {
  pf_fft *f = calloc(1, sizeof *f);
  *fft = NULL;
  PF_CHECK(f, PF_NO_MEMORY, "no memory for a Fourier transform");
  *f = (pf_fft){.grid = *grid, .batch = batch, .threads = threads};
  pf_status status = make_rooms(f);
  if (status == PF_OK) {
    (void)pthread_mutex_lock(&planner);
    status = make_plans(f);
    (void)pthread_mutex_unlock(&planner);
  }
  if (status != PF_OK) {
    pf_fft_cpu_destroy(f);
    return status;
  }
  *fft = f;
  return PF_OK;
}

void pf_fft_cpu_destroy(pf_fft *f) {
  if (!f) return;
  (void)pthread_mutex_lock(&planner);
  for (int way = 0; way < 2; way++) {
    if (f->row[way]) fftw_destroy_plan(f->row[way]);
    for (int d = 0; d < f->directions; d++)
      if (f->along[d].plan[way]) fftw_destroy_plan(f->along[d].plan[way]);
  }
  (void)pthread_mutex_unlock(&planner);
  free(f->room);
  free(f);
}

static int team(const pf_fft *f) { return f->batch * pf_cells(&f->grid) < SERIAL_VALUES ? 1 : f->threads; }

/* ---- along x ---- */

/* What is far larger than a core's caches goes to the memory past them: a store to a line that is not there reads it first. */
static void put_row(const pf_fft *f, void *to, const void *from, size_t bytes) {
#ifdef __SSE2__
  const bool large = f->batch * pf_cells(&f->grid) > STREAMED_VALUES;
  if (large && (uintptr_t)to % sizeof(__m128d) == 0 && bytes % sizeof(__m128d) == 0) {
    for (size_t n = 0; n < bytes / sizeof(double); n += 2)
      _mm_stream_pd((double *)to + n, _mm_load_pd((const double *)from + n));
    _mm_sfence();
    return;
  }
#endif
  (void)f;
  memcpy(to, from, bytes);
}

static void rows_forward(const pf_fft *f, const double *field, wave *spectrum) {
  const ptrdiff_t nx = f->grid.nx, half = row_length(f), rows = f->batch * pf_rows(&f->grid);
  const int threads = team(f);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (ptrdiff_t row = 0; row < rows; row++) {
    double *from = (double *)room_of(f, 0);
    wave *to = room_of(f, 1);
    memcpy(from, field + row * nx, (size_t)nx * sizeof *from);
    fftw_execute_dft_r2c(f->row[FORWARD], from, (fftw_complex *)to);
    put_row(f, spectrum + row * half, to, (size_t)half * sizeof *to);
  }
}

static void rows_inverse(const pf_fft *f, const wave *spectrum, double *field) {
  const ptrdiff_t nx = f->grid.nx, half = row_length(f), rows = f->batch * pf_rows(&f->grid);
  const int threads = team(f);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (ptrdiff_t row = 0; row < rows; row++) {
    wave *from = room_of(f, 1);
    double *to = (double *)room_of(f, 0);
    memcpy(from, spectrum + row * half, (size_t)half * sizeof *from);
    fftw_execute_dft_c2r(f->row[INVERSE], (fftw_complex *)from, to);
    put_row(f, field + row * nx, to, (size_t)nx * sizeof *to);
  }
}

/* ---- along y or z ---- */

/* Between the spectrum, at the first of `count` neighbouring lines, and the room. */
static void take_lines(const lines *l, ptrdiff_t count, const wave *from, wave *room, ptrdiff_t pitch) {
  const ptrdiff_t stride = l->stride;
  for (int n = 0; n < l->length; n++, from += stride, room++) {
    if (count == LINES) {
      for (ptrdiff_t q = 0; q < LINES; q++) room[q * pitch] = from[q];
    } else {
      for (ptrdiff_t q = 0; q < count; q++) room[q * pitch] = from[q];
    }
  }
}

static void put_lines(const lines *l, ptrdiff_t count, const wave *room, ptrdiff_t pitch, wave *to) {
  const ptrdiff_t stride = l->stride;
  for (int n = 0; n < l->length; n++, to += stride, room++) {
    if (count == LINES) {
      for (ptrdiff_t q = 0; q < LINES; q++) to[q] = room[q * pitch];
    } else {
      for (ptrdiff_t q = 0; q < count; q++) to[q] = room[q * pitch];
    }
  }
}

/* Green's operator on `count` lines of the last direction from `first` on, which are in the room. */
static void green_of_lines(const pf_fft *f, const pf_elastic_green_args *green, ptrdiff_t first, ptrdiff_t count,
                           wave *room) {
  pf_elastic_green_args k = *green;
  k.spectrum = &room->re;
  k.waves = LINES * f->pitch; /* to the next field's */
  const int half = row_length(f), flat = f->grid.nz == 1, length = flat ? f->grid.ny : f->grid.nz;
  for (ptrdiff_t q = 0; q < count; q++) {
    const int i = (int)((first + q) % half), j = (int)((first + q) / half);
    const ptrdiff_t start = q * f->pitch;
#pragma omp simd
    for (int n = 0; n < length; n++) {
      const pf_at at = {.c = start + n, .i = i, .j = flat ? n : j, .k = flat ? 0 : n};
      pf_cell_elastic_green(&k, at);
    }
  }
}

/* All lines: forward, inverse, or forward, Green's operator and inverse. */
static void run_lines(const pf_fft *f, const lines *l, int way, const pf_elastic_green_args *green, wave *spectrum) {
  const ptrdiff_t chunks = (l->stride + LINES - 1) / LINES, group = l->stride * l->length, field = group * l->groups;
  const ptrdiff_t pitch = f->pitch, more = LINES * pitch;
  const int threads = team(f);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (ptrdiff_t n = 0; n < l->groups * chunks; n++) {
    wave *a = room_of(f, 0), *b = room_of(f, 1), *in = way == INVERSE ? b : a, *out = way == FORWARD ? b : a;
    const ptrdiff_t first = n % chunks * LINES, count = least(LINES, l->stride - first);
    wave *at = spectrum + n / chunks * group + first;
    for (int m = 0; m < f->batch; m++) {
      take_lines(l, count, at + m * field, in + m * more, pitch);
      for (ptrdiff_t q = m * more; q < m * more + count * pitch && way != INVERSE; q += pitch)
        fftw_execute_dft(l->plan[FORWARD], (fftw_complex *)(a + q), (fftw_complex *)(b + q));
    }
    if (way == THROUGH) green_of_lines(f, green, first, count, b);
    for (int m = 0; m < f->batch; m++) {
      for (ptrdiff_t q = m * more; q < m * more + count * pitch && way != FORWARD; q += pitch)
        fftw_execute_dft(l->plan[INVERSE], (fftw_complex *)(b + q), (fftw_complex *)(a + q));
      put_lines(l, count, out + m * more, pitch, at + m * field);
    }
  }
}

/* ---- all ---- */

void pf_fft_cpu_forward(const pf_fft *f, const double *field, double *spectrum) {
  wave *s = (wave *)spectrum;
  rows_forward(f, field, s);
  for (int d = 0; d < f->directions; d++) run_lines(f, &f->along[d], FORWARD, NULL, s);
}

void pf_fft_cpu_inverse(const pf_fft *f, double *spectrum, double *field) {
  wave *s = (wave *)spectrum;
  for (int d = f->directions - 1; d >= 0; d--) run_lines(f, &f->along[d], INVERSE, NULL, s);
  rows_inverse(f, s, field);
}

void pf_fft_cpu_green(const pf_fft *f, const pf_elastic_green_args *green, const double *from, double *to) {
  wave *s = (wave *)green->spectrum;
  const int last = f->directions - 1;
  rows_forward(f, from, s);
  for (int d = 0; d < last; d++) run_lines(f, &f->along[d], FORWARD, NULL, s);
  run_lines(f, &f->along[last], THROUGH, green, s);
  for (int d = last - 1; d >= 0; d--) run_lines(f, &f->along[d], INVERSE, NULL, s);
  rows_inverse(f, s, to);
}
