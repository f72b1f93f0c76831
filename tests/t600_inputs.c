/* t600_inputs.c: every input that is shipped, run through the program (shorter where it is long): status, files, and the
 * number that inputs/README.md says to expect. */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "test.h"

static const double pi = 3.14159265358979323846, volume_per_charge = 1.3e-5 / 96485.33212331002; /* m3/C */
static const double thermal = 8.31446261815324 * 298.15 / 96485.33212331002;                     /* V */

/* A column of history.csv, from the first or the last row; NAN: not there. */
static double history(const char *folder, const char *column, bool last) {
  char path[4352], line[2048], head[2048] = "", row[2048] = "";
  snprintf(path, sizeof path, "%s/history.csv", folder);
  FILE *f = fopen(path, "r");
  if (!f) return (double)NAN;
  if (fgets(head, sizeof head, f))
    while (fgets(line, sizeof line, f))
      if (last || !row[0]) memcpy(row, line, sizeof row);
  fclose(f);
  int n = 0;
  char *name = strtok(head, ",\n");
  while (name && strcmp(name, column) != 0) name = strtok(NULL, ",\n"), n++;
  char *value = name ? strtok(row, ",\n") : NULL;
  for (; value && n > 0; n--) value = strtok(NULL, ",\n");
  return value ? strtod(value, NULL) : (double)NAN;
}

/* What stands behind a text of summary.json; NULL: the text is not there. */
static const char *behind(const char *folder, const char *text) {
  static char all[8192];
  char path[4352];
  snprintf(path, sizeof path, "%s/summary.json", folder);
  FILE *f = fopen(path, "r");
  if (!f) return NULL;
  const size_t size = fread(all, 1, sizeof all - 1, f);
  fclose(f);
  all[size] = 0;
  const char *at = strstr(all, text);
  return at ? at + strlen(text) : NULL;
}
static bool says(const char *folder, const char *text) { return behind(folder, text) != NULL; }

/* Runs an input with changes; the folder of its results, NULL: it failed. */
static const char *run(const char *input, const char *changes) {
  const char *folder = pf_test_directory();
  char command[16384], text[64];
  snprintf(command, sizeof command,
           "'%s' --quiet --overwrite --set run%%backend=%s --set run%%threads=1 --set run%%output_dir='%s' %s "
           "inputs/%s.nml 2>'%s.err'",
           pf_test_program(), pf_test_backend_name(), folder, changes, input, folder);
  const int status = system(command);
  if (status) printf("[%s: status %d] ", command, status);
  CU_ASSERT_EQUAL(status, 0);
  if (status) return NULL;
  snprintf(text, sizeof text, "\"title\": \"%s\"", input);
  CU_ASSERT(says(folder, text));
  char pattern[4352];
  snprintf(pattern, sizeof pattern, "%s/snapshots/%s_*.nc", folder, input);
  glob_t found;
  CU_ASSERT_EQUAL(glob(pattern, 0, NULL, &found), 0);
  CU_ASSERT(found.gl_pathc >= 2);
  globfree(&found);
  return folder;
}

/* Growth rate of a ripple (t320_morphology.c has the formula). */
static double growth(double i, double i0, double kappa, double gap, double wavelength) {
  const double k = 2 * pi / wavelength, u = i / (2 * i0), r1 = thermal / (i0 * sqrt(1 + u * u)),
               wave = k / tanh(k * gap);
  return volume_per_charge * wave * (i - kappa * 0.5 * volume_per_charge * k * k) / (1 + kappa * r1 * wave);
}

static double rate_of(const char *folder) {
  return log(history(folder, "roughness_um", true) / history(folder, "roughness_um", false)) /
         history(folder, "time_s", true);
}

static void latp_le(void) {
  const char *f = run("latp-le", "--set protocol%duration_h=0.1 --set grid%cells=690,8 --set lithium%roughness_um=0");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"completed\""));
  PF_ASSERT_NEAR(history(f, "charge_mAh_cm2", true), 0.05, 1e-9);
  /* Sand: c0 (1 - sqrt(t/tau)), tau = 1.470 h, at the least cell, inside the interface */
  PF_ASSERT_WITHIN(history(f, "salt_min_mol_L", true), 1 - sqrt(0.1 / 1.4702), 0.03);
}

static void f_latp_le(void) {
  const char *f = run("f-latp-le", "--set protocol%duration_h=0.1 --set grid%cells=690,8 --set lithium%roughness_um=0");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"completed\""));
  PF_ASSERT_NEAR(history(f, "charge_mAh_cm2", true), 0.05, 1e-9);
  PF_ASSERT_WITHIN(history(f, "salt_min_mol_L", true), 1 - sqrt(0.1 / 10.94), 0.02);
}

