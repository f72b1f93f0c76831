/* summary.h: summary.json, what the run came to. */
#ifndef PF_SUMMARY_H
#define PF_SUMMARY_H

#include "files.h"

typedef enum pf_event {
  PF_EVENT_DEPLETION,
  PF_EVENT_VOLTAGE_LIMIT,
  PF_EVENT_DENDRITE,
  PF_EVENT_NUCLEATION,
  PF_EVENT_FRACTURE,
  PF_EVENT_SHORT,
  PF_EVENT_EXHAUSTION,
  PF_EVENT_COUNT
} pf_event;
/* "depletion", "voltage_limit", "dendrite", "nucleation", "fracture", "short", "exhaustion" */
const char *pf_event_name(pf_event event);

typedef struct pf_summary_event {
  pf_event event;
  double time_s;
  int half_cycle; /* from 1 */
  double current_mA_cm2;
} pf_summary_event;

typedef struct pf_summary_ccd { /* of one event; written as null unless reached */
  bool reached;
  double survived_mA_cm2, failed_mA_cm2, charge_mAh_cm2;
} pf_summary_ccd;

typedef struct pf_summary_iterations {
  double mean;
  long max;
} pf_summary_iterations;

typedef struct pf_summary {
  const char *title;
  const char *status; /* name of the event that ended the run, else "completed", "stopped", "failed" */
  const pf_summary_event *events;
  int event_count;
  pf_summary_ccd ccd[PF_EVENT_COUNT];
  double nuclei;                    /* of lithium inside the electrolyte; NAN (null): not looked for */
  double faraday_error, salt_error; /* relative; NAN (null) where there is nothing to compare.  salt_error of the
                                     * literature's model: share of the lithium that was made without ions */
  double leak_fraction;  /* of the charge passed, what the electrolyte's electrons carried; NAN without (9) */
  double leaked_mAh_cm2; /* the same as a charge */
  double time_s;         /* reached by the run */
  long steps;
  double seconds;                       /* of wall time */
  double cells_per_second;              /* cells times steps over seconds */
  pf_summary_iterations newton, linear; /* newton: a step; linear: a Newton iteration or linear solve */
  bool has_stress;
  pf_summary_iterations stress;            /* a solution for the stress */
  const char *pfsolve, *commit, *compiler; /* versions; netcdf's own is added by the writer */
  const char *netcdf;                      /* pf_snapshot_netcdf_version() */
  const char *backend, *device;
  int threads;
  int cells[3]; /* nx, ny, nz */
  long warnings;
} pf_summary;

/* Writes folder/summary.json aside and renames it.  NAN and infinities become null.  PF_IO. */
pf_status pf_summary_write(const char *folder, const pf_summary *summary);

#endif
