# fuzz-input: libFuzzer (clang) on the reading of inputs; check-fuzz: the kept cases and a minute of it.
FUZZ := $(B)/tests/fuzz
FUZZ_CC ?= $(or $(shell command -v clang clang-14 | head -1),clang)
FUZZ_SECONDS ?= 600
FUZZ_SOURCES := tests/fuzz/fuzz_input.c host/config.c host/config_table.c host/input.c host/report.c host/mapfile.c host/files.c kernels/pf_status.c
FUZZ_FLAGS := -std=c11 -g -D_GNU_SOURCE -Ikernels -Ihost $(WARNINGS)
LONG_CHECKS += fuzz

$(FUZZ)/fuzz_input: $(FUZZ_SOURCES) $(wildcard host/*.h)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	  $(NETCDF_CFLAGS) $(FUZZ_SOURCES) $(NETCDF_LIBS) -lm -o $@
$(FUZZ)/cover_input: $(FUZZ_SOURCES) $(wildcard host/*.h)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -O0 -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping \
	  $(NETCDF_CFLAGS) $(FUZZ_SOURCES) $(NETCDF_LIBS) -lm -o $@

FUZZ_CHECKPOINT := tests/fuzz/fuzz_checkpoint.c host/checkpoint.c host/files.c kernels/pf_status.c
$(FUZZ)/fuzz_checkpoint: $(FUZZ_CHECKPOINT) $(wildcard host/*.h)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	  $(FUZZ_CHECKPOINT) -lxxhash -lm -o $@

.PHONY: fuzz-input fuzz-checkpoint check-fuzz cover-input
fuzz-checkpoint: $(FUZZ)/fuzz_checkpoint ## read any bytes as a checkpoint for FUZZ_SECONDS (600)
	@mkdir -p $(FUZZ)/checkpoints
	$(FUZZ)/fuzz_checkpoint -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=60 -rss_limit_mb=1024 \
	  -print_final_stats=1 -artifact_prefix=$(FUZZ)/ $(FUZZ)/checkpoints tests/fuzz/checkpoints
	@rm -rf /dev/shm/pfsolve-fuzz-*

fuzz-input: $(FUZZ)/fuzz_input ## read any bytes as an input for FUZZ_SECONDS (600)
	@mkdir -p $(FUZZ)/corpus
	$(FUZZ)/fuzz_input -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=60 -rss_limit_mb=1024 -print_final_stats=1 \
	  -dict=tests/fuzz/words.dict -artifact_prefix=$(FUZZ)/ $(FUZZ)/corpus tests/fuzz/seeds

check-fuzz:
	@if command -v $(FUZZ_CC) >/dev/null; then $(MAKE) FUZZ_SECONDS=60 fuzz-input fuzz-checkpoint; \
	else $(call skipped,no clang,fuzz); fi

cover-input: $(FUZZ)/cover_input ## lines of host/input.c that the fuzzer's cases reach
	LLVM_PROFILE_FILE=$(FUZZ)/cover.profraw $(FUZZ)/cover_input -runs=0 tests/fuzz/seeds $(wildcard $(FUZZ)/corpus) 2>/dev/null
	$(or $(shell command -v llvm-profdata llvm-profdata-14 | head -1),llvm-profdata) merge -o $(FUZZ)/cover.profdata \
	  $(FUZZ)/cover.profraw
	$(or $(shell command -v llvm-cov llvm-cov-14 | head -1),llvm-cov) report $(FUZZ)/cover_input \
	  -instr-profile=$(FUZZ)/cover.profdata host/input.c host/config.c
