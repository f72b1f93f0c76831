/* config.h: the input with its meaning: one table of keys, all checks, the user's units.
 *
 * A pf_config holds every key of the table under its own name: cfg.grid.spacing_um, cfg.layer[0].thickness_um.  Numbers
 * are in the units of their names.  A number that was not given and has no default is NaN, such a string is empty.
 * Owner of cfg.text and cfg.sets: the config, until pf_config_free. */
#ifndef PF_CONFIG_H
#define PF_CONFIG_H

#include "../kernels/pf_status.h"
#include "input.h"
#include "report.h"
#include "table.h"

enum {
  PF_LAYERS_MAX = 16,
  PF_MATERIALS_MAX = 16,
  PF_HOTSPOTS_MAX = 32,
  PF_ELECTROLYTES_MAX = 16, /* resolved layers and the materials of a microstructure together */
  PF_FIELDS_MAX = 16,
  PF_EVENTS_MAX = 8,
  PF_NAME_MAX = 64,   /* bytes of a name with its zero */
  PF_PATH_MAX = 1024, /* bytes of a path with its zero */
  PF_GROUPS = 15,     /* groups of the table */
  PF_GROUP_KEYS = 24, /* most keys of one group */
  PF_GROUP_REPEATS = 32
};

/* The order of the names is that of the choices in the table. */
typedef enum pf_interface { PF_INTERFACE_REACTION, PF_INTERFACE_ALLEN_CAHN } pf_interface;
typedef enum pf_problem { PF_PROBLEM_3, PF_PROBLEM_7A, PF_PROBLEM_7B, PF_PROBLEM_7C } pf_problem;
typedef enum pf_frame { PF_FRAME_AUTO, PF_FRAME_GRID, PF_FRAME_STACK } pf_frame;
typedef enum pf_eigenstrain { PF_EIGENSTRAIN_NORMAL, PF_EIGENSTRAIN_ISOTROPIC } pf_eigenstrain;
typedef enum pf_elastic_force { PF_ELASTIC_TRACTION, PF_ELASTIC_ENERGY } pf_elastic_force;
typedef enum pf_where { PF_WHERE_ANYWHERE, PF_WHERE_BOUNDARIES, PF_WHERE_PORES } pf_where;
typedef enum pf_mode {
  PF_MODE_GALVANOSTATIC,
  PF_MODE_POTENTIOSTATIC,
  PF_MODE_CYCLING,
  PF_MODE_CCD_CONSTANT_TIME,
  PF_MODE_CCD_CONSTANT_CAPACITY
} pf_mode;
typedef enum pf_half_cycle { PF_HALF_CYCLE_PLATE, PF_HALF_CYCLE_STRIP } pf_half_cycle;
typedef enum pf_precision { PF_PRECISION_DOUBLE, PF_PRECISION_MIXED } pf_precision;

typedef struct pf_config_run {
  char title[PF_NAME_MAX + 1]; /* letters, digits, '-', '_', '.': it becomes part of file names */
  char output_dir[PF_PATH_MAX];
  int random_seed;
  char backend[16];
  int threads;             /* 0: all cores */
  double max_walltime_min; /* NaN: no limit */
  int max_steps;           /* 0: no limit */
} pf_config_run;

typedef struct pf_config_grid {
  int cells[3]; /* nx, ny, nz; 1 where not given */
  double spacing_um;
} pf_config_grid;

typedef struct pf_config_model {
  int interface; /* pf_interface */
  double interface_width_cells;
  double mass_transfer_length_um; /* resolved: W/4 unless given */
  int frame;                      /* pf_frame, resolved: never PF_FRAME_AUTO */
  bool mechanics, electrons;
} pf_config_model;

typedef struct pf_config_conditions {
  double temperature_K, stack_pressure_MPa;
} pf_config_conditions;

typedef struct pf_config_lithium {
  double thickness_um, counter_thickness_um;
  bool counter_kinetics;
  double molar_volume_cm3_mol, surface_energy_J_m2;
  double exchange_current_anisotropy;
  double youngs_modulus_GPa, poisson_ratio, electronic_conductivity_S_cm, yield_stress_MPa;
  bool lithium_plasticity;
  double eigenstrain;
  int eigenstrain_form;      /* pf_eigenstrain */
  int elastic_driving_force; /* pf_elastic_force */
  double roughness_um;
  double roughness_length_um; /* resolved: 4 W unless given */
  double perturbation_um;
  double perturbation_wavelength_um; /* resolved: Ly unless given */
  double seed_radius_um;             /* 0: no seeds */
  int seeds;
} pf_config_lithium;

