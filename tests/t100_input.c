/* t100_input.c: the namelist parser: what it reads, and what it says about what it cannot read, with the place. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "input.h"
#include "test.h"

static pf_input input;
static pf_report report;

static void parse_bytes(const char *text, size_t size) {
  report = (pf_report){0};
  PF_ASSERT_OK(pf_input_parse("t.nml", text, size, &input, &report));
}

static void parse(const char *text) { parse_bytes(text, strlen(text)); }

static void done(void) {
  pf_input_free(&input);
  pf_report_free(&report);
}

/* Everything that was said, one message a line, in the order of the text. */
static const char *said(void) {
  static char text[16384];
  memset(text, 0, sizeof text);
  FILE *out = fmemopen(text, sizeof text - 1, "w");
  pf_report_sort(&report);
  pf_report_print(&report, out);
  fclose(out);
  return text;
}

static void assert_said(const char *text, const char *expected, const char *file, int line) {
  const bool good = strcmp(text, expected) == 0;
  if (!good) fprintf(stderr, "\n%s:%d: found\n%sinstead of\n%s", file, line, text, expected);
  CU_assertImplementation(good, (unsigned)line, "the messages", file, "", CU_FALSE);
}
/* All that is said about a text is this. */
#define ASSERT_SAYS(text, expected)                      \
  do {                                                   \
    parse(text);                                         \
    assert_said(said(), (expected), __FILE__, __LINE__); \
    done();                                              \
  } while (0)

static int elements[64], count;
static char texts[64][64];
static void collect(void *context, int element, const pf_input_value *value) {
  (void)context;
  if (count < 64) {
    elements[count] = element;
    snprintf(texts[count++], sizeof texts[0], "%s", value->text);
  }
}

/* The elements that key n (of all) gets, as "1:7 2:7", and what is said. */
static const char *values_of(int n, int size) {
  static char out[1024];
  size_t used = 0;
  count = 0;
  out[0] = '\0';
  if (n >= input.keys) return "no such key";
  pf_input_each(&input, "a", &input.key[n], size, collect, NULL, &report);
  for (int i = 0; i < count; i++)
    used += (size_t)snprintf(out + used, sizeof out - used, "%s%d:%s", i ? " " : "", elements[i] + 1, texts[i]);
  return out;
}

#define ASSERT_VALUES(text, size, expected)                 \
  do {                                                      \
    parse(text);                                            \
    CU_ASSERT_STRING_EQUAL(values_of(0, (size)), expected); \
    assert_said(said(), "", __FILE__, __LINE__);            \
    done();                                                 \
  } while (0)
#define ASSERT_VALUES_SAY(text, size, expected, words)      \
  do {                                                      \
    parse(text);                                            \
    CU_ASSERT_STRING_EQUAL(values_of(0, (size)), expected); \
    assert_said(said(), (words), __FILE__, __LINE__);       \
    done();                                                 \
  } while (0)

static void forms_are_accepted(void) {
  ASSERT_VALUES("&a i=1/", 1, "1:1");
  ASSERT_VALUES("&A\r\n\tI\t=\t1\r\n/", 1, "1:1");
  ASSERT_VALUES("\xEF\xBB\xBF&a i=1\n/\n", 1, "1:1");
  ASSERT_VALUES("&a\n i\n =\n 1 /", 1, "1:1");
  parse("&GriD CELLS=1 /");
  CU_ASSERT_STRING_EQUAL(input.group[0].name, "grid");
  CU_ASSERT_STRING_EQUAL(input.key[0].name, "cells");
  done();
}

static void places_are_right(void) {
  parse("! \xC3\xA9\n\xEF\xBF\xBD&a  k(2) = 1,\n\t'\xC3\xA9' , 3*x /");
  CU_ASSERT_EQUAL_FATAL(input.groups, 1);
  CU_ASSERT_EQUAL(input.group[0].place.line, 2);
  CU_ASSERT_EQUAL(input.group[0].place.column, 2);
  CU_ASSERT_EQUAL(input.key[0].place.column, 6);
  CU_ASSERT_EQUAL(input.value[0].place.column, 13);
  CU_ASSERT_EQUAL(input.value[1].place.line, 3);
  CU_ASSERT_EQUAL(input.value[1].place.column, 2);
  CU_ASSERT_EQUAL(input.value[2].place.column, 8); /* the accent is one character */
  CU_ASSERT_EQUAL(input.value[2].repeat, 3);
  done();
}

