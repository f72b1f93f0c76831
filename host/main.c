/* main.c: the command line leads to a run (run.c), a check of the input, or a page of help. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "config.h"
#include "log.h"
#include "run.h"
#include "scenario.h"
#include "version.h"

static pf_status fail(pf_status status) {
  fprintf(stderr, "pfsolve: %s\n", pf_status_message());
  return status;
}

/* Reads and checks the input; what is to be said goes to stderr. */
static pf_status read_input(const pf_command *command, pf_config *cfg, pf_report *report) {
  const pf_status status = pf_config_read(command->input, command->sets, command->n_sets, cfg, report);
  if (!command->quiet || report->errors > 0) pf_report_print(report, stderr);
  if (status == PF_BAD_INPUT)
    fprintf(stderr, "pfsolve: %d error%s in %s; nothing was written\n", report->errors, report->errors == 1 ? "" : "s",
            command->input);
  else if (status != PF_OK)
    return fail(status);
  return status;
}

static pf_status check(const pf_config *cfg) {
  pf_scenario scenario;
  pf_scenario_make(cfg, &scenario);
  pf_config_print(cfg, stdout);
  const pf_status status = pf_scenario_describe(cfg, &scenario, stdout);
  return status == PF_OK ? PF_OK : fail(status);
}

static pf_status run(const pf_command *command, const pf_config *cfg) {
  pf_log *log = NULL;
  pf_status status = pf_log_create(command->quiet, command->json, &log);
  if (status != PF_OK) return fail(status);
  const pf_run_options options = {command->overwrite, command->resume, command->restart};
  status = pf_run(cfg, &options, log);
  if (status == PF_STOPPED)
    pf_log_say(log, PF_LOG_WARNING, "stopped", "%s", pf_status_message());
  else if (status != PF_OK)
    pf_log_say(log, PF_LOG_ERROR, "failed", "%s", pf_status_message());
  const pf_status closed = pf_log_destroy(log);
  return status == PF_OK && closed != PF_OK ? fail(closed) : status;
}

static pf_status execute(const pf_command *command) {
  pf_config cfg;
  pf_report report = {0};
  pf_status status = read_input(command, &cfg, &report);
  if (status == PF_OK) status = command->action == PF_ACTION_CHECK ? check(&cfg) : run(command, &cfg);
  pf_config_free(&cfg);
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
      case PF_ACTION_CHECK: status = execute(&command); break;
      case PF_ACTION_HELP: pf_command_help(stdout); break;
      case PF_ACTION_VERSION:
        printf("pfsolve %s (%s), %s%s%s\n", pf_version(), pf_version_commit(), pf_version_compiler(),
               pf_version_nvcc()[0] ? ", " : "", pf_version_nvcc());
        break;
      case PF_ACTION_HELP_INPUT:
        if ((status = pf_command_help_input(command.group, stdout)) != PF_OK) (void)fail(status);
        break;
      case PF_ACTION_EXAMPLE:
        if ((status = pf_command_example(command.example, stdout)) != PF_OK) (void)fail(status);
        break;
    }
  }
  pf_command_free(&command);
  return (int)status;
}
