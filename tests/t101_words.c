/* t101_words.c: names in capitals, and counts of repeats, as they leave the parser. */
#include "input.h"
#include "test.h"

#include <string.h>

void t101_words(void);

static void capitals_and_repeats(void) {
  static const char text[] = "&AZ\n AMZ_09 = 12*7, 305*'x' 1*\n/\n";
  pf_input input;
  pf_report report = {0};
  PF_ASSERT_OK_FATAL(pf_input_parse("words.nml", text, sizeof text - 1, &input, &report));
  CU_ASSERT_EQUAL(report.errors, 0);
  CU_ASSERT_EQUAL_FATAL(input.groups, 1);
  CU_ASSERT_EQUAL_FATAL(input.keys, 1);
  CU_ASSERT_EQUAL_FATAL(input.values, 3);
  CU_ASSERT_STRING_EQUAL(input.group[0].name, "az");
  CU_ASSERT_STRING_EQUAL(input.key[0].name, "amz_09");
  CU_ASSERT_EQUAL(input.value[0].repeat, 12);
  CU_ASSERT_STRING_EQUAL(input.value[0].text, "7");
  CU_ASSERT_EQUAL(input.value[1].repeat, 305);
  CU_ASSERT_STRING_EQUAL(input.value[1].text, "x");
  CU_ASSERT_EQUAL(input.value[2].repeat, 1);
  CU_ASSERT_EQUAL(input.value[2].kind, PF_INPUT_EMPTY);
  pf_input_free(&input);
  pf_report_free(&report);
}

void t101_words(void) { pf_test_suite("words", (pf_test[]){{"capitals and repeats", capitals_and_repeats}}); }