static void repeats_and_empty_values(void) {
  ASSERT_VALUES("&a k=2*7 /", 4, "1:7 2:7");
  ASSERT_VALUES("&a k=1,2*,4 /", 4, "1:1 4:4");
  ASSERT_VALUES("&a k=1,,3 /", 4, "1:1 3:3");
  ASSERT_VALUES("&a k= , /", 4, "");
  ASSERT_VALUES("&a k=,5 /", 4, "2:5");
  ASSERT_VALUES("&a k=1 2\n3 /", 4, "1:1 2:2 3:3");
  ASSERT_VALUES("&a k=1,2, /", 2, "1:1 2:2");
  ASSERT_VALUES("&a k=2*'x',3*\"y\" /", 5, "1:x 2:x 3:y 4:y 5:y");
  ASSERT_SAYS("&a k=0*7 /", "t.nml:1:6: error: found the repeat count 0, at least 1 is allowed\n");
}

static void subscripts(void) {
  ASSERT_VALUES("&a k(2)=5,6 /", 4, "2:5 3:6");
  ASSERT_VALUES("&a k(1:3:2)=1,2 /", 4, "1:1 3:2");
  ASSERT_VALUES("&a k(:)=1,2 /", 4, "1:1 2:2");
  ASSERT_VALUES("&a k(3:)=1,2 /", 4, "3:1 4:2");
  ASSERT_VALUES("&a k(:2)=1,2 /", 4, "1:1 2:2");
  ASSERT_VALUES("&a k(::3)=1,2 /", 4, "1:1 4:2");
  ASSERT_VALUES("&a k(4:2:-1)=1,2,3 /", 4, "4:1 3:2 2:3");
  ASSERT_VALUES("&a k(::-1)=1,2,3 /", 3, "3:1 2:2 1:3");
  ASSERT_VALUES("&a k ( 2 : 3 ) = 1 /", 4, "2:1");
  ASSERT_VALUES_SAY("&a k(5)=1 /", 4, "", "t.nml:1:4: error: &a k: found the subscript 5, allowed: 1 to 4\n");
  ASSERT_VALUES_SAY("&a k(0)=1 /", 4, "", "t.nml:1:4: error: &a k: found the subscript 0, allowed: 1 to 4\n");
  ASSERT_VALUES_SAY("&a k(1:9)=1 /", 4, "", "t.nml:1:4: error: &a k: found the subscript 9, allowed: 1 to 4\n");
  ASSERT_VALUES_SAY("&a k(-99999999999999999999)=1 /", 4, "",
                    "t.nml:1:4: error: &a k: found the subscript -9999999999999, allowed: 1 to 4\n");
  ASSERT_VALUES_SAY("&a k(3)=1,2,3 /", 4, "3:1 4:2",
                    "t.nml:1:13: error: &a k: found a value for element 5, allowed: elements 1 to 4\n");
  ASSERT_VALUES_SAY("&a k(1:3:2)=1,2,3 /", 4, "1:1 3:2",
                    "t.nml:1:17: error: &a k: found more values than the section from 1 to 3 has\n");
  ASSERT_VALUES_SAY("&a k=1,2,3 /", 2, "1:1 2:2",
                    "t.nml:1:10: error: &a k: found a value for element 3, allowed: elements 1 to 2\n");
  ASSERT_VALUES_SAY("&a x=1,5 /", 1, "1:1",
                    "t.nml:1:8: error: &a x: found more than one value, one is allowed (a decimal point is written "
                    "'.')\n");
  ASSERT_VALUES_SAY("&a x(1)=1 /", 1, "", "t.nml:1:4: error: &a x: found a subscript, this key has one value\n");
  for (int n = 0; n < 7; n++) {
    static const char *const bad[] = {"()", "(a)", "(1,2)", "(1:2:0)", "(1:2:3:4)", "(1.5)", "(+)"};
    char text[64], expected[160];
    snprintf(text, sizeof text, "&a k%s=1 /", bad[n]);
    snprintf(expected, sizeof expected,
             "t.nml:1:5: error: &a k: found the subscript '%s', allowed: (2), (1:3), (1:3:2)\n", bad[n]);
    ASSERT_SAYS(text, expected);
  }
  ASSERT_SAYS("&a k(1)%x=1 /", "t.nml:1:8: error: &a k: found more behind the subscript, '=' is needed here\n");
}

