# check-paraview: a picture of a run, made by ParaView itself.  RUN is the run's directory, PICTURE the file.
# (-noreset: ParaView connects twice; an X server that starts anew in between refused it in 1 of 12 runs.)
# Without RUN the shipped ripple is run first.  Installs ParaView (1.2 GB), so it is no part of `make check`.
.PHONY: check-paraview packages-paraview
RUN ?=
PICTURE ?= $(B)/paraview/picture.png
PARAVIEW_PACKAGES := paraview python3-paraview xvfb xauth

packages-paraview:
	@command -v pvbatch xvfb-run xauth >/dev/null && test "$$(command -v pvbatch xvfb-run xauth | wc -l)" = 3 || { \
	  command="apt-get install -y --no-install-recommends $(PARAVIEW_PACKAGES)"; \
	  if ! command -v apt-get >/dev/null; then echo "ParaView is needed (pvbatch, xvfb-run)"; exit 1; fi; \
	  if [ "$$(id -u)" = 0 ]; then root=; elif sudo -n true 2>/dev/null; then root="sudo -n"; \
	  else echo "ParaView is needed. Install with: sudo $$command"; exit 1; fi; \
	  echo "Installing: $(PARAVIEW_PACKAGES)"; $$root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$root $$command; }

check-paraview: packages-paraview $(if $(RUN),,$(PROGRAMS)) ## render a picture of RUN (default: inputs/ripple.nml) in ParaView
	@mkdir -p $(dir $(PICTURE))
	$(if $(RUN),,$(B)/pfsolve --quiet --overwrite --set run%output_dir="'$(B)/paraview/ripple'" inputs/ripple.nml)
	xvfb-run -a -s '-noreset -screen 0 1600x1200x24' pvbatch postproc/paraview_open.py $(or $(RUN),$(B)/paraview/ripple) --render $(PICTURE) --field potential
	$(PYTHON) tests/postproc/check_picture.py $(PICTURE)
	$(if $(RUN),,$(B)/pfsolve --quiet --overwrite --set run%output_dir="'$(B)/paraview/dendrite-3d'" --set grid%cells=32,16,16 \
	  --set grid%spacing_um=2 --set lithium%roughness_um=0 --set 'hotspot(1)%y_um=16' --set 'hotspot(1)%z_um=16' \
	  --set protocol%duration_h=0.05 inputs/dendrite-3d.nml)
	$(if $(RUN),,xvfb-run -a -s '-noreset -screen 0 1600x1200x24' pvbatch postproc/paraview_open.py $(B)/paraview/dendrite-3d \
	  --render $(B)/paraview/dendrite-3d.png --field potential)
	$(if $(RUN),,$(PYTHON) tests/postproc/check_picture.py $(B)/paraview/dendrite-3d.png --whole)
	@$(if $(RUN),,$(MAKE) check-paraview-compare)

# Two small runs side by side and a film of them.
.PHONY: check-paraview-compare
COMPARED := latp-le f-latp-le
check-paraview-compare: packages-paraview $(PROGRAMS) ## two runs side by side in ParaView, and a film
	@mkdir -p $(B)/paraview && rm -rf $(B)/paraview/film
	for run in $(COMPARED); do $(B)/pfsolve --quiet --overwrite --set run%output_dir="'$(B)/paraview/$$run'" \
	  --set output%snapshot_count=4 inputs/$$run.nml || exit 1; done
	xvfb-run -a -s '-noreset -screen 0 1800x1200x24' pvbatch postproc/paraview_compare.py $(COMPARED:%=$(B)/paraview/%) \
	  --x 0 150 --render $(B)/paraview/compare.png --movie $(B)/paraview/film
	$(PYTHON) tests/report/check_compare.py $(B)/paraview/compare.png $(B)/paraview/film
