/* microstructure.h: which electrolyte each cell of a layer holds: read from a map, or generated.
 *
 * Grains are Voronoi cells of random seeds, as many as grains of the mean diameter fill the layer (a disc's in a plane,
 * a sphere's in space).  A boundary is what lies within half its width of two grains' common plane, and at least
 * one row of cells that hang together by faces.  Pores are where a smooth random field (a sum of waves with
 * normally distributed wave vectors) is above the level that gives exactly the asked number of cells; by Rice's
 * formula the width of the spectrum makes their mean chord the pore size.  Everything is periodic in y and z, depends on
 * random_seed and on places in um alone (a finer grid draws the same structure), and is made on the host. */
#ifndef PF_MICROSTRUCTURE_H
#define PF_MICROSTRUCTURE_H

#include <stdint.h>
#include <stdio.h>

#include "config.h"

/* What was made of the layer. */
typedef struct pf_microstructure_report {
  int parts;
  double fraction[PF_ELECTROLYTES_MAX];  /* of the layer's cells */
  double connected[PF_ELECTROLYTES_MAX]; /* of the part's cells: in bodies that reach through the layer, side to side */
  double open;     /* of the layer's cells that lithium can enter: reached from the working side */
  long grains;     /* 0: none were generated */
  double grain_um; /* mean diameter: of the disc or sphere that has their mean size */
} pf_microstructure_report;

/* Fills the cells of its layer in `material`: [nz][ny][nx], host, index as of pf_config_electrolyte, already that of the
 * layers.  Where lithium takes the place of the layer (first or last), what lies at its edge goes on.  Without a
 * microstructure nothing is done.  PF_BAD_INPUT (a map), PF_NO_MEMORY. */
pf_status pf_microstructure_fill(const pf_config *cfg, uint8_t *material);
/* Measures it.  PF_NO_MEMORY. */
pf_status pf_microstructure_measure(const pf_config *cfg, const uint8_t *material, pf_microstructure_report *report);
/* The report in a few lines, each after `before`. */
void pf_microstructure_print(const pf_config *cfg, const pf_microstructure_report *report, const char *before,
                             FILE *out);
/* The grain (from 0) of each cell of the layer, [nz][ny][to - from]: whose seed is next. */
pf_status pf_microstructure_grains(const pf_config *cfg, int32_t *grain);
/* Index of a part among the electrolytes (pf_config_electrolyte). */
int pf_microstructure_electrolyte(const pf_config *cfg, int part);
/* Columns of cells that a layer takes: from <= i < to. */
void pf_microstructure_columns(const pf_config *cfg, int layer, int *from, int *to);

#endif
