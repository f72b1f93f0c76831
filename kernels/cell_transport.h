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

/* What two neighbouring materials are to each other; harmonic means, so that a laminate is exact. */
typedef enum pf_face_kind {
  PF_FACE_ION,      /* no salt equation on one side at least: one total conductance, no anions pass */
  PF_FACE_SALT,     /* salt on both sides, conductivity follows it */
  PF_FACE_CONSTANT  /* salt on both sides, constant conductivity */
} pf_face_kind;

/* Flux through a face from L to R (towards higher index) and its derivatives. */
typedef struct pf_flux {
  double j, j_p, j_l, j_r; /* current; d/d phi_R = -d/d phi_L, d/d s_L, d/d s_R */
  double n, n_p, n_l, n_r; /* anions */
} pf_flux;

PF_CELL double pf_harmonic(double a, double b) { return a + b > 0 ? 2 * a * b / (a + b) : 0; }

/* Electrolyte conductance of a half cell, and its derivative to s. */
PF_CELL double pf_total_conductance(const pf_electrolyte *m, double s, double *d_s) {
  const int follows = m->anion_share > 0 && m->follows_salt;
  *d_s = follows ? m->conductance : 0;
  return m->conductance * (follows ? s : 1) + m->single_ion_path;
}

/* J = J_s + J_c and N through the face between cells L and R, e the mean of (1-xi) there, film: resistance of a film
 * in the face.  With D grad c + (1-t+) J_s/F = D' grad s - M s grad phi, s at the face is weighted towards the side
 * that the anions come from:
 *   s_f = (s_L + s_R)/2 - (s_R - s_L)/2 x/sqrt(9 + x^2),  x = M (phi_R - phi_L)/(2 D')
 * which is Scharfetter and Gummel's mean (there coth x - 1/x = x/3 + ...) without an exponential: second order, no
 * negative salt at any x (x (1 - x/sqrt(9+x^2)) < 1).  The displaced electrolyte moves with -(Vm/F) J and with the
 * frame, -U (1-xi) (carry), and takes s_f along. */
PF_CELL pf_flux pf_face_flux(const pf_electrolyte *l, const pf_electrolyte *r, double phi_l, double phi_r, double s_l,
                             double s_r, double e, double film, double carry) {
  pf_flux f;
  const double dphi = phi_r - phi_l, ds = s_r - s_l;
  if (!(l->anion_share > 0) || !(r->anion_share > 0)) {
    double d_l, d_r;
    const double k_l = pf_total_conductance(l, s_l, &d_l), k_r = pf_total_conductance(r, s_r, &d_r);
    const double sum = k_l + k_r, mean = sum > 0 ? 2 * k_l * k_r / sum : 0;
    const double series = e / (1 + e * mean * film);
    f.j = -mean * series * dphi;
    f.j_p = -mean * series;
    const double outer = sum > 0 ? -2 * series * dphi / (sum * sum) : 0;
    f.j_l = outer * k_r * k_r * d_l;
    f.j_r = outer * k_l * k_l * d_r;
    f.n = f.n_p = f.n_l = f.n_r = 0;
    return f;
  }
  const double k_s = pf_harmonic(l->conductance, r->conductance);
  const double k_c = pf_harmonic(l->single_ion_path, r->single_ion_path);
  const double diffusion = pf_harmonic(l->diffusion, r->diffusion);
  const double share = 0.5 * (l->anion_share + r->anion_share);
  const double volume = 0.5 * (l->salt_volume + r->salt_volume);
  double s_f, s_fp, s_fl, s_fr; /* s at the face and its derivatives to phi_R, s_L, s_R */
  double js, js_p, js_l, js_r;  /* J_s/e */
  if (l->follows_salt && r->follows_salt) {
    const double total = diffusion + 2 * share * share * k_s;
    const double x = total > 0 ? 0.5 * share * k_s * dphi / total : 0;
    const double root = 1 / sqrt(9 + x * x), lean = x * root;
    s_f = 0.5 * (s_l + s_r) - 0.5 * ds * lean;
    s_fp = total > 0 ? -0.5 * ds * 9 * root * root * root * 0.5 * share * k_s / total : 0;
    s_fl = 0.5 * (1 + lean);
    s_fr = 0.5 * (1 - lean);
    js = -k_s * (s_f * dphi - 2 * share * ds);
    js_p = -k_s * (s_f + s_fp * dphi);
    js_l = -k_s * (s_fl * dphi + 2 * share);
    js_r = -k_s * (s_fr * dphi - 2 * share);
  } else {
    const double safe_l = s_l > 1e-9 ? s_l : 1e-9, safe_r = s_r > 1e-9 ? s_r : 1e-9;
    s_f = 0.5 * (s_l + s_r);
    s_fp = 0;
    s_fl = s_fr = 0.5;
    js = -k_s * (dphi - 2 * share * log(safe_r / safe_l));
    js_p = -k_s;
    js_l = -2 * share * k_s / safe_l;
    js_r = 2 * share * k_s / safe_r;
  }
  const double series = e / (1 + e * (k_s * s_f + k_c) * film);
  f.j = series * (js - k_c * dphi);
  f.j_p = series * (js_p - k_c);
  f.j_l = series * js_l;
  f.j_r = series * js_r;
  f.n = -e * diffusion * ds - share * series * js - s_f * (volume * f.j + carry);
  f.n_p = -share * series * js_p - s_f * volume * f.j_p - s_fp * (volume * f.j + carry);
  f.n_l = e * diffusion - share * series * js_l - s_f * volume * f.j_l - s_fl * (volume * f.j + carry);
  f.n_r = -e * diffusion - share * series * js_r - s_f * volume * f.j_r - s_fr * (volume * f.j + carry);
  return f;
}

