/* config.c: see config.h.
 *
 * Three passes: assign (what is written, checked against the table), resolve (defaults that depend on other keys, the
 * layers), check (what keys must not say together).  A number that was written wrongly is NaN from then on, and
 * conditions are written so that NaN makes no further message. */
#include "config.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "pf_constants.h"

#include "mapfile.h"

/* The groups, in the order of the table. */
enum {
  RUN,
  GRID,
  MODEL,
  CONDITIONS,
  LITHIUM,
  LAYER,
  MATERIAL,
  HOTSPOT,
  MICROSTRUCTURE,
  NUCLEATION,
  PROTOCOL,
  OUTPUT,
  SOLVER,
  ALLEN_CAHN,
  BENCHMARK
};
_Static_assert(BENCHMARK + 1 == PF_GROUPS, "one name for each group of the table");

/* Where the keys of &material stand in &layer and in &material. */
enum { LAYER_PROPERTIES = 3, MATERIAL_PROPERTIES = 1 };

/* Most cells of a grid: their number is an int in places. */
#define CELLS_MAX 2147483647.0
/* A layer thinner than this many W is a film. */
#define FILM_WIDTHS 3.0
/* A surface feature shorter than this many W is not resolved. */
#define FEATURE_WIDTHS 4.0
/* Most currents of a ladder. */
#define RUNGS_MOST 100000
/* Longest text of one value, bytes. */
#define VALUE_MAX (PF_PATH_MAX * 2 + 8)

/* Which modes use a key of &protocol, and which need it. */
#define BIT(mode) (1u << (mode))
#define CCD (BIT(PF_MODE_CCD_CONSTANT_TIME) | BIT(PF_MODE_CCD_CONSTANT_CAPACITY))
#define SET_CURRENT (BIT(PF_MODE_GALVANOSTATIC) | BIT(PF_MODE_CYCLING))
static const struct {
  const char *key;
  unsigned used, needed;
} mode_keys[] = {
    {"current_mA_cm2", SET_CURRENT, SET_CURRENT},
    {"voltage_mV", BIT(PF_MODE_POTENTIOSTATIC), BIT(PF_MODE_POTENTIOSTATIC)},
    {"duration_h", BIT(PF_MODE_GALVANOSTATIC) | BIT(PF_MODE_POTENTIOSTATIC),
     BIT(PF_MODE_GALVANOSTATIC) | BIT(PF_MODE_POTENTIOSTATIC)},
    {"cycles", BIT(PF_MODE_CYCLING), 0},
    {"half_cycle_h", BIT(PF_MODE_CYCLING) | BIT(PF_MODE_CCD_CONSTANT_TIME), BIT(PF_MODE_CCD_CONSTANT_TIME)},
    {"capacity_mAh_cm2", BIT(PF_MODE_CYCLING) | BIT(PF_MODE_CCD_CONSTANT_CAPACITY), BIT(PF_MODE_CCD_CONSTANT_CAPACITY)},
    {"rest_h", BIT(PF_MODE_CYCLING) | CCD, 0},
    {"first_half_cycle", BIT(PF_MODE_CYCLING) | CCD, 0},
    {"ccd_start_mA_cm2", CCD, CCD},
    {"ccd_step_mA_cm2", CCD, CCD},
    {"ccd_stop_mA_cm2", CCD, CCD},
    {"voltage_limit_mV", SET_CURRENT | CCD, 0},
};
enum { MODE_KEYS = (int)(sizeof mode_keys / sizeof mode_keys[0]) };

typedef struct reader {
  const pf_input *input;
  pf_config *cfg;
  pf_report *report;
} reader;

/* ---- the table ---- */

static int key_index(int group, const char *name) {
  const pf_group *g = &pf_config_groups[group];
  for (int k = 0; k < g->keys; k++)
    if (strcasecmp(g->key[k].name, name) == 0) return k;
  return -1;
}

static int group_index(const char *name) {
  for (int g = 0; g < PF_GROUPS; g++)
    if (strcasecmp(pf_config_groups[g].name, name) == 0) return g;
  return -1;
}

/* How many groups of this name the config has. */
static int group_count(const pf_config *cfg, int group) {
  return group == LAYER ? cfg->layers : group == MATERIAL ? cfg->materials : group == HOTSPOT ? cfg->hotspots : 1;
}

static void *element_of(pf_config *cfg, int group, int which, const pf_key *key, int element) {
  const pf_group *g = &pf_config_groups[group];
  return (char *)cfg + g->offset + (size_t)which * g->stride + key->offset + (size_t)element * key->size;
}

static const void *element_at(const pf_config *cfg, int group, int which, const pf_key *key, int element) {
  const pf_group *g = &pf_config_groups[group];
  return (const char *)cfg + g->offset + (size_t)which * g->stride + key->offset + (size_t)element * key->size;
}

/* The n-th (from 0) of "a|b|c" into `out`; false: there are not so many. */
static bool choice(const char *choices, int n, char *out, size_t size) {
  for (; n > 0; n--) {
    choices = strchr(choices, '|');
    if (!choices) return false;
    choices++;
  }
  snprintf(out, size, "%.*s", (int)strcspn(choices, "|"), choices);
  return true;
}

/* The number of a choice, -1 if it is none. */
static int choice_index(const char *choices, const char *text) {
  char name[64];
  for (int n = 0; choice(choices, n, name, sizeof name); n++)
    if (strcasecmp(name, text) == 0) return n;
  return -1;
}

/* Shortest text that reads back as the same number. */
static void number_text(double number, char *out, size_t size) {
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(out, size, "%.*g", digits, number);
    if (strtod(out, NULL) == number) return;
  }
}

/* What is allowed, as a piece of a sentence. */
static const char *allowed(const pf_key *key, char *out, size_t size) {
  char least[32], most[32];
  size_t n = 0;
  number_text(key->least, least, sizeof least);
  number_text(key->most, most, sizeof most);
  if (key->choices) {
    char name[64];
    for (int i = 0; n < size && choice(key->choices, i, name, sizeof name); i++)
      n += (size_t)snprintf(out + n, size - n, "%s'%s'", i ? ", " : "", name);
  } else if (key->type == PF_KEY_LOGICAL) {
    snprintf(out, size, ".true. or .false.");
  } else if (key->type == PF_KEY_STRING) {
    snprintf(out, size, "a string in quotes of at most %zu bytes", key->size - 1);
  } else if (key->type == PF_KEY_INTEGER) {
    snprintf(out, size, "a whole number from %.0f to %.0f", key->least, key->most);
  } else {
    n = (size_t)snprintf(out, size, "a number%s%s", key->unit[0] ? " in " : "", key->unit);
    if (key->least > -1e29 && key->most < 1e29)
      snprintf(out + n, size - n, " from %s%s to %s", key->open ? "above " : "", least, most);
    else if (key->least > -1e29)
      snprintf(out + n, size - n, key->open ? ", > %s" : ", >= %s", least);
  }
  return out;
}

/* Steps to turn one name into the other (Levenshtein). */
static int distance(const char *a, const char *b) {
  int row[PF_INPUT_NAME_MAX + 2];
  const int columns = (int)strnlen(b, PF_INPUT_NAME_MAX);
  for (int j = 0; j <= columns; j++) row[j] = j;
  for (int i = 1; a[i - 1]; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= columns; j++) {
      const int change = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
      const int insert = row[j - 1] + 1, drop = row[j] + 1;
      diagonal = row[j];
      row[j] = change < insert ? change : insert;
      if (drop < row[j]) row[j] = drop;
    }
  }
  return row[columns];
}

static const char *nearest_key(int group, const char *name) {
  const pf_group *g = &pf_config_groups[group];
  int best = 0, least = INT_MAX;
  for (int k = 0; k < g->keys; k++) {
    const int steps = distance(g->key[k].name, name);
    if (steps < least) {
      least = steps;
      best = k;
    }
  }
  return g->key[best].name;
}

static const char *nearest_group(const char *name) {
  int best = 0, least = INT_MAX;
  for (int g = 0; g < PF_GROUPS; g++) {
    const int steps = distance(pf_config_groups[g].name, name);
    if (steps < least) {
      least = steps;
      best = g;
    }
  }
  return pf_config_groups[best].name;
}

/* ---- messages ---- */

static const pf_config_source *source_of(const pf_config *cfg, int group, int which, const char *key) {
  return &cfg->source[group][which][key_index(group, key)];
}

static bool given(const pf_config *cfg, int group, int which, const char *key) {
  return source_of(cfg, group, which, key)->place.column != 0;
}

/* Where a key was written, else its group, else the begin of the file. */
static pf_input_place place_of(const pf_config *cfg, int group, int which, const char *key) {
  if (key && given(cfg, group, which, key)) return source_of(cfg, group, which, key)->place;
  const pf_input_place place = cfg->group_place[group][which];
  return place.column ? place : (pf_input_place){1, 1};
}

