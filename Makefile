# SPDX-License-Identifier: Apache-2.0
# Everything starts here: `make help`. Each target sets up what it needs (scripts/setup.sh).

SHELL := /bin/bash
PY := .venv/bin/python
RUN := $(PY) -m scripts

# Variables of the targets, handed on through the environment.
RUN_VARS := SIM SEED WAVES COVER VERBOSE BLOCK TEST LIBERTY MUTANTS
SIM_VARS := MODEL TOKENIZER PROMPT PROMPT_IDS TOKENS BATCH LAYERS CHIPLETS CONFIG SIM SEED BER LOAD \
  WAVE_FROM WAVE_TO
export $(RUN_VARS) $(SIM_VARS)

# A variable that is spelled wrong is an error, not a run with the default.
GIVEN := $(foreach v,$(.VARIABLES),$(if $(findstring command,$(origin $(v))),$(v)))
UNKNOWN := $(filter-out PY TESSERA_DATA $(RUN_VARS) $(SIM_VARS),$(filter-out -%,$(GIVEN)))
ifneq ($(UNKNOWN),)
  $(error unknown: $(UNKNOWN); variables are $(sort $(RUN_VARS) $(SIM_VARS)))
endif

.DEFAULT_GOAL := help
.PHONY: help sim test regress lint formal cover mutate synth bench waves docs doctor clean \
  setup generate

help:
	@echo 'make TARGET [VARIABLE=value ...]'
	@echo
	@echo '  sim      run a model on the simulated chip and compare every command with the golden'
	@echo '  test     the quick tests, on both simulators'
	@echo '  regress  the long tests as well'
	@echo '  lint     verilator, iverilog, ruff, verible (where it runs), licence lines'
	@echo '  formal   proofs of BLOCK'
	@echo '  cover    tests of BLOCK with functional, line and toggle coverage'
	@echo '  mutate   faults in BLOCK against its tests (MUTANTS= how many, 300)'
	@echo '  synth    area of BLOCK with Yosys (LIBERTY= a cell library)'
	@echo '  bench    speed and efficiency of BLOCK, into build/bench'
	@echo '  waves    the newest waveform of BLOCK'
	@echo '  docs     generated documents and the status table'
	@echo '  doctor   what is installed, and what to do about the rest'
	@echo '  clean    remove build/ (the virtual environment .venv stays)'
	@echo
	@echo '  SIM=verilator|icarus   simulator            SEED=n    seed of all randomness (1)'
	@echo '  BLOCK=name             a folder of rtl/     TEST=...  test id, or words as of pytest -k'
	@echo '  WAVES=1                write waveforms      VERBOSE=1 show the simulator at work'
	@echo '  sim only: MODEL= PROMPT= TOKENS= BATCH= LAYERS= CHIPLETS= CONFIG= BER= TOKENIZER= PROMPT_IDS='
	@echo '            LOAD= WAVE_FROM= WAVE_TO=    ($(PY) -m scripts.sim --help says more)'

setup:
	@scripts/setup.sh base models

# Registers, command fields, tables: Verilog, C and Python from one source each. Files that would
# not change are left alone, so that nothing is rebuilt.
generate: setup
	@$(RUN).generate > build/generate.log || { cat build/generate.log; exit 1; }

# Options of scripts/sim.py have the names of the variables: PROMPT_IDS= becomes --prompt-ids.
sim: generate
	@args=(); for name in $(SIM_VARS); do \
	  if [ -n "$${!name}" ]; then option=$${name,,}; args+=("--$${option//_/-}" "$${!name}"); fi; \
	done; \
	if [ "$(WAVES)" = 1 ]; then args+=(--waves); fi; \
	$(RUN).sim "$${args[@]}"

test: generate
	@$(RUN).run_tests

regress: generate
	@scripts/setup.sh regress
	@$(RUN).run_tests --regress

lint: generate
	@$(RUN).lint

formal: generate
	@scripts/setup.sh formal
	@$(RUN).formal

cover: generate
	@$(RUN).cover

mutate: generate
	@scripts/setup.sh synth
	@$(RUN).mutate

synth: generate
	@scripts/setup.sh synth
	@$(RUN).synth

bench: generate
	@$(RUN).bench

waves: setup
	@$(RUN).waves

docs: generate
	@$(RUN).docs

doctor:
	@python3 scripts/doctor.py

clean:
	rm -rf build
