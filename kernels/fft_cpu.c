#include "fft_cpu.h"

#include <fftw3.h>
#include <pthread.h>
#include <stdlib.h>

/* FFTW makes and destroys plans for one thread at a time; they are carried out by any. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

/* Transforms along one direction, `chunk` lines at a time; the last lines of a group, fewer, have plans of their own. */
typedef struct pf_fft_pass {
  ptrdiff_t groups, lines, chunk; /* groups of neighbouring lines */
  fftw_plan plan[2][2];           /* [forward, inverse][whole chunk, rest] */
} pf_fft_pass;

struct pf_fft {
  pf_grid grid;
  int batch, threads;
  pf_fft_pass pass[3]; /* along x, y, z; no groups: a direction of one cell */
};

/* Lines that one plan transforms: enough to use whole cache lines across x. */
enum { CHUNK = 16, SERIAL_VALUES = 4096 };
enum { FORWARD, INVERSE };

pf_grid pf_fft_cpu_grid(const pf_fft *f) { return f->grid; }
int pf_fft_cpu_batch(const pf_fft *f) { return f->batch; }

static int row_length(const pf_fft *f) { return f->grid.nx / 2 + 1; }

/* Along x, from field to spectrum and back. */
static fftw_plan plan_rows(const pf_fft *f, int way, int lines, double *field, fftw_complex *spectrum) {
  const int n = f->grid.nx, half = row_length(f);
  const unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;
  return way == FORWARD ? fftw_plan_many_dft_r2c(1, &n, lines, field, NULL, 1, n, spectrum, NULL, 1, half, flags)
                        : fftw_plan_many_dft_c2r(1, &n, lines, spectrum, NULL, 1, half, field, NULL, 1, n, flags);
}

/* Along y or z, in place; stride: from a value of a line to the next. */
static fftw_plan plan_lines(int n, int stride, int way, int lines, fftw_complex *spectrum) {
  return fftw_plan_many_dft(1, &n, lines, spectrum, NULL, stride, 1, spectrum, NULL, stride, 1,
                            way == FORWARD ? FFTW_FORWARD : FFTW_BACKWARD, FFTW_ESTIMATE | FFTW_UNALIGNED);
}

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

static pf_status make_plans(pf_fft *f, double *field, fftw_complex *spectrum) {
  const pf_grid *g = &f->grid;
  const int length[3] = {g->nx, g->ny, g->nz}, stride[3] = {1, row_length(f), row_length(f) * g->ny};
  f->pass[0] = (pf_fft_pass){.groups = 1, .lines = f->batch * pf_rows(g)};
  if (g->ny > 1) f->pass[1] = (pf_fft_pass){.groups = (ptrdiff_t)f->batch * g->nz, .lines = stride[1]};
  if (g->nz > 1) f->pass[2] = (pf_fft_pass){.groups = f->batch, .lines = stride[2]};
  for (int d = 0; d < 3; d++) {
    pf_fft_pass *p = &f->pass[d];
    if (p->groups == 0) continue;
    p->chunk = least(CHUNK, p->lines);
    const int size[2] = {(int)p->chunk, (int)(p->lines % p->chunk)};
    for (int way = 0; way < 2; way++) {
      for (int rest = 0; rest < 2; rest++) {
        if (size[rest] == 0) continue;
        p->plan[way][rest] = d == 0 ? plan_rows(f, way, size[rest], field, spectrum)
                                    : plan_lines(length[d], stride[d], way, size[rest], spectrum);
        PF_CHECK(p->plan[way][rest], PF_NO_MEMORY, "FFTW makes no plan for %d x %d x %d cells", g->nx, g->ny, g->nz);
      }
    }
  }
  return PF_OK;
}

pf_status pf_fft_cpu_create(const pf_grid *grid, int batch, int threads, pf_fft **fft) {
  pf_fft *f = calloc(1, sizeof *f);
  *fft = NULL;
  PF_CHECK(f, PF_NO_MEMORY, "no memory for a Fourier transform");
  *f = (pf_fft){.grid = *grid, .batch = batch, .threads = threads};
  /* planning looks at the addresses only: a plan is carried out on other arrays */
  double field[2];
  fftw_complex spectrum[2];
  (void)pthread_mutex_lock(&planner);
  const pf_status status = make_plans(f, field, spectrum);
  (void)pthread_mutex_unlock(&planner);
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
  for (int d = 0; d < 3; d++)
    for (int n = 0; n < 4; n++)
      if (f->pass[d].plan[n / 2][n % 2]) fftw_destroy_plan(f->pass[d].plan[n / 2][n % 2]);
  (void)pthread_mutex_unlock(&planner);
  free(f);
}

/* All lines of one direction. */
static void run(const pf_fft *f, int d, int way, double *field, fftw_complex *spectrum) {
  const pf_fft_pass *p = &f->pass[d];
  if (p->groups == 0) return;
  const ptrdiff_t half = row_length(f), nx = f->grid.nx, chunks = (p->lines + p->chunk - 1) / p->chunk;
  const ptrdiff_t group = d == 1 ? half * f->grid.ny : half * f->grid.ny * f->grid.nz;
  const int threads = f->batch * pf_cells(&f->grid) < SERIAL_VALUES ? 1 : f->threads;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
  for (ptrdiff_t n = 0; n < p->groups * chunks; n++) {
    const ptrdiff_t line = n % chunks * p->chunk;
    const fftw_plan plan = p->plan[way][line + p->chunk > p->lines];
    if (d > 0)
      fftw_execute_dft(plan, spectrum + n / chunks * group + line, spectrum + n / chunks * group + line);
    else if (way == FORWARD)
      fftw_execute_dft_r2c(plan, field + line * nx, spectrum + line * half);
    else
      fftw_execute_dft_c2r(plan, spectrum + line * half, field + line * nx);
  }
}

void pf_fft_cpu_forward(const pf_fft *f, const double *field, double *spectrum) {
  for (int d = 0; d < 3; d++) run(f, d, FORWARD, (double *)(uintptr_t)field, (fftw_complex *)spectrum);
}

void pf_fft_cpu_inverse(const pf_fft *f, double *spectrum, double *field) {
  for (int d = 2; d >= 0; d--) run(f, d, INVERSE, field, (fftw_complex *)spectrum);
}
