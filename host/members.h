/* members.h: many runs of one input, each with the settings of a row of a table, advanced together.
 *
 * A member is a run of its own in a folder of its own, with everything that a run leaves, and the same bits as the run
 * alone: <output_dir>/member_0001/ ..., or where a column run%output_dir says.  On a CPU as many run at a time as there
 * are threads; on a GPU all of them, joined (joined.h).  A member that fails stops no other. */
#ifndef PF_MEMBERS_H
#define PF_MEMBERS_H

#include "config.h"
#include "run.h"

typedef struct pf_member {
  char name[24];            /* member_0001 */
  char folder[PF_PATH_MAX]; /* its output_dir */
  bool ended;
  pf_status status;   /* of its run; PF_STOPPED where it did not begin */
  char word[32];      /* "status" of its summary */
  char message[1024]; /* "" unless it failed or stopped */
} pf_member;

/* Owner of everything: this struct, until pf_members_free. */
typedef struct pf_members {
  pf_input input; /* its text */
  pf_table table;
  const char *const *sets; /* of the command line; the caller's */
  int n_sets;
  pf_member *member;        /* [table.rows] */
  char folder[PF_PATH_MAX]; /* of all */
  char title[PF_NAME_MAX + 1];
  char backend[16];
  int threads;
  double bytes; /* of the largest member's state */
} pf_members;

/* Reads the input and the table, and checks every member: all errors are in the report, at their places.  PF_BAD_INPUT,
 * PF_NO_INPUT.  pf_members_free is needed in any case. */
pf_status pf_members_read(const char *input, const char *table, const char *const *sets, int n_sets,
                          pf_members *members, pf_report *report);
void pf_members_free(pf_members *members);
/* What --check prints of each. */
pf_status pf_members_print(const pf_members *members, FILE *out);
/* Runs them and leaves summary.json in their common folder; options: of each, restart the folder whose member_0001/ ...
 * they go on from.  What happens is said to the terminal.  PF_OK: all are done; PF_STOPPED: run again to go on; else the
 * status of the first that failed. */
pf_status pf_members_run(pf_members *members, const pf_run_options *options, bool quiet, bool json);

#endif
