/* fuzz_checkpoint.c: any bytes as a checkpoint, for libFuzzer.
 *
 * Twice: as they are, where the checksums refuse nearly everything; and with all checksums and the size put right, so that
 * what lies behind them is reached.  Nothing is read beyond what is kept, and what is not whole is refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "checkpoint.h"
#include "version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEMAND(condition)                                                  \
  do {                                                                     \
    if (!(condition)) {                                                    \
      fprintf(stderr, "fuzz_checkpoint.c:%d: %s\n", __LINE__, #condition); \
      abort();                                                             \
    }                                                                      \
  } while (0)

/* What checkpoint.c needs of the rest of the program. */
void pf_config_print(const pf_config *cfg, FILE *out) { (void)cfg, (void)out; }
const char *pf_version(void) { return "0"; }
const char *pf_version_commit(void) { return "fuzz"; }

enum { HEADER = sizeof(pf_checkpoint_header), PART = 64 };

/* Sizes and checksums as they should be. */
static void repair(uint8_t *bytes, size_t size) {
  pf_checkpoint_header h;
  if (size < HEADER) return;
  memcpy(&h, bytes, HEADER);
  h.bytes = size;
  h.hash = XXH3_64bits(&h, HEADER - 8);
  memcpy(bytes, &h, HEADER);
  for (size_t at = HEADER; at + PART <= size;) {
    uint64_t length, hash;
    memcpy(&length, bytes + at + 40, 8);
    if (length <= size - at - PART)
      hash = XXH3_64bits(bytes + at + PART, (size_t)length), memcpy(bytes + at + 48, &hash, 8);
    hash = XXH3_64bits(bytes + at, PART - 8);
    memcpy(bytes + at + PART - 8, &hash, 8);
    if (length > size - at - PART) return;
    at += PART + (size_t)length + (8 - (size_t)length % 8) % 8;
  }
}

static char folder[64];

static void put(const uint8_t *bytes, size_t size) {
  char path[128];
  snprintf(path, sizeof path, "%s/checkpoint_1.pf", folder);
  FILE *f = fopen(path, "wb");
  DEMAND(f && fwrite(bytes, 1, size, f) == size && fclose(f) == 0);
}

static void look(void) {
  static char text[] = "grid%cells = 1, 1, 1\n";
  struct {
    uint64_t before;
    double time;
    int64_t step[2];
    uint64_t after;
  } kept = {77, 0, {0, 0}, 77};
  const pf_kept list[] = {{"state.time", &kept.time, sizeof kept.time, NULL, 0},
                          {"state.step", kept.step, sizeof kept.step, NULL, 0}};
  pf_checkpoints c = {.input = text, .header = {.cells = {1, 1, 1}}};
  pf_checkpoint_header header;
  char notes[512], *input = NULL;
  const pf_status seen = pf_checkpoint_verify(folder, "checkpoint_1.pf", &header, &input);
  DEMAND(seen == PF_OK || seen == PF_IO || seen == PF_NO_OUTPUT || seen == PF_NO_MEMORY);
  DEMAND((seen == PF_OK) == (input != NULL));
  free(input);
  const pf_status loaded = pf_checkpoints_load(&c, folder, list, 2, notes, sizeof notes);
  DEMAND(loaded != PF_OK || seen == PF_OK);
  DEMAND(kept.before == 77 && kept.after == 77);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!folder[0]) {
    snprintf(folder, sizeof folder, "/dev/shm/pfsolve-fuzz-XXXXXX");
    DEMAND(mkdtemp(folder));
  }
  uint8_t *copy = malloc(size + 1);
  DEMAND(copy);
  if (size > 0) memcpy(copy, data, size);
  put(copy, size);
  look();
  repair(copy, size);
  put(copy, size);
  look();
  free(copy);
  return 0;
}
