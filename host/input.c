/* input.c: see input.h.
 *
 * A namelist is read by descent: outside groups, in a group, a key, its values.  Every function leaves the scanner at
 * the first byte that it did not use, and uses at least one, so that the reading ends on any text. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Numbers are not written longer than this, characters. */
#define NUMBER_MAX 200
/* How far the list of subscripts after a name may reach, characters. */
#define SUBSCRIPT_MAX 200
/* Longest piece of the text that a message shows, bytes. */
#define SHOWN_MAX 40

typedef struct scanner {
  pf_input *input;
  pf_report *report;
  const char *text;
  size_t size, at;
  int line, column;
  bool set; /* a --set or a cell of a table: all of it has this place */
  pf_input_place place;
  char *words; /* [size + 1], a copy of the text that is cut into names and values */
} scanner;

/* ---- the text, byte by byte ---- */

static int peek(const scanner *s) { return s->at < s->size ? (unsigned char)s->text[s->at] : -1; }

static int peek_after(const scanner *s, size_t n) {
  return s->at + n < s->size ? (unsigned char)s->text[s->at + n] : -1;
}

static void advance(scanner *s) {
  const unsigned char c = (unsigned char)s->text[s->at++];
  if (c == '\n') {
    s->line++;
    s->column = 1;
  } else if (s->at == s->size || ((unsigned char)s->text[s->at] & 0xC0) != 0x80) {
    s->column++; /* the last byte of a character */
  }
}

static pf_input_place here(const scanner *s) { return s->set ? s->place : (pf_input_place){s->line, s->column}; }

