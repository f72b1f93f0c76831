/* t110_config.c: the meaning of the input: every check with its place, the defaults, --set, the echo, the help, and the
 * command line. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "config.h"
#include "test.h"

static pf_config cfg;
static pf_report report;

/* A cell that is right, one group a line. */
#define GRID "&grid cells=64,16 spacing_um=1 /\n"
#define LITHIUM "&lithium thickness_um=10 /\n"
#define LAYER "&layer ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 /\n"
#define PROTOCOL "&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=1 /\n"
#define CELL GRID LITHIUM LAYER PROTOCOL

static pf_status parse(const char *text, const char *const *sets) {
  int n = 0;
  while (sets && sets[n]) n++;
  report = (pf_report){0};
  return pf_config_parse("t.nml", text, strlen(text), sets, n, &cfg, &report);
}

static void done(void) {
  pf_config_free(&cfg);
  pf_report_free(&report);
}

/* What a function prints, to be freed. */
static char *printed_report(void) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  pf_report_print(&report, out);
  fclose(out);
  return text;
}

static char *printed_config(void) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  pf_config_print(&cfg, out);
  fclose(out);
  return text;
}

/* The text makes just these messages, and the status that belongs to them. */
static void says(const char *text, const char *const *sets, const char *expected, int line) {
  const pf_status status = parse(text, sets);
  char *said = printed_report();
  const bool good = strcmp(said, expected) == 0;
  if (!good) fprintf(stderr, "\n%s:%d: found\n%sinstead of\n%s", __FILE__, line, said, expected);
  CU_assertImplementation(good, (unsigned)line, "the messages", __FILE__, "", CU_FALSE);
  CU_assertImplementation(status == (strstr(expected, ": error: ") ? PF_BAD_INPUT : PF_OK), (unsigned)line,
                          "the status", __FILE__, "", CU_FALSE);
  free(said);
  done();
}
#define SAYS(text, expected) says((text), NULL, (expected), __LINE__)
#define SETS_SAY(expected, ...) says(CELL, (const char *const[]){__VA_ARGS__, NULL}, (expected), __LINE__)
/* The text, words[0], with the sets after it is right. */
static void accept(const char *const *words, int line) {
  const pf_status status = parse(words[0], words + 1);
  if (status != PF_OK) pf_report_print(&report, stderr);
  CU_assertImplementation(status == PF_OK, (unsigned)line, "accepted", __FILE__, "", CU_FALSE);
}
#define ACCEPT(...) accept((const char *const[]){__VA_ARGS__, NULL}, __LINE__)

static void names_are_fixed(void) {
  static const char *const names[] = {
      "run title output_dir random_seed backend threads max_walltime_min max_steps",
      "grid cells spacing_um",
      "model interface interface_width_cells mass_transfer_length_um frame mechanics electrons",
      "conditions temperature_K stack_pressure_MPa",
      "lithium thickness_um counter_thickness_um counter_kinetics molar_volume_cm3_mol surface_energy_J_m2 "
      "exchange_current_anisotropy youngs_modulus_GPa poisson_ratio electronic_conductivity_S_cm yield_stress_MPa "
      "lithium_plasticity eigenstrain "
      "eigenstrain_form elastic_driving_force roughness_um roughness_length_um perturbation_um "
      "perturbation_wavelength_um seed_radius_um seeds",
      "layer name material thickness_um ionic_conductivity_S_cm single_ion_conductivity_S_cm "
      "electronic_conductivity_S_cm transference_number salt_concentration_mol_L diffusivity_cm2_s "
      "conductivity_follows_salt youngs_modulus_GPa poisson_ratio exchange_current_mA_cm2 transfer_coefficient "
      "film_resistance_ohm_cm2 solid lithium_can_enter fracture_toughness_MPa_m05 flaw_depth_um",
      "material name ionic_conductivity_S_cm single_ion_conductivity_S_cm electronic_conductivity_S_cm "
      "transference_number salt_concentration_mol_L diffusivity_cm2_s conductivity_follows_salt youngs_modulus_GPa "
      "poisson_ratio exchange_current_mA_cm2 transfer_coefficient film_resistance_ohm_cm2 solid lithium_can_enter "
      "fracture_toughness_MPa_m05 flaw_depth_um",
      "hotspot y_um z_um radius_um edge_um factor",
      "microstructure file grain_size_um boundary_width_um porosity pore_size_um grain_material boundary_material "
      "pore_material layer",
      "nucleation overpotential_mV rate_per_um3_h radius_um where",
      "protocol mode current_mA_cm2 voltage_mV duration_h cycles half_cycle_h capacity_mAh_cm2 rest_h first_half_cycle "
      "ccd_start_mA_cm2 ccd_step_mA_cm2 ccd_stop_mA_cm2 end_at voltage_limit_mV dendrite_length_um",
      "output snapshot_interval_h snapshot_count fields compression vtk history_interval_s checkpoint_interval_min",
      "solver cfl potential_tolerance mechanics_tolerance time_step_max_s precision",
      "allen_cahn L_sigma_m3_J_s L_eta_per_s kappa_J_m barrier_J_m3 anisotropy symmetry noise site_density_mol_L "
      "potential_steps",
      "benchmark problem end_time"};
  for (int g = 0; g < PF_GROUPS; g++) {
    char text[1024];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", pf_config_groups[g].name);
    for (int k = 0; k < pf_config_groups[g].keys; k++)
      n += (size_t)snprintf(text + n, sizeof text - n, " %s", pf_config_groups[g].key[k].name);
    CU_ASSERT_STRING_EQUAL(text, names[g]);
  }
}

static void defaults(void) {
  ACCEPT(CELL);
  CU_ASSERT_EQUAL(report.count, 0);
  CU_ASSERT_STRING_EQUAL(cfg.run.title, "t");
  CU_ASSERT_STRING_EQUAL(cfg.run.output_dir, "runs/t");
  CU_ASSERT_STRING_EQUAL(cfg.run.backend, "auto");
  CU_ASSERT_EQUAL(cfg.run.random_seed, 1);
  CU_ASSERT(isnan(cfg.run.max_walltime_min));
  CU_ASSERT_EQUAL(cfg.grid.cells[1], 16);
  CU_ASSERT_EQUAL(cfg.grid.cells[2], 1);
  CU_ASSERT_EQUAL(cfg.model.interface, PF_INTERFACE_REACTION);
  CU_ASSERT_EQUAL(cfg.model.frame, PF_FRAME_STACK); /* a single-ion layer is solid */
  CU_ASSERT_EQUAL(cfg.model.interface_width_cells, 4);
  CU_ASSERT_EQUAL(cfg.model.mass_transfer_length_um, 1);
  CU_ASSERT_FALSE(cfg.model.mechanics);
  CU_ASSERT_EQUAL(cfg.conditions.temperature_K, 298.15);
  CU_ASSERT_TRUE(cfg.lithium.counter_kinetics);
  CU_ASSERT_EQUAL(cfg.lithium.molar_volume_cm3_mol, 13);
  CU_ASSERT_EQUAL(cfg.lithium.surface_energy_J_m2, 0.5);
  CU_ASSERT_EQUAL(cfg.lithium.roughness_length_um, 16);
  CU_ASSERT_EQUAL(cfg.lithium.perturbation_wavelength_um, 16);
  CU_ASSERT_EQUAL(cfg.lithium.eigenstrain_form, PF_EIGENSTRAIN_NORMAL);
  CU_ASSERT_EQUAL(cfg.layers, 1);
  CU_ASSERT_STRING_EQUAL(cfg.layer[0].name, "layer1");
  CU_ASSERT_EQUAL(cfg.layer[0].thickness_um, 54);
  CU_ASSERT_EQUAL(cfg.layer[0].start_um, 10);
  CU_ASSERT_EQUAL(cfg.layer[0].end_um, 64);
  CU_ASSERT_FALSE(cfg.layer[0].film);
  CU_ASSERT_EQUAL(cfg.layer[0].properties.transference_number, 1);
  CU_ASSERT_EQUAL(cfg.layer[0].properties.transfer_coefficient, 0.5);
  CU_ASSERT_EQUAL(cfg.layer[0].properties.film_resistance_ohm_cm2, 0);
  CU_ASSERT_TRUE(cfg.layer[0].properties.solid && cfg.layer[0].properties.lithium_can_enter);
  CU_ASSERT(isnan(cfg.layer[0].properties.salt_concentration_mol_L));
  CU_ASSERT_EQUAL(cfg.protocol.mode, PF_MODE_GALVANOSTATIC);
  CU_ASSERT_STRING_EQUAL(cfg.protocol.end_at[0], "short");
  CU_ASSERT_STRING_EQUAL(cfg.protocol.end_at[1], "");
  CU_ASSERT_EQUAL(cfg.protocol.voltage_limit_mV, 1000);
  CU_ASSERT_EQUAL(cfg.output.snapshot_count, 10);
  CU_ASSERT_STRING_EQUAL(cfg.output.fields[0], "phase");
  CU_ASSERT_STRING_EQUAL(cfg.output.fields[1], "potential"); /* no layer has salt */
  CU_ASSERT_STRING_EQUAL(cfg.output.fields[2], "");
  CU_ASSERT_EQUAL(cfg.solver.cfl, 0.1);
  CU_ASSERT_EQUAL(cfg.solver.time_step_max_s, 20);
  CU_ASSERT_EQUAL(cfg.solver.potential_tolerance, 1e-6);
  CU_ASSERT_EQUAL(cfg.allen_cahn.site_density_mol_L, 76.4);
  CU_ASSERT_STRING_EQUAL(cfg.text, CELL);
  CU_ASSERT_EQUAL(cfg.text_size, strlen(CELL));
  CU_ASSERT_STRING_EQUAL(cfg.sets, "");
  CU_ASSERT_TRUE(pf_config_given(&cfg, "grid", 0, "cells"));
  CU_ASSERT_FALSE(pf_config_given(&cfg, "solver", 0, "cfl"));
  CU_ASSERT_FALSE(pf_config_given(&cfg, "solver", 0, "none"));
  CU_ASSERT_FALSE(pf_config_given(&cfg, "none", 0, "none"));
  done();
}

