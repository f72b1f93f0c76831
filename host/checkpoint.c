/* checkpoint.c: see checkpoint.h. */
#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "version.h"

static const char magic[8] = {'P', 'F', 'S', 'O', 'L', 'V', 'E', '1'};
static const uint32_t byte_order = 0x01020304, other_order = 0x04030201;

typedef struct part {
  char name[PF_KEPT_NAME];
  uint64_t bytes;
  uint64_t content; /* hash of the bytes */
  uint64_t hash;    /* of all before it */
} part;

_Static_assert(sizeof(pf_checkpoint_header) == 128 && sizeof(part) == 64, "the file's layout");

static uint64_t hash_of(const void *bytes, size_t count) { return XXH3_64bits(bytes, count); }
static uint64_t filling(uint64_t bytes) { return (8 - bytes % 8) % 8; }
static uint64_t part_size(uint64_t bytes) { return sizeof(part) + bytes + filling(bytes); }

static void slot_name(int slot, char name[PF_NAME_LENGTH]) { snprintf(name, PF_NAME_LENGTH, "checkpoint_%d.pf", slot); }

/* ---- the input as a list of keys ---- */

/* Keys that change no result: they may differ between a start and a restart. */
static const char *const free_keys[] = {"run%output_dir",
                                        "run%backend",
                                        "run%threads",
                                        "run%max_walltime_min",
                                        "run%max_steps",
                                        "output%compression",
                                        "output%checkpoint_interval_min"};

static bool is_free(const char *key, size_t length) {
  for (size_t n = 0; n < sizeof free_keys / sizeof *free_keys; n++)
    if (strlen(free_keys[n]) == length && strncmp(free_keys[n], key, length) == 0) return true;
  return false;
}

/* Where the value of a line of pf_config_print ends: before the comment, which is outside quotes. */
static size_t value_length(const char *line, size_t length) {
  bool quoted = false;
  size_t end = 0;
  for (size_t n = 0; n < length && (quoted || line[n] != '!'); n++) {
    if (line[n] == '\'') quoted = !quoted;
    if (line[n] != ' ') end = n + 1;
  }
  return end;
}

/* "&layer", "  name = 'x'  ! (default)" ... become "layer(2)%name = 'x'"; a group is numbered from its second on. */
static void flatten(const char *printed, pf_text *out) {
  char group[64] = "", last[64] = "", key[160];
  int which = 1;
  for (const char *line = printed; *line; line += strcspn(line, "\n") + (strchr(line, '\n') != NULL)) {
    const size_t length = strcspn(line, "\n");
    if (line[0] == '&') {
      snprintf(group, sizeof group, "%.*s", (int)length - 1, line + 1);
      which = strcmp(group, last) == 0 ? which + 1 : 1;
      memcpy(last, group, sizeof last);
    }
    const size_t end = value_length(line, length);
    if (length < 3 || line[0] != ' ' || end < 3) continue;
    const size_t name = strcspn(line + 2, " =");
    if (which > 1)
      snprintf(key, sizeof key, "%s(%d)%%%.*s", group, which, (int)name, line + 2);
    else
      snprintf(key, sizeof key, "%s%%%.*s", group, (int)name, line + 2);
    if (!is_free(key, strlen(key))) pf_text_put(out, "%s%.*s\n", key, (int)(end - 2 - name), line + 2 + name);
  }
}

pf_status pf_checkpoint_input(const pf_config *cfg, char **text) {
  char *printed = NULL;
  size_t length = 0;
  pf_text flat = {0};
  *text = NULL;
  FILE *out = open_memstream(&printed, &length);
  PF_CHECK(out, PF_NO_MEMORY, "no memory for the resolved input");
  pf_config_print(cfg, out);
  const bool good = fclose(out) == 0;
  if (good) flatten(printed, &flat);
  free(printed);
  PF_CHECK(good && !flat.failed && flat.bytes, PF_NO_MEMORY, "no memory for the resolved input");
  *text = flat.bytes;
  return PF_OK;
}

