#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A table may have this many bytes. */
enum { BYTES_MAX = 20000000 };

typedef struct scanner {
  pf_table *table;
  pf_report *report;
  char *at; /* in table->words, which is cut into texts */
  int line, column;
} scanner;

static void fail(const scanner *s, int line, int column, const char *text) {
  pf_report_add(s->report, PF_ERROR, s->table->file, line, column, "%s", text);
}

static char advance(scanner *s) {
  const char c = *s->at++;
  if (c == '\n')
    s->line++, s->column = 1;
  else if (((unsigned char)*s->at & 0xC0) != 0x80)
    s->column++; /* the last byte of a character */
  return c;
}

static bool ends(char c) { return c == 0 || c == '\n' || c == '\r'; }
static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* A cell in quotes, the doubled ones made single. */
static char *read_quoted(scanner *s) {
  const int line = s->line, column = s->column;
  advance(s);
  char *const text = s->at, *to = text;
  while (*s->at) {
    const char c = advance(s);
    if (c == '"') {
      if (*s->at != '"') {
        *to = 0; /* at or before the quote */
        return text;
      }
      advance(s);
    }
    *to++ = c;
  }
  fail(s, line, column, "a cell in quotes has no closing quote");
  *to = 0;
  return text;
}

/* One cell; the scanner goes behind what ends it, which is returned: ',', '\n', or 0 at the end of the text. */
static char read_cell(scanner *s, pf_table_cell *cell) {
  while (is_blank(*s->at)) advance(s);
  cell->place = (pf_input_place){-s->line, s->column};
  char *end;
  if (*s->at == '"') {
    cell->text = read_quoted(s);
    while (is_blank(*s->at)) advance(s);
    if (*s->at != ',' && !ends(*s->at)) fail(s, s->line, s->column, "found more behind a cell in quotes");
    while (*s->at != ',' && !ends(*s->at)) advance(s);
    end = s->at;
  } else {
    cell->text = end = s->at;
    while (*s->at != ',' && !ends(*s->at))
      if (!is_blank(advance(s))) end = s->at;
  }
  const char found = *s->at;
  if (found == '\r' && s->at[1] == '\n') advance(s);
  if (found) advance(s);
  *end = 0;
  return found == '\r' ? '\n' : found;
}

/* A row into row[columns]; how many cells it has, more are passed over. */
static int read_row(scanner *s, pf_table_cell *row, int columns) {
  int count = 0;
  for (char end = ','; end == ','; count++) {
    pf_table_cell cell;
    end = read_cell(s, &cell);
    if (count < columns) row[count] = cell;
  }
  return count;
}

static bool skip_empty_lines(scanner *s) {
  for (;;) {
    char *at = s->at;
    while (is_blank(*at) || *at == '\r') at++;
    if (*at == 0) return false;
    if (*at != '\n') return true;
    while (s->at <= at) advance(s);
  }
}

static void check_names(const scanner *s) {
  const pf_table *t = s->table;
  for (int c = 0; c < t->columns; c++) {
    const pf_table_cell *name = &t->name[c];
    if (!name->text[0] || strchr(name->text, '='))
      fail(s, -name->place.line, name->place.column, "a column needs the name of a key: group%key or group(2)%key");
    for (int before = 0; before < c; before++)
      if (name->text[0] && strcasecmp(name->text, t->name[before].text) == 0) {
        pf_report_add(s->report, PF_ERROR, t->file, -name->place.line, name->place.column, "found '%.80s' twice",
                      name->text);
        break;
      }
  }
}

