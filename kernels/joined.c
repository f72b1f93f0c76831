/* joined.c: see joined.h. */
#include "joined.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/* Operations that a member may be ahead, the bytes of their arguments, and of a member's stack (touched as it is used). */
enum { AHEAD = 512, ARGUMENT_BYTES = 1 << 18, STACK_BYTES = 1 << 22 };
/* The largest group is served first; who has waited for so many calls comes before it. */
enum { PATIENCE = 4096 };

typedef enum sort { TASK, REDUCE, TRANSFER, FETCH, FORWARD, INVERSE } sort;

/* One operation of a member, but for its task. */
typedef struct operation {
  sort sort;
  double *result; /* of a REDUCE */
  pf_transfer transfer;
  pf_fft *fft;
  pf_room *room; /* of a FETCH, from its byte `at` on */
  size_t at;
} operation;

struct together;

/* Arrays of one size, the outermost dimension the member: each member that is there has a place of its own. */
typedef enum place_state { FRESH, TAKEN, LEFT } place_state; /* LEFT: not zero any more */
typedef struct slab {
  struct slab *next;
  size_t bytes; /* of a place */
  int first, places, taken;
  void **array;       /* [places], of the members first, first + 1, ... */
  place_state *state; /* [places] */
} slab;

/* Plans of a Fourier transform, which all members with this grid use in turn. */
typedef struct plan {
  struct plan *next;
  pf_grid grid;
  int batch, users;
  pf_fft *fft;
  size_t bytes;
} plan;

typedef struct member {
  pf_backend own;
  struct together *all;
  int number, w; /* of those that run, and of those that are there */
  bool live;
  ucontext_t place;
  pf_status_text text;
  char *stack; /* STACK_BYTES, a closed page first */
  operation queue[AHEAD];
  pf_task task[AHEAD]; /* of TASK and REDUCE; their arguments lie in the member's room */
  int first, count;    /* queue[first] is next, `count` are noted */
  char *arguments;     /* ARGUMENT_BYTES */
  size_t used;         /* of them */
  double since;        /* number of the call at which the next operation became the next */
  pf_status status;    /* of the first operation that failed; all later ones fail */
  char reason[1024];   /* its message */
} member;

typedef struct together {
  pf_backend *backend;
  ucontext_t place;
  void (*run)(void *, int, pf_backend *);
  void *context;
  member **member; /* [width] */
  int width;
  slab *slabs;
  plan *plans;
  /* [width], of the group that is served: */
  member **group;
  const pf_task **task;
  pf_transfer *transfer;
  double (*result)[PF_SUMS];
  double asked, done;
} together;

/* ---- a member's side ---- */

/* Until all that the member noted is done. */
static pf_status wait_for_all(member *m) {
  if (m->count > 0) (void)swapcontext(&m->place, &m->all->place);
  PF_CHECK(m->status == PF_OK, m->status, "%s", m->reason);
  return PF_OK;
}

/* The place of one more operation. */
static pf_status note(member *m, size_t argument_bytes, operation **o) {
  PF_CHECK(m->status == PF_OK, m->status, "%s", m->reason);
  if (m->count == AHEAD || m->used + argument_bytes > ARGUMENT_BYTES) PF_TRY(wait_for_all(m));
  if (m->count == 0) m->first = 0, m->used = 0, m->since = m->all->done;
  *o = &m->queue[m->first + m->count++];
  m->all->asked++;
  return PF_OK;
}

/* A copy of arguments, which are gone when the caller returns. */
static const void *keep(member *m, const void *args, size_t bytes) {
  char *to = m->arguments + m->used;
  memcpy(to, args, bytes);
  m->used += (bytes + 63) / 64 * 64;
  return to;
}

