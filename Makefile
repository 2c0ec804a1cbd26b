# make demo   the first minute: everything needed is installed, built, and run on U(1) 16x16 at beta 7
# make test   everything needed is installed, and all tests are run
# make build  the program, at .build/release/gaugeflow
# make lint   the format of all sources
# make bench  the benchmarks, with the machine and its peak
#
# The kernels are tuned for the machine that builds them; GAUGEFLOW_NATIVE=0 gives portable code.

export GAUGEFLOW_NATIVE ?= 1
SWIFT ?= swift
PROGRAM = .build/release/gaugeflow
SOURCES = Package.swift Sources Tests Examples Benchmarks/Package.swift Benchmarks/Sources

.PHONY: build demo test lint format bench setup clean

build: setup
	$(SWIFT) build -c release --product gaugeflow

demo: build
	$(PROGRAM) run notebooks-data/runs/u1-16x16-beta7.toml --force

test: setup
	$(SWIFT) test -c release

lint:
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)

format:
	$(SWIFT) format --in-place --recursive --parallel $(SOURCES)

bench: setup
	$(SWIFT) run -c release --package-path Benchmarks benchmarks

setup:
	@Scripts/setup

clean:
	rm -rf .build Benchmarks/.build
