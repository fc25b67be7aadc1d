"""The benchmarks behind docs/en/about/benchmarks.md: `make bench` runs them, nothing here is a test.

Reading order: threads, machine, samples, reference, solvers, timing; then the parts, one measurement each
(exact, ill, nist, memory, startup, epochs, streaming, ranks); then results, show and run.
"""
