/* backend.c: a backend by its name. */
#include "backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct kernel_entry {
  const char *name;
  pf_kernel_kind kind;
  size_t args; /* bytes */
} kernel_entry;

#define ENTRY_(kernel, kind) [PF_KERNEL_##kernel] = {#kernel, kind, sizeof(pf_##kernel##_args)},
#define PF_MAP_ENTRY_(kernel) ENTRY_(kernel, PF_KIND_MAP)
#define PF_SWEEP_ENTRY_(kernel) ENTRY_(kernel, PF_KIND_SWEEP)
#define PF_SUM_ENTRY_(kernel) ENTRY_(kernel, PF_KIND_SUM)
#define PF_MAX_ENTRY_(kernel) ENTRY_(kernel, PF_KIND_MAX)
static const kernel_entry entries[PF_KERNEL_COUNT] = {
    PF_KERNELS(PF_MAP_ENTRY_, PF_SWEEP_ENTRY_, PF_SUM_ENTRY_, PF_MAX_ENTRY_)};
static const char *const kind_names[] = {"MAP", "SWEEP", "SUM", "MAX"};

const char *pf_kernel_name(pf_kernel kernel) {
  return (unsigned)kernel < PF_KERNEL_COUNT ? entries[kernel].name : "(unknown)";
}

pf_status pf_kernel_check(pf_kernel kernel, pf_kernel_kind kind, const pf_grid *g) {
  PF_CHECK((unsigned)kernel < PF_KERNEL_COUNT, PF_FAILED, "there is no kernel %d", (int)kernel);
  PF_CHECK(entries[kernel].kind == kind, PF_FAILED, "kernel %s is run as %s, but is a %s kernel", entries[kernel].name,
           kind_names[kind], kind_names[entries[kernel].kind]);
  PF_CHECK(g->nx > 0 && g->ny > 0 && g->nz > 0, PF_FAILED, "kernel %s on a grid of %d x %d x %d cells",
           entries[kernel].name, g->nx, g->ny, g->nz);
  return PF_OK;
}

pf_kernel_kind pf_kernel_kind_of(pf_kernel kernel) { return entries[kernel].kind; }

size_t pf_kernel_args_bytes(pf_kernel kernel) { return entries[kernel].args; }

pf_status pf_chain_check(const pf_stage *stage, int stages, const pf_grid *g) {
  PF_CHECK(stages > 0 && stages <= PF_STAGES_MAX, PF_FAILED, "a chain of %d stages", stages);
  for (int n = 0; n < stages; n++) {
    const pf_kernel kernel = stage[n].kernel;
    const int sweep = (unsigned)kernel < PF_KERNEL_COUNT && entries[kernel].kind == PF_KIND_SWEEP;
    PF_TRY(pf_kernel_check(kernel, sweep ? PF_KIND_SWEEP : PF_KIND_MAP, g));
  }
  return PF_OK;
}

pf_status pf_chain_plain(pf_backend *b, const pf_stage *stage, int stages, const pf_grid *g) {
  PF_TRY(pf_chain_check(stage, stages, g));
  for (int n = 0; n < stages; n++) {
    const pf_stage *s = &stage[n];
    PF_TRY(entries[s->kernel].kind == PF_KIND_SWEEP ? b->sweep(b, s->kernel, g, s->args)
                                                    : b->map(b, s->kernel, g, s->args));
  }
  return PF_OK;
}

static pf_status do_task(pf_backend *b, const pf_task *t) {
  if (t->stages == 0) return b->copy(b, t->to, t->from, t->bytes);
  return t->to ? b->total(b, t->stage->kernel, &t->grid, t->stage->args, t->to)
               : b->chain(b, t->stage, t->stages, &t->grid);
}

pf_status pf_batch_plain(pf_backend *b, int members, const pf_task *const list[], int count) {
  for (int m = 0; m < members; m++) {
    PF_TRY(b->begin(b));
    pf_status status = PF_OK;
    for (int n = 0; n < count && status == PF_OK; n++) status = do_task(b, &list[m][n]);
    const pf_status ended = b->end(b);
    PF_TRY(status != PF_OK ? status : ended);
  }
  return PF_OK;
}

pf_status pf_reduce_plain(pf_backend *b, int members, const pf_task *const list[], double (*result)[PF_SUMS]) {
  for (int m = 0; m < members; m++) {
    const pf_task *t = list[m];
    const pf_stage *s = t->stage;
    const bool most = (unsigned)s->kernel < PF_KERNEL_COUNT && entries[s->kernel].kind == PF_KIND_MAX;
    PF_TRY(most ? b->max(b, s->kernel, &t->grid, s->args, result[m])
                : b->sum(b, s->kernel, &t->grid, s->args, result[m]));
  }
  return PF_OK;
}

pf_status pf_total_plain(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double *to) {
  double result[PF_SUMS];
  PF_TRY(b->sum(b, kernel, g, args, result));
  return b->upload(b, to, result, sizeof result);
}