/* Says something about a key: "&group key: text". */
static void say(const reader *r, pf_severity severity, int group, int which, const char *key, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
static void say(const reader *r, pf_severity severity, int group, int which, const char *key, const char *format, ...) {
  char text[768];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  pf_input_say(r->input, r->report, severity, place_of(r->cfg, group, which, key), "&%s%s%s: %s",
               pf_config_groups[group].name, key ? " " : "", key ? key : "", text);
}

/* ---- assign ---- */

static const char *put_value(const pf_key *key, const pf_input_value *value, bool bare_strings, void *out) {
  const char *why = NULL;
  if (key->type == PF_KEY_LOGICAL) return pf_input_logical(value, out);
  if (key->type == PF_KEY_INTEGER) {
    int number;
    why = pf_input_integer(value, &number);
    if (why) return why;
    if (number < key->least || number > key->most) return "this is out of range";
    memcpy(out, &number, sizeof number);
    return NULL;
  }
  if (key->type == PF_KEY_NUMBER) {
    double number;
    why = pf_input_number(value, &number);
    if (!why && (number < key->least || number > key->most || (key->open && number == key->least)))
      why = "this is out of range";
    if (why) number = (double)NAN;
    memcpy(out, &number, sizeof number);
    return why;
  }
  if (value->kind != PF_INPUT_STRING && !bare_strings) return "a string needs quotes";
  if (key->type == PF_KEY_CHOICE) {
    const int number = choice_index(key->choices, value->text);
    if (number < 0) return "there is no such choice";
    memcpy(out, &number, sizeof number);
    return NULL;
  }
  if (strlen(value->text) >= key->size) return "this is too long";
  if (key->choices) {
    const int number = choice_index(key->choices, value->text);
    if (number < 0) return "there is no such choice";
    choice(key->choices, number, out, key->size);
  } else {
    memcpy(out, value->text, strlen(value->text) + 1);
  }
  return NULL;
}

/* Gives a key its default. */
static void put_preset(pf_config *cfg, int group, int which, const pf_key *key) {
  for (int e = 0; e < key->elements; e++) {
    void *out = element_of(cfg, group, which, key, e);
    memset(out, 0, key->size);
    if (key->type == PF_KEY_NUMBER) *(double *)out = (double)NAN;
    if (group == GRID && key->type == PF_KEY_INTEGER) *(int *)out = 1; /* cells */
  }
  if (!key->preset) return;
  const char *at = key->preset;
  for (int e = 0; e < key->elements && *at; e++) {
    char text[64] = "";
    const bool string = *at == '\'';
    if (string) at++;
    const size_t length = strcspn(at, string ? "'" : ",");
    if (length < sizeof text) memcpy(text, at, length);
    const pf_input_value value = {string ? PF_INPUT_STRING : PF_INPUT_WORD, text, 1, {0, 0}};
    put_value(key, &value, false, element_of(cfg, group, which, key, e));
    at += length + (string ? 1 : 0);
    at += strspn(at, ", ");
  }
}

typedef struct assignment {
  const reader *r;
  int group, which;
  const pf_key *key;
  pf_config_source *source;
  pf_input_place place;
  bool twice;
  int last; /* the last element given, -1: none */
} assignment;

static void put_element(void *context, int element, const pf_input_value *value) {
  assignment *a = context;
  const unsigned bit = 1u << element;
  char text[512];
  a->last = element;
  if (a->source->elements & bit) {
    a->twice = true;
    return;
  }
  a->source->elements |= bit;
  const char *why =
      put_value(a->key, value, value->place.line <= 0, element_of(a->r->cfg, a->group, a->which, a->key, element));
  if (!why) return;
  a->source->bad = true;
  pf_input_say(a->r->input, a->r->report, PF_ERROR, value->place, "&%s %s: found '%.*s': %s; allowed: %s",
               pf_config_groups[a->group].name, a->key->name, 60, value->text, why, allowed(a->key, text, sizeof text));
}

/* Says where a place is, for "given twice". */
static const char *place_text(pf_input_place place, char *out, size_t size) {
  snprintf(out, size,
           place.line > 0   ? "in line %d"
           : place.line < 0 ? "in line %d of the table"
                            : "by --set %d",
           place.line != 0 ? abs(place.line) : place.column);
  return out;
}

/* What stands on top of what: the file, --set, a table of members. */
static int layer_of(pf_input_place place) { return place.line > 0 ? 0 : place.line == 0 ? 1 : 2; }

static void assign_key(const reader *r, int group, int which, const pf_input_key *in) {
  const pf_group *g = &pf_config_groups[group];
  const int k = key_index(group, in->name);
  if (k < 0) {
    if (!pf_report_has_room(r->report)) {
      r->report->errors++;
      return;
    }
    char also[128] = "";
    for (int other = PF_GROUPS - 1; other >= 0; other--)
      if (other != group && key_index(other, in->name) >= 0)
        snprintf(also, sizeof also, " (&%s has a key of this name)", pf_config_groups[other].name);
    pf_input_say(r->input, r->report, PF_ERROR, in->name_place,
                 "&%s %s: found '%s', which is no key of this group; nearest: %s%s", g->name, in->name, in->name,
                 nearest_key(group, in->name), also);
    return;
  }
  const pf_key *key = &g->key[k];
  pf_config_source *source = &r->cfg->source[group][which][k];
  const pf_config_source before = *source;
  const int layer = layer_of(in->place);
  if (before.place.column && layer > layer_of(before.place)) { /* takes the place of what stands below it */
    if (!in->subscript) {
      put_preset(r->cfg, group, which, key);
      *source = (pf_config_source){0};
    }
    source->elements = 0;
  }
  pf_input_key renamed = *in; /* with the capital letters of the table */
  renamed.name = key->name;
  assignment a = {r, group, which, key, source, in->place, false, -1};
  const bool good = pf_input_each(r->input, g->name, &renamed, key->elements, put_element, &a, r->report);
  source->place = in->place;
  if (!good) source->bad = true;
  if (key->type == PF_KEY_STRING && key->elements > 1 && !in->subscript && a.last >= 0)
    for (int e = a.last + 1; e < key->elements; e++)
      memset(element_of(r->cfg, group, which, key, e), 0, key->size); /* a list ends with its last name */
  if (a.twice || (before.place.column && !in->subscript && layer == layer_of(before.place))) {
    char text[48];
    pf_input_say(r->input, r->report, PF_ERROR, in->place, "&%s %s: given twice, first %s", g->name, key->name,
                 place_text(before.place, text, sizeof text));
  }
  if (before.elements == source->elements && source->elements == 0 && !before.place.column)
    source->place = (pf_input_place){0, 0}; /* nothing but empty values: not given */
}

/* The group of the config that a group of the input is, -1 (and said) if it is none. */
static int find_group(const reader *r, const pf_input_group *in, int *which) {
  pf_config *cfg = r->cfg;
  const int group = group_index(in->name);
  *which = 0;
  if (group < 0) {
    if (!pf_report_has_room(r->report)) {
      r->report->errors++;
      return -1;
    }
    pf_input_say(r->input, r->report, PF_ERROR, in->name_place, "&%s: found '%s', which is no group; nearest: &%s",
                 in->name, in->name, nearest_group(in->name));
    return -1;
  }
  const pf_group *g = &pf_config_groups[group];
  const bool set = in->place.line <= 0;
  const int count = g->most > 1 ? group_count(cfg, group) : cfg->group_place[group][0].column != 0;
  int n = count; /* a new one */
  if (set) {
    n = in->number > 0 ? in->number - 1 : count > 0 ? 0 : count;
    if (in->number == 0 && count > 1) {
      pf_input_say(r->input, r->report, PF_ERROR, in->name_place,
                   "&%s: there are %d of them, allowed: %s(1)%%... to %s(%d)%%...", g->name, count, g->name, g->name,
                   count);
      return -1;
    }
    if (n > count && n < g->most) {
      pf_input_say(r->input, r->report, PF_ERROR, in->name_place,
                   "&%s(%d): there %s %d of them, the next one is %s(%d)", g->name, in->number,
                   count == 1 ? "is" : "are", count, g->name, count + 1);
      return -1;
    }
  }
  if (n >= g->most) {
    if (g->most > 1) {
      pf_input_say(r->input, r->report, PF_ERROR, in->name_place, "&%s: found number %d, at most %d are allowed",
                   g->name, n + 1, g->most);
    } else if (set) {
      pf_input_say(r->input, r->report, PF_ERROR, in->name_place, "&%s(%d): there is only one group of this name",
                   g->name, in->number);
    } else {
      char text[48];
      pf_input_say(r->input, r->report, PF_ERROR, in->name_place, "&%s: given twice, first %s", g->name,
                   place_text(cfg->group_place[group][0], text, sizeof text));
    }
    return -1;
  }
  if (n == count) {
    cfg->group_place[group][n] = in->place;
    if (group == LAYER) cfg->layers = n + 1;
    if (group == MATERIAL) cfg->materials = n + 1;
    if (group == HOTSPOT) cfg->hotspots = n + 1;
  }
  *which = n;
  return group;
}

static void assign(const reader *r) {
  for (int g = 0; g < PF_GROUPS; g++) {
    const pf_group *group = &pf_config_groups[g];
    for (int k = 0; k < group->keys; k++) put_preset(r->cfg, g, 0, &group->key[k]);
    for (int which = 1; which < group->most; which++)
      memcpy((char *)r->cfg + group->offset + (size_t)which * group->stride, (char *)r->cfg + group->offset,
             group->stride);
  }
  for (int n = 0; n < r->input->groups; n++) {
    const pf_input_group *in = &r->input->group[n];
    int which;
    const int group = find_group(r, in, &which);
    if (group < 0) continue;
    for (int k = in->key; k < in->key + in->keys; k++) assign_key(r, group, which, &r->input->key[k]);
  }
}

/* ---- resolve ---- */

static int dimensions(const pf_config *cfg) {
  if (cfg->source[GRID][0][0].bad || !given(cfg, GRID, 0, "cells")) return 3; /* not known: no warnings about it */
  return cfg->grid.cells[2] > 1 ? 3 : cfg->grid.cells[1] > 1 ? 2 : 1;
}

static bool is_group_there(const pf_config *cfg, int group, int which) {
  return which < group_count(cfg, group) && cfg->group_place[group][which].column != 0;
}

static bool has_salt(const pf_config_material *m) { return m->transference_number < 1.0; }

const pf_config_material *pf_config_electrolyte(const pf_config *cfg, int n) {
  const pf_config_microstructure *micro = &cfg->microstructure;
  for (int l = 0; l < cfg->layers; l++) {
    if (cfg->layer[l].film) continue;
    if (n-- == 0) return l == micro->fills ? &micro->part[0] : &cfg->layer[l].properties;
  }
  return micro->fills >= 0 && n + 1 < micro->parts ? &micro->part[n + 1] : NULL;
}

static bool is_literature(const pf_config *cfg) {
  return cfg->model.interface == PF_INTERFACE_ALLEN_CAHN && !cfg->benchmark.on;
}

static bool any_salt(const pf_config *cfg) {
  if (is_literature(cfg)) return true;
  if (cfg->benchmark.on) return cfg->benchmark.problem == PF_PROBLEM_3; /* its temperature */
  const pf_config_material *m;
  for (int n = 0; (m = pf_config_electrolyte(cfg, n)) != NULL; n++)
    if (has_salt(m)) return true;
  return false;
}

/* Last part of a path without its ending. */
static void base_name(const char *path, char *out, size_t size) {
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  const char *dot = strrchr(name, '.');
  const size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
  snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), name);
}

