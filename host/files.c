#include "files.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PF_LOCK "run.lock"

static pf_status pf_path_join(char out[PATH_MAX], const char *folder, const char *prefix, const char *name,
                              const char *end) {
  const int n = snprintf(out, PATH_MAX, "%s/%s%s%s", folder, prefix, name, end);
  PF_CHECK(n > 0 && n < PATH_MAX, PF_NO_OUTPUT, "%s/%s: the path is too long (at most %d bytes)", folder, name,
           PATH_MAX - 1);
  return PF_OK;
}

static bool pf_ends_with(const char *name, const char *end) {
  const size_t n = strlen(name), m = strlen(end);
  return n >= m && strcmp(name + n - m, end) == 0;
}

static bool pf_is_temporary(const char *name) { return strncmp(name, ".pf-", 4) == 0 && pf_ends_with(name, ".tmp"); }

/* <anything>_NNNNNN.nc or .vti (six digits or more), or <anything>.pvd */
static bool pf_is_snapshot(const char *name) {
  if (name[0] == '.') return false;
  if (pf_ends_with(name, ".pvd")) return true;
  const char *const dot = strrchr(name, '.'), *at = dot;
  if (dot == NULL || (strcmp(dot, ".nc") != 0 && strcmp(dot, ".vti") != 0)) return false;
  while (at > name && at[-1] >= '0' && at[-1] <= '9') --at;
  return dot - at >= 6 && at > name && at[-1] == '_';
}

static bool pf_is_checkpoint(const char *name) { return strncmp(name, "checkpoint_", 11) == 0; }

/* Calls unlink (or only counts) for each entry of the folder `name` in `fd` that `match` knows. A missing folder, or
 * one that is no real directory, has none. Returns the count, -1 when one could not be removed (errno says why). */
