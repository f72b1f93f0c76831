# check-faults: faults in the calls of the program, kills, full disks; check-faults-long the long counts.
FAULTS := $(B)/tests/faults
CHECKS += faults
LONG_CHECKS += faults-long
WRAPPED := malloc calloc realloc aligned_alloc write fsync close renameat openat pf_step pf_transport_step

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
