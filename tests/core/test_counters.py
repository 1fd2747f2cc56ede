from retrospec.core.counters import Counters


def test_counts_add_up_by_name_and_labels_in_any_order() -> None:
    counters = Counters()

    counters.add("jobs")
    counters.add("jobs", 2)
    counters.add("jobs", queue="replay", outcome="done")
    counters.add("jobs", outcome="done", queue="replay")

    assert counters.drain() == {("jobs", ()): 3, ("jobs", (("outcome", "done"), ("queue", "replay"))): 2}


def test_what_was_drained_is_counted_from_zero_again() -> None:
    counters = Counters()
    counters.add("jobs")
    counters.drain()

    counters.add("jobs", 5)

    assert counters.drain() == {("jobs", ()): 5}
    assert counters.drain() == {}


def test_counts_that_could_not_be_written_come_on_top_of_the_later_ones() -> None:
    counters = Counters()
    counters.add("jobs", 3)
    taken = counters.drain()
    counters.add("jobs", 4)

    counters.restore(taken)

    assert counters.drain() == {("jobs", ()): 7}


def test_a_value_is_counted_into_the_first_bucket_that_holds_it_and_into_the_sum() -> None:
    counters = Counters()
    for value in (0.1, 0.5, 0.5001, 2):
        counters.observe("seconds", value, (0.1, 0.5, 1), (("route", "/x"),))

    counted = counters.drain()

    buckets = {dict(labels)["le"]: count for (name, labels), count in counted.items() if name == "seconds_bucket"}
    assert buckets == {"0.1": 1, "0.5": 1, "1.0": 1, "+Inf": 1}
    assert counted["seconds_sum", (("route", "/x"),)] == 0.1 + 0.5 + 0.5001 + 2
