/* fft_cpu.h: the Fourier transforms of the backends cpu and check, by FFTW. */
#ifndef PF_FFT_CPU_H
#define PF_FFT_CPU_H

#include "backend.h"

/* The operations of backend.h on plain memory.  Plans are serial and the same in every run (FFTW_ESTIMATE); which lines
 * go together depends on the grid alone, so results are the same bits for any number of threads. */
pf_status pf_fft_cpu_create(const pf_grid *grid, int batch, int threads, pf_fft **fft);
void pf_fft_cpu_destroy(pf_fft *fft);
/* What it was made for. */
pf_grid pf_fft_cpu_grid(const pf_fft *fft);
int pf_fft_cpu_batch(const pf_fft *fft);
void pf_fft_cpu_forward(const pf_fft *fft, const double *field, double *spectrum);
void pf_fft_cpu_inverse(const pf_fft *fft, double *spectrum, double *field);
void pf_fft_cpu_green(const pf_fft *fft, const struct pf_elastic_green_args *green, const double *from, double *to);

#endif
