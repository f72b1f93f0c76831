/* checkpoint.h: the whole state of a run in a file, from which it goes on bit for bit.
 *
 * A file is a header, the input that the run came from, and one part for each piece of memory that is kept (kept.h):
 *
 *   header, 128 bytes:  "PFSOLVE1", byte order, format, bytes of the file, number of the checkpoint, step, time, grid,
 *                       parts, hash of the input, backend, version; at its end the hash of all that
 *   of each part:       name, bytes, hash of the bytes, hash of these three; the bytes, filled up to 8 with zeros
 *
 * Hashes are XXH3 (64 bits).  Every byte is under one of them.  Numbers are those of the machine: another byte order,
 * size or set of parts is refused.  Two slots, checkpoint/checkpoint_1.pf and _2.pf, are written in turn, aside and
 * renamed; checkpoint_last.json says which one was the last.  What is read is checked as a whole before it is used, and
 * where the newer slot is damaged the older one serves. */
#ifndef PF_CHECKPOINT_H
#define PF_CHECKPOINT_H

#include <stdint.h>

#include "config.h"
#include "files.h"
#include "kept.h"

#define PF_CHECKPOINT_FOLDER "checkpoint"
#define PF_CHECKPOINT_FINISHED \
  "checkpoint_finished.pf" /* the input of a run that came to its end, nothing to go on from */
enum { PF_CHECKPOINT_FORMAT = 1, PF_CHECKPOINT_SLOTS = 2 };

typedef struct pf_checkpoint_header {
  char magic[8];
  uint32_t order;  /* 0x01020304 as this machine writes it */
  uint32_t format; /* PF_CHECKPOINT_FORMAT */
  uint64_t bytes;  /* of the file */
  uint64_t number; /* of the checkpoint in its run, from 1 */
  int64_t step;
  double time_s;
  int32_t cells[3];
  uint32_t parts;
  uint64_t input;   /* hash of the resolved input */
  char backend[16]; /* where it was written */
  char build[32];   /* version and commit */
  uint64_t hash;    /* of all before it */
} pf_checkpoint_header;

/* What writes and reads the slots of one run.  Owner of the texts and the buffer: this struct, until close. */
typedef struct pf_checkpoints {
  char folder[PATH_MAX]; /* .../checkpoint */
  char *input;           /* the resolved input, without what may change between a start and a restart */
  void *buffer;          /* for one array */
  size_t room;
  pf_checkpoint_header header; /* of the last one written or read */
  int slot;                    /* where that is, 0: nowhere yet */
  double seconds;              /* the longest that one took to write */
} pf_checkpoints;

/* The resolved input without comments and without the keys that change no result (output_dir, backend, threads, limits,
 * checkpoints); to be freed. */
pf_status pf_checkpoint_input(const pf_config *cfg, char **text);

/* Makes `output`/checkpoint and takes the memory for the largest of kept[count], so that none is missing later. */
pf_status pf_checkpoints_open(pf_checkpoints *c, const pf_config *cfg, const char *output, const char *backend,
                              const pf_kept *kept, int count);
void pf_checkpoints_close(pf_checkpoints *c);
/* Writes the next one into the slot that is not the last good one.  PF_FAILED: a kept field is not finite (nothing is
 * written, the message names field and place); PF_IO. */
pf_status pf_checkpoints_save(pf_checkpoints *c, const pf_kept *kept, int count, long step, double time_s);
/* Reads the newest good one of the folder (of this run or of another) into what is kept.  `notes`: what is to be said
 * (a damaged slot, another build or backend), a line each.  PF_NO_INPUT: there is none; PF_IO: none is good;
 * PF_NO_OUTPUT: it is of another input or format, the message lists the keys that differ. */
pf_status pf_checkpoints_load(pf_checkpoints *c, const char *folder, const pf_kept *kept, int count, char *notes,
                              size_t size);
/* The run is over: leaves the mark (all that the run wrote has to be on the disk before), or takes it away. */
pf_status pf_checkpoints_finish(pf_checkpoints *c);
pf_status pf_checkpoints_unfinish(pf_checkpoints *c);
/* Is the mark in the directory `output`?  PF_NO_OUTPUT: it is of another input, the message lists the keys that differ. */
pf_status pf_checkpoints_finished(const pf_config *cfg, const char *output, bool *finished);
/* Is there any checkpoint, good or bad? */
bool pf_checkpoints_any(const char *folder);

/* Reads folder/name through and checks every byte; *input: its text, to be freed (NULL: not wanted).  PF_IO: damaged,
 * the message says where; PF_NO_OUTPUT: of another format; PF_NO_INPUT: there is none. */
pf_status pf_checkpoint_verify(const char *folder, const char *name, pf_checkpoint_header *header, char **input);

#endif