static bool is_blank(int c) { return c == ' ' || (c >= 0 && c < ' ') || c == 0x7F; }
static bool is_letter(int c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_digit(int c) { return c >= '0' && c <= '9'; }
static bool is_name(int c) { return is_letter(c) || is_digit(c) || c == '_'; }
/* What ends a word without quotes.  In a --set some of it is part of words: paths come without quotes there. */
static bool ends_word(const scanner *s, int c) {
  if (c < 0 || is_blank(c) || c == ',' || c == ';') return true;
  return !s->set &&
         (c == '\'' || c == '"' || c == '/' || c == '!' || c == '=' || c == '(' || c == ')' || c == '&' || c == '$');
}

void pf_input_say(const pf_input *input, pf_report *report, pf_severity severity, pf_input_place place,
                  const char *format, ...) {
  char text[1024], set[32];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  snprintf(set, sizeof set, "--set %d", place.column);
  const char *file = place.line > 0 ? input->file : place.line < 0 ? input->table : set;
  pf_report_add(report, severity, file, abs(place.line), place.column, "%s", text);
}

#define SAY(s, severity, place, ...) pf_input_say((s)->input, (s)->report, (severity), (place), __VA_ARGS__)

/* The part of the text from `begin` to `end` for a message, cut to a readable length at a whole character. */
static const char *shown(const scanner *s, size_t begin, size_t end, char buffer[SHOWN_MAX + 4]) {
  size_t size = 0;
  while (begin < end) {
    const int length = pf_utf8_length(s->text + begin, end - begin);
    const size_t step = length > 0 ? (size_t)length : 1;
    if (size + step > SHOWN_MAX) {
      memcpy(buffer + size, "...", 3);
      size += 3;
      break;
    }
    memcpy(buffer + size, s->text + begin, step);
    if (s->text[begin] == '\0') buffer[size] = '?';
    size += step;
    begin += step;
  }
  buffer[size] = '\0';
  return buffer;
}

static void skip_line(scanner *s) {
  while (peek(s) >= 0 && peek(s) != '\n') advance(s);
}

/* Over blanks, line ends and comments. */
static void skip_blanks(scanner *s) {
  for (;;) {
    const int c = peek(s);
    if (is_blank(c)) {
      advance(s);
    } else if (c == '!' && !s->set) {
      skip_line(s);
    } else if (c == '#' && !s->set) {
      SAY(s, PF_ERROR, here(s), "found '#': a comment begins with '!'");
      skip_line(s);
    } else {
      return;
    }
  }
}

/* Cuts text[begin, end) out of the copy. */
static char *cut(const scanner *s, size_t begin, size_t end) {
  s->words[end] = '\0';
  return s->words + begin;
}

static char *cut_name(const scanner *s, size_t begin, size_t end) {
  char *name = cut(s, begin, end);
  for (char *c = name; *c; c++)
    if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
  return name;
}

/* ---- lists ---- */

/* Room for one more in an array of `count` elements. */
static bool make_room(pf_input *input, void *array, int count, int *room, size_t size) {
  if (count < *room) return true;
  const int more = *room ? 2 * *room : 64;
  void *old, *grown;
  memcpy(&old, array, sizeof old);
  grown = realloc(old, (size_t)more * size);
  if (!grown) {
    input->no_memory = true;
    return false;
  }
  memcpy(array, &grown, sizeof grown);
  *room = more;
  return true;
}

static void add_group(pf_input *input, const char *name, pf_input_place place, pf_input_place name_place, int number) {
  if (!make_room(input, &input->group, input->groups, &input->group_room, sizeof *input->group)) return;
  input->group[input->groups++] = (pf_input_group){name, place, name_place, number, input->keys, 0};
}

static void add_key(pf_input *input, pf_input_key key) {
  if (input->groups == 0 || !make_room(input, &input->key, input->keys, &input->key_room, sizeof *input->key)) return;
  key.value = input->values;
  input->key[input->keys++] = key;
  input->group[input->groups - 1].keys++;
}

static void add_value(pf_input *input, pf_input_kind kind, const char *text, long long repeat, pf_input_place place) {
  if (input->keys == 0 || !make_room(input, &input->value, input->values, &input->value_room, sizeof *input->value))
    return;
  input->value[input->values++] = (pf_input_value){kind, text, repeat, place};
  input->key[input->keys - 1].values++;
}

/* ---- keys ---- */

/* Is there `name =`, `name(...) =` or `name(...)%name =` at the scanner?  Looks ahead, moves nothing. */
static bool at_key(const scanner *s) {
  size_t n = 0;
  if (!is_letter(peek(s)) && peek(s) != '_') return false;
  while (is_name(peek_after(s, n)) || peek_after(s, n) == '%') n++;
  while (is_blank(peek_after(s, n))) n++;
  if (peek_after(s, n) == '(') {
    const size_t limit = n + SUBSCRIPT_MAX;
    while (n < limit && peek_after(s, n) >= 0 && peek_after(s, n) != ')' && peek_after(s, n) != '\n') n++;
    if (peek_after(s, n) != ')') return false;
    n++;
    while (is_blank(peek_after(s, n)) || is_name(peek_after(s, n)) || peek_after(s, n) == '%') n++;
  }
  return peek_after(s, n) == '=';
}

/* A whole number with sign within a subscript; false if there is none. */
static bool read_bound(scanner *s, long long *out) {
  long long value = 0;
  int digits = 0;
  const bool negative = peek(s) == '-';
  if (peek(s) == '-' || peek(s) == '+') advance(s);
  for (; is_digit(peek(s)); advance(s), digits++)
    if (value < 1000000000000LL) value = 10 * value + (peek(s) - '0');
  *out = negative ? -value : value;
  return digits > 0;
}

static void skip_spaces(scanner *s) {
  while (is_blank(peek(s))) advance(s);
}

/* `(first)`, `(first:last)`, `(first:last:step)`, each but the step may be left out; the scanner stands at '('.
 * at_key has seen the ')'. */
static void read_subscript(scanner *s, pf_input_key *key) {
  const pf_input_place place = here(s);
  const size_t begin = s->at;
  bool good = true;
  key->subscript = true;
  advance(s);
  skip_spaces(s);
  if (peek(s) != ':') good = read_bound(s, &key->first);
  skip_spaces(s);
  if (good && peek(s) == ':') {
    key->section = true;
    advance(s);
    skip_spaces(s);
    if (peek(s) != ':' && peek(s) != ')') good = read_bound(s, &key->last);
    skip_spaces(s);
    if (good && peek(s) == ':') {
      advance(s);
      skip_spaces(s);
      good = read_bound(s, &key->step) && key->step != 0;
      skip_spaces(s);
    }
  }
  good = good && peek(s) == ')';
  while (peek(s) != ')') advance(s);
  advance(s);
  if (!good) {
    char text[SHOWN_MAX + 4];
    SAY(s, PF_ERROR, place, "&%s %s: found the subscript '%s', allowed: (2), (1:3), (1:3:2)",
        s->input->group[s->input->groups - 1].name, key->name, shown(s, begin, s->at, text));
    key->subscript = key->section = false;
    key->first = key->last = PF_INPUT_OPEN;
    key->step = 1;
  }
}

/* ---- values ---- */

/* A string in quotes; doubled quotes stand for one. */
static const char *read_string(scanner *s) {
  const pf_input_place place = here(s);
  const int quote = peek(s);
  advance(s);
  const size_t begin = s->at;
  char *out = s->words + begin;
  for (;;) {
    const int c = peek(s);
    if (c < 0 || c == '\n') {
      char text[SHOWN_MAX + 4];
      const size_t end = c == '\n' && s->at > begin && s->text[s->at - 1] == '\r' ? s->at - 1 : s->at;
      SAY(s, PF_ERROR, place, "the string %c%s has no closing %c on its line", quote, shown(s, begin, end, text),
          quote);
      break;
    }
    advance(s);
    if (c == quote) {
      if (peek(s) != quote) break;
      advance(s);
    }
    *out++ = (char)c;
  }
  *out = '\0';
  return s->words + begin;
}

/* One value: `word`, `'string'`, `r*word`, `r*'string'`, `r*`. */
static void read_value(scanner *s) {
  const pf_input_place place = here(s);
  long long repeat = 1;
  const size_t begin = s->at;
  while (is_digit(peek(s))) advance(s);
  size_t from = begin;
  if (peek(s) == '*' && s->at > begin) {
    repeat = 0;
    for (size_t n = begin; n < s->at; n++)
      if (repeat < 1000000000000LL) repeat = 10 * repeat + (s->text[n] - '0');
    advance(s);
    from = s->at;
    if (repeat == 0) {
      SAY(s, PF_ERROR, place, "found the repeat count 0, at least 1 is allowed");
      repeat = 1;
    }
  }
  if (s->at == from && (peek(s) == '\'' || peek(s) == '"')) {
    add_value(s->input, PF_INPUT_STRING, read_string(s), repeat, place);
  } else {
    while (!ends_word(s, peek(s))) advance(s);
    if (s->at > from)
      add_value(s->input, PF_INPUT_WORD, cut(s, from, s->at), repeat, place);
    else
      add_value(s->input, PF_INPUT_EMPTY, "", repeat, place);
  }
  const int c = peek(s);
  if (!ends_word(s, c) || c == '\'' || c == '"' || c == '(')
    SAY(s, PF_ERROR, here(s), "found '%c' right behind a value, a blank or ',' is needed between", c);
}

/* The values of a key, up to the next key or the end of the group. */
static void read_values(scanner *s) {
  bool pending = false; /* a value stands before the next comma */
  bool semicolon = false;
  for (;;) {
    skip_blanks(s);
    const int c = peek(s);
    if (c < 0 || (!s->set && (c == '/' || c == '&' || c == '$')) || (!s->set && at_key(s))) return;
    if (c == ',' || c == ';') {
      if (c == ';' && !semicolon) {
        SAY(s, PF_ERROR, here(s), "found ';', values are separated by ',' or a blank");
        semicolon = true;
      }
      if (!pending) add_value(s->input, PF_INPUT_EMPTY, "", 1, here(s));
      pending = false;
      advance(s);
    } else if (!s->set && (c == '=' || c == '(' || c == ')')) {
      SAY(s, PF_ERROR, here(s),
          c == '=' ? "found '=' without the name of a key before it"
                   : "found '%c': a value is a number, a logical or a string in quotes",
          c);
      advance(s);
    } else {
      read_value(s);
      pending = true;
    }
  }
}

/* `name = values`, `name(subscript) = values`; at_key has seen all of it up to the '='. */
static void read_key(scanner *s) {
  pf_input_key key = {
      .place = here(s), .name_place = here(s), .first = PF_INPUT_OPEN, .last = PF_INPUT_OPEN, .step = 1};
  const size_t begin = s->at;
  while (is_name(peek(s)) || peek(s) == '%') advance(s);
  const size_t end = s->at;
  key.name = cut_name(s, begin, end);
  skip_spaces(s);
  if (peek(s) == '(') {
    read_subscript(s, &key);
    skip_spaces(s);
    if (peek(s) != '=') {
      SAY(s, PF_ERROR, here(s), "&%s %s: found more behind the subscript, '=' is needed here",
          s->input->group[s->input->groups - 1].name, key.name);
      while (peek(s) != '=') advance(s);
    }
  }
  advance(s);
  if (end - begin > PF_INPUT_NAME_MAX) {
    SAY(s, PF_ERROR, key.place, "a name has %zu characters, at most %d are allowed", end - begin, PF_INPUT_NAME_MAX);
    s->words[begin + PF_INPUT_NAME_MAX] = '\0';
  }
  add_key(s->input, key);
  read_values(s);
}

/* Something in a group that is no key: said once, and passed over up to the next key or the end of the group. */
static void skip_values(scanner *s) {
  const pf_input_place place = here(s);
  const size_t begin = s->at;
  char text[SHOWN_MAX + 4];
  while (peek(s) >= 0 && !ends_word(s, peek(s))) advance(s);
  if (s->at == begin) advance(s);
  SAY(s, PF_ERROR, place, "&%s: found '%s', 'key = value' is needed here", s->input->group[s->input->groups - 1].name,
      shown(s, begin, s->at, text));
  for (;;) {
    skip_blanks(s);
    const int c = peek(s);
    if (c < 0 || c == '/' || c == '&' || c == '$' || at_key(s)) return;
    if (c == '\'' || c == '"')
      read_string(s);
    else if (ends_word(s, c))
      advance(s);
    else
      while (!ends_word(s, peek(s))) advance(s);
  }
}

/* ---- groups ---- */

static bool is_word_end(const scanner *s, const char *word) {
  size_t n = 0;
  for (; word[n]; n++)
    if ((peek_after(s, n + 1) | 0x20) != word[n]) return false;
  return !is_name(peek_after(s, n + 1));
}

/* What stands in a group, up to and with its '/'. */
static void read_group(scanner *s) {
  const pf_input_group group = s->input->group[s->input->groups - 1];
  for (;;) {
    skip_blanks(s);
    const int c = peek(s);
    if (c < 0) {
      SAY(s, PF_ERROR, group.place, "&%s has no '/' at its end (found the end of the file)", group.name);
      return;
    }
    if (c == '/') {
      advance(s);
      return;
    }
    if (c == '&' || c == '$') {
      if (is_word_end(s, "end")) {
        SAY(s, PF_NOTE, here(s), "&%s ends with '%cend', the usual end is '/'", group.name, c);
        for (int n = 0; n < 4; n++) advance(s);
        return;
      }
      if (is_letter(peek_after(s, 1))) {
        SAY(s, PF_ERROR, group.place, "&%s has no '/' at its end (found the next group in line %d)", group.name,
            s->line);
        return;
      }
      SAY(s, PF_ERROR, here(s), "&%s: found '%c' without the name of a group", group.name, c);
      advance(s);
    } else if (at_key(s)) {
      read_key(s);
    } else {
      skip_values(s);
    }
  }
}

/* The whole text: groups, and what stands between them. */
static void read_text(scanner *s) {
  int said = 0; /* the last line with text outside groups that was told */
  for (;;) {
    skip_blanks(s);
    const int c = peek(s);
    if (c < 0) return;
    if ((c == '&' || c == '$') && is_letter(peek_after(s, 1))) {
      const pf_input_place place = here(s);
      if (c == '$') SAY(s, PF_NOTE, place, "a group begins with '$', the usual sign is '&'");
      advance(s);
      const size_t begin = s->at;
      while (is_name(peek(s))) advance(s);
      char *name = cut_name(s, begin, s->at);
      if (s->at - begin > PF_INPUT_NAME_MAX) {
        SAY(s, PF_ERROR, place, "a name has %zu characters, at most %d are allowed", s->at - begin, PF_INPUT_NAME_MAX);
        name[PF_INPUT_NAME_MAX] = '\0';
      }
      add_group(s->input, name, place, place, 0);
      if (s->input->no_memory) return;
      read_group(s);
    } else {
      if (s->line != said) {
        const size_t begin = s->at;
        char text[SHOWN_MAX + 4];
        size_t end = begin;
        while (end < s->size && s->text[end] != '\n' && s->text[end] != '\r') end++;
        SAY(s, PF_WARNING, here(s), "found '%s' outside of groups, it is not read", shown(s, begin, end, text));
        said = s->line;
      }
      advance(s);
      while (peek(s) >= 0 && peek(s) != '\n' && peek(s) != '&' && peek(s) != '$') advance(s);
    }
  }
}

/* Bytes that are no text at all: told once. */
static void check_bytes(scanner s) {
  while (s.at < s.size) {
    const int c = peek(&s);
    const int length = pf_utf8_length(s.text + s.at, s.size - s.at);
    if (length == 0) {
      SAY(&s, PF_ERROR, here(&s), "found the byte 0x%02X, which is no UTF-8: save the file as UTF-8 text", c);
      return;
    }
    if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      SAY(&s, PF_ERROR, here(&s), "found the byte 0x%02X: an input is plain text", c);
      return;
    }
    for (int n = 0; n < length; n++) advance(&s);
  }
}