static void comments(void) {
  ASSERT_VALUES("&a i=2!c\n/", 1, "1:2");
  ASSERT_VALUES("! first\n&a ! here\n! and / there\n i=2 ! i=3 /\n/ ! last", 1, "1:2");
  ASSERT_VALUES_SAY("&a i=2 # c\n/", 1, "1:2", "t.nml:1:8: error: found '#': a comment begins with '!'\n");
  ASSERT_SAYS("# c\n&a /", "t.nml:1:1: error: found '#': a comment begins with '!'\n");
}

static void strings(void) {
  ASSERT_VALUES("&a s='it''s' /", 1, "1:it's");
  ASSERT_VALUES("&a s=\"a,b ! / c\" /", 1, "1:a,b ! / c");
  ASSERT_VALUES("&a s=\"a\"\"b'\" /", 1, "1:a\"b'");
  ASSERT_VALUES("&a s='' /", 1, "1:");
  ASSERT_SAYS("&a\n s='ab\n cd\n/", "t.nml:2:4: error: the string 'ab has no closing ' on its line\n");
  ASSERT_SAYS("&a\r\n s=\"ab\r\n/", "t.nml:2:4: error: the string \"ab has no closing \" on its line\n");
  ASSERT_SAYS("&a s='ab",
              "t.nml:1:1: error: &a has no '/' at its end (found the end of the file)\n"
              "t.nml:1:6: error: the string 'ab has no closing ' on its line\n");
  ASSERT_SAYS(
      "&a s='0123456789012345678901234567890123456789x\n/",
      "t.nml:1:6: error: the string '0123456789012345678901234567890123456789... has no closing ' on its line\n");
  ASSERT_SAYS("&a s='a'b /", "t.nml:1:9: error: found 'b' right behind a value, a blank or ',' is needed between\n");
  ASSERT_SAYS("&a s='a'\"b\" /",
              "t.nml:1:9: error: found '\"' right behind a value, a blank or ',' is needed between\n");
  ASSERT_SAYS("&a s=1'b' /", "t.nml:1:7: error: found ''' right behind a value, a blank or ',' is needed between\n");
  parse("&a s=abc /");
  CU_ASSERT_EQUAL(input.value[0].kind, PF_INPUT_WORD); /* the config refuses it */
  done();
}

static pf_input_value word(const char *text) { return (pf_input_value){PF_INPUT_WORD, text, 1, {1, 1}}; }
static pf_input_value quoted(const char *text) { return (pf_input_value){PF_INPUT_STRING, text, 1, {1, 1}}; }

static void numbers(void) {
  static const struct {
    const char *text;
    double number;
  } good[] = {{"1.5d-3", 1.5e-3}, {"1.5e-3", 1.5e-3}, {"1.5D+3", 1500}, {"1.5E3", 1500}, {"5", 5},     {".5", 0.5},
              {"5.", 5},          {"-5", -5},         {"+5", 5},        {"0.1", 0.1},    {"0e999", 0}, {"-0.0", -0.0}};
  for (size_t n = 0; n < sizeof good / sizeof good[0]; n++) {
    double number = -99;
    const pf_input_value value = word(good[n].text);
    CU_ASSERT_PTR_NULL(pf_input_number(&value, &number));
    CU_ASSERT(memcmp(&number, &good[n].number, sizeof number) == 0);
  }
  static const char *const bad[][2] = {{"1.5-3", "the exponent needs its letter, as in 1.5e-3"},
                                       {"NaN", "this is not finite"},
                                       {"-inf", "this is not finite"},
                                       {"Infinity", "this is not finite"},
                                       {"1e999", "this is larger than any number that the program can hold"},
                                       {"1e-999", "this is smaller than any number that the program can hold"},
                                       {"1.5e", "the exponent has no digits"},
                                       {"1.5e+", "the exponent has no digits"},
                                       {"1.5q3", "this is no number"},
                                       {"1.5.2", "this is no number"},
                                       {"e5", "this is no number"},
                                       {".", "this is no number"},
                                       {"-", "this is no number"},
                                       {"", "this is no number"},
                                       {"0x10", "this is no number"},
                                       {"nothing", "this is no number"},
                                       {"1_8", "this is no number"}};
  double number;
  for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
    const pf_input_value value = word(bad[n][0]);
    const char *why = pf_input_number(&value, &number);
    CU_ASSERT(why && strcmp(why, bad[n][1]) == 0);
  }
  char longest[300];
  memset(longest, '1', sizeof longest);
  longest[299] = '\0';
  const pf_input_value value = word(longest), string = quoted("1");
  CU_ASSERT_STRING_EQUAL(pf_input_number(&value, &number), "this is longer than any number");
  CU_ASSERT_STRING_EQUAL(pf_input_number(&string, &number), "a string is no number");
}

