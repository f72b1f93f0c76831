/* t520_protocol: what drives the cell when, the events, and the critical currents that come of them. */
#include <math.h>
#include <string.h>

#include "measure.h"
#include "pf_constants.h"
#include "physics.h"
#include "protocol.h"

#define CELL \
  "&grid cells=100 spacing_um=1 /\n&lithium thickness_um=30 counter_kinetics=.false. surface_energy_J_m2=0 /\n"
#define LAYER "&layer ionic_conductivity_S_cm=3e-3 exchange_current_mA_cm2=0.1 "

static bool config(pf_config *cfg, const char *protocol) {
  char text[1024];
  snprintf(text, sizeof text, CELL LAYER "/\n&protocol %s /\n", protocol);
  pf_report report = {0};
  const pf_status status = pf_config_parse("t.nml", text, strlen(text), NULL, 0, cfg, &report);
  if (status != PF_OK) pf_report_print(&report, stdout);
  pf_report_free(&report);
  return status == PF_OK;
}

static void expect(const pf_config *cfg, int n, double current, double length_s, int half_cycle, bool rest) {
  pf_phase phase;
  CU_ASSERT_FATAL(pf_protocol_phase(cfg, n, &phase));
  PF_ASSERT_WITHIN(phase.current_mA_cm2, current, 1e-12);
  PF_ASSERT_NEAR(phase.length_s, length_s, 1e-12);
  CU_ASSERT_EQUAL(phase.half_cycle, half_cycle);
  CU_ASSERT_EQUAL(phase.rest, rest);
}

static void phases_of_cycling(void) {
  pf_config cfg;
  pf_phase phase;
  CU_ASSERT_FATAL(config(&cfg, "mode='cycling' current_mA_cm2=2 half_cycle_h=0.5 cycles=2 rest_h=0.1"));
  expect(&cfg, 0, 2, 1800, 1, false);
  expect(&cfg, 1, 0, 360, 1, true);
  expect(&cfg, 2, -2, 1800, 2, false);
  expect(&cfg, 7, 0, 360, 4, true);
  CU_ASSERT_FALSE(pf_protocol_phase(&cfg, 8, &phase));
  pf_config_free(&cfg);
  CU_ASSERT_FATAL(
      config(&cfg, "mode='cycling' current_mA_cm2=2 capacity_mAh_cm2=0.5 cycles=1 first_half_cycle='strip'"));
  expect(&cfg, 0, -2, 900, 1, false);
  expect(&cfg, 1, 2, 900, 2, false);
  CU_ASSERT_FALSE(pf_protocol_phase(&cfg, 2, &phase));
  pf_config_free(&cfg);
}

static void phases_of_ladders(void) {
  pf_config cfg;
  pf_phase phase;
  CU_ASSERT_FATAL(config(&cfg,
                         "mode='ccd_constant_time' half_cycle_h=1 ccd_start_mA_cm2=0.1 ccd_step_mA_cm2=0.1 "
                         "ccd_stop_mA_cm2=0.3"));
  expect(&cfg, 0, 0.1, 3600, 1, false);
  expect(&cfg, 1, -0.1, 3600, 2, false);
  expect(&cfg, 4, 0.3, 3600, 5, false);
  expect(&cfg, 5, -0.3, 3600, 6, false);
  CU_ASSERT_FALSE(pf_protocol_phase(&cfg, 6, &phase)); /* 0.1 + 2 x 0.1 is 0.30000000000000004: still the last rung */
  pf_config_free(&cfg);
  CU_ASSERT_FATAL(config(&cfg,
                         "mode='ccd_constant_capacity' capacity_mAh_cm2=1 ccd_start_mA_cm2=0.5 "
                         "ccd_step_mA_cm2=0.5 ccd_stop_mA_cm2=1"));
  expect(&cfg, 0, 0.5, 7200, 1, false);
  expect(&cfg, 3, -1, 3600, 4, false);
  pf_config_free(&cfg);
}

/* Runs a protocol as run.c does. */
static void carry_out(pf_physics *p, pf_protocol *protocol) {
  pf_history_row row;
  pf_step_report step;
  pf_protocol_make(&p->cfg, &p->scenario.scales, &p->scenario.grid, protocol);
  PF_ASSERT_OK_FATAL(pf_step_start(p->state, &protocol->drive, &step));
  while (!pf_protocol_done(protocol, p->state->time)) {
    PF_ASSERT_OK_FATAL(pf_step(p->state, &p->control, &protocol->drive, protocol->phase_end_s - p->state->time, &step));
    PF_ASSERT_OK_FATAL(pf_measure_row(p->state, &row));
    PF_ASSERT_OK_FATAL(pf_protocol_observe(protocol, p->state, step.limited, &row));
    if (pf_protocol_advance(protocol, p->state->time)) pf_state_forget(p->state);
  }
}