static void missing(void) {
  SAYS("",
       "t.nml:1:1: error: &grid: this group is missing, needed for: cells, spacing_um\n"
       "t.nml:1:1: error: &lithium: this group is missing, needed for: thickness_um\n"
       "t.nml:1:1: error: &layer: this group is missing, at least one is needed\n"
       "t.nml:1:1: error: &protocol: this group is missing, needed for: mode\n");
  SAYS("&grid cells=64 /\n&lithium /\n &layer /\n&protocol /\n",
       "t.nml:1:1: error: &grid spacing_um: not given, needed: a number in um from 1e-06 to 1e+06\n"
       "t.nml:2:1: error: &lithium thickness_um: not given, needed: a number in um, > 0\n"
       "t.nml:3:2: error: &layer ionic_conductivity_S_cm: not given, neither in layer 'layer1' nor in its &material; "
       "needed: every layer has one\n"
       "t.nml:3:2: error: &layer exchange_current_mA_cm2: not given, neither in layer 'layer1' nor in its &material; "
       "needed: lithium can touch this layer\n"
       "t.nml:4:1: error: &protocol mode: not given, needed: 'galvanostatic', 'potentiostatic', 'cycling', "
       "'ccd_constant_time', 'ccd_constant_capacity'\n");
  SAYS(GRID LITHIUM LAYER "&protocol mode='galvanostatic' /\n",
       "t.nml:4:1: error: &protocol current_mA_cm2: not given, mode 'galvanostatic' needs it: a number in mA/cm2 from "
       "-1e+06 to 1e+06\n"
       "t.nml:4:1: error: &protocol duration_h: not given, mode 'galvanostatic' needs it: a number in h from 1e-09 to "
       "1e+06\n");
  SAYS(GRID LITHIUM LAYER "&protocol mode='potentiostatic', duration_h=1 /\n",
       "t.nml:4:1: error: &protocol voltage_mV: not given, mode 'potentiostatic' needs it: a number in mV from -100000 "
       "to 100000\n");
  SAYS(CELL "&hotspot /\n&material /\n",
       "t.nml:5:1: error: &hotspot radius_um: not given, needed: a number in um, > 0\n"
       "t.nml:5:1: error: &hotspot factor: not given, needed: a number from 0 to 1e+06\n"
       "t.nml:6:1: error: &material name: not given, needed: a string in quotes of at most 63 bytes\n");
}

static void unknown_names(void) {
  SAYS(CELL "&grud cells=1 /\n", "t.nml:5:1: error: &grud: found 'grud', which is no group; nearest: &grid\n");
  SAYS("&grid cells=64,16 spacng_um=1 /\n" LITHIUM LAYER PROTOCOL,
       "t.nml:1:1: error: &grid spacing_um: not given, needed: a number in um from 1e-06 to 1e+06\n"
       "t.nml:1:19: error: &grid spacng_um: found 'spacng_um', which is no key of this group; nearest: spacing_um\n");
  SAYS(CELL "&model temperature_k=300 /\n",
       "t.nml:5:8: error: &model temperature_k: found 'temperature_k', which is no key of this group; nearest: "
       "electrons (&conditions has a key of this name)\n");
  SAYS(CELL "&run a%b=1 /\n",
       "t.nml:5:6: error: &run a%b: found 'a%b', which is no key of this group; nearest: title\n");
}

static void duplicates(void) {
  SAYS("&grid cells=64,16 spacing_um=1 spacing_um=1 /\n" LITHIUM LAYER PROTOCOL,
       "t.nml:1:32: error: &grid spacing_um: given twice, first in line 1\n");
  SAYS("&grid cells=64 cells(1)=32 cells(2)=16 spacing_um=1 /\n" LITHIUM LAYER PROTOCOL,
       "t.nml:1:16: error: &grid cells: given twice, first in line 1\n");
  SAYS(CELL "&Grid spacing_um=1 /\n", "t.nml:5:1: error: &grid: given twice, first in line 1\n");
  ACCEPT("&grid cells(1)=64 cells(2)=16 spacing_um=1 /\n" LITHIUM LAYER PROTOCOL);
  CU_ASSERT_EQUAL(cfg.grid.cells[0] * 100 + cfg.grid.cells[1], 6416);
  done();
  SETS_SAY("--set 2: error: &solver cfl: given twice, first by --set 1\n", "solver%cfl=0.2", "solver%cfl=0.3");
  SAYS(CELL "&material name='a' /\n&material name='a' /\n",
       "t.nml:5:11: warning: &material name: no &layer uses the material 'a'\n"
       "t.nml:6:11: error: &material name: found 'a' twice\n"
       "t.nml:6:11: warning: &material name: no &layer uses the material 'a'\n");
}

static void values(void) {
  SAYS("&grid cells=0,1.5 'x' spacing_um=-1 /\n" LITHIUM LAYER PROTOCOL,
       "t.nml:1:13: error: &grid cells: found '0': this is out of range; allowed: a whole number from 1 to 1000000\n"
       "t.nml:1:15: error: &grid cells: found '1.5': a whole number has no decimal point and no exponent; allowed: a "
       "whole number from 1 to 1000000\n"
       "t.nml:1:19: error: &grid cells: found 'x': a string is no whole number; allowed: a whole number from 1 to "
       "1000000\n"
       "t.nml:1:34: error: &grid spacing_um: found '-1': this is out of range; allowed: a number in um from 1e-06 to "
       "1e+06\n");
  SAYS("&grid cells=1,2,3,4 spacing_um=1 /\n" LITHIUM LAYER PROTOCOL,
       "t.nml:1:19: error: &grid cells: found a value for element 4, allowed: elements 1 to 3\n");
  SAYS("&grid cells=64,16 spacing_um=1,5 /\n" LITHIUM LAYER PROTOCOL,
       "t.nml:1:32: error: &grid spacing_um: found more than one value, one is allowed (a decimal point is written "
       "'.')\n");
  SAYS(GRID "&lithium thickness_um=0 counter_kinetics=1 /\n" LAYER PROTOCOL,
       "t.nml:2:23: error: &lithium thickness_um: found '0': this is out of range; allowed: a number in um, > 0\n"
       "t.nml:2:42: error: &lithium counter_kinetics: found '1': this is no logical; allowed: .true. or .false.\n");
  SAYS(
      CELL "&run backend='gpu' title=abc output_dir='' /\n&model frame='moving' /\n",
      "t.nml:5:14: error: &run backend: found 'gpu': there is no such choice; allowed: 'auto', 'cpu', 'check', 'cuda'\n"
      "t.nml:5:26: error: &run title: found 'abc': a string needs quotes; allowed: a string in quotes of at most 64 "
      "bytes\n"
      "t.nml:5:30: error: &run output_dir: found '', allowed: a path\n"
      "t.nml:6:14: error: &model frame: found 'moving': there is no such choice; allowed: 'auto', 'grid', 'stack'\n");
  SAYS(CELL "&run title='01234567890123456789012345678901234567890123456789012345678901234' /\n",
       "t.nml:5:12: error: &run title: found '012345678901234567890123456789012345678901234567890123456789': this is "
       "too long; allowed: a string in quotes of at most 64 bytes\n");
  static const char *const titles[] = {"", ".a", "a/b", "a b", "\xC3\xA9", "..", "a*"};
  for (int n = 0; n < 7; n++) {
    char text[512], expected[512];
    snprintf(text, sizeof text, CELL "&run title='%s' /\n", titles[n]);
    snprintf(expected, sizeof expected,
             "t.nml:5:6: error: &run title: found '%s', allowed: 1 to 64 letters, digits, '-', '_' and '.', not first "
             "a '.' (it names files)\n",
             titles[n]);
    SAYS(text, expected);
  }
}

