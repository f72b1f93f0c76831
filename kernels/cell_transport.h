/* cell_transport.h: charge (6) and salt (7), their residuals and the Jacobian of Newton's method, cell by cell.
 *
 * Unknowns of a cell: potential phi (RT/F) and salt s = c/c0.  Both rows are currents, in the unit of pf_params.h:
 *   R_1 = sum over faces of the current J that leaves + r                                       = 0
 *   R_2 = capacity/dt [(1-xi*) s - (1-xi) s_0] + sum over faces of the anions' flux that leaves  = 0
 * with xi* = xi + dt [growth r + U d xi/dx], the same r that moves the interface. */
#ifndef PF_CELL_TRANSPORT_H
#define PF_CELL_TRANSPORT_H

#include <math.h>

#include "cell_phase.h"
#include "cell_reaction.h"
#include "pf_kernel.h"
#include "pf_params.h"

/* Flux through a face from L to R (towards higher index) and its derivatives. */
typedef struct pf_flux {
  double j, j_p, j_l, j_r; /* current; d/d phi_R = -d/d phi_L, d/d s_L, d/d s_R */
  double n, n_p, n_l, n_r; /* anions */
} pf_flux;

PF_CELL double pf_harmonic(double a, double b) { return a + b > 0 ? 2 * a * b / (a + b) : 0; }

/* Two neighbouring materials; harmonic means, so that a laminate is exact. */
typedef struct pf_pair {
  double salt_path, ion_path; /* conductances: with the salt, beside it (all of it where no anions pass) */
  double diffusion;
  double share;            /* 1 - t+ */
  double volume, capacity; /* Vm c0, as pf_electrolyte */
  double lean;             /* half of M/D' below, per RT/F */
  double special;          /* 1: takes pf_face_special */
} pf_pair;

PF_CELL pf_pair pf_pair_of(const pf_electrolyte *l, const pf_electrolyte *r) {
  pf_pair p = {0, 0, 0, 0, 0, 0, 0, 0};
  const int salty_l = l->anion_share > 0, salty_r = r->anion_share > 0;
  p.capacity = 0.5 * (l->capacity + r->capacity);
  if (!salty_l && !salty_r) {
    p.ion_path = pf_harmonic(l->conductance + l->single_ion_path, r->conductance + r->single_ion_path);
    return p;
  }
  p.salt_path = pf_harmonic(l->conductance, r->conductance);
  p.ion_path = pf_harmonic(l->single_ion_path, r->single_ion_path);
  p.diffusion = pf_harmonic(l->diffusion, r->diffusion);
  p.share = 0.5 * (l->anion_share + r->anion_share);
  p.volume = 0.5 * (l->salt_volume + r->salt_volume);
  const double total = p.diffusion + 2 * p.share * p.share * p.salt_path;
  p.lean = total > 0 ? 0.5 * p.share * p.salt_path / total : 0;
  p.special = salty_l != salty_r || !l->follows_salt || !r->follows_salt ? 1 : 0;
  return p;
}

/* J = J_s + J_c and N through the face between cells L and R, e the mean of (1-xi) there, film: resistance of a film
 * in the face.  With D grad c + (1-t+) J_s/F = D' grad s - M s grad phi, s at the face is weighted towards the side
 * that the anions come from:
 *   s_f = (s_L + s_R)/2 - (s_R - s_L)/2 lean(x),  x = M (phi_R - phi_L)/(2 D'),
 *   lean(x) = x (3 + |x|)/(9 + 3 |x| + x^2)
 * which stands for Scharfetter and Gummel's coth x - 1/x = x/3 + ...: second order, and no negative salt at any x, since
 * |x| (1 - |lean|) = 9 |x|/(9 + 3 |x| + x^2) <= 1; one division instead of exponentials.  The displaced electrolyte
 * moves with -(Vm/F) J and with the frame, -U (1-xi) (carry, times the capacity), and takes s_f along. */
