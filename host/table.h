/* table.h: a table of members: a CSV file whose first line names keys, and each further line gives a member's values.
 *
 *   layer(1)%thickness_um,layer(2)%exchange_current_mA_cm2,protocol%end_at
 *   100,0.1,"depletion, dendrite"
 *
 * Names and values are those of --set.  A cell may be in double quotes (RFC 4180), and then hold commas and line ends;
 * blanks around others are left out.  An empty cell leaves the key as the input has it; empty lines are left out.
 * Owner of all arrays and texts: the table, until pf_table_free. */
#ifndef PF_TABLE_H
#define PF_TABLE_H

#include "input.h"

enum { PF_TABLE_COLUMNS_MAX = 256, PF_TABLE_ROWS_MAX = 9999 };

typedef struct pf_table_cell {
  const char *text;
  pf_input_place place; /* line < 0 (input.h) */
} pf_table_cell;

typedef struct pf_table {
  char *file; /* its name, as it was given */
  char *words;
  int columns, rows;
  pf_table_cell *name; /* [columns] */
  pf_table_cell *cell; /* [rows][columns] */
} pf_table;

/* Reads a file; what is wrong goes to the report, all of it.  PF_NO_INPUT: it cannot be read; PF_BAD_INPUT: there are
 * errors.  Names and values are checked by pf_config_parse_member.  pf_table_free is needed in any case. */
pf_status pf_table_read(const char *path, pf_table *table, pf_report *report);
/* The same for a text in memory. */
pf_status pf_table_parse(const char *name, const char *text, size_t size, pf_table *table, pf_report *report);
void pf_table_free(pf_table *table);

static inline const pf_table_cell *pf_table_at(const pf_table *t, int row, int column) {
  return &t->cell[(size_t)row * (size_t)t->columns + (size_t)column];
}

#endif