pf_status pf_allocate_host_plain(pf_backend *b, size_t bytes, pf_room *room) {
  *room = (pf_room){.bytes = bytes};
  PF_TRY(pf_host_memory_check(b, bytes));
  room->place = malloc(bytes > 0 ? bytes : 1);
  PF_CHECK(room->place, PF_NO_MEMORY, "no memory for %.3f GiB more", (double)bytes / 0x1p30);
  return PF_OK;
}

void pf_release_host_plain(pf_backend *b, pf_room *room) {
  (void)b;
  free(room->place);
  *room = (pf_room){0};
}

pf_status pf_room_check(const pf_room *room, size_t at, size_t bytes) {
  PF_CHECK(room->place && at <= room->bytes && bytes <= room->bytes - at, PF_FAILED,
           "%zu bytes from %zu on are fetched into a room of %zu", bytes, at, room->bytes);
  return PF_OK;
}

pf_status pf_fetch_plain(pf_backend *b, pf_room *room, size_t at, const void *array, size_t bytes) {
  PF_TRY(pf_room_check(room, at, bytes));
  return b->download(b, (char *)room->place + at, array, bytes);
}

pf_status pf_arrived_plain(pf_backend *b, const pf_room *room) {
  (void)b, (void)room;
  return PF_OK;
}

pf_status pf_nothing_waits(pf_backend *b) {
  (void)b;
  return PF_OK;
}

pf_status pf_transfer_plain(pf_backend *b, const pf_transfer *list, int count) {
  for (int n = 0; n < count; n++) {
    const pf_transfer *t = &list[n];
    PF_TRY(t->up ? b->upload(b, t->to, t->from, t->bytes) : b->download(b, t->to, t->from, t->bytes));
  }
  return PF_OK;
}

/* As far apart as the addresses that CUDA gives. */
enum { SLAB_ALIGNMENT = 256 };

pf_status pf_allocate_slab_plain(pf_backend *b, size_t bytes, int places, void **array) {
  const size_t stride = (bytes / SLAB_ALIGNMENT + 1) * SLAB_ALIGNMENT;
  void *whole;
  PF_TRY(b->allocate(b, (size_t)places * stride, &whole));
  for (int p = 0; p < places; p++) array[p] = (char *)whole + (size_t)p * stride;
  return PF_OK;
}

void pf_release_slab_plain(pf_backend *b, int places, void **array) {
  (void)places;
  b->release(b, array[0]);
}

static size_t host_memory(void) {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? (size_t)pages * (size_t)page : SIZE_MAX / 2;
}

double pf_host_memory(void) { return (double)host_memory(); }

pf_status pf_host_memory_check(const pf_backend *b, size_t bytes) {
  const size_t there = host_memory();
  PF_CHECK(b->bytes <= there && bytes <= there - b->bytes, PF_NO_MEMORY,
           "%.3f GiB more are needed, %.3f GiB are in use, this machine has %.3f GiB", (double)bytes / 0x1p30,
           (double)b->bytes / 0x1p30, (double)there / 0x1p30);
  return PF_OK;
}

pf_status pf_backend_create(const char *name, int threads, pf_backend **backend) {
  *backend = NULL;
  pf_backend *b = calloc(1, sizeof *b);
  PF_CHECK(b, PF_NO_MEMORY, "no memory for a backend");
  pf_status status;
  if (!strcmp(name, "cpu")) {
    status = pf_backend_cpu(b, threads);
  } else if (!strcmp(name, "check")) {
    status = pf_backend_check(b, threads);
  } else if (!strcmp(name, "cuda")) {
    status = pf_backend_cuda(b);
  } else if (!strcmp(name, "auto")) {
    status = pf_backend_cuda(b);
    if (status == PF_NO_DEVICE) {
      char note[sizeof b->note];
      snprintf(note, sizeof note, "%s", pf_status_message());
      status = pf_backend_cpu(b, threads);
      memcpy(b->note, note, sizeof note);
    }
  } else {
    status = PF_FAIL(PF_USAGE, "backend '%s' is none of auto, cpu, check, cuda", name);
  }
  if (status != PF_OK) {
    free(b);
    return status;
  }
  if (b->threads == 0) b->threads = 1;
  if (!b->allocate_host) b->allocate_host = pf_allocate_host_plain, b->release_host = pf_release_host_plain;
  if (!b->fetch) b->fetch = pf_fetch_plain, b->arrived = pf_arrived_plain;
  if (!b->total) b->total = pf_total_plain;
  if (!b->begin) b->begin = b->end = pf_nothing_waits;
  if (!b->batch) b->batch = pf_batch_plain;
  if (!b->reduce) b->reduce = pf_reduce_plain;
  if (!b->transfer) b->transfer = pf_transfer_plain;
  if (!b->allocate_slab) b->allocate_slab = pf_allocate_slab_plain, b->release_slab = pf_release_slab_plain;
  if (!(b->room > 0)) b->room = pf_host_memory();
  *backend = b;
  return PF_OK;
}

void pf_backend_destroy(pf_backend *backend) {
  if (!backend) return;
  if (backend->destroy) backend->destroy(backend);
  free(backend);
}