PF_CELL pf_flux pf_face_plain(const pf_pair *p, double phi_l, double phi_r, double s_l, double s_r, double e,
                              double film, double carry) {
  pf_flux f;
  const double dphi = phi_r - phi_l, ds = s_r - s_l;
  const double x = p->lean * dphi, size = fabs(x), below = 1 / (9 + size * (3 + size));
  const double lean = x * (3 + size) * below;
  const double s_f = 0.5 * (s_l + s_r) - 0.5 * ds * lean;
  const double s_fp = -0.5 * ds * 9 * (3 + 2 * size) * below * below * p->lean;
  const double s_fl = 0.5 * (1 + lean), s_fr = 0.5 * (1 - lean);
  const double conducts = p->salt_path * s_f + p->ion_path;
  const double series = e / (1 + e * conducts * film), through = 2 * p->share;
  const double js = -p->salt_path * (s_f * dphi - through * ds);
  const double js_p = -p->salt_path * (s_f + s_fp * dphi);
  const double js_l = -p->salt_path * (s_fl * dphi + through), js_r = -p->salt_path * (s_fr * dphi - through);
  f.j = series * (js - p->ion_path * dphi);
  f.j_p = series * (js_p - p->ion_path);
  f.j_l = series * js_l;
  f.j_r = series * js_r;
  const double moves = p->volume * f.j + p->capacity * carry, salt = p->share * series, taken = s_f * p->volume;
  f.n = -e * p->diffusion * ds - salt * js - s_f * moves;
  f.n_p = -salt * js_p - taken * f.j_p - s_fp * moves;
  f.n_l = e * p->diffusion - salt * js_l - taken * f.j_l - s_fl * moves;
  f.n_r = -e * p->diffusion - salt * js_r - taken * f.j_r - s_fr * moves;
  return f;
}

/* Electrolyte conductance of a half cell, and its derivative to s. */
PF_CELL double pf_total_conductance(const pf_electrolyte *m, double s, double *d_s) {
  const int follows = m->anion_share > 0 && m->follows_salt;
  *d_s = follows ? m->conductance : 0;
  return m->conductance * (follows ? s : 1) + m->single_ion_path;
}

/* The same where salt meets a single-ion conductor (one total conductance on each side, no anions pass), or where a
 * conductivity does not follow the salt. */
PF_CELL pf_flux pf_face_special(const pf_electrolyte *l, const pf_electrolyte *r, const pf_pair *p, double phi_l,
                                double phi_r, double s_l, double s_r, double e, double film, double carry) {
  pf_flux f = {0, 0, 0, 0, 0, 0, 0, 0};
  const double dphi = phi_r - phi_l, ds = s_r - s_l;
  if (!(l->anion_share > 0) || !(r->anion_share > 0)) {
    double d_l, d_r;
    const double k_l = pf_total_conductance(l, s_l, &d_l), k_r = pf_total_conductance(r, s_r, &d_r);
    const double sum = k_l + k_r, mean = sum > 0 ? 2 * k_l * k_r / sum : 0;
    const double series = e / (1 + e * mean * film);
    const double outer = sum > 0 ? -2 * series * dphi / (sum * sum) : 0;
    f.j = -mean * series * dphi;
    f.j_p = -mean * series;
    f.j_l = outer * k_r * k_r * d_l;
    f.j_r = outer * k_l * k_l * d_r;
    return f;
  }
  const double safe_l = s_l > 1e-9 ? s_l : 1e-9, safe_r = s_r > 1e-9 ? s_r : 1e-9;
  const double s_f = 0.5 * (s_l + s_r), k_s = p->salt_path, k_c = p->ion_path, share = p->share;
  const double series = e / (1 + e * (k_s + k_c) * film);
  const double js = -k_s * (dphi - 2 * share * log(safe_r / safe_l));
  const double js_l = -2 * share * k_s / safe_l, js_r = 2 * share * k_s / safe_r;
  f.j = series * (js - k_c * dphi);
  f.j_p = -series * (k_s + k_c);
  f.j_l = series * js_l;
  f.j_r = series * js_r;
  const double moves = p->volume * f.j + p->capacity * carry, salt = share * series, taken = s_f * p->volume;
  f.n = -e * p->diffusion * ds - salt * js - s_f * moves;
  f.n_p = salt * k_s - taken * f.j_p;
  f.n_l = e * p->diffusion - salt * js_l - taken * f.j_l - 0.5 * moves;
  f.n_r = -e * p->diffusion - salt * js_r - taken * f.j_r - 0.5 * moves;
  return f;
}

/* ---- The reaction of a cell ---- */

/* Weight h times w of (1) for a sign of the current. */
PF_CELL double pf_reaction_weight(double i, double deposition, double xi, double eps) {
  if (i > 0) return deposition;
  const double dissolution = xi * (1 - xi) / eps;
  return dissolution > 0 ? dissolution : 0;
}