static bool in_title(char c) { return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.'; }

static void resolve_run(const reader *r) {
  pf_config_run *run = &r->cfg->run;
  char name[PF_NAME_MAX + 1];
  base_name(r->cfg->path, name, sizeof name);
  for (char *c = name; *c; c++)
    if (!in_title(*c)) *c = '_';
  if (name[0] == '.') name[0] = '_';
  if (!name[0]) snprintf(name, sizeof name, "run");
  if (!given(r->cfg, RUN, 0, "title")) {
    memcpy(run->title, name, sizeof name);
  } else if (!source_of(r->cfg, RUN, 0, "title")->bad) {
    bool good = run->title[0] && run->title[0] != '.';
    for (const char *c = run->title; *c; c++) good = good && in_title(*c);
    if (!good)
      say(r, PF_ERROR, RUN, 0, "title",
          "found '%s', allowed: 1 to %d letters, digits, '-', '_' and '.', not first a '.' (it names files)",
          run->title, PF_NAME_MAX);
  }
  if (!given(r->cfg, RUN, 0, "output_dir"))
    snprintf(run->output_dir, sizeof run->output_dir, "runs/%s", name);
  else if (!run->output_dir[0] && !source_of(r->cfg, RUN, 0, "output_dir")->bad)
    say(r, PF_ERROR, RUN, 0, "output_dir", "found '', allowed: a path");
}

/* Index of the &material of this name, -1 (and said, of the key that names it) if there is none. */
static int find_material(const reader *r, int group, int which, const char *key, const char *name) {
  const pf_config *cfg = r->cfg;
  int best = -1;
  for (int m = 0; m < cfg->materials; m++)
    if (cfg->material[m].name[0] && strcmp(cfg->material[m].name, name) == 0) return m;
  for (int m = 0; m < cfg->materials; m++)
    if (cfg->material[m].name[0] &&
        (best < 0 || distance(cfg->material[m].name, name) < distance(cfg->material[best].name, name)))
      best = m;
  say(r, PF_ERROR, group, which, key, "found '%s', there is no &material of this name%s%s", name,
      best < 0 ? "" : "; nearest: ", best < 0 ? "" : cfg->material[best].name);
  return -1;
}

/* The &material of each layer: what the layer does not say itself comes from there. */
static void merge_materials(const reader *r) {
  pf_config *cfg = r->cfg;
  for (int m = 0; m < cfg->materials; m++)
    for (int before = 0; before < m; before++)
      if (cfg->material[m].name[0] && strcmp(cfg->material[m].name, cfg->material[before].name) == 0) {
        say(r, PF_ERROR, MATERIAL, m, "name", "found '%s' twice", cfg->material[m].name);
        break;
      }
  for (int n = 0; n < cfg->layers; n++) {
    pf_config_layer *layer = &cfg->layer[n];
    if (!layer->name[0]) snprintf(layer->name, sizeof layer->name, "layer%d", n + 1);
    const int m = layer->material[0] ? find_material(r, LAYER, n, "material", layer->material) : -1;
    const bool found = m >= 0;
    const int count = pf_config_groups[MATERIAL].keys - MATERIAL_PROPERTIES;
    bool solid_given = given(cfg, LAYER, n, "solid");
    for (int k = 0; found && k < count; k++) {
      const pf_key *to = &pf_config_groups[LAYER].key[LAYER_PROPERTIES + k];
      const pf_key *from = &pf_config_groups[MATERIAL].key[MATERIAL_PROPERTIES + k];
      if (!cfg->source[LAYER][n][LAYER_PROPERTIES + k].place.column)
        memcpy(element_of(cfg, LAYER, n, to, 0), element_at(cfg, MATERIAL, m, from, 0), to->size);
    }
    if (found) solid_given = solid_given || given(cfg, MATERIAL, m, "solid");
    if (!solid_given) layer->properties.solid = !has_salt(&layer->properties);
    memcpy(layer->properties.name, layer->name, sizeof layer->name);
  }
}

static void warn_of_unused_materials(const reader *r) {
  const pf_config *cfg = r->cfg;
  for (int m = 0; m < cfg->materials; m++) {
    bool used = !cfg->material[m].name[0];
    for (int n = 0; n < cfg->layers; n++) used = used || strcmp(cfg->layer[n].material, cfg->material[m].name) == 0;
    for (int n = 0; n < cfg->microstructure.parts; n++) used = used || cfg->microstructure.part_of[n] == m;
    if (!used) say(r, PF_WARNING, MATERIAL, m, "name", "no &layer uses the material '%s'", cfg->material[m].name);
  }
}

/* Which layers are films, where each layer lies, and the one that takes what is left. */
static void resolve_layers(const reader *r) {
  pf_config *cfg = r->cfg;
  const double h = cfg->grid.spacing_um, length = cfg->grid.cells[0] * h;
  const double width = cfg->model.interface_width_cells * h;
  double sum = cfg->lithium.thickness_um + cfg->lithium.counter_thickness_um;
  int left = -1, resolved = 0;
  bool known = !cfg->source[GRID][0][0].bad && given(cfg, GRID, 0, "cells");
  for (int n = 0; n < cfg->layers; n++) {
    pf_config_layer *layer = &cfg->layer[n];
    if (layer->thickness_um == 0.0) {
      if (left >= 0) {
        say(r, PF_ERROR, LAYER, n, "thickness_um",
            "found a second layer of thickness 0 (after layer %d), one may take what is left", left + 1);
        known = false;
      }
      left = n;
      resolved++;
    } else if (layer->thickness_um < FILM_WIDTHS * width) {
      layer->film = true;
      say(r, PF_NOTE, LAYER, n, "thickness_um",
          "layer '%s' of %g um is thinner than 3 W = %g um: it is a film, a property of the interface, and takes no "
          "cells",
          layer->name, layer->thickness_um, FILM_WIDTHS * width);
    } else {
      sum += layer->thickness_um;
      resolved++;
    }
  }
  if (!known || cfg->layers == 0 || isnan(sum) || isnan(length) || isnan(width)) return;
  if (left >= 0) {
    pf_config_layer *layer = &cfg->layer[left];
    layer->thickness_um = length - sum;
    if (!(layer->thickness_um >= FILM_WIDTHS * width))
      say(r, PF_ERROR, LAYER, left, "thickness_um",
          "lithium and the other layers take %g um of nx h = %g um, which leaves %g um; allowed: at least 3 W = %g um",
          sum, length, layer->thickness_um, FILM_WIDTHS * width);
  } else if (resolved == 0) {
    say(r, PF_ERROR, LAYER, 0, "thickness_um", "every layer is a film, one of at least 3 W = %g um is needed",
        FILM_WIDTHS * width);
  } else if (!(fabs(sum - length) <= 0.5 * h)) {
    say(r, PF_ERROR, LAYER, cfg->layers - 1, "thickness_um",
        "lithium and layers (without films) add up to %g um, needed: nx h = %g um within half a cell (one thickness of "
        "0 takes what is left)",
        sum, length);
  }
  double x = cfg->lithium.thickness_um;
  for (int n = 0; n < cfg->layers; n++) {
    cfg->layer[n].start_um = x;
    if (!cfg->layer[n].film) x += cfg->layer[n].thickness_um;
    cfg->layer[n].end_um = x;
  }
}

/* ---- microstructure ---- */

/* Adds a part: a &material, or the layer itself (m < 0).  Its index. */
static int add_part(const reader *r, int m) {
  pf_config_microstructure *micro = &r->cfg->microstructure;
  pf_config_material *part = &micro->part[micro->parts];
  *part = m < 0 ? r->cfg->layer[micro->fills].properties : r->cfg->material[m];
  if (m >= 0 && !given(r->cfg, MATERIAL, m, "solid")) part->solid = !has_salt(part);
  if (isnan(part->film_resistance_ohm_cm2)) part->film_resistance_ohm_cm2 = 0.0;
  micro->part_of[micro->parts] = m;
  return micro->parts++;
}

/* The layer that the microstructure fills: the one it names, or the only one that is no film. */
static int find_filled(const reader *r) {
  const pf_config *cfg = r->cfg;
  const char *name = cfg->microstructure.layer;
  int only = -1, resolved = 0;
  for (int n = 0; n < cfg->layers; n++) {
    if (!cfg->layer[n].film) resolved++, only = n;
    if (!name[0] || strcmp(cfg->layer[n].name, name) != 0) continue;
    if (cfg->layer[n].film) {
      say(r, PF_ERROR, MICROSTRUCTURE, 0, "layer", "found '%s', a film of %g um: it takes no cells to fill", name,
          cfg->layer[n].thickness_um);
      return -1;
    }
    return n;
  }
  if (name[0]) {
    int best = 0;
    for (int n = 1; n < cfg->layers; n++)
      if (distance(cfg->layer[n].name, name) < distance(cfg->layer[best].name, name)) best = n;
    say(r, PF_ERROR, MICROSTRUCTURE, 0, "layer", "found '%s', there is no &layer of this name%s%s", name,
        cfg->layers ? "; nearest: " : "", cfg->layers ? cfg->layer[best].name : "");
    return -1;
  }
  if (resolved > 1)
    say(r, PF_ERROR, MICROSTRUCTURE, 0, "layer",
        "not given, needed: the name of one of the %d layers that are no films", resolved);
  return resolved == 1 ? only : -1;
}

/* The map's own names are its parts. */
static void resolve_map(const reader *r) {
  pf_config_microstructure *micro = &r->cfg->microstructure;
  static const char *const made[] = {"grain_size_um",  "boundary_width_um", "porosity",      "pore_size_um",
                                     "grain_material", "boundary_material", "pore_material", NULL};
  for (int k = 0; made[k]; k++)
    if (given(r->cfg, MICROSTRUCTURE, 0, made[k]))
      say(r, PF_ERROR, MICROSTRUCTURE, 0, made[k], "contradicts file, which gives the whole map");
  if (source_of(r->cfg, MICROSTRUCTURE, 0, "file")->bad || source_of(r->cfg, GRID, 0, "cells")->bad) return;
  pf_mapfile map;
  if (pf_mapfile_read(micro->file, dimensions(r->cfg), &map) != PF_OK) {
    say(r, PF_ERROR, MICROSTRUCTURE, 0, "file", "found '%.256s': %s", micro->file, pf_status_message());
    return;
  }
  for (int n = 0; n < map.names; n++) {
    const int m = find_material(r, MICROSTRUCTURE, 0, "file", map.name[n]);
    if (m >= 0) add_part(r, m);
  }
  pf_mapfile_free(&map);
}

/* A material of a generated structure: its part, -1 if there is none.  needs: the key that asks for it. */
static int resolve_part(const reader *r, const char *key, const char *name, const char *needs) {
  if (!needs && given(r->cfg, MICROSTRUCTURE, 0, key))
    say(r, PF_WARNING, MICROSTRUCTURE, 0, key, "not used: there are none");
  if (!needs) return -1;
  if (!name[0]) {
    say(r, PF_ERROR, MICROSTRUCTURE, 0, key, "not given, needed: the name of a &material (for %s)", needs);
    return -1;
  }
  const int m = find_material(r, MICROSTRUCTURE, 0, key, name);
  return m < 0 ? -1 : add_part(r, m);
}

static void resolve_grains_and_pores(const reader *r) {
  const pf_config *cfg = r->cfg;
  pf_config_microstructure *micro = &r->cfg->microstructure;
  const double h = cfg->grid.spacing_um;
  const bool grains = given(cfg, MICROSTRUCTURE, 0, "grain_size_um"), pores = micro->porosity > 0.0;
  const bool boundaries = grains && micro->boundary_width_um > 0.0;
  if (!grains && !given(cfg, MICROSTRUCTURE, 0, "porosity"))
    say(r, PF_ERROR, MICROSTRUCTURE, 0, NULL, "needed: file, grain_size_um or porosity");
  if (!grains && given(cfg, MICROSTRUCTURE, 0, "boundary_width_um"))
    say(r, PF_WARNING, MICROSTRUCTURE, 0, "boundary_width_um", "not used: grain_size_um is not given");
  if (micro->grain_size_um < 2.0 * h)
    say(r, PF_ERROR, MICROSTRUCTURE, 0, "grain_size_um", "found %g um, allowed: at least two cells = %g um",
        micro->grain_size_um, 2.0 * h);
  if (boundaries && micro->boundary_width_um >= 0.5 * micro->grain_size_um)
    say(r, PF_ERROR, MICROSTRUCTURE, 0, "boundary_width_um",
        "found %g um, allowed: less than half of grain_size_um = %g", micro->boundary_width_um, micro->grain_size_um);
  else if (boundaries && micro->boundary_width_um < h)
    say(r, PF_WARNING, MICROSTRUCTURE, 0, "boundary_width_um",
        "%g um is less than a cell of %g um: boundaries are one connected row of cells, wider than asked for",
        micro->boundary_width_um, h);
  if (grains && !boundaries)
    say(r, PF_WARNING, MICROSTRUCTURE, 0, "grain_size_um",
        "not used: without boundary_width_um the grains are one body");
  if (pores && !given(cfg, MICROSTRUCTURE, 0, "pore_size_um"))
    say(r, PF_ERROR, MICROSTRUCTURE, 0, "pore_size_um", "not given, porosity needs it");
  if (!pores && given(cfg, MICROSTRUCTURE, 0, "pore_size_um"))
    say(r, PF_WARNING, MICROSTRUCTURE, 0, "pore_size_um", "not used: porosity is 0");
  if (micro->pore_size_um < 2.0 * h)
    say(r, PF_WARNING, MICROSTRUCTURE, 0, "pore_size_um",
        "%g um is less than two cells = %g um: pores are not resolved", micro->pore_size_um, 2.0 * h);
  const int m =
      micro->grain_material[0] ? find_material(r, MICROSTRUCTURE, 0, "grain_material", micro->grain_material) : -1;
  micro->grain = add_part(r, m);
  micro->boundary =
      resolve_part(r, "boundary_material", micro->boundary_material, boundaries ? "boundary_width_um" : NULL);
  micro->pore = resolve_part(r, "pore_material", micro->pore_material, pores ? "porosity" : NULL);
}

static void resolve_microstructure(const reader *r) {
  pf_config *cfg = r->cfg;
  pf_config_microstructure *micro = &cfg->microstructure;
  micro->fills = micro->grain = micro->boundary = micro->pore = -1;
  if (!is_group_there(cfg, MICROSTRUCTURE, 0)) return;
  micro->fills = find_filled(r);
  if (micro->fills < 0) return;
  if (given(cfg, MICROSTRUCTURE, 0, "file"))
    resolve_map(r);
  else
    resolve_grains_and_pores(r);
  if (micro->parts == 0) {
    micro->fills = -1;
    return;
  }
  int electrolytes = 0;
  while (pf_config_electrolyte(cfg, electrolytes)) electrolytes++;
  if (electrolytes > PF_ELECTROLYTES_MAX)
    say(r, PF_ERROR, MICROSTRUCTURE, 0, NULL, "layers and microstructure have %d materials together, allowed: %d",
        electrolytes, PF_ELECTROLYTES_MAX);
  pf_config_layer *layer = &cfg->layer[micro->fills];
  if (!given(cfg, LAYER, micro->fills, "solid")) {
    layer->properties.solid = false;
    for (int n = 0; n < micro->parts; n++) layer->properties.solid = layer->properties.solid || micro->part[n].solid;
  }
}

/* May lithium grow into a layer, or into a part of it? */
static bool enters(const pf_config *cfg, int layer) {
  const pf_config_microstructure *micro = &cfg->microstructure;
  if (layer != micro->fills) return cfg->layer[layer].properties.lithium_can_enter;
  for (int n = 0; n < micro->parts; n++)
    if (micro->part[n].lithium_can_enter) return true;
  return false;
}

/* The layers that lithium touches or can reach, from both ends. */
static void find_touched(const pf_config *cfg, bool touched[PF_LAYERS_MAX]) {
  bool open = true;
  for (int n = 0; n < cfg->layers; n++) {
    touched[n] = open;
    if (!cfg->layer[n].film) open = open && enters(cfg, n);
  }
  open = cfg->lithium.counter_thickness_um > 0.0 || cfg->lithium.counter_kinetics;
  for (int n = cfg->layers - 1; n >= 0 && open; n--) {
    touched[n] = true;
    open = cfg->layer[n].film || (cfg->lithium.counter_thickness_um > 0.0 && enters(cfg, n));
  }
}

static void resolve_properties(const reader *r) {
  pf_config *cfg = r->cfg;
  for (int n = 0; n < cfg->layers; n++) {
    pf_config_layer *layer = &cfg->layer[n];
    pf_config_material *p = &layer->properties;
    if (layer->film && isnan(p->film_resistance_ohm_cm2))
      p->film_resistance_ohm_cm2 =
          layer->thickness_um * 1e-4 / (p->ionic_conductivity_S_cm + p->single_ion_conductivity_S_cm);
    if (!layer->film && isnan(p->film_resistance_ohm_cm2)) p->film_resistance_ohm_cm2 = 0.0;
    if (layer->film && isnan(p->exchange_current_mA_cm2)) { /* that of what it lies on */
      int base = n;
      while (base < cfg->layers && cfg->layer[base].film) base++;
      if (base == cfg->layers)
        for (base = n; base > 0 && cfg->layer[base].film;) base--;
      p->exchange_current_mA_cm2 = cfg->layer[base].properties.exchange_current_mA_cm2;
    }
  }
}

/* ---- models that are advanced explicitly (cell_allen_cahn.h, cell_pfhub.h) ---- */

/* kappa of benchmark 7. */
static double mms_kappa(const pf_config *cfg) { return cfg->benchmark.problem == PF_PROBLEM_7A ? 4e-4 : 1.5625e-6; }

/* The published models have the width of their energies: W = 4 l, xi = 1/(1 + exp(d/l)). */
static void resolve_width(pf_config *cfg) {
  const pf_config_allen_cahn *a = &cfg->allen_cahn;
  double length_um = sqrt(0.5 * a->kappa_J_m / a->barrier_J_m3) * 1e6;
  if (cfg->benchmark.on) length_um = cfg->benchmark.problem == PF_PROBLEM_3 ? sqrt(0.5) : sqrt(0.5 * mms_kappa(cfg));
  cfg->model.interface_width_cells = 4 * length_um / cfg->grid.spacing_um;
}

/* A benchmark has no cell: what the rest of the program reads of one. */
static void resolve_benchmark(const reader *r) {
  pf_config *cfg = r->cfg;
  cfg->benchmark.on = given(cfg, BENCHMARK, 0, "problem");
  if (!cfg->benchmark.on) return;
  if (isnan(cfg->benchmark.end_time)) cfg->benchmark.end_time = cfg->benchmark.problem == PF_PROBLEM_3 ? 1500 : 8;
  cfg->protocol.mode = PF_MODE_POTENTIOSTATIC;
  cfg->protocol.voltage_mV = 0;
  cfg->protocol.duration_h = cfg->benchmark.end_time / 3600;
  cfg->model.frame = PF_FRAME_GRID;
}

/* No value of s and xi may change by more than the differences and the reaction allow, whatever its neighbours do. */
double pf_config_step_limit(const pf_config *cfg) {
  const int d = dimensions(cfg);
  const double h_um = cfg->grid.spacing_um, h = h_um * 1e-6;
  if (cfg->benchmark.on && cfg->benchmark.problem == PF_PROBLEM_3)
    return 1 / (40 / (h_um * h_um) + 10); /* D = 10, lambda/2 = 8 */
  if (cfg->benchmark.on) return 2 / (8 * mms_kappa(cfg) / (h_um * h_um) + 2);
  if (!is_literature(cfg) || cfg->layers == 0) return (double)INFINITY;
  const pf_config_allen_cahn *a = &cfg->allen_cahn;
  const pf_config_material *m = &cfg->layer[0].properties;
  const double f = PF_FARADAY / (PF_GAS * cfg->conditions.temperature_K);
  const double steepest = 1.875, bend = 5.774; /* largest h' and h'' */
  const double push = a->L_eta_per_s * exp(m->transfer_coefficient * f * 1e-3 * cfg->protocol.voltage_mV);
  const double sites = a->site_density_mol_L / m->salt_concentration_mol_L;
  const double salt = 2 * d * m->diffusivity_cm2_s * 1e-4 / (h * h) + sites * steepest * push;
  const double phase =
      a->L_sigma_m3_J_s * (2 * d * a->kappa_J_m * (1 + a->anisotropy) / (h * h) + a->barrier_J_m3) + 0.5 * bend * push;
  return 1 / fmax(salt, phase);
}

static void resolve(const reader *r) {
  pf_config *cfg = r->cfg;
  const double h = cfg->grid.spacing_um;
  resolve_run(r);
  resolve_benchmark(r);
  if (is_literature(cfg) || cfg->benchmark.on) resolve_width(cfg);
  if (is_literature(cfg)) cfg->model.frame = PF_FRAME_GRID;
  const double width = cfg->model.interface_width_cells * h;
  merge_materials(r);
  resolve_layers(r);
  resolve_microstructure(r);
  warn_of_unused_materials(r);
  resolve_properties(r);
  if (isnan(cfg->model.mass_transfer_length_um)) cfg->model.mass_transfer_length_um = width / 4.0;
  if (isnan(cfg->lithium.roughness_length_um)) cfg->lithium.roughness_length_um = FEATURE_WIDTHS * width;
  if (isnan(cfg->lithium.perturbation_wavelength_um)) cfg->lithium.perturbation_wavelength_um = cfg->grid.cells[1] * h;
  if (cfg->model.frame == PF_FRAME_AUTO) {
    int first = 0;
    while (first < cfg->layers - 1 && cfg->layer[first].film) first++;
    cfg->model.frame = cfg->layers > 0 && cfg->layer[first].properties.solid ? PF_FRAME_STACK : PF_FRAME_GRID;
  }
  const double limit = pf_config_step_limit(cfg);
  if (isfinite(limit) && !given(cfg, SOLVER, 0, "time_step_max_s")) cfg->solver.time_step_max_s = 0.9 * limit;
  if (given(cfg, OUTPUT, 0, "snapshot_interval_h")) cfg->output.snapshot_count = 0;
  /* fields that nothing computes */
  int kept = 0;
  for (int e = 0; e < PF_FIELDS_MAX; e++) {
    char *field = cfg->output.fields[e];
    const char *off = NULL;
    if (!cfg->model.mechanics &&
        (strcmp(field, "stress") == 0 || strcmp(field, "von_mises") == 0 || strcmp(field, "pressure") == 0))
      off = "mechanics is off";
    if (!cfg->model.electrons && strcmp(field, "electron_potential") == 0) off = "electrons is off";
    if (!any_salt(cfg) && strcmp(field, "salt") == 0) off = "no layer has salt";
    for (int before = 0; before < kept && !off && field[0]; before++)
      if (strcmp(field, cfg->output.fields[before]) == 0) off = "it is there already";
    if (off && given(cfg, OUTPUT, 0, "fields"))
      say(r, PF_WARNING, OUTPUT, 0, "fields", "'%s' is left out: %s", field, off);
    if (!off && field[0]) {
      if (kept != e) memcpy(cfg->output.fields[kept], field, sizeof cfg->output.fields[0]);
      kept++;
    }
  }
  for (int e = kept; e < PF_FIELDS_MAX; e++) memset(cfg->output.fields[e], 0, sizeof cfg->output.fields[0]);
}

/* ---- check ---- */

static bool is_one_of(const char *name, const char *const *names) {
  for (; *names; names++)
    if (strcmp(*names, name) == 0) return true;
  return false;
}

/* Keys of a group that the literature's model has, NULL: those of the table; of a benchmark. */
static const char *foreign(const pf_config *cfg, int group, const pf_key *key) {
  static const char *const model[] = {"interface", "mechanics", "electrons", "frame", NULL};
  static const char *const conditions[] = {"temperature_K", NULL};
  static const char *const lithium[] = {"thickness_um",
                                        "electronic_conductivity_S_cm",
                                        "roughness_um",
                                        "roughness_length_um",
                                        "perturbation_um",
                                        "perturbation_wavelength_um",
                                        "seed_radius_um",
                                        "seeds",
                                        NULL};
  static const char *const layer[] = {"name",
                                      "material",
                                      "thickness_um",
                                      "ionic_conductivity_S_cm",
                                      "salt_concentration_mol_L",
                                      "diffusivity_cm2_s",
                                      "transfer_coefficient",
                                      NULL};
  static const char *const solver[] = {"potential_tolerance", "time_step_max_s", NULL};
  static const char *const step[] = {"time_step_max_s", NULL}, *const none[] = {NULL};
  if (cfg->benchmark.on) {
    if (group == RUN || group == GRID || group == OUTPUT || group == BENCHMARK) return NULL;
    return is_one_of(key->name, group == SOLVER ? step : none) ? NULL : "there is a &benchmark";
  }
  if (!is_literature(cfg)) return group == ALLEN_CAHN ? "interface is 'reaction_interface'" : NULL;
  const char *const *keys = group == MODEL                         ? model
                            : group == CONDITIONS                  ? conditions
                            : group == LITHIUM                     ? lithium
                            : group == LAYER || group == MATERIAL  ? layer
                            : group == SOLVER                      ? solver
                            : group >= HOTSPOT && group < PROTOCOL ? none
                                                                   : NULL;
  const bool off = group == MODEL && ((cfg->model.mechanics && strcmp(key->name, "mechanics") == 0) ||
                                      (cfg->model.electrons && strcmp(key->name, "electrons") == 0));
  return !off && (!keys || is_one_of(key->name, keys)) ? NULL : "interface is 'allen_cahn'";
}

/* Why a key has no effect in this config, NULL if it has one. */
static const char *unused(const pf_config *cfg, int group, int which, const pf_key *key) {
  static const char *const of_stress[] = {
      "youngs_modulus_GPa", "poisson_ratio",         "yield_stress_MPa",   "lithium_plasticity",  "eigenstrain",
      "eigenstrain_form",   "elastic_driving_force", "stack_pressure_MPa", "mechanics_tolerance", NULL};
  static const char *const of_salt[] = {"salt_concentration_mol_L", "diffusivity_cm2_s", "conductivity_follows_salt",
                                        NULL};
  const char *why = foreign(cfg, group, key);
  if (why) return why;
  if (key->dimensions > dimensions(cfg)) return dimensions(cfg) == 1 ? "the grid is 1-D" : "the grid is 2-D";
  if (!cfg->model.mechanics && is_one_of(key->name, of_stress)) return "mechanics is off";
  if (!cfg->model.electrons && !is_literature(cfg) && strcmp(key->name, "electronic_conductivity_S_cm") == 0)
    return "electrons is off";
  if (is_one_of(key->name, of_salt) && !is_literature(cfg)) {
    bool salt = false;
    if (group == LAYER) salt = has_salt(&cfg->layer[which].properties);
    if (group == MATERIAL) {
      salt = has_salt(&cfg->material[which]);
      for (int n = 0; n < cfg->layers; n++)
        if (strcmp(cfg->layer[n].material, cfg->material[which].name) == 0)
          salt = salt || has_salt(&cfg->layer[n].properties);
    }
    if (!salt) return "transference_number is 1, there is no salt";
  }
  if (group == MODEL && strcmp(key->name, "mass_transfer_length_um") == 0 && !any_salt(cfg)) return "no layer has salt";
  if (group == LITHIUM) {
    if (strcmp(key->name, "roughness_length_um") == 0 && cfg->lithium.roughness_um == 0.0) return "roughness_um is 0";
    if (strcmp(key->name, "perturbation_wavelength_um") == 0 && cfg->lithium.perturbation_um == 0.0)
      return "perturbation_um is 0";
    if (strcmp(key->name, "seeds") == 0 && cfg->lithium.seed_radius_um == 0.0) return "seed_radius_um is 0";
    if (strcmp(key->name, "counter_kinetics") == 0 && cfg->lithium.counter_thickness_um > 0.0)
      return "the counter electrode is lithium of its own";
  }
  if (group == PROTOCOL && !source_of(cfg, PROTOCOL, 0, "mode")->bad && given(cfg, PROTOCOL, 0, "mode"))
    for (int n = 0; n < MODE_KEYS; n++)
      if (strcmp(mode_keys[n].key, key->name) == 0 && !(mode_keys[n].used & BIT(cfg->protocol.mode)))
        return "this mode does not use it";
  return NULL;
}

static const char *element_text(const pf_config *cfg, int group, int which, const pf_key *key, int element, bool quotes,
                                char *out, size_t size);

/* For every key: is it there if it must be, is it of use? */
static void check_keys(const reader *r) {
  for (int group = 0; group < PF_GROUPS; group++) {
    const pf_group *g = &pf_config_groups[group];
    char text[512];
    if (!is_group_there(r->cfg, group, 0)) {
      size_t n = 0;
      if (r->cfg->benchmark.on && group != GRID) continue;
      for (int k = 0; k < g->keys && g->most == 1 && group != NUCLEATION && group != BENCHMARK; k++)
        if (g->key[k].required) n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "", g->key[k].name);
      if (n) say(r, PF_ERROR, group, 0, NULL, "this group is missing, needed for: %s", text);
      if (group == LAYER) say(r, PF_ERROR, group, 0, NULL, "this group is missing, at least one is needed");
      continue;
    }
    for (int which = 0; which < g->most && is_group_there(r->cfg, group, which); which++) {
      for (int k = 0; k < g->keys; k++) {
        const pf_key *key = &g->key[k];
        const pf_config_source *source = &r->cfg->source[group][which][k];
        const char *why;
        if (!source->place.column) {
          if (key->required)
            say(r, PF_ERROR, group, which, key->name, "not given, needed: %s", allowed(key, text, sizeof text));
        } else if ((why = foreign(r->cfg, group, key)) != NULL) {
          say(r, PF_ERROR, group, which, key->name, "not of this model: %s", why);
        } else if ((why = unused(r->cfg, group, which, key)) != NULL) {
          say(r, PF_WARNING, group, which, key->name, "not used: %s", why);
        }
      }
    }
  }
}

