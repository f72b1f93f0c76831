/* cell_reaction.h: Butler-Volmer kinetics (1)-(3) with mass transfer (2b), in the scaled numbers of pf_params.h. */
#ifndef PF_CELL_REACTION_H
#define PF_CELL_REACTION_H

#include <math.h>

#include "pf_kernel.h"
#include "pf_params.h"

/* A current density and its derivatives. */
typedef struct pf_current {
  double i;     /* scaled current density, > 0 deposits lithium */
  double d_eta; /* its derivatives to the overpotential (RT/F) and the salt c/c0 */
  double d_s;
} pf_current;

/* The electrode's kinetics at one place. */
typedef struct pf_kinetics {
  double exchange; /* scaled i0 at c = c0, hot spot included */
  double alpha;
  double film;     /* scaled R_film */
  double share;    /* w: share of the single-ion path in the exchange current */
  double transfer; /* (1-t+) l/(h diffusion), 0 for a single ion */
  int32_t salty;   /* the exchange current follows the salt */
} pf_kinetics;

PF_CELL pf_kinetics pf_kinetics_of(const pf_electrolyte *m, const pf_electrode *electrode, double factor) {
  pf_kinetics k;
  k.exchange = factor * (electrode->exchange >= 0 ? electrode->exchange : m->exchange);
  k.alpha = electrode->exchange >= 0 ? electrode->alpha : m->alpha;
  k.film = m->film + electrode->film;
  k.salty = m->anion_share > 0;
  k.share = k.salty ? m->single_ion_path / (m->conductance + m->single_ion_path) : 1;
  k.transfer = m->transfer;
  return k;
}

/* exp, straight on beyond 40: a Newton step that shoots too far finds its way back. */
PF_CELL double pf_exp(double x, double *derivative) {
  const double top = 40;
  if (x <= top) return *derivative = exp(x);
  *derivative = exp(top);
  return *derivative * (1 + x - top);
}

/* (2) with (2b) for an overpotential behind the film.
 *   i = i0 { (1-w) s^(1-a) [e^(a eta) - e^(-(1-a) eta)] / (1 + b) + w [e^(a eta) - e^(-(1-a) eta)] },
 *   b = i0 (1-w) s^(-a) e^(a eta) (1-t+) l/(F D c0).
 * (2b) limits what comes out of the salt; the single-ion share w cannot be depleted and is not limited. */
PF_CELL pf_current pf_butler_volmer(const pf_kinetics *k, double eta, double s) {
  double d_forward, d_backward;
  const double a = k->alpha;
  const double forward = pf_exp(a * eta, &d_forward), backward = pf_exp(-(1 - a) * eta, &d_backward);
  const double net = forward - backward, d_net = a * d_forward + (1 - a) * d_backward;
  pf_current r;
  r.i = k->exchange * k->share * net;
  r.d_eta = k->exchange * k->share * d_net;
  r.d_s = 0;
  if (k->salty) {
    const double safe = s > 1e-12 ? s : 1e-12;
    const double power = a == 0.5 ? 1 / sqrt(safe) : pow(safe, -a); /* s^(-a) */
    const double i0 = k->exchange * (1 - k->share);
    const double b = i0 * power * forward * k->transfer;
    const double d_b = i0 * power * a * d_forward * k->transfer;
    const double top = i0 * power * safe, below = 1 / (1 + b);
    r.i += top * net * below;
    r.d_eta += top * below * (d_net - net * d_b * below);
    /* d/ds: s^(1-a) gives (1-a)/s, b gives -a b/s */
    r.d_s = top * net * below * ((1 - a) + a * b * below) / safe;
  }
  return r;
}

/* The same behind a film: i = BV(eta - R i), by Newton's method on i; eta: overpotential of metal, film and interface
 * together.  BV grows with its eta, so the root is unique; bisection keeps the steps inside. */
