/* backend_check.c: the CPU loops under the memory rules of a GPU, so that faults which only a GPU would show are found
 * without one.  Slow; for tests.  The bits are those of the cpu backend.
 *
 * Memory.  The address of an array is that of pages nobody may touch: host code that follows it gets SIGSEGV.  The data
 * lie elsewhere, between guard zones, and kernels are given their true place.  Addresses are never used twice, so a
 * released array stays known as such.
 *
 * Kernels.  Array arguments are NULL or the start of a live array; an array that is written (OUT, VAR) is named once.
 * OUT arrays hold NaN (all bits set) before the call and none of that bit pattern in the grid's cells after it, IN
 * arrays are the same before and after it, guard zones stay whole.  At calls 1, 2, 4, 8, ... of a kernel the cells are
 * also visited one by one in two opposite orders, which must give the same bits.
 *
 * A fault in an operation that returns nothing (release) is told by the next one that does. */
#include "backend.h"
#include "fft_cpu.h"
#include "launch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARD_BYTES = 1024, ARGUMENTS_MAX = 64, BLANK = 0xFF };

typedef struct array {
  char *device; /* the address handed out, `span` bytes of closed pages */
  char *data;   /* the bytes, GUARD_BYTES before and after them; NULL once released */
  size_t bytes, span;
} array;

typedef struct check {
  pf_backend loops; /* the cpu backend that runs the kernels */
  array *arrays;    /* sorted by device address */
  size_t count, room;
  unsigned long calls[PF_KERNEL_COUNT];
  char fault[256]; /* of an operation without status, or "" */
} check;

/* ---- what is known of each kernel, from its list of arguments ---- */

enum role { ROLE_IN, ROLE_OUT, ROLE_VAR };
static const char *const role_names[] = {"IN", "OUT", "VAR"};

typedef struct argument {
  const char *name;
  enum role role;
  int floating; /* double or float */
  size_t size;  /* of an element, bytes */
  char *place;  /* of the pointer in the struct of arguments */
} argument;

typedef union any_args {
#define PF_MEMBER_(kernel) pf_##kernel##_args of_##kernel;
  PF_KERNELS(PF_MEMBER_, PF_MEMBER_, PF_MEMBER_, PF_MEMBER_)
} any_args;

#define PF_ARGUMENT_(role_, type, name_)                                                                           \
  list[n++] = (argument){#name_, role_, _Generic((type *)0, float * : 1, double * : 1, default : 0), sizeof(type), \
                         (char *)&k->name_};
#define PF_IN_(type, name) PF_ARGUMENT_(ROLE_IN, type, name)
#define PF_OUT_(type, name) PF_ARGUMENT_(ROLE_OUT, type, name)
#define PF_VAR_(type, name) PF_ARGUMENT_(ROLE_VAR, type, name)
#define PF_VAL_(type, name)
#define PF_ONE_(type, name) +1
#define PF_DESCRIBE_(kernel)                                                                           \
  _Static_assert(0 PF_ARGS_##kernel(PF_ONE_, PF_ONE_, PF_ONE_, PF_VAL_) <= ARGUMENTS_MAX, "too many"); \
  static int list_##kernel(any_args *args, argument *list) {                                           \
    pf_##kernel##_args *k = &args->of_##kernel;                                                        \
    int n = 0;                                                                                         \
    (void)k;                                                                                           \
    (void)list;                                                                                        \
    PF_ARGS_##kernel(PF_IN_, PF_OUT_, PF_VAR_, PF_VAL_) return n;                                      \
  }                                                                                                    \
  static void visit_##kernel(const any_args *args, pf_at at) { (void)pf_cell_##kernel(&args->of_##kernel, at); }
PF_KERNELS(PF_DESCRIBE_, PF_DESCRIBE_, PF_DESCRIBE_, PF_DESCRIBE_)

typedef struct description {
  pf_kernel_kind kind;
  size_t bytes; /* of the struct of arguments */
  int (*list)(any_args *, argument *);
  void (*visit)(const any_args *, pf_at);
} description;