/* ---- The reaction of a cell ---- */

/* Weight h times w of (1) for a sign of the current. */
PF_CELL double pf_reaction_weight(double i, double deposition, double xi, double eps) {
  if (i > 0) return deposition;
  const double dissolution = xi * (1 - xi) / eps;
  return dissolution > 0 ? dissolution : 0;
}

/* What the reaction needs of the fields. */
#define PF_REACTION_FIELDS(IN, VAL)                                                                           \
  IN(double, xi) IN(double, phi) IN(double, s) IN(double, weight) IN(double, curvature) IN(uint8_t, material) \
      IN(uint8_t, owner) IN(double, hotspot) IN(pf_params, params) VAL(double, voltage) VAL(double, voltage_working)

/* r h^2-scaled of (1) in a cell, its current density i_n, and derivatives to phi and s.  hotspot: [nz][ny], factor on
 * the working electrode's exchange current. */
typedef struct pf_local_current {
  double r, r_p, r_s, i;
} pf_local_current;
PF_CELL pf_local_current pf_reaction_of_cell(const pf_params *params, double xi, double phi, double s, double weight,
                                            double curvature, int material, int owner, double hotspot, double voltage,
                                            double voltage_working) {
  pf_local_current out = {0, 0, 0, 0};
  if (!(owner == PF_WORKING || owner == PF_COUNTER)) return out;
  if (!(weight > 0) && !(xi * (1 - xi) > 1e-7)) return out;
  const pf_electrolyte *m = &params->material[material];
  const pf_kinetics kinetics =
      pf_kinetics_of(m, &params->electrode[owner == PF_COUNTER], owner == PF_WORKING ? hotspot : 1);
  const double metal = owner == PF_COUNTER ? voltage : voltage_working;
  const pf_current c = pf_reaction(&kinetics, phi - metal - params->capillary * curvature, s);
  const double w = pf_reaction_weight(c.i, weight, xi, params->eps);
  out.r = w * c.i;
  out.r_p = w * c.d_eta;
  out.r_s = w * c.d_s;
  out.i = c.i;
  return out;
}
#define PF_REACTION_OF_CELL(k, at)                                                                                 \
  pf_reaction_of_cell((k)->params, (k)->xi[(at).c], (k)->phi[(at).c], (k)->s[(at).c], (k)->weight[(at).c],         \
                      (k)->curvature[(at).c], (k)->material[(at).c], (k)->owner[(at).c], (k)->hotspot[(at).row], \
                      (k)->voltage, (k)->voltage_working)

