/* command.c: see command.h. */
#include "command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

enum {
  OPTION_CHECK = 256,
  OPTION_SET,
  OPTION_MEMBERS,
  OPTION_BACKEND,
  OPTION_RESTART,
  OPTION_RESUME,
  OPTION_OVERWRITE,
  OPTION_QUIET,
  OPTION_JSON,
  OPTION_HELP,
  OPTION_VERSION,
  OPTION_HELP_INPUT,
  OPTION_EXAMPLE
};

static const struct option options[] = {{"check", no_argument, NULL, OPTION_CHECK},
                                        {"set", required_argument, NULL, OPTION_SET},
                                        {"members", required_argument, NULL, OPTION_MEMBERS},
                                        {"backend", required_argument, NULL, OPTION_BACKEND},
                                        {"restart", required_argument, NULL, OPTION_RESTART},
                                        {"resume", no_argument, NULL, OPTION_RESUME},
                                        {"overwrite", no_argument, NULL, OPTION_OVERWRITE},
                                        {"quiet", no_argument, NULL, OPTION_QUIET},
                                        {"json", no_argument, NULL, OPTION_JSON},
                                        {"help", no_argument, NULL, OPTION_HELP},
                                        {"version", no_argument, NULL, OPTION_VERSION},
                                        {"help-input", optional_argument, NULL, OPTION_HELP_INPUT},
                                        {"example", required_argument, NULL, OPTION_EXAMPLE},
                                        {NULL, 0, NULL, 0}};

#define SEE_HELP "; see pfsolve --help"

static pf_status take_option(int option, int argc, char **argv, pf_command *command) {
  switch (option) {
    case OPTION_CHECK: command->action = PF_ACTION_CHECK; break;
    case OPTION_SET: command->sets[command->n_sets++] = optarg; break;
    case OPTION_BACKEND: {
      static const char *const names[] = {"auto", "cpu", "check", "cuda"};
      PF_CHECK(!command->backend, PF_USAGE, "--backend is given twice");
      for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
        if (strcmp(optarg, names[n]) == 0) command->backend = names[n];
      PF_CHECK(command->backend, PF_USAGE, "--backend: found '%s', allowed: auto, cpu, check, cuda", optarg);
      break;
    }
    case OPTION_MEMBERS:
      PF_CHECK(!command->members, PF_USAGE, "--members is given twice");
      command->members = optarg;
      break;
    case OPTION_RESTART:
      PF_CHECK(!command->restart, PF_USAGE, "--restart is given twice");
      command->restart = optarg;
      break;
    case OPTION_RESUME: command->resume = true; break;
    case OPTION_OVERWRITE: command->overwrite = true; break;
    case OPTION_QUIET: command->quiet = true; break;
    case OPTION_JSON: command->json = true; break;
    case OPTION_HELP: command->action = PF_ACTION_HELP; break;
    case OPTION_VERSION: command->action = PF_ACTION_VERSION; break;
    case OPTION_HELP_INPUT:
      command->action = PF_ACTION_HELP_INPUT;
      command->group = optarg;
      if (!optarg && optind < argc && argv[optind][0] != '-') command->group = argv[optind++];
      break;
    case OPTION_EXAMPLE:
      command->action = PF_ACTION_EXAMPLE;
      command->example = optarg;
      break;
    default: {
      const char *word = argv[optind - 1];
      if (optopt > 0 && optopt < OPTION_CHECK) return PF_FAIL(PF_USAGE, "-%c is no option" SEE_HELP, optopt);
      return option == ':' ? PF_FAIL(PF_USAGE, "%s needs a value" SEE_HELP, word)
                           : PF_FAIL(PF_USAGE, "%s is no option, or takes no value" SEE_HELP, word);
    }
  }
  return PF_OK;
}