PF_CELL pf_current pf_reaction(const pf_kinetics *k, double eta, double s) {
  pf_current r = pf_butler_volmer(k, eta, s);
  if (!(k->film > 0)) return r;
  /* in x = overpotential behind the film: x + R BV(x) = eta, x between 0 and eta */
  double low = eta < 0 ? eta : 0, high = eta < 0 ? 0 : eta, x = eta / (1 + k->film * pf_butler_volmer(k, 0, s).d_eta);
  double before = high - low; /* length of the last step */
  for (int n = 0; n < 120; n++) {
    r = pf_butler_volmer(k, x, s);
    const double g = x + k->film * r.i - eta;
    if (g > 0) {
      high = x;
    } else {
      low = x;
    }
    const double step = -g / (1 + k->film * r.d_eta);
    double next = x + step;
    /* where mass transfer limits, BV is steep and then flat: Newton's method alone would jump to and fro */
    if (!(next >= low && next <= high) || fabs(step) > 0.5 * before) next = 0.5 * (low + high);
    before = fabs(next - x);
    if (before <= 1e-15 * (1 + fabs(x))) break;
    x = next;
  }
  const double slope = 1 / (1 + k->film * r.d_eta);
  r.d_eta *= slope;
  r.d_s *= slope;
  return r;
}

/* The face x = Lx as counter electrode: the last cell's potential and salt, half a cell away, and the electrode's
 * potential.  Lithium ions leave the electrolyte with i = i_s + i_c (salt and single-ion path); anions stay, so salt and
 * potential fall over the half cell:
 *   s_f = s - i_s (1-t+)/(2 diffusion),  i = 2 [(K s_m + K_c)(phi - phi_f) + 2 (1-t+) K (s_f - s)],  s_m = (s + s_f)/2.
 * d_eta is the derivative to the potential of the cell (minus that to the electrode's). */
PF_CELL pf_current pf_face_reaction(const pf_kinetics *k, const pf_electrolyte *m, double phi, double s,
                                    double electrode, double *salt_at_face) {
  const int salty = m->anion_share > 0, follows = m->follows_salt && salty;
  double slope_s = 0; /* d s_f/d i; the single-ion path's share is that at s */
  if (salty) {
    const double safe = s > 1e-9 ? s : 1e-9;
    const double beside = m->single_ion_path / (m->conductance * (follows ? safe : 1) + m->single_ion_path);
    const double through = 2 * m->anion_share * m->conductance * (follows ? 1 : 1 / safe);
    slope_s = -0.5 * m->anion_share * (1 - beside) / (m->diffusion + m->anion_share * beside * through);
  }
  double i = 0;
  pf_current r = {0, 0, 0};
  double d_phi = 1, d_s = 0;
  double low = -1e300, high = 1e300, s_f = s;
  for (int n = 0; n < 100; n++) {
    s_f = s + slope_s * i;
    if (!(s_f > 1e-9)) s_f = 1e-9;
    const int near = s_f < 2 * s; /* a first guess far off meets no half cell that conducts ever better */
    const double s_m = !salty ? 1 : near ? 0.5 * (s + s_f) : 1.5 * s;
    const double carries = m->conductance * (follows ? s_m : 1) + m->single_ion_path;
    const double through = salty ? 2 * m->anion_share * m->conductance * (follows ? 1 : 1 / s_m) : 0;
    const double drop = (through * (s_f - s) - 0.5 * i) / carries; /* phi_f - phi */
    r = pf_reaction(k, phi + drop - electrode, s_f);
    const double g = r.i - i; /* falls with i */
    if (g > 0) {
      low = i;
    } else {
      high = i;
    }
    /* the half cell conducts as s_m does */
    const double drop_m = salty ? -(follows ? m->conductance * drop : through * (s_f - s) / s_m) / carries : 0;
    const double drop_i = (through * slope_s - 0.5) / carries + (near ? 0.5 * drop_m * slope_s : 0);
    const double slope = r.d_eta * drop_i + r.d_s * slope_s - 1;
    d_phi = 1 / -slope;
    d_s = (r.d_eta * drop_m * (near ? 1 : 1.5) + r.d_s) / -slope;
    double next = i - g / slope;
    if (!(next >= low && next <= high)) next = 0.5 * (low + high);
    if (fabs(next - i) <= 1e-14 * (1e-6 + fabs(i))) {
      i = next;
      break;
    }
    i = next;
  }
  *salt_at_face = s_f;
  const pf_current out = {i, r.d_eta * d_phi, d_s};
  return out;
}

#endif
