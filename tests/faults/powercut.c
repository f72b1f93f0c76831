/* powercut.c: the power goes off, for LD_PRELOAD: what was not put on the disk by then is lost.
 *
 * PF_POWERCUT=N:keep|undo  before the N-th fsync or rename of the program: every file under PF_POWERCUT_ROOT is cut back
 * to what an fsync has covered (those that were there at the start are whole), then
 *   keep  renames stand, although data of the file may be lost: the order in which a disk may write
 *   undo  renames whose folder was not fsynced are taken back: the other order
 * and the program is gone (status 137).  What the program wrote over in place is not modelled; it does not do that. */
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 4096, RENAMES = 4096 };
static struct {
  dev_t dev;
  ino_t ino;
  off_t size;
} synced[FILES];
static int files;
static struct {
  char from[PATH_MAX], to[PATH_MAX], backup[PATH_MAX];
  dev_t dev;
  ino_t ino; /* of the folder */
  bool open; /* the folder was not fsynced since */
} renamed[RENAMES];
static int renames;
static long count, cut_at;
static bool undo;
static const char *root;

int fsync(int fd);
int renameat(int from, const char *a, int to, const char *b);

static off_t *size_of(const struct stat *s, bool add) {
  for (int n = 0; n < files; n++)
    if (synced[n].dev == s->st_dev && synced[n].ino == s->st_ino) return &synced[n].size;
  if (!add || files == FILES) return NULL;
  synced[files].dev = s->st_dev, synced[files].ino = s->st_ino;
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
  if (type != FTW_F || strstr(path, ".cut-")) return 0;
  const off_t *size = size_of(s, false);
  const off_t kept = size ? *size : 0;
  if (s->st_size > kept && truncate(path, kept) != 0) _exit(1);
  return 0;
}

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("PF_POWERCUT");
  root = getenv("PF_POWERCUT_ROOT");
  if (!text || !root) return;
  cut_at = strtol(text, NULL, 10);
  undo = strstr(text, "undo") != NULL;
  (void)nftw(root, remember, 16, FTW_PHYS);
}

static void event(void) {
  if (!root || ++count != cut_at) return;
  (void)nftw(root, lose, 16, FTW_PHYS);
  for (int n = renames - 1; undo && n >= 0; n--) {
    if (!renamed[n].open) continue;
    (void)rename(renamed[n].to, renamed[n].from);
    if (renamed[n].backup[0]) (void)rename(renamed[n].backup, renamed[n].to);
  }
  for (int n = 0; n < renames; n++)
    if (renamed[n].backup[0]) (void)unlink(renamed[n].backup);
  _exit(137);
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "fsync");
  event();
  const int result = real(fd);
  struct stat s;
  if (!root || result != 0 || fstat(fd, &s) != 0) return result;
  if (S_ISREG(s.st_mode)) {
    off_t *size = size_of(&s, true);
    if (size) *size = s.st_size;
  }
  for (int n = 0; n < renames; n++)
    if (renamed[n].dev == s.st_dev && renamed[n].ino == s.st_ino) renamed[n].open = false;
  return result;
}

int renameat(int from, const char *a, int to, const char *b) {
  static int (*real)(int, const char *, int, const char *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "renameat");
  event();
  if (root && renames < RENAMES) {
    char link_to[64], folder[PATH_MAX / 2];
    struct stat s;
    snprintf(link_to, sizeof link_to, "/proc/self/fd/%d", to);
    const ssize_t n = readlink(link_to, folder, sizeof folder - 1);
    if (n > 0 && fstat(to, &s) == 0) {
      folder[n] = 0;
      snprintf(renamed[renames].from, PATH_MAX, "%s/%s", folder, a);
      snprintf(renamed[renames].to, PATH_MAX, "%s/%s", folder, b);
      snprintf(renamed[renames].backup, PATH_MAX, "%s/.cut-%d", folder, renames);
      if (link(renamed[renames].to, renamed[renames].backup) != 0) renamed[renames].backup[0] = 0;
      renamed[renames].dev = s.st_dev, renamed[renames].ino = s.st_ino, renamed[renames].open = true;
      renames++;
    }
  }
  return real(from, a, to, b);
}
