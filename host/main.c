/* main.c: the command line leads to a run (run.c), a check of the input, or a page of help. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "members.h"
#include "run.h"
#include "scenario.h"
#include "version.h"

static pf_status fail(pf_status status) {
  fprintf(stderr, "pfsolve: %s\n", pf_status_message());
  return status;
}

static pf_status passed(pf_status status) { return status == PF_OK ? status : fail(status); }

/* Says what the reading of the input came to. */
static pf_status tell(const pf_command *command, pf_status status, const pf_report *report) {
  if (!command->quiet || report->errors > 0) pf_report_print(report, stderr);
  if (status == PF_BAD_INPUT)
    fprintf(stderr, "pfsolve: %d error%s in %s; nothing was written\n", report->errors, report->errors == 1 ? "" : "s",
            command->members ? command->members : command->input);
  else if (status != PF_OK)
    return fail(status);
  return status;
}

static pf_run_options options_of(const pf_command *command) {
  return (pf_run_options){.overwrite = command->overwrite, .resume = command->resume, .restart = command->restart};
}

static pf_status execute(const pf_command *command) {
  const pf_run_options options = options_of(command);
  pf_config cfg;
  pf_report report = {0};
  pf_status status = pf_config_read(command->input, command->sets, command->n_sets, &cfg, &report);
  status = tell(command, status, &report);
  if (status == PF_OK && command->action == PF_ACTION_CHECK)
    status = passed(pf_scenario_check(&cfg, stdout));
  else if (status == PF_OK)
    status = pf_run_logged(&cfg, &options, command->quiet, command->json, NULL);
  pf_config_free(&cfg);
  pf_report_free(&report);
  return status;
}

static pf_status execute_members(const pf_command *command) {
  const pf_run_options options = options_of(command);
  pf_members members;
  pf_report report = {0};
  pf_status status =
      pf_members_read(command->input, command->members, command->sets, command->n_sets, &members, &report);
  status = tell(command, status, &report);
  if (status == PF_OK && command->action == PF_ACTION_CHECK)
    status = passed(pf_members_print(&members, stdout));
  else if (status == PF_OK)
    status = pf_members_run(&members, &options, command->quiet, command->json);
  pf_members_free(&members);
  pf_report_free(&report);
  return status;
}

/* libgomp's threads spin for milliseconds at a barrier.  On a machine that others use too this costs five to twenty times
 * the run (measured); a shorter spin costs nothing on a quiet one.  It is read before main, so the program starts anew. */
static void spin_less(char **argv) {
  if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
  if (setenv("GOMP_SPINCOUNT", "10000", 1) == 0) (void)execv("/proc/self/exe", argv); /* goes on as it is if it fails */
}

int main(int argc, char **argv) {
  spin_less(argv);
  pf_command command;
  pf_status status = pf_command_parse(argc, argv, &command);
  if (status != PF_OK) {
    (void)fail(status);
  } else {
    switch (command.action) {
      case PF_ACTION_RUN:
      case PF_ACTION_CHECK: status = command.members ? execute_members(&command) : execute(&command); break;
      case PF_ACTION_HELP: pf_command_help(stdout); break;
      case PF_ACTION_VERSION:
        printf("pfsolve %s (%s), %s%s%s\n", pf_version(), pf_version_commit(), pf_version_compiler(),
               pf_version_nvcc()[0] ? ", " : "", pf_version_nvcc());
        break;
      case PF_ACTION_HELP_INPUT: status = passed(pf_command_help_input(command.group, stdout)); break;
      case PF_ACTION_EXAMPLE: status = passed(pf_command_example(command.example, stdout)); break;
    }
  }
  pf_command_free(&command);
  return (int)status;
}
