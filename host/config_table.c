/* config_table.c: every key of the input, once.  The parser's checks, the echo, --help-input and inputs/KEYS.md come
 * from here. */
#include <math.h>

#include "config.h"

#define HUGE_NUMBER 1e30

#define SIZE(type, member) (sizeof(((type *)0)->member))
#define PLACE(type, member) .offset = offsetof(type, member), .size = SIZE(type, member), .elements = 1
#define LIST(type, member)                                         \
  .offset = offsetof(type, member), .size = SIZE(type, member[0]), \
  .elements = (int)(SIZE(type, member) / SIZE(type, member[0]))
/* Ranges of numbers. */
#define POSITIVE .least = 0.0, .open = true, .most = HUGE_NUMBER
#define NOT_NEGATIVE .least = 0.0, .most = HUGE_NUMBER
#define ANY .least = -HUGE_NUMBER, .most = HUGE_NUMBER

#define T pf_config_run
static const pf_key run_keys[] = {
    {"title", PF_KEY_STRING, PLACE(T, title), .resolved = "the name of the input file", .unit = "",
     .help = "names the files of the run: letters, digits, '-', '_' and '.', not first a '.', at most 64"},
    {"output_dir", PF_KEY_STRING, PLACE(T, output_dir), .resolved = "'runs/' and the name of the input file",
     .unit = "", .help = "directory of the results, relative to the working directory"},
    {"random_seed", PF_KEY_INTEGER, PLACE(T, random_seed), .preset = "1", .unit = "", .least = 0, .most = 2147483647.0,
     .help = "seed of all random numbers"},
    {"backend", PF_KEY_STRING, PLACE(T, backend), .preset = "'auto'", .unit = "", .choices = "auto|cpu|check|cuda",
     .help = "what computes; auto: cuda where there is a device, else cpu; check: cpu under a GPU's memory rules"},
    {"threads", PF_KEY_INTEGER, PLACE(T, threads), .preset = "0", .unit = "", .least = 0, .most = 1024,
     .help = "threads of the cpu backend, 0: one a core; the results do not depend on it"},
    {"max_walltime_min", PF_KEY_NUMBER, PLACE(T, max_walltime_min), .unit = "min", POSITIVE,
     .help = "the run stops with a checkpoint before so much time has passed; none: no limit"},
    {"max_steps", PF_KEY_INTEGER, PLACE(T, max_steps), .preset = "0", .unit = "", .least = 0, .most = 2147483647.0,
     .help = "the run stops after so many time steps, 0: no limit"},
};
#undef T

#define T pf_config_grid
static const pf_key grid_keys[] = {
    {"cells", PF_KEY_INTEGER, LIST(T, cells), .resolved = "1 where not written", .unit = "", .least = 1,
     .most = 1000000, .required = true,
     .help = "nx[, ny[, nz]]: cells along x (through the cell), y and z; any numbers"},
    {"spacing_um", PF_KEY_NUMBER, PLACE(T, spacing_um), .unit = "um", .least = 1e-6, .most = 1e6, .required = true,
     .help = "h, the edge of a cell"},
};
#undef T

#define T pf_config_model
static const pf_key model_keys[] = {
    {"interface", PF_KEY_CHOICE, PLACE(T, interface), .preset = "'reaction_interface'", .unit = "",
     .choices = "reaction_interface|allen_cahn", .help = "law of motion of the lithium surface"},
    {"interface_width_cells", PF_KEY_NUMBER, PLACE(T, interface_width_cells), .preset = "4", .unit = "cells",
     .least = 3, .most = 32,
     .help = "W, width of the diffuse interface; 4 to 6 is usual, less pins the front to the grid"},
    {"mass_transfer_length_um", PF_KEY_NUMBER, PLACE(T, mass_transfer_length_um), .resolved = "W/4", .unit = "um",
     NOT_NEGATIVE, .help = "length of the mass-transfer limit of the reaction; give it where W is varied"},
    {"frame", PF_KEY_CHOICE, PLACE(T, frame), .preset = "'auto'", .unit = "", .choices = "auto|grid|stack",
     .help = "what stays in place; auto: stack where a solid touches the working electrode, else grid"},
    {"mechanics", PF_KEY_LOGICAL, PLACE(T, mechanics), .preset = ".false.", .unit = "", .help = "elastic stress"},
    {"electrons", PF_KEY_LOGICAL, PLACE(T, electrons), .preset = ".false.", .unit = "",
     .help = "electronic potential and leakage through the electrolyte"},
};
#undef T

