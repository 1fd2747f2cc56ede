"""`make bench`: every measurement that the README quotes, one after the other."""

import runpy

for name in ("bench.start", "bench.ingest", "bench.reads", "bench.upload_memory", "bench.cleanup"):
    print(f"\n{name}", flush=True)
    runpy.run_module(name, run_name="__main__")
