/* state.h: the fields of a cell and all that a step needs to go on.
 *
 * Owner of every array: pf_state, in the memory of its backend.  Shapes are [nz][ny][nx] unless said; numbers are scaled
 * as pf_params.h says. */
#ifndef PF_STATE_H
#define PF_STATE_H

#include <stdbool.h>

#include "backend.h"
#include "elasticity.h"
#include "kept.h"
#include "linear.h"
#include "multigrid.h"

/* What turns scaled numbers into SI. */
typedef struct pf_scales {
  double potential; /* RT/F, V */
  double length;    /* h, m */
  double current;   /* kappa_ref RT/(F h), A/m2 */
} pf_scales;

/* What drives the cell in a step. */
typedef struct pf_drive {
  bool galvanostatic;
  double current;       /* of the whole cell, scaled, > 0 plates the working electrode (galvanostatic) */
  double voltage;       /* RT/F (potentiostatic) */
  double voltage_limit; /* RT/F, compliance of the galvanostat */
} pf_drive;

/* What a step of potential and salt came to. */
typedef struct pf_transport_report {
  bool converged;
  bool limited;       /* the compliance voltage holds, the current is smaller than asked for */
  int newton, cycles; /* Newton iterations, V-cycles */
  double residual;    /* current that is out of balance, of the whole */
} pf_transport_report;

/* What mechanics is run with (mechanics.h). */
typedef struct pf_mechanics {
  double full;      /* eigenstrain of full insertion, eps0 of (10) */
  int isotropic;    /* its form: I/3 instead of n x n */
  int force;        /* PF_FORCE_TRACTION, PF_FORCE_PRESSURE, PF_FORCE_ENERGY */
  double pressure;  /* of the stack, Pa */
  double cap;       /* of (11), Pa; INFINITY: lithium does not yield */
  double volume;    /* Vm/(RT), 1/Pa */
  double tolerance; /* of the stress */
  /* How fast an elastic surface answers, for the time step: at the shortest wave, k = 2 pi/W, a current i deposits
   * (Vm/F) i dt, which costs (Vm/F) k E* eps0/2 of potential for each length, across the surface's and the electrolyte's
   * resistance. */
  double feedback;          /* (Vm/F)^2 k E* eps0/2, V/(A/m2 s) */
  double series;            /* 1/(kappa k), ohm m2 */
  double thermal, exchange; /* RT/F, V; largest i0, A/m2 */
  double charge;            /* F h/Vm: current density of a front that moves by one cell a second, A s/m2 */
} pf_mechanics;

