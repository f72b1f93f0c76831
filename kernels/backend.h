/* backend.h: the operations that a backend fills, and nothing else.
 *
 * Fields live in the memory of the backend ("device"); the host reads them by download.  Every operation checks itself
 * and returns pf_status.  Backends: cpu (OpenMP), check (the CPU under the memory rules of a GPU), cuda. */
#ifndef PF_BACKEND_H
#define PF_BACKEND_H

#include <stdbool.h>

#include "pf_kernels.h"
#include "pf_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a kernel is run by, and whether this kernel can be run by `kind` on this grid (PF_FAILED with its name). */
typedef enum pf_kernel_kind { PF_KIND_MAP, PF_KIND_SWEEP, PF_KIND_SUM, PF_KIND_MAX } pf_kernel_kind;
pf_status pf_kernel_check(pf_kernel kernel, pf_kernel_kind kind, const pf_grid *grid);
const char *pf_kernel_name(pf_kernel kernel);

/* One MAP or SWEEP kernel of a chain. */
typedef struct pf_stage {
  pf_kernel kernel;
  const void *args; /* the kernel's struct */
} pf_stage;
enum { PF_STAGES_MAX = 8 };

/* What can be asked for without a number that comes back: a chain of `stages`; one SUM kernel whose values go to `to`; a copy
 * (no stages). */
typedef struct pf_task {
  int stages;
  pf_stage stage[PF_STAGES_MAX];
  pf_grid grid;
  void *to;         /* of a sum: double [PF_SUMS]; of a copy; NULL of a chain */
  const void *from; /* of a copy */
  size_t bytes;     /* of a copy */
} pf_task;

/* One upload or download of several. */
typedef struct pf_transfer {
  bool up; /* from host to device */
  void *to;
  const void *from;
  size_t bytes;
} pf_transfer;

/* Memory of the host for what comes often (below). */
typedef struct pf_room {
  void *place;
  size_t bytes;
  void *own; /* the backend's */
} pf_room;

/* Plans of a Fourier transform, of the backend that made them. */
typedef struct pf_fft pf_fft;
struct pf_elastic_green_args; /* cell_elastic.h */

typedef struct pf_backend pf_backend;
struct pf_backend {
  const char *name;  /* "cpu", "check", "cuda" */
  char device[256];  /* in words, for logs and files */
  char note[256];    /* of "auto": why it uses no GPU; else "" */
  int threads;       /* of the host that loop over cells; 1 on a GPU */
  bool launches;     /* a GPU: an operation less is worth some arithmetic more */
  size_t bytes;      /* allocated now */
  size_t bytes_peak; /* at most */
  double room;       /* bytes of its memory that were there to be had when it was made */
  void *self;        /* the backend's own */

  /* Memory: arrays of bytes, zeroed, aligned to 64. release(NULL) does nothing. */
  pf_status (*allocate)(pf_backend *, size_t bytes, void **array);
  void (*release)(pf_backend *, void *array);
  pf_status (*upload)(pf_backend *, void *array, const void *host, size_t bytes);
  pf_status (*download)(pf_backend *, void *host, const void *array, size_t bytes);
  pf_status (*copy)(pf_backend *, void *to, const void *from, size_t bytes);

  /* Rooms on the host: of a GPU locked in their place, so that copies need no detour and go on while it computes.  fetch: what
   * the array holds now comes to the room, from its byte `at` on; it may change at once, and the bytes are there when
   * `arrived` has returned, which waits for all that was fetched into the room and may be called by another thread. */
  pf_status (*allocate_host)(pf_backend *, size_t bytes, pf_room *room);
  void (*release_host)(pf_backend *, pf_room *room);
  pf_status (*fetch)(pf_backend *, pf_room *room, size_t at, const void *array, size_t bytes);
  pf_status (*arrived)(pf_backend *, const pf_room *room);

