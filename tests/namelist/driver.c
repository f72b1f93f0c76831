/* driver.c: the same as reader.f90 with host/input.c: one line for each file named on standard input. */
#include <inttypes.h>
#include <string.h>

#include "input.h"

enum { LENGTH = 16 };

typedef struct values {
  int i, k[4];
  double x, y[5];
  bool l, m[3];
  char s[LENGTH + 1], w[3][LENGTH + 1];
} values;

static const struct {
  const char *name;
  char type; /* integer, number, logical, string */
  int elements;
  size_t offset, size;
} keys[] = {{"i", 'i', 1, offsetof(values, i), sizeof(int)},    {"k", 'i', 4, offsetof(values, k), sizeof(int)},
            {"x", 'x', 1, offsetof(values, x), sizeof(double)}, {"y", 'x', 5, offsetof(values, y), sizeof(double)},
            {"l", 'l', 1, offsetof(values, l), sizeof(bool)},   {"m", 'l', 3, offsetof(values, m), sizeof(bool)},
            {"s", 's', 1, offsetof(values, s), LENGTH + 1},     {"w", 's', 3, offsetof(values, w), LENGTH + 1}};

typedef struct target {
  values *v;
  int key;
  bool bad;
} target;

static void put(void *context, int element, const pf_input_value *value) {
  target *to = context;
  void *out = (char *)to->v + keys[to->key].offset + (size_t)element * keys[to->key].size;
  const char *why = NULL;
  switch (keys[to->key].type) {
    case 'i': why = pf_input_integer(value, out); break;
    case 'x': why = pf_input_number(value, out); break;
    case 'l': why = pf_input_logical(value, out); break;
    default:
      if (value->kind != PF_INPUT_STRING || strlen(value->text) > LENGTH) {
        why = "no string";
      } else {
        size_t length = strlen(value->text);
        while (length > 0 && value->text[length - 1] == ' ') length--; /* Fortran pads with blanks */
        memcpy(out, value->text, length);
        ((char *)out)[length] = '\0';
      }
  }
  if (why) to->bad = true;
}

/* The first group `a` into v; false: there is an error. */
static bool fill(const pf_input *input, values *v, pf_report *report) {
  for (int g = 0; g < input->groups; g++) {
    const pf_input_group *group = &input->group[g];
    if (strcmp(group->name, "a") != 0) continue;
    for (int n = group->key; n < group->key + group->keys; n++) {
      target to = {v, 0, false};
      while (to.key < 8 && strcmp(keys[to.key].name, input->key[n].name) != 0) to.key++;
      if (to.key == 8 || !pf_input_each(input, "a", &input->key[n], keys[to.key].elements, put, &to, report) || to.bad)
        return false;
    }
    return report->errors == 0;
  }
  return false;
}

static uint64_t bits(double number) {
  uint64_t out;
  memcpy(&out, &number, sizeof out);
  return out;
}

int main(void) {
  char path[1024];
  while (fgets(path, sizeof path, stdin)) {
    values v = {-1,    {-1, -2, -3, -4}, -1.5,     {-1, -2, -3, -4, -5},
                false, {false},          "before", {"before", "before", "before"}};
    pf_input input;
    pf_report report = {0};
    path[strcspn(path, "\n")] = '\0';
    const bool good = pf_input_read(path, &input, &report) == PF_OK && fill(&input, &v, &report);
    pf_input_free(&input);
    pf_report_free(&report);
    if (!good) {
      printf("%s error\n", path);
      continue;
    }
    printf("%s ok i=%d k=%d,%d,%d,%d x=%016" PRIX64 " y=", path, v.i, v.k[0], v.k[1], v.k[2], v.k[3], bits(v.x));
    for (int n = 0; n < 5; n++) printf("%s%016" PRIX64, n ? "," : "", bits(v.y[n]));
    printf(" l=%c m=%c,%c,%c", v.l ? 'T' : 'F', v.m[0] ? 'T' : 'F', v.m[1] ? 'T' : 'F', v.m[2] ? 'T' : 'F');
    printf(" s=[%s] w=[%s],[%s],[%s]\n", v.s, v.w[0], v.w[1], v.w[2]);
  }
  return 0;
}