/* Lithium deposited on the face x = Lx, in the last cell of a row, zero in others. */
PF_CELL pf_current pf_counter_face(const pf_params *params, int last, double phi, double s, int material,
                                   double voltage, double *salt_at_face) {
  pf_current c = {0, 0, 0};
  *salt_at_face = s;
  if (!last || params->counter == PF_COUNTER_RESOLVED) return c;
  const pf_electrolyte *m = &params->material[material];
  if (params->counter == PF_COUNTER_IDEAL) {
    double d_s;
    const double k = pf_total_conductance(m, s, &d_s);
    c.i = 2 * k * (phi - voltage);
    c.d_eta = 2 * k;
    c.d_s = 2 * d_s * (phi - voltage);
    return c;
  }
  const pf_kinetics kinetics = pf_kinetics_of(m, &params->electrode[1], 1);
  return pf_face_reaction(&kinetics, m, phi, s, voltage, salt_at_face);
}

/* ---- Residual and Jacobian ---- */

/* Components of the stored Jacobian: per direction the face at the lower side of a cell, [6][cells], and the cell's own
 * part [4][cells] (rows charge, salt; columns phi, s), single precision. */
enum { PF_JP, PF_JL, PF_JR, PF_NP, PF_NL, PF_NR, PF_FACE_PARTS };

#define PF_ARGS_newton(IN, OUT, VAR, VAL)                                                                          \
  PF_REACTION_FIELDS(IN, VAL)                                                                                      \
  IN(double, s_0) IN(double, film_x) OUT(double, reaction) OUT(float, rhs) OUT(float, fx) OUT(float, fy)           \
      OUT(float, fz) OUT(float, own) OUT(float, border) VAL(ptrdiff_t, cells) VAL(int, nx) VAL(double, per_dt)     \
          VAL(double, growth_dt) VAL(double, shift_dt) VAL(double, carry)
PF_ARGS(newton);

PF_CELL pf_flux pf_newton_face(const pf_newton_args *k, ptrdiff_t a, ptrdiff_t b, double film, double carry) {
  const double e = 0.5 * ((1 - k->xi[a]) + (1 - k->xi[b]));
  const pf_electrolyte *l = &k->params->material[k->material[a]], *r = &k->params->material[k->material[b]];
  return pf_face_flux(l, r, k->phi[a], k->phi[b], k->s[a], k->s[b], e + k->params->floor, film,
                      carry * e * 0.5 * (l->capacity + r->capacity));
}

PF_CELL void pf_store_face(float *to, ptrdiff_t cells, ptrdiff_t c, const pf_flux *f, double salt) {
  to[PF_JP * cells + c] = (float)(f->j_p);
  to[PF_JL * cells + c] = (float)(f->j_l);
  to[PF_JR * cells + c] = (float)(f->j_r);
  to[PF_NP * cells + c] = (float)(salt * f->n_p);
  to[PF_NL * cells + c] = (float)(salt * f->n_l);
  to[PF_NR * cells + c] = (float)(salt * f->n_r);
}

