/* writer.h: the thread that writes the snapshots of a run while the run goes on.
 *
 * There are two rooms, 0 and 1, which the caller has: one is filled while what lies in the other is written.  They are
 * written one after the other in the order in which they were given, and after a failure no more. */
#ifndef PF_WRITER_H
#define PF_WRITER_H

#include "../kernels/pf_status.h"

typedef struct pf_writer pf_writer;

enum { PF_WRITER_ROOMS = 2 };

/* write(context, room): called by the thread.  PF_NO_MEMORY.  The caller destroys it. */
pf_status pf_writer_create(pf_status (*write)(void *context, int room), void *context, pf_writer **writer);
/* Waits for what was given, then ends the thread. */
void pf_writer_destroy(pf_writer *writer);
/* Waits until a room is free.  The failure of an earlier one, as all functions here tell it. */
pf_status pf_writer_take(pf_writer *writer, int *room);
/* The room that was taken is full. */
void pf_writer_give(pf_writer *writer);
/* Without waiting: whether something failed. */
pf_status pf_writer_check(pf_writer *writer);
/* Waits until all that was given is written. */
pf_status pf_writer_wait(pf_writer *writer);

#endif
