/* members.c: see members.h. */
#include "members.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "joined.h"
#include "output.h"
#include "scenario.h"
#include "signals.h"
#include "version.h"

/* Of the memory that is there, what members may take together. */
static const double share_of_memory = 0.9;

/* ---- reading ---- */

/* What the reports of the members have in common is said once. */
typedef struct gathered {
  pf_report *all;
  int first[PF_REPORT_MAX], members[PF_REPORT_MAX]; /* who has it: the first one, and how many */
} gathered;

static bool same_message(const pf_message *a, const pf_message *b) {
  return a->line == b->line && a->column == b->column && a->severity == b->severity && strcmp(a->text, b->text) == 0 &&
         strcmp(a->file, b->file) == 0;
}

static void gather(gathered *g, const pf_report *report, int member) {
  for (int n = 0; n < report->count; n++) {
    const pf_message *m = &report->message[n];
    int i = 0;
    while (i < g->all->count && !same_message(m, &g->all->message[i])) i++;
    if (i == g->all->count) {
      pf_report_add(g->all, m->severity, m->file, m->line, m->column, "%s", m->text);
      if (i == g->all->count) continue; /* no room */
      g->first[i] = member;
      g->members[i] = 0;
    }
    g->members[i]++;
  }
}

/* Of a message that stands at a place of the input but is not that of all: whose it is. */
static void name_members(gathered *g, const char *table, int count) {
  for (int n = 0; n < g->all->count; n++) {
    pf_message *m = &g->all->message[n];
    char *text = NULL;
    if (g->members[n] == count || g->members[n] == 0 || strcmp(m->file, table) == 0) continue;
    const int more = g->members[n] - 1;
    const int length = more ? asprintf(&text, "%s (member %d and %d more)", m->text, g->first[n] + 1, more)
                            : asprintf(&text, "%s (member %d)", m->text, g->first[n] + 1);
    if (length < 0) continue;
    free(m->text);
    m->text = text;
  }
}

static pf_status parse(const pf_members *m, int n, pf_config *cfg, pf_report *report) {
  return pf_config_parse_member(m->input.file, m->input.text, m->input.size, m->sets, m->n_sets, &m->table, n, cfg,
                                report);
}

/* Says something at the place of a key of a member. */
static void say(const pf_members *m, pf_report *report, const pf_config *cfg, const char *group, const char *key,
                const char *text) {
  pf_input like = m->input;
  like.table = m->table.file;
  pf_input_say(&like, report, PF_ERROR, pf_config_place(cfg, group, 0, key), "&%s %s: %s", group, key, text);
}

/* Does the table say where a member goes? */
static bool is_placed(const pf_config *cfg) {
  return pf_config_given(cfg, "run", 0, "output_dir") && pf_config_place(cfg, "run", 0, "output_dir").line < 0;
}

static void place(pf_members *m, int n, const pf_config *cfg, pf_report *report) {
  pf_member *member = &m->member[n];
  snprintf(member->name, sizeof member->name, "member_%04d", n + 1);
  const char *folder = cfg->run.output_dir, *slash = is_placed(cfg) ? "" : "/";
  const int length =
      snprintf(member->folder, sizeof member->folder, "%s%s%s", folder, slash, *slash ? member->name : "");
  if (length < 0 || (size_t)length >= sizeof member->folder)
    say(m, report, cfg, "run", "output_dir", "the path is too long for the folders of members in it");
}

/* What has to be the same for all, and what must not be. */
static void compare(const pf_members *m, int n, const pf_config *first, const pf_config *cfg, pf_report *report) {
  const int *a = first->grid.cells, *b = cfg->grid.cells;
  char text[256 + PF_PATH_MAX];
  if (a[0] != b[0] || a[1] != b[1] || a[2] != b[2]) {
    snprintf(text, sizeof text, "found %d x %d x %d cells, the first member has %d x %d x %d: members share one grid",
             b[0], b[1], b[2], a[0], a[1], a[2]);
    say(m, report, cfg, "grid", "cells", text);
  }
  if (strcmp(first->run.backend, cfg->run.backend) != 0) {
    snprintf(text, sizeof text, "found '%s', the first member has '%s': members share one backend", cfg->run.backend,
             first->run.backend);
    say(m, report, cfg, "run", "backend", text);
  }
  if (first->run.threads != cfg->run.threads) {
    snprintf(text, sizeof text, "found %d, the first member has %d: members share the threads", cfg->run.threads,
             first->run.threads);
    say(m, report, cfg, "run", "threads", text);
  }
  for (int before = 0; before < n && is_placed(cfg); before++) {
    if (strcmp(m->member[before].folder, m->member[n].folder) != 0) continue;
    snprintf(text, sizeof text, "found '%s', which is that of member %d: each needs its own", m->member[n].folder,
             before + 1);
    say(m, report, cfg, "run", "output_dir", text);
    break;
  }
}