#define T pf_config_conditions
static const pf_key conditions_keys[] = {
    {"temperature_K", PF_KEY_NUMBER, PLACE(T, temperature_K), .preset = "298.15", .unit = "K", .least = 150,
     .most = 453, .help = "temperature, below the melting point of lithium (453.7 K)"},
    {"stack_pressure_MPa", PF_KEY_NUMBER, PLACE(T, stack_pressure_MPa), .preset = "0", .unit = "MPa", .least = 0,
     .most = 1000, .help = "pressure on the cell"},
};
#undef T

#define T pf_config_lithium
static const pf_key lithium_keys[] = {
    {"thickness_um", PF_KEY_NUMBER, PLACE(T, thickness_um), .unit = "um", POSITIVE, .required = true,
     .help = "lithium at the working electrode, x = 0"},
    {"counter_thickness_um", PF_KEY_NUMBER, PLACE(T, counter_thickness_um), .preset = "0", .unit = "um", NOT_NEGATIVE,
     .help = "lithium at the counter electrode; 0: the face x = Lx is the electrode"},
    {"counter_kinetics", PF_KEY_LOGICAL, PLACE(T, counter_kinetics), .preset = ".true.", .unit = "",
     .help = ".false.: the counter electrode is ideal, without overpotential"},
    {"molar_volume_cm3_mol", PF_KEY_NUMBER, PLACE(T, molar_volume_cm3_mol), .preset = "13.0", .unit = "cm3/mol",
     .least = 1, .most = 100, .help = "of lithium metal: 6.94 g/mol over 0.534 g/cm3; 1 mAh/cm2 is 4.85 um"},
    {"surface_energy_J_m2", PF_KEY_NUMBER, PLACE(T, surface_energy_J_m2), .preset = "0.5", .unit = "J/m2", .least = 0,
     .most = 100, .help = "of the lithium surface; 0.46 to 0.54 computed for its low-index faces (Tran 2016)"},
    {"exchange_current_anisotropy", PF_KEY_NUMBER, PLACE(T, exchange_current_anisotropy), .preset = "0", .unit = "",
     .least = 0, .most = 0.99, .dimensions = 2,
     .help =
         "delta: i0 is 1 + delta (4 sum n_i^4 - 3) times itself, n the front's normal; in 2-D 1 + delta cos(4 theta)"},
    {"youngs_modulus_GPa", PF_KEY_NUMBER, PLACE(T, youngs_modulus_GPa), .preset = "4.9", .unit = "GPa", .least = 1e-3,
     .most = 1e4, .help = "of lithium: 4.9 in handbooks, 7.8 by Masias 2019"},
    {"poisson_ratio", PF_KEY_NUMBER, PLACE(T, poisson_ratio), .preset = "0.36", .unit = "", .least = 0, .most = 0.499,
     .help = "of lithium"},
    {"electronic_conductivity_S_cm", PF_KEY_NUMBER, PLACE(T, electronic_conductivity_S_cm), .preset = "1.08e5",
     .unit = "S/cm", POSITIVE, .help = "of lithium: 92.8 nOhm m at 20 C"},
    {"yield_stress_MPa", PF_KEY_NUMBER, PLACE(T, yield_stress_MPa), .preset = "0.75", .unit = "MPa", POSITIVE,
     .help = "of lithium: 0.73 to 0.81 at 1e-3 1/s (Masias 2019)"},
    {"lithium_plasticity", PF_KEY_LOGICAL, PLACE(T, lithium_plasticity), .preset = ".true.", .unit = "",
     .help = "the stress that acts on growth is limited to 3 times the yield stress"},
    {"eigenstrain", PF_KEY_NUMBER, PLACE(T, eigenstrain), .preset = "1", .unit = "", .least = 0, .most = 1,
     .help = "strain of a cell that turns to lithium; 1: full insertion"},
    {"eigenstrain_form", PF_KEY_CHOICE, PLACE(T, eigenstrain_form), .preset = "'normal'", .unit = "",
     .choices = "normal|isotropic", .help = "direction of that strain"},
    {"elastic_driving_force", PF_KEY_CHOICE, PLACE(T, elastic_driving_force), .preset = "'traction'", .unit = "",
     .choices = "traction|energy", .help = "what of the stress acts on the reaction"},
    {"roughness_um", PF_KEY_NUMBER, PLACE(T, roughness_um), .preset = "0", .unit = "um", NOT_NEGATIVE, .dimensions = 2,
     .help = "rms roughness of the surface at the start"},
    {"roughness_length_um", PF_KEY_NUMBER, PLACE(T, roughness_length_um), .resolved = "4 W", .unit = "um", POSITIVE,
     .dimensions = 2, .help = "correlation length of the roughness"},
    {"perturbation_um", PF_KEY_NUMBER, PLACE(T, perturbation_um), .preset = "0", .unit = "um", NOT_NEGATIVE,
     .dimensions = 2, .help = "amplitude of a cosine ripple of the surface at the start"},
    {"perturbation_wavelength_um", PF_KEY_NUMBER, PLACE(T, perturbation_wavelength_um), .resolved = "Ly", .unit = "um",
     POSITIVE, .dimensions = 2, .help = "its wavelength, which divides Ly"},
    {"seed_radius_um", PF_KEY_NUMBER, PLACE(T, seed_radius_um), .preset = "0", .unit = "um", NOT_NEGATIVE,
     .dimensions = 2, .help = "half discs of lithium (in 3-D half balls) on the electrode at the start, 0: none"},
    {"seeds", PF_KEY_INTEGER, PLACE(T, seeds), .preset = "1", .unit = "", .least = 1, .most = 1000, .dimensions = 2,
     .help = "how many of them, evenly along y"},
};
#undef T