/* From this lithium fraction on a cell conducts electrons better than its layer, (9).  What is below is the tail of a
 * front: its electrons come from the electrode whose lithium it is. */
#define PF_METAL_BEGINS 0.01
/* Takes its electrons from phi_e where it is: metal, or a nucleus that is to become metal. */
PF_CELL int pf_has_electrons(double xi, int owner) { return xi >= PF_METAL_BEGINS || (owner & PF_NUCLEUS) != 0; }

/* i/i0 over which the weight of deposition is turned on in a nucleus. */
#define PF_NUCLEUS_SOFT 0.1

/* What the reaction needs of the fields.  metal: electronic potential phi_e, RT/F (NULL, and in tails: 0 in the working
 * electrode's lithium, the voltage in the counter's, and no other lithium reacts).  push: (Vm/F) p_n of (3), RT/F (NULL: 0).
 * facet: factor of the front's direction on i0, cell_phase.h (NULL: 1). */
// clang-format off
#define PF_REACTION_FIELDS(IN, VAL)                                                                           \
  IN(double, xi) IN(double, phi) IN(double, s) IN(double, weight) IN(double, curvature) IN(uint8_t, material) \
  IN(uint8_t, owner) IN(double, hotspot) IN(double, metal) IN(double, push) IN(double, facet)                 \
  IN(pf_params, params) VAL(double, voltage)
// clang-format on

/* r h^2-scaled of (1) in a cell, its current density i_n, and derivatives to phi and s.  hotspot: [nz][ny], factor on
 * the working electrode's exchange current. */
typedef struct pf_local_current {
  double r, r_p, r_s, i;
} pf_local_current;
PF_CELL pf_local_current pf_reaction_of_cell(const pf_params *params, double xi, double phi, double s, double weight,
                                             double curvature, int material, int owner, double hotspot,
                                             const double *metal, const double *push, const double *facet,
                                             double voltage) {
  pf_local_current out = {0, 0, 0, 0};
  const int own = metal && pf_has_electrons(xi, owner); /* has an electronic potential */
  if (!own && !(owner == PF_WORKING || owner == PF_COUNTER)) return out;
  if (!(weight > 0) && !(xi * (1 - xi) > 1e-7)) return out;
  const pf_electrolyte *m = &params->material[material];
  const int side = owner & PF_WORKING ? 0 : owner == PF_COUNTER ? 1 : 2;
  const double factor = (owner == PF_WORKING ? hotspot : 1) * (facet ? *facet : 1);
  const pf_kinetics kinetics = pf_kinetics_of(m, &params->electrode[side], factor);
  const double electrons = own ? *metal : owner == PF_COUNTER ? voltage : 0;
  const pf_current c = pf_reaction(&kinetics, phi - electrons - params->capillary * curvature - (push ? *push : 0), s);
  /* in a closed cell no profile moves, and the weight is that of its walls */
  double w = m->enters ? pf_reaction_weight(c.i, weight, xi, params->eps) : weight, slope = w;
  if ((owner & PF_NUCLEUS) && c.i > 0) {
    /* a nucleus floats at i ~ 0, where the weights of both signs meet without a step in the slope */
    const double dissolution = pf_reaction_weight(-1, 0, xi, params->eps),
                 soft = c.i + PF_NUCLEUS_SOFT * kinetics.exchange;
    const double more = weight > dissolution ? weight - dissolution : 0, part = c.i / soft;
    w = dissolution + more * part;
    slope = dissolution + more * part * (2 - part);
  }
  out.r = w * c.i;
  out.r_p = slope * c.d_eta;
  out.r_s = slope * c.d_s;
  out.i = c.i;
  return out;
}
#define PF_REACTION_OF_CELL(k, at)                                                                               \
  pf_reaction_of_cell((k)->params, (k)->xi[(at).c], (k)->phi[(at).c], (k)->s[(at).c], (k)->weight[(at).c],       \
                      (k)->curvature[(at).c], (k)->material[(at).c], (k)->owner[(at).c], (k)->hotspot[(at).row], \
                      (k)->metal ? (k)->metal + (at).c : NULL, (k)->push ? (k)->push + (at).c : NULL,            \
                      (k)->facet ? (k)->facet + (at).c : NULL, (k)->voltage)

