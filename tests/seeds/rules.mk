# The papers' cells: inputs/seeds, measured against predicted.  `check-seeds` runs nothing: it holds the inputs to their
# sources, and sees that it can fail.
.PHONY: seeds seeds-2d check-seeds
CHECKS += seeds

check-seeds: ## every value of the papers' cells has its source; a pair differs in measured values only
	@$(PYTHON) tests/seeds/check

seeds: $(PROGRAMS) ## run the papers' cells, measured against predicted, into build/seeds and inputs/seeds/README.md
	$(PYTHON) tests/seeds/run $(B)/pfsolve -o $(B)/seeds --readme inputs/seeds/README.md

seeds-2d: $(PROGRAMS) ## pair A in two dimensions, ten seeds and two grids: an hour of one core; inputs/seeds/scatter.csv
	$(PYTHON) tests/seeds/scatter $(B)/pfsolve -o $(B)/seeds