static void check_grid(const reader *r) {
  const int *n = r->cfg->grid.cells;
  if (source_of(r->cfg, GRID, 0, "cells")->bad) return;
  if ((double)n[0] * n[1] * n[2] > CELLS_MAX)
    say(r, PF_ERROR, GRID, 0, "cells", "found %d x %d x %d = %.4g cells, at most %.0f are allowed", n[0], n[1], n[2],
        (double)n[0] * n[1] * n[2], CELLS_MAX);
  if (n[1] == 1 && n[2] > 1) say(r, PF_ERROR, GRID, 0, "cells", "found ny = 1 with nz = %d, a plane has nz = 1", n[2]);
}

/* Half discs stand side by side in the first layer, where lithium may be. */
static void check_seeds(const reader *r) {
  const pf_config *cfg = r->cfg;
  const double h = cfg->grid.spacing_um, side = cfg->grid.cells[1] * h, radius = cfg->lithium.seed_radius_um;
  const double width = cfg->model.interface_width_cells * h, top = cfg->lithium.thickness_um + radius;
  if (!(radius > 0.0)) return;
  if (!(2 * cfg->lithium.seeds * radius <= side))
    say(r, PF_ERROR, LITHIUM, 0, "seed_radius_um", "found %g um: %d seeds do not fit into Ly = %g um", radius,
        cfg->lithium.seeds, side);
  if (radius < 0.5 * FEATURE_WIDTHS * width && !is_literature(cfg))
    say(r, PF_WARNING, LITHIUM, 0, "seed_radius_um", "%g um is below 2 W = %g um: it is not resolved", radius,
        0.5 * FEATURE_WIDTHS * width);
  int first = 0;
  while (first < cfg->layers && cfg->layer[first].film) first++;
  if (first == cfg->layers) return;
  if (!(top < cfg->layer[first].end_um))
    say(r, PF_ERROR, LITHIUM, 0, "seed_radius_um", "found %g um: seeds up to %g um, layer '%s' ends at %g um", radius,
        top, cfg->layer[first].name, cfg->layer[first].end_um);
  if (!cfg->layer[first].properties.lithium_can_enter || cfg->microstructure.parts > 0)
    say(r, PF_ERROR, LITHIUM, 0, "seed_radius_um", "found %g um: seeds need a layer that lithium can enter everywhere",
        radius);
}