static pf_status note_task(pf_backend *b, const pf_stage *stage, int stages, const pf_grid *g, double *result,
                           void *to) {
  member *m = b->self;
  size_t bytes = 0;
  for (int n = 0; n < stages; n++) bytes += pf_kernel_args_bytes(stage[n].kernel) + 63;
  operation *o = NULL;
  PF_TRY(note(m, bytes, &o));
  *o = (operation){.sort = result ? REDUCE : TASK, .result = result};
  pf_task *t = &m->task[o - m->queue];
  *t = (pf_task){.stages = stages, .grid = *g, .to = to};
  for (int n = 0; n < stages; n++)
    t->stage[n] = (pf_stage){stage[n].kernel, keep(m, stage[n].args, pf_kernel_args_bytes(stage[n].kernel))};
  return result ? wait_for_all(m) : PF_OK;
}

static pf_status join_chain(pf_backend *b, const pf_stage *stage, int stages, const pf_grid *g) {
  PF_TRY(pf_chain_check(stage, stages, g));
  return note_task(b, stage, stages, g, NULL, NULL);
}

static pf_status join_one(pf_backend *b, pf_kernel kernel, pf_kernel_kind kind, const pf_grid *g, const void *args,
                          double *result) {
  PF_TRY(pf_kernel_check(kernel, kind, g));
  return note_task(b, &(pf_stage){kernel, args}, 1, g, result, NULL);
}

static pf_status join_total(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double *to) {
  PF_TRY(pf_kernel_check(kernel, PF_KIND_SUM, g));
  return note_task(b, &(pf_stage){kernel, args}, 1, g, NULL, to);
}

static pf_status join_map(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  return join_one(b, kernel, PF_KIND_MAP, g, args, NULL);
}

static pf_status join_sweep(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args) {
  return join_one(b, kernel, PF_KIND_SWEEP, g, args, NULL);
}

static pf_status join_sum(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  return join_one(b, kernel, PF_KIND_SUM, g, args, result);
}

static pf_status join_max(pf_backend *b, pf_kernel kernel, const pf_grid *g, const void *args, double result[PF_SUMS]) {
  return join_one(b, kernel, PF_KIND_MAX, g, args, result);
}

static pf_status join_transfer(pf_backend *b, bool up, void *to, const void *from, size_t bytes) {
  operation *o = NULL;
  PF_TRY(note(b->self, 0, &o));
  *o = (operation){.sort = TRANSFER, .transfer = {up, to, from, bytes}};
  return wait_for_all(b->self);
}

static pf_status join_upload(pf_backend *b, void *array, const void *host, size_t bytes) {
  return join_transfer(b, true, array, host, bytes);
}

static pf_status join_download(pf_backend *b, void *host, const void *array, size_t bytes) {
  return join_transfer(b, false, host, array, bytes);
}

static pf_status join_copy(pf_backend *b, void *to, const void *from, size_t bytes) {
  member *m = b->self;
  operation *o = NULL;
  PF_TRY(note(m, 0, &o));
  *o = (operation){.sort = TASK};
  m->task[o - m->queue] = (pf_task){.to = to, .from = from, .bytes = bytes};
  return PF_OK;
}

static pf_status join_fft(pf_backend *b, sort of, pf_fft *fft, void *to, const void *from) {
  operation *o = NULL;
  PF_TRY(note(b->self, 0, &o));
  *o = (operation){.sort = of, .transfer = {false, to, from, 0}, .fft = fft};
  return PF_OK;
}

static pf_status join_forward(pf_backend *b, pf_fft *fft, const double *field, double *spectrum) {
  return join_fft(b, FORWARD, fft, spectrum, field);
}

static pf_status join_inverse(pf_backend *b, pf_fft *fft, double *spectrum, double *field) {
  return join_fft(b, INVERSE, fft, field, spectrum);
}

static pf_status join_synchronize(pf_backend *b) {
  const member *m = b->self;
  PF_TRY(wait_for_all(b->self));
  return m->all->backend->synchronize(m->all->backend);
}

/* Memory is had at once; what is given back was used by nothing that is still to be done.
 *
 * An array is a place of a slab, of the first slab of that size where the member's is free; slabs go back when all their places
 * are.  Where there is no memory for a whole slab, the member has one with a place for itself alone. */

