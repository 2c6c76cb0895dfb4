# Two commands: `make run` and `make test`. Both do all the set-up themselves.
PYTHON := .venv/bin/python
PYTEST_ARGS ?=

.PHONY: help setup run test check bench verify words lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: ## prepare .venv, browser libraries, words and the model; starts nothing
	@.ci/setup

run: setup ## start Växeln (web and worker) on 127.0.0.1:8000; Ctrl C ends both
	@exec .venv/bin/flask --app wsgi start

test: ## everything: checks, the suite on SQLite and PostgreSQL, real browser, real WordPress
	@.ci/setup --dev
	@.ci/servers
	@$(MAKE) --no-print-directory check
	@$(PYTHON) -m pytest -n 2 --dist loadgroup --durations=20 --durations-min=5 $(PYTEST_ARGS)

check: ## ruff, types, floors, words
	@.ci/setup --dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy
	@$(PYTHON) -m pytest -q -p no:cacheprovider tests/house

bench: ## measure; see docs/performance.md
	@.ci/setup --dev
	@$(PYTHON) -m tests.bench $(BENCH_ARGS)

verify: ## hold what we know of X's interface against a whole description of X's: make verify SPEC=file
	@.ci/setup --dev
	@test -n "$(SPEC)" || { echo 'Which document? make verify SPEC=file'; exit 2; }
	@$(PYTHON) -m tests.channels.verify_x "$(SPEC)" && echo 'All that we use agrees with it.'

words: setup ## collect the pages' words into the English catalogue
	@.venv/bin/pybabel -q extract -F .ci/babel.cfg --no-location --sort-output -k _l -k lazy_gettext -o app/translations/messages.pot app
	@.venv/bin/pybabel -q update -i app/translations/messages.pot -d app/translations -l en --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

lock: setup ## work out the pinned set anew
	@$(PYTHON) -m pip install --quiet uv
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --upgrade requirements.in -o requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --upgrade requirements-dev.in -o requirements-dev.txt

clean: ## remove what set-up made (not your data)
	@rm -rf .venv node_modules app/web/static/vendor classifiers/model .mypy_cache .ruff_cache .pytest_cache
