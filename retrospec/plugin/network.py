"""How plugins reach others, and where they must not."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """What may be connected to.

    Attributes:
        allow_private: Whether private, loopback, link-local, multicast and mapped addresses are among it.
    """

    allow_private: bool = True
