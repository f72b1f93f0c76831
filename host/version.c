/* version.c: the only file that sees what the Makefile wrote (build/made.h), so that it alone is compiled again. */
#include "version.h"

#include "made.h"

const char *pf_version(void) { return PF_VERSION; }

const char *pf_version_commit(void) { return PF_COMMIT; }

const char *pf_version_compiler(void) { return PF_COMPILER; }

const char *pf_version_flags(void) { return PF_FLAGS; }

const char *pf_version_nvcc(void) { return PF_NVCC; }