/* The value behind a key in such a list, NULL: not there; its length by `length`. */
static const char *value_of(const char *list, const char *key, size_t key_length, size_t *length) {
  for (const char *line = list; *line; line += strcspn(line, "\n") + (strchr(line, '\n') != NULL)) {
    if (strncmp(line, key, key_length) != 0 || strncmp(line + key_length, " = ", 3) != 0) continue;
    *length = strcspn(line, "\n") - key_length - 3;
    return line + key_length + 3;
  }
  return NULL;
}

/* PF_OK where the lists are the same. */
static pf_status compare_inputs(const char *file, const char *old, const char *new) {
  if (strcmp(old, new) == 0) return PF_OK;
  char text[700] = "";
  size_t used = 0;
  int differ = 0;
  for (int side = 0; side < 2; side++) {
    const char *from = side ? new : old, *to = side ? old : new;
    for (const char *line = from; *line; line += strcspn(line, "\n") + (strchr(line, '\n') != NULL)) {
      const size_t key = strcspn(line, " \n");
      size_t was = 0, is = 0;
      const char *here = value_of(from, line, key, &was), *there = value_of(to, line, key, &is);
      if (!here || (there && (side || (was == is && strncmp(here, there, was) == 0)))) continue;
      differ++;
      if (used > sizeof text - 160) continue;
      const int most = 40;
      if (side) { /* only in the new one */
        is = was, there = here;
        here = "not used", was = 8;
      } else if (!there) {
        there = "not used", is = 8;
      }
      used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s was %.*s, now %.*s", used ? "; " : "",
                               (int)(key < 60 ? key : 60), line, was < (size_t)most ? (int)was : most, here,
                               is < (size_t)most ? (int)is : most, there);
      if (used > sizeof text - 160) used += (size_t)snprintf(text + used, sizeof text - used, "; and more");
    }
  }
  return PF_FAIL(PF_NO_OUTPUT,
                 "%s is of another input, %d key%s differ%s: %s. Choose another output_dir, or give --overwrite "
                 "without --resume",
                 file, differ, differ == 1 ? "" : "s", differ == 1 ? "s" : "", text);
}

/* ---- writing ---- */

pf_status pf_checkpoints_open(pf_checkpoints *c, const pf_config *cfg, const char *output, const char *backend,
                              const pf_kept *kept, int count) {
  *c = (pf_checkpoints){0};
  const int n = snprintf(c->folder, sizeof c->folder, "%s/" PF_CHECKPOINT_FOLDER, output);
  PF_CHECK(n > 0 && n < PATH_MAX, PF_NO_OUTPUT, "%s/" PF_CHECKPOINT_FOLDER ": the path is too long", output);
  PF_CHECK(mkdir(c->folder, 0777) == 0 || errno == EEXIST, PF_NO_OUTPUT, "%s: cannot be made: %s", c->folder,
           strerror(errno));
  struct stat s;
  PF_CHECK(lstat(c->folder, &s) == 0 && S_ISDIR(s.st_mode), PF_NO_OUTPUT,
           "%s is a link or a file, not a directory: remove it", c->folder);
  PF_TRY(pf_checkpoint_input(cfg, &c->input));
  memcpy(c->header.magic, magic, sizeof magic);
  c->header.order = byte_order;
  c->header.format = PF_CHECKPOINT_FORMAT;
  memcpy(c->header.cells, cfg->grid.cells, sizeof c->header.cells);
  c->header.input = hash_of(c->input, strlen(c->input));
  snprintf(c->header.backend, sizeof c->header.backend, "%s", backend);
  snprintf(c->header.build, sizeof c->header.build, "%s %s", pf_version(), pf_version_commit());
  c->room = 1 << 16; /* of the stage */
  for (int k = 0; k < count; k++)
    if (kept[k].backend && kept[k].bytes > c->room) c->room = kept[k].bytes;
  c->buffer = malloc(c->room);
  PF_CHECK(c->buffer, PF_NO_MEMORY, "no memory for checkpoints: %zu bytes", c->room);
  return PF_OK;
}

