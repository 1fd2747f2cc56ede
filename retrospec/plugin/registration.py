"""How a plugin says what it offers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

Offered = TypeVar("Offered", bound=type)


@dataclass(frozen=True, slots=True)
class Registration:
    """One thing that a plugin offers: a name within a family, and how to make it.

    Attributes:
        family: The base class that says what it is for, e.g. `AlertSink`.
        name: What settings call it; unique within its family.
        description: One line for `retrospec plugins`.
        factory: Called once, at start-up, with the validated settings if it declares any.
        settings: Model that its settings section must satisfy; None takes no settings.
    """

    family: type
    name: str
    description: str
    factory: Callable[..., Any]
    settings: type[BaseModel] | None = None


def offer(family: type, name: str, description: str, settings: type[BaseModel] | None) -> Callable[[Offered], Offered]:
    """Mark a class as the `name` of a family. The decorators of the families are made of this.

    Args:
        family: The base class of the family.
        name: What settings call it.
        description: One line for `retrospec plugins`.
        settings: Model of its settings section, handed to the class when it is made; None for none.

    Raises:
        TypeError: The decorated class is not of the family.
    """

    def mark(cls: Offered) -> Offered:
        if not issubclass(cls, family):
            raise TypeError(f"{cls.__name__} is offered as {family.__name__} but does not inherit from it")
        cls.registration = Registration(family, name, description, cls, settings)  # type: ignore[attr-defined]
        return cls

    return mark
