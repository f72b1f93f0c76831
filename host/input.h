/* input.h: a Fortran namelist as a list of groups, keys and values with their places.  Knows no physics.
 *
 * The text is read once, front to back.  Errors do not stop the reading: all of them go to the report.  What values
 * mean is decided by whoever knows the type of a key, with pf_input_integer and its like.
 * Owner of all arrays and texts: the pf_input, until pf_input_free. */
#ifndef PF_INPUT_H
#define PF_INPUT_H

#include <limits.h>

#include "../kernels/pf_status.h"
#include "report.h"

/* An input file may have this many bytes. */
#define PF_INPUT_BYTES_MAX 1000000
/* A name (group or key) may have this many characters: Fortran's limit. */
#define PF_INPUT_NAME_MAX 63
/* The open end of a section, as in a(2:) */
#define PF_INPUT_OPEN LLONG_MIN

typedef struct pf_input_place {
  int line, column; /* from 1; line 0: on the command line, the column is the number of the --set; line < 0: -line of a
                     * table of members */
} pf_input_place;

typedef enum pf_input_kind {
  PF_INPUT_EMPTY, /* nothing between two separators, or `r*`: the element keeps what it has */
  PF_INPUT_WORD,  /* without quotes: a number, a logical */
  PF_INPUT_STRING /* in quotes, which are taken off */
} pf_input_kind;

typedef struct pf_input_value {
  pf_input_kind kind;
  const char *text;
  long long repeat; /* of `r*value`, >= 1 */
  pf_input_place place;
} pf_input_value;

typedef struct pf_input_key {
  const char *name;                 /* small letters */
  pf_input_place place, name_place; /* differ in a table: a name stands in its first line, values below */
  bool subscript, section;          /* a(first), a(first:last:step) */
  long long first, last, step;      /* from 1; PF_INPUT_OPEN where not written */
  int value, values;                /* the first one in pf_input.value, and how many */
} pf_input_key;

typedef struct pf_input_group {
  const char *name; /* small letters */
  pf_input_place place, name_place;
  int number;    /* of `--set name(number)%key=...`; 0: not written, or from the file */
  int key, keys; /* the first one in pf_input.key, and how many */
} pf_input_group;

typedef struct pf_input {
  char *file;        /* its name, as it was given */
  const char *table; /* that of a table of members, the caller's; NULL */
  char *text;        /* [size + 1], the file's bytes */
  size_t size;
  pf_input_group *group;
  pf_input_key *key;
  pf_input_value *value;
  int groups, keys, values;
  int file_groups; /* the first ones, which are from the file; the others are from --set */
  int group_room, key_room, value_room;
  char **words; /* the texts that names and values point to: the file's, then one of each --set */
  int word_lists;
  bool no_memory;
} pf_input;

/* Reads a file.  PF_NO_INPUT: it cannot be opened; PF_BAD_INPUT: it is too long.  Errors within the text are in the
 * report (report->errors), and then the status is still PF_OK.  pf_input_free is needed in any case. */
pf_status pf_input_read(const char *path, pf_input *input, pf_report *report);
/* The same for a text in memory. */
pf_status pf_input_parse(const char *name, const char *text, size_t size, pf_input *input, pf_report *report);
/* Adds `group%key=value` or `group(2)%key=value`, number `number` on the command line (from 1).  Here a string needs no
 * quotes, and '/' and '!' are letters like others. */
pf_status pf_input_set(pf_input *input, int number, const char *text, pf_report *report);
/* The same of a table: `name` = group%key from the place `name_place`, `value` from the place `place`. */
pf_status pf_input_set_cell(pf_input *input, const char *name, pf_input_place name_place, const char *value,
                            pf_input_place place, pf_report *report);
void pf_input_free(pf_input *input);

/* Adds a message that has its place in this input. */
void pf_input_say(const pf_input *input, pf_report *report, pf_severity severity, pf_input_place place,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Calls put(context, element, value) for each element (from 0) of a key with `elements` elements that is given a value,
 * in the order they are written.  Empty ones are left out.  Returns false, and reports, where the key's subscript or the
 * number of its values leave the bounds. */
bool pf_input_each(const pf_input *input, const char *group, const pf_input_key *key, int elements,
                   void (*put)(void *context, int element, const pf_input_value *value), void *context,
                   pf_report *report);

/* What a value is, as a type.  NULL: *out is set; else why it is not, as a piece of a sentence. */
const char *pf_input_integer(const pf_input_value *value, int *out);
const char *pf_input_number(const pf_input_value *value, double *out);
const char *pf_input_logical(const pf_input_value *value, bool *out);

#endif