/* Lithium deposited on the face x = Lx, in the last cell of a row, zero in others. */
PF_CELL pf_current pf_counter_face(const pf_params *params, int last, double phi, double s, int material,
                                   double voltage, double *salt_at_face) {
  pf_current c = {0, 0, 0};
  *salt_at_face = s;
  if (!last || params->counter == PF_COUNTER_RESOLVED) return c;
  const pf_electrolyte *m = &params->material[material];
  const double electrode = voltage + params->pressure; /* the lithium there is under the stack pressure, (3) */
  if (params->counter == PF_COUNTER_IDEAL) {
    double d_s;
    const double k = pf_total_conductance(m, s, &d_s);
    c.i = 2 * k * (phi - electrode);
    c.d_eta = 2 * k;
    c.d_s = 2 * d_s * (phi - electrode);
    return c;
  }
  const pf_kinetics kinetics = pf_kinetics_of(m, &params->electrode[1], pf_facet(1, 0, 0, params->anisotropy));
  return pf_face_reaction(&kinetics, m, phi, s, electrode, salt_at_face);
}

/* ---- Residual and Jacobian ---- */

/* Components of the stored Jacobian: per direction the face at the lower side of a cell, [6][cells], and the cell's own
 * part [4][cells] (rows charge, salt; columns phi, s), single precision. */
enum { PF_JP, PF_JL, PF_JR, PF_NP, PF_NL, PF_NR, PF_FACE_PARTS };

/* First the reaction: r, its derivatives to phi and s (own), and its derivative to the voltage (border: to V, negative,
 * as the right side of the sensitivity's system).  Sums: current of the working and of the counter electrode's lithium. */
// clang-format off
#define PF_ARGS_newton_react(IN, OUT, VAR, VAL) \
  PF_REACTION_FIELDS(IN, VAL) OUT(double, reaction) VAR(float, own) OUT(float, border) VAL(ptrdiff_t, cells)
// clang-format on
PF_ARGS(newton_react);
PF_CELL pf_sums pf_cell_newton_react(const pf_newton_react_args *k, pf_at at) {
  const ptrdiff_t c = at.c, n = k->cells;
  const int owner = k->owner[c];
  const pf_local_current r = PF_REACTION_OF_CELL(k, at);
  k->reaction[c] = r.r;
  k->own[c] = (float)r.r_p;
  k->own[n + c] = (float)r.r_s;
  k->border[c] = owner == PF_COUNTER ? (float)r.r_p : 0;
  k->border[n + c] = 0;
  const pf_sums sums = {{owner == PF_WORKING ? r.r : 0, owner == PF_COUNTER ? r.r : 0, 0, 0}};
  return sums;
}

/* Which form the faces of a grid need: one material and no films; no pair is special; any. */
typedef enum pf_faces { PF_FACES_UNIFORM, PF_FACES_PLAIN, PF_FACES_SPECIAL } pf_faces;

/* Then the fluxes and the balance.  pairs: [PF_MATERIALS][PF_MATERIALS]; pair: that of the only material
 * (PF_FACES_UNIFORM).  film_x: [nx + 1], resistances of films in the faces.  per_dt 0: the salt is frozen.  One kernel for
 * each pf_faces and dimension, so that they become vector instructions.
 * Sums: |R_1|, |R_2|, current of the face x = Lx. */
// clang-format off
#define PF_ARGS_newton(IN, OUT, VAR, VAL)                                                                   \
  IN(double, xi) IN(double, phi) IN(double, s) IN(double, s_0) IN(double, reaction) IN(uint8_t, material)   \
  IN(double, film_x) IN(pf_params, params) IN(pf_pair, pairs) OUT(float, rhs) OUT(float, fx) OUT(float, fy) \
  OUT(float, fz) VAR(float, own) VAR(float, border) VAL(pf_pair, pair) VAL(ptrdiff_t, cells)                \
  VAL(double, voltage) VAL(double, floor) VAL(double, per_dt) VAL(double, growth_dt) VAL(double, shift_dt)  \
  VAL(double, carry) VAL(pf_enters, enters)
// clang-format on
PF_ARGS(newton);

/* What the floor conducts in metal does not depend on the salt there.  Else a cell without electrolyte, whose salt the
 * linear solver hardly sees, loses its conductance with its salt, and its potential runs off with Newton's method. */