  /* Kernels (pf_kernels.h): over all cells of the grid; args: the kernel's struct. */
  pf_status (*map)(pf_backend *, pf_kernel, const pf_grid *, const void *args);
  pf_status (*sweep)(pf_backend *, pf_kernel, const pf_grid *, const void *args);
  pf_status (*sum)(pf_backend *, pf_kernel, const pf_grid *, const void *args, double result[PF_SUMS]);
  pf_status (*max)(pf_backend *, pf_kernel, const pf_grid *, const void *args, double result[PF_SUMS]);
  /* MAP and SWEEP kernels one after the other, with the same results as one by one.  A backend may run them in one pass
   * over memory, stage behind stage, because a stage reads what an earlier one writes, and an earlier one what it
   * writes, at most one cell away.  Where the last stage makes a residual and the next kernel restricts it, the residual need
   * not be there afterwards. */
  pf_status (*chain)(pf_backend *, const pf_stage *, int stages, const pf_grid *);
  /* sum, whose values go to `to`, double [PF_SUMS], an array of the backend. */
  pf_status (*total)(pf_backend *, pf_kernel, const pf_grid *, const void *args, double *to);
  /* What is asked for between begin and end may wait until end, and may run as one launch where the same was asked for
   * before.  map, sweep, chain, total and copy wait; all others first see to it that what waits is done. */
  pf_status (*begin)(pf_backend *);
  pf_status (*end)(pf_backend *);

  /* Fourier transforms of `batch` real fields [batch][nz][ny][nx] to the half of their spectra that counts, complex
   * [batch][nz][ny][nx/2 + 1] (pf_spectrum is its grid) with real and imaginary part side by side.  Not scaled: forward
   * and back multiplies by the number of cells.  inverse spends the spectrum: its values are lost. */
  pf_status (*fft_create)(pf_backend *, const pf_grid *, int batch, pf_fft **);
  void (*fft_destroy)(pf_backend *, pf_fft *);
  pf_status (*fft_forward)(pf_backend *, pf_fft *, const double *field, double *spectrum);
  pf_status (*fft_inverse)(pf_backend *, pf_fft *, double *spectrum, double *field);
  /* NULL, or the same as forward, the kernel elastic_green on all waves and inverse, bit for bit, with the kernel's spectrum for
   * room: with one part of the spectrum after the other, while it is in the cache.  In 2-D and 3-D. */
  pf_status (*fft_green)(pf_backend *, pf_fft *, const struct pf_elastic_green_args *, const double *from, double *to);

  pf_status (*synchronize)(pf_backend *);
  void (*destroy)(pf_backend *);

  /* For cells that advance together (joined.h): of each member the same as the operations above, bit for bit.  Of member m
   * the tasks list[m][0 ... count - 1] one after the other; they are the same for all members (kernels, grids, bytes) but for
   * their arguments and arrays, and no member's are another's. */
  pf_status (*batch)(pf_backend *, int members, const pf_task *const list[], int count);
  /* One SUM or MAX kernel for each (list[m] is one task, without `to`), whose results come back. */
  pf_status (*reduce)(pf_backend *, int members, const pf_task *const list[], double (*result)[PF_SUMS]);
  /* Uploads and downloads with one wait at the end. */
  pf_status (*transfer)(pf_backend *, const pf_transfer *list, int count);
  /* array [places]: as many arrays of `bytes` in one piece of memory, [places][bytes and what they are padded by], each as
   * `allocate` makes them; given back together. */
  pf_status (*allocate_slab)(pf_backend *, size_t bytes, int places, void **array);
  void (*release_slab)(pf_backend *, int places, void **array);
};

/* name: "auto", "cpu", "check" or "cuda"; threads: 0 takes what OpenMP gives.  PF_NO_DEVICE where it is not there.
 * The caller destroys it with pf_backend_destroy. */
pf_status pf_backend_create(const char *name, int threads, pf_backend **backend);
void pf_backend_destroy(pf_backend *backend);

