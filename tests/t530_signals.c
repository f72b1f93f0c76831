/* t530_signals: what a running program does when it is asked to stop, to save, or when its time is over. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint.h"
#include "signals.h"
#include "test.h"

static char base[4096]; /* a fresh directory, with cell.nml in it */

/* Some 1500 steps in one dimension. */
static const char input[] =
    "&grid cells=200 spacing_um=2 /\n&lithium thickness_um=40 counter_thickness_um=40 /\n"
    "&layer ionic_conductivity_S_cm=4.48e-4 transference_number=0.21 exchange_current_mA_cm2=0.01\n"
    "  salt_concentration_mol_L=1 diffusivity_cm2_s=1.13e-7 /\n"
    "&protocol mode='cycling' current_mA_cm2=0.5 half_cycle_h=0.5 cycles=2 /\n&solver time_step_max_s=5 /\n"
    "&output history_interval_s=20 /\n";

static void put_input(void) {
  char path[5000];
  snprintf(base, sizeof base, "%s", pf_test_directory());
  snprintf(path, sizeof path, "%s/cell.nml", base);
  FILE *f = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs(input, f);
  fclose(f);
}

/* Starts the program; what it says goes to base/said. */
static pid_t start_limited(const char *name, const char *option, const char *limit) {
  char output[5000], said[5000], cell[5000];
  snprintf(output, sizeof output, "run%%output_dir=%s/%s", base, name);
  snprintf(said, sizeof said, "%s/said", base);
  snprintf(cell, sizeof cell, "%s/cell.nml", base);
  const char *argv[] = {pf_test_program(),
                        "--quiet",
                        "--set",
                        "run%backend=cpu",
                        "--set",
                        "run%threads=1",
                        "--set",
                        output,
                        "--set",
                        limit,
                        cell,
                        option,
                        NULL};
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd >= 0) (void)dup2(fd, STDERR_FILENO);
    /* the tests may themselves run where these are ignored, as behind an & in a script */
    (void)signal(SIGINT, SIG_DFL), (void)signal(SIGTERM, SIG_DFL), (void)signal(SIGUSR1, SIG_DFL);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
  }
  return child;
}

static pid_t start(const char *name, const char *option) { return start_limited(name, option, "run%max_steps=0"); }