/* Plating and stripping the same charge brings the lithium back, with rests between; no current flows at rest. */
static void a_cycle_closes(void) {
  pf_physics *p = pf_physics_open("%s", CELL LAYER
                                  "/ &protocol mode='cycling' current_mA_cm2=1 half_cycle_h=0.2 "
                                  "rest_h=0.05 cycles=2 / &solver time_step_max_s=60 /");
  if (!p) return;
  pf_protocol protocol;
  carry_out(p, &protocol);
  pf_history_row row;
  PF_ASSERT_OK(pf_measure_row(p->state, &row));
  PF_ASSERT_NEAR(row.time_s, 3600.0, 1e-9);
  PF_ASSERT_WITHIN(row.deposited_um, 0, 1e-10);
  PF_ASSERT_WITHIN(row.current_mA_cm2, 0, 1e-9);
  PF_ASSERT_WITHIN(row.front_mean_um, 30, 0.02);
  PF_ASSERT_NEAR(protocol.charge_mAh_cm2, 0.8, 1e-9);
  CU_ASSERT_EQUAL(protocol.phase.half_cycle, 4);
  CU_ASSERT_EQUAL(protocol.events, 0);
  pf_physics_close(p);
}

/* (12): eta_c = K_IC Vm/(F Y sqrt(pi a)), and the current at which a planar cell reaches it. */
static void fracture(void) {
  static const struct { double depth_um, eta_mV; } row[] = {{0.1, 215}, {1, 68}, {10, 21}, {100, 6.8}};
  for (size_t n = 0; n < sizeof row / sizeof *row; n++) {
    const double exact = 1e6 * 1.3e-5 / (PF_FARADAY * 1.12 * sqrt(3.14159265358979 * row[n].depth_um * 1e-6)) * 1e3;
    PF_ASSERT_NEAR(exact, row[n].eta_mV, 0.025); /* the printed figures */
    pf_physics *p = pf_physics_open(CELL LAYER "fracture_toughness_MPa_m05=1 flaw_depth_um=%.17g /", row[n].depth_um);
    if (!p) return;
    const double factor = p->scenario.scales.potential * 1e3;
    PF_ASSERT_NEAR(p->scenario.params.material[0].fracture * factor, exact, 1e-9);
    /* i = 2 i0 sinh(f eta/2): just below it survives, just above it does not */
    const double critical = 2 * 0.1 * sinh(0.5 * p->f * exact * 1e-3);
    double margin[2];
    for (int side = 0; side < 2; side++) {
      const pf_drive drive = pf_physics_current(p, critical * (side ? 1.002 : 0.998));
      if (!pf_physics_start(p, &drive)) break;
      PF_ASSERT_OK(pf_measure_fracture(p->state, &margin[side]));
    }
    /* the overpotential that belongs to 2/1000 of the current */
    const double room = 0.002 * tanh(0.5 * p->f * exact * 1e-3) / (0.5 * p->f * exact * 1e-3);
    PF_ASSERT_WITHIN(margin[0], 1 - room, 1e-3);
    PF_ASSERT_WITHIN(margin[1], 1 + room, 1e-3);
    pf_physics_close(p);
  }
}

/* The critical current of a planar ceramic is the first rung of the ladder above that of (12). */
static void fracture_on_a_ladder(void) {
  pf_physics *p = pf_physics_open("%s", CELL LAYER
                                  "fracture_toughness_MPa_m05=1 flaw_depth_um=10 / &protocol mode='ccd_constant_time' "
                                  "half_cycle_h=0.02 ccd_start_mA_cm2=0.02 ccd_step_mA_cm2=0.02 ccd_stop_mA_cm2=0.4 "
                                  "end_at='fracture' / &solver time_step_max_s=60 /");
  if (!p) return;
  pf_protocol protocol;
  carry_out(p, &protocol);
  const double eta = 1e6 * 1.3e-5 / (PF_FARADAY * 1.12 * sqrt(3.14159265358979 * 1e-5));
  const double critical = 2 * 0.1 * sinh(0.5 * p->f * eta);
  CU_ASSERT_EQUAL(protocol.ended, PF_EVENT_FRACTURE);
  CU_ASSERT(protocol.ccd[PF_EVENT_FRACTURE].reached);
  PF_ASSERT_NEAR(protocol.ccd[PF_EVENT_FRACTURE].failed_mA_cm2, 0.02 * ceil(critical / 0.02), 1e-9);
  PF_ASSERT_NEAR(protocol.ccd[PF_EVENT_FRACTURE].survived_mA_cm2, 0.02 * floor(critical / 0.02), 1e-9);
  pf_physics_close(p);
}

