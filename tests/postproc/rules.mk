# check-postproc: the readers and pictures, on synthetic runs with known values and on a run of the program.
.PHONY: check-postproc
$(B)/make_run: $(LIBRARY) $(B)/tests/postproc/make_run.o $(B)/parts
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LIBS) -o $@

objects: $(B)/tests/postproc/make_run.o

check-postproc: $(PROGRAMS) $(B)/make_run ## the readers and the pictures
	@if $(PYTHON) -c 'import xarray, netCDF4, matplotlib' 2>/dev/null; then \
	  PF_MAKE_RUN=$(abspath $(B)/make_run) PF_PROGRAM=$(if $(PROGRAMS),$(abspath $(B)/pfsolve)) \
	    PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m unittest discover -v -s tests/postproc -p 'test_*.py' 2>&1 | \
	    tee $(B)/check-postproc.log; status=$$?; \
	  sed -n "s/^.*\.\.\. skipped [\"']\(.*\)[\"']$$/skipped: \1/p" $(B)/check-postproc.log > $(B)/check-postproc.tmp; \
	  cat $(B)/check-postproc.tmp >> $(B)/check-postproc.log; rm $(B)/check-postproc.tmp; exit $$status; \
	else $(call skipped,no xarray for $(PYTHON) with netCDF4 and matplotlib,postproc); fi
