/* cell_double.h: the cycles and the vectors of GMRES in double precision (precision = 'double'): the kernels of the real_NAME.h
 * once more (pf_real.h). */
#ifndef PF_CELL_DOUBLE_H
#define PF_CELL_DOUBLE_H

#include "cell_block.h"
#include "cell_boxmg.h"
#include "cell_electrons.h"
#include "cell_multigrid.h"
#include "cell_vector.h"

#define PF_REAL double
#include "real_block.h"
#include "real_boxmg.h"
#include "real_electrons.h"
#include "real_multigrid.h"
#include "real_vector.h"
#undef PF_REAL

#define PF_ARGS_many_fill_double(...) PF_REAL_ARGS_many_fill(double, __VA_ARGS__)
#define PF_ARGS_many_scaled_double(...) PF_REAL_ARGS_many_scaled(double, __VA_ARGS__)
#define PF_ARGS_many_rest_double(...) PF_REAL_ARGS_many_rest(double, __VA_ARGS__)
#define PF_ARGS_many_dots_double(...) PF_REAL_ARGS_many_dots(double, __VA_ARGS__)
#define PF_ARGS_many_combine_double(...) PF_REAL_ARGS_many_combine(double, __VA_ARGS__)
#define PF_ARGS_many_meet_double(...) PF_REAL_ARGS_many_meet(double, __VA_ARGS__)
#define PF_ARGS_many_times_double(...) PF_REAL_ARGS_many_times(double, __VA_ARGS__)
#define PF_ARGS_mg_start_double(...) PF_REAL_ARGS_mg_start(double, __VA_ARGS__)
#define PF_ARGS_mg_reduce_double(...) PF_REAL_ARGS_mg_reduce(double, __VA_ARGS__)
#define PF_ARGS_mg_dots_double(...) PF_REAL_ARGS_mg_dots(double, __VA_ARGS__)
#define PF_ARGS_mg_error_double(...) PF_REAL_ARGS_mg_error(double, __VA_ARGS__)
#define PF_ARGS_mg_direction_double(...) PF_REAL_ARGS_mg_direction(double, __VA_ARGS__)
#define PF_ARGS_mg_shift_double(...) PF_REAL_ARGS_mg_shift(double, __VA_ARGS__)
#define PF_ARGS_mg_round_double(...) PF_REAL_ARGS_mg_round(double, __VA_ARGS__)
#define PF_ARGS_mg_coarsen_double(...) PF_REAL_ARGS_mg_coarsen(double, __VA_ARGS__)
#define PF_ARGS_mg_scale_double(...) PF_REAL_ARGS_mg_scale(double, __VA_ARGS__)
#define PF_ARGS_mg_relax_double(...) PF_REAL_ARGS_mg_relax(double, __VA_ARGS__)
#define PF_ARGS_mg_relax_start_double(...) PF_REAL_ARGS_mg_relax_start(double, __VA_ARGS__)
#define PF_ARGS_mg_zero_double(...) PF_REAL_ARGS_mg_zero(double, __VA_ARGS__)
#define PF_ARGS_mg_residual_double(...) PF_REAL_ARGS_mg_residual(double, __VA_ARGS__)
#define PF_ARGS_mg_restrict_double(...) PF_REAL_ARGS_mg_restrict(double, __VA_ARGS__)
#define PF_ARGS_mg_prolong_double(...) PF_REAL_ARGS_mg_prolong(double, __VA_ARGS__)
#define PF_ARGS_mg_prolong_to_double(...) PF_REAL_ARGS_mg_prolong_to(double, __VA_ARGS__)
#define PF_ARGS_mg_coarsest_double(...) PF_REAL_ARGS_mg_coarsest(double, __VA_ARGS__)
#define PF_ARGS_box_loss_double(...) PF_REAL_ARGS_box_loss(double, __VA_ARGS__)
#define PF_ARGS_box_weights_double(...) PF_REAL_ARGS_box_weights(double, __VA_ARGS__)
#define PF_ARGS_box_galerkin_double(...) PF_REAL_ARGS_box_galerkin(double, __VA_ARGS__)
#define PF_ARGS_box_scale_double(...) PF_REAL_ARGS_box_scale(double, __VA_ARGS__)
#define PF_ARGS_box_relax_double(...) PF_REAL_ARGS_box_relax(double, __VA_ARGS__)
#define PF_ARGS_box_residual_double(...) PF_REAL_ARGS_box_residual(double, __VA_ARGS__)
#define PF_ARGS_box_restrict_double(...) PF_REAL_ARGS_box_restrict(double, __VA_ARGS__)
#define PF_ARGS_box_prolong_double(...) PF_REAL_ARGS_box_prolong(double, __VA_ARGS__)
#define PF_ARGS_block_residual_double(...) PF_REAL_ARGS_block_residual(double, __VA_ARGS__)
#define PF_ARGS_block_apply_double(...) PF_REAL_ARGS_block_apply(double, __VA_ARGS__)
#define PF_ARGS_block_product_double(...) PF_REAL_ARGS_block_product(double, __VA_ARGS__)
#define PF_ARGS_block_relax_double(...) PF_REAL_ARGS_block_relax(double, __VA_ARGS__)
#define PF_ARGS_block_restrict_double(...) PF_REAL_ARGS_block_restrict(double, __VA_ARGS__)
#define PF_ARGS_block_prolong_double(...) PF_REAL_ARGS_block_prolong(double, __VA_ARGS__)
#define PF_ARGS_block_coarsen_double(...) PF_REAL_ARGS_block_coarsen(double, __VA_ARGS__)
#define PF_ARGS_block_coarsest_double(...) PF_REAL_ARGS_block_coarsest(double, __VA_ARGS__)
#define PF_ARGS_block_fill_double(...) PF_REAL_ARGS_block_fill(double, __VA_ARGS__)
#define PF_ARGS_electron_size_double(...) PF_REAL_ARGS_electron_size(double, __VA_ARGS__)
#define PF_ARGS_electron_to_ions_double(...) PF_REAL_ARGS_electron_to_ions(double, __VA_ARGS__)
#define PF_ARGS_electron_apply_double(...) PF_REAL_ARGS_electron_apply(double, __VA_ARGS__)
#define PF_ARGS_electron_ion_apply_double(...) PF_REAL_ARGS_electron_ion_apply(double, __VA_ARGS__)

