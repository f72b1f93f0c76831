/* pf_params.h: everything constant that the cell functions need, in one plain struct.
 *
 * The solver works in scaled numbers, so that single precision serves in the linear solves:
 *   potential in RT/F, salt s = c/c0 of its own layer (continuous between layers), lengths in cells of edge h,
 *   currents density times h in units of kappa_ref RT/F: conductances K = kappa/kappa_ref, a reaction current density
 *   i becomes i h F/(kappa_ref R T).  Stored fields: xi (1), s (1), phi (RT/F).  Output converts to SI. */
#ifndef PF_PARAMS_H
#define PF_PARAMS_H

#include "pf_types.h"

enum { PF_MATERIALS = 16 }; /* materials (layers) of a cell at most */

/* One electrolyte. */
typedef struct pf_electrolyte {
  double conductance;     /* kappa_0/kappa_ref at c = c0 (salt path; the only path where single_ion) */
  double single_ion_path; /* kappa_c/kappa_ref of (6), beside the salt */
  double diffusion;       /* D c0 F^2/(kappa_ref R T) */
  double capacity;        /* c0 F h^2/(kappa_ref RT/F), s: times (1-xi) ds/dt gives a current in the units above */
  double exchange;        /* i0 h F/(kappa_ref R T) at c = c0 */
  double alpha;           /* charge-transfer coefficient a of (2) */
  double anion_share;     /* 1 - t+; 0: single ion, no salt equation */
  double transfer;        /* (1-t+) l/(h diffusion): times i0-terms, (2b) */
  double film;            /* R_film kappa_ref/h of the material */
  double electronic;      /* s_e/kappa_ref, > 0 with electrons */
  double salt_volume;     /* Vm c0: lithium's molar volume times salt concentration, (7) */
  double c0;              /* mol/m3, for output and balances */
  double fracture;        /* overpotential that opens its flaw, (12), RT/F; 0: has none */
  int32_t follows_salt;   /* kappa_i = kappa_0 c/c0, else constant */
  int32_t enters;         /* lithium can enter */
} pf_electrolyte;

/* What rides with an electrode: a film thinner than the interface. */
typedef struct pf_electrode {
  double film;     /* R_film kappa_ref/h */
  double exchange; /* the film's own kinetics; < 0: that of the material the metal touches */
  double alpha;
  double electrons; /* resistance of the film for electrons: thickness over electronic conductivity, kappa_ref/h */
} pf_electrode;

/* How x = Lx is closed. */
typedef enum pf_counter { PF_COUNTER_RESOLVED, PF_COUNTER_FACE, PF_COUNTER_IDEAL } pf_counter;

/* Lithium that nucleates inside the electrolyte (cell_nucleate.h). */
typedef struct pf_nucleation_law {
  double threshold;   /* overpotential, RT/F */
  double rate;        /* nuclei of a cell, 1/s; 0: there are none */
  double radius;      /* of a nucleus, cells */
  uint32_t materials; /* bit m: in material m */
  int32_t beside;     /* also in cells beside another material */
  uint32_t seed;
} pf_nucleation_law;

/* Which law moves the interface. */
typedef enum pf_law { PF_LAW_REACTION, PF_LAW_ALLEN_CAHN, PF_LAW_DENDRITE, PF_LAW_MMS } pf_law;

/* (5), the literature's model (cell_allen_cahn.h). */
typedef struct pf_allen_cahn {
  double barrier, gradient; /* L_s W_b, L_s kappa_0/h^2, 1/s */
  double reaction;          /* L_eta, 1/s */
  double alpha;             /* a */
  double anisotropy;        /* delta */
  double noise;             /* amplitude, 1/s */
  double diffusion;         /* D/h^2, 1/s */
  double sites;             /* c_s/c0 */
  double metal;             /* sigma_e/sigma_s */
  int32_t symmetry;         /* omega */
  int32_t potential_steps;  /* explicit steps for each solution of the potential */
  uint32_t seed;
} pf_allen_cahn;

/* Benchmark 7 of PFHub (cell_pfhub.h): kappa, C_2. */
typedef struct pf_mms {
  double kappa, turn;
} pf_mms;

typedef struct pf_params {
  int32_t law; /* pf_law */
  pf_allen_cahn allen_cahn;
  pf_mms mms;
  double capillary;          /* gamma Vm/(R T h): (Vm/F) gamma K in RT/F for K in 1/h */
  double anisotropy;         /* delta of the exchange current, 0: the same in all directions */
  double growth;             /* (Vm/F) kappa_ref R T/(F h^2), 1/s: d xi/dt = growth r for a scaled r */
  double eps;                /* W/4 in cells, (1) */
  double floor;              /* conducts where there is only metal: keeps the equations regular, 1e-6 */
  double pressure;           /* (Vm/F) P of (3) at the face x = Lx, P the stack pressure, RT/F */
  int32_t mechanics;         /* there is stress: (10), (11) */
  int32_t counter;           /* pf_counter */
  pf_electrode electrode[3]; /* working, counter; [2]: no film, for lithium that belongs to neither */
  double metal;              /* electronic conductance of lithium, capped (9) */
  int32_t electrons;         /* (9) is solved */
  int32_t wide;              /* the solvers' cycles and vectors are in double precision */
  pf_nucleation_law nucleation;
  pf_electrolyte material[PF_MATERIALS];
} pf_params;

#endif
