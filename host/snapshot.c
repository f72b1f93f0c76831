#include "snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <netcdf.h>
#include <netcdf_mem.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Why the files look as they do (ParaView 5.11, VTK 9.1):
 * - time is a coordinate with axis = "T"; x, y and z have none, the reader would wrap the data around a sphere;
 * - only coordinates and whole fields in the root, as float and double; all else is an attribute;
 * - 2-D and 1-D are (time, y, x), with y = 1 in 1-D; a direction of one cell has no coordinate: from one the reader
 *   computes a spacing of 0/0, and nothing can be drawn.
 * Without compression a file is classic NetCDF with 64-bit offsets, which every reader takes; a field that its 4 GiB
 * cannot hold makes it CDF-5. */

#define PF_CLASSIC_VARIABLE 4294967292ull /* bytes, largest variable of a 64-bit-offset file (NetCDF User's Guide) */
#define PF_CHUNK 262144                   /* values in a chunk of a compressed field: 1 MiB */

typedef struct pf_snapshot_shape {
  char name[PF_NAME_LENGTH]; /* of the file */
  int rank;                  /* 3: (time, y, x), 4: (time, z, y, x) */
  size_t count[4];           /* of a whole field, from time on */
  size_t plane;              /* values in one (y, x) plane */
} pf_snapshot_shape;

static pf_status pf_snapshot_name(const char *title, int index, const char *end, char name[PF_NAME_LENGTH]) {
  char plain[PF_NAME_LENGTH];
  pf_file_name_from_title(title, plain);
  const int n = snprintf(name, PF_NAME_LENGTH, "%s_%06d%s", plain, index, end);
  PF_CHECK(n > 0 && n < PF_NAME_LENGTH, PF_IO, "%s: the title is too long for a file name", plain);
  return PF_OK;
}

static pf_status pf_snapshot_measure(const pf_snapshot *s, pf_snapshot_shape *shape) {
  PF_CHECK(s->nx > 0 && s->ny > 0 && s->nz > 0 && s->field_count > 0 && s->index > 0, PF_IO,
           "a snapshot of %d x %d x %d cells with %d fields and index %d cannot be written", s->nx, s->ny, s->nz,
           s->field_count, s->index);
  PF_TRY(pf_snapshot_name(s->title, s->index, ".nc", shape->name));
  shape->rank = s->nz > 1 ? 4 : 3;
  shape->count[0] = 1;
  shape->count[1] = (size_t)(s->nz > 1 ? s->nz : s->ny);
  shape->count[2] = (size_t)(s->nz > 1 ? s->ny : s->nx);
  shape->count[3] = (size_t)s->nx;
  shape->plane = (size_t)s->nx * (size_t)s->ny;
  return PF_OK;
}

/* Within these two functions: the first failing call of libnetcdf ends them, *what names what it was about. */
#define PF_NC(call, about)           \
  do {                               \
    const int pf_nc_error_ = (call); \
    if (pf_nc_error_ != NC_NOERR) {  \
      *what = (about);               \
      return pf_nc_error_;           \
    }                                \
  } while (0)

static int pf_nc_text(int file, int variable, const char *name, const char *text) {
  return nc_put_att_text(file, variable, name, strlen(text), text);
}

/* Dimension and coordinate of one direction: cell centres, um; *variable -1 in a direction of one cell. */
static int pf_nc_axis(int file, const char *name, const char *long_name, int cells, int *dimension, int *variable,
                      const char **what) {
  PF_NC(nc_def_dim(file, name, (size_t)cells, dimension), name);
  *variable = -1;
  if (cells == 1) return NC_NOERR;
  PF_NC(nc_def_var(file, name, NC_DOUBLE, 1, dimension, variable), name);
  PF_NC(pf_nc_text(file, *variable, "units", "um"), name);
  PF_NC(pf_nc_text(file, *variable, "long_name", long_name), name);
  return NC_NOERR;
}

static int pf_nc_put_axis(int file, int variable, const char *name, int cells, double spacing, const char **what) {
  for (int i = 0; i < cells && variable >= 0; ++i) {
    const size_t at = (size_t)i;
    const double centre = (i + 0.5) * spacing;
    PF_NC(nc_put_var1_double(file, variable, &at, &centre), name);
  }
  return NC_NOERR;
}