/* The numbers that a step leaves to the next: members of pf_state, kept in checkpoints. */
// clang-format off
#define PF_STATE_NUMBERS(X)                                                                        \
  X(double, time, )           /* s */                                                              \
  X(double, dt, )             /* of the last step, s */                                            \
  X(long, step, )                                                                                  \
  X(double, voltage, )        /* RT/F */                                                           \
  X(double, current, )        /* that flowed in the last step, scaled */                           \
  X(double, leak, )           /* of it the electrolyte's electrons */                              \
  X(double, shift, )          /* U of the frame, cells/s */                                        \
  X(double, speed, )          /* of the fastest piece of the front, cells/s */                     \
  X(double, lead, )           /* of the window of (1) before the front, eps */                     \
  X(double, salt_least, )     /* least s of the electrolyte */                                     \
  X(double, profile, )        /* Q of (2b)'s text: 1 for a tanh profile */                         \
  X(bool, sensitive, )        /* sensitivity holds a solution */                                   \
  X(bool, fresh, )            /* the drive has changed since the last step */                      \
  X(bool, floats, )           /* there is lithium that belongs to no electrode */                  \
  X(double, rate_dt, )        /* time step of `rate`, 0: none yet */                               \
  X(double, voltage_rate, )   /* that of the voltage, 1/s */                                       \
  /* Balances, in cells of lithium and scaled amounts of salt: working electrode, counter. */      \
  X(double, lithium_start, [2])                                                                    \
  X(double, lithium_passed, [2])  /* what the currents brought */                                  \
  X(double, lithium_retreat, [2]) /* left through the ends (frame) or could not enter */           \
  X(double, throughput, )         /* sum of |current| dt, cells */                                 \
  X(double, charge, )             /* sum of current dt, of |current| dt, of |leak| dt, cells */    \
  X(double, charge_passed, )                                                                       \
  X(double, charge_leaked, )                                                                       \
  X(double, salt_start, )                                                                          \
  X(double, salt_out, )                                                                            \
  X(double, nuclei, )         /* born so far */                                                    \
  X(double, nuclei_seen, )    /* of them those that the potentials have answered to */             \
  X(double, conductance, )    /* dI/dV of the sensitivity when it was found */                     \
  X(double, nucleated, )      /* lithium that reacted where it is no electrode's, cells */          \
  /* Explicit models (explicit.h): the interval that `noise` was drawn for, from 1; salt cut off. */ \
  X(double, noise_drawn, )                                                                         \
  X(double, salt_cut, )                                                                            \
  X(double, faraday_error, )  /* relative, of the last step */                                     \
  X(double, salt_error, )                                                                          \
  /* Mechanics: stretch (elasticity.h); cells and s since the stress was found; counts. */           \
  X(double, stretch, [3])                                                                          \
  X(double, stretch_rate, [3]) /* as displacement_rate, displacement_last, 1/s */                  \
  X(double, stretch_last, [3])                                                                     \
  X(double, stress_moved, )                                                                        \
  X(double, stress_elapsed, )                                                                      \
  X(double, stress_interval, ) /* before the last solve, s */                                      \
  X(long, stress_solves, )                                                                         \
  X(long, stress_iterations, )                                                                     \
  X(long, stress_iterations_most, )
// clang-format on

typedef struct pf_state {
  pf_backend *backend;
  pf_grid grid;
  pf_params params;    /* the host's copy */
  pf_params *d_params; /* the backend's */
  pf_pair *d_pairs;    /* [PF_MATERIALS][PF_MATERIALS], the backend's */
  pf_pair pair;        /* of the first material with itself */
  int faces;           /* pf_faces */
  bool films;          /* film_x holds any */
  bool walls;          /* some materials let lithium in, some do not */
  pf_scales scales;
  pf_enters enters;
  bool stack;       /* frame `stack`: it moves with the electrode's mean growth */
  bool salty;       /* a layer has a salt equation */
  double tolerance; /* of Newton's method */

  double *xi, *xi_next;        /* lithium fraction, 1; next: being made */
  double *s, *s_next;          /* salt c/c0, 1 */
  double *phi;                 /* ionic potential, RT/F */
  double *s_start, *phi_start; /* at the start of the step */
  float *rate;                 /* [2][cells]: last step's d phi/dt, d s/dt, 1/s, to predict the next */
  double *reaction;            /* r of (1) */
  double *weight, *curvature, *logit;
  double *facet;                 /* factor of the front's direction on the exchange current; NULL: there is none */
  double *bend, *ridge;          /* laplacian of the laplacian of logit, and its ridges, while the front moves */
  uint8_t *material;             /* index into params.material */
  uint8_t *owner, *owner_before; /* pf_owner */
  double *hotspot;               /* [nz][ny]: factor on the exchange current of the working electrode */
  double *film_x;                /* [nx + 1]: resistance of films in the faces, NULL if there is none */
  double *front;                 /* [nz][ny]: place of the front, cells */
  float *scratch;                /* [cells], for output */

  float *nucleus; /* shape of nuclei that are not filled yet, 0 elsewhere; NULL: there are none (nucleation.h) */
  uint8_t *born;  /* [cells]: of this step */

  float *noise; /* of the literature's model, -1 ... 1, else NULL */
  double *line; /* [3][nz][ny]: of the manufactured solution (cell_pfhub.h), else NULL */

  /* Electronic potential (electrons.h, cell_electrons.h); NULL without. */
  double *phi_e, *phi_e_start; /* RT/F */
  float *rate_e;               /* d phi_e/dt of the last step, 1/s */
  double *film_e;              /* [nx + 1]: electronic resistance of films in the faces */
  double *ex, *ey, *ez, *e_m;
  float *e_rhs, *slope, *by_salt, *into_salt, *tail, *tail_salt, *du_e, *sensitivity_e, *ion_b;
  struct pf_electrons *electrons;

  /* With salt: potential and salt together (linear.h); with electrons without salt [1][cells]. */
  float *du, *sensitivity, *border; /* [2][cells] */
  pf_linear *linear;

  /* Without: the potential alone (multigrid.h, cell_potential.h). */
  double *ax, *ay, *az, *m, *ion_rhs, *ion_du, *ion_sensitivity, *ion_border;
  pf_multigrid *multigrid;

  /* Mechanics, NULL where it is off (mechanics.h, elasticity.h). */
  double *push;                                 /* (Vm/F) p_n of (3), RT/F */
  double *displacement, *eigenstrain, *stress;  /* pf_elastic_field */
  double *displacement_start;                   /* the answer before */
  float *displacement_rate, *displacement_last; /* expected till the next answer, and between the last two, cells/s */
  pf_elasticity *elasticity;
  pf_mechanics mechanics;

  PF_STATE_NUMBERS(PF_KEPT_MEMBER_)
} pf_state;