static void planar(void) {
  const char *f = run("planar", "");
  if (!f) return;
  PF_ASSERT_NEAR(history(f, "voltage_mV", false), 106.96690, 1e-3);
  PF_ASSERT_NEAR(history(f, "voltage_mV", true), 106.96690, 1e-3);
  PF_ASSERT_NEAR(history(f, "retreat_um", true), history(f, "deposited_um", true), 1e-9);
  PF_ASSERT_WITHIN(history(f, "front_mean_um", true), 40, 0.05);
}

static void sand(void) {
  const char *f = run("sand", "");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"depletion\""));
  PF_ASSERT_NEAR(history(f, "time_s", true), 1321.9, 0.01);
}

static void ripple(void) {
  const char *f = run("ripple", "--set protocol%duration_h=0.005");
  if (!f) return;
  PF_ASSERT_NEAR(rate_of(f), growth(100, 1000, 0.03, 5e-6, 3e-6), 0.02);
}

/* A spot of 5 %: each cosine mode of its strip grows as (a_k)' = (Vm/F) di_k + s(k) a_k. */
static void hotspot(void) {
  const char *f = run("hotspot", "--set 'hotspot(1)%factor=1.05'");
  if (!f) return;
  const double i = 1, i0 = 0.46, kappa = 0.049, gap = 60e-6, time = history(f, "time_s", true), u = i / (2 * i0);
  const double r1 = thermal / (i0 * sqrt(1 + u * u));
  double square = 0; /* of the relief, um2 */
  for (int n = 1; n < 40; n++) {
    double part = 0; /* cosine mode of the strip about its middle */
    for (int j = -40; j < 40; j++) part += (fabs(j + 0.5) <= 5 ? 0.05 : 0) * cos(2 * pi * n * (j + 0.5) / 80) / 40;
    const double k = 2 * pi * n / 80e-6, s = growth(i, i0, kappa, gap, 80e-6 / n);
    const double di = i * part * r1 / (r1 + tanh(k * gap) / (kappa * k));
    const double size = 1e6 * volume_per_charge * di * expm1(s * time) / s;
    square += 0.5 * size * size;
  }
  const double found = history(f, "roughness_um", true);
  printf("[rms relief %.4f um, linear theory %.4f] ", found, sqrt(square));
  PF_ASSERT_NEAR(found, sqrt(square), 0.03);
}

/* The same under a layer of LiF (1) on LATP (2): Z stands for tanh(kL)/(kappa k) of one conductor. */
static void hotspot_lif(void) {
  const char *f = run("hotspot-lif", "--set 'hotspot(1)%factor=1.05'");
  if (!f) return;
  const double i = 1, i0 = 1.1, kappa[2] = {8e-6, 0.049}, d[2] = {0.2e-6, 0.5e-6}, time = history(f, "time_s", true);
  const double u = i / (2 * i0), r1 = thermal / (i0 * sqrt(1 + u * u));
  double square = 0;
  for (int n = 1; n < 32; n++) {
    double part = 0;
    for (int j = -32; j < 32; j++) part += (fabs(j + 0.5) <= 8 ? 0.05 : 0) * cos(2 * pi * n * (j + 0.5) / 64) / 32;
    const double k = 2 * pi * n / 0.32e-6, behind = tanh(k * d[1]) / (kappa[1] * k) * kappa[0] * k, t = tanh(k * d[0]);
    const double z = (behind + t) / (1 + behind * t) / (kappa[0] * k);
    const double s = volume_per_charge * (i / kappa[0] - 0.5 * volume_per_charge * k * k) / (r1 + z);
    const double size = 1e6 * volume_per_charge * i * part * r1 / (r1 + z) * expm1(s * time) / s;
    square += 0.5 * size * size;
  }
  const double found = history(f, "roughness_um", true);
  printf("[rms relief %.3e um, linear theory %.3e] ", found, sqrt(square));
  PF_ASSERT_NEAR(found, sqrt(square), 0.02);
  f = run("hotspot-lif", "");
  if (f) PF_ASSERT_WITHIN(history(f, "front_max_um", true) - history(f, "front_mean_um", true), 0.0726, 0.001);
}