/* The keys of &material but its name; those of &layer have the same, in `properties`. */
#define MATERIAL_KEYS(T, IN)                                                                                         \
  {"ionic_conductivity_S_cm",                                                                                        \
   PF_KEY_NUMBER,                                                                                                    \
   PLACE(T, IN ionic_conductivity_S_cm),                                                                             \
   .unit = "S/cm",                                                                                                   \
   POSITIVE,                                                                                                         \
   .help = "of the salt, or of the single-ion conductor where the transference number is 1"},                        \
      {"single_ion_conductivity_S_cm",                                                                               \
       PF_KEY_NUMBER,                                                                                                \
       PLACE(T, IN single_ion_conductivity_S_cm),                                                                    \
       .preset = "0",                                                                                                \
       .unit = "S/cm",                                                                                               \
       NOT_NEGATIVE,                                                                                                 \
       .help = "of a single-ion path beside the salt, as a ceramic skeleton is"},                                    \
      {"electronic_conductivity_S_cm",                                                                               \
       PF_KEY_NUMBER,                                                                                                \
       PLACE(T, IN electronic_conductivity_S_cm),                                                                    \
       .preset = "0",                                                                                                \
       .unit = "S/cm",                                                                                               \
       NOT_NEGATIVE,                                                                                                 \
       .help = "of the electrolyte for electrons; needed with electrons, 0: an insulator"},                          \
      {"transference_number",                                                                                        \
       PF_KEY_NUMBER,                                                                                                \
       PLACE(T, IN transference_number),                                                                             \
       .preset = "1",                                                                                                \
       .unit = "",                                                                                                   \
       .least = 0,                                                                                                   \
       .most = 1,                                                                                                    \
       .help = "t+ of lithium; 1: a single-ion conductor without salt"},                                             \
      {"salt_concentration_mol_L",                                                                                   \
       PF_KEY_NUMBER,                                                                                                \
       PLACE(T, IN salt_concentration_mol_L),                                                                        \
       .unit = "mol/L",                                                                                              \
       POSITIVE,                                                                                                     \
       .help = "c0, at the start; needed where t+ < 1"},                                                             \
      {"diffusivity_cm2_s", PF_KEY_NUMBER, PLACE(T, IN diffusivity_cm2_s),                                           \
       .unit = "cm2/s",     POSITIVE,      .help = "D of the salt; needed where t+ < 1"},                            \
      {"conductivity_follows_salt",                                                                                  \
       PF_KEY_LOGICAL,                                                                                               \
       PLACE(T, IN conductivity_follows_salt),                                                                       \
       .preset = ".true.",                                                                                           \
       .unit = "",                                                                                                   \
       .help = "conductivity proportional to the salt concentration, else constant"},                                \
      {"youngs_modulus_GPa", PF_KEY_NUMBER, PLACE(T, IN youngs_modulus_GPa), .unit = "GPa",                          \
       .least = 1e-6,        .most = 1e4,   .help = "needed with mechanics"},                                        \
      {"poisson_ratio", PF_KEY_NUMBER, PLACE(T, IN poisson_ratio),     .unit = "",                                   \
       .least = -0.99,  .most = 0.499, .help = "needed with mechanics"},                                             \
      {"exchange_current_mA_cm2",                                                                                    \
       PF_KEY_NUMBER,                                                                                                \
       PLACE(T, IN exchange_current_mA_cm2),                                                                         \
       .unit = "mA/cm2",                                                                                             \
       POSITIVE,                                                                                                     \
       .help = "i0 of lithium in this material at c0; needed where lithium can touch it"},                           \
      {"transfer_coefficient", PF_KEY_NUMBER, PLACE(T, IN transfer_coefficient),        .preset = "0.5", .unit = "", \
       .least = 0.05,          .most = 0.95,  .help = "a of the Butler-Volmer equation"},                            \
      {"film_resistance_ohm_cm2",                                                                                    \
       PF_KEY_NUMBER,                                                                                                \
       PLACE(T, IN film_resistance_ohm_cm2),                                                                         \
       .resolved = "of a film thickness over conductivity, else 0",                                                  \
       .unit = "ohm cm2",                                                                                            \
       NOT_NEGATIVE,                                                                                                 \
       .help = "in series with the reaction where lithium touches it"},                                              \
      {"solid",                                                                                                      \
       PF_KEY_LOGICAL,                                                                                               \
       PLACE(T, IN solid),                                                                                           \
       .resolved = ".true. where t+ is 1",                                                                           \
       .unit = "",                                                                                                   \
       .help = "lithium does not displace it"},                                                                      \
      {"lithium_can_enter", PF_KEY_LOGICAL, PLACE(T, IN lithium_can_enter),                                          \
       .preset = ".true.",  .unit = "",     .help = "lithium may grow into it"},                                     \
      {"fracture_toughness_MPa_m05", PF_KEY_NUMBER, PLACE(T, IN fracture_toughness_MPa_m05),                         \
       .unit = "MPa m^0.5",          POSITIVE,      .help = "for the event fracture, with flaw_depth_um"},           \
  {                                                                                                                  \
    "flaw_depth_um", PF_KEY_NUMBER, PLACE(T, IN flaw_depth_um), .unit = "um", POSITIVE,                              \
                                                                .help = "depth of its largest flaw"                  \
  }

