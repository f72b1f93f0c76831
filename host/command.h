/* command.h: the command line.
 *
 * Owner of pf_command.sets: the command, until pf_command_free; all its texts are those of argv, but the one that
 * --backend adds to sets. */
#ifndef PF_COMMAND_H
#define PF_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "../kernels/pf_status.h"

typedef enum pf_action {
  PF_ACTION_RUN,
  PF_ACTION_CHECK,      /* --check: pf_config_print and the derived numbers */
  PF_ACTION_HELP,       /* --help: pf_command_help */
  PF_ACTION_VERSION,    /* --version */
  PF_ACTION_HELP_INPUT, /* --help-input: pf_command_help_input */
  PF_ACTION_EXAMPLE     /* --example: pf_command_example */
} pf_action;

typedef struct pf_command {
  pf_action action;
  const char *input; /* path of the input file; NULL where the action needs none */
  const char **sets; /* [n_sets], for pf_config_read; --backend B comes last, as run%backend=B */
  int n_sets;
  const char *backend; /* of --backend, NULL: not given */
  const char *group;   /* of --help-input; NULL: all, "markdown": the reference page */
  const char *example; /* of --example */
  const char *restart; /* directory of --restart; NULL: not given */
  const char *members; /* table of --members; NULL: not given */
  bool overwrite, resume, quiet, json;
  char backend_set[32]; /* where that text is */
} pf_command;

/* The inputs that are in the program: {name, text}, the last one {0, 0}.  Made by the Makefile from inputs/. */
typedef struct pf_example {
  const char *name, *text;
} pf_example;
extern const pf_example pf_examples[];

/* Reads the command line.  PF_USAGE: it is wrong, and the message says how.  pf_command_free in any case. */
pf_status pf_command_parse(int argc, char **argv, pf_command *command);
void pf_command_free(pf_command *command);

void pf_command_help(FILE *out);
/* --help-input: the keys of a group, of all (NULL), or the reference page ("markdown"). */
pf_status pf_command_help_input(const char *group, FILE *out);
/* --example: the text of a shipped input; PF_USAGE: there is none of this name, and the message lists them. */
pf_status pf_command_example(const char *name, FILE *out);

#endif