/* V over the sum of thickness over electronic conductivity, of 0.1 mA/cm2 */
static void lif_electronic_conductivity(void) {
  static const double layer[] = {3.14e-10, 5.78e-9};
  for (int n = 0; n < 2; n++) {
    char changes[128];
    snprintf(changes, sizeof changes,
             "--set protocol%%duration_h=0.02 --set 'layer(1)%%electronic_conductivity_S_cm=%g'", layer[n]);
    const char *f = run("lif-electronic-conductivity", changes);
    if (!f) return;
    const double ohm_cm2 = 0.2e-4 / layer[n] + 0.5e-4 / 1.11e-8;
    PF_ASSERT_NEAR(history(f, "electronic_leak_fraction", true), 1e-3 * history(f, "voltage_mV", true) / ohm_cm2 / 1e-4,
                   0.01);
  }
}

static void interlayer(void) {
  const char *f = run("interlayer", "--set protocol%duration_h=0.1");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"completed\""));
  const double v = 1e3 * (1 * (0.2e-6 / 8e-6 + 0.5e-6 / 0.049) + 2 * thermal * (asinh(1 / 2.2) + asinh(1 / 0.92)));
  printf("[%.3f mV, flat %.3f, rate %.3e, linear %.3e] ", history(f, "voltage_mV", true), v, rate_of(f),
         growth(1, 1.1, 8e-6, 0.2e-6, 0.32e-6));
  PF_ASSERT_NEAR(history(f, "voltage_mV", true), v, 0.01);
  PF_ASSERT_NEAR(rate_of(f), growth(1, 1.1, 8e-6, 0.2e-6, 0.32e-6), 0.05);
}

/* Stress changes the growth of a ripple by little where lithium yields: the numbers of inputs/README.md. */
static void lif_modulus(void) {
  const char *f = run("lif-modulus", "");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"completed\""));
  const char *iterations = behind(f, "\"stress\": {\"mean\": ");
  CU_ASSERT(iterations != NULL);
  PF_ASSERT_AT_MOST(iterations ? strtod(iterations, NULL) : 99, 12); /* 14.6 from the last answer alone */
  PF_ASSERT_NEAR(rate_of(f), 5.24e-4, 0.03);
  PF_ASSERT_NEAR(history(f, "peak_stress_MPa", true), 193.6, 0.03);
  f = run("lif-modulus", "--set model%mechanics=.false.");
  if (f) PF_ASSERT_NEAR(rate_of(f), growth(1, 1.1, 8e-6, 0.2e-6, 0.32e-6), 0.05);
}

static void film(void) {
  const char *f = run("film", "--set grid%cells=200,16 --set protocol%duration_h=0.2");
  if (!f) return;
  PF_ASSERT_NEAR(history(f, "voltage_mV", true), 56.687, 2e-3);
}

/* Boundaries whose exchange current is ten times that of closed grains: lithium enters them and nothing else. */
static void grains(void) {
  const char *f = run("grains", "--set protocol%duration_h=0.2");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"completed\""));
  char command[4608];
  snprintf(command, sizeof command, "grep -q 'LATP, boundary' '%s/snapshots/grains_000001.nc'", f);
  CU_ASSERT_EQUAL(system(command), 0); /* the names of the map's materials */
  const double gone = history(f, "retreat_um", true) / history(f, "deposited_um", true);
  printf("[%.4f mV, retreat %.3f of the growth, deepest %.3f um] ", history(f, "voltage_mV", false), gone,
         history(f, "front_max_um", true) - 10);
  PF_ASSERT_WITHIN(gone, 0.66, 0.06);
  PF_ASSERT_WITHIN(history(f, "front_max_um", true) - 10, 0.5, 0.15);
  PF_ASSERT_WITHIN(history(f, "front_min_um", true), 10, 0.02);
}

/* Ceramic and liquid together conduct between the bounds of Hashin and Shtrikman; lithium grows into the liquid alone. */
static void skeleton(void) {
  const char *f = run("skeleton",
                      "--set protocol%duration_h=0.002 --set lithium%counter_kinetics=F --set lithium%roughness_um=0 "
                      "--set 'material(1)%exchange_current_mA_cm2=1e4' "
                      "--set 'material(2)%exchange_current_mA_cm2=1e4'");
  if (!f) return;
  const double kappa = 0.5 * 52e-4 / history(f, "voltage_mV", false), porosity = 0.467, k[2] = {4.9e-4, 1.19e-2};
  const double low = k[0] + porosity / (1 / (k[1] - k[0]) + (1 - porosity) / (3 * k[0]));
  const double high = k[1] + (1 - porosity) / (1 / (k[0] - k[1]) + porosity / (3 * k[1]));
  printf("[%.3e S/cm, bounds %.3e and %.3e] ", kappa, low, high);
  PF_ASSERT_NEAR(kappa, 3.244e-3, 0.02);
  PF_ASSERT_AT_LEAST(kappa, low);
  PF_ASSERT_AT_MOST(kappa, high);
  f = run("skeleton", "--set protocol%duration_h=0.1");
  if (!f) return;
  const double gone = history(f, "retreat_um", true) / history(f, "deposited_um", true);
  printf("[%.2f mV, retreat %.4f of the growth, highest %.3f um] ", history(f, "voltage_mV", false), gone,
         history(f, "front_max_um", true) - 12);
  PF_ASSERT_WITHIN(gone, 1.005, 0.01);
  PF_ASSERT_WITHIN(history(f, "front_max_um", true) - 12, 0.93, 0.1);
}