/* Each key of the table by itself: a value of the wrong type, and one beyond each end of its range. */
static void every_key_is_checked(void) {
  int tried = 0;
  for (int g = 0; g < PF_GROUPS; g++)
    for (int k = 0; k < pf_config_groups[g].keys; k++) {
      const pf_key *key = &pf_config_groups[g].key[k];
      char bad[3][64] = {"", "", ""};
      if (key->type == PF_KEY_STRING || key->type == PF_KEY_CHOICE) {
        snprintf(bad[0], sizeof bad[0], "word");
        if (key->choices) snprintf(bad[1], sizeof bad[1], "'no such choice'");
      } else {
        snprintf(bad[0], sizeof bad[0], "'string'");
      }
      if (key->type == PF_KEY_INTEGER) {
        snprintf(bad[1], sizeof bad[1], "%.0f", key->least - 1);
        snprintf(bad[2], sizeof bad[2], "%.0f", key->most + 1);
      } else if (key->type == PF_KEY_NUMBER) {
        snprintf(bad[1], sizeof bad[1], "%.17g", key->least - fabs(key->least) * 1e-6 - (key->open ? 0 : 1e-300));
        snprintf(bad[2], sizeof bad[2], "%.17g", key->most * (key->most > 0 ? 1.000001 : 0.999999));
      }
      for (int n = 0; n < 3 && (n == 0 || bad[n][0]); n++) {
        char text[256], place[256];
        snprintf(text, sizeof text, "&%s\n  %s = %s\n/\n", pf_config_groups[g].name, key->name, bad[n]);
        snprintf(place, sizeof place, "t.nml:2:%zu: error: &%s %s: found '%.*s': ", strlen(key->name) + 6,
                 pf_config_groups[g].name, key->name, (int)strlen(bad[n]) - (bad[n][0] == '\'' ? 2 : 0),
                 bad[n] + (bad[n][0] == '\''));
        CU_ASSERT_EQUAL(parse(text, NULL), PF_BAD_INPUT);
        char *said = printed_report();
        if (!strstr(said, place)) fprintf(stderr, "\nno '%s' in\n%s", place, said);
        CU_ASSERT_PTR_NOT_NULL(strstr(said, place));
        free(said);
        done();
        tried++;
      }
    }
  PF_ASSERT_AT_LEAST(tried, 250);
}

static void contradictions(void) {
  SAYS(CELL "&output snapshot_count=5\n snapshot_interval_h=0.1 /\n",
       "t.nml:5:9: error: &output snapshot_count: contradicts snapshot_interval_h, one of them is allowed\n");
  SAYS(GRID LITHIUM
       "&layer ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1\n single_ion_conductivity_S_cm=1e-4 /\n" PROTOCOL,
       "t.nml:4:2: error: &layer single_ion_conductivity_S_cm: contradicts transference_number = 1 in layer 'layer1': "
       "there is no salt beside this path, ionic_conductivity_S_cm is its conductivity\n");
  SAYS(GRID LITHIUM "&layer ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1\n flaw_depth_um=1 /\n" PROTOCOL,
       "t.nml:4:2: error: &layer flaw_depth_um: layer 'layer1' has only one of fracture_toughness_MPa_m05 and "
       "flaw_depth_um, needed: both or none\n");
  SAYS(GRID LITHIUM
       "&layer name='LE' transference_number=0.2 ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 /\n" PROTOCOL,
       "t.nml:3:1: error: &layer salt_concentration_mol_L: not given, neither in layer 'LE' nor in its &material; "
       "needed: the transference number is below 1\n"
       "t.nml:3:1: error: &layer diffusivity_cm2_s: not given, neither in layer 'LE' nor in its &material; needed: the "
       "transference number is below 1\n");
  SAYS("&grid cells=100000,100000 spacing_um=1 /\n" LITHIUM LAYER PROTOCOL,
       "t.nml:1:7: error: &grid cells: found 100000 x 100000 x 1 = 1e+10 cells, at most 2147483647 are allowed\n");
  SAYS("&grid cells=64,1,16 spacing_um=1 /\n" LITHIUM LAYER PROTOCOL,
       "t.nml:1:7: error: &grid cells: found ny = 1 with nz = 16, a plane has nz = 1\n");
  SAYS(GRID LITHIUM LAYER "&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=1\n end_at='dendrite' /\n",
       "t.nml:4:1: error: &protocol dendrite_length_um: not given, end_at = 'dendrite' needs it\n");
  SAYS(CELL "&hotspot y_um=17 radius_um=1 factor=2 /\n",
       "t.nml:5:10: error: &hotspot y_um: found 17 um, allowed: 0 to Ly = 16 um\n");
  SAYS("&grid cells=64,16,8 spacing_um=1 /\n" LITHIUM LAYER PROTOCOL "&hotspot z_um=9 radius_um=1 factor=2 /\n",
       "t.nml:5:10: error: &hotspot z_um: found 9 um, allowed: 0 to Lz = 8 um\n");
  SAYS(GRID "&lithium thickness_um=10 perturbation_um=0.1 perturbation_wavelength_um=5 /\n" LAYER PROTOCOL,
       "t.nml:2:46: error: &lithium perturbation_wavelength_um: found 5 um, it must divide Ly = 16 um\n"
       "t.nml:2:46: warning: &lithium perturbation_wavelength_um: 5 um is below 4 W = 16 um: it is not resolved\n");
  SAYS("&grid cells=64,4,4 spacing_um=1 /\n&lithium thickness_um=10 exchange_current_anisotropy=0.6 /\n" LAYER PROTOCOL,
       "t.nml:2:26: error: &lithium exchange_current_anisotropy: found 0.6, in 3-D allowed: less than 0.6 (along "
       "(1,1,1) i0 is"
       " 1 - 5/3 of it)\n");
  SAYS(GRID "&lithium thickness_um=10 exchange_current_anisotropy=1 /\n" LAYER PROTOCOL,
       "t.nml:2:54: error: &lithium exchange_current_anisotropy: found '1': this is out of range; allowed: a number "
       "from 0"
       " to 0.99\n");
  SAYS(GRID "&lithium thickness_um=10 perturbation_um=10 roughness_um=4 /\n" LAYER PROTOCOL,
       "t.nml:2:26: error: &lithium perturbation_um: found 10 um, allowed: less than thickness_um = 10\n"
       "t.nml:2:45: error: &lithium roughness_um: found 4 um, allowed: less than a third of thickness_um = 10\n");
  SAYS(GRID LITHIUM LAYER
       "&protocol mode='ccd_constant_time' ccd_start_mA_cm2=2 ccd_stop_mA_cm2=1 ccd_step_mA_cm2=1 "
       "half_cycle_h=1 /\n",
       "t.nml:4:55: error: &protocol ccd_stop_mA_cm2: found 1, allowed: at least ccd_start_mA_cm2 = 2\n");
  SAYS(GRID LITHIUM LAYER "&protocol mode='cycling' current_mA_cm2=1 /\n",
       "t.nml:4:1: error: &protocol half_cycle_h: mode 'cycling' needs either half_cycle_h or capacity_mAh_cm2\n");
}

/* ---- events that cannot come ---- */

#define LADDER "&protocol mode='ccd_constant_time' half_cycle_h=1 ccd_start_mA_cm2=0.01 ccd_step_mA_cm2=0.01 "
#define SLAB "&grid cells=690 spacing_um=2 /\n&lithium thickness_um=40 counter_thickness_um=40 /\n"
/* LATP-LE: limiting current 0.2123 mA/cm2; after 1 h Sand's law leaves nothing at 0.606 mA/cm2 */
#define SALT                                                                                      \
  "&layer ionic_conductivity_S_cm=4.48e-4 transference_number=0.21 exchange_current_mA_cm2=0.01 " \
  "salt_concentration_mol_L=1 diffusivity_cm2_s=1.13e-7 /\n"