static void check_lithium(const reader *r) {
  const pf_config *cfg = r->cfg;
  const pf_config_lithium *li = &cfg->lithium;
  const double h = cfg->grid.spacing_um, width = cfg->model.interface_width_cells * h;
  const double side = cfg->grid.cells[1] * h;
  if (cfg->model.interface_width_cells < 4.0 && is_literature(cfg))
    say(r, PF_WARNING, GRID, 0, "spacing_um",
        "found %g um: with a tanh profile of %.4g um the grid holds the front back", h, 0.5 * width);
  else if (cfg->model.interface_width_cells < 4.0)
    say(r, PF_WARNING, MODEL, 0, "interface_width_cells", "found %g: below 4 cells the front feels the grid",
        cfg->model.interface_width_cells);
  if (dimensions(cfg) == 3 && !(li->exchange_current_anisotropy < 0.6))
    say(r, PF_ERROR, LITHIUM, 0, "exchange_current_anisotropy",
        "found %g, in 3-D allowed: less than 0.6 (along (1,1,1) i0 is 1 - 5/3 of it)", li->exchange_current_anisotropy);
  if (li->thickness_um < width)
    say(r, PF_WARNING, LITHIUM, 0, "thickness_um",
        "found %g um, less than the interface width W = %g um: lithium is not resolved", li->thickness_um, width);
  if (li->counter_thickness_um > 0.0 && li->counter_thickness_um < width)
    say(r, PF_WARNING, LITHIUM, 0, "counter_thickness_um",
        "found %g um, less than the interface width W = %g um: lithium is not resolved", li->counter_thickness_um,
        width);
  if (dimensions(cfg) == 1 || source_of(cfg, GRID, 0, "cells")->bad) return;
  check_seeds(r);
  if (li->perturbation_um > 0.0) {
    const double periods = side / li->perturbation_wavelength_um;
    if (fabs(periods - round(periods)) > 1e-6 * periods || periods < 0.5)
      say(r, PF_ERROR, LITHIUM, 0, "perturbation_wavelength_um", "found %g um, it must divide Ly = %g um",
          li->perturbation_wavelength_um, side);
    if (li->perturbation_wavelength_um < FEATURE_WIDTHS * width)
      say(r, PF_WARNING, LITHIUM, 0, "perturbation_wavelength_um", "%g um is below 4 W = %g um: it is not resolved",
          li->perturbation_wavelength_um, FEATURE_WIDTHS * width);
    if (li->perturbation_um >= li->thickness_um)
      say(r, PF_ERROR, LITHIUM, 0, "perturbation_um", "found %g um, allowed: less than thickness_um = %g",
          li->perturbation_um, li->thickness_um);
  }
  if (li->roughness_um > 0.0) {
    if (li->roughness_length_um < FEATURE_WIDTHS * width)
      say(r, PF_WARNING, LITHIUM, 0, "roughness_length_um", "%g um is below 4 W = %g um: shorter waves are not seeded",
          li->roughness_length_um, FEATURE_WIDTHS * width);
    if (3.0 * li->roughness_um >= li->thickness_um)
      say(r, PF_ERROR, LITHIUM, 0, "roughness_um", "found %g um, allowed: less than a third of thickness_um = %g",
          li->roughness_um, li->thickness_um);
  }
}

