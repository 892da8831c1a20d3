from rater_portal.throttle import Throttle


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_address_is_stopped_at_the_limit_and_no_other():
    throttle = Throttle(failures=2)
    throttle.count_failure("a")
    assert throttle.is_open("a")

    throttle.count_failure("a")

    assert not throttle.is_open("a")
    assert throttle.is_open("b")


def test_address_may_try_again_when_its_failures_are_old():
    clock = Clock()
    throttle = Throttle(failures=1, window_s=600, clock=clock)
    throttle.count_failure("a")
    clock.now_s = 599.9
    assert not throttle.is_open("a")

    clock.now_s = 600.0

    assert throttle.is_open("a")


def test_memory_is_bounded_and_forgets_the_longest_quiet_address():
    throttle = Throttle(failures=1, addresses=2)
    for address in ("a", "b", "c"):
        throttle.count_failure(address)

    assert [throttle.is_open(address) for address in ("a", "b", "c")] == [True, False, False]