/* The settings without the column run%output_dir say where all of them are. */
static pf_status find_folder(pf_members *m, pf_config *cfg, pf_report *report) {
  const pf_status status =
      pf_config_parse(m->input.file, m->input.text, m->input.size, m->sets, m->n_sets, cfg, report);
  snprintf(m->folder, sizeof m->folder, "%s", cfg->run.output_dir);
  pf_config_free(cfg);
  return status == PF_BAD_INPUT ? PF_OK : status; /* errors are those of the members */
}

static pf_status read_members(pf_members *m, pf_config cfg[2], gathered *g) {
  pf_report own = {0};
  pf_status status = find_folder(m, &cfg[0], &own);
  pf_report_free(&own);
  PF_TRY(status);
  for (int n = 0; n < m->table.rows; n++) {
    pf_config *c = &cfg[n > 0];
    status = parse(m, n, c, &own);
    if (status == PF_OK || status == PF_BAD_INPUT) {
      place(m, n, c, &own);
      compare(m, n, &cfg[0], c, &own);
      gather(g, &own, n);
    }
    if (status == PF_OK) {
      pf_scenario scenario;
      pf_scenario_make(c, &scenario);
      m->bytes = fmax(m->bytes, pf_state_bytes(&scenario.grid, &scenario.params));
    }
    pf_report_free(&own);
    if (n > 0) pf_config_free(c);
    if (status != PF_OK && status != PF_BAD_INPUT) break;
  }
  snprintf(m->title, sizeof m->title, "%s", cfg[0].run.title);
  snprintf(m->backend, sizeof m->backend, "%s", cfg[0].run.backend);
  m->threads = cfg[0].run.threads;
  pf_config_free(&cfg[0]);
  return status == PF_BAD_INPUT ? PF_OK : status;
}

pf_status pf_members_read(const char *input, const char *table, const char *const *sets, int n_sets, pf_members *m,
                          pf_report *report) {
  *m = (pf_members){.sets = sets, .n_sets = n_sets};
  pf_report unused = {0}; /* the members say it again */
  pf_status status = pf_input_read(input, &m->input, &unused);
  pf_report_free(&unused);
  if (status == PF_BAD_INPUT) pf_report_add(report, PF_ERROR, input, 1, 1, "%s", pf_status_message());
  PF_TRY(status);
  PF_TRY(pf_table_read(table, &m->table, report));
  m->member = calloc((size_t)m->table.rows, sizeof *m->member);
  pf_config *cfg = calloc(2, sizeof *cfg);
  gathered *g = calloc(1, sizeof *g);
  status = m->member && cfg && g ? PF_OK : PF_FAIL(PF_NO_MEMORY, "no memory for %d members", m->table.rows);
  if (status == PF_OK) {
    g->all = report;
    status = read_members(m, cfg, g);
    name_members(g, m->table.file, m->table.rows);
  }
  free(cfg);
  free(g);
  pf_report_sort(report);
  PF_TRY(status);
  PF_CHECK(report->errors == 0, PF_BAD_INPUT, "%s: %d errors", table, report->errors);
  return PF_OK;
}

void pf_members_free(pf_members *m) {
  pf_input_free(&m->input);
  pf_table_free(&m->table);
  free(m->member);
  m->member = NULL;
}

/* ---- --check ---- */

/* "key=value, key=value" of a row. */
static void print_row(const pf_table *table, int row, FILE *out) {
  int count = 0;
  for (int c = 0; c < table->columns; c++) {
    const char *text = pf_table_at(table, row, c)->text;
    if (text[0]) fprintf(out, "%s%s=%s", count++ ? ", " : "", table->name[c].text, text);
  }
  fprintf(out, "%s", count ? "" : "as the input");
}