/* ---- inputs ---- */

/* A copy of a text with a zero behind it, NULL without memory. */
static char *copy(const char *text, size_t size) {
  char *out = malloc(size + 1);
  if (!out) return NULL;
  if (size > 0) memcpy(out, text, size);
  out[size] = '\0';
  return out;
}

/* A scanner over `text`, with a copy for its words that the input owns. */
static pf_status begin_scan(pf_input *input, pf_report *report, const char *text, size_t size, scanner *s) {
  char **lists = realloc(input->words, (size_t)(input->word_lists + 1) * sizeof *lists);
  PF_CHECK(lists, PF_NO_MEMORY, "no memory for the input");
  input->words = lists;
  char *words = copy(text, size);
  PF_CHECK(words, PF_NO_MEMORY, "no memory for the input");
  input->words[input->word_lists++] = words;
  *s = (scanner){.input = input, .report = report, .text = text, .size = size, .line = 1, .column = 1, .words = words};
  return PF_OK;
}

/* Reads input->text. */
static pf_status scan_file(pf_input *input, pf_report *report) {
  scanner s;
  PF_TRY(begin_scan(input, report, input->text, input->size, &s));
  if (s.size >= 3 && memcmp(s.text, "\xEF\xBB\xBF", 3) == 0) s.at = 3; /* byte-order mark */
  check_bytes(s);
  read_text(&s);
  PF_CHECK(!input->no_memory, PF_NO_MEMORY, "no memory for the input");
  input->file_groups = input->groups;
  return PF_OK;
}