PF_CELL pf_flux pf_with_floor(pf_flux f, double conducts, double dphi) {
  f.j -= conducts * dphi;
  f.j_p -= conducts;
  return f;
}

PF_CELL pf_flux pf_newton_face(const pf_newton_args *k, pf_faces faces, ptrdiff_t a, ptrdiff_t b, double film,
                               double carry) {
  const double e = 0.5 * ((1 - k->xi[a]) + (1 - k->xi[b]));
  if (faces == PF_FACES_UNIFORM)
    return pf_with_floor(pf_face_plain(&k->pair, k->phi[a], k->phi[b], k->s[a], k->s[b], e + k->floor, 0, carry * e),
                         (1 - e) * k->floor * k->pair.salt_path, k->phi[b] - k->phi[a]);
  const int l = k->material[a], r = k->material[b];
  const pf_pair *pair = &k->pairs[l * PF_MATERIALS + r];
  if (faces == PF_FACES_SPECIAL && pair->special > 0)
    return pf_face_special(&k->params->material[l], &k->params->material[r], pair, k->phi[a], k->phi[b], k->s[a],
                           k->s[b], e + k->floor, film, carry * e);
  return pf_with_floor(pf_face_plain(pair, k->phi[a], k->phi[b], k->s[a], k->s[b], e + k->floor, film, carry * e),
                       (1 - e) * k->floor * pair->salt_path, k->phi[b] - k->phi[a]);
}

/* salt 0: the anions' part is left out */
PF_CELL void pf_store_face(float *to, ptrdiff_t cells, ptrdiff_t c, const pf_flux *f, double salt) {
  to[PF_JP * cells + c] = (float)f->j_p;
  to[PF_JL * cells + c] = (float)f->j_l;
  to[PF_JR * cells + c] = (float)f->j_r;
  to[PF_NP * cells + c] = (float)(salt * f->n_p);
  to[PF_NL * cells + c] = (float)(salt * f->n_l);
  to[PF_NR * cells + c] = (float)(salt * f->n_r);
}

/* Diagonal of the row ds = 0 of a cell without salt.  Small, so that a coarse cell that collects it with the salt of a pore
 * is the pore's: with 1 it held the pore's salt where it was, and the linear solver came to a stand in porous ceramics. */
#define PF_NO_SALT 1e-6

