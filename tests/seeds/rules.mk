# The papers' cells: inputs/seeds, measured against predicted.  `check-seeds` holds the inputs to their sources, sees that it
# can fail, and repeats the quick ones: the table in inputs/seeds/README.md has to say what comes out.
.PHONY: seeds seeds-2d check-seeds
CHECKS += seeds

check-seeds: $(PROGRAMS) ## every value of the papers' cells has its source; a pair differs in measured values only
	@$(PYTHON) tests/seeds/check
	@for file in inputs/seeds/*.nml; do $(B)/pfsolve --quiet --check $$file >/dev/null || exit 1; done
	@$(PYTHON) tests/seeds/run $(B)/pfsolve -o $(B)/seeds --pairs B,C --compare inputs/seeds/README.md

seeds: $(PROGRAMS) ## run the papers' cells, measured against predicted, into build/seeds and inputs/seeds/README.md
	$(PYTHON) tests/seeds/run $(B)/pfsolve -o $(B)/seeds --readme inputs/seeds/README.md

seeds-2d: $(PROGRAMS) ## pair A in two dimensions, ten seeds and two grids: an hour of one core; inputs/seeds/scatter.csv
	$(PYTHON) tests/seeds/scatter $(B)/pfsolve -o $(B)/seeds