/* The first current that failed, constant time; the papers: 0.8 and 2.2 mA/cm2. */
static void ladders(void) {
  const char *f = run("latp-le-ccd", "--set grid%cells=345 --set grid%spacing_um=4 --set solver%time_step_max_s=60");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"depletion\""));
  CU_ASSERT(says(f, "\"failed_mA_cm2\": 0.8"));
  f = run("f-latp-le-ccd", "--set grid%cells=345 --set grid%spacing_um=4 --set solver%time_step_max_s=60");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"depletion\""));
  CU_ASSERT(says(f, "\"failed_mA_cm2\": 2.1"));
}

/* A ladder on which the potential once ran off inside the metal, close to depletion. */
static void steep_ladder(void) {
  const char *f = run("latp-le-ccd",
                      "--set grid%cells=345 --set grid%spacing_um=4 --set layer%transference_number=0.44 "
                      "--set layer%ionic_conductivity_S_cm=1.05e-3 --set layer%diffusivity_cm2_s=2.65e-7 "
                      "--set layer%exchange_current_mA_cm2=0.11 --set protocol%ccd_start_mA_cm2=0.2 "
                      "--set protocol%ccd_step_mA_cm2=0.2 --set protocol%ccd_stop_mA_cm2=20");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"depletion\""));
  CU_ASSERT(says(f, "\"failed_mA_cm2\": 1.8"));
}

/* Over half the gap, 15 um: a tip of lithium that hangs together with the electrode stands in the last cell, and the mean
 * front is far behind.  The times are measured, there is no exact answer. */
static void short_circuit(const char *input, double current, double time_s, double mean_um) {
  char changes[128];
  snprintf(changes, sizeof changes,
           "--set grid%%cells=40,48 --set layer%%thickness_um=15 --set protocol%%current_mA_cm2=%g", current);
  const char *f = run(input, changes);
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"short\""));
  printf("[%.1f s, mean front %.2f um] ", history(f, "time_s", true), history(f, "front_mean_um", true));
  PF_ASSERT_WITHIN(history(f, "front_max_um", true), 19.75, 0.26); /* the centre of the last cell */
  PF_ASSERT_NEAR(history(f, "time_s", true), time_s, 0.03);
  PF_ASSERT_NEAR(history(f, "front_mean_um", true), mean_um, 0.03);
}

static void short_from_depletion(void) { short_circuit("short", 40, 291.7, 13.77); }

/* The same a tenth above the limiting current: the compliance voltage lets go when a tip has come half the way, and the
 * voltage that belongs to the current is far below it. */
static void short_after_the_limit(void) { short_circuit("short", 20, 365.2, 14.47); }

static void short_from_hot_spot(void) { short_circuit("short-hotspot", 2, 1931.4, 10.23); }

/* The literature's model on its published grid: lithium that no current has paid for. */
static void literature(void) {
  const char *f = run("hong2018", "--set grid%cells=60,60 --set protocol%duration_h=0.0001");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"completed\""));
  PF_ASSERT_NEAR(history(f, "deposited_um", true), 0.5640, 0.01);
  CU_ASSERT(!says(f, "\"faraday_error\": 0,"));
  printf("[hong: %.4f um, area %.3f um2] ", history(f, "deposited_um", true), history(f, "dendrite_area_um2", true));
  PF_ASSERT_NEAR(history(f, "dendrite_area_um2", true), 60 * history(f, "deposited_um", true), 1e-6);
  CU_ASSERT(history(f, "front_max_um", true) > 12 && history(f, "front_max_um", true) < 14);
  CU_ASSERT(history(f, "tip_velocity_um_h", true) > 0);
  f = run("chen2015",
          "--set grid%cells=80,60 --set grid%spacing_um=0.5 --set protocol%duration_h=0.00003 "
          "--set lithium%seeds=1");
  if (!f) return;
  PF_ASSERT_NEAR(history(f, "deposited_um", true), 0.2812, 0.01);
  CU_ASSERT(history(f, "front_max_um", true) > 7 && history(f, "front_max_um", true) < 8.5);
}