static const pf_key layer_keys[] = {
    {"name", PF_KEY_STRING, PLACE(pf_config_layer, name), .resolved = "'layer' and its number", .unit = "",
     .help = "for messages and for &microstructure"},
    {"material", PF_KEY_STRING, PLACE(pf_config_layer, material), .preset = "''", .unit = "",
     .help = "name of the &material whose keys it takes; its own keys go before those"},
    {"thickness_um", PF_KEY_NUMBER, PLACE(pf_config_layer, thickness_um), .preset = "0", .unit = "um", NOT_NEGATIVE,
     .help = "0: what the others leave of nx h; below 3 W: a film, which takes no cells"},
    MATERIAL_KEYS(pf_config_layer, properties.),
};

static const pf_key material_keys[] = {
    {"name", PF_KEY_STRING, PLACE(pf_config_material, name), .required = true, .unit = "",
     .help = "by which a &layer takes it"},
    MATERIAL_KEYS(pf_config_material, ),
};

#define T pf_config_hotspot
static const pf_key hotspot_keys[] = {
    {"y_um", PF_KEY_NUMBER, PLACE(T, y_um), .preset = "0", .unit = "um", NOT_NEGATIVE, .dimensions = 2,
     .help = "its centre, within the grid"},
    {"z_um", PF_KEY_NUMBER, PLACE(T, z_um), .preset = "0", .unit = "um", NOT_NEGATIVE, .dimensions = 3,
     .help = "its centre, within the grid"},
    {"radius_um", PF_KEY_NUMBER, PLACE(T, radius_um), .unit = "um", POSITIVE, .required = true, .dimensions = 2,
     .help = "radius of the disc (2-D: half the width of the strip)"},
    {"edge_um", PF_KEY_NUMBER, PLACE(T, edge_um), .preset = "0", .unit = "um", NOT_NEGATIVE, .dimensions = 2,
     .help = "the factor falls to 1 around the radius as a tanh of this length; 0: at once"},
    {"factor", PF_KEY_NUMBER, PLACE(T, factor), .unit = "", .least = 0, .most = 1e6, .required = true, .dimensions = 2,
     .help = "multiplies the exchange current; overlapping ones multiply; about 0 is a void"},
};
#undef T

