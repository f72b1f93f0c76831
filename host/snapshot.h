/* snapshot.h: the fields at one time, as NetCDF for ParaView and xarray, and as .vti with a .pvd.
 *
 * The struct holds everything that the writing needs, so that another thread can do it; libnetcdf is not
 * thread-safe, one thread at a time. */
#ifndef PF_SNAPSHOT_H
#define PF_SNAPSHOT_H

#include "files.h"

typedef struct pf_snapshot_field {
  const char *name;      /* as in the model, e.g. "xi" */
  const char *units;     /* "1" for a pure number */
  const char *long_name; /* what it is, a few words */
  const float *values;   /* [nz][ny][nx], host, owned by the caller */
  const char *materials; /* of a map of materials: what 0, 1, 2 ... stand for, with ", " between (NULL: no map) */
} pf_snapshot_field;

typedef struct pf_snapshot_attribute { /* of the file: input text, version, commit, backend ... */
  const char *name, *text;
} pf_snapshot_attribute;

typedef struct pf_snapshot {
  const char *title; /* of the run; names the file (pf_file_name_from_title) */
  int index;         /* from 1 */
  double time_s;
  int nx, ny, nz;    /* cells; nz = 1 is written as (time, y, x), so is ny = nz = 1 */
  double spacing_um; /* edge of a cell */
  const pf_snapshot_field *fields;
  int field_count;
  const pf_snapshot_attribute *attributes;
  int attribute_count;
  int compression; /* 0: none (classic format, fast), 1 to 9: deflate with shuffle (NetCDF-4) */
} pf_snapshot;

/* Sets what the NetCDF library reads from the environment, once: before a thread that writes is started. */
void pf_snapshot_prepare(void);
/* Writes folder/<title>_000001.nc aside, reads it back and compares every value, renames it.  `folder` is
 * pf_output_directory's snapshots.  PF_IO: could not be written or reads back differently; nothing is left then. */
pf_status pf_snapshot_write(const char *folder, const pf_snapshot *snapshot);
/* Writes folder/<title>_000001.vti (cell data, raw appended) and adds it to folder/<title>.pvd.  Entries of the .pvd
 * with this index or a later one are dropped, so that a restart can go over them again. */
pf_status pf_snapshot_write_vtk(const char *folder, const pf_snapshot *snapshot);
/* Removes the snapshots of this title (.nc and .vti, and their lines of the .pvd) with an index above `last`. */
pf_status pf_snapshot_remove_after(const char *folder, const char *title, int last);
/* "4.9.0": that of libnetcdf. */
const char *pf_snapshot_netcdf_version(void);

#endif