pf_status pf_command_parse(int argc, char **argv, pf_command *command) {
  *command = (pf_command){0};
  command->sets = calloc((size_t)argc + 1, sizeof *command->sets);
  PF_CHECK(command->sets, PF_NO_MEMORY, "no memory for the command line");
  optind = 0; /* getopt begins anew */
  opterr = 0;
  int option;
  while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
    PF_TRY(take_option(option, argc, argv, command));
    if (command->action > PF_ACTION_CHECK) return PF_OK; /* the rest does not matter */
  }
  PF_CHECK(optind < argc, PF_USAGE, "no input file is given" SEE_HELP);
  PF_CHECK(optind == argc - 1, PF_USAGE, "found '%s' after the input file '%s', one input is allowed" SEE_HELP,
           argv[optind + 1], argv[optind]);
  PF_CHECK(!(command->restart && command->resume), PF_USAGE, "--restart and --resume contradict each other" SEE_HELP);
  PF_CHECK(!(command->overwrite && command->resume), PF_USAGE,
           "--overwrite and --resume contradict each other" SEE_HELP);
  PF_CHECK(!(command->quiet && command->json), PF_USAGE, "--quiet and --json contradict each other" SEE_HELP);
  command->input = argv[optind];
  if (command->backend) {
    snprintf(command->backend_set, sizeof command->backend_set, "run%%backend=%s", command->backend);
    command->sets[command->n_sets++] = command->backend_set;
  }
  return PF_OK;
}

void pf_command_free(pf_command *command) {
  free(command->sets);
  command->sets = NULL;
  command->n_sets = 0;
}

void pf_command_help(FILE *out) {
  fputs(
      "usage: pfsolve [options] INPUT.nml\n"
      "Plates lithium in a cell and writes what happens; INPUT.nml is a Fortran namelist.\n"
      "\n"
      "  --check               print the resolved input, derived numbers and warnings, compute nothing\n"
      "  --set GROUP%KEY=VALUE set a key on top of the input; --set 'layer(2)%KEY=VALUE' for repeated groups\n"
      "  --backend NAME        what computes: auto, cpu, check, cuda\n"
      "  --overwrite           replace the run that the output directory holds\n"
      "  --quiet               print errors only\n"
      "  --json                print what is said as one JSON object a line\n"
      "  --members TABLE.csv   a run for each line of a table whose first line names keys (GROUP%KEY), all together;\n"
      "                        into OUTPUT_DIR/member_0001/ ...; --restart DIR: from DIR/member_0001/ ...\n"
      "  --restart DIR         go on from the newest good checkpoint of the run in DIR, there or in another "
      "output_dir\n"
      "  --resume              begin, or go on from the newest good checkpoint, or do nothing if the run is finished\n"
      "\n"
      "  --help                print this\n"
      "  --version             print version, commit and compiler\n"
      "  --help-input [GROUP]  print all keys of the input, or those of a group, with unit, range and default\n"
      "  --example NAME        print a shipped input:",
      out);
  for (const pf_example *example = pf_examples; example->name; example++) fprintf(out, " %s", example->name);
  fputs(
      "\n\n"
      "Exit status: 0 done, 64 usage, 65 bad input, 66 no such input, 69 no device, 70 the run failed, 71 memory,\n"
      "73 the output directory cannot be made or is taken, 74 input/output, 75 stopped: run again to go on\n",
      out);
}

pf_status pf_command_help_input(const char *group, FILE *out) {
  if (group && strcmp(group, "markdown") == 0) {
    pf_config_help_markdown(out);
    return PF_OK;
  }
  if (pf_config_help(group, out)) return PF_OK;
  char names[512];
  size_t size = 0;
  for (int g = 0; g < PF_GROUPS && size < sizeof names; g++)
    size += (size_t)snprintf(names + size, sizeof names - size, "%s%s", g ? ", " : "", pf_config_groups[g].name);
  return PF_FAIL(PF_USAGE, "--help-input: found '%s', which is no group; allowed: %s", group, names);
}

pf_status pf_command_example(const char *name, FILE *out) {
  const size_t length = strlen(name), end = length > 4 && strcmp(name + length - 4, ".nml") == 0 ? length - 4 : length;
  char names[1024] = "";
  size_t size = 0;
  for (const pf_example *example = pf_examples; example->name; example++) {
    if (strlen(example->name) == end && strncmp(example->name, name, end) == 0) {
      fputs(example->text, out);
      return PF_OK;
    }
    if (size < sizeof names)
      size += (size_t)snprintf(names + size, sizeof names - size, "%s%s", size ? ", " : "", example->name);
  }
  return PF_FAIL(PF_USAGE, "--example: found '%s', there are: %s", name, names);
}
