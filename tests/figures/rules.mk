# figures: pictures and numbers of the verification, from runs of this build; the shipped ones lie in tests/figures.
.PHONY: figures
figures: $(PROGRAMS) ## the verification's pictures and numbers, into build/figures
	$(PYTHON) tests/figures/make.py --runs $(B)/figures -o $(B)/figures $(B)/pfsolve
