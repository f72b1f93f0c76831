# pfsolve: the only build file.  `make help` lists everything.
#
# Variables: BUILD (where everything goes), CC, CXX, NVCC (empty: without CUDA), ARCH, CFLAGS, WERROR=1, VERIFY=1 (no
# fused multiply-add), SANITIZE=1, PREFIX, DESTDIR, CI=true (warnings are errors), JOBS, V=1 (show commands).
# A folder adds targets of its own through postproc/rules.mk and tests/*/rules.mk.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

VERSION := 0.1.0

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(Q),@printf '  %-6s %s\n' $(1) $@)

# Short spins at barriers, for machines that others use too (host/main.c does it for pfsolve).
export GOMP_SPINCOUNT ?= 10000

JOBS ?= $(shell nproc 2>/dev/null || echo 1)
MAKEFLAGS += --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

# Where the packages of Debian's python are.
PYTHON ?= /usr/bin/python3
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
NVCC ?= $(shell command -v nvcc)

# ---------------------------------------------------------------------------------------------------- variants ----
BUILD ?= build
OPTIMIZE ?= -O3
ARCH ?= -march=native
CONTRACT := fast
ifeq ($(VERIFY),1)
B := $(BUILD)/verify
CONTRACT := off
NVCC_CONTRACT := -fmad=false
else ifeq ($(SANITIZE),1)
B := $(BUILD)/sanitize
OPTIMIZE := -O1
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
override NVCC :=
else
B := $(BUILD)
endif

ifeq ($(CI),true)
WERROR ?= 1
endif

# ------------------------------------------------------------------------------------------------------- flags ----
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes -Wmissing-prototypes -Wvla
# clang says where an `omp simd` loop stayed scalar; that is no fault.
# gcc takes conditions that are the same for a whole row (2-D or 3-D, ...) out of loops that are not too long; without
# that a loop stays scalar, so no limit.
ifneq ($(findstring clang,$(CC)),)
WARNINGS += -Wno-pass-failed
else
LOOPS := --param max-unswitch-insns=2000
endif
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif

# Found when first used, so that `make help` and `make clean` need no library.
find_library = $(shell pkg-config --$(1) $(2) 2>/dev/null)
NETCDF_CFLAGS = $(eval NETCDF_CFLAGS := $(or $(call find_library,cflags,netcdf),$(shell nc-config --cflags 2>/dev/null)))$(NETCDF_CFLAGS)
NETCDF_LIBS = $(eval NETCDF_LIBS := $(or $(call find_library,libs,netcdf),$(shell nc-config --libs 2>/dev/null)))$(NETCDF_LIBS)
CUNIT_CFLAGS = $(eval CUNIT_CFLAGS := $(call find_library,cflags,cunit))$(CUNIT_CFLAGS)
CUNIT_LIBS = $(eval CUNIT_LIBS := $(or $(call find_library,libs,cunit),-lcunit))$(CUNIT_LIBS)

CPPFLAGS += -D_GNU_SOURCE -Ikernels -Ihost
CFLAGS ?=
LANGUAGE := -std=c11 $(OPTIMIZE) $(LOOPS) -g $(ARCH) -ffp-contract=$(CONTRACT) -fno-math-errno -fno-trapping-math -fopenmp
COMPILE = $(CC) $(LANGUAGE) $(SANITIZERS) $(WARNINGS) $(CPPFLAGS) $(NETCDF_CFLAGS) $(CFLAGS) -MMD -MP
LINK = $(CC) $(LANGUAGE) $(SANITIZERS) $(CFLAGS) $(LDFLAGS)
LIBS = $(NETCDF_LIBS) -lxxhash $(CUDA_LIBS) -ldl -lm