/* i0 1 mA/cm2, flaw of 10 um: 21.5 mV and 0.860 mA/cm2 */
#define FLAW \
  "&layer ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1 fracture_toughness_MPa_m05=1 flaw_depth_um=10 /\n"

static void unreachable_events(void) {
  SETS_SAY(
      "--set 1: error: &protocol end_at: 'fracture' cannot come: no layer has fracture_toughness_MPa_m05 and "
      "flaw_depth_um\n",
      "protocol%end_at=fracture");
  SETS_SAY("--set 1: error: &protocol end_at: 'depletion' cannot come: no layer has a transference number below 1\n",
           "protocol%end_at=depletion");
  SETS_SAY("", "protocol%end_at=fracture", "layer%fracture_toughness_MPa_m05=1", "layer%flaw_depth_um=1");
  SAYS(SLAB SALT "&protocol mode='potentiostatic' voltage_mV=10 duration_h=1 end_at='depletion','voltage_limit' /\n",
       "t.nml:4:60: error: &protocol end_at: 'depletion' cannot come: it is seen at the voltage limit of a given "
       "current\n"
       "t.nml:4:60: error: &protocol end_at: 'voltage_limit' cannot come: mode 'potentiostatic' has none\n");
  SAYS(SLAB SALT "&protocol mode='galvanostatic' current_mA_cm2=1 duration_h=1 end_at='dendrite' /\n",
       "t.nml:4:62: error: &protocol end_at: 'dendrite' cannot come: the grid is 1-D\n");
}

/* The highest current of a ladder is too low for the event at which it ends: by a bound, and only by it. */
static void short_ladders(void) {
  SAYS(SLAB SALT LADDER "ccd_stop_mA_cm2=0.1\n end_at='depletion' /\n",
       "t.nml:4:94: error: &protocol ccd_stop_mA_cm2: found 0.1, the ladder ends before 'depletion': its half cycles "
       "take at most 0.19 of the salt at an electrode (the limiting current is 0.212 mA/cm2)\n");
  SAYS(SLAB SALT LADDER "ccd_stop_mA_cm2=0.1\n end_at='depletion','short' /\n",
       "t.nml:4:94: warning: &protocol ccd_stop_mA_cm2: found 0.1, the ladder ends before 'depletion': its half cycles "
       "take at most 0.19 of the salt at an electrode (the limiting current is 0.212 mA/cm2); other events may end "
       "it\n");
  SAYS("&grid cells=690,64 spacing_um=2 /\n&lithium thickness_um=40 counter_thickness_um=40 /\n" SALT LADDER
       "ccd_stop_mA_cm2=0.1\n end_at='depletion' /\n",
       "t.nml:4:94: warning: &protocol ccd_stop_mA_cm2: found 0.1, the ladder ends before 'depletion': its half cycles "
       "take at most 0.19 of the salt at an electrode (the limiting current is 0.212 mA/cm2); that is for flat "
       "electrodes, rough ones may come there sooner\n");
  /* above the limiting current, but not for long: Sand's law decides; a long half cycle: the limiting current does */
  SAYS(SLAB SALT LADDER "ccd_stop_mA_cm2=0.4\n end_at='depletion' /\n",
       "t.nml:4:94: error: &protocol ccd_stop_mA_cm2: found 0.4, the ladder ends before 'depletion': its half cycles "
       "take at most 0.74 of the salt at an electrode (the limiting current is 0.212 mA/cm2)\n");
  SAYS(SLAB SALT LADDER "ccd_stop_mA_cm2=0.8\n end_at='depletion' /\n", "");
  says(SLAB SALT LADDER "ccd_stop_mA_cm2=0.4\n end_at='depletion' /\n",
       (const char *const[]){"protocol%half_cycle_h=5", NULL}, "", __LINE__);
  SAYS(SLAB FLAW LADDER "ccd_stop_mA_cm2=0.7\n end_at='fracture' /\n",
       "t.nml:4:94: error: &protocol ccd_stop_mA_cm2: found 0.7, the ladder ends before 'fracture', which comes at "
       "0.86 "
       "mA/cm2\n");
  SAYS(SLAB FLAW LADDER "ccd_stop_mA_cm2=0.9\n end_at='fracture' /\n", "");
  SETS_SAY(
      "t.nml:4:32: warning: &protocol current_mA_cm2: not used: this mode does not use it\n"
      "t.nml:4:49: warning: &protocol duration_h: not used: this mode does not use it\n"
      "--set 4: error: &protocol ccd_step_mA_cm2: found 1e-09: more than 100000 currents up to ccd_stop_mA_cm2 = 1\n",
      "protocol%mode=ccd_constant_time", "protocol%half_cycle_h=1", "protocol%ccd_start_mA_cm2=1e-9",
      "protocol%ccd_step_mA_cm2=1e-9", "protocol%ccd_stop_mA_cm2=1");
}

#define SOLID "ionic_conductivity_S_cm=1e-4 exchange_current_mA_cm2=1"

static void thicknesses(void) {
  SAYS(GRID LITHIUM "&layer thickness_um=20 " SOLID " /\n&layer thickness_um=33.4 " SOLID " /\n" PROTOCOL,
       "t.nml:4:8: error: &layer thickness_um: lithium and layers (without films) add up to 63.4 um, needed: nx h = 64 "
       "um within half a cell (one thickness of 0 takes what is left)\n");
  SAYS(GRID LITHIUM "&layer thickness_um=20 " SOLID " /\n&layer thickness_um=33.6 " SOLID " /\n" PROTOCOL, "");
  SAYS(GRID LITHIUM "&layer " SOLID " /\n&layer thickness_um=0 " SOLID " /\n" PROTOCOL,
       "t.nml:4:8: error: &layer thickness_um: found a second layer of thickness 0 (after layer 1), one may take what "
       "is left\n");
  SAYS(
      GRID LITHIUM "&layer thickness_um=44 " SOLID " /\n&layer " SOLID " /\n" PROTOCOL,
      "t.nml:4:1: error: &layer thickness_um: lithium and the other layers take 54 um of nx h = 64 um, which leaves 10 "
      "um; allowed: at least 3 W = 12 um\n");
  SAYS(GRID LITHIUM "&layer thickness_um=5 " SOLID " /\n" PROTOCOL,
       "t.nml:3:8: note: &layer thickness_um: layer 'layer1' of 5 um is thinner than 3 W = 12 um: it is a film, a "
       "property of the interface, and takes no cells\n"
       "t.nml:3:8: error: &layer thickness_um: every layer is a film, one of at least 3 W = 12 um is needed\n");
  /* a film without what its resistance follows from */
  SAYS(GRID LITHIUM "&layer thickness_um=0.05 /\n&layer " SOLID " /\n" PROTOCOL,
       "t.nml:3:1: error: &layer ionic_conductivity_S_cm: not given, neither in layer 'layer1' nor in its &material; "
       "needed: every layer has one\n"
       "t.nml:3:8: note: &layer thickness_um: layer 'layer1' of 0.05 um is thinner than 3 W = 12 um: it is a film, a "
       "property of the interface, and takes no cells\n");
  ACCEPT(GRID "&lithium thickness_um=10 counter_thickness_um=4 /\n&layer thickness_um=20 " SOLID
              " /\n&layer thickness_um=0.05 ionic_conductivity_S_cm=1e-8 / &layer " SOLID " /\n" PROTOCOL);
  CU_ASSERT_TRUE(cfg.layer[1].film && !cfg.layer[0].film && !cfg.layer[2].film);
  CU_ASSERT_EQUAL(cfg.layer[1].start_um, 30);
  CU_ASSERT_EQUAL(cfg.layer[1].end_um, 30);
  CU_ASSERT_EQUAL(cfg.layer[2].thickness_um, 30);
  CU_ASSERT_EQUAL(cfg.layer[2].end_um, 60);
  PF_ASSERT_NEAR(cfg.layer[1].properties.film_resistance_ohm_cm2, 500, 1e-12); /* 50 nm over 1e-8 S/cm */
  CU_ASSERT_EQUAL(cfg.layer[1].properties.exchange_current_mA_cm2, 1);         /* of what it lies on */
  done();
}

