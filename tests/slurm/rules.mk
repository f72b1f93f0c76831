# check-slurm-run: inputs/slurm/pfsolve.sbatch on a Slurm of one node, where slurm-wlm and munge are installed and root is.
LONG_CHECKS += slurm-run
.PHONY: check-slurm-run
check-slurm-run: $(PROGRAMS) ## a job that is asked to stop is queued again and goes on
	$(PYTHON) tests/slurm/run $(B)
