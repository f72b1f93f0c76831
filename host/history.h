/* history.h: history.csv, one row a time. */
#ifndef PF_HISTORY_H
#define PF_HISTORY_H

#include "files.h"

typedef struct pf_history_row { /* the columns in this order; NAN where the physics is off */
  double time_s;
  double current_mA_cm2;
  double voltage_mV;
  double charge_mAh_cm2; /* net since the start, of the working electrode */
  double deposited_um;   /* net since the start, of the working electrode */
  double retreat_um;
  double front_mean_um, front_max_um, front_min_um;
  double roughness_um; /* rms of the front about its mean */
  double salt_min_mol_L;
  double electronic_leak_fraction;
  double peak_stress_MPa;
  double profile_q;
  int half_cycle; /* from 1 */
  long step;
  double dt_s;
  double tip_velocity_um_h; /* of front_max_um in the last step */
  double dendrite_area_um2; /* lithium of the working electrode gained on the grid, of a plane; NAN in 1-D */
  double benchmark_value;   /* of PFHub: free energy (3), L2 error (7) */
} pf_history_row;

typedef struct pf_history {
  int fd;      /* history.csv, opened to append */
  long length; /* bytes of whole lines in it */
} pf_history;

/* Makes folder/history.csv with its heading; with `go_on` the file that is there grows further.  PF_IO. */
pf_status pf_history_create(const char *folder, bool go_on, pf_history *history);
/* Adds a whole line or, on failure (PF_IO), nothing. */
pf_status pf_history_write(pf_history *history, const pf_history_row *row);
/* Puts what was written on the disk (before a checkpoint that relies on it). */
pf_status pf_history_sync(pf_history *history);
pf_status pf_history_destroy(pf_history *history);
/* Before a restart: keeps the heading and the rows with time <= time_s, drops later ones and a line cut short.  The
 * times were written so that they read back exactly.  *rows: how many are left, may be NULL. */
pf_status pf_history_truncate(const char *folder, double time_s, long *rows);

#endif
