"""How long a start takes on an existing database, and what an idle server with its worker keeps in memory."""

import statistics
import time

from bench.server import folder, serving

_PORT = 18_082
_RUNS = 5


def main() -> None:
    with folder() as data:
        with serving(data, _PORT):
            pass
        starts = []
        for _ in range(_RUNS):
            with serving(data, _PORT) as server:
                starts.append(server.started_in)
                time.sleep(2)
                resident = server.resident()
        median, worst = statistics.median(starts), max(starts)
        print(f"start to first 200 on /healthz: median {median:.2f} s, worst {worst:.2f} s ({_RUNS} runs)")
        print(f"idle resident memory, embedded worker included: {resident / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
