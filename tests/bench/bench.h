/* bench.h: what a measurement needs.  pfbench [--backend NAME] [--threads N] [--cpu-time] [--small] [--json FILE] [--list]
 * [SECTION]...
 *
 * A section is a function in a file tests/bench/bench_NAME.c, named in the table of bench.c.  It prints rows of one
 * table (Markdown); what is compared is measured in the same run.  Times are the best of several, since others use the
 * machine too; on a busy one, with one thread, --cpu-time counts the time of the process instead. */
#ifndef PF_BENCH_H
#define PF_BENCH_H

#include "backend.h"

typedef struct pf_bench {
  const char *backend; /* as pf_backend_create takes it */
  int threads;         /* of most measurements; 0: all */
  int small;           /* tiny grids: to see that it runs */
} pf_bench;

pf_status pf_bench_bandwidth(const pf_bench *bench);
pf_status pf_bench_iterations(const pf_bench *bench);
pf_status pf_bench_shapes(const pf_bench *bench);
pf_status pf_bench_cost(const pf_bench *bench);
pf_status pf_bench_threads(const pf_bench *bench);
pf_status pf_bench_step(const pf_bench *bench);
pf_status pf_bench_members(const pf_bench *bench);
pf_status pf_bench_coupled(const pf_bench *bench);
pf_status pf_bench_grown(const pf_bench *bench);
pf_status pf_bench_gpu(const pf_bench *bench);
pf_status pf_bench_explicit(const pf_bench *bench);
pf_status pf_bench_ladder(const pf_bench *bench);

/* A fresh backend of the bench, with `threads` (0: those of the bench). */
pf_status pf_bench_backend(const pf_bench *bench, int threads, pf_backend **backend);
/* A new folder, owned by the caller, and its removal with all that it holds: `status`, or what went wrong there. */
enum { PF_BENCH_FOLDER = 32 };
pf_status pf_bench_folder(char folder[PF_BENCH_FOLDER]);
pf_status pf_bench_remove(const char *folder, pf_status status);
/* Bytes read and written a second by a copy of a large array. */
pf_status pf_bench_copy(const pf_bench *bench, double *rate);
/* Seconds since some moment (--cpu-time: of the process). */
double pf_bench_now(void);
/* The best time in s of `run`, which is called until `least` calls and about 0.3 s are done; the work of a GPU is
 * waited for. */
pf_status pf_bench_time(pf_backend *backend, int least, pf_status (*run)(void *), void *of, double *seconds);
/* Rows: what, the value with its unit, and the goal if there is one (sense: '<' at most, '>' at least); into the file of
 * --json as well, with the device, its driver, the date and the commit. */
void pf_bench_row(double value, const char *unit, const char *what, ...) __attribute__((format(printf, 3, 4)));
void pf_bench_goal(double value, const char *unit, char sense, double goal, const char *what, ...)
    __attribute__((format(printf, 5, 6)));

#endif
