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
ifneq ($(findstring clang,$(CC)),)
WARNINGS += -Wno-pass-failed
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
LANGUAGE := -std=c11 $(OPTIMIZE) -g $(ARCH) -ffp-contract=$(CONTRACT) -fno-math-errno -fno-trapping-math -fopenmp
COMPILE = $(CC) $(LANGUAGE) $(SANITIZERS) $(WARNINGS) $(CPPFLAGS) $(NETCDF_CFLAGS) $(CFLAGS) -MMD -MP
LINK = $(CC) $(LANGUAGE) $(SANITIZERS) $(CFLAGS) $(LDFLAGS)
LIBS = $(NETCDF_LIBS) $(CUDA_LIBS) -lm

# ----------------------------------------------------------------------------------------------------- sources ----
# SKIP: sources to leave out, as those that do not compile at the moment.
# Without nvcc, or before there is a CUDA backend, the stub that says so takes its place.
CUDA_SOURCES := $(if $(NVCC),$(wildcard kernels/*.cu))
KERNEL_SOURCES := $(filter-out $(if $(CUDA_SOURCES),kernels/backend_nocuda.c) $(SKIP),$(wildcard kernels/*.c))
HOST_SOURCES := $(filter-out host/main.c $(SKIP),$(wildcard host/*.c))
MAIN := $(wildcard host/main.c)
TESTS := $(filter-out $(SKIP),$(wildcard tests/t*.c))
BENCHES := $(wildcard tests/bench/*.c)
INPUTS := $(wildcard inputs/*.nml)
SUITES := $(basename $(notdir $(TESTS)))

LIBRARY := $(KERNEL_SOURCES:%.c=$(B)/%.o) $(CUDA_SOURCES:%.cu=$(B)/%.o) $(HOST_SOURCES:%.c=$(B)/%.o)
LIBRARY += $(if $(wildcard host/command.h),$(B)/examples.o)
TEST_OBJECTS := $(TESTS:%.c=$(B)/%.o) $(B)/tests/main.o
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
CUDA_LIBS := -L$(CUDA)/lib64 -lcudart_static -lstdc++ -lpthread -ldl -lrt
NVCC_VERSION := $(shell $(NVCC) --version | sed -n 's/.*release [^,]*, V/nvcc /p')
endif

# ------------------------------------------------------------------------------------------------------- files ----
# write_if_changed FILE: standard input to the file, whose time changes only with its text.
write_if_changed = cat > $(1).new && { cmp -s $(1).new $(1) && rm $(1).new || mv $(1).new $(1); }

# What was asked of the compilers: every object is made again when it changes.
$(B)/flags: FORCE | $(B)/libraries
	@mkdir -p $(@D) && echo '$(COMPILE) | $(NVCC_COMPILE)' | $(call write_if_changed,$@)
$(B)/parts: FORCE
	@mkdir -p $(@D) && echo '$(LIBRARY) $(TEST_OBJECTS) $(BENCH_OBJECTS) $(LINK)' | $(call write_if_changed,$@)

# The libraries: a missing one is named, once.
$(B)/libraries: | .ci/packages
	@.ci/packages --check build && mkdir -p $(@D) && touch $@

$(B)/version.h: FORCE
	@mkdir -p $(@D) && { \
	  commit=$$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown); \
	  test -z "$$(git status --porcelain --untracked-files=no 2>/dev/null)" || commit=$$commit-changed; \
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
	  echo '#define PF_SUITES(X) $(SUITES:%=X(%))'; \
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
$(B)/host/version.o: $(B)/version.h
$(B)/tests/%.o: CPPFLAGS += -Itests $(CUNIT_CFLAGS)
$(B)/tests/main.o: CPPFLAGS += -I$(B)
$(B)/tests/main.o: $(B)/suites.h
$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -c $< -o $@
$(B)/%.o: %.cu $(B)/flags
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
.PHONY: FORCE all tests objects demo demo-run help install uninstall clean format
FORCE:

all: $(PROGRAMS) ## the program, build/pfsolve
ifeq ($(CUDA_SOURCES),)
	@echo "pfsolve: built without CUDA ($(if $(wildcard kernels/*.cu),no nvcc,no CUDA source))"
endif

tests: $(PROGRAMS) $(B)/pftests ## the program and the tests, build/pftests

objects: $(LIBRARY) $(MAIN:%.c=$(B)/%.o) $(TEST_OBJECTS) $(BENCH_OBJECTS)

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
	  awk -F'|' '{printf "%-24s %s\n", $$1, $$2}'

clean: ## remove build/
	rm -rf $(BUILD)