#define T pf_config_microstructure
static const pf_key microstructure_keys[] = {
    {"file", PF_KEY_STRING, PLACE(T, file), .preset = "''", .unit = "",
     .help = "NetCDF map of whole numbers; its attribute `materials` names them in order"},
    {"grain_size_um", PF_KEY_NUMBER, PLACE(T, grain_size_um), .unit = "um", POSITIVE,
     .help = "mean size of the grains"},
    {"boundary_width_um", PF_KEY_NUMBER, PLACE(T, boundary_width_um), .preset = "0", .unit = "um", NOT_NEGATIVE,
     .help = "width of the grain boundaries"},
    {"porosity", PF_KEY_NUMBER, PLACE(T, porosity), .preset = "0", .unit = "", .least = 0, .most = 0.95,
     .help = "share of pores"},
    {"pore_size_um", PF_KEY_NUMBER, PLACE(T, pore_size_um), .unit = "um", POSITIVE, .help = "mean size of the pores"},
    {"grain_material", PF_KEY_STRING, PLACE(T, grain_material), .preset = "''", .unit = "", .help = "a &material"},
    {"boundary_material", PF_KEY_STRING, PLACE(T, boundary_material), .preset = "''", .unit = "",
     .help = "a &material"},
    {"pore_material", PF_KEY_STRING, PLACE(T, pore_material), .preset = "''", .unit = "", .help = "a &material"},
    {"layer", PF_KEY_STRING, PLACE(T, layer), .preset = "''", .unit = "", .help = "name of the layer it fills"},
};
#undef T

#define T pf_config_nucleation
static const pf_key nucleation_keys[] = {
    {"overpotential_mV", PF_KEY_NUMBER, PLACE(T, overpotential_mV), .unit = "mV", POSITIVE, .required = true,
     .help = "lithium nucleates in the electrolyte where its overpotential is larger"},
    {"rate_per_um3_h", PF_KEY_NUMBER, PLACE(T, rate_per_um3_h), .unit = "1/(um3 h)", POSITIVE, .required = true,
     .help = "nuclei a volume and time there"},
    {"radius_um", PF_KEY_NUMBER, PLACE(T, radius_um), .unit = "um", POSITIVE, .required = true, .help = "of a nucleus"},
    {"where", PF_KEY_CHOICE, PLACE(T, where), .preset = "'anywhere'", .unit = "",
     .choices = "anywhere|boundaries|pores", .help = "where it may happen"},
};
#undef T

