# check-namelist: gfortran's namelist reader and host/input.c read the same texts.
NAMELIST := $(B)/tests/namelist
$(NAMELIST)/reader: tests/namelist/reader.f90
	@mkdir -p $(@D)
	$(Q)gfortran -O1 -J$(@D) -o $@ $<
$(NAMELIST)/driver: $(NAMELIST)/driver.o $(B)/host/input.o $(B)/host/report.o $(B)/kernels/pf_status.o
	$(Q)$(LINK) $^ -lm -o $@

check-namelist: ## read thousands of namelists with gfortran and with host/input.c, and compare
	@if command -v gfortran >/dev/null; then \
	  $(MAKE) $(NAMELIST)/reader $(NAMELIST)/driver && \
	  $(PYTHON) tests/namelist/compare.py $(NAMELIST)/reader $(NAMELIST)/driver $(NAMELIST)/cases; \
	else $(call skipped,no gfortran,namelist); fi
