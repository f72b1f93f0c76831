/* run.h: a whole run, from the checked input to the summary. */
#ifndef PF_RUN_H
#define PF_RUN_H

#include "config.h"
#include "log.h"

typedef struct pf_run_options {
  bool overwrite; /* of a run that the output directory holds */
} pf_run_options;

/* Runs and leaves everything in cfg->run.output_dir.  PF_OK: done; PF_FAILED: cannot go on, the state is saved; others
 * as pf_status.h says.  What happened is said to the log. */
pf_status pf_run(const pf_config *cfg, const pf_run_options *options, pf_log *log);

#endif