#define T pf_config_protocol
static const pf_key protocol_keys[] = {
    {"mode", PF_KEY_CHOICE, PLACE(T, mode), .unit = "", .required = true,
     .choices = "galvanostatic|potentiostatic|cycling|ccd_constant_time|ccd_constant_capacity",
     .help = "what is done to the cell"},
    {"current_mA_cm2", PF_KEY_NUMBER, PLACE(T, current_mA_cm2), .unit = "mA/cm2", .least = -1e6, .most = 1e6,
     .help = "galvanostatic, cycling: current density, > 0 plates the working electrode"},
    {"voltage_mV", PF_KEY_NUMBER, PLACE(T, voltage_mV), .unit = "mV", .least = -1e5, .most = 1e5,
     .help = "potentiostatic: cell voltage, > 0 plates the working electrode"},
    {"duration_h", PF_KEY_NUMBER, PLACE(T, duration_h), .unit = "h", .least = 1e-9, .most = 1e6,
     .help = "galvanostatic, potentiostatic: how long"},
    {"cycles", PF_KEY_INTEGER, PLACE(T, cycles), .preset = "1", .unit = "", .least = 1, .most = 1000000,
     .help = "cycling: number of cycles"},
    {"half_cycle_h", PF_KEY_NUMBER, PLACE(T, half_cycle_h), .unit = "h", .least = 1e-9, .most = 1e6,
     .help = "cycling, ccd_constant_time: duration of a half cycle"},
    {"capacity_mAh_cm2", PF_KEY_NUMBER, PLACE(T, capacity_mAh_cm2), .unit = "mAh/cm2", POSITIVE,
     .help = "cycling, ccd_constant_capacity: charge of a half cycle"},
    {"rest_h", PF_KEY_NUMBER, PLACE(T, rest_h), .preset = "0", .unit = "h", .least = 0, .most = 1e6,
     .help = "cycling, ccd: rest after each half cycle"},
    {"first_half_cycle", PF_KEY_CHOICE, PLACE(T, first_half_cycle), .preset = "'plate'", .unit = "",
     .choices = "plate|strip", .help = "cycling, ccd: what happens first at the working electrode"},
    {"ccd_start_mA_cm2", PF_KEY_NUMBER, PLACE(T, ccd_start_mA_cm2), .unit = "mA/cm2", POSITIVE,
     .help = "ccd: first current"},
    {"ccd_step_mA_cm2", PF_KEY_NUMBER, PLACE(T, ccd_step_mA_cm2), .unit = "mA/cm2", POSITIVE,
     .help = "ccd: step of the current"},
    {"ccd_stop_mA_cm2", PF_KEY_NUMBER, PLACE(T, ccd_stop_mA_cm2), .unit = "mA/cm2", POSITIVE,
     .help = "ccd: last current"},
    {"end_at", PF_KEY_STRING, LIST(T, end_at), .preset = "'short'", .unit = "",
     .choices = "depletion|voltage_limit|dendrite|nucleation|fracture|short|none",
     .help = "events that end the run; the others are recorded; none: none of them (an electrode without lithium, "
             "event exhaustion, always does)"},
    {"voltage_limit_mV", PF_KEY_NUMBER, PLACE(T, voltage_limit_mV), .preset = "1000", .unit = "mV", .least = 1,
     .most = 1e5, .help = "compliance voltage of the current source"},
    {"dendrite_length_um", PF_KEY_NUMBER, PLACE(T, dendrite_length_um), .resolved = "no such event", .unit = "um",
     POSITIVE, .dimensions = 2, .help = "the event dendrite: a tip is so far before the mean front"},
};
#undef T

