/* t001_check.c: the check backend refuses what a GPU would not forgive.
 *
 * The backends are compiled here once more, under other names and with a list of kernels that are wrong on purpose. */
#define PF_KERNELS_H
#include "cell_vector.h"

/* Writes an array that it says it only reads. */
#define PF_ARGS_writes_in(IN, OUT, VAR, VAL) IN(double, x) OUT(double, y)
PF_ARGS(writes_in);
PF_CELL void pf_cell_writes_in(const pf_writes_in_args *k, pf_at at) {
  k->y[at.c] = 1;
  if (at.c == 7) ((double *)(uintptr_t)k->x)[at.c] = 5;
}

/* Leaves one cell out. */
#define PF_ARGS_leaves_out(IN, OUT, VAR, VAL) OUT(float, y)
PF_ARGS(leaves_out);
PF_CELL void pf_cell_leaves_out(const pf_leaves_out_args *k, pf_at at) {
  if (at.c != 13) k->y[at.c] = 1;
}

/* Adds to what it says it overwrites. */
#define PF_ARGS_reads_out(IN, OUT, VAR, VAL) OUT(double, y)
PF_ARGS(reads_out);
PF_CELL void pf_cell_reads_out(const pf_reads_out_args *k, pf_at at) { k->y[at.c] += 1; }

/* Writes at `index` as well. */
#define PF_ARGS_goes_beyond(IN, OUT, VAR, VAL) VAR(double, y) VAL(ptrdiff_t, index)
PF_ARGS(goes_beyond);
PF_CELL void pf_cell_goes_beyond(const pf_goes_beyond_args *k, pf_at at) {
  if (at.c == 3) k->y[k->index] = 1;
}

/* Reads neighbours that another cell writes. */
#define PF_ARGS_reads_neighbour(IN, OUT, VAR, VAL) VAR(double, y)
PF_ARGS(reads_neighbour);
PF_CELL void pf_cell_reads_neighbour(const pf_reads_neighbour_args *k, pf_at at) { k->y[at.c] += k->y[at.c + at.ym]; }

/* A sweep may read the other colour (step 1), not its own (step 2). */
#define PF_ARGS_relax_far(IN, OUT, VAR, VAL) VAR(double, y) VAL(int, step)
PF_ARGS(relax_far);
PF_CELL void pf_cell_relax_far(const pf_relax_far_args *k, pf_at at) {
  k->y[at.c] = 0.5 * k->y[at.c] + k->y[at.c + k->step * (at.j < 2 ? at.yp : at.ym)]; /* for four rows */
}

#define PF_KERNELS(MAP, SWEEP, SUM, MAX)  \
  PF_KERNELS_VECTOR(MAP, SWEEP, SUM, MAX) \
  MAP(writes_in) MAP(leaves_out) MAP(reads_out) MAP(goes_beyond) MAP(reads_neighbour) SWEEP(relax_far) MAX(top)

#define PF_ARGS_top(IN, OUT, VAR, VAL) IN(double, x)
PF_ARGS(top);
PF_CELL pf_sums pf_cell_top(const pf_top_args *k, pf_at at) {
  const pf_sums r = {{k->x[at.c], -k->x[at.c], 0, 0}};
  return r;
}

#define PF_ENUM_(kernel) PF_KERNEL_##kernel,
typedef enum pf_kernel { PF_KERNELS(PF_ENUM_, PF_ENUM_, PF_ENUM_, PF_ENUM_) PF_KERNEL_COUNT } pf_kernel;

#define pf_backend_create faulty_backend_create
#define pf_backend_destroy faulty_backend_destroy
#define pf_backend_cpu faulty_backend_cpu
#define pf_backend_check faulty_backend_check
#define pf_kernel_check faulty_kernel_check
#define pf_host_memory_check faulty_host_memory_check
#define pf_kernel_name faulty_kernel_name
#define pf_kernel_kind_of faulty_kernel_kind_of
#define pf_chain_check faulty_chain_check
#define pf_chain_plain faulty_chain_plain
#define pf_total_plain faulty_total_plain
#define pf_allocate_host_plain faulty_allocate_host_plain
#define pf_release_host_plain faulty_release_host_plain
#define pf_fetch_plain faulty_fetch_plain
#define pf_arrived_plain faulty_arrived_plain
#define pf_room_check faulty_room_check
#define pf_nothing_waits faulty_nothing_waits
#define pf_batch_plain faulty_batch_plain
#define pf_reduce_plain faulty_reduce_plain
#define pf_transfer_plain faulty_transfer_plain
#define pf_allocate_slab_plain faulty_allocate_slab_plain
#define pf_release_slab_plain faulty_release_slab_plain
#define pf_kernel_args_bytes faulty_kernel_args_bytes
#define pf_host_memory faulty_host_memory
#include "backend.c"
#undef PF_MAP_ENTRY_
#undef PF_SWEEP_ENTRY_
#undef PF_SUM_ENTRY_
#undef PF_MAX_ENTRY_
#define PF_ROWS_SCOPE static
#define PF_ROWS PF_KERNELS
#include "backend_cpu.c"
#include "cpu_rows.c"
#undef PF_MAP_ENTRY_
#undef PF_SWEEP_ENTRY_
#undef PF_SUM_ENTRY_
#undef PF_MAX_ENTRY_
#include "backend_check.c"