/* What a layer or a part of a microstructure needs of its own keys.  m: its &material, -1: none. */
static void check_properties(const reader *r, const pf_config_material *p, int layer, int m, bool film, bool touched) {
  const pf_config *cfg = r->cfg;
  const int group = layer >= 0 ? LAYER : MATERIAL, which = layer >= 0 ? layer : m;
  const char *needed[7][2] = {{NULL}}, *what = layer >= 0 ? "layer" : "material";
  int count = 0;
  /* a film needs a conductivity or a resistance; a bad value was told already */
  if (isnan(p->ionic_conductivity_S_cm) && !(film && p->film_resistance_ohm_cm2 >= 0.0)) {
    needed[count][0] = "ionic_conductivity_S_cm";
    needed[count++][1] = "every layer has one";
  }
  if (isnan(p->exchange_current_mA_cm2) && touched && !is_literature(cfg)) {
    needed[count][0] = "exchange_current_mA_cm2";
    needed[count++][1] = "lithium can touch this layer";
  }
  const bool salt = has_salt(p) || is_literature(cfg);
  const char *why = is_literature(cfg) ? "interface is 'allen_cahn'" : "the transference number is below 1";
  if (salt && isnan(p->salt_concentration_mol_L) && !film) {
    needed[count][0] = "salt_concentration_mol_L";
    needed[count++][1] = why;
  }
  if (salt && isnan(p->diffusivity_cm2_s) && !film) {
    needed[count][0] = "diffusivity_cm2_s";
    needed[count++][1] = why;
  }
  if (cfg->model.electrons) {
    needed[count][0] = "electronic_conductivity_S_cm";
    needed[count++][1] =
        film ? "electrons is on (of a film: thickness over it is the resistance for electrons)" : "electrons is on";
  }
  if (cfg->model.mechanics && isnan(p->youngs_modulus_GPa) && !film) {
    needed[count][0] = "youngs_modulus_GPa";
    needed[count++][1] = "mechanics is on";
  }
  if (cfg->model.mechanics && isnan(p->poisson_ratio) && !film) {
    needed[count][0] = "poisson_ratio";
    needed[count++][1] = "mechanics is on";
  }
  for (int i = 0; i < count; i++) {
    const bool told =
        (layer >= 0 && given(cfg, LAYER, layer, needed[i][0])) || (m >= 0 && given(cfg, MATERIAL, m, needed[i][0]));
    if (!told)
      say(r, PF_ERROR, group, which, needed[i][0], "not given, %s %s '%s'%s; needed: %s",
          layer >= 0 ? "neither in" : "in", what, p->name, layer >= 0 ? " nor in its &material" : "", needed[i][1]);
  }
  if (p->transference_number == 1.0 && p->single_ion_conductivity_S_cm > 0.0)
    say(r, PF_ERROR, group, which, "single_ion_conductivity_S_cm",
        "contradicts transference_number = 1 in %s '%s': there is no salt beside this path, "
        "ionic_conductivity_S_cm is its conductivity",
        what, p->name);
  if (isnan(p->fracture_toughness_MPa_m05) != isnan(p->flaw_depth_um))
    say(r, PF_ERROR, group, which, isnan(p->flaw_depth_um) ? "fracture_toughness_MPa_m05" : "flaw_depth_um",
        "%s '%s' has only one of fracture_toughness_MPa_m05 and flaw_depth_um, needed: both or none", what, p->name);
}

static void check_layers(const reader *r) {
  const pf_config *cfg = r->cfg;
  const pf_config_microstructure *micro = &cfg->microstructure;
  bool touched[PF_LAYERS_MAX] = {false};
  find_touched(cfg, touched);
  for (int n = 0; n < cfg->layers; n++) {
    const pf_config_layer *layer = &cfg->layer[n];
    int m = cfg->materials - 1;
    while (m >= 0 && strcmp(cfg->material[m].name, layer->material) != 0) m--;
    for (int part = 0; n == micro->fills && part < micro->parts; part++) {
      bool again = micro->part_of[part] < 0;
      for (int before = 0; before < part; before++) again = again || micro->part_of[before] == micro->part_of[part];
      if (!again) check_properties(r, &micro->part[part], -1, micro->part_of[part], false, touched[n]);
    }
    if (n != micro->fills || micro->part_of[0] < 0)
      check_properties(r, &layer->properties, n, layer->material[0] ? m : -1, layer->film, touched[n]);
  }
}

/* ---- events that cannot come ---- */

/* Does the run end at this event, by the input's own words? */
static bool ends_at(const pf_config *cfg, const char *event) {
  for (int e = 0; e < PF_EVENTS_MAX; e++)
    if (given(cfg, PROTOCOL, 0, "end_at") && strcmp(cfg->protocol.end_at[e], event) == 0) return true;
  return false;
}

/* The layer that fills the cell, NULL if there are several or a map. */
static const pf_config_layer *only_layer(const pf_config *cfg) {
  const pf_config_layer *only = NULL;
  for (int n = 0; n < cfg->layers; n++) {
    if (cfg->layer[n].film) continue;
    if (only) return NULL;
    only = &cfg->layer[n];
  }
  return is_group_there(cfg, MICROSTRUCTURE, 0) ? NULL : only;
}

/* The greatest fall of the salt at an electrode on a ladder, in parts of c0: a bound from above, for flat electrodes.
 * With S(t) the fall after the time t of a constant unit current that starts from rest, i.e. S' > 0 falling in time, half
 * cycles of alternating sign and of currents that never shrink leave at most i S(t): what earlier ones add is an
 * alternating sum of shrinking terms that starts with the other sign.  S is below Sand's law and below the steady state,
 * i S(Q/i) grows with i, so the last rung has it.  W on each side is for the drop inside the diffuse interface, the factor
 * for the salt that lithium displaces. */
static double greatest_fall(const pf_config *cfg, const pf_config_layer *layer, double *limit_mA_cm2) {
  const pf_config_protocol *p = &cfg->protocol;
  const pf_config_material *m = &layer->properties;
  const double faraday = PF_FARADAY, c0 = m->salt_concentration_mol_L * 1e3, d = m->diffusivity_cm2_s * 1e-4;
  const double i = p->ccd_stop_mA_cm2 * 10, share = 1 - m->transference_number;
  const double hours =
      p->mode == PF_MODE_CCD_CONSTANT_TIME ? p->half_cycle_h : p->capacity_mAh_cm2 / p->ccd_stop_mA_cm2;
  const double limit = 2 * faraday * d * c0 / (share * layer->thickness_um * 1e-6);
  const double sand = 2 * share * i / (faraday * c0) * sqrt(hours * 3600 / (3.14159265358979 * d));
  const double width = cfg->model.interface_width_cells * cfg->grid.spacing_um * 1e-6;
  *limit_mA_cm2 = limit / 10;
  return 1.05 * (fmin(i / limit, sand) + 2 * width * share * i / (faraday * d * c0));
}

/* The current at which a flaw of a planar, single-ion cell becomes critical at one electrode, mA/cm2: (12) with the
 * overpotential of charge transfer and film together. */
static double fracture_current(const pf_config *cfg, const pf_config_layer *layer, const pf_config_layer *film) {
  const pf_config_material *m = &layer->properties, *kinetics = film->film ? &film->properties : m;
  const double f = PF_FARADAY / (PF_GAS * cfg->conditions.temperature_K), a = kinetics->transfer_coefficient;
  const double resistance =
      (m->film_resistance_ohm_cm2 + (film->film ? film->properties.film_resistance_ohm_cm2 : 0)) * 1e-4;
  const double critical = m->fracture_toughness_MPa_m05 * 1e6 * cfg->lithium.molar_volume_cm3_mol * 1e-6 /
                          (PF_FARADAY * 1.12 * sqrt(3.14159265358979 * m->flaw_depth_um * 1e-6));
  double low = 0, high = critical, i = 0; /* overpotential of charge transfer */
  for (int n = 0; n < 100; n++) {
    const double eta = 0.5 * (low + high);
    i = kinetics->exchange_current_mA_cm2 * 10 * (exp(a * f * eta) - exp(-(1 - a) * f * eta));
    if (eta + resistance * i > critical)
      high = eta;
    else
      low = eta;
  }
  return i / 10;
}

/* A ladder whose highest current cannot bring the event for which it is climbed.  Proven for one dimension; in more, a
 * rough electrode may come there sooner: a warning.  So is a ladder that other events may end. */