void pf_checkpoints_close(pf_checkpoints *c) {
  free(c->input);
  free(c->buffer);
  c->input = NULL;
  c->buffer = NULL;
}

/* What is small is gathered, so that a checkpoint is a few writes. */
typedef struct stage {
  pf_file *file;
  size_t used;
  unsigned char bytes[1 << 14];
} stage;

static pf_status flush(stage *s) {
  const size_t used = s->used;
  s->used = 0;
  return pf_file_put(s->file, s->bytes, used);
}

static pf_status put(stage *s, const void *bytes, size_t count) {
  if (count > sizeof s->bytes - s->used) PF_TRY(flush(s));
  if (count > sizeof s->bytes) return pf_file_put(s->file, bytes, count);
  memcpy(s->bytes + s->used, bytes, count);
  s->used += count;
  return PF_OK;
}

static pf_status put_part(stage *s, const char *name, const void *bytes, size_t count) {
  static const unsigned char zeros[8] = {0};
  part p = {.bytes = count, .content = hash_of(bytes, count)};
  snprintf(p.name, sizeof p.name, "%s", name);
  p.hash = hash_of(&p, offsetof(part, hash));
  PF_TRY(put(s, &p, sizeof p));
  PF_TRY(put(s, bytes, count));
  return put(s, zeros, filling(count));
}

/* Every number of a field is finite: exponents of ones only are those of infinities and NaN. */
static pf_status check_finite(const pf_checkpoints *c, const pf_kept *k, const void *values, long step) {
  ptrdiff_t bad = -1;
  if (k->kind == 'd') {
    const uint64_t *v = values;
    for (size_t n = k->bytes / sizeof *v; n-- > 0;)
      if ((v[n] & 0x7ff0000000000000u) == 0x7ff0000000000000u) bad = (ptrdiff_t)n;
  } else if (k->kind == 'f') {
    const uint32_t *v = values;
    for (size_t n = k->bytes / sizeof *v; n-- > 0;)
      if ((v[n] & 0x7f800000u) == 0x7f800000u) bad = (ptrdiff_t)n;
  }
  const ptrdiff_t nx = c->header.cells[0], ny = c->header.cells[1], cells = nx * ny * c->header.cells[2];
  const bool found = bad >= 0;
  if (found) bad %= cells; /* of a field with several parts */
  PF_CHECK(!found, PF_FAILED, "step %ld: %s is not finite at cell (%td, %td, %td); no checkpoint is made of it", step,
           k->name, bad % nx, bad / nx % ny, bad / nx / ny);
  return PF_OK;
}

static pf_status put_all(pf_checkpoints *c, stage *s, const pf_kept *kept, int count, const pf_checkpoint_header *h) {
  PF_TRY(put(s, h, sizeof *h));
  PF_TRY(put_part(s, "input", c->input, strlen(c->input)));
  for (int n = 0; n < count; n++) {
    const pf_kept *k = &kept[n];
    const void *bytes = k->at;
    if (k->backend) {
      PF_TRY(k->backend->download(k->backend, c->buffer, k->at, k->bytes));
      PF_TRY(check_finite(c, k, c->buffer, (long)h->step));
      bytes = c->buffer;
    }
    PF_TRY(put_part(s, k->name, bytes, k->bytes));
  }
  return flush(s);
}

static pf_status write_file(pf_checkpoints *c, const char *name, const pf_kept *kept, int count,
                            const pf_checkpoint_header *h) {
  pf_file file;
  PF_TRY(pf_file_open(&file, c->folder, name));
  stage s = {.file = &file};
  const pf_status status = put_all(c, &s, kept, count, h);
  if (status != PF_OK) {
    pf_file_abandon(&file);
    return status;
  }
  return pf_file_commit(&file);
}

static void seal(const pf_checkpoints *c, pf_checkpoint_header *h, const pf_kept *kept, int count) {
  h->bytes = sizeof *h + part_size(strlen(c->input));
  for (int n = 0; n < count; n++) h->bytes += part_size(kept[n].bytes);
  h->parts = (uint32_t)count + 1;
  h->hash = hash_of(h, offsetof(pf_checkpoint_header, hash));
}

