/* powercut.c: the power goes off, for LD_PRELOAD: what was not put on the disk by then is lost.
 *
 * PF_POWERCUT=N:keep|undo  before the N-th fsync, rename or removal under PF_POWERCUT_ROOT every file there is cut back to
 * what an fsync has covered (those that were there at the start are whole), then
 *   keep  the folders stay as they are, although data of their files may be lost: the order in which a disk may write
 *   undo  what was made, renamed or removed in a folder that was not fsynced since is taken back: the other order
 * and the program is gone (status 137), after a line on stderr: how many checkpoints had their name by then.  A program
 * that ends before says how many such calls it made.  What is written over in place is not modelled: pfsolve does not. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 8192, CHANGES = 8192, MADE = 1, RENAMED, REMOVED };
static struct {
  dev_t dev;
  ino_t ino;
  off_t size;
} synced[FILES];
static int files;

typedef struct change {
  int kind;
  char from[PATH_MAX], to[PATH_MAX]; /* from: of a rename; to: the name that was made or removed */
  char backup[PATH_MAX];             /* what stood at `to` before, "": nothing */
  dev_t dev;
  ino_t ino; /* of the folder */
  bool open; /* the folder was not fsynced since */
} change;
static change changes[CHANGES];
static int n_changes;
static long count, cut_at, checkpoints;
static bool undo;
static const char *root; /* NULL: nothing is watched */
static char backups[PATH_MAX / 2];

int fsync(int fd);
int open(const char *path, int flags, ...);
int openat(int folder, const char *name, int flags, ...);
int mkdir(const char *path, mode_t mode);
int mkdirat(int folder, const char *name, mode_t mode);
int renameat(int from, const char *a, int to, const char *b);
int unlink(const char *path);
int unlinkat(int folder, const char *name, int flags);

