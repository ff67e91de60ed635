# Two commands do everything on a fresh Debian or Ubuntu machine with a Swift 6.3 toolchain: make demo, make test.
.PHONY: help demo test wheel python-test cluster-test zarr-python-suite python-compare simulate crash compare results scaling remote-bench pages check observability bench-check fuzz lint format build install docs dependencies python

help:
	@echo "make demo     build, import /usr/share/doc (or DATA=...), read it back, and time a million blobs"
	@echo "make test     run all tests, also against zarr-python and zarrs"
	@echo "make wheel    build the Python package for all machines with Linux and this processor, into Python/dist"
	@echo "make zarr-python-suite  run zarr-python's own tests with the Python package's pipeline"
	@echo "make python-compare  measure the Python package beside zarr-python and Parquet, for its README"
	@echo "make python-test  test the Python package as it is when it is installed"
	@echo "make cluster-test  fill arrays with clusters of dask, Ray and Spark on this machine, and kill workers on the way"
	@echo "make simulate run SIMULATIONS=1000000 schedules of clusters that commit to an array in a simulated store"
	@echo "make crash    kill writers at 1000 random moments (or ROUNDS=...) and commands at every call to the system"
	@echo "make compare  store the same blobs with zarr-vlen and with other libraries, and draw comparison.html"
	@echo "make results  make the page, the drawings and the README's table of what is in Benchmarks/Results"
	@echo "make scaling  simulate 1 to 1000 nodes that write to a bucket, for the page on clusters"
	@echo "make remote-bench  measure arrays in a bucket of this machine that takes 30 ms a request, beside zarr-python with obstore"
	@echo "make pages    test what draws the charts, and look at the page of Benchmarks/Results with Chromium"
	@echo "make check    the tests under AddressSanitizer and ThreadSanitizer, the formatter and the documentation"
	@echo "make observability  test the logs and metrics of the package's trait"
	@echo "make bench-check  fail if a kernel lost speed since BASE=HEAD~1, which is built and measured beside it"
	@echo "make fuzz     run each fuzzer for a minute (or SECONDS=..., TARGETS=...)"
	@echo "make lint     check the formatting, the layers, the map and the words, as continuous integration does"
	@echo "make format   format the sources"
	@echo "make install  build the tool and install it below PREFIX=/usr/local, with man pages and completions"
	@echo "make docs     build the documentation of the libraries"

demo: dependencies
	@echo "Building in release mode; the first time takes some minutes."
	swift build -c release --product zvlen
	swift build -c release --product zvlen-bench
	@bash Scripts/demo.sh

test: dependencies python
	ZARR_VLEN_OPTIMIZED=1 swift test
	@python3 Tests/Client/test.py
	@python3 Tests/Client/documents.py
	@python3 Tests/Client/recipes.py
	@sh Python/test.sh --if-possible

wheel: dependencies
	@sh Python/wheel.sh

python-test: dependencies
	@sh Python/test.sh

cluster-test: wheel
	@sh Python/clusters/test.sh --wheel

zarr-python-suite: wheel
	@sh Python/tests/zarr_python_suite.sh

# The package has to be installed in .venv-python, as python-test leaves it.
python-compare: dependencies
	@.venv-python/bin/python -m pip install --quiet --requirement Python/benchmarks/requirements.txt
	swift build -c release --product zvlen-bench
	@.venv-python/bin/python Python/benchmarks/compare.py \
	  --bench "$$(swift build -c release --show-bin-path)/zvlen-bench" \
	  --json Python/benchmarks/results.json --readme Python/README.md --chart Python/benchmarks/comparison.svg

SIMULATIONS ?= 1000000

simulate: dependencies
	swift run -c release simulate-clusters $(SIMULATIONS)

ROUNDS ?= 1000

crash: dependencies
	CRASH_ROUNDS=$(ROUNDS) swift test --filter 'CrashTests|RaceTests|ResumeTests'

# What to compare goes in ARGUMENTS; zvlen-bench help compare has the flags.
compare: dependencies
	@sh Benchmarks/Peers/setup.sh
	swift build -c release --product zvlen-bench
	@"$$(swift build -c release --show-bin-path)/zvlen-bench" compare $(ARGUMENTS) --json comparison.json
	@.venv-peers/bin/python Benchmarks/Charts page comparison.json -o comparison.html
	@echo "Charts and all figures are in comparison.html."

remote-bench: dependencies
	@sh Tests/Remote/setup.sh
	swift build -c release --product remote-bench
	@.venv-remote/bin/python Benchmarks/Remote/run.py "$$(swift build -c release --show-bin-path)/remote-bench" \
		--python .venv-python/bin/python

results:
	@sh Benchmarks/Peers/setup.sh
	@.venv-peers/bin/python Benchmarks/Charts results

scaling:
	@sh Benchmarks/Peers/setup.sh
	@.venv-peers/bin/python Benchmarks/Charts scaling

pages:
	@sh Benchmarks/Peers/setup.sh
	@.venv-peers/bin/python -m unittest discover Tests/Pages
	@python3 Tests/Pages/check.py Benchmarks/Results/index.html

# Leaks are left to other tools: the test runner itself leaks.
check: dependencies python lint docs observability
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build-address
	@sh Python/address.sh --if-possible
	@sh Tests/ThreadSanitizer/run.sh

observability: dependencies
	swift test --package-path Tests/Observability --scratch-path .build-observability

bench-check: dependencies
	@python3 Scripts/bench_check.py

fuzz: dependencies
	@sh Tests/Fuzz/run.sh $(or $(SECONDS),60) $(TARGETS)

lint:
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks
	@python3 Scripts/check_layers.py
	@python3 Scripts/check_map.py
	@python3 Scripts/check_words.py

format:
	swift format format --in-place --recursive Package.swift Sources Tests Benchmarks

build: dependencies
	swift build -c release

PREFIX ?= /usr/local

install: dependencies
	@sh Scripts/install.sh "$(PREFIX)"

docs: dependencies
	swift package generate-documentation --target ChunkEngine --warnings-as-errors
	swift package generate-documentation --target Zarr --warnings-as-errors
	swift package generate-documentation --target ZarrRemote --warnings-as-errors

dependencies:
	@sh Scripts/install-dependencies.sh

python:
	@sh Tests/Interoperability/setup.sh