#define T pf_config_output
static const pf_key output_keys[] = {
    {"snapshot_interval_h", PF_KEY_NUMBER, PLACE(T, snapshot_interval_h), .resolved = "by snapshot_count", .unit = "h",
     .least = 1e-9, .most = 1e6, .help = "time between snapshots; this or snapshot_count"},
    {"snapshot_count", PF_KEY_INTEGER, PLACE(T, snapshot_count), .preset = "10", .unit = "", .least = 1, .most = 999999,
     .help = "number of snapshots after the first, evenly over the protocol"},
    {"fields", PF_KEY_STRING, LIST(T, fields), .preset = "'phase', 'salt', 'potential'", .unit = "",
     .choices = "phase|salt|potential|electron_potential|material|stress|von_mises|pressure",
     .help = "fields of the snapshots"},
    {"compression", PF_KEY_INTEGER, PLACE(T, compression), .preset = "0", .unit = "", .least = 0, .most = 9,
     .help = "deflate level of the snapshots, 0: none"},
    {"vtk", PF_KEY_LOGICAL, PLACE(T, vtk), .preset = ".false.", .unit = "", .help = "write .vti files and a .pvd too"},
    {"history_interval_s", PF_KEY_NUMBER, PLACE(T, history_interval_s), .preset = "60", .unit = "s", .least = 1e-9,
     .most = 1e9, .help = "time between the rows of history.csv"},
    {"checkpoint_interval_min", PF_KEY_NUMBER, PLACE(T, checkpoint_interval_min), .preset = "15", .unit = "min",
     POSITIVE, .help = "wall time between checkpoints"},
};
#undef T

#define T pf_config_solver
static const pf_key solver_keys[] = {
    {"cfl", PF_KEY_NUMBER, PLACE(T, cfl), .preset = "0.1", .unit = "cells", .least = 1e-4, .most = 1,
     .help = "the interface moves at most so far in a time step"},
    {"potential_tolerance", PF_KEY_NUMBER, PLACE(T, potential_tolerance), .preset = "1e-6", .unit = "", .least = 1e-14,
     .most = 1e-2, .help = "of potential and salt, in the scaled residual"},
    {"mechanics_tolerance", PF_KEY_NUMBER, PLACE(T, mechanics_tolerance), .preset = "1e-3", .unit = "", .least = 1e-12,
     .most = 0.1, .help = "of the stress"},
    {"time_step_max_s", PF_KEY_NUMBER, PLACE(T, time_step_max_s), .preset = "20", .unit = "s", .least = 1e-9,
     .most = 1e6, .help = "longest time step; 20 to 60 s is accurate to 1 % of the roughness"},
    {"precision", PF_KEY_CHOICE, PLACE(T, precision), .preset = "'mixed'", .unit = "", .choices = "double|mixed",
     .help = "mixed: what corrects an iterate (multigrid cycles, the vectors of GMRES) is in single precision, "
             "residuals are in double; double: cycles and vectors too, slower, for comparison"},
};
#undef T

