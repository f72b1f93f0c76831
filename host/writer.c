#include "writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct pf_writer {
  pf_status (*write)(void *, int);
  void *context;
  pthread_t thread;
  pthread_mutex_t mutex; /* of all that follows */
  pthread_cond_t changed;
  long given, done; /* rooms */
  bool end;
  pf_status status; /* of the first that failed */
  char message[1024];
};

static void *work(void *of) {
  pf_writer *w = of;
  (void)pthread_mutex_lock(&w->mutex);
  for (;;) {
    while (w->done == w->given && !w->end) (void)pthread_cond_wait(&w->changed, &w->mutex);
    if (w->done == w->given) break;
    const int room = (int)(w->done % PF_WRITER_ROOMS);
    if (w->status == PF_OK) {
      (void)pthread_mutex_unlock(&w->mutex);
      const pf_status status = w->write(w->context, room);
      (void)pthread_mutex_lock(&w->mutex);
      w->status = status;
      if (status != PF_OK) snprintf(w->message, sizeof w->message, "%s", pf_status_message());
    }
    w->done++;
    (void)pthread_cond_broadcast(&w->changed);
  }
  (void)pthread_mutex_unlock(&w->mutex);
  return NULL;
}

pf_status pf_writer_create(pf_status (*write)(void *, int), void *context, pf_writer **writer) {
  *writer = NULL;
  pf_writer *w = calloc(1, sizeof *w);
  PF_CHECK(w, PF_NO_MEMORY, "no memory for the snapshots");
  *w = (pf_writer){
      .write = write, .context = context, .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  sigset_t all, before; /* signals are for the thread that computes */
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  const bool made = pthread_create(&w->thread, NULL, work, w) == 0;
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!made) free(w);
  PF_CHECK(made, PF_NO_MEMORY, "no thread for the snapshots");
  *writer = w;
  return PF_OK;
}

void pf_writer_destroy(pf_writer *w) {
  if (!w) return;
  (void)pthread_mutex_lock(&w->mutex);
  w->end = true;
  (void)pthread_cond_broadcast(&w->changed);
  (void)pthread_mutex_unlock(&w->mutex);
  (void)pthread_join(w->thread, NULL);
  (void)pthread_mutex_destroy(&w->mutex);
  (void)pthread_cond_destroy(&w->changed);
  free(w);
}

/* Waits until at most `most` rooms are full. */
static pf_status wait_for(pf_writer *w, int most) {
  (void)pthread_mutex_lock(&w->mutex);
  while (w->given - w->done > most) (void)pthread_cond_wait(&w->changed, &w->mutex);
  const pf_status status = w->status;
  (void)pthread_mutex_unlock(&w->mutex);
  return status == PF_OK ? PF_OK : PF_FAIL(status, "%s", w->message);
}

pf_status pf_writer_take(pf_writer *w, int *room) {
  PF_TRY(wait_for(w, PF_WRITER_ROOMS - 1));
  *room = (int)(w->given % PF_WRITER_ROOMS); /* only this thread gives */
  return PF_OK;
}

void pf_writer_give(pf_writer *w) {
  (void)pthread_mutex_lock(&w->mutex);
  w->given++;
  (void)pthread_cond_broadcast(&w->changed);
  (void)pthread_mutex_unlock(&w->mutex);
}

pf_status pf_writer_check(pf_writer *w) { return wait_for(w, PF_WRITER_ROOMS); }

pf_status pf_writer_wait(pf_writer *w) { return wait_for(w, 0); }
