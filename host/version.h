/* version.h: what this program was made of and with; constant texts, never NULL. */
#ifndef PF_VERSION_H
#define PF_VERSION_H

const char *pf_version(void);          /* "0.1.0" */
const char *pf_version_commit(void);   /* of git, "-changed" behind it where files differed; "unknown" */
const char *pf_version_compiler(void); /* of C, in its own words */
const char *pf_version_flags(void);    /* of C */
const char *pf_version_nvcc(void);     /* "" without CUDA */

#endif