# ----------------------------------------------------------------------------------------------------- sources ----
# SKIP: sources to leave out, as those that do not compile at the moment.
# Without nvcc, or before there is a CUDA backend, the stub that says so takes its place.
CUDA_SOURCES := $(if $(NVCC),$(wildcard kernels/*.cu))
KERNEL_SOURCES := $(filter-out $(if $(CUDA_SOURCES),kernels/backend_nocuda.c) kernels/cpu_rows.c $(SKIP),$(wildcard kernels/*.c))
# The groups of kernels, for each of which kernels/cpu_rows.c is compiled.
ROWS := $(patsubst kernels/cell_%.h,%,$(shell grep -l '^.define PF_KERNELS_' kernels/cell_*.h))
HOST_SOURCES := $(filter-out host/main.c $(SKIP),$(wildcard host/*.c))
MAIN := $(wildcard host/main.c)
TESTS := $(filter-out $(SKIP),$(wildcard tests/t*.c))
BENCHES := $(wildcard tests/bench/*.c)
INPUTS := $(wildcard inputs/*.nml)
SUITES := $(basename $(notdir $(TESTS)))

LIBRARY := $(CUDA_SOURCES:%.cu=$(B)/%.o) $(ROWS:%=$(B)/kernels/rows_%.o) $(KERNEL_SOURCES:%.c=$(B)/%.o) $(HOST_SOURCES:%.c=$(B)/%.o)
LIBRARY += $(if $(wildcard host/command.h),$(B)/examples.o)
TEST_OBJECTS := $(patsubst %.c,$(B)/%.o,$(filter-out $(SKIP),$(wildcard tests/*.c)))
BENCH_OBJECTS := $(BENCHES:%.c=$(B)/%.o)
PROGRAMS := $(if $(MAIN),$(B)/pfsolve)

ifneq ($(shell grep -ls '<fftw3.h>' $(KERNEL_SOURCES) $(HOST_SOURCES)),)
LIBS += $(or $(call find_library,libs,fftw3),-lfftw3)
endif

ifneq ($(CUDA_SOURCES),)
CUDA ?= $(patsubst %/bin/nvcc,%,$(realpath $(NVCC)))
CUDA_CHIPS ?= 80 90 100
CUDA_CODE := $(foreach chip,$(CUDA_CHIPS),-gencode arch=compute_$(chip),code=sm_$(chip))
CUDA_WARNINGS := --Werror all-warnings
CUDA_FLAGS ?= -O3
NVCC_COMPILE = $(NVCC) -std=c++17 $(CUDA_FLAGS) $(NVCC_CONTRACT) $(CUDA_CODE) $(CUDA_WARNINGS) -Ikernels \
  -Xcompiler -Wall,-Wextra
# gcc links; never -lcuda, which would need a driver to start.
CUDA_LIBS := -L$(CUDA)/lib64 -Wl,-rpath,$(CUDA)/lib64 -lcudart_static -lcufft -lstdc++ -lpthread -ldl -lrt
NVCC_VERSION := $(shell $(NVCC) --version | sed -n 's/.*release [^,]*, V/nvcc /p')
endif

# ------------------------------------------------------------------------------------------------------- files ----
# write_if_changed FILE: standard input to the file, whose time changes only with its text.
write_if_changed = cat > $(1).new && { cmp -s $(1).new $(1) && rm $(1).new || mv $(1).new $(1); }

# What was asked of the compilers: every object is made again when it changes.
$(B)/flags: FORCE | $(B)/libraries
	@mkdir -p $(@D) && echo '$(COMPILE)' | $(call write_if_changed,$@)
$(B)/flags-cuda: FORCE
	@mkdir -p $(@D) && echo '$(NVCC_COMPILE)' | $(call write_if_changed,$@)
$(B)/parts: FORCE
	@mkdir -p $(@D) && echo '$(LIBRARY) $(TEST_OBJECTS) $(BENCH_OBJECTS) $(LINK)' | $(call write_if_changed,$@)

# The libraries: a missing one is named, once.
$(B)/libraries: | .ci/packages
	@.ci/packages --check build && mkdir -p $(@D) && touch $@

$(B)/made.h: FORCE
	@mkdir -p $(@D) && { \
	  commit=$$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown); \
	  test -z "$$(git --no-optional-locks status --porcelain --untracked-files=no 2>/dev/null)" || commit=$$commit-changed; \
	  echo '/* Made by the Makefile. */'; \
	  echo '#define PF_VERSION "$(VERSION)"'; \
	  echo "#define PF_COMMIT \"$$commit\""; \
	  echo "#define PF_COMPILER \"$$($(CC) --version | head -1 | tr -d '\"\\\\')\""; \
	  echo '#define PF_FLAGS "$(strip $(LANGUAGE) $(SANITIZERS) $(CFLAGS))"'; \
	  echo '#define PF_NVCC "$(NVCC_VERSION)"'; \
	} | $(call write_if_changed,$@)

$(B)/suites.h: FORCE
	@mkdir -p $(@D) && { \
	  echo '/* Made by the Makefile from the names tests/t*.c. */'; \
	  printf 'void %s(void);\n' $(SUITES); \
	  echo '#define PF_SUITES(X) $(foreach suite,$(SUITES),X($(suite)))'; \
	} | $(call write_if_changed,$@)

# The inputs as text in the program, for --example.
$(B)/examples.c: $(INPUTS) $(B)/parts
	@mkdir -p $(@D) && { \
	  echo '/* Made by the Makefile from inputs/. */'; \
	  echo '#include "command.h"'; \
	  echo 'const pf_example pf_examples[] = {'; \
	  for file in $(INPUTS); do \
	    name=$${file##*/}; echo "{\"$${name%.nml}\","; \
	    sed -e 's/[\\"]/\\&/g' -e 's/^/  "/' -e 's/$$/\\n"/' $$file; echo '},'; \
	  done; \
	  echo '{0, 0}};'; \
	} | $(call write_if_changed,$@)

$(B)/examples.o: $(B)/examples.c $(B)/flags
	$(call say,CC)
	$(Q)$(COMPILE) -c $< -o $@
$(B)/host/version.o: CPPFLAGS += -I$(B)
$(B)/host/version.o: $(B)/made.h
$(B)/tests/%.o: CPPFLAGS += -Itests $(CUNIT_CFLAGS)
$(B)/tests/main.o: CPPFLAGS += -I$(B)
$(B)/tests/main.o: $(B)/suites.h
# Every kernel a third time, cell by cell: it need not be fast, and -O3 takes minutes.
$(B)/kernels/backend_check.o: CFLAGS += -O1
$(B)/kernels/rows_%.o: kernels/cpu_rows.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -DPF_ROWS_HEADER='"cell_$*.h"' -DPF_ROWS=PF_KERNELS_$$(echo $* | tr a-z A-Z) -c $< -o $@
$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -c $< -o $@
$(B)/%.o: %.cu $(B)/flags-cuda
	@mkdir -p $(@D)
	$(call say,NVCC)
	$(Q)$(NVCC_COMPILE) -MD -MF $(@:.o=.d) -c $< -o $@

$(B)/pfsolve: $(LIBRARY) $(B)/host/main.o $(B)/parts
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LIBS) -o $@
$(B)/pftests: $(LIBRARY) $(TEST_OBJECTS) $(B)/parts
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(CUNIT_LIBS) $(LIBS) -o $@
$(B)/pfbench: $(LIBRARY) $(BENCH_OBJECTS) $(B)/parts
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LIBS) -o $@

