# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026, kernelops contributors

PYTHON := .venv/bin/python
# What runs here must find the checkout's environment first, and the system's Python before a version manager's shims.
export PATH := $(CURDIR)/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-full audit bench clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: ## prepare this machine and this checkout (the other targets do it too)
	@tests/setup

demo: ## a stock and a hardened machine, both panicked, a bad kernel update, the diagnosis: a table at the end
	@tests/setup lab
	@$(PYTHON) tests/demo.py

test: ## all tests, one fault of each class on one release
	@tests/setup
	@LAB_FAULTS=one LAB_RELEASES=debian12 $(PYTHON) tests/run.py

test-fast: ## the tests that need no virtual machine
	@tests/setup fast
	@$(PYTHON) tests/run.py fast

test-full: ## all tests, all faults on all releases
	@LAB_FAULTS=all tests/setup
	@LAB_FAULTS=all $(PYTHON) tests/run.py

audit: ## audit this very machine, read-only; leaves audit.json
	@tests/setup audit
	@ansible-playbook kernelops.panic_hardening.audit -i localhost, -c local \
	  -e ansible_python_interpreter=/usr/bin/python3 -e panic_hardening_become=false

bench: ## crash_info against grep, the audit against setup, sysctl_profile against a loop, as ratios
	@tests/setup bench
	@$(PYTHON) tests/bench/triage.py
	@$(PYTHON) tests/bench/bench.py

clean: ## end this checkout's lab machines, remove what was made in it; keep the image cache
	@tests/clean

distclean: ## clean, and the image cache too
	@tests/clean all