static void check_ladder(const reader *r) {
  const pf_config *cfg = r->cfg;
  const pf_config_protocol *p = &cfg->protocol;
  const pf_config_layer *layer = only_layer(cfg);
  const bool depletion = ends_at(cfg, "depletion"), fracture = ends_at(cfg, "fracture");
  if (!(BIT(p->mode) & CCD) || !layer || depletion == fracture || cfg->model.mechanics || cfg->model.electrons) return;
  const bool others = ends_at(cfg, "dendrite") || ends_at(cfg, "nucleation") || ends_at(cfg, "short");
  const bool proven = dimensions(cfg) == 1 && !others;
  const char *but = proven   ? ""
                    : others ? "; other events may end it"
                             : "; that is for flat electrodes, rough ones may come there sooner";
  if (depletion && has_salt(&layer->properties) && !(layer->properties.single_ion_conductivity_S_cm > 0)) {
    double limit;
    const double fall = greatest_fall(cfg, layer, &limit);
    if (fall < 0.9) /* the event is at 0.05 c0 */
      say(r, proven ? PF_ERROR : PF_WARNING, PROTOCOL, 0, "ccd_stop_mA_cm2",
          "found %g, the ladder ends before 'depletion': its half cycles take at most %.2g of the salt at an electrode "
          "(the "
          "limiting current is %.3g mA/cm2)%s",
          p->ccd_stop_mA_cm2, fall, limit, but);
  }
  if (fracture && !has_salt(&layer->properties)) {
    const double at_working = fracture_current(cfg, layer, &cfg->layer[0]);
    const double at_counter = fracture_current(cfg, layer, &cfg->layer[cfg->layers - 1]);
    const bool both = cfg->lithium.counter_thickness_um > 0.0 || cfg->lithium.counter_kinetics;
    const double least = both ? fmin(at_working, at_counter) : at_working;
    if (p->ccd_stop_mA_cm2 < 0.9 * least)
      say(r, proven ? PF_ERROR : PF_WARNING, PROTOCOL, 0, "ccd_stop_mA_cm2",
          "found %g, the ladder ends before 'fracture', which comes at %.3g mA/cm2%s", p->ccd_stop_mA_cm2, least, but);
  }
}

static void cannot_come(const reader *r, const char *event, const char *why) {
  say(r, PF_ERROR, PROTOCOL, 0, "end_at", "'%s' cannot come: %s", event, why);
}

static void check_events(const reader *r) {
  const pf_config *cfg = r->cfg;
  const pf_config_protocol *p = &cfg->protocol;
  bool salt = is_group_there(cfg, MICROSTRUCTURE, 0), flaws = false;
  for (int n = 0; n < cfg->layers; n++) {
    salt = salt || has_salt(&cfg->layer[n].properties) || isnan(cfg->layer[n].properties.transference_number);
    flaws = flaws || given(cfg, LAYER, n, "fracture_toughness_MPa_m05") || given(cfg, LAYER, n, "flaw_depth_um");
  }
  for (int m = 0; m < cfg->materials; m++)
    flaws = flaws || given(cfg, MATERIAL, m, "fracture_toughness_MPa_m05") || given(cfg, MATERIAL, m, "flaw_depth_um");
  const bool compliance = p->mode != PF_MODE_POTENTIOSTATIC;
  if (ends_at(cfg, "depletion") && !salt) cannot_come(r, "depletion", "no layer has a transference number below 1");
  if (ends_at(cfg, "depletion") && salt && !compliance)
    cannot_come(r, "depletion", "it is seen at the voltage limit of a given current");
  if (ends_at(cfg, "voltage_limit") && !compliance) cannot_come(r, "voltage_limit", "mode 'potentiostatic' has none");
  if (ends_at(cfg, "fracture") && !flaws)
    cannot_come(r, "fracture", "no layer has fracture_toughness_MPa_m05 and flaw_depth_um");
  if (ends_at(cfg, "nucleation") && !is_group_there(cfg, NUCLEATION, 0))
    cannot_come(r, "nucleation", "there is no &nucleation");
  if (ends_at(cfg, "dendrite") && dimensions(cfg) == 1)
    cannot_come(r, "dendrite", "the grid is 1-D");
  else if (ends_at(cfg, "dendrite") && !given(cfg, PROTOCOL, 0, "dendrite_length_um"))
    say(r, PF_ERROR, PROTOCOL, 0, "dendrite_length_um", "not given, end_at = 'dendrite' needs it");
  check_ladder(r);
}

static void check_nucleation(const reader *r) {
  const pf_config *cfg = r->cfg;
  const pf_config_nucleation *n = &cfg->nucleation;
  const double width = cfg->model.interface_width_cells * cfg->grid.spacing_um;
  if (!is_group_there(cfg, NUCLEATION, 0)) return;
  if (!cfg->model.electrons)
    say(r, PF_ERROR, NUCLEATION, 0, NULL,
        "needs electrons = .true. in &model: where lithium nucleates depends on the electronic potential");
  if (n->radius_um < width)
    say(r, PF_WARNING, NUCLEATION, 0, "radius_um",
        "%g um is less than the interface width W = %g um: nuclei have W for radius", n->radius_um, width);
  if (n->where == PF_WHERE_PORES && cfg->microstructure.pore < 0)
    say(r, PF_ERROR, NUCLEATION, 0, "where", "found 'pores', needed for it: porosity in &microstructure");
}

static void check_protocol(const reader *r) {
  const pf_config *cfg = r->cfg;
  const pf_config_protocol *p = &cfg->protocol;
  if (!is_group_there(cfg, PROTOCOL, 0) || !given(cfg, PROTOCOL, 0, "mode") || source_of(cfg, PROTOCOL, 0, "mode")->bad)
    return;
  char mode[64], text[256];
  choice(pf_config_groups[PROTOCOL].key[0].choices, p->mode, mode, sizeof mode);
  for (int n = 0; n < MODE_KEYS; n++)
    if (mode_keys[n].needed & BIT(p->mode) && !given(cfg, PROTOCOL, 0, mode_keys[n].key)) {
      const pf_key *key = &pf_config_groups[PROTOCOL].key[key_index(PROTOCOL, mode_keys[n].key)];
      say(r, PF_ERROR, PROTOCOL, 0, key->name, "not given, mode '%s' needs it: %s", mode,
          allowed(key, text, sizeof text));
    }
  if (p->mode == PF_MODE_CYCLING &&
      given(cfg, PROTOCOL, 0, "half_cycle_h") == given(cfg, PROTOCOL, 0, "capacity_mAh_cm2"))
    say(r, PF_ERROR, PROTOCOL, 0, "half_cycle_h", "mode 'cycling' needs either half_cycle_h or capacity_mAh_cm2");
  if (p->ccd_stop_mA_cm2 < p->ccd_start_mA_cm2)
    say(r, PF_ERROR, PROTOCOL, 0, "ccd_stop_mA_cm2", "found %g, allowed: at least ccd_start_mA_cm2 = %g",
        p->ccd_stop_mA_cm2, p->ccd_start_mA_cm2);
  else if ((p->ccd_stop_mA_cm2 - p->ccd_start_mA_cm2) / p->ccd_step_mA_cm2 > RUNGS_MOST)
    say(r, PF_ERROR, PROTOCOL, 0, "ccd_step_mA_cm2", "found %g: more than %d currents up to ccd_stop_mA_cm2 = %g",
        p->ccd_step_mA_cm2, RUNGS_MOST, p->ccd_stop_mA_cm2);
  check_events(r);
}

/* The longest explicit step, for both kinds of model. */
static void check_step(const reader *r) {
  const double limit = pf_config_step_limit(r->cfg);
  if (r->cfg->solver.time_step_max_s > limit)
    say(r, PF_ERROR, SOLVER, 0, "time_step_max_s",
        "found %g s: the explicit step of this model is stable up to %.4g s on this grid (default: 0.9 of it)",
        r->cfg->solver.time_step_max_s, limit);
}

static void check_literature(const reader *r) {
  const pf_config *cfg = r->cfg;
  const pf_config_allen_cahn *a = &cfg->allen_cahn;
  if (!is_literature(cfg)) return;
  if (cfg->layers != 1 || cfg->layer[0].film)
    say(r, PF_ERROR, MODEL, 0, "interface", "found 'allen_cahn': it has one electrolyte, one &layer of at least 3 W");
  if (cfg->model.frame == PF_FRAME_STACK)
    say(r, PF_ERROR, MODEL, 0, "frame", "found 'stack': the front of 'allen_cahn' moves over the grid");
  if (given(cfg, PROTOCOL, 0, "mode") && cfg->protocol.mode != PF_MODE_POTENTIOSTATIC)
    say(r, PF_ERROR, PROTOCOL, 0, "mode",
        "'allen_cahn' is driven by a voltage, as published; allowed: 'potentiostatic'");
  if (dimensions(cfg) == 3 && a->anisotropy > 0 && a->symmetry != 4)
    say(r, PF_ERROR, ALLEN_CAHN, 0, "symmetry", "found %d, in 3-D allowed: 4 (cubic)", a->symmetry);
  check_step(r);
}

/* A benchmark is defined in one domain. */
static void check_benchmark(const reader *r) {
  const pf_config *cfg = r->cfg;
  if (source_of(cfg, BENCHMARK, 0, "problem")->bad) return; /* which domain it has is not known */
  const bool third = cfg->benchmark.problem == PF_PROBLEM_3;
  const double h = cfg->grid.spacing_um, length[2] = {third ? 960 : 0.5, third ? 960 : 1};
  const int *n = cfg->grid.cells;
  bool fits = n[2] == 1;
  for (int d = 0; d < 2; d++) fits = fits && fabs(n[d] * h - length[d]) <= 1e-9 * length[d];
  if (!fits && !source_of(cfg, GRID, 0, "cells")->bad && !isnan(h))
    say(r, PF_ERROR, GRID, 0, "cells",
        "found %d x %d x %d cells of %g: this benchmark is defined on %g x %g in a plane, as %s", n[0], n[1], n[2], h,
        length[0], length[1], third ? "480 x 480 cells of 2" : "100 x 200 cells of 0.005");
  check_step(r);
}

static void check(const reader *r) {
  const pf_config *cfg = r->cfg;
  check_keys(r);
  check_grid(r);
  if (cfg->benchmark.on) {
    check_benchmark(r);
    return;
  }
  check_literature(r);
  check_lithium(r);
  check_layers(r);
  check_protocol(r);
  check_nucleation(r);
  if (given(cfg, OUTPUT, 0, "snapshot_interval_h") && given(cfg, OUTPUT, 0, "snapshot_count"))
    say(r, PF_ERROR, OUTPUT, 0, "snapshot_count", "contradicts snapshot_interval_h, one of them is allowed");
  const double h = cfg->grid.spacing_um;
  for (int n = 0; n < cfg->hotspots && !source_of(cfg, GRID, 0, "cells")->bad; n++) {
    const pf_config_hotspot *spot = &cfg->hotspot[n];
    if (dimensions(cfg) > 1 && spot->y_um > cfg->grid.cells[1] * h)
      say(r, PF_ERROR, HOTSPOT, n, "y_um", "found %g um, allowed: 0 to Ly = %g um", spot->y_um, cfg->grid.cells[1] * h);
    if (dimensions(cfg) > 2 && spot->z_um > cfg->grid.cells[2] * h)
      say(r, PF_ERROR, HOTSPOT, n, "z_um", "found %g um, allowed: 0 to Lz = %g um", spot->z_um, cfg->grid.cells[2] * h);
  }
}

/* ---- the three together ---- */

static pf_status copy_text(const char *text, size_t size, char **out) {
  *out = malloc(size + 1);
  PF_CHECK(*out, PF_NO_MEMORY, "no memory for the input");
  if (size > 0) memcpy(*out, text, size);
  (*out)[size] = '\0';
  return PF_OK;
}