static void materials(void) {
  ACCEPT(GRID LITHIUM PROTOCOL
         "&layer material='LE' diffusivity_cm2_s=2e-6 /\n"
         "&material name='LE' ionic_conductivity_S_cm=3e-4 transference_number=0.2 "
         "salt_concentration_mol_L=1 diffusivity_cm2_s=1e-6 exchange_current_mA_cm2=0.5 "
         "transfer_coefficient=0.4 conductivity_follows_salt=F /\n");
  const pf_config_material *p = &cfg.layer[0].properties;
  CU_ASSERT_EQUAL(p->diffusivity_cm2_s, 2e-6);
  CU_ASSERT_EQUAL(p->ionic_conductivity_S_cm, 3e-4);
  CU_ASSERT_EQUAL(p->transfer_coefficient, 0.4);
  CU_ASSERT_FALSE(p->conductivity_follows_salt || p->solid);
  CU_ASSERT_EQUAL(cfg.model.frame, PF_FRAME_GRID);
  CU_ASSERT_STRING_EQUAL(cfg.output.fields[1], "salt");
  done();
  SAYS(GRID LITHIUM PROTOCOL "&layer material='LF' /\n&material name='LE' " SOLID " / &material name='x' /\n",
       "t.nml:4:1: error: &layer ionic_conductivity_S_cm: not given, neither in layer 'layer1' nor in its &material; "
       "needed: every layer has one\n"
       "t.nml:4:1: error: &layer exchange_current_mA_cm2: not given, neither in layer 'layer1' nor in its &material; "
       "needed: lithium can touch this layer\n"
       "t.nml:4:8: error: &layer material: found 'LF', there is no &material of this name; nearest: LE\n"
       "t.nml:5:11: warning: &material name: no &layer uses the material 'LE'\n"
       "t.nml:5:88: warning: &material name: no &layer uses the material 'x'\n");
  /* lithium cannot reach the second of three layers, and nothing reacts at an ideal counter electrode */
  ACCEPT(GRID "&lithium thickness_um=10 counter_kinetics=F /\n&layer thickness_um=12 lithium_can_enter=F " SOLID
              " / &layer ionic_conductivity_S_cm=1 / &layer thickness_um=12 ionic_conductivity_S_cm=1 /\n" PROTOCOL);
  done();
  /* a film has no salt of its own, and makes none for the cell */
  ACCEPT(GRID LITHIUM "&layer thickness_um=0.1 transference_number=0.5 " SOLID " /\n&layer " SOLID " /\n" PROTOCOL);
  CU_ASSERT_STRING_EQUAL(cfg.output.fields[1], "potential");
  done();
  ACCEPT(GRID LITHIUM "&layer solid=F " SOLID " /\n" PROTOCOL);
  CU_ASSERT_EQUAL(cfg.model.frame, PF_FRAME_GRID);
  done();
  ACCEPT(CELL, "model%frame=grid");
  CU_ASSERT_EQUAL(cfg.model.frame, PF_FRAME_GRID);
  done();
}

static void seeds(void) {
#define SEEDED(keys) GRID "&lithium thickness_um=10 " keys " /\n&layer " SOLID " /\n" PROTOCOL
  SAYS(SEEDED("seeds=3"), "t.nml:2:26: warning: &lithium seeds: not used: seed_radius_um is 0\n");
  SAYS(SEEDED("seed_radius_um=8"), "");
  SAYS(SEEDED("seed_radius_um=7.5"),
       "t.nml:2:26: warning: &lithium seed_radius_um: 7.5 um is below 2 W = 8 um: it is not resolved\n");
  SAYS(SEEDED("seed_radius_um=8 seeds=2"),
       "t.nml:2:26: error: &lithium seed_radius_um: found 8 um: 2 seeds do not fit into Ly = 16 um\n");
  SAYS(GRID "&lithium thickness_um=10 seed_radius_um=8 /\n&layer thickness_um=0.1 " SOLID
            " /\n&layer thickness_um=12 lithium_can_enter=F " SOLID " /\n&layer " SOLID " /\n" PROTOCOL,
       "t.nml:2:26: error: &lithium seed_radius_um: found 8 um: seeds need a layer that lithium can enter everywhere\n"
       "t.nml:3:8: note: &layer thickness_um: layer 'layer1' of 0.1 um is thinner than 3 W = 12 um: it is a film, a "
       "property of the interface, and takes no cells\n");
  SAYS(GRID "&lithium thickness_um=44 seed_radius_um=8 /\n&layer thickness_um=0 " SOLID " /\n" PROTOCOL, "");
  SAYS("&grid cells=64,32 spacing_um=1 /\n&lithium thickness_um=10 seed_radius_um=14 /\n&layer " SOLID
       " /\n&layer thickness_um=40 " SOLID " /\n" PROTOCOL,
       "t.nml:2:26: error: &lithium seed_radius_um: found 14 um: seeds up to 24 um, layer 'layer1' ends at 24 um\n");
}

static void of_no_model(void) {
  SAYS(CELL "&allen_cahn noise=0 /\n",
       "t.nml:5:13: error: &allen_cahn noise: not of this model: interface is 'reaction_interface'\n");
  SETS_SAY("--set 1: error: &solver precision: found 'single': there is no such choice; allowed: 'double', 'mixed'\n",
           "solver%precision='single'");
  SETS_SAY("--set 1: error: &protocol end_at: 'nucleation' cannot come: there is no &nucleation\n",
           "protocol%end_at='short','nucleation'");
  SETS_SAY("", "layer%fracture_toughness_MPa_m05=1", "layer%flaw_depth_um=1");
  SETS_SAY("", "protocol%end_at=short");
  SETS_SAY("", "model%mechanics=F", "model%electrons=.false.", "solver%precision=mixed");
  SETS_SAY("", "solver%precision=double");
}

static void electrons(void) {
  /* every layer and film needs a conductivity for electrons, 0 is one */
  SAYS(GRID LITHIUM "&layer thickness_um=0.1 " SOLID " /\n&layer thickness_um=22 name='a' " SOLID
                    " /\n&layer thickness_um=0 material='m' / &material name='m' " SOLID " /\n" PROTOCOL
                    "&model electrons=T /\n",
       "t.nml:3:1: error: &layer electronic_conductivity_S_cm: not given, neither in layer 'layer1' nor in its "
       "&material; needed: electrons is on (of a film: thickness over it is the resistance for electrons)\n"
       "t.nml:3:8: note: &layer thickness_um: layer 'layer1' of 0.1 um is thinner than 3 W = 12 um: it is a film, a "
       "property of the "
       "interface, and takes no cells\n"
       "t.nml:4:1: error: &layer electronic_conductivity_S_cm: not given, neither in layer 'a' nor in its &material; "
       "needed: electrons is on\n"
       "t.nml:5:1: error: &layer electronic_conductivity_S_cm: not given, neither in layer 'layer3' nor in its "
       "&material; needed: electrons is on\n");
  ACCEPT(GRID LITHIUM "&layer thickness_um=0.1 electronic_conductivity_S_cm=0 " SOLID
                      " /\n&layer material='m' / &material name='m' electronic_conductivity_S_cm=1e-9 " SOLID
                      " /\n" PROTOCOL "&model electrons=T / &output fields='electron_potential' /\n");
  CU_ASSERT_STRING_EQUAL(cfg.output.fields[0], "electron_potential");
  PF_ASSERT_NEAR(cfg.layer[1].properties.electronic_conductivity_S_cm, 1e-9, 0);
  done();
}

static void mechanics(void) {
  SAYS(
      CELL "&model mechanics=T /\n",
      "t.nml:3:1: error: &layer youngs_modulus_GPa: not given, neither in layer 'layer1' nor in its &material; needed: "
      "mechanics is on\n"
      "t.nml:3:1: error: &layer poisson_ratio: not given, neither in layer 'layer1' nor in its &material; needed: "
      "mechanics is on\n");
  SETS_SAY(
      "--set 2: error: &layer youngs_modulus_GPa: found '0': this is out of range; allowed: a number in GPa from 1e-06 "
      "to 10000\n"
      "--set 3: error: &layer poisson_ratio: found '0.5': this is out of range; allowed: a number from -0.99 to 0.499\n"
      "--set 4: error: &lithium youngs_modulus_GPa: found '-1': this is out of range; allowed: a number in GPa from "
      "0.001 to 10000\n"
      "--set 5: error: &lithium poisson_ratio: found '0.6': this is out of range; allowed: a number from 0 to 0.499\n",
      "model%mechanics=T", "layer%youngs_modulus_GPa=0", "layer%poisson_ratio=0.5", "lithium%youngs_modulus_GPa=-1",
      "lithium%poisson_ratio=0.6");
  SETS_SAY(
      "--set 3: error: &layer poisson_ratio: found '-1': this is out of range; allowed: a number from -0.99 to 0.499\n",
      "model%mechanics=T", "layer%youngs_modulus_GPa=100", "layer%poisson_ratio=-1");
  SETS_SAY("", "model%mechanics=T", "layer%youngs_modulus_GPa=100", "layer%poisson_ratio=0.25",
           "output%fields=stress,von_mises,pressure");
}