#define T pf_config_allen_cahn
static const pf_key allen_cahn_keys[] = {
    {"L_sigma_m3_J_s", PF_KEY_NUMBER, PLACE(T, L_sigma_m3_J_s), .preset = "2.5e-6", .unit = "m3/(J s)", NOT_NEGATIVE,
     .help = "mobility of the interface (the defaults of this group: L. Chen 2015)"},
    {"L_eta_per_s", PF_KEY_NUMBER, PLACE(T, L_eta_per_s), .preset = "1e-3", .unit = "1/s", NOT_NEGATIVE,
     .help = "rate of the reaction"},
    {"kappa_J_m", PF_KEY_NUMBER, PLACE(T, kappa_J_m), .preset = "7.5e-7", .unit = "J/m", POSITIVE,
     .help = "gradient energy"},
    {"barrier_J_m3", PF_KEY_NUMBER, PLACE(T, barrier_J_m3), .preset = "6.0e6", .unit = "J/m3", POSITIVE,
     .help = "W_b, height of the double well"},
    {"anisotropy", PF_KEY_NUMBER, PLACE(T, anisotropy), .preset = "0.05", .unit = "", .least = 0, .most = 1,
     .help = "delta, strength of the anisotropy"},
    {"symmetry", PF_KEY_INTEGER, PLACE(T, symmetry), .preset = "4", .unit = "", .least = 0, .most = 12,
     .help = "omega, fold of the anisotropy"},
    {"noise", PF_KEY_NUMBER, PLACE(T, noise), .preset = "0", .unit = "", .least = 0, .most = 1,
     .help = "amplitude of the noise"},
    {"site_density_mol_L", PF_KEY_NUMBER, PLACE(T, site_density_mol_L), .preset = "76.4", .unit = "mol/L", POSITIVE,
     .help = "c_s, sites of the metal"},
    {"potential_steps", PF_KEY_INTEGER, PLACE(T, potential_steps), .preset = "1", .unit = "", .least = 1, .most = 20,
     .help = "explicit steps for each solution of the potential"},
};
#undef T

#define T pf_config_benchmark
static const pf_key benchmark_keys[] = {
    {"problem", PF_KEY_CHOICE, PLACE(T, problem), .unit = "", .required = true,
     .choices = "pfhub3|pfhub7a|pfhub7b|pfhub7c", .help = "of PFHub: growth of a dendrite, or a manufactured solution"},
    {"end_time", PF_KEY_NUMBER, PLACE(T, end_time), .resolved = "the benchmark's: 1500 or 8", .unit = "s", POSITIVE,
     .help = "when the run ends, in the benchmark's unit of time"},
};
#undef T

#define GROUP(member)                                                                             \
  .offset = offsetof(pf_config, member), .stride = SIZE(pf_config, member), .key = member##_keys, \
  .keys = (int)(sizeof member##_keys / sizeof member##_keys[0])
#define REPEATED(member)                                                                             \
  .offset = offsetof(pf_config, member), .stride = SIZE(pf_config, member[0]), .key = member##_keys, \
  .keys = (int)(sizeof member##_keys / sizeof member##_keys[0])

const pf_group pf_config_groups[PF_GROUPS] = {
    {"run", 1, GROUP(run), .help = "the run itself"},
    {"grid", 1, GROUP(grid), .help = "the grid of cubes"},
    {"model", 1, GROUP(model), .help = "which physics"},
    {"conditions", 1, GROUP(conditions), .help = "what holds for the whole cell"},
    {"lithium", 1, GROUP(lithium), .help = "the metal and its surface at the start"},
    {"layer", PF_LAYERS_MAX, REPEATED(layer),
     .help = "one each, from the working to the counter electrode; lithium and layers add up to nx h"},
    {"material", PF_MATERIALS_MAX, REPEATED(material), .help = "properties that layers share"},
    {"hotspot", PF_HOTSPOTS_MAX, REPEATED(hotspot), .help = "a disc of the working electrode with other kinetics"},
    {"microstructure", 1, GROUP(microstructure), .help = "grains, boundaries and pores of a layer"},
    {"nucleation", 1, GROUP(nucleation), .help = "lithium that forms inside the electrolyte"},
    {"protocol", 1, GROUP(protocol), .help = "current and voltage"},
    {"output", 1, GROUP(output), .help = "what is written"},
    {"solver", 1, GROUP(solver), .help = "numerics"},
    {"allen_cahn", 1, GROUP(allen_cahn), .help = "only with interface = 'allen_cahn'"},
    {"benchmark", 1, GROUP(benchmark),
     .help = "a problem of PFHub instead of a cell: lengths and times in its units, which stand for um and s"},
};

_Static_assert(sizeof layer_keys / sizeof layer_keys[0] <= PF_GROUP_KEYS, "PF_GROUP_KEYS is too small");