PF_CELL pf_sums pf_newton_cell(const pf_newton_args *k, pf_at at, pf_faces faces, int dimensions) {
  const ptrdiff_t c = at.c, n = k->cells;
  const pf_electrolyte *m = &k->params->material[faces == PF_FACES_UNIFORM ? 0 : k->material[c]];
  const double xi = k->xi[c], s = k->s[c], r = k->reaction[c];
  const double salt = k->per_dt > 0 ? 1 : 0, on = m->anion_share > 0 ? salt : 0; /* on: this cell has a salt equation */
  const double r_p = (double)k->own[c], r_s = (double)k->own[n + c];
  double charge = r, anions = 0, face = 0;
  double d00 = r_p, d01 = r_s, d10 = 0, d11 = 0, border = (double)k->border[c], border_salt = 0;
  /* faces in x, y, z; only the lower one is stored */
  if (at.xm) {
    const pf_flux f = pf_newton_face(k, faces, c - 1, c, k->film_x[at.i], k->carry);
    charge -= f.j;
    anions -= f.n;
    pf_store_face(k->fx, n, c, &f, salt);
  } else {
    const pf_flux none = {0, 0, 0, 0, 0, 0, 0, 0};
    pf_store_face(k->fx, n, c, &none, 0);
    anions += k->carry * m->capacity * (1 - xi) * s;
  }
  if (at.xp) {
    const pf_flux f = pf_newton_face(k, faces, c, c + 1, k->film_x[at.i + 1], k->carry);
    charge += f.j;
    anions += f.n;
  }
  if (dimensions > 1) {
    const pf_flux f = pf_newton_face(k, faces, c + at.ym, c, 0, 0), g = pf_newton_face(k, faces, c, c + at.yp, 0, 0);
    charge += g.j - f.j;
    anions += g.n - f.n;
    pf_store_face(k->fy, n, c, &f, salt);
  }
  if (dimensions > 2) {
    const pf_flux f = pf_newton_face(k, faces, c + at.zm, c, 0, 0), g = pf_newton_face(k, faces, c, c + at.zp, 0, 0);
    charge += g.j - f.j;
    anions += g.n - f.n;
    pf_store_face(k->fz, n, c, &f, salt);
  }
  /* x = Lx: as counter electrode cations leave with the reaction, anions only with the displaced electrolyte */
  if (!at.xp) {
    double s_f;
    const pf_current f = pf_counter_face(k->params, 1, k->phi[c], s, k->material[c], k->voltage, &s_f);
    const double moved = m->salt_volume * f.i + k->carry * m->capacity * (1 - xi);
    charge += f.i;
    face = f.i;
    d00 += f.d_eta;
    d01 += f.d_s;
    border += f.d_eta;
    anions -= s * moved;
    d10 -= s * m->salt_volume * f.d_eta;
    d11 -= moved + s * m->salt_volume * f.d_s;
    border_salt -= s * m->salt_volume * f.d_eta;
  }
  const double rate = m->capacity * k->per_dt, grown = m->enters ? k->growth_dt : 0;
  const pf_walls w = {k->material, k->enters.mask, faces != PF_FACES_UNIFORM, NULL};
  const double framed = pf_frame_gain(k->xi, c, pf_way(w, c, at.xm), pf_way(w, c, at.xp), k->shift_dt);
  const double left = 1 - xi - grown * r - (m->enters ? framed : 0);
  anions += rate * (left * s - (1 - xi) * k->s_0[c]);
  d10 -= rate * s * grown * r_p;
  d11 += rate * (left - s * grown * r_s);
  border_salt -= rate * s * grown * (double)k->border[c];
  anions *= on; /* a single ion, or the salt as it is: ds = 0 */
  k->rhs[c] = (float)-charge;
  k->rhs[n + c] = (float)-anions;
  k->border[c] = (float)border;
  k->border[n + c] = (float)(on * border_salt);
  k->own[c] = (float)d00;
  k->own[n + c] = (float)d01;
  k->own[2 * n + c] = (float)(on * d10);
  k->own[3 * n + c] = (float)(on * d11 + PF_NO_SALT * (1 - on));
  const pf_sums sums = {{fabs(charge), fabs(anions), face, 0}};
  return sums;
}
#define PF_NEWTON_VARIANT(name, faces, dimensions)                                         \
  PF_ARGS(name);                                                                           \
  PF_CELL pf_sums pf_cell_##name(const pf_##name##_args *k, pf_at at) {                    \
    return pf_newton_cell((const pf_newton_args *)(const void *)k, at, faces, dimensions); \
  }
#define PF_ARGS_newton_uniform_1 PF_ARGS_newton
#define PF_ARGS_newton_uniform_2 PF_ARGS_newton
#define PF_ARGS_newton_uniform_3 PF_ARGS_newton
#define PF_ARGS_newton_plain_1 PF_ARGS_newton
#define PF_ARGS_newton_plain_2 PF_ARGS_newton
#define PF_ARGS_newton_plain_3 PF_ARGS_newton
#define PF_ARGS_newton_special_1 PF_ARGS_newton
#define PF_ARGS_newton_special_2 PF_ARGS_newton
#define PF_ARGS_newton_special_3 PF_ARGS_newton
PF_NEWTON_VARIANT(newton_uniform_1, PF_FACES_UNIFORM, 1)
PF_NEWTON_VARIANT(newton_uniform_2, PF_FACES_UNIFORM, 2)
PF_NEWTON_VARIANT(newton_uniform_3, PF_FACES_UNIFORM, 3)
PF_NEWTON_VARIANT(newton_plain_1, PF_FACES_PLAIN, 1)
PF_NEWTON_VARIANT(newton_plain_2, PF_FACES_PLAIN, 2)
PF_NEWTON_VARIANT(newton_plain_3, PF_FACES_PLAIN, 3)
PF_NEWTON_VARIANT(newton_special_1, PF_FACES_SPECIAL, 1)
PF_NEWTON_VARIANT(newton_special_2, PF_FACES_SPECIAL, 2)
PF_NEWTON_VARIANT(newton_special_3, PF_FACES_SPECIAL, 3)

/* Reaction alone, of the potentials as they are: r [cells].  Sums: of r and of |r| over the working electrode's cells,
 * then over the counter electrode's. */