-include $(wildcard $(B)/*.d $(B)/*/*.d $(B)/*/*/*.d)

# ----------------------------------------------------------------------------------------------------- targets ----
.PHONY: FORCE all tests objects demo help install uninstall clean format tidy bench
.PHONY: check check-steps check-long check-build check-tests check-clang check-nocuda check-sanitize check-cells
.PHONY: check-format check-mutant-list check-namelist check-postproc check-mutants cuda-report
FORCE:

# Targets of the folders.  They may add to CHECKS (each named check-NAME, part of `make check`) and to LONG_CHECKS.
CHECKS := build tests clang nocuda sanitize cells format mutant-list namelist postproc
LONG_CHECKS := tests-long mutants
-include $(wildcard postproc/rules.mk tests/*/rules.mk)

all: $(PROGRAMS) ## the program, build/pfsolve
ifeq ($(CUDA_SOURCES),)
	@echo "pfsolve: built without CUDA ($(if $(wildcard kernels/*.cu),no nvcc,no CUDA source))"
endif

demo: ## plate a real cell: install what is missing, build, run inputs/latp-le.nml, plot
	@PYTHON=$(PYTHON) .ci/packages build postproc
	@$(MAKE) all
	$(B)/pfsolve --overwrite inputs/latp-le.nml
	$(PYTHON) postproc/plot_run.py runs/latp-le
	@echo "The run: runs/latp-le (history.csv, summary.json; snapshots/ opens in ParaView)"
	@echo "The pictures:" && ls runs/latp-le/*.png

tests: $(PROGRAMS) $(B)/pftests ## the program and the tests, build/pftests

objects: $(LIBRARY) $(MAIN:%.c=$(B)/%.o) $(TEST_OBJECTS) $(BENCH_OBJECTS)

# ------------------------------------------------------------------------------------------------------ checks ----
check: ## install what is missing, build, run every test; 12 minutes at most
	@PYTHON=$(PYTHON) .ci/packages build tests postproc
	@$(MAKE) check-steps

# One after the other, all of them, also after one has failed; then the table and CUnit's own words.
check-steps:
	@mkdir -p $(B); rm -f $(B)/check-*.log; : > $(B)/check.txt; failed=0; \
	for step in $(CHECKS); do \
	  echo "== check-$$step"; begin=$$SECONDS; word=passed; \
	  $(MAKE) check-$$step WERROR=1 || { word=FAILED; failed=1; echo "check-$$step FAILED"; }; \
	  printf '%-12s %-7s %4d s\n' $$step $$word $$((SECONDS - begin)) >> $(B)/check.txt; \
	done; \
	echo; cat $(B)/check.txt; grep -hs '^skipped:' $(B)/check-*.log; \
	for log in $(B)/check-sanitize.log $(B)/check-check.log $(B)/check-cpu.log; do \
	  test -f $$log && echo && echo "$${log##*/check-}" && sed -n '/^Run Summary/,/^Elapsed/p' $$log; \
	done; exit $$failed

