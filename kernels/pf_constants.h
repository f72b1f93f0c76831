/* pf_constants.h: numbers of nature (CODATA 2018, exact in the SI of 2019). */
#ifndef PF_CONSTANTS_H
#define PF_CONSTANTS_H

#define PF_FARADAY 96485.33212331002 /* C/mol */
#define PF_GAS 8.31446261815324      /* J/(mol K) */

#endif
