# check-study: pfstudy on tiny cells, a part of `make check`.  check-slurm: on a Slurm of one node that it starts itself.
CHECKS += study
.PHONY: check-study check-slurm

check-study: $(PROGRAMS) ## studies: expansion, errors, restarts, bisection, table
	@if $(PYTHON) -c 'import xarray, netCDF4' 2>/dev/null; then \
	  PFSOLVE=$(abspath $(B)/pfsolve) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m unittest discover -v -s tests/study \
	    -p 'test_study*.py' 2>&1 | tee $(B)/check-study.log; \
	else $(call skipped,no xarray for $(PYTHON) with netCDF4,study); fi

check-slurm: $(PROGRAMS) ## studies as job arrays on a real Slurm of one node (installs slurm-wlm and munge)
	@for command in slurmctld slurmd sbatch munged; do command -v $$command >/dev/null || PATH=$$PATH:/usr/sbin command -v $$command >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slurm-wlm munge; break; \
	  else echo "Slurm is needed. Install with: apt-get install slurm-wlm munge"; exit 1; fi; }; done
	@PFSOLVE=$(abspath $(B)/pfsolve) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m unittest discover -v -s tests/study -p 'test_slurm.py'