pf_status pf_members_print(const pf_members *m, FILE *out) {
  pf_config *cfg = calloc(1, sizeof *cfg);
  PF_CHECK(cfg, PF_NO_MEMORY, "no memory for a member");
  pf_status status = PF_OK;
  for (int n = 0; n < m->table.rows && status == PF_OK; n++) {
    pf_report report = {0};
    status = parse(m, n, cfg, &report);
    pf_report_free(&report);
    if (status == PF_OK) {
      snprintf(cfg->run.output_dir, sizeof cfg->run.output_dir, "%s", m->member[n].folder);
      fprintf(out, "%s! %s: ", n ? "\n" : "", m->member[n].name);
      print_row(&m->table, n, out);
      fprintf(out, "\n");
      status = pf_scenario_check(cfg, out);
    }
    pf_config_free(cfg);
  }
  free(cfg);
  if (status == PF_OK) fprintf(out, "\n! %d members, at most %.3g MiB each\n", m->table.rows, m->bytes / 0x1p20);
  return status;
}

/* ---- running ---- */

typedef struct crew {
  pf_members *m;
  pf_run_options options;
  bool json;
  pf_log *log; /* of all, to the terminal */
  int threads; /* of each member */
  double begun;
  pthread_mutex_t mutex; /* of what follows */
  int next, ended;
} crew;

/* What the member's summary says, else what its status means. */
static void find_word(pf_member *member) {
  static const char before[] = "\"status\": \"";
  char *text = NULL;
  const bool judged = member->status == PF_OK || member->status == PF_FAILED || member->status == PF_STOPPED;
  snprintf(member->word, sizeof member->word, "%s",
           member->status == PF_OK        ? "completed"
           : member->status == PF_STOPPED ? "stopped"
                                          : "failed");
  if (judged) (void)pf_file_read(member->folder, "summary.json", &text, NULL);
  const char *at = text ? strstr(text, before) : NULL;
  if (at)
    snprintf(member->word, sizeof member->word, "%.*s", (int)strcspn(at + sizeof before - 1, "\""),
             at + sizeof before - 1);
  free(text);
}

static void end_member(crew *c, int n, pf_status status) {
  pf_member *member = &c->m->member[n];
  member->status = status;
  snprintf(member->message, sizeof member->message, "%s", status == PF_OK ? "" : pf_status_message());
  find_word(member);
  (void)pthread_mutex_lock(&c->mutex);
  member->ended = true;
  c->ended++;
  pf_log_say(c->log, PF_LOG_INFO, "member", "%s: %s [%d/%d]", member->name, member->word, c->ended, c->m->table.rows);
  (void)pthread_mutex_unlock(&c->mutex);
}

static pf_status run_member(const crew *c, int n, pf_backend *backend, pf_config *cfg) {
  const pf_member *member = &c->m->member[n];
  pf_run_options options = c->options;
  char restart[PF_PATH_MAX];
  pf_report report = {0};
  const pf_status status = parse(c->m, n, cfg, &report);
  pf_report_free(&report);
  PF_TRY(status);
  const double limit = 60 * cfg->run.max_walltime_min;
  const char *signal = pf_signals_stop();
  PF_CHECK(!signal, PF_STOPPED, "not begun: stopped by %s", signal);
  PF_CHECK(!(pf_output_clock() - c->begun > limit), PF_STOPPED, "not begun: max_walltime_min = %g is over",
           cfg->run.max_walltime_min);
  snprintf(cfg->run.output_dir, sizeof cfg->run.output_dir, "%s", member->folder);
  cfg->run.threads = c->threads;
  options.backend = backend;
  options.begun = c->begun;
  if (options.restart) {
    const int length = snprintf(restart, sizeof restart, "%s/%s", options.restart, member->name);
    PF_CHECK(length > 0 && (size_t)length < sizeof restart, PF_NO_INPUT, "--restart: the path is too long");
    options.restart = restart;
  }
  return pf_run_logged(cfg, &options, true, c->json, member->name);
}

/* One member from begin to end; backend: NULL, or its own of joined ones. */
static void do_member(void *context, int n, pf_backend *backend) {
  crew *c = context;
  pf_config *cfg = calloc(1, sizeof *cfg); /* too large for a stack */
  const pf_status status = cfg ? run_member(c, n, backend, cfg) : PF_FAIL(PF_NO_MEMORY, "no memory for a member");
  end_member(c, n, status);
  if (cfg) pf_config_free(cfg);
  free(cfg);
}