static void slab_free(together *t, slab *s) {
  slab **at = &t->slabs;
  while (*at != s) at = &(*at)->next;
  *at = s->next;
  if (s->array && s->array[0]) t->backend->release_slab(t->backend, s->places, s->array);
  free(s->array), free(s->state), free(s);
}

static pf_status slab_make(together *t, size_t bytes, int first, int places, slab **made) {
  slab **end = &t->slabs, *s = *made = calloc(1, sizeof *s);
  PF_CHECK(s, PF_NO_MEMORY, "no memory for the members");
  *s = (slab){.bytes = bytes, .first = first, .places = places};
  while (*end) end = &(*end)->next;
  *end = s;
  s->array = calloc((size_t)places, sizeof *s->array);
  s->state = calloc((size_t)places, sizeof *s->state);
  pf_status status = s->array && s->state ? PF_OK : PF_FAIL(PF_NO_MEMORY, "no memory for the members");
  if (status == PF_OK) status = t->backend->allocate_slab(t->backend, bytes, places, s->array);
  if (status != PF_OK) slab_free(t, s);
  return status;
}

/* The member's place there, or -1. */
static int place_of(const slab *s, const member *m) {
  const int p = m->w - s->first;
  return p >= 0 && p < s->places ? p : -1;
}

/* What another one has left there. */
static pf_status clear(pf_backend *b, void *array, size_t bytes) {
  void *zeros = calloc(1, bytes);
  PF_CHECK(zeros, PF_NO_MEMORY, "no memory for %.3f GiB more", (double)bytes / 0x1p30);
  const pf_status status = b->upload(b, array, zeros, bytes);
  free(zeros);
  return status;
}

static pf_status join_allocate(pf_backend *b, size_t bytes, void **array) {
  const member *m = b->self;
  together *t = m->all;
  *array = NULL;
  PF_CHECK(m->status == PF_OK, m->status, "%s", m->reason);
  slab *s = t->slabs;
  while (s && (s->bytes != bytes || place_of(s, m) < 0 || s->state[place_of(s, m)] == TAKEN)) s = s->next;
  if (!s) {
    const pf_status status = slab_make(t, bytes, 0, t->width, &s);
    if (status == PF_NO_MEMORY && t->width > 1)
      PF_TRY(slab_make(t, bytes, m->w, 1, &s));
    else
      PF_TRY(status);
  }
  const int p = place_of(s, m);
  if (s->state[p] == LEFT && bytes > 0) PF_TRY(clear(t->backend, s->array[p], bytes));
  s->state[p] = TAKEN;
  s->taken++;
  *array = s->array[p];
  b->bytes += bytes;
  if (b->bytes > b->bytes_peak) b->bytes_peak = b->bytes;
  return PF_OK;
}

static void join_release(pf_backend *b, void *array) {
  member *m = b->self;
  if (m->count > 0) (void)wait_for_all(m);
  slab *s = m->all->slabs;
  while (s && (place_of(s, m) < 0 || s->array[place_of(s, m)] != array)) s = s->next;
  if (!s) return;
  s->state[place_of(s, m)] = LEFT;
  b->bytes -= s->bytes;
  if (--s->taken == 0) slab_free(m->all, s);
}

static pf_status join_allocate_host(pf_backend *b, size_t bytes, pf_room *room) {
  const member *m = b->self;
  *room = (pf_room){0};
  PF_CHECK(m->status == PF_OK, m->status, "%s", m->reason);
  return m->all->backend->allocate_host(m->all->backend, bytes, room);
}

static void join_release_host(pf_backend *b, pf_room *room) {
  member *m = b->self;
  if (m->count > 0) (void)wait_for_all(m);
  m->all->backend->release_host(m->all->backend, room);
}