static int pf_entries(int fd, const char *name, bool (*match)(const char *), bool remove_them) {
  const int folder = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return 0;
  DIR *const stream = fdopendir(folder);
  if (stream == NULL) {
    close(folder);
    return -1;
  }
  int count = 0;
  for (const struct dirent *entry = readdir(stream); entry != NULL && count >= 0; entry = readdir(stream)) {
    struct stat s;
    if (!match(entry->d_name)) continue;
    if (fstatat(folder, entry->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(s.st_mode)) continue;
    if (remove_them && unlinkat(folder, entry->d_name, 0) != 0 && errno != ENOENT)
      count = -1;
    else
      ++count;
  }
  const int error = errno;
  closedir(stream);
  errno = error;
  return count;
}

static const char *const pf_single_files[] = {"history.csv", "summary.json", "run.log.jsonl"};
static const int pf_single_file_count = 3;

/* What of a run the directory holds, NULL if nothing.  A log alone is no run: it grows further. */
static const char *pf_run_in(int fd) {
  struct stat s;
  if (fstatat(fd, "history.csv", &s, AT_SYMLINK_NOFOLLOW) == 0) return "history.csv";
  if (fstatat(fd, "summary.json", &s, AT_SYMLINK_NOFOLLOW) == 0) return "summary.json";
  if (pf_entries(fd, "snapshots", pf_is_snapshot, false) != 0) return "snapshots/";
  if (pf_entries(fd, "checkpoint", pf_is_checkpoint, false) != 0) return "checkpoint/";
  return NULL;
}

static pf_status pf_refuse_run(const char *path, const char *what) {
  return PF_FAIL(PF_NO_OUTPUT,
                 "%s holds another run (%s): choose another output_dir, or give --overwrite to replace that run", path,
                 what);
}

static pf_status pf_remove_run(int fd, const char *path) {
  bool good = true;
  for (int i = 0; i < pf_single_file_count; ++i)
    good = (unlinkat(fd, pf_single_files[i], 0) == 0 || errno == ENOENT) && good;
  good = good && pf_entries(fd, "snapshots", pf_is_snapshot, true) >= 0;
  good = good && pf_entries(fd, "checkpoint", pf_is_checkpoint, true) >= 0;
  PF_CHECK(good, PF_NO_OUTPUT, "%s: the run that it holds cannot be removed: %s", path, strerror(errno));
  return PF_OK;
}

pf_status pf_folder_sync(const char *path) {
  const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PF_CHECK(fd >= 0, PF_IO, "%s: cannot open the folder: %s", path, strerror(errno));
  const int error = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
  close(fd);
  PF_CHECK(error == 0, PF_IO, "%s: could not be flushed to the disk: %s", path, strerror(error));
  return PF_OK;
}

/* Puts the name of a new directory on the disk.  A parent that cannot be read cannot be flushed either: no fault. */
static pf_status pf_sync_parent(const char *path) {
  char parent[PATH_MAX];
  strcpy(parent, path);
  char *const slash = strrchr(parent, '/');
  if (slash != NULL) slash[slash == parent] = 0;
  const char *const folder = slash != NULL ? parent : ".";
  return access(folder, R_OK) == 0 ? pf_folder_sync(folder) : PF_OK;
}

/* mkdir with all parents; what exists is left as it is. */
static pf_status pf_make_directories(const char *path) {
  char part[PATH_MAX];
  PF_CHECK(path[0] != 0, PF_NO_OUTPUT, "the output directory has an empty name");
  PF_CHECK(strlen(path) < PATH_MAX, PF_NO_OUTPUT, "%s: the path is too long", path);
  for (size_t i = 0;; ++i) {
    if ((path[i] == '/' && i > 0) || path[i] == 0) {
      part[i] = 0;
      const int error = mkdir(part, 0777) == 0 ? 0 : errno; /* a read-only file system may say so of what exists */
      PF_CHECK(error == 0 || error == EEXIST || error == EISDIR || (error == EROFS && access(part, F_OK) == 0),
               PF_NO_OUTPUT, "%s: cannot make the directory %s: %s", path, part, strerror(error));
      if (error == 0) PF_TRY(pf_sync_parent(part));
    }
    if (path[i] == 0) break;
    part[i] = path[i];
  }
  struct stat s;
  PF_CHECK(stat(path, &s) == 0, PF_NO_OUTPUT, "%s: cannot make the directory: %s", path, strerror(errno));
  PF_CHECK(S_ISDIR(s.st_mode), PF_NO_OUTPUT, "%s is a file, not a directory: choose another output_dir", path);
  return PF_OK;
}

static void pf_note(pf_output_directory *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void pf_note(pf_output_directory *d, const char *format, ...) {
  size_t used = strlen(d->notes);
  va_list arguments;
  if (used > 0 && used + 1 < sizeof d->notes) strcpy(d->notes + used++, "\n");
  va_start(arguments, format);
  vsnprintf(d->notes + used, sizeof d->notes - used, format, arguments);
  va_end(arguments);
}

/* The lock is flock() on a file that names host and process: the kernel drops it with the process, however that ends.
 * Where flock is not known (some network file systems) the names in the file decide: a process of another host, or a
 * living one of this host, has the lock. */
static pf_status pf_lock(pf_output_directory *d) {
  char host[256] = "unknown", owner[256], text[600];
  gethostname(host, sizeof host - 1);
  for (int attempt = 0; attempt < 16; ++attempt) {
    const int fd = openat(d->fd, PF_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    PF_CHECK(fd >= 0, PF_NO_OUTPUT, "%s: cannot write into the output directory: %s", d->path, strerror(errno));
    const int locked = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 1 : errno == EWOULDBLOCK ? 0 : -1;
    struct stat mine, there;
    if (locked == 1 && (fstat(fd, &mine) != 0 || fstatat(d->fd, PF_LOCK, &there, AT_SYMLINK_NOFOLLOW) != 0 ||
                        mine.st_ino != there.st_ino || mine.st_dev != there.st_dev)) {
      close(fd); /* its owner removed it in between */
      continue;
    }
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    long pid = 0;
    if (sscanf(text, "host %255s process %ld", owner, &pid) != 2) pid = 0;
    const bool here = pid > 0 && strcmp(owner, host) == 0;
    const bool dead = here && (locked == 1 || (locked < 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH));
    if (locked == 0 || (pid > 0 && !dead)) {
      close(fd);
      if (pid <= 0) return PF_FAIL(PF_NO_OUTPUT, "%s is in use by another run that is just starting", d->path);
      return PF_FAIL(PF_NO_OUTPUT,
                     "%s is in use by another run (host %s, process %ld): wait for it, or choose another output_dir%s",
                     d->path, owner, pid, here ? "" : "; if that process is gone, delete " PF_LOCK " in it");
    }
    if (dead) pf_note(d, "took over the lock of process %ld, which is gone", pid);
    const int length = snprintf(text, sizeof text, "host %s process %ld\n", host, (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length) {
      const int error = errno;
      unlinkat(d->fd, PF_LOCK, 0);
      close(fd);
      return PF_FAIL(PF_NO_OUTPUT, "%s: cannot write the lock file: %s", d->path, strerror(error));
    }
    d->lock_fd = fd;
    return PF_OK;
  }
  return PF_FAIL(PF_NO_OUTPUT, "%s is in use by other runs that start and end all the time", d->path);
}

pf_status pf_output_directory_check(const char *path, pf_output_mode mode) {
  char part[PATH_MAX];
  struct stat s;
  PF_CHECK(path[0] != 0, PF_NO_OUTPUT, "the output directory has an empty name");
  PF_CHECK(strlen(path) < PATH_MAX, PF_NO_OUTPUT, "%s: the path is too long", path);
  if (stat(path, &s) == 0) {
    PF_CHECK(S_ISDIR(s.st_mode), PF_NO_OUTPUT, "%s is a file, not a directory: choose another output_dir", path);
    PF_CHECK(access(path, W_OK | X_OK) == 0, PF_NO_OUTPUT, "%s: cannot write into the output directory: %s", path,
             strerror(errno));
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    PF_CHECK(fd >= 0, PF_NO_OUTPUT, "%s: cannot open the output directory: %s", path, strerror(errno));
    const char *const what = mode == PF_OUTPUT_NEW ? pf_run_in(fd) : NULL;
    close(fd);
    return what != NULL ? pf_refuse_run(path, what) : PF_OK;
  }
  PF_CHECK(errno == ENOENT, PF_NO_OUTPUT, "%s: cannot make the output directory: %s", path, strerror(errno));
  strcpy(part, path);
  for (;;) { /* up to the first parent that exists */
    char *const slash = strrchr(part, '/');
    if (slash == NULL)
      strcpy(part, ".");
    else if (slash == part)
      part[1] = 0;
    else
      *slash = 0;
    if (stat(part, &s) == 0) break;
    PF_CHECK(errno == ENOENT && slash != NULL && slash != part, PF_NO_OUTPUT,
             "%s: cannot make the output directory: %s", path, strerror(errno));
  }
  PF_CHECK(S_ISDIR(s.st_mode), PF_NO_OUTPUT, "%s: cannot be made, %s is a file", path, part);
  PF_CHECK(access(part, W_OK | X_OK) == 0, PF_NO_OUTPUT, "%s: cannot be made in %s: %s", path, part, strerror(errno));
  return PF_OK;
}

static pf_status pf_output_directory_fill(pf_output_directory *d, const char *path, pf_output_mode mode) {
  PF_TRY(pf_make_directories(path));
  PF_CHECK(realpath(path, d->path) != NULL, PF_NO_OUTPUT, "%s: %s", path, strerror(errno));
  d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PF_CHECK(d->fd >= 0, PF_NO_OUTPUT, "%s: cannot open the output directory: %s", path, strerror(errno));
  PF_TRY(pf_lock(d));
  const char *const what = pf_run_in(d->fd);
  if (what != NULL && mode == PF_OUTPUT_NEW) return pf_refuse_run(path, what);
  if (mode == PF_OUTPUT_MEMBERS) {
    PF_CHECK(what == NULL || strcmp(what, "summary.json") == 0, PF_NO_OUTPUT,
             "%s holds a single run (%s): choose another output_dir for the members", path, what);
    (void)pf_entries(d->fd, ".", pf_is_temporary, true);
    return PF_OK;
  }
  if (mode == PF_OUTPUT_OVERWRITE) {
    PF_TRY(pf_remove_run(d->fd, d->path));
    if (what != NULL) pf_note(d, "removed the run that the output directory held");
  }
  PF_TRY(pf_path_join(d->snapshots, d->path, "", "snapshots", ""));
  PF_CHECK(mkdirat(d->fd, "snapshots", 0777) == 0 || errno == EEXIST, PF_NO_OUTPUT, "%s: cannot be made: %s",
           d->snapshots, strerror(errno));
  const int snapshots = openat(d->fd, "snapshots", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  PF_CHECK(snapshots >= 0, PF_NO_OUTPUT, "%s is a link or a file, not a directory: remove it", d->snapshots);
  close(snapshots);
  int stale = 0;
  for (int i = 0; i < 3; ++i) {
    const int n = pf_entries(d->fd, i == 0 ? "." : i == 1 ? "snapshots" : "checkpoint", pf_is_temporary, true);
    PF_CHECK(n >= 0, PF_NO_OUTPUT, "%s: cannot remove the temporary files of a run before: %s", d->path,
             strerror(errno));
    stale += n;
  }
  if (stale > 0) pf_note(d, "removed %d unfinished file%s of a run that was killed", stale, stale == 1 ? "" : "s");
  return PF_OK;
}

pf_status pf_output_directory_create(const char *path, pf_output_mode mode, pf_output_directory *directory) {
  memset(directory, 0, sizeof *directory);
  directory->fd = directory->lock_fd = -1;
  struct sigaction ignore;
  memset(&ignore, 0, sizeof ignore);
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &ignore, NULL);
  const pf_status status = pf_output_directory_fill(directory, path, mode);
  if (status != PF_OK) pf_output_directory_destroy(directory);
  return status;
}

void pf_output_directory_destroy(pf_output_directory *directory) {
  if (directory->lock_fd >= 0) {
    unlinkat(directory->fd, PF_LOCK, 0);
    close(directory->lock_fd);
  }
  if (directory->fd >= 0) close(directory->fd);
  directory->fd = directory->lock_fd = -1;
}

pf_status pf_output_directory_remove(const char *path, bool *removed) {
  struct stat s;
  *removed = false;
  if (lstat(path, &s) != 0 || !S_ISDIR(s.st_mode)) return PF_OK;
  const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const bool holds = fd >= 0 && pf_run_in(fd) != NULL;
  if (fd >= 0) close(fd);
  if (!holds) return PF_OK;
  pf_output_directory directory;
  PF_TRY(pf_output_directory_create(path, PF_OUTPUT_OVERWRITE, &directory));
  (void)unlinkat(directory.fd, "snapshots", AT_REMOVEDIR); /* what is not empty stays */
  (void)unlinkat(directory.fd, "checkpoint", AT_REMOVEDIR);
  pf_output_directory_destroy(&directory);
  (void)rmdir(path);
  *removed = true;
  return PF_OK;
}

/* ---- files that are whole or not there ---- */

pf_status pf_file_prepare(pf_file *file, const char *folder, const char *name) {
  file->folder_fd = file->fd = -1;
  PF_CHECK(strlen(folder) < PATH_MAX && strlen(name) + 10 < PF_NAME_LENGTH, PF_IO, "%s/%s: the path is too long",
           folder, name);
  if (folder != file->folder) strcpy(file->folder, folder);
  strcpy(file->name, name);
  PF_TRY(pf_path_join(file->temporary, folder, ".pf-", name, ".tmp"));
  file->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  PF_CHECK(file->folder_fd >= 0, PF_IO, "%s: cannot open the folder: %s", folder, strerror(errno));
  if (unlink(file->temporary) != 0 && errno != ENOENT) {
    const int error = errno;
    pf_file_abandon(file);
    return PF_FAIL(PF_IO, "%s: cannot be removed: %s", file->temporary, strerror(error));
  }
  return PF_OK;
}

static const char *pf_temporary_name(const pf_file *file) { return file->temporary + strlen(file->folder) + 1; }

pf_status pf_file_open(pf_file *file, const char *folder, const char *name) {
  PF_TRY(pf_file_prepare(file, folder, name));
  file->fd =
      openat(file->folder_fd, pf_temporary_name(file), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file->fd < 0) {
    const int error = errno;
    pf_file_abandon(file);
    return PF_FAIL(PF_IO, "%s/%s: cannot be written: %s", folder, name, strerror(error));
  }
  return PF_OK;
}

/* "folder/name: could not be written: cause", and the temporary is removed. */
static pf_status pf_file_give_up(pf_file *file, int error) {
  const pf_status status =
      PF_FAIL(PF_IO, "%s/%s: could not be written: %s%s", file->folder, file->name, strerror(error),
              error == ENOSPC || error == EDQUOT ? "; make room, then go on" : "");
  pf_file_abandon(file);
  return status;
}

pf_status pf_file_put(pf_file *file, const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    const ssize_t n = write(file->fd, at, count > ((size_t)1 << 30) ? (size_t)1 << 30 : count);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return pf_file_give_up(file, n < 0 ? errno : ENOSPC);
    at += n;
    count -= (size_t)n;
  }
  return PF_OK;
}

pf_status pf_file_commit(pf_file *file) {
  if (file->fd < 0) /* somebody else wrote and closed it */
    file->fd = openat(file->folder_fd, pf_temporary_name(file), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file->fd < 0 || fsync(file->fd) != 0) return pf_file_give_up(file, errno);
  const int closed = close(file->fd);
  file->fd = -1;
  if (closed != 0) return pf_file_give_up(file, errno);
  if (renameat(file->folder_fd, pf_temporary_name(file), file->folder_fd, file->name) != 0)
    return pf_file_give_up(file, errno);
  const int synced = fsync(file->folder_fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
  close(file->folder_fd);
  file->folder_fd = -1;
  PF_CHECK(synced == 0, PF_IO, "%s: could not be flushed to the disk: %s", file->folder, strerror(synced));
  return PF_OK;
}

void pf_file_abandon(pf_file *file) {
  if (file->fd >= 0) close(file->fd);
  if (file->folder_fd >= 0) {
    /* emptied first: its space is free then even if a library still has it open */
    const int left = openat(file->folder_fd, pf_temporary_name(file), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
    if (left >= 0) close(left);
    unlinkat(file->folder_fd, pf_temporary_name(file), 0);
    close(file->folder_fd);
  }
  file->fd = file->folder_fd = -1;
}

pf_status pf_file_replace(const char *folder, const char *name, const void *bytes, size_t count) {
  pf_file file;
  PF_TRY(pf_file_open(&file, folder, name));
  PF_TRY(pf_file_put(&file, bytes, count)); /* gives up by itself */
  return pf_file_commit(&file);
}

static pthread_mutex_t netcdf = PTHREAD_MUTEX_INITIALIZER;

/* netCDF turns off what HDF5 prints of every error that netCDF itself expects, but HDF5 keeps that for each thread, and
 * netCDF does it in the first one only.  HDF5 is not linked to by us: it is there where netCDF has it. */
static void quiet_hdf5(void) {
  static _Thread_local bool done;
  if (done) return;
  done = true;
  int (*set)(int64_t stack, void *print, void *data); /* hid_t, H5E_auto2_t */
  void *found = dlsym(RTLD_DEFAULT, "H5Eset_auto2");
  if (!found) return;
  memcpy(&set, &found, sizeof set);
  (void)set(0, NULL, NULL); /* H5E_DEFAULT */
}

void pf_netcdf_lock(void) {
  (void)pthread_mutex_lock(&netcdf);
  quiet_hdf5();
}

void pf_netcdf_unlock(void) { (void)pthread_mutex_unlock(&netcdf); }

pf_status pf_file_read(const char *folder, const char *name, char **text, size_t *length) {
  char path[PATH_MAX];
  *text = NULL;
  if (length != NULL) *length = 0;
  PF_TRY(pf_path_join(path, folder, "", name, ""));
  const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return PF_OK;
  PF_CHECK(fd >= 0, PF_IO, "%s: cannot be read: %s", path, strerror(errno));
  struct stat s;
  size_t used = 0, room = fstat(fd, &s) == 0 && s.st_size > 0 ? (size_t)s.st_size + 1 : 4096;
  char *bytes = malloc(room);
  ssize_t n = 1;
  while (bytes != NULL && n != 0) {
    if (used + 1 >= room) {
      char *const more = realloc(bytes, room *= 2);
      if (more == NULL) free(bytes);
      bytes = more;
      if (bytes == NULL) break;
    }
    n = read(fd, bytes + used, room - used - 1);
    if (n < 0 && errno != EINTR) {
      const int error = errno;
      free(bytes);
      close(fd);
      return PF_FAIL(PF_IO, "%s: cannot be read: %s", path, strerror(error));
    }
    if (n > 0) used += (size_t)n;
  }
  close(fd);
  PF_CHECK(bytes != NULL, PF_NO_MEMORY, "no memory to read %s", path);
  bytes[used] = 0;
  *text = bytes;
  if (length != NULL) *length = used;
  return PF_OK;
}

void pf_file_name_from_title(const char *title, char name[PF_NAME_LENGTH]) {
  size_t n = 0;
  for (; title != NULL && title[n] != 0 && n < 100; ++n) {
    const char c = title[n];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || (c == '.' && n > 0);
    name[n] = c;
    if (!plain) name[n] = '_';
  }
  name[n] = 0;
  if (n == 0) strcpy(name, "run");
}

/* ---- text ---- */

char *pf_number_text(double value, char text[32]) {
  if (isnan(value)) return strcpy(text, "nan");
  if (isinf(value)) return strcpy(text, value > 0.0 ? "inf" : "-inf");
  for (int digits = 15; digits <= 17; ++digits) {
    snprintf(text, 32, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break; /* exactly */
  }
  return text;
}

static bool pf_text_room(pf_text *text, size_t more) {
  if (text->failed) return false;
  if (text->length + more + 1 > text->room) {
    const size_t room = 2 * text->room + more + 256;
    char *const bytes = realloc(text->bytes, room);
    if (bytes == NULL) {
      text->failed = true;
      return false;
    }
    text->bytes = bytes;
    text->room = room;
  }
  return true;
}

void pf_text_put(pf_text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (n < 0) text->failed = true;
  if (n < 0 || !pf_text_room(text, (size_t)n)) return;
  va_start(arguments, format);
  vsnprintf(text->bytes + text->length, (size_t)n + 1, format, arguments);
  va_end(arguments);
  text->length += (size_t)n;
}

/* Length of the UTF-8 character at `s` (RFC 3629, table in section 4), 0 if it is none. */
static int pf_utf8_length(const unsigned char *s) {
  if (s[0] < 0x80) return 1;
  const int n = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
  for (int i = 1; i < n; ++i)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f))) return 0;
  if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))) return 0;
  return n;
}