#include "test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const pf_grid grid = {.nx = 6, .ny = 4, .nz = 1, .h = 1};
enum { CELLS = 24, BYTES = CELLS * sizeof(double) };

static pf_backend *check_backend(void) {
  pf_backend *b = NULL;
  PF_ASSERT_OK(pf_backend_create("check", 2, &b));
  if (!b) CU_FAIL_FATAL("no check backend");
  return b;
}

static void *new_array(pf_backend *b) {
  void *x = NULL;
  double host[CELLS];
  PF_ASSERT_OK(b->allocate(b, BYTES, &x));
  for (int c = 0; c < CELLS; c++) host[c] = c + 1;
  PF_ASSERT_OK(b->upload(b, x, host, BYTES));
  return x;
}

/* How a child process ends that reads or writes at the address: the signal, or 0. */
static int signal_of(void *address, int write) {
  const pid_t child = fork();
  if (child == 0) {
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(SIGSEGV, SIG_DFL);
    volatile double *place = address;
    if (write)
      *place = 1;
    else
      (void)*place;
    _exit(0);
  }
  int status = 0;
  CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void host_cannot_touch(void) {
  pf_backend *b = check_backend();
  double host[1] = {0};
  void *x = new_array(b);
  CU_ASSERT_EQUAL(signal_of(host, 1), 0);
  CU_ASSERT_EQUAL(signal_of(x, 0), SIGSEGV);
  CU_ASSERT_EQUAL(signal_of(x, 1), SIGSEGV);
  CU_ASSERT_EQUAL(signal_of((char *)x + BYTES - sizeof(double), 0), SIGSEGV);
  b->release(b, x);
  CU_ASSERT_EQUAL(signal_of(x, 0), SIGSEGV);
  pf_backend_destroy(b);
}

static void arguments(void) {
  pf_backend *b = check_backend();
  double host[CELLS] = {0}, sum[PF_SUMS];
  double *x = new_array(b), *y = new_array(b), *old = new_array(b);
  b->release(b, old);
  PF_ASSERT_OK(PF_SUM(b, dot, &grid, sum, .x = x, .y = x)); /* what is only read may be named twice */
  PF_ASSERT_NEAR(sum[0], 4900, 0);
  PF_ASSERT_FAILS(PF_SUM(b, dot, &grid, sum, .x = x, .y = host), PF_FAILED, "kernel dot, argument y: ");
  PF_ASSERT_FAILS(PF_SUM(b, dot, &grid, sum, .x = x, .y = host), PF_FAILED, "is no device memory (a host pointer?)");
  PF_ASSERT_FAILS(PF_MAP(b, fill, &grid, .y = old, .a = 1), PF_FAILED, "argument y: the array was released");
  PF_ASSERT_FAILS(PF_MAP(b, fill, &grid, .y = y + 1, .a = 1), PF_FAILED, "8 bytes into an array, not its start");
  PF_ASSERT_FAILS(PF_MAP(b, axpy, &grid, .x = y, .y = y, .a = 1), PF_FAILED,
                  "arguments x (IN) and y (VAR) are one array");
  PF_ASSERT_FAILS(PF_MAP(b, writes_in, &grid, .x = y, .y = y), PF_FAILED, "arguments x (IN) and y (OUT) are one array");
  PF_ASSERT_OK(b->download(b, host, y, BYTES));
  for (int c = 0; c < CELLS; c++) PF_ASSERT_NEAR(host[c], c + 1, 0); /* a refused call has done nothing */
  pf_backend_destroy(b);
}

static void ranges(void) {
  pf_backend *b = check_backend();
  double host[CELLS + 1] = {0};
  double *x = new_array(b), *y = new_array(b), *old = new_array(b);
  b->release(b, old);
  PF_ASSERT_OK(b->upload(b, x + 4, host, 4 * sizeof *x));
  PF_ASSERT_FAILS(b->upload(b, x, host, BYTES + 1), PF_FAILED, "upload: 193 bytes from byte 0 on of an array of 192");
  PF_ASSERT_FAILS(b->upload(b, x + 1, host, BYTES), PF_FAILED, "upload: 192 bytes from byte 8 on");
  PF_ASSERT_FAILS(b->upload(b, x, y, BYTES), PF_FAILED, "the host pointer is device memory");
  PF_ASSERT_FAILS(b->upload(b, host, host, BYTES), PF_FAILED, "no device memory");
  PF_ASSERT_FAILS(b->upload(b, old, host, BYTES), PF_FAILED, "was released before");
  PF_ASSERT_FAILS(b->download(b, host, x, BYTES + 1), PF_FAILED, "download: 193 bytes");
  PF_ASSERT_FAILS(b->download(b, x, y, BYTES), PF_FAILED, "the host pointer is device memory");
  PF_ASSERT_FAILS(b->download(b, NULL, y, BYTES), PF_FAILED, "the host pointer is NULL");
  PF_ASSERT_FAILS(b->download(b, host, old, BYTES), PF_FAILED, "was released before");
  PF_ASSERT_FAILS(b->copy(b, x, host, BYTES), PF_FAILED, "copy from: ");
  PF_ASSERT_FAILS(b->copy(b, host, x, BYTES), PF_FAILED, "copy to: ");
  PF_ASSERT_FAILS(b->copy(b, x, y, BYTES + 8), PF_FAILED, "200 bytes");
  PF_ASSERT_FAILS(b->copy(b, x, x + 1, 16), PF_FAILED, "overlap");
  PF_ASSERT_OK(b->copy(b, x, x + 2, 16));
  pf_backend_destroy(b);
}

static void wrong_kernels(void) {
  pf_backend *b = check_backend();
  double host[CELLS];
  double *x = new_array(b), *y = new_array(b);
  PF_ASSERT_FAILS(PF_MAP(b, writes_in, &grid, .x = x, .y = y), PF_FAILED,
                  "kernel writes_in, argument x: an IN array was written");
  PF_ASSERT_FAILS(PF_MAP(b, leaves_out, &grid, .y = (void *)y), PF_FAILED,
                  "kernel leaves_out, argument y: element 13 of an OUT array was not written");
  PF_ASSERT_FAILS(PF_MAP(b, reads_out, &grid, .y = y), PF_FAILED, "element 0 of an OUT array");
  PF_ASSERT_OK(PF_MAP(b, fill, &grid, .y = y, .a = 2));
  PF_ASSERT_OK(b->download(b, host, y, BYTES));
  for (int c = 0; c < CELLS; c++) PF_ASSERT_NEAR(host[c], 2, 0);
  pf_backend_destroy(b);
}

static void order_of_cells(void) {
  pf_backend *b = check_backend();
  double *y = new_array(b);
  PF_ASSERT_FAILS(PF_MAP(b, reads_neighbour, &grid, .y = y), PF_FAILED,
                  "kernel reads_neighbour: its result depends on the order of the cells");
  PF_ASSERT_OK(PF_SWEEP(b, relax_far, &grid, .y = y, .step = 1));
  PF_ASSERT_FAILS(PF_SWEEP(b, relax_far, &grid, .y = y, .step = 2), PF_FAILED,
                  "kernel relax_far: its result depends on the order of the cells");
  pf_backend_destroy(b);
}

static void ends_of_arrays(void) {
  const ptrdiff_t places[] = {CELLS, -1, CELLS + 100, -100};
  for (int n = 0; n < 4; n++) {
    pf_backend *b = check_backend();
    double *y = new_array(b);
    PF_ASSERT_FAILS(PF_MAP(b, goes_beyond, &grid, .y = y, .index = places[n]), PF_FAILED,
                    "kernel goes_beyond, argument y: written beyond its 192 bytes");
    PF_ASSERT_FAILS(b->synchronize(b), PF_FAILED, "an array of 192 bytes was written beyond its ends");
    b->release(b, y);
    PF_ASSERT_FAILS(b->synchronize(b), PF_FAILED, "an array of 192 bytes was written beyond its ends");
    pf_backend_destroy(b);
  }
}

static void releases(void) {
  double host[1], *x;
  pf_backend *b = check_backend();
  x = new_array(b);
  b->release(b, x);
  b->release(b, x);
  PF_ASSERT_FAILS(b->synchronize(b), PF_FAILED, "an array of 192 bytes that was released before");
  PF_ASSERT_FAILS(PF_MAP(b, fill, &grid, .y = x, .a = 0), PF_FAILED, "that was released before"); /* and stays */
  pf_backend_destroy(b);
  b = check_backend();
  b->release(b, host);
  PF_ASSERT_FAILS(b->download(b, host, host, 8), PF_FAILED, "which is not the start of an array");
  pf_backend_destroy(b);
  b = check_backend();
  x = new_array(b);
  b->release(b, x + 1);
  PF_ASSERT_FAILS(b->copy(b, x, x + 2, 8), PF_FAILED, "which is not the start of an array");
  pf_backend_destroy(b);
}

void t001_check(void);
void t001_check(void) {
  pf_test_suite("check", (pf_test[]){{"the host cannot touch device memory", host_cannot_touch},
                                     {"arguments that are no live array", arguments},
                                     {"ranges of upload, download, copy", ranges},
                                     {"kernels that break their word", wrong_kernels},
                                     {"kernels that depend on the order of the cells", order_of_cells},
                                     {"writes beyond the ends of an array", ends_of_arrays},
                                     {"wrong releases", releases}});
}