static void whole_numbers(void) {
  static const struct {
    const char *text;
    int number;
  } good[] = {{"0", 0}, {"-7", -7}, {"+007", 7}, {"2147483647", 2147483647}};
  for (size_t n = 0; n < sizeof good / sizeof good[0]; n++) {
    int number = -99;
    const pf_input_value value = word(good[n].text);
    CU_ASSERT_PTR_NULL(pf_input_integer(&value, &number));
    CU_ASSERT_EQUAL(number, good[n].number);
  }
  static const char *const bad[][2] = {{"3.0", "a whole number has no decimal point and no exponent"},
                                       {"1e3", "a whole number has no decimal point and no exponent"},
                                       {"99999999999", "this whole number is too large"},
                                       {"2147483648", "this whole number is too large"},
                                       {"a", "this is no whole number"},
                                       {"1a", "this is no whole number"},
                                       {"-", "this is no whole number"},
                                       {"", "this is no whole number"}};
  int number;
  for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
    const pf_input_value value = word(bad[n][0]);
    const char *why = pf_input_integer(&value, &number);
    CU_ASSERT(why && strcmp(why, bad[n][1]) == 0);
  }
  const pf_input_value string = quoted("1");
  CU_ASSERT_STRING_EQUAL(pf_input_integer(&string, &number), "a string is no whole number");
}

static void logicals(void) {
  static const char *const yes[] = {"T", "t", ".true.", ".TRUE.", "true", ".t."};
  static const char *const no[] = {"F", "f", ".false.", ".FALSE.", "False", ".F."};
  static const char *const bad[] = {"truely", "1", "0", "", ".x.", "yes", ".true"};
  for (int n = 0; n < 6; n++) {
    bool a = false, b = true;
    const pf_input_value value_a = word(yes[n]), value_b = word(no[n]);
    CU_ASSERT(!pf_input_logical(&value_a, &a) && a);
    CU_ASSERT(!pf_input_logical(&value_b, &b) && !b);
  }
  bool out = false;
  for (int n = 0; n < 7; n++) {
    const pf_input_value value = word(bad[n]);
    CU_ASSERT_PTR_NOT_NULL(pf_input_logical(&value, &out));
  }
  const pf_input_value string = quoted("T");
  CU_ASSERT_PTR_NOT_NULL(pf_input_logical(&string, &out));
}

static void ends_and_old_forms(void) {
  ASSERT_SAYS("$a i=1 $end\n",
              "t.nml:1:1: note: a group begins with '$', the usual sign is '&'\n"
              "t.nml:1:8: note: &a ends with '$end', the usual end is '/'\n");
  ASSERT_SAYS("&a i=1 &END\n", "t.nml:1:8: note: &a ends with '&end', the usual end is '/'\n");
  ASSERT_SAYS("&a i=1\n&b k=2 /", "t.nml:1:1: error: &a has no '/' at its end (found the next group in line 2)\n");
  ASSERT_SAYS("\n &a i=1\n", "t.nml:2:2: error: &a has no '/' at its end (found the end of the file)\n");
  parse("&a i=1\n&b k=2 /"); /* the next group is read all the same */
  CU_ASSERT_EQUAL_FATAL(input.groups, 2);
  CU_ASSERT_EQUAL(input.group[1].keys, 1);
  done();
  ASSERT_SAYS("&a i=1 & /", "t.nml:1:8: error: &a: found '&' without the name of a group\n");
  ASSERT_SAYS("&ending i=1 &ending i=2 /",
              "t.nml:1:1: error: &ending has no '/' at its end (found the next group in line 1)\n");
}