static void *work(void *context) {
  crew *c = context;
  for (;;) {
    (void)pthread_mutex_lock(&c->mutex);
    const int n = c->next < c->m->table.rows ? c->next++ : -1;
    (void)pthread_mutex_unlock(&c->mutex);
    if (n < 0) return NULL;
    do_member(c, n, NULL);
  }
}

/* `workers` threads, this one among them, take the members in turn. */
static void run_threads(crew *c, int workers) {
  pthread_t *thread = calloc((size_t)workers, sizeof *thread);
  int started = 0;
  while (thread && started < workers - 1 && pthread_create(&thread[started], NULL, work, c) == 0) started++;
  (void)work(c);
  for (int t = 0; t < started; t++) (void)pthread_join(thread[t], NULL);
  free(thread);
}

static pf_status start(crew *c) {
  pf_members *m = c->m;
  pf_backend *backend;
  PF_TRY(pf_backend_create(m->backend, m->threads, &backend));
  const double fit = floor(share_of_memory * backend->room / fmax(m->bytes, 1));
  const int room = fit < 1 ? 1 : fit < m->table.rows ? (int)fit : m->table.rows;
  pf_status status = PF_OK;
  if (strcmp(backend->name, "cpu") == 0) {
    const int workers = room < backend->threads ? room : backend->threads;
    c->threads = backend->threads / workers;
    pf_log_say(c->log, PF_LOG_INFO, "members", "%d members, %d at a time on %s", m->table.rows, workers,
               backend->device);
    run_threads(c, workers);
  } else {
    c->threads = m->threads;
    pf_log_say(c->log, PF_LOG_INFO, "members", "%d members, %d at a time on %s", m->table.rows, room, backend->device);
    status = pf_joined_run(backend, m->table.rows, room, do_member, c, NULL);
  }
  pf_backend_destroy(backend);
  return status;
}

/* ---- the whole ---- */

static void put_string(pf_text *t, const char *before, const char *value) {
  pf_text_put(t, "%s", before);
  pf_text_put_json_string(t, value);
}

static pf_status write_summary(const crew *c, const char *folder, const char *word) {
  const pf_members *m = c->m;
  pf_text t = {0};
  put_string(&t, "{\n  \"title\": ", m->title);
  put_string(&t, ",\n  \"status\": ", word);
  put_string(&t, ",\n  \"input\": ", m->input.file);
  put_string(&t, ",\n  \"table\": ", m->table.file);
  put_string(&t, ",\n  \"version\": ", pf_version());
  put_string(&t, ",\n  \"commit\": ", pf_version_commit());
  pf_text_put(&t, ",\n  \"seconds\": ");
  pf_text_put_json_number(&t, pf_output_clock() - c->begun);
  pf_text_put(&t, ",\n  \"members\": [");
  for (int n = 0; n < m->table.rows; n++) {
    const pf_member *member = &m->member[n];
    const size_t top = strlen(m->folder);
    const bool inside = strncmp(member->folder, m->folder, top) == 0 && member->folder[top] == '/';
    pf_text_put(&t, "%s\n    {\"member\": %d", n ? "," : "", n + 1);
    put_string(&t, ", \"folder\": ", inside ? member->folder + top + 1 : member->folder);
    put_string(&t, ", \"status\": ", member->word);
    pf_text_put(&t, ", \"exit\": %d", (int)member->status);
    put_string(&t, ", \"error\": ", member->message[0] ? member->message : NULL);
    pf_text_put(&t, ", \"set\": {");
    int count = 0;
    for (int k = 0; k < m->table.columns; k++) {
      const char *text = pf_table_at(&m->table, n, k)->text;
      if (!text[0]) continue;
      put_string(&t, count++ ? ", " : "", m->table.name[k].text);
      put_string(&t, ": ", text);
    }
    pf_text_put(&t, "}}");
  }
  pf_text_put(&t, "\n  ]\n}\n");
  pf_status status = pf_text_status(&t);
  if (status == PF_OK) status = pf_file_replace(folder, "summary.json", t.bytes, t.length);
  pf_text_free(&t);
  return status;
}