#define REAL(name, ...)                   \
  static int (*real_##name)(__VA_ARGS__); \
  if (!real_##name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)

/* ---- files ---- */

static off_t *size_of(const struct stat *s, bool add) {
  for (int n = 0; n < files; n++)
    if (synced[n].dev == s->st_dev && synced[n].ino == s->st_ino) return &synced[n].size;
  if (!add || files == FILES) return NULL;
  synced[files].dev = s->st_dev, synced[files].ino = s->st_ino, synced[files].size = 0;
  return &synced[files++].size;
}

static int remember(const char *path, const struct stat *s, int type, struct FTW *ftw) {
  (void)path, (void)ftw;
  off_t *size = type == FTW_F ? size_of(s, true) : NULL;
  if (size) *size = s->st_size;
  return 0;
}

static int lose(const char *path, const struct stat *s, int type, struct FTW *ftw) {
  (void)ftw;
  if (type != FTW_F) return 0;
  const off_t *size = size_of(s, false);
  const off_t kept = size ? *size : 0;
  if (s->st_size > kept && truncate(path, kept) != 0) _exit(1);
  return 0;
}

static int erase(const char *path, const struct stat *s, int type, struct FTW *ftw) {
  (void)s, (void)type, (void)ftw;
  return remove(path);
}

/* ---- folders ---- */

/* The path of a name in an open folder; false: it is not watched. */
static bool path_of(int folder, const char *name, char path[PATH_MAX]) {
  char link_to[64], at[PATH_MAX / 2];
  if (!root) return false;
  if (name[0] == '/' || folder == AT_FDCWD) {
    snprintf(path, PATH_MAX, "%s", name);
  } else {
    snprintf(link_to, sizeof link_to, "/proc/self/fd/%d", folder);
    const ssize_t n = readlink(link_to, at, sizeof at - 1);
    if (n <= 0) return false;
    snprintf(path, PATH_MAX, "%.*s/%s", (int)n, at, name);
  }
  return strncmp(path, root, strlen(root)) == 0;
}

static bool exists(const char *path) {
  struct stat s;
  return lstat(path, &s) == 0;
}

/* Before a change: what stands there is kept aside. */
static change *begin_change(int kind, const char *from, const char *to) {
  if (n_changes == CHANGES) return NULL;
  change *c = &changes[n_changes];
  *c = (change){.kind = kind};
  snprintf(c->from, sizeof c->from, "%s", from);
  snprintf(c->to, sizeof c->to, "%s", to);
  snprintf(c->backup, sizeof c->backup, "%s/%d", backups, n_changes);
  if (link(to, c->backup) != 0) c->backup[0] = 0;
  return c;
}

static void end_change(change *c, bool done) {
  struct stat s;
  char folder[PATH_MAX];
  if (!c || !done) return;
  snprintf(folder, sizeof folder, "%s", c->to);
  *strrchr(folder, '/') = 0;
  if (stat(folder, &s) != 0) return;
  c->dev = s.st_dev, c->ino = s.st_ino, c->open = true;
  n_changes++;
}

static void take_back(const change *c) {
  if (c->kind == RENAMED) (void)rename(c->to, c->from);
  if (c->kind == MADE) (void)nftw(c->to, erase, 16, FTW_PHYS | FTW_DEPTH);
  if (c->backup[0]) (void)rename(c->backup, c->to);
}

/* ---- the power ---- */

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("PF_POWERCUT"), *folder = getenv("PF_POWERCUT_ROOT");
  if (!text || !folder) return;
  cut_at = strtol(text, NULL, 10);
  undo = strstr(text, "undo") != NULL;
  (void)nftw(folder, remember, 16, FTW_PHYS);
  snprintf(backups, sizeof backups, "%s.XXXXXX", folder);
  if (!mkdtemp(backups)) _exit(1);
  root = folder;
}

static void clear(void) {
  root = NULL;
  (void)nftw(backups, erase, 16, FTW_PHYS | FTW_DEPTH);
}

__attribute__((destructor)) static void end(void) {
  if (!root) return;
  dprintf(STDERR_FILENO, "power cut: not reached, %ld calls\n", count);
  clear();
}

static void event(void) {
  if (!root || ++count != cut_at) return;
  dprintf(STDERR_FILENO, "power cut: %ld checkpoints\n", checkpoints);
  (void)nftw(root, lose, 16, FTW_PHYS);
  root = NULL;
  for (int n = n_changes - 1; undo && n >= 0; n--)
    if (changes[n].open) take_back(&changes[n]);
  clear();
  _exit(137);
}

/* The writer of snapshots is a thread of its own: one call at a time, its event and what it did together. */
static pthread_mutex_t calls = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static void unlock(pthread_mutex_t **mutex) { (void)pthread_mutex_unlock(*mutex); }
#define ONE_AT_A_TIME                                             \
  pthread_mutex_t *one __attribute__((cleanup(unlock))) = &calls; \
  (void)pthread_mutex_lock(one)

int fsync(int fd) {
  REAL(fsync, int);
  ONE_AT_A_TIME;
  struct stat s;
  char path[PATH_MAX];
  const bool watched = path_of(fd, ".", path);
  if (watched) event();
  const int result = real_fsync(fd);
  if (!watched || result != 0 || fstat(fd, &s) != 0) return result;
  off_t *size = S_ISREG(s.st_mode) ? size_of(&s, true) : NULL;
  if (size) *size = s.st_size;
  for (int n = 0; n < n_changes; n++)
    if (changes[n].dev == s.st_dev && changes[n].ino == s.st_ino) changes[n].open = false;
  return result;
}

int renameat(int from, const char *a, int to, const char *b) {
  REAL(renameat, int, const char *, int, const char *);
  ONE_AT_A_TIME;
  char old[PATH_MAX], new[PATH_MAX];
  if (!path_of(from, a, old) || !path_of(to, b, new)) return real_renameat(from, a, to, b);
  event();
  change *c = begin_change(RENAMED, old, new);
  const int result = real_renameat(from, a, to, b);
  end_change(c, result == 0);
  if (result == 0 && strstr(b, ".pf") && strncmp(b, "checkpoint_finished", 19) != 0) checkpoints++;
  return result;
}

int unlinkat(int folder, const char *name, int flags) {
  REAL(unlinkat, int, const char *, int);
  ONE_AT_A_TIME;
  char path[PATH_MAX];
  if (!path_of(folder, name, path) || !exists(path)) return real_unlinkat(folder, name, flags);
  event();
  change *c = begin_change(REMOVED, "", path);
  const int result = real_unlinkat(folder, name, flags);
  end_change(c, result == 0);
  return result;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int mkdirat(int folder, const char *name, mode_t mode) {
  REAL(mkdirat, int, const char *, mode_t);
  ONE_AT_A_TIME;
  char path[PATH_MAX];
  if (!path_of(folder, name, path) || exists(path)) return real_mkdirat(folder, name, mode);
  change *c = begin_change(MADE, "", path);
  const int result = real_mkdirat(folder, name, mode);
  end_change(c, result == 0);
  return result;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int openat(int folder, const char *name, int flags, ...) {
  REAL(openat, int, const char *, int, ...);
  ONE_AT_A_TIME;
  char path[PATH_MAX];
  va_list values;
  va_start(values, flags);
  const unsigned mode = flags & O_CREAT ? va_arg(values, unsigned) : 0;
  va_end(values);
  if (!(flags & O_CREAT) || !path_of(folder, name, path) || exists(path)) return real_openat(folder, name, flags, mode);
  change *c = begin_change(MADE, "", path);
  const int result = real_openat(folder, name, flags, mode);
  end_change(c, result >= 0);
  return result;
}

int open(const char *path, int flags, ...) {
  va_list values;
  va_start(values, flags);
  const unsigned mode = flags & O_CREAT ? va_arg(values, unsigned) : 0;
  va_end(values);
  return openat(AT_FDCWD, path, flags, mode);
}