static pf_status read_rows(scanner *s) {
  pf_table *t = s->table;
  int room = 0;
  if (!skip_empty_lines(s)) {
    fail(s, 1, 1, "found an empty file, needed: a line with the names of keys, and one of values for each member");
    return PF_OK;
  }
  pf_table_cell names[PF_TABLE_COLUMNS_MAX];
  const int line = s->line;
  t->columns = read_row(s, names, PF_TABLE_COLUMNS_MAX);
  if (t->columns > PF_TABLE_COLUMNS_MAX) {
    pf_report_add(s->report, PF_ERROR, t->file, line, 1, "found %d columns, at most %d are allowed", t->columns,
                  PF_TABLE_COLUMNS_MAX);
    t->columns = PF_TABLE_COLUMNS_MAX;
  }
  const size_t columns = (size_t)t->columns;
  t->name = malloc(columns * sizeof *t->name);
  PF_CHECK(t->name, PF_NO_MEMORY, "no memory for the table");
  memcpy(t->name, names, columns * sizeof *t->name);
  check_names(s);
  while (skip_empty_lines(s)) {
    const int row_line = s->line;
    if (t->rows == PF_TABLE_ROWS_MAX) {
      pf_report_add(s->report, PF_ERROR, t->file, row_line, 1, "at most %d members are allowed", PF_TABLE_ROWS_MAX);
      return PF_OK;
    }
    if (t->rows == room) {
      room = room ? 2 * room : 16;
      pf_table_cell *grown = realloc(t->cell, (size_t)room * columns * sizeof *grown);
      PF_CHECK(grown, PF_NO_MEMORY, "no memory for the table");
      t->cell = grown;
    }
    pf_table_cell *row = t->cell + (size_t)t->rows++ * columns;
    for (size_t c = 0; c < columns; c++) row[c] = (pf_table_cell){"", {-row_line, 1}};
    const int count = read_row(s, row, t->columns);
    if (count != t->columns)
      pf_report_add(s->report, PF_ERROR, t->file, row_line, 1,
                    "found %d cell%s, the first line has %d (a value with commas needs double quotes)", count,
                    count == 1 ? "" : "s", t->columns);
  }
  if (t->rows == 0) fail(s, s->line, 1, "found no member: each line below the first is one");
  return PF_OK;
}

pf_status pf_table_parse(const char *name, const char *text, size_t size, pf_table *table, pf_report *report) {
  *table = (pf_table){0};
  table->file = strdup(name);
  table->words = calloc(size + 1, 1);
  PF_CHECK(table->file && table->words, PF_NO_MEMORY, "no memory for the table");
  if (size > 0) memcpy(table->words, text, size);
  scanner s = {table, report, table->words, 1, 1};
  const int before = report->errors;
  if (strlen(table->words) < size) {
    fail(&s, 1, 1, "found a zero byte: a table is plain text");
  } else {
    if (strncmp(s.at, "\xEF\xBB\xBF", 3) == 0) s.at += 3; /* byte-order mark */
    PF_TRY(read_rows(&s));
  }
  PF_CHECK(report->errors == before, PF_BAD_INPUT, "%s: the table cannot be used", name);
  return PF_OK;
}

pf_status pf_table_read(const char *path, pf_table *table, pf_report *report) {
  *table = (pf_table){0};
  struct stat about;
  FILE *file = fopen(path, "re");
  PF_CHECK(file, PF_NO_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
  char *text = NULL;
  size_t size = 0;
  pf_status status = PF_OK;
  if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode))
    status = PF_FAIL(PF_NO_INPUT, "%s: is no file", path);
  else if (about.st_size > BYTES_MAX)
    status = PF_FAIL(PF_NO_INPUT, "%s: a table has at most %d bytes, this one has more", path, BYTES_MAX);
  else if (!(text = malloc((size_t)about.st_size + 1)))
    status = PF_FAIL(PF_NO_MEMORY, "no memory for the table");
  else
    size = fread(text, 1, (size_t)about.st_size, file);
  if (status == PF_OK && ferror(file)) status = PF_FAIL(PF_NO_INPUT, "%s: cannot be read", path);
  (void)fclose(file);
  if (status == PF_OK) status = pf_table_parse(path, text, size, table, report);
  free(text);
  return status;
}

void pf_table_free(pf_table *table) {
  free(table->file);
  free(table->words);
  free(table->name);
  free(table->cell);
  *table = (pf_table){0};
}