#define PF_ARGS_react(IN, OUT, VAR, VAL) PF_REACTION_FIELDS(IN, VAL) OUT(double, reaction)
PF_ARGS(react);
PF_CELL pf_sums pf_cell_react(const pf_react_args *k, pf_at at) {
  const double r = PF_REACTION_OF_CELL(k, at).r;
  const double working = k->owner[at.c] & PF_WORKING ? r : 0, counter = k->owner[at.c] == PF_COUNTER ? r : 0;
  k->reaction[at.c] = r;
  const pf_sums sums = {{working, fabs(working), counter, fabs(counter)}};
  return sums;
}
/* r += share |r|: what is left of the current out of balance, where current flows. */
// clang-format off
#define PF_ARGS_close(IN, OUT, VAR, VAL) \
  VAR(double, reaction) IN(uint8_t, owner) VAL(double, working) VAL(double, counter) VAL(double, others)
// clang-format on
PF_ARGS(close);
PF_CELL void pf_cell_close(const pf_close_args *k, pf_at at) {
  const double r = k->reaction[at.c];
  const int owner = k->owner[at.c];
  k->reaction[at.c] = r + fabs(r) * (owner & PF_WORKING ? k->working : owner == PF_COUNTER ? k->counter : k->others);
}

/* Damping of Newton's method: |d phi| <= 4 RT/F where lithium reacts. */
PF_CELL double pf_damped(double d_phi, double weight) {
  return !(weight > 1e-3) ? d_phi : d_phi > 4 ? 4 : d_phi < -4 ? -4 : d_phi;
}

/* Newton's update, damped; s never below a twentieth of itself.
 * du: [2][cells], sensitivity: d u/d voltage. */
// clang-format off
#define PF_ARGS_update(IN, OUT, VAR, VAL)                                                                       \
  VAR(double, phi) VAR(double, s) IN(float, du) IN(float, sensitivity) IN(double, weight) IN(uint8_t, material) \
  IN(pf_params, params) VAL(double, d_voltage) VAL(ptrdiff_t, cells)
// clang-format on
PF_ARGS(update);
PF_CELL void pf_cell_update(const pf_update_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  const double d_phi = (double)k->du[c] + k->d_voltage * (double)k->sensitivity[c];
  const double d_s = (double)k->du[k->cells + c] + k->d_voltage * (double)k->sensitivity[k->cells + c];
  k->phi[c] += pf_damped(d_phi, k->weight[c]);
  if (k->params->material[k->material[c]].anion_share > 0) {
    const double s = k->s[c] + d_s, least = 0.05 * k->s[c];
    k->s[c] = s > least ? s : least;
  }
}

/* The last step's rates of change, and the start of the next step that follows from them. */
// clang-format off
#define PF_ARGS_remember(IN, OUT, VAR, VAL)                                                                    \
  IN(double, phi) IN(double, phi_start) IN(double, s) IN(double, s_start) OUT(float, rate) VAL(double, per_dt) \
  VAL(ptrdiff_t, cells)
// clang-format on
PF_ARGS(remember);
PF_CELL void pf_cell_remember(const pf_remember_args *k, pf_at at) {
  k->rate[at.c] = (float)((k->phi[at.c] - k->phi_start[at.c]) * k->per_dt);
  k->rate[k->cells + at.c] = (float)((k->s[at.c] - k->s_start[at.c]) * k->per_dt);
}
// clang-format off
#define PF_ARGS_predict(IN, OUT, VAR, VAL) \
  VAR(double, phi) VAR(double, s) IN(float, rate) VAL(double, dt) VAL(ptrdiff_t, cells)
// clang-format on
PF_ARGS(predict);
PF_CELL void pf_cell_predict(const pf_predict_args *k, pf_at at) {
  k->phi[at.c] += k->dt * (double)k->rate[at.c];
  const double s = k->s[at.c] + k->dt * (double)k->rate[k->cells + at.c], least = 0.5 * k->s[at.c];
  k->s[at.c] = s > least ? s : least;
}

// clang-format off
#define PF_KERNELS_TRANSPORT(MAP, SWEEP, SUM, MAX)                                                          \
  SUM(newton_react) SUM(newton_uniform_1) SUM(newton_uniform_2) SUM(newton_uniform_3) SUM(newton_plain_1)   \
  SUM(newton_plain_2) SUM(newton_plain_3) SUM(newton_special_1) SUM(newton_special_2) SUM(newton_special_3) \
  SUM(react) MAP(close) MAP(update) MAP(remember) MAP(predict)
// clang-format on

#endif
