/* pf_status.h: how every function of pfsolve says that it failed.
 *
 * A function that can fail returns pf_status.  PF_TRY passes a failure up, PF_CHECK makes one.  The text of the
 * failure is kept per thread and read once, where the failure ends (main or a test), by pf_status_message().
 * Owner: the thread.  Codes are those of sysexits.h, so that main can return them as they are. */
#ifndef PF_STATUS_H
#define PF_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum pf_status {
  PF_OK = 0,
  PF_USAGE = 64,     /* the command line */
  PF_BAD_INPUT = 65, /* the input file */
  PF_NO_INPUT = 66,  /* no such input file */
  PF_NO_DEVICE = 69, /* the backend asked for is not there */
  PF_FAILED = 70,    /* the run cannot go on */
  PF_NO_MEMORY = 71, /* host or device memory */
  PF_NO_OUTPUT = 73, /* the output directory cannot be made, is taken or in use */
  PF_IO = 74,        /* reading or writing failed */
  PF_STOPPED = 75    /* stopped on request, run again to go on */
} pf_status;

/* Sets this thread's message (printf style) and returns `status`. */
pf_status pf_status_set(pf_status status, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The message of this thread's last failure, without place; never NULL. */
const char *pf_status_message(void);
/* "file.c:123" of that failure. */
const char *pf_status_place(void);

/* Where the text is kept.  Flows of control that take turns on one thread (joined.h) have one each. */
typedef struct pf_status_text {
  char message[1024];
  char place[256];
} pf_status_text;
/* From now on this thread keeps its text there; NULL: in its own place. */
void pf_status_use(pf_status_text *text);

#ifdef __cplusplus
}
#endif

#define PF_FAIL(code, ...) pf_status_set((code), __FILE__, __LINE__, __VA_ARGS__)
#define PF_TRY(call)                                    \
  do {                                                  \
    const pf_status pf_try_status_ = (call);            \
    if (pf_try_status_ != PF_OK) return pf_try_status_; \
  } while (0)
#define PF_CHECK(condition, code, ...)                     \
  do {                                                     \
    if (!(condition)) return PF_FAIL((code), __VA_ARGS__); \
  } while (0)

#endif
