/* run.h: a whole run, from the checked input to the summary. */
#ifndef PF_RUN_H
#define PF_RUN_H

#include "backend.h"
#include "config.h"
#include "log.h"

typedef struct pf_run_options {
  bool overwrite;      /* of a run that the output directory holds */
  bool resume;         /* goes on from the newest good checkpoint of the output directory, or begins */
  const char *restart; /* goes on from that of this directory; NULL: no */
  pf_backend *backend; /* the caller's; NULL: one of its own, as the input says */
  double begun;        /* clock from which on the wall-time limit counts, s; 0: from now on */
} pf_run_options;

/* Runs and leaves everything in cfg->run.output_dir.  PF_OK: done; PF_STOPPED: a signal or a
 * limit came first, there is a checkpoint and the message says why; PF_FAILED: cannot go on, the state is in the last
 * snapshot and never in a checkpoint; others as pf_status.h says.  What happened is said to the log. */
pf_status pf_run(const pf_config *cfg, const pf_run_options *options, pf_log *log);
/* The same with a log of its own, which also says how it ended.  name: of a member (pf_log_name), NULL: none. */
pf_status pf_run_logged(const pf_config *cfg, const pf_run_options *options, bool quiet, bool json, const char *name);

#endif
