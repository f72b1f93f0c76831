/* The thread that writes snapshots: order, rooms, what happens when it fails. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "test.h"
#include "writer.h"

enum { MOST = 16 };

/* What is written, by a thread that a test can hold. */
typedef struct paper {
  pthread_mutex_t gate; /* who has it holds the thread */
  int room[PF_WRITER_ROOMS];
  int written[MOST], count, fails_at;
} paper;

static pf_status put(void *context, int room) {
  paper *p = context;
  (void)pthread_mutex_lock(&p->gate);
  const int value = p->room[room];
  const bool fails = p->count == p->fails_at; /* once */
  if (fails) p->fails_at = -1;
  if (!fails) p->written[p->count++] = value;
  (void)pthread_mutex_unlock(&p->gate);
  PF_CHECK(!fails, PF_IO, "page %d: the ink is out", value);
  return PF_OK;
}

#define PAPER(at) \
  { .gate = PTHREAD_MUTEX_INITIALIZER, .fails_at = (at) }

static void in_order(void) {
  paper p = PAPER(-1);
  pf_writer *w = NULL;
  int room;
  PF_ASSERT_OK_FATAL(pf_writer_create(put, &p, &w));
  for (int n = 0; n < MOST; n++) {
    if (n == 4) (void)pthread_mutex_lock(&p.gate); /* the thread stands: two more can be given, nothing waits */
    PF_ASSERT_OK(pf_writer_take(w, &room));
    CU_ASSERT_EQUAL(room, n % PF_WRITER_ROOMS);
    p.room[room] = 100 + n;
    pf_writer_give(w);
    PF_ASSERT_OK(pf_writer_check(w));
    if (n == 3) PF_ASSERT_OK(pf_writer_wait(w));
    if (n == 5) {
      CU_ASSERT_EQUAL(p.count, 4);
      (void)pthread_mutex_unlock(&p.gate);
    }
  }
  PF_ASSERT_OK(pf_writer_wait(w));
  CU_ASSERT_EQUAL(p.count, MOST);
  for (int n = 0; n < MOST; n++) CU_ASSERT_EQUAL(p.written[n], 100 + n);
  pf_writer_destroy(w);
}

/* What was given before the end is written. */
static void the_end_waits(void) {
  paper p = PAPER(-1);
  pf_writer *w = NULL;
  int room;
  PF_ASSERT_OK_FATAL(pf_writer_create(put, &p, &w));
  for (int n = 0; n < 3; n++) {
    PF_ASSERT_OK(pf_writer_take(w, &room));
    p.room[room] = n;
    pf_writer_give(w);
  }
  pf_writer_destroy(w);
  CU_ASSERT_EQUAL(p.count, 3);
  pf_writer_destroy(NULL);
}

/* The first failure is told by all that follows, and nothing is written behind it. */
static void failure(void) {
  paper p = PAPER(2);
  pf_writer *w = NULL;
  int room;
  PF_ASSERT_OK_FATAL(pf_writer_create(put, &p, &w));
  for (int n = 0; n < 4; n++) {
    if (n == 2) {
      PF_ASSERT_OK(pf_writer_wait(w));
      (void)pthread_mutex_lock(&p.gate); /* until one lies behind the one that fails */
    }
    PF_ASSERT_OK(pf_writer_take(w, &room));
    p.room[room] = n;
    pf_writer_give(w);
  }
  (void)pthread_mutex_unlock(&p.gate);
  PF_ASSERT_FAILS(pf_writer_wait(w), PF_IO, "page 2: the ink is out");
  PF_ASSERT_FAILS(pf_writer_check(w), PF_IO, "page 2: the ink is out");
  PF_ASSERT_FAILS(pf_writer_take(w, &room), PF_IO, "page 2: the ink is out");
  CU_ASSERT_EQUAL(p.count, 2);
  pf_writer_destroy(w);
}

void t402_writer(void);
void t402_writer(void) {
  pf_test_suite(
      "writer",
      (pf_test[]){{"in order, two at a time", in_order}, {"the end waits", the_end_waits}, {"a failure", failure}});
}
