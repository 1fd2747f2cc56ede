"""`make bench`: every measurement that the README quotes, one after the other."""

import runpy
import sys

NAMES = ("bench.start", "bench.ingest", "bench.ingest_postgres", "bench.reads", "bench.upload_memory", "bench.cleanup")
missed = []
for name in NAMES:
    print(f"\n{name}", flush=True)
    try:
        runpy.run_module(name, run_name="__main__")
    except SystemExit as ended:
        # Those that know their target end with 1 where they miss it.
        missed += [name] if ended.code else []
sys.exit(f"targets missed: {', '.join(missed)}" if missed else 0)