/* The fields of PF_REACTION_FIELDS. */
#define PF_REACTION_OF(state)                                                                                          \
  .xi = (state)->xi, .phi = (state)->phi, .s = (state)->s, .weight = (state)->weight, .curvature = (state)->curvature, \
  .material = (state)->material, .owner = (state)->owner, .hotspot = (state)->hotspot, .metal = (state)->phi_e,        \
  .push = (state)->push, .facet = (state)->facet, .params = (state)->d_params, .voltage = (state)->voltage

/* One array of the state: a line of the table in state.c, which allocation, release and checkpoints go by. */
typedef struct pf_state_array {
  const char *name;
  size_t offset; /* of its pointer in pf_state */
  size_t bytes;  /* 0: this state has none */
  bool kept;     /* a step reads in it what an earlier one wrote: kept in checkpoints */
  char kind;     /* as in pf_kept */
} pf_state_array;
enum { PF_STATE_ARRAYS_MAX = 80 };
int pf_state_arrays(const pf_state *state, pf_state_array array[PF_STATE_ARRAYS_MAX]);
/* Everything of the state that a checkpoint keeps, where it lies now (fields change places in a step), into
 * list[PF_KEPT_MAX] from `count` on; the new count. */
int pf_state_kept(pf_state *state, pf_kept *list, int count);
/* After what is kept was read back: makes the arrays that follow from it. */
pf_status pf_state_renew(pf_state *state);

/* Allocates everything but sets no field.  PF_NO_MEMORY. */
pf_status pf_state_create(pf_backend *backend, const pf_grid *grid, const pf_params *params, pf_state **state);
void pf_state_destroy(pf_state *state);
/* Bytes that create takes from the backend for this grid and physics. */
double pf_state_bytes(const pf_grid *grid, const pf_params *params);
/* To be called once xi, s, phi, material, hotspot and params are set: owners, balances. */
pf_status pf_state_start(pf_state *state);
/* Copies params to the backend after a change. */
pf_status pf_state_upload_params(pf_state *state);
/* The next step is not predicted from the last one (the drive has changed). */
void pf_state_forget(pf_state *state);
/* Whose lithium each cell is, from xi. */
pf_status pf_state_connect(pf_state *state);
/* 1: islands and nuclei stay in the solid while the frame moves with the electrodes; 0: nothing floats, the frame stands,
 * or the electrolyte has a salt, which (7) carries with the frame together with all lithium. */
int pf_state_embeds(const pf_state *state);
/* Weight and curvature from xi. */
pf_status pf_state_geometry(pf_state *state);

#endif