static void text_outside_groups(void) {
  ASSERT_SAYS("hello, 'world'\n&a i=1 / k = 2\n= &b /\n& c /",
              "t.nml:1:1: warning: found 'hello, 'world'' outside of groups, it is not read\n"
              "t.nml:2:10: warning: found 'k = 2' outside of groups, it is not read\n"
              "t.nml:3:1: warning: found '= &b /' outside of groups, it is not read\n"
              "t.nml:4:1: warning: found '& c /' outside of groups, it is not read\n");
  parse("hello &a i=1 / there &b /");
  CU_ASSERT_EQUAL(input.groups, 2);
  done();
}

static void broken_groups(void) {
  ASSERT_SAYS("&a i=1; k=2 /", "t.nml:1:7: error: found ';', values are separated by ',' or a blank\n");
  ASSERT_SAYS("&a i=1;2;3 /", "t.nml:1:7: error: found ';', values are separated by ',' or a blank\n");
  ASSERT_SAYS("&a 5 'b' c, d k=1 /", "t.nml:1:4: error: &a: found '5', 'key = value' is needed here\n");
  ASSERT_SAYS("&a = 5\n i=1 /", "t.nml:1:4: error: &a: found '=', 'key = value' is needed here\n");
  ASSERT_SAYS("&a i 5 /", "t.nml:1:4: error: &a: found 'i', 'key = value' is needed here\n");
  ASSERT_SAYS("&a i = = 5 /", "t.nml:1:8: error: found '=' without the name of a key before it\n");
  ASSERT_SAYS("&a x = (1,2) /",
              "t.nml:1:8: error: found '(': a value is a number, a logical or a string in quotes\n"
              "t.nml:1:12: error: found ')': a value is a number, a logical or a string in quotes\n");
  ASSERT_SAYS("&a k(2 = 1\n/", "t.nml:1:4: error: &a: found 'k', 'key = value' is needed here\n");
  /* all errors of a text at once, and what is right is read */
  parse("&a i=1; k(a)=2 'x' l=.true. /\n&b 7 n=3\n&c /");
  CU_ASSERT_EQUAL(report.errors, 4);
  CU_ASSERT_EQUAL(input.groups, 3);
  CU_ASSERT_EQUAL(input.keys, 4);
  done();
}

static void bytes_that_are_no_text(void) {
  ASSERT_SAYS("&a s='\xE9' /",
              "t.nml:1:7: error: found the byte 0xE9, which is no UTF-8: save the file as UTF-8 text\n");
  ASSERT_SAYS("&a\n \x01 i=1 /", "t.nml:2:2: error: found the byte 0x01: an input is plain text\n");
  static const char zero[] = "&a i=1\0 k=2 /";
  parse_bytes(zero, sizeof zero - 1);
  assert_said(said(), "t.nml:1:7: error: found the byte 0x00: an input is plain text\n", __FILE__, __LINE__);
  done();
  static const char *const no_utf8[] = {
      "\xC0\x80",         "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
      "\xF5\x80\x80\x80", "\x80", "\xE2\x82",     "\xC3\x28"};
  for (int n = 0; n < 10; n++) CU_ASSERT_EQUAL(pf_utf8_length(no_utf8[n], strlen(no_utf8[n])), 0);
  CU_ASSERT_EQUAL(pf_utf8_length("\xE2\x82\xAC", 3), 3);
  CU_ASSERT_EQUAL(pf_utf8_length("\xF0\x9F\x98\x80", 4), 4);
  CU_ASSERT_EQUAL(pf_utf8_length("", 0), 0);
}

static void long_names(void) {
  char text[256], expected[256];
  const char *name = "a23456789a23456789a23456789a23456789a23456789a23456789a23456789a"; /* 64 */
  snprintf(text, sizeof text, "&%s /", name);
  snprintf(expected, sizeof expected, "t.nml:1:1: error: a name has 64 characters, at most 63 are allowed\n");
  ASSERT_SAYS(text, expected);
  snprintf(text, sizeof text, "&a %s=1 /", name);
  snprintf(expected, sizeof expected, "t.nml:1:4: error: a name has 64 characters, at most 63 are allowed\n");
  ASSERT_SAYS(text, expected);
}

static void set(int number, const char *text) { PF_ASSERT_OK(pf_input_set(&input, number, text, &report)); }

