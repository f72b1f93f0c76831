/* make_run.c: writes a synthetic run for the tests of the readers.
 *
 *   make_run DIRECTORY TITLE NX NY NZ SNAPSHOTS COMPRESSION VTK */
#include "synthetic_run.h"

#include <stdio.h>

int main(int argc, char **argv) {
  if (argc != 9) {
    fprintf(stderr, "usage: make_run DIRECTORY TITLE NX NY NZ SNAPSHOTS COMPRESSION VTK\n");
    return PF_USAGE;
  }
  const synthetic_run run = {.title = argv[2],
                             .nx = atoi(argv[3]),
                             .ny = atoi(argv[4]),
                             .nz = atoi(argv[5]),
                             .snapshots = atoi(argv[6]),
                             .compression = atoi(argv[7]),
                             .vtk = atoi(argv[8]) != 0};
  const pf_status status = synthetic_run_write(&run, argv[1]);
  if (status != PF_OK) fprintf(stderr, "make_run: %s\n", pf_status_message());
  return (int)status;
}