/* Backends, for pf_backend_create only. */
pf_status pf_backend_cpu(pf_backend *backend, int threads);
pf_status pf_backend_check(pf_backend *backend, int threads);
pf_status pf_backend_cuda(pf_backend *backend);
/* A chain, kernel by kernel, through the backend's map and sweep. */
pf_status pf_chain_plain(pf_backend *backend, const pf_stage *stage, int stages, const pf_grid *grid);
/* Rooms by malloc, free and download. */
pf_status pf_allocate_host_plain(pf_backend *backend, size_t bytes, pf_room *room);
void pf_release_host_plain(pf_backend *backend, pf_room *room);
pf_status pf_fetch_plain(pf_backend *backend, pf_room *room, size_t at, const void *array, size_t bytes);
pf_status pf_arrived_plain(pf_backend *backend, const pf_room *room);
/* PF_FAILED unless so many bytes have room there. */
pf_status pf_room_check(const pf_room *room, size_t at, size_t bytes);
/* A batch, a reduction and transfers, one member and one array after the other. */
pf_status pf_batch_plain(pf_backend *backend, int members, const pf_task *const list[], int count);
pf_status pf_reduce_plain(pf_backend *backend, int members, const pf_task *const list[], double (*result)[PF_SUMS]);
pf_status pf_transfer_plain(pf_backend *backend, const pf_transfer *list, int count);
/* A slab as one array. */
pf_status pf_allocate_slab_plain(pf_backend *backend, size_t bytes, int places, void **array);
void pf_release_slab_plain(pf_backend *backend, int places, void **array);
/* sum and upload; begin and end of a backend where nothing waits. */
pf_status pf_total_plain(pf_backend *backend, pf_kernel kernel, const pf_grid *grid, const void *args, double *to);
pf_status pf_nothing_waits(pf_backend *backend);
/* PF_FAILED unless these kernels can be a chain on this grid. */
pf_status pf_chain_check(const pf_stage *stage, int stages, const pf_grid *grid);
pf_kernel_kind pf_kernel_kind_of(pf_kernel kernel);
/* Bytes of the kernel's struct of arguments. */
size_t pf_kernel_args_bytes(pf_kernel kernel);
/* Bytes of memory of this machine. */
double pf_host_memory(void);
/* PF_NO_MEMORY where `bytes` more would be beyond the machine's memory: Linux gives them and kills the program later. */
pf_status pf_host_memory_check(const pf_backend *backend, size_t bytes);

#ifdef __cplusplus
}
#endif

/* PF_MAP(backend, axpy, &grid, .x = x, .y = y, .a = 2) */
#define PF_MAP(backend, kernel, grid, ...) \
  (backend)->map((backend), PF_KERNEL_##kernel, (grid), &(pf_##kernel##_args){__VA_ARGS__})
#define PF_SWEEP(backend, kernel, grid, ...) \
  (backend)->sweep((backend), PF_KERNEL_##kernel, (grid), &(pf_##kernel##_args){__VA_ARGS__})
/* A stage of a chain: PF_STAGE(axpy, .x = x, .y = y, .a = 2) */
#define PF_STAGE(kernel, ...)                                 \
  {                                                           \
    PF_KERNEL_##kernel, &(pf_##kernel##_args) { __VA_ARGS__ } \
  }
#define PF_SUM(backend, kernel, grid, result, ...) \
  (backend)->sum((backend), PF_KERNEL_##kernel, (grid), &(pf_##kernel##_args){__VA_ARGS__}, (result))
#define PF_TOTAL(backend, kernel, grid, to, ...) \
  (backend)->total((backend), PF_KERNEL_##kernel, (grid), &(pf_##kernel##_args){__VA_ARGS__}, (to))
#define PF_MAX(backend, kernel, grid, result, ...) \
  (backend)->max((backend), PF_KERNEL_##kernel, (grid), &(pf_##kernel##_args){__VA_ARGS__}, (result))

#endif