pf_status pf_input_parse(const char *name, const char *text, size_t size, pf_input *input, pf_report *report) {
  *input = (pf_input){0};
  input->file = copy(name, strlen(name));
  input->text = copy(text, size);
  input->size = size;
  PF_CHECK(input->file && input->text, PF_NO_MEMORY, "no memory for the input");
  PF_CHECK(size <= PF_INPUT_BYTES_MAX, PF_BAD_INPUT, "%s: an input has at most %d bytes, this one has more", name,
           PF_INPUT_BYTES_MAX);
  return scan_file(input, report);
}

/* All bytes of an open file, up to one more than the limit. */
static pf_status read_bytes(const char *path, int file, pf_input *input) {
  size_t room = 16384;
  for (;;) {
    char *text = realloc(input->text, room + 1);
    PF_CHECK(text, PF_NO_MEMORY, "no memory for the input");
    input->text = text;
    while (input->size < room) {
      const ssize_t count = read(file, text + input->size, room - input->size);
      if (count < 0 && errno == EINTR) continue;
      PF_CHECK(count >= 0, PF_NO_INPUT, "%s: cannot be read: %s", path, strerror(errno));
      if (count == 0) {
        text[input->size] = '\0';
        return PF_OK;
      }
      input->size += (size_t)count;
    }
    PF_CHECK(input->size <= PF_INPUT_BYTES_MAX, PF_BAD_INPUT, "%s: an input has at most %d bytes, this one has more",
             path, PF_INPUT_BYTES_MAX);
    room *= 4;
  }
}

