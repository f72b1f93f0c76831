#include "mapfile.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <netcdf.h>
#include <netcdf_mem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  FILE_MOST = 1 << 30,   /* bytes of a file */
  NAMES_MOST = 4096,     /* bytes of the attribute `materials` */
  VARIABLES_MOST = 1024, /* looked at */
  SLAB = 1 << 17,        /* values read at once */
  PATIENCE = 300         /* s */
};

#define NC(call)                                                                                              \
  do {                                                                                                        \
    const int nc_error_ = (call);                                                                             \
    PF_CHECK(nc_error_ <= 0, PF_BAD_INPUT, "it cannot be read as NetCDF: it ends too early");                 \
    PF_CHECK(nc_error_ == NC_NOERR, PF_BAD_INPUT, "it cannot be read as NetCDF: %s", nc_strerror(nc_error_)); \
  } while (0)

static bool is_whole(nc_type type) {
  return type == NC_BYTE || type == NC_UBYTE || type == NC_SHORT || type == NC_USHORT || type == NC_INT ||
         type == NC_UINT || type == NC_INT64 || type == NC_UINT64;
}

/* The variable `material`, else the first whole-numbered one of this rank. */
static pf_status find_variable(int file, int rank, int *variable) {
  int variables, have;
  nc_type type;
  char name[NC_MAX_NAME + 1];
  if (nc_inq_varid(file, "material", variable) == NC_NOERR) {
    NC(nc_inq_var(file, *variable, NULL, &type, &have, NULL, NULL));
    PF_CHECK(is_whole(type), PF_BAD_INPUT, "its variable `material` does not hold whole numbers");
    PF_CHECK(have == rank, PF_BAD_INPUT, "its variable `material` has %d dimension%s, this grid needs %d (%s)", have,
             have == 1 ? "" : "s", rank, rank == 3 ? "z, y, x" : "y, x");
    return PF_OK;
  }
  NC(nc_inq_nvars(file, &variables));
  for (int v = 0; v < variables && v < VARIABLES_MOST; v++) {
    NC(nc_inq_var(file, v, name, &type, &have, NULL, NULL));
    if (!is_whole(type) || have != rank) continue;
    *variable = v;
    return PF_OK;
  }
  return PF_FAIL(PF_BAD_INPUT, "it holds no variable of whole numbers over %s", rank == 3 ? "(z, y, x)" : "(y, x)");
}

/* Splits the names at blanks and commas. */
static pf_status split(const char *text, pf_mapfile *map) {
  static const char between[] = " ,;\t\r\n";
  for (const char *at = text + strspn(text, between); *at; at += strspn(at, between)) {
    const size_t length = strcspn(at, between);
    PF_CHECK(map->names < PF_MAP_NAMES, PF_BAD_INPUT, "its attribute `materials` names more than %d", PF_MAP_NAMES);
    PF_CHECK(length < PF_MAP_NAME, PF_BAD_INPUT, "its attribute `materials` holds a name of %zu bytes, at most %d",
             length, PF_MAP_NAME - 1);
    memcpy(map->name[map->names++], at, length);
    at += length;
  }
  PF_CHECK(map->names > 0, PF_BAD_INPUT, "its attribute `materials` is empty");
  return PF_OK;
}

