# check-report: pictures of several runs and of studies, and the report, in a real browser where there is one.
.PHONY: check-report
CHECKS += report
check-report: $(PROGRAMS) $(B)/make_run ## pictures of studies and the report
	@if $(PYTHON) -c 'import xarray, netCDF4, matplotlib' 2>/dev/null; then \
	  PF_MAKE_RUN=$(abspath $(B)/make_run) PF_PROGRAM=$(if $(PROGRAMS),$(abspath $(B)/pfsolve)) \
	    PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m unittest discover -v -s tests/report -p 'test_*.py' 2>&1 | \
	    tee $(B)/check-report.log; status=$$?; \
	  sed -n "s/^.*\.\.\. skipped [\"']\(.*\)[\"']$$/skipped: \1/p" $(B)/check-report.log | sort -u > $(B)/check-report.tmp; \
	  cat $(B)/check-report.tmp >> $(B)/check-report.log; rm $(B)/check-report.tmp; exit $$status; \
	else $(call skipped,no xarray for $(PYTHON) with netCDF4 and matplotlib,report); fi