typedef struct pf_config_material {
  char name[PF_NAME_MAX];
  double ionic_conductivity_S_cm, single_ion_conductivity_S_cm, electronic_conductivity_S_cm;
  double transference_number, salt_concentration_mol_L, diffusivity_cm2_s;
  bool conductivity_follows_salt;
  double youngs_modulus_GPa, poisson_ratio;
  double exchange_current_mA_cm2, transfer_coefficient;
  double film_resistance_ohm_cm2; /* resolved: of a film thickness over conductivity, else 0, unless given */
  bool solid;                     /* resolved: transference number 1, unless given */
  bool lithium_can_enter;
  double fracture_toughness_MPa_m05, flaw_depth_um;
} pf_config_material;

typedef struct pf_config_layer {
  char name[PF_NAME_MAX];
  char material[PF_NAME_MAX];    /* name of the &material, empty: none */
  double thickness_um;           /* resolved: what is left where 0 was written */
  pf_config_material properties; /* the layer's own keys, else those of its &material, else the defaults */
  /* Derived. */
  bool film;               /* thinner than 3 W: a property of the interface, takes no cells */
  double start_um, end_um; /* where it lies on the x axis; equal for a film */
} pf_config_layer;

typedef struct pf_config_hotspot {
  double y_um, z_um, radius_um, edge_um, factor;
} pf_config_hotspot;

typedef struct pf_config_microstructure {
  char file[PF_PATH_MAX];
  double grain_size_um, boundary_width_um, porosity, pore_size_um;
  char grain_material[PF_NAME_MAX], boundary_material[PF_NAME_MAX], pore_material[PF_NAME_MAX];
  char layer[PF_NAME_MAX];
  /* Derived. */
  int fills;                                    /* index of that layer, -1: there is no microstructure */
  int parts;                                    /* materials that it is made of: names of the map, or 1 to 3 */
  pf_config_material part[PF_ELECTROLYTES_MAX]; /* their properties */
  int part_of[PF_ELECTROLYTES_MAX];             /* index of the &material, -1: the layer itself */
  int grain, boundary, pore;                    /* which part they are, -1: none (not of a file) */
} pf_config_microstructure;

typedef struct pf_config_nucleation {
  double overpotential_mV, rate_per_um3_h, radius_um;
  int where; /* pf_where */
} pf_config_nucleation;

typedef struct pf_config_protocol {
  int mode; /* pf_mode */
  double current_mA_cm2, voltage_mV, duration_h;
  int cycles;
  double half_cycle_h, capacity_mAh_cm2, rest_h;
  int first_half_cycle; /* pf_half_cycle */
  double ccd_start_mA_cm2, ccd_step_mA_cm2, ccd_stop_mA_cm2;
  char end_at[PF_EVENTS_MAX][32]; /* names of events; empty ones at the end */
  double voltage_limit_mV, dendrite_length_um;
} pf_config_protocol;

typedef struct pf_config_output {
  double snapshot_interval_h; /* NaN: snapshot_count counts */
  int snapshot_count;         /* 0: snapshot_interval_h counts */
  char fields[PF_FIELDS_MAX][32];
  int compression;
  bool vtk;
  double history_interval_s, checkpoint_interval_min;
} pf_config_output;

typedef struct pf_config_solver {
  double cfl, potential_tolerance, mechanics_tolerance, time_step_max_s;
  int precision; /* pf_precision */
} pf_config_solver;

typedef struct pf_config_allen_cahn {
  double L_sigma_m3_J_s, L_eta_per_s, kappa_J_m, barrier_J_m3, anisotropy;
  int symmetry;
  double noise, site_density_mol_L;
  int potential_steps;
} pf_config_allen_cahn;

typedef struct pf_config_benchmark {
  int problem;     /* pf_problem */
  double end_time; /* resolved: the benchmark's */
  bool on;         /* derived: this run is one */
} pf_config_benchmark;

/* Where a key was set. */
typedef struct pf_config_source {
  pf_input_place place; /* line 0 and column 0: nowhere, it is the default */
  unsigned elements;    /* bit n: element n was set */
  bool bad;             /* what was written is no value of this key */
} pf_config_source;