/* Its end: the exit status, or 1000 + the signal. */
static int end_of(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static char *read_file(const char *name, size_t *size) {
  char *text = NULL;
  (void)pf_file_read(base, name, &text, size);
  return text;
}

static bool has(const char *name, const char *what) {
  char *text = read_file(name, NULL);
  const bool found = text && strstr(text, what);
  if (!found) printf("[%s: %.300s] ", name, text ? text : "not there");
  free(text);
  return found;
}

static bool same_bytes(const char *a, const char *b) {
  size_t na = 0, nb = 0;
  char *x = read_file(a, &na), *y = read_file(b, &nb);
  const bool same = x && y && na == nb && memcmp(x, y, na) == 0;
  free(x), free(y);
  return same;
}

/* Until the run has written so many bytes of history; false: it ended before. */
static bool wait_for(pid_t child, const char *name, size_t bytes) {
  char path[128];
  snprintf(path, sizeof path, "%s/history.csv", name);
  for (int n = 0; n < 60000; n++) {
    size_t size = 0;
    free(read_file(path, &size));
    if (size > bytes) return true;
    int status;
    if (waitpid(child, &status, WNOHANG | WNOWAIT) != 0 && kill(child, 0) != 0) return false;
    nanosleep(&(struct timespec){0, 1000000}, NULL);
  }
  return false;
}

static bool good_slots(const char *name, int least) {
  char folder[5000], slot[64];
  pf_checkpoint_header header;
  int good = 0, bad = 0;
  snprintf(folder, sizeof folder, "%s/%s/checkpoint", base, name);
  for (int n = 1; n <= PF_CHECKPOINT_SLOTS; n++) {
    snprintf(slot, sizeof slot, "checkpoint_%d.pf", n);
    const pf_status status = pf_checkpoint_verify(folder, slot, &header, NULL);
    good += status == PF_OK;
    bad += status != PF_OK && status != PF_NO_INPUT;
  }
  return bad == 0 && good >= least;
}

/* SIGTERM, SIGINT: the step is finished, a checkpoint, 75; and it goes on as if nothing had been. */
static void stop_and_go_on(void) {
  put_input();
  CU_ASSERT_EQUAL(end_of(start("whole", NULL)), 0);
  const struct {
    int number;
    const char *name, *said;
  } row[] = {{SIGTERM, "term", "stopped by SIGTERM at step"}, {SIGINT, "int", "stopped by SIGINT at step"}};
  for (int n = 0; n < 2; n++) {
    char path[64];
    const pid_t child = start(row[n].name, NULL);
    CU_ASSERT(wait_for(child, row[n].name, 4000));
    CU_ASSERT_EQUAL(kill(child, row[n].number), 0);
    CU_ASSERT_EQUAL(end_of(child), 75);
    CU_ASSERT(has("said", row[n].said));
    snprintf(path, sizeof path, "%s/summary.json", row[n].name);
    CU_ASSERT(has(path, "\"status\": \"stopped\""));
    CU_ASSERT(good_slots(row[n].name, 2));
    CU_ASSERT_EQUAL(end_of(start(row[n].name, "--resume")), 0);
    snprintf(path, sizeof path, "%s/history.csv", row[n].name);
    CU_ASSERT(same_bytes("whole/history.csv", path));
  }
  /* SIGUSR1: a checkpoint and a line, and nothing changes */
  const pid_t child = start("usr1", NULL);
  CU_ASSERT(wait_for(child, "usr1", 4000));
  CU_ASSERT_EQUAL(kill(child, SIGUSR1), 0);
  CU_ASSERT_EQUAL(end_of(child), 0);
  CU_ASSERT(has("usr1/run.log.jsonl", "\"text\": \"checkpoint at step"));
  CU_ASSERT(has("usr1/checkpoint/checkpoint_last.json", "\"number\": 2"));
  CU_ASSERT(same_bytes("whole/history.csv", "usr1/history.csv"));
}

/* A second signal ends the program at once (both are delivered before it takes another step), and the slots are good. */
static void second_signal(void) {
  put_input();
  const pid_t child = start("a", NULL);
  CU_ASSERT(wait_for(child, "a", 2000));
  CU_ASSERT_EQUAL(kill(child, SIGSTOP), 0);
  CU_ASSERT_EQUAL(kill(child, SIGTERM), 0);
  CU_ASSERT_EQUAL(kill(child, SIGINT), 0);
  CU_ASSERT_EQUAL(kill(child, SIGCONT), 0);
  const int end = end_of(child);
  CU_ASSERT(end == 1000 + SIGTERM || end == 1000 + SIGINT);
  CU_ASSERT(good_slots("a", 1));
  CU_ASSERT_EQUAL(end_of(start("a", "--resume")), 0);
  CU_ASSERT(has("a/run.log.jsonl", "is gone")); /* the lock of the dead process */
}

/* The wall-time limit stops it with a checkpoint, and it can be gone on with. */
static void wall_time(void) {
  put_input();
  CU_ASSERT_EQUAL(end_of(start("whole", NULL)), 0);
  int stops = 0, end = 75;
  while (end == 75 && stops < 9) {
    end = end_of(
        start_limited("a", stops ? "--resume" : NULL, stops < 3 ? "run%max_walltime_min=0.002" : "run%max_steps=0"));
    if (end == 75 && stops++ == 0) CU_ASSERT(has("said", "stopped before max_walltime_min"));
  }
  CU_ASSERT_EQUAL(end, 0);
  CU_ASSERT(same_bytes("whole/history.csv", "a/history.csv"));
}

/* The flags, in this process. */
static void flags(void) {
  int seen = 0, other = 0;
  struct sigaction mine = {.sa_handler = SIG_IGN}, old, now;
  sigaction(SIGUSR1, NULL, &old);
  pf_signals_catch();
  CU_ASSERT_PTR_NULL(pf_signals_stop());
  CU_ASSERT_FALSE(pf_signals_save(&seen));
  raise(SIGUSR1);
  CU_ASSERT_TRUE(pf_signals_save(&seen));
  CU_ASSERT_FALSE(pf_signals_save(&seen));
  pf_signals_catch(); /* of one of several runs at the same time */
  CU_ASSERT_TRUE(pf_signals_save(&other));
  pf_signals_release();
  raise(SIGTERM);
  const char *name = pf_signals_stop();
  CU_ASSERT(name && strcmp(name, "SIGTERM") == 0);
  pf_signals_release();
  sigaction(SIGUSR1, NULL, &now);
  CU_ASSERT_EQUAL(now.sa_handler, old.sa_handler);
  sigaction(SIGINT, &mine, &old); /* as nohup has it */
  pf_signals_catch();
  CU_ASSERT_PTR_NULL(pf_signals_stop()); /* that of before is forgotten */
  raise(SIGINT);
  CU_ASSERT_PTR_NULL(pf_signals_stop());
  pf_signals_release();
  sigaction(SIGINT, &old, NULL);
}

void t530_signals(void);
void t530_signals(void) {
  pf_test_suite("signals", (pf_test[]){{"flags", flags},
                                       {"SIGTERM, SIGINT, SIGUSR1", stop_and_go_on},
                                       {"a second signal", second_signal},
                                       {"wall time", wall_time}});
}