static pf_status write_record(const pf_checkpoints *c, const char *name, const pf_checkpoint_header *h) {
  pf_text t = {0};
  pf_text_put(&t, "{\"file\": \"%s\", \"number\": %" PRIu64 ", \"step\": %" PRId64 ", \"time_s\": ", name, h->number,
              h->step);
  pf_text_put_json_number(&t, h->time_s);
  pf_text_put(&t, ", \"bytes\": %" PRIu64 ", \"hash\": \"%016" PRIx64 "\"}\n", h->bytes, h->hash);
  pf_status status = pf_text_status(&t);
  if (status == PF_OK) status = pf_file_replace(c->folder, "checkpoint_last.json", t.bytes, t.length);
  pf_text_free(&t);
  return status;
}

static double wall(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

pf_status pf_checkpoints_save(pf_checkpoints *c, const pf_kept *kept, int count, long step, double time_s) {
  const double begin = wall();
  const int slot = c->slot == 1 ? 2 : 1;
  char name[PF_NAME_LENGTH];
  slot_name(slot, name);
  pf_checkpoint_header h = c->header;
  h.number++;
  h.step = step;
  h.time_s = time_s;
  seal(c, &h, kept, count);
  PF_TRY(write_file(c, name, kept, count, &h));
  c->header = h;
  c->slot = slot;
  PF_TRY(write_record(c, name, &h));
  const double seconds = wall() - begin;
  if (seconds > c->seconds) c->seconds = seconds;
  return PF_OK;
}

pf_status pf_checkpoints_finish(pf_checkpoints *c) {
  pf_checkpoint_header h = c->header;
  seal(c, &h, NULL, 0);
  return write_file(c, PF_CHECKPOINT_FINISHED, NULL, 0, &h);
}

pf_status pf_checkpoints_unfinish(pf_checkpoints *c) {
  char path[PATH_MAX + sizeof PF_CHECKPOINT_FINISHED + 1];
  snprintf(path, sizeof path, "%s/" PF_CHECKPOINT_FINISHED, c->folder);
  if (unlink(path) != 0) {
    PF_CHECK(errno == ENOENT, PF_IO, "%s: cannot be removed: %s", path, strerror(errno));
    return PF_OK;
  }
  return pf_folder_sync(c->folder);
}

/* ---- reading ---- */

/* A file that is read and the hash of what was read since it was begun. */
typedef struct reader {
  char path[PATH_MAX + PF_NAME_LENGTH];
  int fd;
  uint64_t left; /* bytes to the end */
} reader;

static pf_status reader_open(reader *r, const char *folder, const char *name) {
  snprintf(r->path, sizeof r->path, "%s/%s", folder, name);
  r->left = 0;
  r->fd = open(r->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (r->fd < 0 && errno == ENOENT) return PF_FAIL(PF_NO_INPUT, "%s: there is no such checkpoint", r->path);
  PF_CHECK(r->fd >= 0, PF_IO, "%s: cannot be read: %s", r->path, strerror(errno));
  struct stat s;
  if (fstat(r->fd, &s) != 0 || !S_ISREG(s.st_mode)) {
    close(r->fd);
    return PF_FAIL(PF_IO, "%s is no file", r->path);
  }
  r->left = (uint64_t)s.st_size;
  return PF_OK;
}

static pf_status take(reader *r, void *bytes, size_t count) {
  PF_CHECK(count <= r->left, PF_IO, "%s is damaged: it is cut short", r->path);
  r->left -= count;
  for (char *at = bytes; count > 0;) {
    const ssize_t n = read(r->fd, at, count < ((size_t)1 << 30) ? count : (size_t)1 << 30);
    if (n < 0 && errno == EINTR) continue;
    PF_CHECK(n > 0, PF_IO, "%s: cannot be read: %s", r->path, n < 0 ? strerror(errno) : "it became shorter");
    at += n;
    count -= (size_t)n;
  }
  return PF_OK;
}

static pf_status take_header(reader *r, pf_checkpoint_header *h) {
  const uint64_t size = r->left;
  PF_TRY(take(r, h, sizeof *h));
  PF_CHECK(memcmp(h->magic, magic, sizeof magic) == 0, PF_IO, "%s is damaged: it does not begin as a checkpoint",
           r->path);
  PF_CHECK(h->order != other_order, PF_NO_OUTPUT, "%s was written on a machine with another byte order", r->path);
  PF_CHECK(h->hash == hash_of(h, offsetof(pf_checkpoint_header, hash)), PF_IO,
           "%s is damaged: the checksum of its header is wrong", r->path);
  PF_CHECK(h->order == byte_order && h->format == PF_CHECKPOINT_FORMAT, PF_NO_OUTPUT,
           "%s has format %u, this program reads format %d: go on with the program that wrote it", r->path,
           (unsigned)h->format, (int)PF_CHECKPOINT_FORMAT);
  PF_CHECK(h->bytes == size, PF_IO, "%s is damaged: it has %" PRIu64 " bytes instead of %" PRIu64, r->path, size,
           h->bytes);
  h->build[sizeof h->build - 1] = h->backend[sizeof h->backend - 1] = 0;
  return PF_OK;
}

static pf_status take_part(reader *r, part *p) {
  PF_TRY(take(r, p, sizeof *p));
  PF_CHECK(p->hash == hash_of(p, offsetof(part, hash)), PF_IO, "%s is damaged: the checksum of a part's head is wrong",
           r->path);
  PF_CHECK(memchr(p->name, 0, sizeof p->name) && p->bytes <= r->left && part_size(p->bytes) - sizeof *p <= r->left,
           PF_IO, "%s is damaged: a part of it is longer than the file", r->path);
  return PF_OK;
}

static pf_status take_filling(reader *r, uint64_t bytes) {
  unsigned char zeros[8] = {0};
  PF_TRY(take(r, zeros, filling(bytes)));
  for (size_t n = 0; n < sizeof zeros; n++)
    PF_CHECK(zeros[n] == 0, PF_IO, "%s is damaged: there is something between its parts", r->path);
  return PF_OK;
}

static pf_status damaged(const reader *r, const part *p) {
  return PF_FAIL(PF_IO, "%s is damaged: the checksum of its part %s is wrong", r->path, p->name);
}

/* Bytes of a part, of any length, against their hash. */
static pf_status check_content(reader *r, const part *p, XXH3_state_t *state) {
  unsigned char bytes[1 << 16];
  (void)XXH3_64bits_reset(state);
  for (uint64_t left = p->bytes; left > 0;) {
    const size_t n = left < sizeof bytes ? (size_t)left : sizeof bytes;
    PF_TRY(take(r, bytes, n));
    (void)XXH3_64bits_update(state, bytes, n);
    left -= n;
  }
  return XXH3_64bits_digest(state) == p->content ? PF_OK : damaged(r, p);
}

/* A part as a text of its own; to be freed. */
static pf_status take_text(reader *r, const part *p, char **text) {
  char *bytes = p->bytes < 1 << 24 ? malloc((size_t)p->bytes + 1) : NULL;
  PF_CHECK(bytes, PF_NO_MEMORY, "no memory for the input in %s: %" PRIu64 " bytes", r->path, p->bytes);
  pf_status status = take(r, bytes, (size_t)p->bytes);
  bytes[p->bytes] = 0;
  if (status == PF_OK && hash_of(bytes, (size_t)p->bytes) != p->content) status = damaged(r, p);
  if (status != PF_OK)
    free(bytes);
  else
    *text = bytes;
  return status;
}

/* The whole file; the input's text by *input. */
static pf_status verify(reader *r, pf_checkpoint_header *h, char **input) {
  XXH3_state_t *state = XXH3_createState();
  PF_CHECK(state, PF_NO_MEMORY, "no memory to check %s", r->path);
  pf_status status = take_header(r, h);
  for (uint32_t n = 0; status == PF_OK && n < h->parts; n++) {
    part p;
    status = take_part(r, &p);
    if (status != PF_OK) break;
    const bool is_input = n == 0 && strcmp(p.name, "input") == 0;
    status = is_input ? take_text(r, &p, input) : check_content(r, &p, state);
    if (status == PF_OK) status = take_filling(r, p.bytes);
  }
  (void)XXH3_freeState(state);
  PF_TRY(status);
  PF_CHECK(r->left == 0 && *input, PF_IO, "%s is damaged: its parts do not fill it", r->path);
  return PF_OK;
}

pf_status pf_checkpoint_verify(const char *folder, const char *name, pf_checkpoint_header *header, char **input) {
  reader r;
  char *text = NULL;
  PF_TRY(reader_open(&r, folder, name));
  const pf_status status = verify(&r, header, &text);
  close(r.fd);
  if (status == PF_OK && input)
    *input = text;
  else
    free(text);
  return status;
}

/* The parts into what is kept, each once. */
static pf_status fill(reader *r, pf_checkpoints *c, const pf_kept *kept, int count) {
  pf_checkpoint_header h;
  bool filled[PF_KEPT_MAX] = {false};
  PF_TRY(take_header(r, &h));
  for (uint32_t n = 0; n < h.parts; n++) {
    part p;
    PF_TRY(take_part(r, &p));
    if (n == 0) { /* the input, which was read before */
      char *text;
      PF_TRY(take_text(r, &p, &text));
      free(text);
      PF_TRY(take_filling(r, p.bytes));
      continue;
    }
    int k = 0;
    while (k < count && strcmp(kept[k].name, p.name) != 0) k++;
    PF_CHECK(k < count && !filled[k] && kept[k].bytes == p.bytes, PF_NO_OUTPUT,
             "%s is of another version of pfsolve (%s): its part %s, %" PRIu64 " bytes, is not known here", r->path,
             h.build, p.name, p.bytes);
    filled[k] = true;
    void *to = kept[k].backend ? c->buffer : kept[k].at;
    PF_TRY(take(r, to, kept[k].bytes));
    if (hash_of(to, kept[k].bytes) != p.content) return damaged(r, &p);
    if (kept[k].backend) PF_TRY(kept[k].backend->upload(kept[k].backend, kept[k].at, to, kept[k].bytes));
    PF_TRY(take_filling(r, p.bytes));
  }
  for (int k = 0; k < count; k++)
    PF_CHECK(filled[k], PF_NO_OUTPUT, "%s is of another version of pfsolve (%s): it has no part %s", r->path, h.build,
             kept[k].name);
  c->header.number = h.number;
  return PF_OK;
}

/* One slot, checked as a whole before anything of it is used. */
static pf_status load_slot(pf_checkpoints *c, reader *r, const pf_kept *kept, int count, pf_checkpoint_header *h) {
  char *input = NULL;
  const uint64_t size = r->left;
  pf_status status = verify(r, h, &input);
  if (status == PF_OK) status = compare_inputs(r->path, input, c->input);
  free(input);
  PF_TRY(status);
  PF_CHECK(memcmp(h->cells, c->header.cells, sizeof h->cells) == 0, PF_NO_OUTPUT,
           "%s is of a grid of %d x %d x %d cells", r->path, (int)h->cells[0], (int)h->cells[1], (int)h->cells[2]);
  PF_CHECK(lseek(r->fd, 0, SEEK_SET) == 0, PF_IO, "%s: cannot be read: %s", r->path, strerror(errno));
  r->left = size;
  return fill(r, c, kept, count);
}

static void note(char *notes, size_t size, const char *text, const char *more) {
  const size_t used = strlen(notes);
  snprintf(notes + used, size - used, "%s%s%s", used ? "\n" : "", text, more);
}

/* The slots that are there, the newer one first; damaged heads are noted.  Their count. */
static pf_status find_slots(const char *folder, int order[PF_CHECKPOINT_SLOTS], int *good, char *notes, size_t size) {
  uint64_t number[PF_CHECKPOINT_SLOTS] = {0};
  *good = 0;
  bool any = false;
  for (int slot = 1; slot <= PF_CHECKPOINT_SLOTS; slot++) {
    char name[PF_NAME_LENGTH];
    pf_checkpoint_header h;
    reader r;
    slot_name(slot, name);
    pf_status status = reader_open(&r, folder, name);
    if (status == PF_NO_INPUT) continue;
    any = true;
    if (status == PF_OK) {
      status = take_header(&r, &h);
      close(r.fd);
    }
    if (status == PF_NO_OUTPUT) return status;
    if (status != PF_OK) {
      note(notes, size, pf_status_message(), "");
    } else {
      const int at = *good > 0 && h.number > number[order[0] - 1] ? 0 : *good;
      if (at == 0 && *good > 0) order[1] = order[0];
      order[at] = slot;
      number[slot - 1] = h.number;
      ++*good;
    }
  }
  if (!any) return PF_FAIL(PF_NO_INPUT, "%s holds no checkpoint", folder);
  PF_CHECK(*good > 0, PF_IO, "no good checkpoint: %s", notes);
  return PF_OK;
}

pf_status pf_checkpoints_load(pf_checkpoints *c, const char *folder, const pf_kept *kept, int count, char *notes,
                              size_t size) {
  int order[PF_CHECKPOINT_SLOTS] = {0}, good = 0;
  notes[0] = 0;
  PF_TRY(find_slots(folder, order, &good, notes, size));
  for (int n = 0; n < good; n++) {
    char name[PF_NAME_LENGTH], told[256];
    pf_checkpoint_header h;
    reader r;
    slot_name(order[n], name);
    PF_TRY(reader_open(&r, folder, name));
    const pf_status status = load_slot(c, &r, kept, count, &h);
    close(r.fd);
    if (status == PF_IO) {
      note(notes, size, pf_status_message(), "");
      continue;
    }
    PF_TRY(status);
    if (notes[0]) note(notes, size, "the older checkpoint serves: ", name);
    snprintf(told, sizeof told, "the checkpoint was written on backend %s: the run goes on, but not bit for bit",
             h.backend);
    if (strcmp(h.backend, c->header.backend) != 0) note(notes, size, told, "");
    snprintf(told, sizeof told, "the checkpoint was written by pfsolve %s: the run goes on, perhaps not bit for bit",
             h.build);
    if (strcmp(h.build, c->header.build) != 0) note(notes, size, told, "");
    c->slot = order[n];
    return PF_OK;
  }
  return PF_FAIL(PF_IO, "no good checkpoint: %s", notes);
}

bool pf_checkpoints_any(const char *folder) {
  for (int slot = 1; slot <= PF_CHECKPOINT_SLOTS; slot++) {
    char name[PF_NAME_LENGTH], path[PATH_MAX + PF_NAME_LENGTH];
    struct stat s;
    slot_name(slot, name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (lstat(path, &s) == 0) return true;
  }
  return false;
}

pf_status pf_checkpoints_finished(const pf_config *cfg, const char *output, bool *finished) {
  char folder[PATH_MAX], *input = NULL, *now;
  pf_checkpoint_header h;
  *finished = false;
  const int n = snprintf(folder, sizeof folder, "%s/" PF_CHECKPOINT_FOLDER, output);
  PF_CHECK(n > 0 && n < PATH_MAX, PF_NO_OUTPUT, "%s: the path is too long", output);
  const pf_status there = pf_checkpoint_verify(folder, PF_CHECKPOINT_FINISHED, &h, &input);
  if (there == PF_NO_INPUT || there == PF_IO) return PF_OK; /* without it the run goes on from its checkpoint */
  PF_TRY(there);
  pf_status status = pf_checkpoint_input(cfg, &now);
  if (status == PF_OK) status = compare_inputs(folder, input, now);
  free(input);
  free(now);
  *finished = status == PF_OK;
  return status;
}