static void warnings(void) {
  SAYS("&grid cells=64 spacing_um=1 /\n" LITHIUM LAYER PROTOCOL
       "&hotspot y_um=0\n radius_um=1\n factor=2 /\n&protocolx /\n",
       "t.nml:5:10: warning: &hotspot y_um: not used: the grid is 1-D\n"
       "t.nml:6:2: warning: &hotspot radius_um: not used: the grid is 1-D\n"
       "t.nml:7:2: warning: &hotspot factor: not used: the grid is 1-D\n"
       "t.nml:8:1: error: &protocolx: found 'protocolx', which is no group; nearest: &protocol\n");
  SAYS("&grid cells=64 spacing_um=1 /\n&lithium thickness_um=10 roughness_um=1\n perturbation_um=1 /\n" LAYER PROTOCOL,
       "t.nml:2:26: warning: &lithium roughness_um: not used: the grid is 1-D\n"
       "t.nml:3:2: warning: &lithium perturbation_um: not used: the grid is 1-D\n");
  SETS_SAY("--set 2: warning: &hotspot z_um: not used: the grid is 2-D\n", "hotspot%radius_um=1", "hotspot%z_um=1",
           "hotspot%factor=0");
  SETS_SAY(
      "--set 1: warning: &lithium youngs_modulus_GPa: not used: mechanics is off\n"
      "--set 2: warning: &conditions stack_pressure_MPa: not used: mechanics is off\n"
      "--set 3: warning: &layer electronic_conductivity_S_cm: not used: electrons is off\n"
      "--set 4: warning: &layer diffusivity_cm2_s: not used: transference_number is 1, there is no salt\n"
      "--set 5: warning: &model mass_transfer_length_um: not used: no layer has salt\n"
      "--set 6: warning: &lithium roughness_length_um: not used: roughness_um is 0\n"
      "--set 7: warning: &lithium perturbation_wavelength_um: not used: perturbation_um is 0\n"
      "--set 8: warning: &protocol voltage_mV: not used: this mode does not use it\n"
      "--set 9: warning: &protocol rest_h: not used: this mode does not use it\n",
      "lithium%youngs_modulus_GPa=5", "conditions%stack_pressure_MPa=1", "layer%electronic_conductivity_S_cm=1e-9",
      "layer%diffusivity_cm2_s=1e-6", "model%mass_transfer_length_um=1", "lithium%roughness_length_um=20",
      "lithium%perturbation_wavelength_um=16", "protocol%voltage_mV=5", "protocol%rest_h=1");
  SETS_SAY("--set 2: warning: &lithium counter_kinetics: not used: the counter electrode is lithium of its own\n",
           "lithium%counter_thickness_um=5", "lithium%counter_kinetics=T");
  SETS_SAY(
      "--set 1: warning: &model interface_width_cells: found 3: below 4 cells the front feels the grid\n"
      "--set 2: warning: &lithium thickness_um: found 2 um, less than the interface width W = 3 um: lithium is not "
      "resolved\n"
      "--set 3: warning: &lithium counter_thickness_um: found 1 um, less than the interface width W = 3 um: lithium "
      "is not resolved\n",
      "model%interface_width_cells=3", "lithium%thickness_um=2", "lithium%counter_thickness_um=1");
  SETS_SAY("--set 2: warning: &lithium roughness_length_um: 5 um is below 4 W = 16 um: shorter waves are not seeded\n",
           "lithium%roughness_um=0.5", "lithium%roughness_length_um=5");
  SETS_SAY(
      "--set 1: warning: &output fields: 'salt' is left out: no layer has salt\n"
      "--set 1: warning: &output fields: 'stress' is left out: mechanics is off\n"
      "--set 1: warning: &output fields: 'electron_potential' is left out: electrons is off\n"
      "--set 1: warning: &output fields: 'phase' is left out: it is there already\n",
      "output%fields=phase,salt,stress,electron_potential,phase");
  SAYS(CELL "$solver cfl=0.2 $end\n that is all",
       "t.nml:5:1: note: a group begins with '$', the usual sign is '&'\n"
       "t.nml:5:17: note: &solver ends with '$end', the usual end is '/'\n"
       "t.nml:6:2: warning: found 'that is all' outside of groups, it is not read\n");
}

static void sets(void) {
  ACCEPT(CELL "&hotspot radius_um=1 factor=2 /\n", "grid%cells=32,2", "layer(1)%name=it's", "hotspot(2)%radius_um=3",
         "hotspot(2)%factor=4", "run%output_dir=/tmp/a/b", "output%fields=potential", "solver%cfl=0.25",
         "lithium%thickness_um=8");
  CU_ASSERT_EQUAL(cfg.grid.cells[0], 32);
  CU_ASSERT_EQUAL(cfg.grid.cells[1], 2);
  CU_ASSERT_STRING_EQUAL(cfg.layer[0].name, "it's");
  CU_ASSERT_EQUAL(cfg.hotspots, 2);
  CU_ASSERT_EQUAL(cfg.hotspot[1].factor, 4);
  CU_ASSERT_STRING_EQUAL(cfg.run.output_dir, "/tmp/a/b");
  CU_ASSERT_STRING_EQUAL(cfg.output.fields[0], "potential");
  CU_ASSERT_STRING_EQUAL(cfg.output.fields[1], "");
  CU_ASSERT_EQUAL(cfg.solver.cfl, 0.25);
  CU_ASSERT_EQUAL(cfg.lithium.thickness_um, 8);
  CU_ASSERT_STRING_EQUAL(cfg.sets,
                         "grid%cells=32,2\nlayer(1)%name=it's\nhotspot(2)%radius_um=3\nhotspot(2)%factor=4\n"
                         "run%output_dir=/tmp/a/b\noutput%fields=potential\nsolver%cfl=0.25\nlithium%thickness_um=8\n");
  done();
  ACCEPT(CELL, "grid%cells=32"); /* the whole key is replaced */
  CU_ASSERT_EQUAL(cfg.grid.cells[0] * 100 + cfg.grid.cells[1], 3201);
  done();
  ACCEPT(CELL, "grid%cells(2)=8");
  CU_ASSERT_EQUAL(cfg.grid.cells[0] * 100 + cfg.grid.cells[1], 6408);
  done();
  SETS_SAY("--set 1: error: &layer(3): there is 1 of them, the next one is layer(2)\n", "layer(3)%name=x");
  SETS_SAY("--set 1: error: &run(2): there is only one group of this name\n", "run(2)%threads=1");
  SETS_SAY("--set 1: error: &layer: found number 17, at most 16 are allowed\n", "layer(17)%name=x");
  SETS_SAY("--set 1: error: &grid spacing: found 'spacing', which is no key of this group; nearest: spacing_um\n",
           "grid%spacing=1");
  SETS_SAY("--set 1: error: &gred: found 'gred', which is no group; nearest: &grid\n", "gred%spacing=1");
  SETS_SAY("--set 2: error: &solver cfl: found 'x': this is no number; allowed: a number in cells from 0.0001 to 1\n",
           "solver%time_step_max_s=2", "solver%cfl=x");
  says(CELL LAYER, (const char *const[]){"layer%name=x", "layer(2)%thickness_um=27", NULL},
       "--set 1: error: &layer: there are 2 of them, allowed: layer(1)%... to layer(2)%...\n", __LINE__);
}