/* Returns when it is under way, so that `arrived` knows of it. */
static pf_status join_fetch(pf_backend *b, pf_room *room, size_t at, const void *array, size_t bytes) {
  operation *o = NULL;
  PF_TRY(note(b->self, 0, &o));
  *o = (operation){.sort = FETCH, .transfer = {false, NULL, array, bytes}, .room = room, .at = at};
  return wait_for_all(b->self);
}

/* Called by any thread: touches nothing of the member that changes. */
static pf_status join_arrived(pf_backend *b, const pf_room *room) {
  const member *m = b->self;
  return m->all->backend->arrived(m->all->backend, room);
}

/* A transform may have room of its own, which members use in turn. */
static pf_status join_fft_create(pf_backend *b, const pf_grid *g, int batch, pf_fft **fft) {
  const member *m = b->self;
  together *t = m->all;
  pf_backend *real = t->backend;
  plan *p = t->plans;
  *fft = NULL;
  while (p && (p->batch != batch || p->grid.nx != g->nx || p->grid.ny != g->ny || p->grid.nz != g->nz)) p = p->next;
  if (!p) {
    pf_fft *made;
    const size_t before = real->bytes;
    PF_TRY(real->fft_create(real, g, batch, &made));
    p = calloc(1, sizeof *p);
    if (!p) real->fft_destroy(real, made);
    PF_CHECK(p, PF_NO_MEMORY, "no memory for a Fourier transform");
    *p = (plan){t->plans, *g, batch, 0, made, real->bytes - before};
    t->plans = p;
  }
  p->users++;
  b->bytes += p->bytes;
  if (b->bytes > b->bytes_peak) b->bytes_peak = b->bytes;
  *fft = p->fft;
  return PF_OK;
}

static void join_fft_destroy(pf_backend *b, pf_fft *fft) {
  member *m = b->self;
  plan **at = &m->all->plans;
  if (m->count > 0) (void)wait_for_all(m);
  while (*at && (*at)->fft != fft) at = &(*at)->next;
  plan *p = *at;
  if (!p) return;
  b->bytes -= p->bytes;
  if (--p->users > 0) return;
  *at = p->next;
  m->all->backend->fft_destroy(m->all->backend, fft);
  free(p);
}

static void join_destroy(pf_backend *b) { (void)b; }

/* ---- the common side ---- */

/* Its operation `ahead` behind the next one; NULL: there is none. */
static const operation *next(const member *m, int ahead) {
  return m->live && ahead < m->count ? &m->queue[m->first + ahead] : NULL;
}

static bool same_task(const pf_task *a, const pf_task *b) {
  if (a->stages != b->stages || a->bytes != b->bytes || !a->to != !b->to) return false; /* a sum is no chain */
  for (int n = 0; n < a->stages; n++)
    if (a->stage[n].kernel != b->stage[n].kernel) return false;
  return a->grid.nx == b->grid.nx && a->grid.ny == b->grid.ny && a->grid.nz == b->grid.nz;
}

/* May operation p of `a` and operation q of `b` be done in one call? */
static bool go_together(const member *a, int p, const member *b, int q) {
  const operation *x = next(a, p), *y = next(b, q);
  if (!x || !y || x->sort != y->sort) return false;
  return (x->sort != TASK && x->sort != REDUCE) || same_task(&a->task[a->first + p], &b->task[b->first + q]);
}

/* The members whose next operations go together: the most of them, unless someone has waited too long. */
static int choose(together *t) {
  enum { KINDS = 64 };
  const member *kind[KINDS], *best = NULL;
  int members[KINDS], kinds = 0, most = 0, count = 0;
  for (int w = 0; w < t->width; w++) {
    const member *m = t->member[w];
    if (!next(m, 0)) continue;
    int k = 0;
    while (k < kinds && !go_together(m, 0, kind[k], 0)) k++;
    if (k == kinds && kinds < KINDS) kind[k] = m, members[k] = 0, kinds++;
    if (k < kinds && ++members[k] > most) most = members[k], best = kind[k];
  }
  double since = t->done - PATIENCE;
  for (int w = 0; w < t->width; w++)
    if (next(t->member[w], 0) && t->member[w]->since < since) since = t->member[w]->since, best = t->member[w];
  for (int w = 0; best && w < t->width; w++)
    if (t->member[w] == best || go_together(t->member[w], 0, best, 0)) t->group[count++] = t->member[w];
  return count;
}