static void sets(void) {
  parse("&a i=1 /");
  set(1, "a%i=2");
  set(2, "Layer(2)%Name=it's");
  set(3, "run%output_dir=/tmp/a!b c");
  set(4, " a%k(2) = 5,6");
  set(5, "a%s=2*'x y',\"z\"");
  CU_ASSERT_EQUAL(input.file_groups, 1);
  CU_ASSERT_EQUAL_FATAL(input.groups, 6);
  CU_ASSERT_STRING_EQUAL(input.group[2].name, "layer");
  CU_ASSERT_EQUAL(input.group[2].number, 2);
  CU_ASSERT_STRING_EQUAL(values_of(1, 1), "1:2");
  CU_ASSERT_STRING_EQUAL(input.key[3].name, "output_dir");
  CU_ASSERT_STRING_EQUAL(input.value[input.key[3].value].text, "/tmp/a!b");
  CU_ASSERT_STRING_EQUAL(values_of(4, 4), "2:5 3:6");
  CU_ASSERT_STRING_EQUAL(values_of(5, 4), "1:x y 2:x y 3:z");
  CU_ASSERT_EQUAL(input.value[input.key[2].value].kind, PF_INPUT_WORD);
  CU_ASSERT_STRING_EQUAL(input.value[input.key[2].value].text, "it's");
  CU_ASSERT_EQUAL(input.key[4].place.line, 0);
  CU_ASSERT_EQUAL(input.key[4].place.column, 4);
  done();
}