static void counts_are_bounded(void) {
  static char text[65536];
  size_t n = (size_t)snprintf(text, sizeof text, "%s", GRID LITHIUM PROTOCOL);
  for (int i = 0; i < 17; i++) n += (size_t)snprintf(text + n, sizeof text - n, "&layer thickness_um=20 " SOLID " /\n");
  for (int i = 0; i < 17; i++) n += (size_t)snprintf(text + n, sizeof text - n, "&material name='m%d' /\n", i);
  for (int i = 0; i < 33; i++) n += (size_t)snprintf(text + n, sizeof text - n, "&hotspot radius_um=1 factor=1 /\n");
  CU_ASSERT_EQUAL(parse(text, NULL), PF_BAD_INPUT);
  char *said = printed_report();
  CU_ASSERT_PTR_NOT_NULL(strstr(said, "t.nml:20:1: error: &layer: found number 17, at most 16 are allowed\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(said, "t.nml:37:1: error: &material: found number 17, at most 16 are allowed\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(said, "t.nml:70:1: error: &hotspot: found number 33, at most 32 are allowed\n"));
  free(said);
  done();
  n = 0;
  for (int i = 0; i < 3000; i++) n += (size_t)snprintf(text + n, sizeof text - n, "&run a=1 b=2 /\n");
  CU_ASSERT_EQUAL(parse(text, NULL), PF_BAD_INPUT);
  CU_ASSERT(report.count == PF_REPORT_MAX && report.errors > 3000);
  done();
}

/* The lines of a namelist without comments, in place. */
static char *without_comments(char *text) {
  char *out = text;
  bool quoted = false, comment = false;
  for (const char *in = text; *in; in++) {
    if (*in == '\n') quoted = comment = false;
    if (*in == '\'') quoted = !quoted;
    if (*in == '!' && !quoted) comment = true;
    if (!comment) *out++ = *in;
  }
  *out = '\0';
  return text;
}

static void echo_is_an_input(void) {
  static const char *const texts[] = {
      CELL,
      GRID LITHIUM PROTOCOL
      "&layer name='it''s ! /' material='LE' /\n&material name='LE' ionic_conductivity_S_cm=3.3e-4 "
      "transference_number=0.21 salt_concentration_mol_L=1 diffusivity_cm2_s=1.23456789012345678e-6 "
      "exchange_current_mA_cm2=0.01 /\n&hotspot y_um=3 radius_um=2 factor=0 / &hotspot radius_um=1 factor=10 /\n"
      "&output snapshot_interval_h=0.1 fields='potential','phase' vtk=T /\n",
      "&grid cells=64,16,16 spacing_um=0.1 /\n&lithium thickness_um=1 counter_thickness_um=0.5 roughness_um=0.1 /\n"
      "&layer thickness_um=0.01 ionic_conductivity_S_cm=1e-9 /\n&layer " SOLID
      " film_resistance_ohm_cm2=5 /\n"
      "&protocol mode='potentiostatic' voltage_mV=-50 duration_h=0.5 end_at='none' /\n"};
  for (int n = 0; n < 3; n++) {
    ACCEPT(texts[n], "run%title=a-b.c");
    char *first = printed_config();
    done();
    ACCEPT(first, "run%output_dir=runs/t");
    CU_ASSERT_EQUAL(report.warnings, 0);
    char *second = printed_config();
    done();
    CU_ASSERT_STRING_EQUAL(without_comments(first), without_comments(second));
    free(first);
    free(second);
  }
  ACCEPT(texts[1], "run%title=a");
  char *text = printed_config();
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "  cells = 64, 16, 1  ! (in line 1)\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "  title = 'a'  ! (by --set 1)\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "  name = 'it''s ! /'  ! (in line 4)\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "  transference_number = 0.21  ! (of the &material)\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "  ! stack_pressure_MPa = 0  ! MPa not used: mechanics is off\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "  time_step_max_s = 20  ! s (default)\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "  checkpoint_interval_min = 15  ! min (default)\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "  diffusivity_cm2_s = 1.2345678901234567e-06  ! cm2/s (of the &material)\n"));
  free(text);
  done();
}

static void titles_come_from_the_path(void) {
  static const char *const names[][2] = {{"inputs/latp-le.nml", "latp-le"},
                                         {"a b.nml", "a_b"},
                                         {".x", "_x"},
                                         {"x.y.nml", "x.y"},
                                         {"\xC3\xA9.nml", "__"},
                                         {"dir/", "run"}};
  for (int n = 0; n < 6; n++) {
    char directory[64];
    report = (pf_report){0};
    PF_ASSERT_OK(pf_config_parse(names[n][0], CELL, strlen(CELL), NULL, 0, &cfg, &report));
    CU_ASSERT_STRING_EQUAL(cfg.run.title, names[n][1]);
    snprintf(directory, sizeof directory, "runs/%s", names[n][1]);
    CU_ASSERT_STRING_EQUAL(cfg.run.output_dir, directory);
    CU_ASSERT_STRING_EQUAL(cfg.path, names[n][0]);
    done();
  }
}

static void files(void) {
  report = (pf_report){0};
  PF_ASSERT_FAILS(pf_config_read("no/such.nml", NULL, 0, &cfg, &report), PF_NO_INPUT, "no/such.nml: cannot be opened");
  done();
  PF_ASSERT_FAILS(pf_config_read("/dev/zero", NULL, 0, &cfg, &report), PF_BAD_INPUT, "/dev/zero: an input has at most");
  CU_ASSERT_EQUAL(report.errors, 1);
  done();
  /* a bad input leaves its directory as it was */
  char path[2048], text[4096];
  const char *directory = pf_test_directory();
  snprintf(path, sizeof path, "%.2000s/bad.nml", directory);
  FILE *out = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(out);
  fprintf(out, CELL "&run output_dir='%s/out' backend='none' /\n", directory);
  fclose(out);
  snprintf(text, sizeof text, "%s: 1 error", path);
  PF_ASSERT_FAILS(pf_config_read(path, NULL, 0, &cfg, &report), PF_BAD_INPUT, text);
  done();
  int entries = 0;
  DIR *list = opendir(directory);
  while (list && readdir(list)) entries++;
  if (list) closedir(list);
  CU_ASSERT_EQUAL(entries, 3); /* ".", "..", the input */
}

/* Runs the program in a directory of its own; what it said on stderr in `said`. */
static int program(const char *directory, const char *arguments, char said[2048]) {
  static char line[16384];
  char *path = realpath(pf_test_program(), NULL);
  said[0] = '\0';
  snprintf(line, sizeof line, "cd '%.4000s' && '%.4000s' %.1000s >/dev/null 2>'%.3900s.err'", directory,
           path ? path : "", arguments, directory);
  free(path);
  const int status = system(line);
  snprintf(line, sizeof line, "%.4000s.err", directory);
  FILE *in = fopen(line, "r");
  if (in) {
    said[fread(said, 1, 2047, in)] = '\0';
    fclose(in);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_program_says_so(void) {
  if (access(pf_test_program(), X_OK) != 0) {
    pf_test_skip("no program %s", pf_test_program());
    return;
  }
  char directory[4000], path[4096], said[2048];
  char *whole = realpath(pf_test_directory(), NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL(whole);
  snprintf(directory, sizeof directory, "%.3900s", whole);
  free(whole);
  snprintf(path, sizeof path, "%.3900s/bad.nml", directory);
  FILE *out = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(out);
  fputs("&grid\n  cells = 64\n  spacing_um = abc\n/\n&lithum /\n" LAYER PROTOCOL, out);
  fclose(out);
  CU_ASSERT_EQUAL(program(directory, "bad.nml", said), 65);
  CU_ASSERT_PTR_NOT_NULL(
      strstr(said, "bad.nml:3:16: error: &grid spacing_um: found 'abc': this is no number; allowed: "));
  CU_ASSERT_PTR_NOT_NULL(
      strstr(said, "bad.nml:5:1: error: &lithum: found 'lithum', which is no group; nearest: &lithium\n"));
  CU_ASSERT_EQUAL(program(directory, "--check bad.nml", said), 65);
  CU_ASSERT_EQUAL(program(directory, "none.nml", said), 66);
  CU_ASSERT_PTR_NOT_NULL(strstr(said, "none.nml: cannot be opened: No such file or directory"));
  CU_ASSERT_EQUAL(program(directory, "", said), 64);
  CU_ASSERT_EQUAL(program(directory, "--members t.csv bad.nml", said), 66);
  CU_ASSERT_PTR_NOT_NULL(strstr(said, "t.csv: cannot be opened: No such file or directory"));
  CU_ASSERT_EQUAL(program(directory, "--help", said), 0);
  CU_ASSERT_EQUAL(program(directory, "--help-input grid", said), 0);
  CU_ASSERT_EQUAL(program(directory, "--help-input none", said), 64);
  CU_ASSERT_EQUAL(program(directory, "--example none", said), 64);
  int entries = 0;
  DIR *list = opendir(directory);
  while (list && readdir(list)) entries++;
  if (list) closedir(list);
  CU_ASSERT_EQUAL(entries, 3); /* nothing but the input */
}

static void reference_page(void) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  pf_config_help_markdown(out);
  fclose(out);
  char *page = calloc(size + 2, 1);
  FILE *in = fopen("inputs/KEYS.md", "r");
  CU_ASSERT_PTR_NOT_NULL(in);
  const size_t length = in && page ? fread(page, 1, size + 1, in) : 0;
  if (in) fclose(in);
  /* if not: pfsolve --help-input=markdown > inputs/KEYS.md */
  CU_ASSERT(length == size && memcmp(page, text, size) == 0);
  free(page);
  free(text);
  out = open_memstream(&text, &size);
  CU_ASSERT_TRUE(pf_config_help("&Solver", out));
  CU_ASSERT_FALSE(pf_config_help("none", out));
  fclose(out);
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "&solver\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text,
                                "  cfl\n      the interface moves at most so far in a time step\n      allowed: a "
                                "number in cells from 0.0001 to 1; default: 0.1\n"));
  CU_ASSERT_PTR_NULL(strstr(text, "&run"));
  free(text);
}

/* ---- the command line ---- */

static pf_command command;

static pf_status parse_line(const char *const *words) {
  static char texts[16][64];
  char *argv[17] = {texts[0]};
  int argc = 1;
  snprintf(texts[0], sizeof texts[0], "pfsolve");
  for (; words[argc - 1] && argc < 16; argc++) {
    snprintf(texts[argc], sizeof texts[argc], "%s", words[argc - 1]);
    argv[argc] = texts[argc];
  }
  return pf_command_parse(argc, argv, &command);
}
#define LINE(...) parse_line((const char *const[]){__VA_ARGS__, NULL})
#define BAD_LINE(text, ...)                             \
  do {                                                  \
    PF_ASSERT_FAILS(LINE(__VA_ARGS__), PF_USAGE, text); \
    pf_command_free(&command);                          \
  } while (0)

static void command_line(void) {
  PF_ASSERT_OK(LINE("a.nml"));
  CU_ASSERT_EQUAL(command.action, PF_ACTION_RUN);
  CU_ASSERT_STRING_EQUAL(command.input, "a.nml");
  CU_ASSERT_EQUAL(command.n_sets, 0);
  CU_ASSERT_FALSE(command.overwrite || command.quiet || command.json);
  pf_command_free(&command);
  PF_ASSERT_OK(LINE("--check", "--set", "grid%cells=1", "a.nml", "--set=run%threads=2", "--backend", "cpu",
                    "--overwrite", "--json"));
  CU_ASSERT_EQUAL(command.action, PF_ACTION_CHECK);
  CU_ASSERT_EQUAL_FATAL(command.n_sets, 3);
  CU_ASSERT_STRING_EQUAL(command.sets[0], "grid%cells=1");
  CU_ASSERT_STRING_EQUAL(command.sets[1], "run%threads=2");
  CU_ASSERT_STRING_EQUAL(command.sets[2], "run%backend=cpu");
  CU_ASSERT_STRING_EQUAL(command.backend, "cpu");
  CU_ASSERT_TRUE(command.overwrite && command.json && !command.quiet);
  pf_command_free(&command);
  PF_ASSERT_OK(LINE("--help"));
  CU_ASSERT_EQUAL(command.action, PF_ACTION_HELP);
  pf_command_free(&command);
  PF_ASSERT_OK(LINE("--version"));
  CU_ASSERT_EQUAL(command.action, PF_ACTION_VERSION);
  pf_command_free(&command);
  PF_ASSERT_OK(LINE("--help-input"));
  CU_ASSERT(command.action == PF_ACTION_HELP_INPUT && !command.group);
  pf_command_free(&command);
  PF_ASSERT_OK(LINE("--help-input", "grid"));
  CU_ASSERT_STRING_EQUAL(command.group, "grid");
  pf_command_free(&command);
  PF_ASSERT_OK(LINE("--help-input=markdown"));
  CU_ASSERT_STRING_EQUAL(command.group, "markdown");
  pf_command_free(&command);
  PF_ASSERT_OK(LINE("--example", "planar"));
  CU_ASSERT(command.action == PF_ACTION_EXAMPLE && strcmp(command.example, "planar") == 0);
  pf_command_free(&command);
  PF_ASSERT_OK(LINE("--", "--odd.nml"));
  CU_ASSERT_STRING_EQUAL(command.input, "--odd.nml");
  pf_command_free(&command);
}

static void bad_command_lines(void) {
  BAD_LINE("no input file is given; see pfsolve --help", "--check");
  BAD_LINE("found 'b.nml' after the input file 'a.nml', one input is allowed", "a.nml", "b.nml");
  BAD_LINE("--frobnicate is no option", "--frobnicate", "a.nml");
  BAD_LINE("-x is no option", "-xy", "a.nml");
  BAD_LINE("--check=yes is no option, or takes no value", "--check=yes", "a.nml");
  BAD_LINE("--set needs a value", "a.nml", "--set");
  BAD_LINE("--backend: found 'gpu', allowed: auto, cpu, check, cuda", "--backend", "gpu", "a.nml");
  BAD_LINE("--backend is given twice", "--backend", "cpu", "--backend", "cpu", "a.nml");
  BAD_LINE("--members is given twice", "--members", "t.csv", "--members", "t.csv", "a.nml");
  BAD_LINE("--restart and --resume contradict each other", "--restart", "dir", "--resume", "a.nml");
  BAD_LINE("--overwrite and --resume contradict each other", "--overwrite", "--resume", "a.nml");
  BAD_LINE("--restart is given twice", "--restart", "a", "--restart", "b", "a.nml");
  BAD_LINE("--quiet and --json contradict each other", "--quiet", "--json", "a.nml");
}

static void command_texts(void) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  pf_command_help(out);
  fclose(out);
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "usage: pfsolve"));
  static const char *const words[] = {"--check",   "--set",        "--members", "--backend", "--restart",
                                      "--resume",  "--overwrite",  "--quiet",   "--json",    "--help",
                                      "--version", "--help-input", "--example"};
  for (int n = 0; n < 13; n++) CU_ASSERT_PTR_NOT_NULL(strstr(text, words[n]));
  free(text);
  out = open_memstream(&text, &size);
  for (const pf_example *example = pf_examples; example->name; example++) {
    fflush(out);
    const size_t before = size;
    PF_ASSERT_OK(pf_command_example(example->name, out));
    fflush(out);
    CU_ASSERT_STRING_EQUAL(text + before, example->text);
  }
  PF_ASSERT_FAILS(pf_command_example("no-such", out), PF_USAGE, "--example: found 'no-such', there are: ");
  PF_ASSERT_FAILS(pf_command_help_input("no-such", out), PF_USAGE,
                  "--help-input: found 'no-such', which is no group; allowed: run, grid,");
  PF_ASSERT_OK(pf_command_help_input(NULL, out));
  PF_ASSERT_OK(pf_command_help_input("layer", out));
  fclose(out);
  free(text);
}