static int pf_nc_fill(int file, const pf_snapshot *s, const pf_snapshot_shape *shape, int *fields, const char **what) {
  int t_dim, x_dim, y_dim, z_dim = -1, t, x, y, z = -1, old;
  *what = "the file";
  PF_NC(nc_set_fill(file, NC_NOFILL, &old), "the fill mode");
  PF_NC(nc_def_dim(file, "time", NC_UNLIMITED, &t_dim), "time");
  PF_NC(nc_def_var(file, "time", NC_DOUBLE, 1, &t_dim, &t), "time");
  if (s->compression > 0) PF_NC(nc_def_var_chunking(file, t, NC_CHUNKED, &shape->count[0]), "time");
  PF_NC(pf_nc_text(file, t, "units", "s"), "time");
  PF_NC(pf_nc_text(file, t, "axis", "T"), "time");
  PF_NC(pf_nc_text(file, t, "long_name", "time since the start of the run"), "time");
  if (shape->rank == 4) PF_NC(pf_nc_axis(file, "z", "along the electrodes", s->nz, &z_dim, &z, what), *what);
  PF_NC(pf_nc_axis(file, "y", "along the electrodes", s->ny, &y_dim, &y, what), *what);
  PF_NC(pf_nc_axis(file, "x", "from the working to the counter electrode", s->nx, &x_dim, &x, what), *what);
  const int dims3[] = {t_dim, y_dim, x_dim}, dims4[] = {t_dim, z_dim, y_dim, x_dim};
  for (int i = 0; i < s->field_count; ++i) {
    const pf_snapshot_field *const f = &s->fields[i];
    PF_NC(nc_def_var(file, f->name, NC_FLOAT, shape->rank, shape->rank == 4 ? dims4 : dims3, &fields[i]), f->name);
    PF_NC(pf_nc_text(file, fields[i], "units", f->units), f->name);
    PF_NC(pf_nc_text(file, fields[i], "long_name", f->long_name), f->name);
    if (f->materials) PF_NC(pf_nc_text(file, fields[i], "materials", f->materials), f->name);
    if (s->compression > 0) {
      size_t chunk[4], room = PF_CHUNK;
      for (int d = shape->rank - 1; d >= 0; --d) { /* whole rows, then whole planes, as far as a chunk holds them */
        chunk[d] = shape->count[d] < room ? shape->count[d] : room;
        room = room / chunk[d] > 0 ? room / chunk[d] : 1;
      }
      PF_NC(nc_def_var_chunking(file, fields[i], NC_CHUNKED, chunk), f->name);
      PF_NC(nc_def_var_deflate(file, fields[i], 1, 1, s->compression), f->name);
    }
  }
  PF_NC(pf_nc_text(file, NC_GLOBAL, "title", s->title), "title");
  PF_NC(nc_put_att_int(file, NC_GLOBAL, "snapshot", NC_INT, 1, &s->index), "snapshot");
  PF_NC(nc_put_att_double(file, NC_GLOBAL, "spacing_um", NC_DOUBLE, 1, &s->spacing_um), "spacing_um");
  for (int i = 0; i < s->attribute_count; ++i)
    PF_NC(pf_nc_text(file, NC_GLOBAL, s->attributes[i].name, s->attributes[i].text), s->attributes[i].name);
  PF_NC(nc_enddef(file), "the heading");
  const size_t zero = 0, start[4] = {0, 0, 0, 0};
  PF_NC(nc_put_var1_double(file, t, &zero, &s->time_s), "time");
  PF_NC(pf_nc_put_axis(file, z, "z", s->nz, s->spacing_um, what), *what);
  PF_NC(pf_nc_put_axis(file, y, "y", s->ny, s->spacing_um, what), *what);
  PF_NC(pf_nc_put_axis(file, x, "x", s->nx, s->spacing_um, what), *what);
  for (int i = 0; i < s->field_count; ++i)
    PF_NC(nc_put_vara_float(file, fields[i], start, shape->count, s->fields[i].values), s->fields[i].name);
  return NC_NOERR;
}

