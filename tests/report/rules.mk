# check-report: pictures of several runs and of studies, and the report, in a real browser where there is one.
.PHONY: check-report
CHECKS += report
check-report: $(PROGRAMS) $(B)/make_run ## pictures of studies and the report
	@if $(PYTHON) -c 'import xarray, netCDF4, matplotlib' 2>/dev/null; then \
	  export PF_MAKE_RUN=$(abspath $(B)/make_run) PF_PROGRAM=$(if $(PROGRAMS),$(abspath $(B)/pfsolve)); \
	  export PYTHONDONTWRITEBYTECODE=1; log=$(abspath $(B))/check-report; status=0; cd tests/report; \
	  $(PYTHON) -m unittest -v test_report > $$log.tmp 2>&1 & other=$$!; \
	  $(PYTHON) -m unittest -v test_pictures > $$log.log 2>&1 || status=1; \
	  wait $$other || status=1; cat $$log.tmp >> $$log.log; cat $$log.log; \
	  sed -n "s/^.*\.\.\. skipped [\"']\(.*\)[\"']$$/skipped: \1/p" $$log.log | sort -u > $$log.tmp; \
	  cat $$log.tmp >> $$log.log; rm $$log.tmp; exit $$status; \
	else $(call skipped,no xarray for $(PYTHON) with netCDF4 and matplotlib,report); fi
