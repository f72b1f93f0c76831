/* elasticity.h: the stress of heterogeneous elastic solids on the grid, (10), by conjugate gradients on the displacement
 * with Green's operator of a homogeneous medium as preconditioner (cell_elastic.h).
 *
 * The strain of the unknowns is compatible by construction, so the condition of the system is the contrast of the moduli at
 * most, whatever the grid.  Layers across x carry a given mean traction, the lateral mean strain is given; in 1-D the
 * answer is exact without iterating. */
#ifndef PF_ELASTICITY_H
#define PF_ELASTICITY_H

#include "backend.h"

/* What the whole cell is under. */
typedef struct pf_elastic_load {
  double traction[3];                     /* mean of sigma_xx, sigma_xy, sigma_xz, Pa */
  double strain_yy, strain_zz, strain_yz; /* mean lateral strain */
} pf_elastic_load;

/* The unknowns and the answer, arrays of the backend, owned by the caller. */
typedef struct pf_elastic_field {
  double *displacement; /* [dimensions][cells], cells; the last answer is the first guess.  1-D: not used */
  double *eigenstrain;  /* [components][cells] (cell_elastic.h) */
  double *stress;       /* [components][cells], Pa */
  double *stretch;      /* host, [3]: mean of eps_xx, 2 eps_xy, 2 eps_xz; part of the answer and of the guess */
} pf_elastic_field;

typedef struct pf_elastic_report {
  int iterations;
  double error; /* of the stress, of its rms, as the solver sees it */
} pf_elastic_report;

typedef struct pf_elasticity {
  pf_backend *backend;
  pf_grid grid;
  int dimensions, components;
  pf_compliances compliances;
  double lambda0, mu0; /* of the homogeneous medium, Pa */
  double stress_floor; /* Pa: smaller stresses need not be right to the tolerance */
  int iterations_most;
  pf_fft *fft;         /* NULL in 1-D, as the arrays that only iterations need */
  double *lambda, *mu; /* [cells] */
  double *step;        /* [components][cells]: stress of a search direction; free between solves */
  double *r, *p, *q;   /* [dimensions][cells]; q: free between solves */
  double *spectrum, *wave;
} pf_elasticity;

/* PF_NO_MEMORY. */
pf_status pf_elasticity_create(pf_backend *backend, const pf_grid *grid, pf_elasticity **elasticity);
void pf_elasticity_destroy(pf_elasticity *elasticity);
/* Bytes that create takes from the backend, without the work space of the transforms. */
double pf_elasticity_bytes(const pf_grid *grid);

/* Young's moduli (Pa) and Poisson's ratios of `materials` layers and of lithium. */
void pf_elasticity_set_moduli(pf_elasticity *elasticity, const double *young, const double *poisson, int materials,
                              double lithium_young, double lithium_poisson);

/* The stress for this shape of lithium: |error of the stress| <= tolerance max(rms stress, stress_floor), in the norm
 * sigma : C0^-1 : sigma.  PF_FAILED: not within iterations_most. */
pf_status pf_elasticity_solve(pf_elasticity *elasticity, const double *xi, const uint8_t *material,
                              const pf_elastic_load *load, const pf_elastic_field *field, double tolerance,
                              pf_elastic_report *report);

#endif
