/* mapfile.h: a map of materials from a NetCDF file (classic, CDF-5 or NetCDF-4), whoever made it.
 *
 * The map is the variable `material`, or the first whole-numbered one of the right rank: (y, x) or (z, y, x), any number of
 * cells.  Its attribute `materials` (of the variable, else of the file) names what 0, 1, 2 ... stand for. */
#ifndef PF_MAPFILE_H
#define PF_MAPFILE_H

#include <stdint.h>

#include "../kernels/pf_status.h"

enum { PF_MAP_NAMES = 16, PF_MAP_NAME = 64, PF_MAP_CELLS = 1 << 28 };

typedef struct pf_mapfile {
  int nx, ny, nz; /* nz = 1 in a plane */
  int names;
  char name[PF_MAP_NAMES][PF_MAP_NAME];
  uint8_t *value; /* [nz][ny][nx], below `names`; owner: the map */
} pf_mapfile;

/* Reads a map for a grid of 1, 2 or 3 dimensions (1 takes a plane).  The file is read as a whole and by another process, so
 * that no damaged file ends this one.  PF_BAD_INPUT: what is wrong with it; PF_NO_MEMORY. */
pf_status pf_mapfile_read(const char *path, int dimensions, pf_mapfile *map);
void pf_mapfile_free(pf_mapfile *map);

#endif