/* Reads the open file back and compares dimensions, time and every value, bit for bit.  `buffer` holds one plane. */
static int pf_nc_compare(int file, const pf_snapshot *s, const pf_snapshot_shape *shape, float *buffer, bool *same,
                         const char **what) {
  int id, rank, dims[NC_MAX_VAR_DIMS];
  double time;
  size_t zero = 0, length;
  *same = false;
  PF_NC(nc_inq_varid(file, "time", &id), "time");
  PF_NC(nc_get_var1_double(file, id, &zero, &time), "time");
  *what = "time";
  if (memcmp(&time, &s->time_s, sizeof time) != 0) return NC_NOERR;
  for (int i = 0; i < s->field_count; ++i) {
    const pf_snapshot_field *const f = &s->fields[i];
    PF_NC(nc_inq_varid(file, f->name, &id), f->name);
    PF_NC(nc_inq_varndims(file, id, &rank), f->name);
    *what = f->name;
    if (rank != shape->rank) return NC_NOERR;
    PF_NC(nc_inq_vardimid(file, id, dims), f->name);
    for (int d = 0; d < rank; ++d) {
      PF_NC(nc_inq_dimlen(file, dims[d], &length), f->name);
      if (length != shape->count[d]) return NC_NOERR;
    }
    for (int k = 0; k < s->nz; ++k) {
      const size_t start3[3] = {0, 0, 0}, start4[4] = {0, (size_t)k, 0, 0};
      const size_t count4[4] = {1, 1, (size_t)s->ny, (size_t)s->nx};
      PF_NC(rank == 4 ? nc_get_vara_float(file, id, start4, count4, buffer)
                      : nc_get_vara_float(file, id, start3, shape->count, buffer),
            f->name);
      if (memcmp(buffer, f->values + (size_t)k * shape->plane, shape->plane * sizeof *buffer) != 0) return NC_NOERR;
    }
  }
  *same = true;
  return NC_NOERR;
}

static pf_status pf_snapshot_failed(const pf_file *aside, const char *what, int error) {
  return PF_FAIL(PF_IO, "%s/%s: could not be written (%s): %s", aside->folder, aside->name, what, nc_strerror(error));
}

/* Classic: libnetcdf writes the temporary itself and tells errno.  (When it cannot write it also leaves the file open;
 * pf_file_abandon gives its space back all the same.) */
static pf_status pf_snapshot_put_classic(const pf_snapshot *s, const pf_snapshot_shape *shape, pf_file *aside,
                                         int *fields) {
  const size_t bytes = shape->plane * (size_t)s->nz * sizeof(float);
  const char *what = "the file";
  int file, error;
  PF_TRY(pf_file_prepare(aside, aside->folder, shape->name));
  error = nc_create(aside->temporary, NC_NOCLOBBER | (bytes <= PF_CLASSIC_VARIABLE ? NC_64BIT_OFFSET : NC_64BIT_DATA),
                    &file);
  if (error == NC_NOERR) {
    error = pf_nc_fill(file, s, shape, fields, &what);
    if (error != NC_NOERR) {
      nc_abort(file);
    } else {
      what = "the end of the file";
      error = nc_close(file);
    }
  }
  return error == NC_NOERR ? PF_OK : pf_snapshot_failed(aside, what, error);
}

/* Compressed: made in memory and written from there, because HDF5 can neither close a file on a full disk nor end the
 * program properly after that (1.10.8: "HDF5 objects open", then a crash in its handler at exit). */
static pf_status pf_snapshot_put_compressed(const pf_snapshot *s, const pf_snapshot_shape *shape, pf_file *aside,
                                            int *fields) {
  const char *what = "the file";
  NC_memio image = {0, NULL, 0};
  int file, error;
  PF_TRY(pf_file_open(aside, aside->folder, shape->name));
  error = nc_create_mem(aside->temporary, NC_NETCDF4, PF_CHUNK, &file); /* the name only; nothing is opened */
  if (error == NC_NOERR) {
    error = pf_nc_fill(file, s, shape, fields, &what);
    if (error != NC_NOERR) {
      nc_abort(file);
    } else {
      what = "the end of the file";
      error = nc_close_memio(file, &image);
    }
  }
  if (error != NC_NOERR) return pf_snapshot_failed(aside, what, error);
  const pf_status status = pf_file_put(aside, image.memory, image.size);
  free(image.memory);
  return status;
}

static pf_status pf_snapshot_verify(const pf_snapshot *s, const pf_snapshot_shape *shape, const pf_file *aside,
                                    float *buffer) {
  const char *what = "the file";
  bool same = false;
  int file, error = nc_open(aside->temporary, NC_NOWRITE, &file);
  if (error == NC_NOERR) {
    error = pf_nc_compare(file, s, shape, buffer, &same, &what);
    nc_close(file);
  }
  PF_CHECK(error == NC_NOERR, PF_IO, "%s/%s: cannot be read back (%s): %s", aside->folder, shape->name, what,
           nc_strerror(error));
  PF_CHECK(same, PF_IO, "%s/%s: %s reads back differently from what was written; is the disk sound?", aside->folder,
           shape->name, what);
  return PF_OK;
}

static void pf_set_environment(void) {
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1); /* so that the files of a running run can be read */
}

void pf_snapshot_prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  (void)pthread_once(&once, pf_set_environment);
}