// clang-format off
#define PF_KERNELS_DOUBLE(MAP, SWEEP, SUM, MAX) \
  MAP(many_fill_double) MAP(many_scaled_double) MAP(many_rest_double) SUM(many_dots_double) \
  SUM(many_combine_double) SUM(many_meet_double) MAP(many_times_double) SUM(mg_start_double) SUM(mg_reduce_double) \
  SUM(mg_dots_double) SUM(mg_error_double) MAP(mg_direction_double) SUM(mg_shift_double) MAP(mg_round_double) MAP(mg_coarsen_double) \
  MAP(mg_scale_double) SWEEP(mg_relax_double) MAP(mg_relax_start_double) MAP(mg_zero_double) \
  MAP(mg_residual_double) MAP(mg_restrict_double) MAP(mg_prolong_double) MAP(mg_prolong_to_double) MAP(mg_coarsest_double) \
  MAP(box_loss_double) MAP(box_weights_double) MAP(box_galerkin_double) MAP(box_scale_double) \
  SWEEP(box_relax_double) MAP(box_residual_double) MAP(box_restrict_double) MAP(box_prolong_double) \
  MAP(block_residual_double) MAP(block_apply_double) SUM(block_product_double) SWEEP(block_relax_double) MAP(block_restrict_double) \
  MAP(block_prolong_double) MAP(block_coarsen_double) MAP(block_coarsest_double) MAP(block_fill_double) \
  SUM(electron_size_double) MAP(electron_to_ions_double) MAP(electron_apply_double) \
  MAP(electron_ion_apply_double)
// clang-format on

#endif