/* Sums: |R_1|, |R_2|, current of the working electrode, of the counter electrode. */
PF_CELL pf_sums pf_cell_newton(const pf_newton_args *k, pf_at at) {
  const ptrdiff_t c = at.c, n = k->cells;
  const pf_params *params = k->params;
  const pf_electrolyte *m = &params->material[k->material[c]];
  const double xi = k->xi[c], s = k->s[c];
  const pf_local_current r = PF_REACTION_OF_CELL(k, at);
  double charge = r.r, anions = 0;
  double own[4] = {r.r_p, r.r_s, 0, 0};
  double border = k->owner[c] == PF_COUNTER ? -r.r_p : 0, border_salt = 0;
  double working = k->owner[c] == PF_WORKING ? r.r : 0, counter = k->owner[c] == PF_COUNTER ? r.r : 0;
  /* faces in x, y, z; only the lower one is stored; per_dt 0: the salt is frozen */
  const double salt = k->per_dt > 0 ? 1 : 0;
  if (at.xm) {
    const pf_flux f = pf_newton_face(k, c - 1, c, k->film_x ? k->film_x[at.i] : 0, k->carry);
    charge -= f.j;
    anions -= f.n;
    pf_store_face(k->fx, n, c, &f, salt);
  } else {
    const pf_flux zero = {0, 0, 0, 0, 0, 0, 0, 0};
    pf_store_face(k->fx, n, c, &zero, 0);
    if (k->carry < 0 || k->carry > 0) anions += k->carry * m->capacity * (1 - xi) * s;
  }
  if (at.xp) {
    const pf_flux f = pf_newton_face(k, c, c + 1, k->film_x ? k->film_x[at.i + 1] : 0, k->carry);
    charge += f.j;
    anions += f.n;
  }
  if (at.ym) {
    const pf_flux f = pf_newton_face(k, c + at.ym, c, 0, 0), g = pf_newton_face(k, c, c + at.yp, 0, 0);
    charge += g.j - f.j;
    anions += g.n - f.n;
    pf_store_face(k->fy, n, c, &f, salt);
  }
  if (at.zm) {
    const pf_flux f = pf_newton_face(k, c + at.zm, c, 0, 0), g = pf_newton_face(k, c, c + at.zp, 0, 0);
    charge += g.j - f.j;
    anions += g.n - f.n;
    pf_store_face(k->fz, n, c, &f, salt);
  }
  /* x = Lx as counter electrode: cations leave with the reaction, anions only with the displaced electrolyte */
  if (!at.xp && params->counter != PF_COUNTER_RESOLVED) {
    double s_f;
    const pf_current f = pf_counter_face(params, 1, k->phi[c], s, k->material[c], k->voltage, &s_f);
    charge += f.i;
    own[0] += f.d_eta;
    own[1] += f.d_s;
    border -= f.d_eta;
    counter += f.i;
    if (m->anion_share > 0) {
      const double moved = m->salt_volume * f.i + k->carry * m->capacity * (1 - xi);
      anions -= s * moved;
      own[2] -= s * m->salt_volume * f.d_eta;
      own[3] -= moved + s * m->salt_volume * f.d_s;
      border_salt += s * m->salt_volume * f.d_eta;
    }
  } else if (!at.xp && (k->carry < 0 || k->carry > 0)) {
    anions -= k->carry * m->capacity * (1 - xi) * s;
  }
  const int frozen = !(k->per_dt > 0);
  if (m->anion_share > 0 && !frozen) {
    const int grows = m->enters;
    const double gain = (grows ? k->growth_dt * r.r : 0) + pf_frame_gain(k->xi, at, k->shift_dt);
    const double rate = m->capacity * k->per_dt;
    anions += rate * ((1 - xi - gain) * s - (1 - xi) * k->s_0[c]);
    own[3] += rate * (1 - xi - gain);
    if (grows) {
      own[2] -= rate * s * k->growth_dt * r.r_p;
      own[3] -= rate * s * k->growth_dt * r.r_s;
      border_salt += rate * s * k->growth_dt * (k->owner[c] == PF_COUNTER ? r.r_p : 0);
    }
  } else { /* a single ion, or the salt as it is: ds = 0 */
    anions = 0;
    own[2] = 0;
    own[3] = 1;
    border_salt = 0;
  }
  k->reaction[c] = r.r;
  k->rhs[c] = (float)-charge;
  k->rhs[n + c] = (float)-anions;
  k->border[c] = (float)-border;
  k->border[n + c] = (float)-border_salt;
  for (int q = 0; q < 4; q++) k->own[q * n + c] = (float)own[q];
  const pf_sums sums = {{fabs(charge), fabs(anions), working, counter}};
  return sums;
}