check-build: tests $(if $(BENCHES),$(B)/pfbench)

check-tests: tests ## every suite on the cpu backend and on the check backend
	@$(B)/pftests --backend cpu 2>&1 | tee $(B)/check-cpu.log
	@$(B)/pftests --backend check 2>&1 | tee $(B)/check-check.log

check-tests-long: tests
	PF_LONG=1 $(B)/pftests --backend cpu

skipped = { mkdir -p $(B); echo "skipped: $(1)" | tee $(B)/check-$(2).log; }

check-clang: ## compile everything with clang, warnings are errors
	@if command -v clang >/dev/null; then $(MAKE) CC=clang BUILD=$(BUILD)/clang NVCC= OPTIMIZE=-O1 WERROR=1 objects; \
	else $(call skipped,no clang,clang); fi

check-nocuda: ## compile everything without nvcc, warnings are errors
ifneq ($(CUDA_SOURCES),)
	@$(MAKE) BUILD=$(BUILD)/nocuda NVCC= OPTIMIZE=-O0 WERROR=1 tests
else
	@echo "this build is without CUDA already"
endif

# The suites that are run under the sanitizers, by the beginning of their names.
SANITIZE_SUITES ?= t0 t1 t4 t51
check-sanitize: ## some suites under the address and undefined-behaviour sanitizers
	@$(MAKE) SANITIZE=1 WERROR=1 tests
	@$(BUILD)/sanitize/pftests --backend cpu \
	  $(foreach name,$(SANITIZE_SUITES),$(if $(filter $(name)%,$(SUITES)),--suite $(name))) \
	  2>&1 | tee $(B)/check-sanitize.log

