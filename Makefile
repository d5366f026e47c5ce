# Everything here is one line over `python -m carekit ...`, which makes and enters .venv by itself.
PYTHON ?= python3
PROFILE ?= laptop
DATA ?= synthetic
SEEDS ?= 3
SET ?=

.PHONY: help course test lab site studies bench lint docs

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
	@echo 'Settings: make course PROFILE=fast|laptop|paper DATA=folder SEEDS=5 SET="tau=0.5 shortcut=0"'

course: ## run all lessons headless, print what came out, and where to read it
	@$(PYTHON) -m carekit course --profile $(PROFILE) --data "$(DATA)" --seeds $(SEEDS) --set $(SET)

test: ## run the tests, the lessons in the fast profile among them
	@$(PYTHON) -m carekit test

lab: ## open JupyterLab on the first lesson
	@$(PYTHON) -m carekit lab

site: ## the course as a site and as slides in site/, which work without a kernel and without a network
	@$(PYTHON) -m carekit site --profile $(PROFILE) --data "$(DATA)" --seeds $(SEEDS) --set $(SET)

studies: ## the paper's tables and figures with intervals, in results/; every claim with a verdict
	@$(PYTHON) -m carekit study all --profile $(PROFILE) --seeds $(SEEDS)

bench: ## measure speed, as ratios side by side
	@$(PYTHON) -m carekit bench

lint: ## what a machine can say about the code: style, types, layers, the browser's modules
	@$(PYTHON) -m carekit lint

docs: ## pages of the API, made from the docstrings, in docs/api/
	@$(PYTHON) -m carekit docs
