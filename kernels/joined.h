/* joined.h: members that compute on one backend together, each with a flow of control of its own.
 *
 * Each member is a function that is called with a backend of its own, and is written as if it were alone: its own step
 * lengths, iterations, events.  What it asks of that backend is noted; when it needs a number back it waits, and another
 * member's turn comes (they take turns on one thread).  When all wait, what several of them ask for next, the same
 * kernels on the same grids, is done for all of these at once (batch, reduce and transfer of backend.h).  So members that do
 * the same move together, and one that does something else does it by itself.  The results of each are those that it would
 * have alone, bit for bit, because batch, reduce and transfer are so.
 *
 * The outermost dimension of every array is the member: what one allocates is its place of a slab (backend.h) with one for each
 * that is there.  Where there is no memory for all of them, it has a slab with its own place alone. */
#ifndef PF_JOINED_H
#define PF_JOINED_H

#include "backend.h"

/* What was put together, for tests and measurements. */
typedef struct pf_joined_report {
  double asked, done; /* operations that members asked for, and how many were left once several were put together */
} pf_joined_report;

/* Calls run(context, member, backend of the member) for members 0 ... count - 1, at most `together` at a time, and returns
 * when the last one is through.  The member's backend lives as long as the call of run.  What a member comes to is for
 * `run` to note; the status here is that of the machinery (PF_NO_MEMORY), and then some members were not called.
 * report may be NULL. */
pf_status pf_joined_run(pf_backend *backend, int count, int together,
                        void (*run)(void *context, int member, pf_backend *own), void *context,
                        pf_joined_report *report);

#endif