/* PFHub's inputs are read, and 7a has the error of its grid (t390). */
static void pfhub(void) {
  static const char *const names[] = {"bm3", "bm7a", "bm7b", "bm7c"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    char command[4096];
    snprintf(command, sizeof command, "'%s' --check inputs/pfhub/%s.nml >/dev/null 2>&1", pf_test_program(), names[n]);
    CU_ASSERT_EQUAL(system(command), 0);
  }
}

/* Half the cell's width and a quarter of its grid; the hot spot grows out of a flat electrode.  The relief is measured. */
static void dendrite_3d(void) {
  const char *f = run("dendrite-3d",
                      "--set grid%cells=32,16,16 --set grid%spacing_um=2 --set lithium%roughness_um=0 "
                      "--set 'hotspot(1)%y_um=16' --set 'hotspot(1)%z_um=16' --set protocol%duration_h=0.05");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"completed\""));
  PF_ASSERT_NEAR(history(f, "deposited_um", true), 1e6 * volume_per_charge * 100 * 180, 1e-6);
  PF_ASSERT_NEAR(history(f, "front_mean_um", true), 10.352, 0.01);
  PF_ASSERT_NEAR(history(f, "front_max_um", true), 18.418, 0.02);
  PF_ASSERT_NEAR(history(f, "voltage_mV", true), 129.86, 0.01);
}

/* A narrower and thinner cut; the waves themselves are looked at by tests/postproc/test_ripples.py. */
static void ripples(void) {
  const char *f = run("ripples", "--set grid%cells=160,64 --set protocol%duration_h=0.005");
  if (!f) return;
  CU_ASSERT(says(f, "\"status\": \"completed\""));
  const double flat = 1e3 * (17 * 3.84e-6 / 0.049 + 2 * thermal * asinh(17 / (2 * 5.585)));
  PF_ASSERT_NEAR(history(f, "voltage_mV", true), flat, 2e-3);
  PF_ASSERT_NEAR(history(f, "roughness_um", true), 1e-4, 0.01);
}

/* No input without a test. */
static void all_are_tested(void) {
  static const char *const known[] = {
      "grains",      "latp-le",       "f-latp-le",  "planar",        "sand",
      "ripple",      "hotspot",       "interlayer", "film",          "lif-modulus",
      "latp-le-ccd", "f-latp-le-ccd", "short",      "short-hotspot", "lif-electronic-conductivity",
      "skeleton",    "hotspot-lif",   "chen2015",   "hong2018",      "dendrite-3d",
      "ripples"};
  glob_t found;
  CU_ASSERT_EQUAL_FATAL(glob("inputs/*.nml", 0, NULL, &found), 0);
  CU_ASSERT_EQUAL(found.gl_pathc, sizeof known / sizeof *known);
  for (size_t n = 0; n < found.gl_pathc; n++) {
    bool is_known = false;
    for (size_t q = 0; q < sizeof known / sizeof *known; q++) {
      char path[128];
      snprintf(path, sizeof path, "inputs/%s.nml", known[q]);
      is_known |= !strcmp(path, found.gl_pathv[n]);
    }
    if (!is_known) printf("[%s] ", found.gl_pathv[n]);
    CU_ASSERT(is_known);
  }
  globfree(&found);
}

void t600_inputs(void);
void t600_inputs(void) {
  pf_test_suite("inputs", (pf_test[]){{"every input has a test", all_are_tested},
                                      {"latp-le", latp_le},
                                      {"f-latp-le", f_latp_le},
                                      {"planar", planar},
                                      {"sand", sand},
                                      {"dendrite-3d", dendrite_3d},
                                      {"ripples", ripples},
                                      {"ripple", ripple},
                                      {"hotspot", hotspot},
                                      {"a hot spot under LiF", hotspot_lif},
                                      {"interlayer", interlayer},
                                      {"lif-modulus", lif_modulus},
                                      {"LiF and electrons", lif_electronic_conductivity},
                                      {"film", film},
                                      {"grains", grains},
                                      {"skeleton", skeleton},
                                      {"critical currents", ladders},
                                      {"the literature's model", literature},
                                      {"PFHub", pfhub},
                                      {"a ladder to the end of the salt", steep_ladder},
                                      {"a short from depletion", short_from_depletion},
                                      {"a short after the voltage limit has let go", short_after_the_limit},
                                      {"a short from a hot spot", short_from_hot_spot}});
}