/* Before anything is computed: no directory holds a run that would be lost. */
static pf_status check_folders(const crew *c) {
  const pf_members *m = c->m;
  pf_status status = PF_OK;
  if (c->options.overwrite || c->options.resume || c->options.restart) return PF_OK;
  for (int n = 0; n < m->table.rows; n++) {
    const pf_status own = pf_output_directory_check(m->member[n].folder, PF_OUTPUT_NEW);
    if (own == PF_OK) continue;
    pf_log_say(c->log, PF_LOG_ERROR, "directory", "%s: %s", m->member[n].name, pf_status_message());
    status = own;
  }
  return status == PF_OK ? PF_OK : PF_FAIL(status, "nothing was computed");
}

/* --overwrite: members of the run before that this table no longer has would be taken for its own. */
static pf_status remove_others(const crew *c, const char *folder) {
  DIR *const all = opendir(folder);
  pf_status status = all ? PF_OK : PF_FAIL(PF_NO_OUTPUT, "%s: cannot be read: %s", folder, strerror(errno));
  for (const struct dirent *e; status == PF_OK && (e = readdir(all)) != NULL;) {
    char path[PF_PATH_MAX], name[sizeof c->m->member->name];
    const long number = strncmp(e->d_name, "member_", 7) == 0 ? strtol(e->d_name + 7, NULL, 10) : 0;
    snprintf(name, sizeof name, "member_%04ld", number);
    if (number <= c->m->table.rows || strcmp(name, e->d_name) != 0) continue;
    bool removed = false;
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path) continue;
    status = pf_output_directory_remove(path, &removed);
    if (removed)
      pf_log_say(c->log, PF_LOG_INFO, "directory", "removed %s of the run before, which the table does not have", name);
  }
  if (all) closedir(all);
  return status;
}

/* What all came to: something to go on with before anything that failed. */
static pf_status verdict(const pf_members *m, int *failed, int *stopped) {
  pf_status first = PF_OK;
  *failed = *stopped = 0;
  for (int n = 0; n < m->table.rows; n++) {
    const pf_status status = m->member[n].status;
    *stopped += status == PF_STOPPED;
    *failed += status != PF_OK && status != PF_STOPPED;
    if (first == PF_OK && status != PF_STOPPED) first = status;
  }
  return *stopped ? PF_STOPPED : first;
}

static pf_status run_all(crew *c) {
  pf_members *m = c->m;
  pf_output_directory directory;
  int failed, stopped;
  PF_TRY(check_folders(c));
  PF_TRY(pf_output_directory_create(m->folder, PF_OUTPUT_MEMBERS, &directory));
  if (c->options.overwrite) {
    const pf_status cleared = remove_others(c, directory.path);
    if (cleared != PF_OK) pf_output_directory_destroy(&directory);
    PF_TRY(cleared);
  }
  for (int n = 0; n < m->table.rows; n++) {
    m->member[n].status = PF_STOPPED;
    snprintf(m->member[n].word, sizeof m->member[n].word, "stopped");
  }
  pf_status status = start(c);
  const pf_status members = verdict(m, &failed, &stopped);
  if (status == PF_OK) {
    status = write_summary(c, directory.path, failed ? "failed" : stopped ? "stopped" : "completed");
    if (status == PF_OK && members != PF_OK)
      status = PF_FAIL(members, "%d of %d members failed, %d %s stopped%s", failed, m->table.rows, stopped,
                       stopped == 1 ? "was" : "were", stopped ? ": --resume goes on" : "");
    else if (status == PF_OK)
      pf_log_say(c->log, PF_LOG_INFO, "end", "%d members in %.3g s: %s", m->table.rows, pf_output_clock() - c->begun,
                 directory.path);
  }
  pf_output_directory_destroy(&directory);
  return status;
}

pf_status pf_members_run(pf_members *members, const pf_run_options *options, bool quiet, bool json) {
  crew c = {
      .m = members, .options = *options, .json = json, .begun = pf_output_clock(), .mutex = PTHREAD_MUTEX_INITIALIZER};
  PF_TRY(pf_log_create(quiet, json, &c.log));
  pf_signals_catch();
  const pf_status status = run_all(&c);
  pf_signals_release();
  if (status != PF_OK)
    pf_log_say(c.log, status == PF_STOPPED ? PF_LOG_WARNING : PF_LOG_ERROR, status == PF_STOPPED ? "stopped" : "failed",
               "%s", pf_status_message());
  const pf_status closed = pf_log_destroy(c.log);
  return status == PF_OK ? closed : status;
}
