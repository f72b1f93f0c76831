# The CUDA backend without a GPU: backend_cuda.cu as it is, read by the host's C++ compiler with the headers of fake/ in
# place of NVIDIA's, its kernels run on the CPU by fake_cuda.cc.  build/launch/ has the program and the tests so made.
LAUNCH := $(B)/launch
LAUNCH_FLAGS = -std=c++17 -O1 $(ARCH) -ffp-contract=off -Wall -Wextra -Wno-unknown-pragmas $(CPPFLAGS) \
  -Itests/gpu/fake -MMD -MP
LAUNCH_OBJECTS := $(filter-out %/backend_nocuda.o %/backend_cuda.o,$(LIBRARY)) $(LAUNCH)/backend_cuda.o $(LAUNCH)/fake_cuda.o
LAUNCH_LIBS = $(filter-out $(CUDA_LIBS),$(LIBS)) -lstdc++

$(LAUNCH)/flags: FORCE
	@mkdir -p $(@D) && echo '$(CXX) $(LAUNCH_FLAGS)' | $(call write_if_changed,$@)
$(LAUNCH)/backend_cuda.o: kernels/backend_cuda.cu $(LAUNCH)/flags
	$(call say,CXX)
	$(Q)$(CXX) $(LAUNCH_FLAGS) -xc++ -c $< -o $@
$(LAUNCH)/fake_cuda.o: tests/gpu/fake_cuda.cc $(LAUNCH)/flags
	$(call say,CXX)
	$(Q)$(CXX) $(LAUNCH_FLAGS) -c $< -o $@
$(LAUNCH)/pfsolve: $(LAUNCH_OBJECTS) $(B)/host/main.o $(B)/parts
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LAUNCH_LIBS) -o $@
$(LAUNCH)/pftests: $(LAUNCH_OBJECTS) $(TEST_OBJECTS) $(B)/parts
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(CUNIT_LIBS) $(LAUNCH_LIBS) -o $@
$(LAUNCH)/pfbench: $(LAUNCH_OBJECTS) $(BENCH_OBJECTS) $(B)/parts
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LAUNCH_LIBS) -o $@
-include $(wildcard $(LAUNCH)/*.d)

# The suites whose every test takes seconds there, by the beginning of their names; `make check-launch-long` runs all.
LAUNCH_SUITES ?= t000 t010 t240 t300 t331
CHECKS += launch
LONG_CHECKS += launch-long
.PHONY: launch check-launch check-launch-long
launch: $(LAUNCH)/pfsolve $(LAUNCH)/pftests ## the CUDA backend on the CPU: build/launch/pfsolve and build/launch/pftests

check-launch: launch ## kernels, launches and graphs of the CUDA backend on the CPU; a GPU that fails
	@$(LAUNCH)/pftests --backend cuda $(LAUNCH_SUITES:%=--suite %) 2>&1 | tee $(B)/check-launch.log
	@$(PYTHON) tests/gpu/faults.py --build $(B)

check-launch-long: launch $(LAUNCH)/pfbench
	$(LAUNCH)/pftests --backend cuda
	@$(MAKE) VERIFY=1 launch
	@ln -sfn $(abspath $(B))/verify/launch $(LAUNCH)/verify
	NODE_SMALL=1 PF_LONG= tests/gpu/node check $(LAUNCH)
	NODE_SMALL=1 tests/gpu/node bench $(LAUNCH)
	PF_FAKE_GPU=eager $(LAUNCH)/pftests --backend cuda $(LAUNCH_SUITES:%=--suite %)
	$(PYTHON) tests/gpu/faults.py --build $(B) --long

# On a machine with a GPU.  The programs can be built elsewhere: `make gpu-bundle` needs no GPU.
.PHONY: check-gpu bench-gpu gpu-bundle gpu-programs
gpu-programs: tests $(B)/pfbench
	@$(MAKE) VERIFY=1 tests

check-gpu: gpu-programs ## on a GPU: every suite, cpu = cuda without fused multiply-add, compute-sanitizer's four tools
	@tests/gpu/node check $(B)

bench-gpu: $(PROGRAMS) $(B)/pfbench ## on a GPU: share of the copy's bandwidth by kernel, iterations, solves, steps: a JSON file
	@tests/gpu/node bench $(B)

gpu-bundle: gpu-programs ## build/pfsolve-gpu.tar.gz: the same for a GPU node without packages
	@tests/gpu/bundle $(B) $(B)/pfsolve-gpu.tar.gz