static pf_status read_names(int file, int variable, pf_mapfile *map) {
  nc_type type;
  size_t length;
  int at = variable;
  if (nc_inq_att(file, at, "materials", &type, &length) != NC_NOERR) at = NC_GLOBAL;
  PF_CHECK(nc_inq_att(file, at, "materials", &type, &length) == NC_NOERR, PF_BAD_INPUT,
           "it has no attribute `materials` that names what 0, 1, 2 ... stand for");
  PF_CHECK(type == NC_CHAR || type == NC_STRING, PF_BAD_INPUT, "its attribute `materials` is no text");
  PF_CHECK(length <= NAMES_MOST, PF_BAD_INPUT, "its attribute `materials` is too long");
  char text[NAMES_MOST + 1] = "";
  if (type == NC_CHAR) {
    NC(nc_get_att_text(file, at, "materials", text));
    return split(text, map);
  }
  char *part[PF_MAP_NAMES] = {NULL};
  PF_CHECK(length <= PF_MAP_NAMES, PF_BAD_INPUT, "its attribute `materials` names more than %d", PF_MAP_NAMES);
  NC(nc_get_att_string(file, at, "materials", part));
  size_t used = 0;
  for (size_t n = 0; n < length && used < NAMES_MOST; n++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%s ", part[n] ? part[n] : "");
  nc_free_string(length, part);
  return split(text, map);
}

static pf_status read_shape(int file, int variable, int rank, pf_mapfile *map) {
  int dimension[3], unlimited[8], endless, extent[3];
  double cells = 1;
  NC(nc_inq_vardimid(file, variable, dimension));
  NC(nc_inq_unlimdims(file, &endless, NULL));
  PF_CHECK(endless <= 8, PF_BAD_INPUT, "it has %d unlimited dimensions, a map has a fixed size", endless);
  NC(nc_inq_unlimdims(file, &endless, unlimited));
  for (int d = 0; d < rank; d++) {
    char name[NC_MAX_NAME + 1];
    size_t length;
    NC(nc_inq_dim(file, dimension[d], name, &length));
    for (int n = 0; n < endless; n++)
      PF_CHECK(dimension[d] != unlimited[n], PF_BAD_INPUT, "its dimension '%.40s' is unlimited, a map has a fixed size",
               name);
    PF_CHECK(length > 0, PF_BAD_INPUT, "its dimension '%.40s' is 0", name);
    cells *= (double)length;
    PF_CHECK(cells <= PF_MAP_CELLS, PF_BAD_INPUT, "its map has more than %d cells", PF_MAP_CELLS);
    extent[d] = (int)length;
  }
  map->nx = extent[rank - 1], map->ny = extent[rank - 2], map->nz = rank > 2 ? extent[0] : 1;
  return PF_OK;
}

/* Rows of the map, as many at once as a slab holds. */
static pf_status read_values(int file, int variable, int rank, long long *slab, pf_mapfile *map) {
  const size_t nx = (size_t)map->nx, ny = (size_t)map->ny;
  const size_t columns = nx < SLAB ? nx : SLAB, rows = SLAB / columns < ny ? SLAB / columns : ny;
  for (size_t z = 0; z < (size_t)map->nz; z++)
    for (size_t y = 0; y < ny; y += rows)
      for (size_t x = 0; x < nx; x += columns) {
        const size_t start[3] = {z, y, x}, high = y + rows < ny ? rows : ny - y,
                     wide = x + columns < nx ? columns : nx - x;
        const size_t count[3] = {1, high, wide};
        NC(nc_get_vara_longlong(file, variable, start + 3 - rank, count + 3 - rank, slab));
        for (size_t n = 0; n < high * wide; n++) {
          const size_t j = y + n / wide, i = x + n % wide;
          PF_CHECK(slab[n] >= 0 && slab[n] < map->names, PF_BAD_INPUT,
                   "its map holds %lld at (x, y, z) = (%zu, %zu, %zu), its attribute `materials` names 0 to %d",
                   slab[n], i, j, z, map->names - 1);
          map->value[(z * ny + j) * nx + i] = (uint8_t)slab[n];
        }
      }
  return PF_OK;
}

/* The map of an open file; `value` is allocated here. */
static pf_status read_map(int file, int dimensions, pf_mapfile *map) {
  const int rank = dimensions > 2 ? 3 : 2;
  int variable;
  PF_TRY(find_variable(file, rank, &variable));
  PF_TRY(read_names(file, variable, map));
  PF_TRY(read_shape(file, variable, rank, map));
  map->value = malloc((size_t)map->nx * (size_t)map->ny * (size_t)map->nz);
  long long *slab = malloc(SLAB * sizeof *slab);
  pf_status status = PF_OK;
  if (!map->value || !slab)
    status = PF_FAIL(PF_NO_MEMORY, "no memory for a map of %d x %d x %d cells", map->nx, map->ny, map->nz);
  else
    status = read_values(file, variable, rank, slab, map);
  free(slab);
  return status;
}

/* The whole file into memory: from there the library reads no byte that the file does not have (on disk it takes those for
 * zeros). */
static pf_status load(const char *path, void **bytes, size_t *size) {
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  PF_CHECK(fd >= 0, PF_BAD_INPUT, "it cannot be opened: %s", strerror(errno));
  struct stat about;
  pf_status status = PF_OK;
  if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
    status = PF_FAIL(PF_BAD_INPUT, "it is no regular file");
  else if (about.st_size == 0 || about.st_size > FILE_MOST)
    status = PF_FAIL(PF_BAD_INPUT, "it has %lld bytes, a map has 1 to %d", (long long)about.st_size, FILE_MOST);
  else if (!(*bytes = malloc((size_t)about.st_size)))
    status = PF_FAIL(PF_NO_MEMORY, "no memory for its %lld bytes", (long long)about.st_size);
  *size = 0;
  while (status == PF_OK && *size < (size_t)about.st_size) {
    const ssize_t got = read(fd, (char *)*bytes + *size, (size_t)about.st_size - *size);
    if (got > 0)
      *size += (size_t)got;
    else if (got == 0 || errno != EINTR)
      status = PF_FAIL(PF_BAD_INPUT, "it cannot be read: %s", got == 0 ? "it became shorter" : strerror(errno));
  }
  close(fd);
  return status;
}

static pf_status open_map(void *bytes, size_t size, int dimensions, pf_mapfile *map) {
  int file;
  NC(nc_open_mem("map", NC_NOWRITE, size, bytes, &file));
  const pf_status status = read_map(file, dimensions, map);
  nc_close(file);
  return status;
}

/* ---- the other process ---- */

static bool put(int fd, const void *bytes, size_t size) {
  for (const char *at = bytes; size > 0;) {
    const ssize_t done = write(fd, at, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    size -= (size_t)done;
  }
  return true;
}

static bool get(int fd, void *bytes, size_t size) {
  for (char *at = bytes; size > 0;) {
    const ssize_t done = read(fd, at, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    size -= (size_t)done;
  }
  return true;
}

/* What comes through the pipe before the values. */
typedef struct answer {
  pf_status status;
  char message[512];
  pf_mapfile map;
} answer;

static void answer_with(int fd, void *bytes, size_t size, int dimensions) {
  answer a = {.status = PF_OK};
  const int null = open("/dev/null", O_WRONLY); /* what the libraries have to say about it */
  if (null >= 0) dup2(null, STDERR_FILENO);
  alarm(PATIENCE);
  a.status = open_map(bytes, size, dimensions, &a.map);
  if (a.status != PF_OK) snprintf(a.message, sizeof a.message, "%s", pf_status_message());
  const size_t cells = (size_t)a.map.nx * (size_t)a.map.ny * (size_t)a.map.nz;
  const bool said = put(fd, &a, sizeof a) && (a.status != PF_OK || put(fd, a.map.value, cells));
  _exit(said ? 0 : 1);
}

static pf_status receive(int fd, pf_mapfile *map) {
  answer a;
  PF_CHECK(get(fd, &a, sizeof a), PF_BAD_INPUT, "it is damaged: the NetCDF library fails on it");
  PF_CHECK(a.status == PF_OK, a.status, "%s", a.message);
  *map = a.map;
  const size_t cells = (size_t)map->nx * (size_t)map->ny * (size_t)map->nz;
  map->value = malloc(cells);
  PF_CHECK(map->value, PF_NO_MEMORY, "no memory for its %zu cells", cells);
  PF_CHECK(get(fd, map->value, cells), PF_BAD_INPUT, "it is damaged: the NetCDF library fails on it");
  return PF_OK;
}

static pf_status read_apart(void *bytes, size_t size, int dimensions, pf_mapfile *map) {
  int pipe_of[2];
  PF_CHECK(pipe(pipe_of) == 0, PF_NO_MEMORY, "no pipe to read it through: %s", strerror(errno));
  fflush(NULL);
  pf_netcdf_lock(); /* the child finds the library as it is between two calls */
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_of[0]);
    answer_with(pipe_of[1], bytes, size, dimensions);
  }
  pf_netcdf_unlock();
  close(pipe_of[1]);
  const pf_status status =
      child < 0 ? PF_FAIL(PF_NO_MEMORY, "no process to read it with: %s", strerror(errno)) : receive(pipe_of[0], map);
  close(pipe_of[0]);
  while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  return status;
}

pf_status pf_mapfile_read(const char *path, int dimensions, pf_mapfile *map) {
  void *bytes = NULL;
  size_t size = 0;
  *map = (pf_mapfile){0};
  pf_status status = load(path, &bytes, &size);
  if (status == PF_OK) status = read_apart(bytes, size, dimensions, map);
  free(bytes);
  if (status != PF_OK) pf_mapfile_free(map);
  return status;
}

void pf_mapfile_free(pf_mapfile *map) {
  free(map->value);
  map->value = NULL;
}