void pf_text_put_json_string(pf_text *text, const char *string) {
  if (string == NULL) {
    pf_text_put(text, "null");
    return;
  }
  pf_text_put(text, "\"");
  for (const unsigned char *s = (const unsigned char *)string; *s != 0;) {
    const int n = pf_utf8_length(s);
    if (*s == '"' || *s == '\\')
      pf_text_put(text, "\\%c", *s);
    else if (*s == '\n')
      pf_text_put(text, "\\n");
    else if (*s == '\t')
      pf_text_put(text, "\\t");
    else if (*s < 0x20 || *s == 0x7f)
      pf_text_put(text, "\\u%04x", *s);
    else if (n == 0)
      pf_text_put(text, "\\ufffd"); /* a byte that is no UTF-8 */
    else
      pf_text_put(text, "%.*s", n, (const char *)s);
    s += n == 0 ? 1 : n;
  }
  pf_text_put(text, "\"");
}

void pf_text_put_json_number(pf_text *text, double value) {
  char number[32];
  pf_text_put(text, "%s", isfinite(value) ? pf_number_text(value, number) : "null");
}

pf_status pf_text_status(const pf_text *text) {
  PF_CHECK(!text->failed, PF_NO_MEMORY, "no memory for a text of %zu bytes", text->length);
  return PF_OK;
}

void pf_text_free(pf_text *text) {
  free(text->bytes);
  memset(text, 0, sizeof *text);
}