typedef struct pf_config {
  pf_config_run run;
  pf_config_grid grid;
  pf_config_model model;
  pf_config_conditions conditions;
  pf_config_lithium lithium;
  pf_config_layer layer[PF_LAYERS_MAX]; /* from the working to the counter electrode */
  pf_config_material material[PF_MATERIALS_MAX];
  pf_config_hotspot hotspot[PF_HOTSPOTS_MAX];
  pf_config_microstructure microstructure;
  pf_config_nucleation nucleation;
  pf_config_protocol protocol;
  pf_config_output output;
  pf_config_solver solver;
  pf_config_allen_cahn allen_cahn;
  pf_config_benchmark benchmark;
  int layers, materials, hotspots;

  char *path;       /* of the input file, as given; owned */
  char *text;       /* the input file, [text_size + 1]; owned */
  size_t text_size; /* bytes */
  char *sets;       /* what --set changed, one a line; owned */

  /* [group of the table][which of a repeated group][key of the group] */
  pf_config_source source[PF_GROUPS][PF_GROUP_REPEATS][PF_GROUP_KEYS];
  pf_input_place group_place[PF_GROUPS][PF_GROUP_REPEATS]; /* column 0: not there */
} pf_config;

/* ---- the table ---- */

typedef enum pf_key_type { PF_KEY_NUMBER, PF_KEY_INTEGER, PF_KEY_LOGICAL, PF_KEY_STRING, PF_KEY_CHOICE } pf_key_type;

typedef struct pf_key {
  const char *name;
  pf_key_type type;
  size_t offset;        /* in the group's struct */
  int elements;         /* 1: a single value */
  size_t size;          /* of an element, bytes */
  const char *preset;   /* the default as it would be written, elements by ','; NULL: none */
  const char *resolved; /* the default in words where it depends on other keys; NULL else */
  const char *unit;     /* "" for none */
  double least, most;   /* the range of a number */
  bool open;            /* `least` itself is not allowed */
  bool required;
  const char *choices; /* of a string or a choice: "a|b|c"; NULL: any */
  int dimensions;      /* needs a grid of so many */
  const char *help;
} pf_key;

typedef struct pf_group {
  const char *name;
  int most;              /* so many groups of this name may come; 1: not repeated */
  size_t offset, stride; /* of the first in pf_config, and from one to the next */
  const pf_key *key;
  int keys;
  const char *help;
} pf_group;

/* The table: PF_GROUPS groups. */
extern const pf_group pf_config_groups[PF_GROUPS];

/* ---- use ---- */

/* Reads an input file, puts the `n_sets` texts of --set on top of it and checks everything.  All that is to be said is
 * in the report, in the order of the file.  PF_BAD_INPUT: there are errors; PF_NO_INPUT: the file cannot be read.
 * pf_config_free is needed in any case.  Writes nothing. */
pf_status pf_config_read(const char *path, const char *const *sets, int n_sets, pf_config *cfg, pf_report *report);
/* The same for a text in memory, `name` stands for the path. */
pf_status pf_config_parse(const char *name, const char *text, size_t size, const char *const *sets, int n_sets,
                          pf_config *cfg, pf_report *report);
/* The same with a row (from 0) of a table of members on top of that. */
pf_status pf_config_parse_member(const char *name, const char *text, size_t size, const char *const *sets, int n_sets,
                                 const pf_table *table, int row, pf_config *cfg, pf_report *report);
void pf_config_free(pf_config *cfg);

/* The n-th electrolyte that a cell of the grid can hold, NULL: there are not so many.  First the layers that are no films, in
 * order (a microstructure's first part stands for the layer that it fills), then the microstructure's other parts. */
const pf_config_material *pf_config_electrolyte(const pf_config *cfg, int n);
/* The longest stable explicit time step of `allen_cahn` and of the benchmarks, s; INFINITY: the model has none. */
double pf_config_step_limit(const pf_config *cfg);
/* Was this key of the `which`-th (from 0) group set, in the file or by --set? */
bool pf_config_given(const pf_config *cfg, const char *group, int which, const char *key);
/* Where it was; of a key that was not set its group, else the begin of the file. */
pf_input_place pf_config_place(const pf_config *cfg, const char *group, int which, const char *key);
/* Writes the resolved input: a namelist that gives the same config again.  Keys that are not used are comments. */
void pf_config_print(const pf_config *cfg, FILE *out);
/* The table as text, of one group or of all (NULL); false: there is no such group. */
bool pf_config_help(const char *group, FILE *out);
/* The table as the reference page inputs/KEYS.md. */
void pf_config_help_markdown(FILE *out);

#endif