static void bad_sets(void) {
  static const char *const bad[] = {
      "", "a", "a=1", "a%i", "a%=1", "%i=1", "a(x)%i=1", "a(0)%i=1", "a(1%i=1", "a%i%j=1", "a(99999999999)%i=1", "1"};
  for (int n = 0; n < 12; n++) {
    char expected[160];
    parse("&a i=1 /");
    set(n + 1, bad[n]);
    snprintf(expected, sizeof expected,
             "--set %d: error: found '%s', allowed: group%%key=value or group(2)%%key=value\n", n + 1, bad[n]);
    assert_said(said(), expected, __FILE__, __LINE__);
    done();
  }
  parse("&a i=1 /");
  set(1, "a%i(2)x=1");
  set(2, "a%i(b)=1");
  set(3, "a%i=1\x01");
  set(4, "a%s='x");
  CU_ASSERT_EQUAL(report.errors, 4);
  CU_ASSERT_PTR_NOT_NULL(
      strstr(said(), "--set 1: error: &a i: found more behind the subscript, '=' is needed there\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(said(), "--set 2: error: &a i: found the subscript '(b)'"));
  CU_ASSERT_PTR_NOT_NULL(strstr(said(), "--set 3: error: found the byte 0x01: an input is plain text\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(said(), "--set 4: error: the string 'x has no closing ' on its line\n"));
  done();
}

/* Writes `size` bytes of `piece` again and again into a file. */
static const char *big_file(const char *piece, size_t size) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/big.nml", pf_test_directory());
  FILE *out = fopen(path, "w");
  const size_t length = strlen(piece);
  for (size_t n = 0; out && n < size; n += length) fputs(piece, out);
  if (out) fclose(out);
  return path;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void files(void) {
  report = (pf_report){0};
  PF_ASSERT_FAILS(pf_input_read("no/such/file.nml", &input, &report), PF_NO_INPUT,
                  "no/such/file.nml: cannot be opened: No such file");
  done();
  PF_ASSERT_FAILS(pf_input_read("tests", &input, &report), PF_NO_INPUT, "tests: cannot be read: Is a directory");
  done();
  PF_ASSERT_FAILS(pf_input_read("/dev/zero", &input, &report), PF_BAD_INPUT,
                  "/dev/zero: an input has at most 1000000 bytes, this one has more");
  done();
  PF_ASSERT_FAILS(pf_input_read(big_file("&a i=1 /\n", 1000001), &input, &report), PF_BAD_INPUT,
                  "an input has at most 1000000 bytes, this one has more");
  done();
  PF_ASSERT_OK(pf_input_read(big_file("&a i=1 /\n", 100000), &input, &report));
  CU_ASSERT_EQUAL(input.groups, 11112);
  CU_ASSERT_EQUAL(report.errors, 0);
  done();
  static char huge[PF_INPUT_BYTES_MAX + 1];
  PF_ASSERT_FAILS(pf_input_parse("t.nml", huge, sizeof huge, &input, &report), PF_BAD_INPUT, "at most 1000000 bytes");
  done();
}

static void large_texts_are_quick(void) {
  const double begin = seconds();
  report = (pf_report){0};
  PF_ASSERT_FAILS(pf_input_read(big_file("0123456789 &a ,,=( '\n", 100000000), &input, &report), PF_BAD_INPUT,
                  "at most");
  done();
  /* the worst that fits: look-aheads, errors everywhere, repeats */
  static const char *const pieces[] = {"a()",          "a(((", "a   ",       "&a ",   "'",
                                       "999999999*1 ", "a=",   "a b(1)c d ", "k(1)%", "# ",
                                       "x\n",          "\x01", "a%",         ",",     "9"};
  for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
    static char text[PF_INPUT_BYTES_MAX];
    const size_t length = strlen(pieces[p]);
    size_t size = (size_t)snprintf(text, sizeof text, "&a k=");
    for (; size + length < sizeof text; size += length) memcpy(text + size, pieces[p], length);
    parse_bytes(text, size);
    for (int n = 0; n < input.keys && n < 10; n++) values_of(n, 4);
    done();
  }
  PF_ASSERT_AT_MOST(seconds() - begin, 10.0);
}

static void repeats_without_end(void) {
  const double begin = seconds();
  ASSERT_VALUES_SAY("&a k=999999999*1 /", 4, "1:1 2:1 3:1 4:1",
                    "t.nml:1:6: error: &a k: found a value for element 5, allowed: elements 1 to 4\n");
  ASSERT_VALUES_SAY("&a k=99999999999999999999* /", 4, "",
                    "t.nml:1:6: error: &a k: found a value for element 5, allowed: elements 1 to 4\n");
  PF_ASSERT_AT_MOST(seconds() - begin, 0.1);
}

static void reports_are_bounded(void) {
  report = (pf_report){0};
  for (int n = 0; n < PF_REPORT_MAX + 5; n++) pf_report_add(&report, PF_ERROR, "f", 1, n + 1, "a\tb\x80%c", '\n');
  pf_report_add(&report, PF_NOTE, "f", 1, 1, "note");
  CU_ASSERT_EQUAL(report.errors, PF_REPORT_MAX + 5);
  CU_ASSERT_EQUAL(report.count, PF_REPORT_MAX);
  CU_ASSERT_FALSE(pf_report_has_room(&report));
  CU_ASSERT_STRING_EQUAL(report.message[0].text, "a?b??");
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  pf_report_print(&report, out);
  fclose(out);
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "f:1:1000: error: a?b??\nand 6 more messages\n"));
  free(text);
  pf_report_free(&report);
}

static void messages_are_in_order(void) {
  report = (pf_report){0};
  pf_report_add(&report, PF_ERROR, "--set 1", 0, 0, "z");
  pf_report_add(&report, PF_WARNING, "f", 2, 1, "c");
  pf_report_add(&report, PF_NOTE, "f", 1, 9, "b");
  pf_report_add(&report, PF_ERROR, "f", 1, 2, "a");
  pf_report_add(&report, PF_ERROR, "f", 1, 2, "a2");
  assert_said(said(), "f:1:2: error: a\nf:1:2: error: a2\nf:1:9: note: b\nf:2:1: warning: c\n--set 1: error: z\n",
              __FILE__, __LINE__);
  pf_report_free(&report);
}

void t100_input(void);
void t100_input(void) {
  pf_test_suite("input", (pf_test[]){{"case, tabs, CRLF, byte-order mark, no last newline", forms_are_accepted},
                                     {"places count lines and characters", places_are_right},
                                     {"repeats and empty values", repeats_and_empty_values},
                                     {"subscripts and sections, their bounds", subscripts},
                                     {"comments, and '#' with a hint", comments},
                                     {"strings", strings},
                                     {"numbers", numbers},
                                     {"whole numbers", whole_numbers},
                                     {"logicals", logicals},
                                     {"a missing '/', old forms with a note", ends_and_old_forms},
                                     {"text outside groups is a warning", text_outside_groups},
                                     {"broken groups: all errors at once", broken_groups},
                                     {"bytes that are no text", bytes_that_are_no_text},
                                     {"long names", long_names},
                                     {"--set", sets},
                                     {"--set that is none", bad_sets},
                                     {"files: missing, a directory, too long", files},
                                     {"large texts are quick", large_texts_are_quick},
                                     {"repeats without end", repeats_without_end},
                                     {"the number of messages is bounded", reports_are_bounded},
                                     {"messages are in the order of the text", messages_are_in_order}});
}