/* How many of the group's next operations are tasks that go together; up to where another member waits for the same. */
static int common_tasks(const together *t, int count) {
  const member *lead = t->group[0];
  int n = 1;
  for (; next(lead, n) && next(lead, n)->sort == TASK; n++) {
    for (int g = 1; g < count; g++)
      if (!go_together(lead, n, t->group[g], n)) return n;
    for (int w = 0, g = 0; w < t->width; w++) {
      if (g < count && t->member[w] == t->group[g])
        g++;
      else if (go_together(lead, n, t->member[w], 0))
        return n;
    }
  }
  return n;
}

/* *tasks: how many operations of each member were done. */
static pf_status issue(together *t, int count, int *tasks) {
  pf_backend *b = t->backend;
  const operation *o = next(t->group[0], 0);
  for (int n = 0; n < count; n++) {
    t->task[n] = &t->group[n]->task[t->group[n]->first];
    t->transfer[n] = next(t->group[n], 0)->transfer;
  }
  if (o->sort == TASK) {
    *tasks = common_tasks(t, count);
    return b->batch(b, count, t->task, *tasks);
  }
  *tasks = 1;
  if (o->sort == TRANSFER) return b->transfer(b, t->transfer, count);
  if (o->sort == REDUCE) PF_TRY(b->reduce(b, count, t->task, t->result));
  for (int n = 0; n < count; n++) {
    const operation *each = next(t->group[n], 0);
    const pf_transfer *x = &each->transfer;
    if (o->sort == REDUCE) memcpy(each->result, t->result[n], sizeof t->result[n]);
    if (o->sort == FETCH) PF_TRY(b->fetch(b, each->room, each->at, x->from, x->bytes));
    if (o->sort == FORWARD) PF_TRY(b->fft_forward(b, each->fft, x->from, x->to));
    if (o->sort == INVERSE) PF_TRY(b->fft_inverse(b, each->fft, (double *)(uintptr_t)x->from, x->to));
  }
  return PF_OK;
}

/* One call for one group; a failure is one of all its members. */
static void serve(together *t) {
  int tasks = 1;
  const int count = choose(t);
  const pf_status status = issue(t, count, &tasks);
  t->done += tasks;
  for (int n = 0; n < count; n++) {
    member *m = t->group[n];
    m->first += tasks, m->count -= tasks;
    m->since = t->done;
    if (status == PF_OK) continue;
    m->status = status;
    m->count = 0;
    memcpy(m->reason, pf_status_message(), sizeof m->reason);
  }
}

/* The member goes on until it waits or is through. */
static void resume(member *m) {
  pf_status_use(&m->text);
  (void)swapcontext(&m->all->place, &m->place);
  pf_status_use(NULL);
}

static void begin(unsigned high, unsigned low) { /* makecontext passes numbers only */
  member *m = (member *)(((uintptr_t)high << 16 << 16) | low);
  together *t = m->all;
  t->run(t->context, m->number, &m->own);
  (void)wait_for_all(m);
  m->live = false;
  (void)swapcontext(&m->place, &t->place); /* for good */
}