/* Constant time, LATP-LE: the paper's cell fails at 0.8 mA/cm2, and so does a sum of one-dimensional diffusion. */
static void critical_current(void) {
  pf_physics *p = pf_physics_open(
      "%s",
      "&grid cells=345 spacing_um=4 / &lithium thickness_um=40 counter_thickness_um=40 /"
      "&layer thickness_um=1300 ionic_conductivity_S_cm=4.48e-4 transference_number=0.21 exchange_current_mA_cm2=0.01 "
      "salt_concentration_mol_L=1 diffusivity_cm2_s=1.13e-7 /"
      "&protocol mode='ccd_constant_time' half_cycle_h=1 ccd_start_mA_cm2=0.1 ccd_step_mA_cm2=0.1 ccd_stop_mA_cm2=2 "
      "voltage_limit_mV=2000 end_at='depletion','voltage_limit' / &solver time_step_max_s=60 /");
  if (!p) return;
  pf_protocol protocol;
  carry_out(p, &protocol);
  CU_ASSERT_EQUAL(protocol.ended, PF_EVENT_DEPLETION);
  PF_ASSERT_NEAR(protocol.ccd[PF_EVENT_DEPLETION].failed_mA_cm2, 0.8, 1e-9);
  PF_ASSERT_NEAR(protocol.ccd[PF_EVENT_DEPLETION].survived_mA_cm2, 0.7, 1e-9);
  CU_ASSERT_FALSE(protocol.ccd[PF_EVENT_VOLTAGE_LIMIT].reached);
  PF_ASSERT_AT_MOST(p->state->faraday_error, 1e-10);
  PF_ASSERT_AT_MOST(p->state->salt_error, 1e-8);
  pf_physics_close(p);
}

/* The electrode that strips is used up: all of its lithium but a layer whose profile ends at xi = 1/2 has gone, whichever
 * electrode it is; an electrode whose lithium comes from beyond the grid lasts. */
static void exhaustion(void) {
  static const struct {
    double working_um, counter_um, current;
    const char *frame;
    bool ends;
  } row[] = {{20, 4, 2, "grid", true}, {4, 20, -2, "grid", true}, {20, 4, 2, "stack", false}};
  for (size_t n = 0; n < sizeof row / sizeof *row; n++) {
    pf_physics *p = pf_physics_open(
        "&grid cells=60 spacing_um=1 /\n&lithium thickness_um=%g counter_thickness_um=%g /\n&model frame='%s' /\n" LAYER
        "/\n&protocol mode='galvanostatic' current_mA_cm2=%g duration_h=1 /",
        row[n].working_um, row[n].counter_um, row[n].frame, row[n].current);
    if (!p) return;
    pf_protocol protocol;
    carry_out(p, &protocol);
    CU_ASSERT_EQUAL(protocol.ended, row[n].ends ? (int)PF_EVENT_EXHAUSTION : -1);
    CU_ASSERT_EQUAL(protocol.events, row[n].ends);
    const double left = 4 - fabs(p->state->lithium_passed[0]), one_step = p->state->speed * p->state->dt;
    if (row[n].ends) PF_ASSERT_AT_MOST(left, p->state->params.eps * log(2) + 1e-3);
    if (row[n].ends) PF_ASSERT_AT_LEAST(left, p->state->params.eps * log(2) - one_step - 1e-3);
    pf_physics_close(p);
  }
}

void t520_protocol(void);
void t520_protocol(void) {
  pf_test_suite("protocol", (pf_test[]){{"the phases of cycling", phases_of_cycling},
                                        {"the phases of the ladders", phases_of_ladders},
                                        {"a cycle closes", a_cycle_closes},
                                        {"an electrode is used up", exhaustion},
                                        {"overpotential of fracture", fracture},
                                        {"fracture on a ladder", fracture_on_a_ladder},
                                        {"critical current of LATP-LE", critical_current}});
}