/* What is put on top of the text: of --set, and of a row of a table (NULL: none). */
typedef struct settings {
  const char *const *sets;
  int n_sets;
  const pf_table *table;
  int row;
} settings;

static pf_status keep_sets(const settings *on, pf_config *cfg) {
  size_t size = 0;
  FILE *out = open_memstream(&cfg->sets, &size);
  PF_CHECK(out, PF_NO_MEMORY, "no memory for the input");
  for (int n = 0; n < on->n_sets; n++) fprintf(out, "%s\n", on->sets[n]);
  for (int c = 0; on->table && c < on->table->columns; c++) {
    const pf_table_cell *cell = pf_table_at(on->table, on->row, c);
    if (cell->text[0]) fprintf(out, "%s=%s\n", on->table->name[c].text, cell->text);
  }
  PF_CHECK(fclose(out) == 0 && cfg->sets, PF_NO_MEMORY, "no memory for the input");
  return PF_OK;
}

static pf_status put_row(pf_input *input, const pf_table *table, int row, pf_report *report) {
  input->table = table->file;
  for (int c = 0; c < table->columns; c++) {
    const pf_table_cell *name = &table->name[c], *cell = pf_table_at(table, row, c);
    if (cell->text[0]) PF_TRY(pf_input_set_cell(input, name->text, name->place, cell->text, cell->place, report));
  }
  return PF_OK;
}

/* What follows the reading of the text. */
static pf_status configure(pf_input *input, const settings *on, pf_config *cfg, pf_report *report) {
  PF_TRY(copy_text(input->file, strlen(input->file), &cfg->path));
  PF_TRY(copy_text(input->text, input->size, &cfg->text));
  cfg->text_size = input->size;
  PF_TRY(keep_sets(on, cfg));
  for (int n = 0; n < on->n_sets; n++) PF_TRY(pf_input_set(input, n + 1, on->sets[n], report));
  if (on->table) PF_TRY(put_row(input, on->table, on->row, report));
  const reader r = {input, cfg, report};
  assign(&r);
  resolve(&r);
  check(&r);
  return PF_OK;
}

static pf_status finish(pf_status status, pf_input *input, const char *name, pf_report *report) {
  if (status == PF_BAD_INPUT) pf_report_add(report, PF_ERROR, name, 1, 1, "%s", pf_status_message());
  pf_input_free(input);
  pf_report_sort(report);
  if (status != PF_OK) return status;
  PF_CHECK(report->errors == 0, PF_BAD_INPUT, "%s: %d error%s", name, report->errors, report->errors == 1 ? "" : "s");
  return PF_OK;
}

pf_status pf_config_parse_member(const char *name, const char *text, size_t size, const char *const *sets, int n_sets,
                                 const pf_table *table, int row, pf_config *cfg, pf_report *report) {
  pf_input input;
  memset(cfg, 0, sizeof *cfg);
  pf_status status = pf_input_parse(name, text, size, &input, report);
  if (status == PF_OK) status = configure(&input, &(settings){sets, n_sets, table, row}, cfg, report);
  return finish(status, &input, name, report);
}

pf_status pf_config_parse(const char *name, const char *text, size_t size, const char *const *sets, int n_sets,
                          pf_config *cfg, pf_report *report) {
  return pf_config_parse_member(name, text, size, sets, n_sets, NULL, 0, cfg, report);
}

pf_status pf_config_read(const char *path, const char *const *sets, int n_sets, pf_config *cfg, pf_report *report) {
  pf_input input;
  memset(cfg, 0, sizeof *cfg);
  pf_status status = pf_input_read(path, &input, report);
  if (status == PF_OK) status = configure(&input, &(settings){sets, n_sets, NULL, 0}, cfg, report);
  return finish(status, &input, path, report);
}

void pf_config_free(pf_config *cfg) {
  free(cfg->path);
  free(cfg->text);
  free(cfg->sets);
  cfg->path = cfg->text = cfg->sets = NULL;
  cfg->text_size = 0;
}

pf_input_place pf_config_place(const pf_config *cfg, const char *group, int which, const char *key) {
  return place_of(cfg, group_index(group), which, key);
}

bool pf_config_given(const pf_config *cfg, const char *group, int which, const char *key) {
  const int g = group_index(group);
  return g >= 0 && which >= 0 && which < pf_config_groups[g].most && key_index(g, key) >= 0 &&
         given(cfg, g, which, key);
}

/* ---- text ---- */

/* One value as it is written in an input, "" if there is none. */
static const char *element_text(const pf_config *cfg, int group, int which, const pf_key *key, int element, bool quotes,
                                char *out, size_t size) {
  const void *value = element_at(cfg, group, which, key, element);
  out[0] = '\0';
  if (key->type == PF_KEY_NUMBER) {
    if (!isnan(*(const double *)value)) number_text(*(const double *)value, out, size);
  } else if (key->type == PF_KEY_INTEGER) {
    snprintf(out, size, "%d", *(const int *)value);
  } else if (key->type == PF_KEY_LOGICAL) {
    snprintf(out, size, "%s", *(const bool *)value ? ".true." : ".false.");
  } else {
    char name[64];
    const char *text = value;
    if (key->type == PF_KEY_CHOICE) {
      choice(key->choices, *(const int *)value, name, sizeof name);
      text = name;
    }
    if (!quotes) {
      snprintf(out, size, "%s", text);
    } else if (text[0]) {
      size_t n = 0;
      out[n++] = '\'';
      for (; *text && n + 3 < size; text++) {
        if (*text == '\'') out[n++] = '\'';
        out[n++] = *text;
      }
      out[n++] = '\'';
      out[n] = '\0';
    }
  }
  return out;
}

/* All values of a key, false if it has none. */
static bool print_values(const pf_config *cfg, int group, int which, const pf_key *key, FILE *out) {
  char text[VALUE_MAX];
  int count = 0;
  for (int e = 0; e < key->elements; e++)
    if (element_text(cfg, group, which, key, e, true, text, sizeof text)[0])
      fprintf(out, "%s%s", count++ ? ", " : "", text);
  return count > 0;
}

/* Has the key a value that is to be written? */
static bool has_value(const pf_config *cfg, int group, int which, const pf_key *key) {
  char text[VALUE_MAX];
  if (!element_text(cfg, group, which, key, 0, true, text, sizeof text)[0]) return false;
  /* whether a material is solid depends on the layer that takes it */
  if (group == MATERIAL && key->resolved) return given(cfg, group, which, key->name);
  return !(group == OUTPUT && strcmp(key->name, "snapshot_count") == 0 && cfg->output.snapshot_count == 0);
}

/* Is a key of a layer given by its &material? */
static bool is_of_material(const pf_config *cfg, int group, int which, int k) {
  for (int m = 0; group == LAYER && k >= LAYER_PROPERTIES && m < cfg->materials; m++)
    if (cfg->material[m].name[0] && strcmp(cfg->material[m].name, cfg->layer[which].material) == 0)
      return cfg->source[MATERIAL][m][k - LAYER_PROPERTIES + MATERIAL_PROPERTIES].place.column != 0;
  return false;
}

void pf_config_print(const pf_config *cfg, FILE *out) {
  for (int group = 0; group < PF_GROUPS; group++) {
    const pf_group *g = &pf_config_groups[group];
    if ((group == MICROSTRUCTURE || group == NUCLEATION || group == ALLEN_CAHN || group == BENCHMARK) &&
        !is_group_there(cfg, group, 0))
      continue;
    if (cfg->benchmark.on && foreign(cfg, group, &g->key[0]) && !is_group_there(cfg, group, 0) && group != SOLVER)
      continue;
    for (int which = 0; which < group_count(cfg, group); which++) {
      fprintf(out, "&%s\n", g->name);
      for (int k = 0; k < g->keys; k++) {
        const pf_key *key = &g->key[k];
        const pf_config_source *source = &cfg->source[group][which][k];
        const bool written = has_value(cfg, group, which, key);
        const char *why = unused(cfg, group, which, key);
        char text[128];
        fprintf(out, "  %s%s%s", why || !written ? "! " : "", key->name, written ? " = " : "");
        if (written) print_values(cfg, group, which, key, out);
        fprintf(out, "%s%s%s", written ? "  !" : ":", key->unit[0] && written ? " " : "", written ? key->unit : "");
        if (why)
          fprintf(out, " not used: %s\n", why);
        else if (!written)
          fprintf(out, " not given\n");
        else if (source->place.column)
          fprintf(out, " (%s)\n", place_text(source->place, text, sizeof text));
        else
          fprintf(out, " (%s)\n", is_of_material(cfg, group, which, k) ? "of the &material" : "default");
      }
      fprintf(out, "/\n");
    }
  }
}

/* Default of a key in words. */
static const char *preset_text(const pf_key *key) {
  return key->required ? "required" : key->preset ? key->preset : key->resolved ? key->resolved : "none";
}

bool pf_config_help(const char *group, FILE *out) {
  bool found = false;
  for (int n = 0; n < PF_GROUPS; n++) {
    const pf_group *g = &pf_config_groups[n];
    char text[512];
    if (group && strcasecmp(group[0] == '&' ? group + 1 : group, g->name) != 0) continue;
    fprintf(out, "%s&%s%s\n    %s\n", found ? "\n" : "", g->name, g->most > 1 ? " (repeated)" : "", g->help);
    for (int k = 0; k < g->keys; k++) {
      const pf_key *key = &g->key[k];
      fprintf(out, "  %s\n      %s\n      allowed: %s; default: %s\n", key->name, key->help,
              allowed(key, text, sizeof text), preset_text(key));
    }
    found = true;
  }
  return found;
}

/* A cell of a Markdown table: '|' would end it. */
static void print_cell(const char *text, FILE *out) {
  for (; *text; text++) {
    if (*text == '|') fputc('\\', out);
    fputc(*text, out);
  }
}

void pf_config_help_markdown(FILE *out) {
  fprintf(out,
          "# Keys of the input\n\n"
          "Written by `pfsolve --help-input=markdown` from the table that reads the input (`host/config_table.c`).\n");
  for (int n = 0; n < PF_GROUPS; n++) {
    const pf_group *g = &pf_config_groups[n];
    char text[512];
    fprintf(out, "\n## `&%s`%s\n\n%c%s.\n\n| key | what | allowed | default |\n|---|---|---|---|\n", g->name,
            g->most > 1 ? " (repeated)" : "", toupper((unsigned char)g->help[0]), g->help + 1);
    for (int k = 0; k < g->keys; k++) {
      const pf_key *key = &g->key[k];
      fprintf(out, "| `%s` | ", key->name);
      print_cell(key->help, out);
      fprintf(out, " | ");
      print_cell(allowed(key, text, sizeof text), out);
      fprintf(out, " | ");
      if (key->preset && !key->required) fprintf(out, "`");
      print_cell(preset_text(key), out);
      fprintf(out, "%s |\n", key->preset && !key->required ? "`" : "");
    }
  }
}