pf_status pf_snapshot_write(const char *folder, const pf_snapshot *snapshot) {
  pf_snapshot_shape shape;
  pf_file aside = {.folder_fd = -1, .fd = -1};
  PF_TRY(pf_snapshot_measure(snapshot, &shape));
  PF_CHECK(strlen(folder) < PATH_MAX, PF_IO, "%s: the path is too long", folder);
  strcpy(aside.folder, folder);
  pf_snapshot_prepare();
  pf_netcdf_lock();
  int *const fields = malloc((size_t)snapshot->field_count * sizeof *fields);
  float *const buffer = malloc(shape.plane * sizeof *buffer);
  pf_status status = PF_OK;
  if (fields == NULL || buffer == NULL)
    status = PF_FAIL(PF_NO_MEMORY, "no memory to write %s", shape.name);
  else if (snapshot->compression > 0)
    status = pf_snapshot_put_compressed(snapshot, &shape, &aside, fields);
  else
    status = pf_snapshot_put_classic(snapshot, &shape, &aside, fields);
  if (status == PF_OK) status = pf_snapshot_verify(snapshot, &shape, &aside, buffer);
  pf_netcdf_unlock();
  free(fields);
  free(buffer);
  if (status != PF_OK) {
    pf_file_abandon(&aside);
    return status;
  }
  return pf_file_commit(&aside); /* gives up by itself */
}

const char *pf_snapshot_netcdf_version(void) {
  static _Thread_local char version[32];
  sscanf(nc_inq_libvers(), "%31s", version);
  return version;
}

/* ---- .vti and .pvd ---- */

static bool pf_little_endian(void) {
  const uint16_t one = 1;
  unsigned char first;
  memcpy(&first, &one, 1);
  return first == 1;
}

static void pf_put_xml(pf_text *t, const char *s) {
  for (; *s != 0; ++s) {
    if (*s == '<')
      pf_text_put(t, "&lt;");
    else if (*s == '>')
      pf_text_put(t, "&gt;");
    else if (*s == '&')
      pf_text_put(t, "&amp;");
    else if (*s == '"')
      pf_text_put(t, "&quot;");
    else
      pf_text_put(t, "%c", (unsigned char)*s < 0x20 ? ' ' : *s);
  }
}

/* Cells of a 2-D or 1-D grid are flat in z; numbers and texts of the file go into its field data. */
static void pf_vti_heading(pf_text *t, const pf_snapshot *s, size_t bytes) {
  char number[32];
  const char *const h = pf_number_text(s->spacing_um, number);
  const int top = s->nz > 1 ? s->nz : 0;
  pf_text_put(t,
              "<?xml version=\"1.0\"?>\n<VTKFile type=\"ImageData\" version=\"1.0\" byte_order=\"%s\" "
              "header_type=\"UInt64\">\n<ImageData WholeExtent=\"0 %d 0 %d 0 %d\" Origin=\"0 0 0\" "
              "Spacing=\"%s %s %s\">\n<FieldData>\n",
              pf_little_endian() ? "LittleEndian" : "BigEndian", s->nx, s->ny, top, h, h, h);
  for (int i = 0; i < s->attribute_count; ++i) { /* a VTK string is written as its bytes, with an ending 0 */
    pf_text_put(t, "<Array type=\"String\" Name=\"");
    pf_put_xml(t, s->attributes[i].name);
    pf_text_put(t, "\" NumberOfTuples=\"1\" format=\"ascii\">\n");
    for (const char *c = s->attributes[i].text; *c != 0; ++c)
      pf_text_put(t, "%d%c", (unsigned char)*c, *c == '\n' ? '\n' : ' ');
    pf_text_put(t, "0\n</Array>\n");
  }
  pf_text_put(t,
              "<DataArray type=\"Float64\" Name=\"TimeValue\" NumberOfTuples=\"1\" format=\"ascii\">%s</DataArray>\n"
              "</FieldData>\n<Piece Extent=\"0 %d 0 %d 0 %d\">\n<CellData>\n",
              pf_number_text(s->time_s, number), s->nx, s->ny, top);
  for (int i = 0; i < s->field_count; ++i) {
    pf_text_put(t, "<DataArray type=\"Float32\" Name=\"");
    pf_put_xml(t, s->fields[i].name);
    pf_text_put(t, "\" format=\"appended\" offset=\"%zu\"/>\n", (size_t)i * (bytes + sizeof(uint64_t)));
  }
  pf_text_put(t, "</CellData>\n</Piece>\n</ImageData>\n<AppendedData encoding=\"raw\">\n_");
}