#define PF_ENTRY_(kind, kernel) \
  [PF_KERNEL_##kernel] = {kind, sizeof(pf_##kernel##_args), list_##kernel, visit_##kernel},
#define PF_MAP_ENTRY_(kernel) PF_ENTRY_(PF_KIND_MAP, kernel)
#define PF_SWEEP_ENTRY_(kernel) PF_ENTRY_(PF_KIND_SWEEP, kernel)
#define PF_SUM_ENTRY_(kernel) PF_ENTRY_(PF_KIND_SUM, kernel)
#define PF_MAX_ENTRY_(kernel) PF_ENTRY_(PF_KIND_MAX, kernel)
static const description kernels[PF_KERNEL_COUNT] = {
    PF_KERNELS(PF_MAP_ENTRY_, PF_SWEEP_ENTRY_, PF_SUM_ENTRY_, PF_MAX_ENTRY_)};

/* ---- memory ---- */

static void fault_set(check *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault_set(check *self, const char *format, ...) {
  if (self->fault[0]) return; /* the first one is the cause */
  va_list list;
  va_start(list, format);
  vsnprintf(self->fault, sizeof self->fault, format, list);
  va_end(list);
}

#define CHECK_FAULT(self) PF_CHECK(!(self)->fault[0], PF_FAILED, "check: %s", (self)->fault)

/* The number of arrays that start at or before the address. */
static size_t arrays_before(const check *self, const char *address) {
  size_t low = 0, high = self->count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if ((uintptr_t)self->arrays[middle].device <= (uintptr_t)address)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The array, live or released, in whose pages the address lies, or NULL. */
static array *array_find(const check *self, const void *address) {
  const size_t n = arrays_before(self, address);
  if (n == 0) return NULL;
  array *a = &self->arrays[n - 1];
  return (uintptr_t)address < (uintptr_t)a->device + a->span ? a : NULL;
}

static int same_bytes(const char *from, size_t bytes, unsigned char value) {
  unsigned char difference = 0;
  for (size_t i = 0; i < bytes; i++) difference |= (unsigned char)from[i] ^ value;
  return difference == 0;
}

static int guards_whole(const array *a) {
  return same_bytes(a->data - GUARD_BYTES, GUARD_BYTES, BLANK) && same_bytes(a->data + a->bytes, GUARD_BYTES, BLANK);
}

/* The memory of an array whose address is that of `span` closed pages. */
static pf_status array_make(pf_backend *b, char *device, size_t span, size_t bytes) {
  check *self = b->self;
  if (self->count == self->room) {
    const size_t room = self->room ? 2 * self->room : 64;
    array *grown = realloc(self->arrays, room * sizeof *grown);
    PF_CHECK(grown, PF_NO_MEMORY, "no memory for the list of arrays");
    self->arrays = grown;
    self->room = room;
  }
  char *whole = aligned_alloc(64, (bytes + 63) / 64 * 64 + 2 * GUARD_BYTES);
  PF_CHECK(whole, PF_NO_MEMORY, "no memory for %.3f GiB more (%.3f GiB in use)", (double)bytes / 0x1p30,
           (double)b->bytes / 0x1p30);
  memset(whole, BLANK, GUARD_BYTES);
  memset(whole + GUARD_BYTES, 0, bytes);
  memset(whole + GUARD_BYTES + bytes, BLANK, GUARD_BYTES);
  const size_t n = arrays_before(self, device);
  memmove(self->arrays + n + 1, self->arrays + n, (self->count - n) * sizeof *self->arrays);
  self->arrays[n] = (array){device, whole + GUARD_BYTES, bytes, span};
  self->count++;
  b->bytes += bytes;
  if (b->bytes > b->bytes_peak) b->bytes_peak = b->bytes;
  return PF_OK;
}

static void check_release_slab(pf_backend *b, int places, void **made);

/* Arrays of their own, with addresses at one distance. */
static pf_status check_allocate_slab(pf_backend *b, size_t bytes, int places, void **result) {
  check *self = b->self;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), span = (bytes + page - 1) / page * page + page;
  const size_t all = (size_t)places * span;
  CHECK_FAULT(self);
  PF_TRY(pf_host_memory_check(b, (size_t)places * bytes));
  char *device = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  PF_CHECK(device != MAP_FAILED, PF_NO_MEMORY, "no addresses for %.3f GiB more", (double)all / 0x1p30);
  for (int p = 0; p < places; p++) {
    result[p] = device + (size_t)p * span;
    const pf_status status = array_make(b, result[p], span, bytes);
    if (status == PF_OK) continue;
    check_release_slab(b, p, result);
    munmap(result[p], all - (size_t)p * span); /* the others keep their addresses */
    result[0] = NULL;
    return status;
  }
  return PF_OK;
}

static pf_status check_allocate(pf_backend *b, size_t bytes, void **result) {
  *result = NULL;
  return check_allocate_slab(b, bytes, 1, result);
}

static void check_release(pf_backend *b, void *address) {
  check *self = b->self;
  if (!address) return;
  array *a = array_find(self, address);
  if (!a || a->device != address) {
    fault_set(self, "release of %p, which is not the start of an array", address);
  } else if (!a->data) {
    fault_set(self, "release of an array of %zu bytes that was released before", a->bytes);
  } else {
    if (!guards_whole(a)) fault_set(self, "an array of %zu bytes was written beyond its ends", a->bytes);
    memset(a->data, BLANK, a->bytes);
    free(a->data - GUARD_BYTES);
    a->data = NULL;
    b->bytes -= a->bytes;
  }
}

static void check_release_slab(pf_backend *b, int places, void **made) {
  for (int p = 0; p < places; p++) check_release(b, made[p]);
}

/* Where the bytes of a device range lie; the range must be within one live array. */
static pf_status range_find(const check *self, const char *what, const void *address, size_t bytes, char **data) {
  const array *a = array_find(self, address);
  PF_CHECK(a, PF_FAILED, "check: %s: %p is no device memory (a host pointer?)", what, address);
  PF_CHECK(a->data, PF_FAILED, "check: %s: an array of %zu bytes was released before", what, a->bytes);
  const size_t start = (size_t)((const char *)address - a->device);
  PF_CHECK(start <= a->bytes && bytes <= a->bytes - start, PF_FAILED,
           "check: %s: %zu bytes from byte %zu on of an array of %zu bytes", what, bytes, start, a->bytes);
  *data = a->data + start;
  return PF_OK;
}

static pf_status host_check(const check *self, const char *what, const void *host) {
  PF_CHECK(host, PF_FAILED, "check: %s: the host pointer is NULL", what);
  PF_CHECK(!array_find(self, host), PF_FAILED, "check: %s: the host pointer is device memory", what);
  return PF_OK;
}

static pf_status check_upload(pf_backend *b, void *to, const void *host, size_t bytes) {
  check *self = b->self;
  char *data;
  CHECK_FAULT(self);
  PF_TRY(host_check(self, "upload", host));
  PF_TRY(range_find(self, "upload", to, bytes, &data));
  memcpy(data, host, bytes);
  return PF_OK;
}

static pf_status check_download(pf_backend *b, void *host, const void *from, size_t bytes) {
  check *self = b->self;
  char *data;
  CHECK_FAULT(self);
  PF_TRY(host_check(self, "download", host));
  PF_TRY(range_find(self, "download", from, bytes, &data));
  memcpy(host, data, bytes);
  return PF_OK;
}

static pf_status check_copy(pf_backend *b, void *to, const void *from, size_t bytes) {
  check *self = b->self;
  char *target, *source;
  CHECK_FAULT(self);
  PF_TRY(range_find(self, "copy to", to, bytes, &target));
  PF_TRY(range_find(self, "copy from", from, bytes, &source));
  PF_CHECK(target + bytes <= source || source + bytes <= target, PF_FAILED, "check: copy: the ranges overlap");
  memcpy(target, source, bytes);
  return PF_OK;
}

static pf_status check_synchronize(pf_backend *b) {
  check *self = b->self;
  CHECK_FAULT(self);
  for (size_t n = 0; n < self->count; n++) {
    const array *a = &self->arrays[n];
    PF_CHECK(!a->data || guards_whole(a), PF_FAILED, "check: an array of %zu bytes was written beyond its ends",
             a->bytes);
  }
  return PF_OK;
}

static void check_destroy(pf_backend *b) {
  check *self = b->self;
  for (size_t n = 0; n < self->count; n++) {
    munmap(self->arrays[n].device, self->arrays[n].span);
    if (self->arrays[n].data) free(self->arrays[n].data - GUARD_BYTES);
  }
  free(self->arrays);
  self->loops.destroy(&self->loops);
  free(self);
}

/* ---- kernels ---- */

typedef struct call {
  const description *kernel;
  const char *name;
  const pf_grid *grid;
  any_args args; /* the caller's, with the true places of the arrays */
  int count;
  argument list[ARGUMENTS_MAX];
  const array *arrays[ARGUMENTS_MAX]; /* NULL where the argument is */
  uint64_t hash[ARGUMENTS_MAX];       /* of IN arrays before the call */
} call;

static uint64_t hash_bytes(const char *from, size_t bytes) {
  uint64_t h = 0x9E3779B97F4A7C15u ^ bytes, word;
  for (; bytes >= sizeof word; from += sizeof word, bytes -= sizeof word) {
    memcpy(&word, from, sizeof word);
    h = (h ^ word) * 0xFF51AFD7ED558CCDu; /* odd, so each step is one to one: a single changed word is always seen */
    h ^= h >> 32;
  }
  word = 0;
  memcpy(&word, from, bytes);
  return (h ^ word) * 0xFF51AFD7ED558CCDu;
}

/* Each cell once, one by one; for a sweep in its classes and colours.  `last`: 0 from the first on, 1 from the last. */
static void visit_all(const call *c, int last) {
  const pf_grid *g = c->grid;
  const ptrdiff_t cells = pf_cells(g);
  const int in_parts = c->kernel->kind == PF_KIND_SWEEP;
  for (int part = 0; part < (in_parts ? PF_SWEEP_PARTS : 1); part++) {
    for (ptrdiff_t n = 0; n < cells; n++) {
      const ptrdiff_t cell = last ? cells - 1 - n : n;
      const pf_at at = pf_at_cell(g, cell / g->nx, (int)(cell % g->nx));
      if (!in_parts || pf_sweep_part(g, at.i, at.j, at.k) == part) c->kernel->visit(&c->args, at);
    }
  }
}

/* Visits the cells in two orders, compares what was written, and puts everything back. */
static pf_status order_check(const call *c) {
  size_t total = 0, at = 0;
  for (int n = 0; n < c->count; n++) total += c->arrays[n] && c->list[n].role != ROLE_IN ? c->arrays[n]->bytes : 0;
  char *before = malloc(2 * total + 1);
  PF_CHECK(before, PF_NO_MEMORY, "no memory for a copy of the arrays of a kernel");
  char *after = before + total;
#define EACH_WRITTEN_(...)                                     \
  at = 0;                                                      \
  for (int n = 0; n < c->count; n++) {                         \
    if (!c->arrays[n] || c->list[n].role == ROLE_IN) continue; \
    const array *a = c->arrays[n];                             \
    __VA_ARGS__;                                               \
    at += a->bytes;                                            \
  }
  EACH_WRITTEN_(memcpy(before + at, a->data, a->bytes))
  visit_all(c, 1);
  EACH_WRITTEN_(memcpy(after + at, a->data, a->bytes); memcpy(a->data, before + at, a->bytes))
  visit_all(c, 0);
  int same = 1;
  EACH_WRITTEN_(same = same && !memcmp(after + at, a->data, a->bytes); memcpy(a->data, before + at, a->bytes))
#undef EACH_WRITTEN_
  free(before);
  PF_CHECK(same, PF_FAILED, "check: kernel %s: its result depends on the order of the cells", c->name);
  return PF_OK;
}

static pf_status call_begin(pf_backend *b, pf_kernel_kind kind, pf_kernel kernel, const pf_grid *g, const void *args,
                            call *c) {
  check *self = b->self;
  CHECK_FAULT(self);
  PF_TRY(pf_kernel_check(kernel, kind, g));
  c->kernel = &kernels[kernel];
  c->name = pf_kernel_name(kernel);
  c->grid = g;
  memcpy(&c->args, args, c->kernel->bytes);
  c->count = c->kernel->list(&c->args, c->list);
  for (int n = 0; n < c->count; n++) {
    const char *name = c->list[n].name;
    const char *address;
    memcpy(&address, c->list[n].place, sizeof address);
    c->arrays[n] = NULL;
    if (!address) continue;
    const array *a = array_find(self, address);
    PF_CHECK(a, PF_FAILED, "check: kernel %s, argument %s: %p is no device memory (a host pointer?)", c->name, name,
             (const void *)address);
    PF_CHECK(a->data, PF_FAILED, "check: kernel %s, argument %s: the array was released", c->name, name);
    PF_CHECK(address == a->device, PF_FAILED, "check: kernel %s, argument %s: %td bytes into an array, not its start",
             c->name, name, address - a->device);
    for (int m = 0; m < n; m++) {
      PF_CHECK(c->arrays[m] != a || (c->list[m].role == ROLE_IN && c->list[n].role == ROLE_IN), PF_FAILED,
               "check: kernel %s: arguments %s (%s) and %s (%s) are one array, which is written", c->name,
               c->list[m].name, role_names[c->list[m].role], name, role_names[c->list[n].role]);
    }
    c->arrays[n] = a;
    memcpy(c->list[n].place, &a->data, sizeof a->data);
  }
  for (int n = 0; n < c->count; n++) {
    const array *a = c->arrays[n];
    if (!a) continue;
    if (c->list[n].role == ROLE_OUT) memset(a->data, BLANK, a->bytes);
    if (c->list[n].role == ROLE_IN) c->hash[n] = hash_bytes(a->data, a->bytes);
  }
  const unsigned long calls = ++self->calls[kernel];
  return (calls & (calls - 1)) == 0 ? order_check(c) : PF_OK;
}

static pf_status call_end(const call *c) {
  for (int n = 0; n < c->count; n++) {
    const array *a = c->arrays[n];
    const argument *x = &c->list[n];
    if (!a) continue;
    PF_CHECK(guards_whole(a), PF_FAILED, "check: kernel %s, argument %s: written beyond its %zu bytes", c->name,
             x->name, a->bytes);
    PF_CHECK(x->role != ROLE_IN || hash_bytes(a->data, a->bytes) == c->hash[n], PF_FAILED,
             "check: kernel %s, argument %s: an IN array was written", c->name, x->name);
    if (x->role != ROLE_OUT || !x->floating) continue;
    const size_t cells = (size_t)pf_cells(c->grid), elements = a->bytes / x->size;
    for (size_t i = 0; i < (cells < elements ? cells : elements); i++) {
      PF_CHECK(!same_bytes(a->data + i * x->size, x->size, BLANK), PF_FAILED,
               "check: kernel %s, argument %s: element %zu of an OUT array was not written, or read before", c->name,
               x->name, i);
    }
  }
  return PF_OK;
}

#define LOOPS(b) (&((check *)(b)->self)->loops)

static pf_status check_map(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  call c;
  PF_TRY(call_begin(b, PF_KIND_MAP, kernel, g, args, &c));
  PF_TRY(LOOPS(b)->map(LOOPS(b), kernel, g, &c.args));
  return call_end(&c);
}

static pf_status check_sweep(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  call c;
  PF_TRY(call_begin(b, PF_KIND_SWEEP, kernel, g, args, &c));
  PF_TRY(LOOPS(b)->sweep(LOOPS(b), kernel, g, &c.args));
  return call_end(&c);
}

static pf_status check_sum(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args,
                           double result[PF_SUMS]) {
  call c;
  PF_TRY(call_begin(b, PF_KIND_SUM, kernel, g, args, &c));
  PF_TRY(LOOPS(b)->sum(LOOPS(b), kernel, g, &c.args, result));
  return call_end(&c);
}

static pf_status check_max(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args,
                           double result[PF_SUMS]) {
  call c;
  PF_TRY(call_begin(b, PF_KIND_MAX, kernel, g, args, &c));
  PF_TRY(LOOPS(b)->max(LOOPS(b), kernel, g, &c.args, result));
  return call_end(&c);
}

/* ---- Fourier transforms: what is read stays, what is written held NaN before, a spent spectrum holds NaN ---- */

/* What was fetched comes to its room when it has arrived, and not before. */
static pf_status check_allocate_host(pf_backend *b, size_t bytes, pf_room *room) {
  PF_TRY(pf_allocate_host_plain(b, bytes, room));
  memset(room->place, BLANK, bytes);
  room->own = malloc(bytes > 0 ? bytes : 1);
  if (room->own) {
    memset(room->own, BLANK, bytes);
    return PF_OK;
  }
  pf_release_host_plain(b, room);
  return PF_FAIL(PF_NO_MEMORY, "no memory for %.3f GiB more", (double)bytes / 0x1p30);
}

static void check_release_host(pf_backend *b, pf_room *room) {
  free(room->own);
  pf_release_host_plain(b, room);
}

static pf_status check_fetch(pf_backend *b, pf_room *room, size_t at, const void *from, size_t bytes) {
  PF_TRY(pf_room_check(room, at, bytes));
  memset((char *)room->place + at, BLANK, bytes);
  return check_download(b, (char *)room->own + at, from, bytes);
}

static pf_status check_arrived(pf_backend *b, const pf_room *room) {
  (void)b;
  memcpy(room->place, room->own, room->bytes);
  return PF_OK;
}

static pf_status check_fft_create(pf_backend *b, const pf_grid *g, int batch, pf_fft **fft) {
  CHECK_FAULT((check *)b->self);
  return LOOPS(b)->fft_create(LOOPS(b), g, batch, fft);
}

static void check_fft_destroy(pf_backend *b, pf_fft *fft) { LOOPS(b)->fft_destroy(LOOPS(b), fft); }

/* The bytes of a field and of a spectrum, each at the start of an array. */
typedef struct transform {
  char *field, *spectrum;
  size_t field_bytes, spectrum_bytes;
} transform;

static pf_status transform_begin(pf_backend *b, const pf_fft *fft, const double *field, const double *spectrum,
                                 transform *t) {
  check *self = b->self;
  CHECK_FAULT(self);
  const pf_grid grid = pf_fft_cpu_grid(fft), waves = pf_spectrum(&grid);
  t->field_bytes = (size_t)(pf_fft_cpu_batch(fft) * pf_cells(&grid)) * sizeof(double);
  t->spectrum_bytes = (size_t)(pf_fft_cpu_batch(fft) * pf_cells(&waves)) * 2 * sizeof(double);
  PF_TRY(range_find(self, "the field of a transform", field, t->field_bytes, &t->field));
  return range_find(self, "the spectrum of a transform", spectrum, t->spectrum_bytes, &t->spectrum);
}

static pf_status transform_written(const char *what, const char *data, size_t bytes) {
  for (size_t i = 0; i < bytes; i += sizeof(double)) {
    PF_CHECK(!same_bytes(data + i, sizeof(double), BLANK), PF_FAILED, "check: the %s: value %zu was not written", what,
             i / sizeof(double));
  }
  return PF_OK;
}

static pf_status check_fft_forward(pf_backend *b, pf_fft *fft, const double *field, double *spectrum) {
  transform t;
  PF_TRY(transform_begin(b, fft, field, spectrum, &t));
  const uint64_t hash = hash_bytes(t.field, t.field_bytes);
  memset(t.spectrum, BLANK, t.spectrum_bytes);
  PF_TRY(LOOPS(b)->fft_forward(LOOPS(b), fft, (const double *)(const void *)t.field, (double *)(void *)t.spectrum));
  PF_CHECK(hash == hash_bytes(t.field, t.field_bytes), PF_FAILED, "check: a forward transform has changed its field");
  PF_TRY(check_synchronize(b));
  return transform_written("spectrum of a transform", t.spectrum, t.spectrum_bytes);
}

static pf_status check_fft_inverse(pf_backend *b, pf_fft *fft, double *spectrum, double *field) {
  transform t;
  PF_TRY(transform_begin(b, fft, field, spectrum, &t));
  memset(t.field, BLANK, t.field_bytes);
  PF_TRY(LOOPS(b)->fft_inverse(LOOPS(b), fft, (double *)(void *)t.spectrum, (double *)(void *)t.field));
  memset(t.spectrum, BLANK, t.spectrum_bytes);
  PF_TRY(check_synchronize(b));
  return transform_written("field of a transform", t.field, t.field_bytes);
}

pf_status pf_backend_check(pf_backend *b, int threads) {
  check *self = calloc(1, sizeof *self);
  PF_CHECK(self, PF_NO_MEMORY, "no memory for a backend");
  const pf_status status = pf_backend_cpu(&self->loops, threads);
  if (status != PF_OK) {
    free(self);
    return status;
  }
  *b = (pf_backend){.name = "check",
                    .threads = self->loops.threads,
                    .self = self,
                    .allocate = check_allocate,
                    .release = check_release,
                    .allocate_slab = check_allocate_slab,
                    .release_slab = check_release_slab,
                    .upload = check_upload,
                    .download = check_download,
                    .allocate_host = check_allocate_host,
                    .release_host = check_release_host,
                    .fetch = check_fetch,
                    .arrived = check_arrived,
                    .copy = check_copy,
                    .map = check_map,
                    .sweep = check_sweep,
                    .sum = check_sum,
                    .max = check_max,
                    .chain = pf_chain_plain,
                    .fft_create = check_fft_create,
                    .fft_destroy = check_fft_destroy,
                    .fft_forward = check_fft_forward,
                    .fft_inverse = check_fft_inverse,
                    .synchronize = check_synchronize,
                    .destroy = check_destroy};
  snprintf(b->device, sizeof b->device, "%.180s, under the memory rules of a GPU", self->loops.device);
  return PF_OK;
}
