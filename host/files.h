/* files.h: the output directory of a run and files that are whole or not there.
 *
 * Every file of a run is written beside its final name, flushed to the disk, and renamed; the name of such a temporary
 * begins with ".pf-" and ends with ".tmp", and what a killed run left of them is removed at the next start.  The
 * exceptions are history.csv and run.log.jsonl, which grow by whole lines.  Nothing is written through a symbolic link
 * that lies inside the directory. */
#ifndef PF_FILES_H
#define PF_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "../kernels/pf_status.h"

#define PF_NAME_LENGTH 256 /* longest name of a file with its end, bytes; the file systems' own limit */

typedef enum pf_output_mode {
  PF_OUTPUT_NEW,       /* the directory may exist, but must not hold a run */
  PF_OUTPUT_OVERWRITE, /* a run that it holds is removed: the files that pfsolve wrote, no others */
  PF_OUTPUT_CONTINUE,  /* a run that it holds goes on (restart, resume); nothing but temporaries is removed */
  PF_OUTPUT_MEMBERS    /* it holds the directories of runs and a summary of them, and must not hold a run itself */
} pf_output_mode;

/* An output directory that this process has locked. */
typedef struct pf_output_directory {
  char path[PATH_MAX];      /* absolute, links resolved */
  char snapshots[PATH_MAX]; /* path/snapshots */
  char notes[1024];         /* what was cleared or taken over, a line each, "" if nothing: for the log */
  int fd;                   /* the directory */
  int lock_fd;              /* the lock file, locked as long as it is open */
} pf_output_directory;

/* Tells whether `path` could be made the output directory in that mode, and changes nothing. PF_NO_OUTPUT if not. */
pf_status pf_output_directory_check(const char *path, pf_output_mode mode);
/* Makes the directory (with its parents) and snapshots/ in it (not of members), locks it, clears it as `mode` says and removes stale
 * temporaries.  PF_NO_OUTPUT: cannot be made or written, holds a run, or is in use (names host and process).  A
 * lock that a dead process of this host left is taken over and said in `notes`.  From here on a write beyond
 * RLIMIT_FSIZE is an error and no longer a signal (SIGXFSZ is ignored). */
pf_status pf_output_directory_create(const char *path, pf_output_mode mode, pf_output_directory *directory);
/* Removes the run that a folder holds: the files that pfsolve wrote, and each of its folders in which nothing else is left.
 * `removed`: there was one; a link, or a folder without a run, is left as it is.  PF_NO_OUTPUT: in use, cannot be removed. */
pf_status pf_output_directory_remove(const char *path, bool *removed);
/* Releases the lock.  The files stay. */
void pf_output_directory_destroy(pf_output_directory *directory);

/* A file that is being written aside.  Owner: the caller; ends with commit or abandon. */
typedef struct pf_file {
  char folder[PATH_MAX];
  char name[PF_NAME_LENGTH];
  char temporary[PATH_MAX]; /* the whole path of the temporary */
  int folder_fd, fd;        /* fd -1: somebody else (libnetcdf) makes the temporary */
} pf_file;

/* Chooses the temporary of folder/name (may be file->folder) and removes an old one; pf_file_open also opens it. */
pf_status pf_file_prepare(pf_file *file, const char *folder, const char *name);
pf_status pf_file_open(pf_file *file, const char *folder, const char *name);
pf_status pf_file_put(pf_file *file, const void *bytes, size_t count);
/* fsync, close, rename to the final name, fsync of the folder; on failure the temporary is removed.  PF_IO. */
pf_status pf_file_commit(pf_file *file);
void pf_file_abandon(pf_file *file);
/* fsync of a folder: what was made, renamed or removed in it is on the disk.  PF_IO. */
pf_status pf_folder_sync(const char *path);
/* open, put, commit. */
pf_status pf_file_replace(const char *folder, const char *name, const void *bytes, size_t count);
/* The NetCDF and HDF5 libraries serve one thread at a time: their calls, and a fork, stand between these. */
void pf_netcdf_lock(void);
void pf_netcdf_unlock(void);

/* The whole file as a string with an ending 0; *text by malloc, the caller's.  PF_IO; *text = NULL if there is none. */
pf_status pf_file_read(const char *folder, const char *name, char **text, size_t *length);

/* The name of a file made from a title: letters, digits, '.', '-' and '_' stay, all else becomes '_'; never empty,
 * never beginning with '.', at most 100 bytes. */
void pf_file_name_from_title(const char *title, char name[PF_NAME_LENGTH]);

/* The shortest decimal number that reads back as `value`; "nan", "inf", "-inf" otherwise.  Returns text. */
char *pf_number_text(double value, char text[32]);

/* Text that grows, for JSON and CSV.  Zero to begin with; a lack of memory is kept and told by pf_text_status. */
typedef struct pf_text {
  char *bytes; /* with an ending 0; NULL as long as nothing was put */
  size_t length, room;
  bool failed;
} pf_text;
void pf_text_put(pf_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pf_text_put_json_string(pf_text *text, const char *string); /* with quotes; NULL becomes null */
void pf_text_put_json_number(pf_text *text, double value);       /* not finite becomes null */
pf_status pf_text_status(const pf_text *text);
void pf_text_free(pf_text *text);

#endif