/* Reaction alone, with both metals' potentials as given (last, scalar Newton step: r moves the interface and nothing
 * else does): r [cells]; sums: working current and its derivative to the electrode's potential, the counter's. */
#define PF_ARGS_react(IN, OUT, VAR, VAL) \
  PF_REACTION_FIELDS(IN, VAL) OUT(double, reaction)
PF_ARGS(react);
PF_CELL pf_sums pf_cell_react(const pf_react_args *k, pf_at at) {
  const pf_local_current r = PF_REACTION_OF_CELL(k, at);
  const int working = k->owner[at.c] == PF_WORKING;
  k->reaction[at.c] = r.r;
  double s_f;
  const pf_current f =
      pf_counter_face(k->params, !at.xp, k->phi[at.c], k->s[at.c], k->material[at.c], k->voltage, &s_f);
  const pf_sums sums = {{working ? r.r : 0, working ? -r.r_p : 0, (working ? 0 : r.r) + f.i,
                         (working ? 0 : -r.r_p) - f.d_eta}};
  return sums;
}

/* Newton's update with damping: |d phi| <= 4 RT/F where lithium reacts, s never below a twentieth of itself.
 * du: [2][cells], sensitivity: d u/d voltage. */
#define PF_ARGS_update(IN, OUT, VAR, VAL)                                                                      \
  VAR(double, phi) VAR(double, s) IN(float, du) IN(float, sensitivity) IN(double, weight) IN(uint8_t, material) \
      IN(pf_params, params) VAL(double, d_voltage) VAL(ptrdiff_t, cells)
PF_ARGS(update);
PF_CELL void pf_cell_update(const pf_update_args *k, pf_at at) {
  const ptrdiff_t c = at.c;
  double d_phi = (double)k->du[c] + k->d_voltage * (double)k->sensitivity[c];
  const double d_s = (double)k->du[k->cells + c] + k->d_voltage * (double)k->sensitivity[k->cells + c];
  if (k->weight[c] > 1e-3) d_phi = d_phi > 4 ? 4 : d_phi < -4 ? -4 : d_phi;
  k->phi[c] += d_phi;
  if (k->params->material[k->material[c]].anion_share > 0) {
    const double s = k->s[c] + d_s, least = 0.05 * k->s[c];
    k->s[c] = s > least ? s : least;
  }
}

/* The last step's rates of change, and the start of the next step that follows from them. */
#define PF_ARGS_remember(IN, OUT, VAR, VAL)                                                         \
  IN(double, phi) IN(double, phi_start) IN(double, s) IN(double, s_start) OUT(float, rate)          \
      VAL(double, per_dt) VAL(ptrdiff_t, cells)
PF_ARGS(remember);
PF_CELL void pf_cell_remember(const pf_remember_args *k, pf_at at) {
  k->rate[at.c] = (float)((k->phi[at.c] - k->phi_start[at.c]) * k->per_dt);
  k->rate[k->cells + at.c] = (float)((k->s[at.c] - k->s_start[at.c]) * k->per_dt);
}
#define PF_ARGS_predict(IN, OUT, VAR, VAL) \
  VAR(double, phi) VAR(double, s) IN(float, rate) VAL(double, dt) VAL(ptrdiff_t, cells)
PF_ARGS(predict);
PF_CELL void pf_cell_predict(const pf_predict_args *k, pf_at at) {
  k->phi[at.c] += k->dt * (double)k->rate[at.c];
  const double s = k->s[at.c] + k->dt * (double)k->rate[k->cells + at.c], least = 0.5 * k->s[at.c];
  k->s[at.c] = s > least ? s : least;
}

#define PF_KERNELS_TRANSPORT(MAP, SWEEP, SUM, MAX) SUM(newton) SUM(react) MAP(update) MAP(remember) MAP(predict)

#endif
