/* output.h: what a run leaves in its directory, and when each is due.
 *
 * A snapshot and a row of the history are written at the end of the first step at or past their time: the row at once, the
 * snapshot by a thread, while the run goes on.  It is on the disk before a checkpoint or a summary counts it; where it
 * could not be written the next call of pf_output_due says so, at the latest the next of keep, summary and close. */
#ifndef PF_OUTPUT_H
#define PF_OUTPUT_H

#include "history.h"
#include "log.h"
#include "protocol.h"
#include "step.h"
#include "writer.h"

/* What has been written, and what the summary counts: members of pf_output, kept in checkpoints. */
// clang-format off
#define PF_OUTPUT_NUMBERS(X)                                                                       \
  X(int, snapshots, )           /* written so far */                                               \
  X(double, next_snapshot_s, )                                                                     \
  X(double, next_history_s, )                                                                      \
  X(double, last_history_s, )   /* of the last row, < 0: none yet */                               \
  X(long, history_bytes, )                                                                         \
  X(long, log_bytes, )                                                                             \
  X(long, warnings, )                                                                              \
  X(double, seconds, )          /* of wall time until the last keep */                             \
  X(long, newton_most, )                                                                           \
  X(long, cycles_most, )                                                                           \
  X(double, newton, )           /* sums */                                                         \
  X(double, cycles, )
// clang-format on

typedef struct pf_output {
  const pf_config *cfg;
  pf_log *log;
  pf_state *state;
  const pf_protocol *protocol;
  pf_output_directory directory; /* locked as long as it is open */
  bool has_directory, has_history;
  pf_history history;
  struct pf_output_room *room; /* [PF_WRITER_ROOMS]: snapshots on their way */
  pf_writer *writer;
  double snapshot_interval_s;
  double begun;         /* clock of open, or of the last keep, s */
  long warnings_before; /* of earlier starts of the program */
  PF_OUTPUT_NUMBERS(PF_KEPT_MEMBER_)
} pf_output;

double pf_output_clock(void); /* s, only goes forward */

/* Takes the directory.  The log's file and the history are opened by start or go_on. */
pf_status pf_output_open(pf_output *output, const pf_config *cfg, pf_output_mode mode, pf_log *log, pf_state *state,
                         const pf_protocol *protocol);
/* A new run: its log, and (once there is a checkpoint) its history. */
pf_status pf_output_start(pf_output *output);
pf_status pf_output_start_history(pf_output *output);
/* The run of the directory `from` goes on here after its numbers were read back: history, snapshots and log are cut
 * back to them; where `from` is another directory its history is copied. */
pf_status pf_output_go_on(pf_output *output, const char *from);
/* Counts a step for the summary. */
void pf_output_count(pf_output *output, const pf_step_report *step);
/* Writes what is due at the state's time; `last`: everything is. */
pf_status pf_output_due(pf_output *output, const pf_history_row *row, bool last);
/* Before a checkpoint: what was written is on the disk, and the numbers say how much. */
pf_status pf_output_keep(pf_output *output);
int pf_output_kept(pf_output *output, pf_kept *list, int count);
/* Puts the history on the disk, then writes summary.json; status: see pf_summary. */
pf_status pf_output_summary(pf_output *output, const char *status);
pf_status pf_output_close(pf_output *output);

#endif