/* The index in a line of a .pvd, 0 if it is none of its files. */
static int pf_pvd_index(const char *line, const char *end) {
  const char *const name = strstr(line, "file=\"");
  if (name == NULL || name > end) return 0;
  const char *const dot = strstr(name, ".vti\"");
  if (dot == NULL || dot > end || dot - name < 7) return 0;
  const char *at = dot;
  while (at[-1] >= '0' && at[-1] <= '9') --at;
  return (int)strtol(at, NULL, 10);
}

/* Writes folder/<title>.pvd anew: its lines up to index `last`, then `added` (NULL: none). */
static pf_status pf_pvd_rewrite(const char *folder, const char *title, int last, const char *added) {
  char plain[PF_NAME_LENGTH], *old;
  pf_file_name_from_title(title, plain);
  strcat(plain, ".pvd"); /* at most 100 bytes before it */
  PF_TRY(pf_file_read(folder, plain, &old, NULL));
  if (old == NULL && added == NULL) return PF_OK;
  pf_text t = {0};
  pf_text_put(
      &t, "<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"0.1\" byte_order=\"%s\">\n<Collection>\n",
      pf_little_endian() ? "LittleEndian" : "BigEndian");
  for (const char *line = old; line != NULL && *line != 0;) {
    const char *const end = strchr(line, '\n');
    if (end == NULL) break;
    const int index = pf_pvd_index(line, end);
    if (index > 0 && index <= last) pf_text_put(&t, "%.*s", (int)(end - line + 1), line);
    line = end + 1;
  }
  free(old);
  pf_text_put(&t, "%s</Collection>\n</VTKFile>\n", added != NULL ? added : "");
  pf_status status = pf_text_status(&t);
  if (status == PF_OK) status = pf_file_replace(folder, plain, t.bytes, t.length);
  pf_text_free(&t);
  return status;
}

pf_status pf_snapshot_write_vtk(const char *folder, const pf_snapshot *snapshot) {
  pf_snapshot_shape shape;
  pf_file file;
  char name[PF_NAME_LENGTH], number[32], added[PF_NAME_LENGTH + 128];
  PF_TRY(pf_snapshot_measure(snapshot, &shape));
  PF_TRY(pf_snapshot_name(snapshot->title, snapshot->index, ".vti", name));
  const size_t bytes = shape.plane * (size_t)snapshot->nz * sizeof(float);
  const uint64_t header = bytes;
  pf_text t = {0};
  pf_vti_heading(&t, snapshot, bytes);
  pf_status status = pf_text_status(&t);
  if (status == PF_OK) status = pf_file_open(&file, folder, name);
  if (status == PF_OK) {
    status = pf_file_put(&file, t.bytes, t.length);
    for (int i = 0; i < snapshot->field_count && status == PF_OK; ++i) {
      status = pf_file_put(&file, &header, sizeof header);
      if (status == PF_OK) status = pf_file_put(&file, snapshot->fields[i].values, bytes);
    }
    static const char end[] = "\n</AppendedData>\n</VTKFile>\n";
    if (status == PF_OK) status = pf_file_put(&file, end, sizeof end - 1);
    if (status == PF_OK) status = pf_file_commit(&file);
  }
  pf_text_free(&t);
  PF_TRY(status);
  snprintf(added, sizeof added, "<DataSet timestep=\"%s\" group=\"\" part=\"0\" file=\"%s\"/>\n",
           pf_number_text(snapshot->time_s, number), name);
  return pf_pvd_rewrite(folder, snapshot->title, snapshot->index - 1, added);
}

pf_status pf_snapshot_remove_after(const char *folder, const char *title, int last) {
  char plain[PF_NAME_LENGTH], path[PATH_MAX];
  PF_TRY(pf_pvd_rewrite(folder, title, last, NULL));
  pf_file_name_from_title(title, plain);
  const size_t length = strlen(plain);
  DIR *const stream = opendir(folder);
  PF_CHECK(stream != NULL, PF_IO, "%s: cannot open the folder: %s", folder, strerror(errno));
  pf_status status = PF_OK;
  for (const struct dirent *e = readdir(stream); e != NULL && status == PF_OK; e = readdir(stream)) {
    char *end;
    if (strncmp(e->d_name, plain, length) != 0 || e->d_name[length] != '_') continue;
    const char *const digits = e->d_name + length + 1;
    if (strspn(digits, "0123456789") < 6) continue;
    const long index = strtol(digits, &end, 10);
    if ((strcmp(end, ".nc") != 0 && strcmp(end, ".vti") != 0) || index <= last) continue;
    const int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (n < 0 || n >= PATH_MAX || (unlink(path) != 0 && errno != ENOENT))
      status = PF_FAIL(PF_IO, "%s/%s: cannot be removed: %s", folder, e->d_name, strerror(errno));
  }
  closedir(stream);
  return status;
}