void t110_config(void);
void t110_config(void) {
  pf_test_suite("config", (pf_test[]){{"groups and keys have their fixed names", names_are_fixed},
                                      {"defaults", defaults},
                                      {"what is missing", missing},
                                      {"unknown groups and keys, the nearest", unknown_names},
                                      {"given twice", duplicates},
                                      {"types, ranges, choices, titles", values},
                                      {"every key checks its type and range", every_key_is_checked},
                                      {"contradictions", contradictions},
                                      {"events that cannot come", unreachable_events},
                                      {"ladders that end too low", short_ladders},
                                      {"thicknesses and films", thicknesses},
                                      {"materials of layers", materials},
                                      {"seeds", seeds},
                                      {"what cannot come, what is of another model", of_no_model},
                                      {"what electrons need", electrons},
                                      {"what mechanics needs", mechanics},
                                      {"warnings and notes", warnings},
                                      {"--set", sets},
                                      {"numbers of groups and messages are bounded", counts_are_bounded},
                                      {"the echo is an input that gives the same", echo_is_an_input},
                                      {"titles come from the path", titles_come_from_the_path},
                                      {"files that cannot be read, nothing written", files},
                                      {"the program says so, and writes nothing", the_program_says_so},
                                      {"inputs/KEYS.md is the table", reference_page},
                                      {"the command line", command_line},
                                      {"wrong command lines", bad_command_lines},
                                      {"help and examples", command_texts}});
}
