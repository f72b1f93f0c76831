# check-faults: faults in the calls of the program, kills, full disks; check-faults-long the long counts.
FAULTS := $(B)/tests/faults
CHECKS += faults
LONG_CHECKS += faults-long
WRAPPED := malloc calloc realloc aligned_alloc write fsync close renameat openat pf_command_parse pf_step pf_transport_step

$(FAULTS)/pfsolve: $(LIBRARY) $(B)/host/main.o $(FAULTS)/inject.o $(B)/parts
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(WRAPPED:%=-Wl,--wrap=%) $(LIBS) -o $@
$(FAULTS)/verify: $(LIBRARY) $(FAULTS)/verify.o $(B)/parts
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LIBS) -o $@
$(FAULTS)/powercut.so: tests/faults/powercut.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -std=c11 -O1 -g -fPIC -shared -D_GNU_SOURCE $(WARNINGS) $< -ldl -o $@

.PHONY: check-faults check-faults-long faults-programs
faults-programs: $(PROGRAMS) $(FAULTS)/pfsolve $(FAULTS)/verify $(FAULTS)/powercut.so

check-faults: faults-programs ## calls that fail, kills, power cuts, full disks, hostile inputs: the short counts
	@$(PYTHON) tests/faults/run --build $(B)

check-faults-long: faults-programs
	$(PYTHON) tests/faults/run --build $(B) --long

# Valgrind knows no AVX-512: a build of its own.  A run that is cut and goes on, snapshots with compression and vtk.
LONG_CHECKS += valgrind races soak
SHORT_RUN := --quiet --backend cpu --set "run%output_dir='$(FAULTS)/short'"
.PHONY: check-valgrind check-races check-soak
check-valgrind: ## no leak and no wrong access in a run that is cut and goes on
	@$(MAKE) BUILD=$(B)/plain ARCH= OPTIMIZE=-O1 NVCC= all
	rm -rf $(FAULTS)/short
	for option in "--set run%max_steps=5" --resume; do \
	  OMP_NUM_THREADS=1 valgrind -q --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite \
	    --error-exitcode=99 $(B)/plain/pfsolve $(SHORT_RUN) $$option tests/faults/short.nml; \
	  status=$$?; test $$status = 0 || test $$status = 75 || exit 1; done

# clang's OpenMP runtime tells the sanitizer of its barriers (libarcher).
ARCHER ?= $(firstword $(wildcard /usr/lib/llvm-*/lib/libarcher.so))
check-races: ## the thread sanitizer on solvers, kernels and a run
	@$(MAKE) CC=clang BUILD=$(B)/races NVCC= OPTIMIZE=-O1 CFLAGS=-fsanitize=thread all tests
	OMP_TOOL_LIBRARIES=$(ARCHER) TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66" OMP_NUM_THREADS=3 \
	  $(B)/races/pftests --suite t000 --suite t200
	OMP_TOOL_LIBRARIES=$(ARCHER) TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66" OMP_NUM_THREADS=3 \
	  $(B)/races/pfsolve --overwrite $(SHORT_RUN) tests/faults/short.nml
	rm -rf $(FAULTS)/short
	OMP_TOOL_LIBRARIES=$(ARCHER) TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66" OMP_NUM_THREADS=3 \
	  $(B)/races/pfsolve --overwrite $(SHORT_RUN) --members tests/faults/members.csv tests/faults/short.nml

SOAK_MINUTES ?= 120
check-soak: $(PROGRAMS) ## SOAK_MINUTES (120) of cycling with snapshots and checkpoints: the memory stays
	OMP_NUM_THREADS=1 $(PYTHON) tests/faults/soak $(B) $(SOAK_MINUTES)