# Each header of the arithmetic by itself, twice included, as C and as C++: nvcc reads them as C++.
CELL_HEADERS := $(wildcard kernels/cell_*.h kernels/pf_*.h)
check-cells: ## each kernels/cell_*.h and pf_*.h alone as C11 and C++17, gcc and clang
	@failed=0; count=0; flags="-Ikernels -Wall -Wextra -Werror -O1 -o /dev/null"; \
	for header in $(CELL_HEADERS); do \
	  for compiler in "gcc -std=c11 -xc" "clang -std=c11 -xc" "g++ -std=c++17 -xc++" "clang++ -std=c++17 -xc++"; do \
	    command -v $${compiler%% *} >/dev/null || continue; \
	    printf '#include "%s"\n#include "%s"\nint pf_one(void);\nint pf_one(void) { return 1; }\n' \
	      $${header#kernels/} $${header#kernels/} | $${compiler} $$flags -c - || \
	      { echo "$$header: not alone with $$compiler"; failed=1; }; \
	    count=$$((count + 1)); \
	  done; \
	done; echo "$$count compilations of $(words $(CELL_HEADERS)) headers"; exit $$failed

C_FILES = $(wildcard kernels/*.[ch] kernels/*.cu host/*.[ch] tests/*.[ch] tests/*/*.[ch] tests/gpu/*.cc tests/gpu/fake/*.h)
# Versions differ in details, so one is named.
CLANG_FORMAT ?= $(firstword $(shell command -v clang-format-14 clang-format))
check-format: ## the files are as clang-format 14 makes them
	@if $(or $(CLANG_FORMAT),false) --version 2>/dev/null | grep -q 'version 14\.'; then failed=0; for file in $(C_FILES); do \
	  $(CLANG_FORMAT) $$file | cmp -s - $$file || { echo "$$file: not as clang-format makes it (make format)"; failed=1; }; \
	done; exit $$failed; else $(call skipped,no clang-format 14,format); fi

format: ## let clang-format 14 write the files
	$(CLANG_FORMAT) -i $(C_FILES)

tidy: $(B)/made.h $(B)/suites.h ## clang-tidy over all sources
	clang-tidy --quiet $(KERNEL_SOURCES) $(HOST_SOURCES) $(MAIN) $(TESTS) $(TEST_PARTS) -- \
	  -std=c11 -fopenmp $(CPPFLAGS) $(NETCDF_CFLAGS) -Itests -I$(B)

check-mutant-list: ## every fault of tests/mutants/list.txt still fits its source
	@$(PYTHON) tests/mutants/run --check

check-mutants: tests ## put faults into the sources, one at a time: a test has to see each
	$(PYTHON) tests/mutants/run

check-long: ## the long counts
	@PYTHON=$(PYTHON) .ci/packages build tests postproc
	@failed=0; for step in $(LONG_CHECKS); do echo "== check-$$step"; PF_LONG=1 $(MAKE) check-$$step || failed=1; done; \
	exit $$failed

cuda-report: ## registers of every CUDA kernel and chip; a spill is an error
ifneq ($(CUDA_SOURCES),)
	@mkdir -p $(B); $(NVCC_COMPILE) -Xptxas -v -c $(CUDA_SOURCES) -o $(B)/cuda-report.o 2> $(B)/cuda-report.log || \
	  { cat $(B)/cuda-report.log; exit 1; }
	@awk '/Compiling entry function/ {name = $$7; chip = $$9; gsub("\x27", "", name); gsub("\x27", "", chip)} \
	  /spill stores/ {spill = $$5 + $$9} \
	  /Used .* registers/ {n++; split($$0, a, "Used "); r = a[2] + 0; if (r > most) most = r; \
	    if (spill) {bad++; print chip, name ":", r " registers,", spill " bytes spilled"}; spill = 0} \
	  END {print n / $(words $(CUDA_CHIPS)) " kernels for $(CUDA_CHIPS), at most " most " registers, " bad + 0 " with spills"; exit n == 0 || bad > 0}' $(B)/cuda-report.log | (c++filt -p 2>/dev/null || cat)
else
	@echo "no nvcc" && exit 1
endif

bench: $(PROGRAMS) $(if $(BENCHES),$(B)/pfbench) ## measure this machine and the solver on it
	$(B)/pfbench

# ----------------------------------------------------------------------------------------------------- install ----
PREFIX ?= /usr/local
SHARE := $(DESTDIR)$(PREFIX)/share/pfsolve
install: all ## into PREFIX (/usr/local), under DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/inputs/studies $(SHARE)/postproc/slurm
	install -m 755 $(B)/pfsolve postproc/pfstudy $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(INPUTS) $(wildcard inputs/README.md) $(SHARE)/inputs
	install -m 644 $(wildcard inputs/studies/*.toml) $(SHARE)/inputs/studies
	install -m 644 $(wildcard postproc/*.py postproc/README.md) $(SHARE)/postproc
	install -m 644 $(wildcard postproc/slurm/*) $(SHARE)/postproc/slurm
	install -m 644 README.md LICENSE CITATION.cff $(SHARE)

uninstall: ## out of PREFIX again
	rm -f $(DESTDIR)$(PREFIX)/bin/pfsolve $(DESTDIR)$(PREFIX)/bin/pfstudy
	rm -rf $(SHARE)

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-16s %s\n", $$1, $$2}'
	@echo; sed -n '3,/^$$/s/^# \?//p' Makefile

clean: ## remove build/
	rm -rf '$(BUILD)'
