/* krylov.h: vectors of a linear system's unknowns, and the part of GMRES that does not know how the system is made or
 * preconditioned (Saad & Schultz, SIAM J. Sci. Stat. Comput. 7, 1986): the basis is made orthogonal, the small least
 * squares problem is kept solved by rotations, the solution is put together.
 *
 * Single or double precision; a vector has one or two parts, arrays of the backend over grids of their own.  The numbers of an
 * iteration stay where the vectors are: what makes the next vector needs none from outside, and one transfer brings them
 * to the host, which decides whether to go on. */
#ifndef PF_KRYLOV_H
#define PF_KRYLOV_H

#include "backend.h"

enum { PF_KRYLOV_PARTS = 2, PF_KRYLOV_MOST = 9 };

typedef struct pf_vector {
  void *part[PF_KRYLOV_PARTS]; /* [cells of its grid], of the space's precision (real.h) */
} pf_vector;

/* Where vectors live. */
typedef struct pf_space {
  pf_backend *backend;
  bool wide;      /* in double precision */
  const char *of; /* what the system is of, for messages */
  int parts;
  pf_grid grid[PF_KRYLOV_PARTS];
  double *numbers; /* of the backend: of an iteration; this struct's, from create to destroy */
} pf_space;

/* Backend, precision, text, parts and grids are set. */
pf_status pf_space_create(pf_space *space);
void pf_space_destroy(pf_space *space);
pf_status pf_vector_create(const pf_space *space, pf_vector *x);
void pf_vector_destroy(const pf_space *space, pf_vector *x);
/* y = x, one of them of single precision. */
pf_status pf_vector_from_float(const pf_space *space, const pf_vector *x, const pf_vector *y);
pf_status pf_vector_to_float(const pf_space *space, const pf_vector *x, const pf_vector *y);
pf_status pf_vector_zero(const pf_space *space, const pf_vector *x);
/* y = b - A x, where y holds A x */
pf_status pf_vector_rest(const pf_space *space, const pf_vector *b, const pf_vector *y);
/* ||x||; PF_FAILED where it is not finite. */
pf_status pf_vector_norm(const pf_space *space, const pf_vector *x, double *norm);

/* The state of GMRES between two restarts. */
typedef struct pf_gmres {
  int m;           /* vectors that the solution is made of */
  double residual; /* of their best combination */
  double h[PF_KRYLOV_MOST][PF_KRYLOV_MOST], g[PF_KRYLOV_MOST + 1], cosine[PF_KRYLOV_MOST], sine[PF_KRYLOV_MOST];
} pf_gmres;

/* v[0] = r/residual, where residual = ||r||. */
pf_status pf_gmres_begin(const pf_space *space, pf_gmres *gmres, const pf_vector *r, double residual,
                         const pf_vector *v);
/* v[m + 1], A times what v[m] led to, becomes the next vector of the basis v.  Its dots with the first `met` vectors of the
 * basis (0, or 4 and fewer where there are fewer) are in space->numbers already: the kernel that made it (of one part) has left
 * them there.  On a GPU the pass that takes off its parts along four of the basis makes its dots with the next four.
 * May stand between the backend's begin and end; pf_gmres_take comes behind those. */
pf_status pf_gmres_extend(const pf_space *space, const pf_gmres *gmres, const pf_vector *v, int met);
/* Fetches the numbers of that vector; m grows by one, to PF_KRYLOV_MOST at most. */
pf_status pf_gmres_take(const pf_space *space, pf_gmres *gmres);
/* x += the best combination of z[0] ... z[m - 1]: v itself, or what a preconditioner made of it. */
pf_status pf_gmres_correct(const pf_space *space, const pf_gmres *gmres, const pf_vector *z, const pf_vector *x);

#endif