static void start(together *t, member *m, int number) {
  pf_backend *own = &m->own;
  m->number = number;
  m->live = true;
  m->first = m->count = 0;
  m->status = PF_OK;
  m->text = (pf_status_text){"", ""};
  *own = *t->backend; /* its name, device and threads */
  own->self = m;
  own->bytes = own->bytes_peak = 0;
  own->allocate = join_allocate, own->release = join_release;
  own->allocate_host = join_allocate_host, own->release_host = join_release_host;
  own->fetch = join_fetch, own->arrived = join_arrived;
  own->upload = join_upload, own->download = join_download, own->copy = join_copy;
  own->map = join_map, own->sweep = join_sweep, own->sum = join_sum, own->max = join_max, own->chain = join_chain;
  own->fft_create = join_fft_create, own->fft_destroy = join_fft_destroy;
  own->fft_forward = join_forward, own->fft_inverse = join_inverse, own->fft_green = NULL;
  own->total = join_total, own->begin = own->end = pf_nothing_waits;
  own->synchronize = join_synchronize, own->destroy = join_destroy;
  own->batch = pf_batch_plain, own->reduce = pf_reduce_plain,
  own->transfer = pf_transfer_plain; /* of one: none further */
  (void)getcontext(&m->place);       /* of no consequence but for what makecontext leaves as it is */
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  m->place.uc_stack.ss_sp = m->stack + page;
  m->place.uc_stack.ss_size = STACK_BYTES - page;
  m->place.uc_link = NULL;
  const uintptr_t address = (uintptr_t)m;
  makecontext(&m->place, (void (*)(void))begin, 2, (unsigned)(address >> 16 >> 16), (unsigned)address);
}

static void member_free(member *m) {
  if (!m) return;
  if (m->stack) (void)munmap(m->stack, STACK_BYTES);
  free(m->arguments);
  free(m);
}

static pf_status member_make(together *t, member **made) {
  member *m = *made = calloc(1, sizeof *m);
  PF_CHECK(m, PF_NO_MEMORY, "no memory for a member");
  m->all = t;
  m->arguments = malloc(ARGUMENT_BYTES);
  void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack != MAP_FAILED) m->stack = stack;
  PF_CHECK(m->arguments && m->stack && mprotect(m->stack, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) == 0, PF_NO_MEMORY,
           "no memory for a member");
  return PF_OK;
}

static pf_status run_all(together *t, int count) {
  const size_t width = (size_t)t->width;
  t->member = calloc(width, sizeof *t->member);
  t->group = calloc(width, sizeof *t->group);
  t->task = calloc(width, sizeof *t->task);
  t->transfer = calloc(width, sizeof *t->transfer);
  t->result = calloc(width, sizeof *t->result);
  PF_CHECK(t->member && t->group && t->task && t->transfer && t->result, PF_NO_MEMORY, "no memory for the members");
  for (int w = 0; w < t->width; w++) {
    PF_TRY(member_make(t, &t->member[w]));
    t->member[w]->w = w;
  }
  for (int started = 0, waiting = 1; waiting > 0;) {
    waiting = 0;
    for (int w = 0; w < t->width; w++) {
      member *m = t->member[w];
      while (!m->live || m->count == 0) { /* it goes on, or the next one takes its place */
        if (!m->live && started == count) break;
        if (!m->live) start(t, m, started++);
        resume(m);
      }
      waiting += m->live;
    }
    if (waiting > 0) serve(t);
  }
  return PF_OK;
}

pf_status pf_joined_run(pf_backend *backend, int count, int together_most,
                        void (*run)(void *context, int member, pf_backend *own), void *context,
                        pf_joined_report *report) {
  together t = {.backend = backend, .run = run, .context = context};
  if (count < 1) return PF_OK;
  t.width = together_most < 1 ? 1 : together_most < count ? together_most : count;
  const pf_status status = run_all(&t, count);
  for (int w = 0; t.member && w < t.width; w++) member_free(t.member[w]);
  while (t.slabs) slab_free(&t, t.slabs); /* what a member did not give back */
  for (plan *p; (p = t.plans) != NULL; free(p)) t.plans = p->next, backend->fft_destroy(backend, p->fft);
  free(t.member), free(t.group), free(t.task), free(t.transfer), free(t.result);
  if (report) *report = (pf_joined_report){t.asked, t.done};
  return status;
}