pf_status pf_input_read(const char *path, pf_input *input, pf_report *report) {
  *input = (pf_input){0};
  input->file = copy(path, strlen(path));
  PF_CHECK(input->file, PF_NO_MEMORY, "no memory for the input");
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  PF_CHECK(file >= 0, PF_NO_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
  const pf_status status = read_bytes(path, file, input);
  close(file);
  PF_TRY(status);
  PF_CHECK(input->size <= PF_INPUT_BYTES_MAX, PF_BAD_INPUT, "%s: an input has at most %d bytes, this one has more",
           path, PF_INPUT_BYTES_MAX);
  return scan_file(input, report);
}

/* `group%key=value`; a message about the name shows its first `name_size` bytes. */
static pf_status set(pf_input *input, const char *text, size_t name_size, pf_input_place name_place,
                     pf_input_place place, pf_report *report) {
  scanner s;
  PF_TRY(begin_scan(input, report, text, strlen(text), &s));
  s.set = true;
  s.place = place;
  check_bytes(s);
  pf_input_key key = {
      .place = place, .name_place = name_place, .first = PF_INPUT_OPEN, .last = PF_INPUT_OPEN, .step = 1};
  long long occurrence = 0;
  skip_spaces(&s);
  const size_t group = s.at;
  while (is_name(peek(&s))) advance(&s);
  const size_t group_end = s.at;
  bool good = group_end > group;
  if (good && peek(&s) == '(') {
    advance(&s);
    good = read_bound(&s, &occurrence) && occurrence >= 1 && occurrence <= INT_MAX && peek(&s) == ')';
    if (good) advance(&s);
  }
  good = good && peek(&s) == '%';
  if (good) advance(&s);
  const size_t name = s.at;
  if (good && !at_key(&s)) good = false;
  while (good && is_name(peek(&s))) advance(&s);
  const size_t name_end = s.at;
  good = good && (peek(&s) == '=' || peek(&s) == '(' || is_blank(peek(&s))) && group_end - group <= PF_INPUT_NAME_MAX &&
         name_end - name <= PF_INPUT_NAME_MAX;
  if (!good) {
    char part[SHOWN_MAX + 4];
    SAY(&s, PF_ERROR, name_place, "found '%s', allowed: group%%key%s or group(2)%%key%s", shown(&s, 0, name_size, part),
        place.line < 0 ? "" : "=value", place.line < 0 ? "" : "=value");
    return PF_OK;
  }
  add_group(input, cut_name(&s, group, group_end), place, name_place, (int)occurrence);
  key.name = cut_name(&s, name, name_end);
  skip_spaces(&s);
  if (peek(&s) == '(' && !input->no_memory) read_subscript(&s, &key);
  skip_spaces(&s);
  if (peek(&s) != '=') {
    SAY(&s, PF_ERROR, name_place, "&%s %s: found more behind the subscript, '=' is needed there",
        cut_name(&s, group, group_end), key.name);
    while (peek(&s) >= 0 && peek(&s) != '=') advance(&s);
  }
  if (peek(&s) == '=') advance(&s);
  add_key(input, key);
  if (!input->no_memory) read_values(&s);
  PF_CHECK(!input->no_memory, PF_NO_MEMORY, "no memory for the input");
  return PF_OK;
}

pf_status pf_input_set(pf_input *input, int number, const char *text, pf_report *report) {
  const pf_input_place place = {0, number};
  return set(input, text, strlen(text), place, place, report);
}

pf_status pf_input_set_cell(pf_input *input, const char *name, pf_input_place name_place, const char *value,
                            pf_input_place place, pf_report *report) {
  char *text = NULL;
  PF_CHECK(asprintf(&text, "%s=%s", name, value) >= 0, PF_NO_MEMORY, "no memory for the input");
  const pf_status status = set(input, text, strlen(name), name_place, place, report);
  free(text);
  return status;
}

void pf_input_free(pf_input *input) {
  for (int n = 0; n < input->word_lists; n++) free(input->words[n]);
  free(input->words);
  free(input->file);
  free(input->text);
  free(input->group);
  free(input->key);
  free(input->value);
  *input = (pf_input){0};
}

/* ---- what values mean ---- */

bool pf_input_each(const pf_input *input, const char *group, const pf_input_key *key, int elements,
                   void (*put)(void *context, int element, const pf_input_value *value), void *context,
                   pf_report *report) {
  long long first = key->first == PF_INPUT_OPEN ? (key->step < 0 ? elements : 1) : key->first;
  long long last = !key->section || key->last == PF_INPUT_OPEN ? (key->step < 0 ? 1 : elements) : key->last;
  if (key->subscript && elements == 1) {
    pf_input_say(input, report, PF_ERROR, key->place, "&%s %s: found a subscript, this key has one value", group,
                 key->name);
    return false;
  }
  if (first < 1 || first > elements || (key->section && (last < 1 || last > elements))) {
    pf_input_say(input, report, PF_ERROR, key->place, "&%s %s: found the subscript %lld, allowed: 1 to %d", group,
                 key->name, first < 1 || first > elements ? first : last, elements);
    return false;
  }
  long long element = first;
  for (int n = key->value; n < key->value + key->values; n++) {
    const pf_input_value *value = &input->value[n];
    for (long long r = 0; r < value->repeat; r++, element += key->step) {
      if (key->step > 0 ? element > last : element < last) {
        if (elements == 1)
          pf_input_say(input, report, PF_ERROR, value->place,
                       "&%s %s: found more than one value, one is allowed (a decimal point is written '.')", group,
                       key->name);
        else if (key->section)
          pf_input_say(input, report, PF_ERROR, value->place,
                       "&%s %s: found more values than the section from %lld to %lld has", group, key->name, first,
                       last);
        else
          pf_input_say(input, report, PF_ERROR, value->place,
                       "&%s %s: found a value for element %lld, allowed: elements 1 to %d", group, key->name, element,
                       elements);
        return false;
      }
      if (value->kind != PF_INPUT_EMPTY) put(context, (int)element - 1, value);
    }
  }
  return true;
}

const char *pf_input_integer(const pf_input_value *value, int *out) {
  const char *c = value->text;
  long long number = 0;
  if (value->kind != PF_INPUT_WORD) return "a string is no whole number";
  const bool negative = *c == '-';
  if (*c == '-' || *c == '+') c++;
  if (!is_digit((unsigned char)*c)) return "this is no whole number";
  for (; is_digit((unsigned char)*c); c++)
    if (number <= INT_MAX) number = 10 * number + (*c - '0');
  if (*c == '.' || *c == 'e' || *c == 'E' || *c == 'd' || *c == 'D')
    return "a whole number has no decimal point and no exponent";
  if (*c) return "this is no whole number";
  if (number > INT_MAX) return "this whole number is too large";
  *out = (int)(negative ? -number : number);
  return NULL;
}

const char *pf_input_number(const pf_input_value *value, double *out) {
  char text[NUMBER_MAX + 1];
  size_t n = 0, digits = 0;
  bool zero = true;
  const char *in = value->text;
  if (value->kind != PF_INPUT_WORD) return "a string is no number";
  const size_t size = strlen(in);
  if (size > NUMBER_MAX) return "this is longer than any number";
  memcpy(text, in, size + 1);
  if (text[n] == '+' || text[n] == '-') n++;
  if ((text[n] | 0x20) == 'n' || (text[n] | 0x20) == 'i') {
    if (strncasecmp(text + n, "nan", 3) == 0 || strncasecmp(text + n, "inf", 3) == 0) return "this is not finite";
  }
  for (; is_digit((unsigned char)text[n]); n++, digits++) zero = zero && text[n] == '0';
  if (text[n] == '.')
    for (n++; is_digit((unsigned char)text[n]); n++, digits++) zero = zero && text[n] == '0';
  if (digits == 0) return "this is no number";
  if (text[n] == '+' || text[n] == '-') return "the exponent needs its letter, as in 1.5e-3";
  if ((text[n] | 0x20) == 'e' || (text[n] | 0x20) == 'd') {
    text[n++] = 'e';
    if (text[n] == '+' || text[n] == '-') n++;
    if (!is_digit((unsigned char)text[n])) return "the exponent has no digits";
    while (is_digit((unsigned char)text[n])) n++;
  }
  if (text[n]) return "this is no number";
  const double number = strtod(text, NULL);
  if (!isfinite(number)) return "this is larger than any number that the program can hold";
  if (number == 0.0 && !zero) return "this is smaller than any number that the program can hold";
  *out = number;
  return NULL;
}

const char *pf_input_logical(const pf_input_value *value, bool *out) {
  static const char *const words[2][4] = {{".false.", "f", "false", ".f."}, {".true.", "t", "true", ".t."}};
  if (value->kind == PF_INPUT_WORD)
    for (int truth = 0; truth < 2; truth++)
      for (int n = 0; n < 4; n++)
        if (strcasecmp(value->text, words[truth][n]) == 0) {
          *out = truth == 1;
          return NULL;
        }
  return "this is no logical";
}
