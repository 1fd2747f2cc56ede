"""Making, changing, ordering and removing the rules of a project."""

import asyncio
from collections.abc import Sequence

from msgspec import UNSET, to_builtins
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.clustering.pattern_checks import Refused, check_regex
from retrospec.clustering.patterns import LENGTHS, PATTERN_LIMIT
from retrospec.clustering.rules import FIELDS, places
from retrospec.clustering.schemas import NewRule, Rule, RuleAction, RuleMatch, RulePatch, TextMatch, rule_view
from retrospec.core.clock import now
from retrospec.core.db import transaction
from retrospec.core.errors import Conflict, Invalid, NotFound
from retrospec.core.ids import new_id
from retrospec.issues.models import ClusteringRule
from retrospec.issues.recount import lock_project

RULES_LIMIT = 100
_ID_LIMIT = 64


async def list_rules(project_id: str) -> list[Rule]:
    """The rules of a project, in the order in which they are asked."""
    return [rule_view(row) for row in await _rows(project_id)]


async def get_rule(project_id: str, rule_id: str) -> Rule:
    """One rule.

    Raises:
        NotFound: The project has none of that id.
    """
    return rule_view(_find(await _rows(project_id), rule_id))


async def create_rule(project_id: str, new: NewRule) -> Rule:
    """Make a rule.

    Raises:
        Invalid: It matches or does nothing, or too much, or a pattern cannot be used.
        Conflict: The project has 100 rules.
    """
    await check_rule(new.match, new.action)
    name = _name(new.name)
    async with transaction() as db:
        await lock_project(db, project_id)
        rows = await _rows(project_id, db)
        if len(rows) >= RULES_LIMIT:
            raise Conflict(f"a project has at most {RULES_LIMIT} clustering rules")
        moment = now()
        row = ClusteringRule(
            id=new_id("rule"),
            project_id=project_id,
            name=name,
            position=len(rows) + 1,
            match=to_builtins(new.match),
            action=to_builtins(new.action),
            enabled=new.enabled,
            created_at=moment,
            updated_at=moment,
        )
        await row.save(using_db=db, force_create=True)
        await _place(db, rows, row, new.position or len(rows) + 1)
    return rule_view(row)


async def change_rule(project_id: str, rule_id: str, patch: RulePatch) -> Rule:
    """Change what a patch names.

    Raises:
        NotFound: The project has no such rule.
        Invalid: As for `create_rule`; nothing has changed.
    """
    before = await get_rule(project_id, rule_id)
    if patch.match is not UNSET or patch.action is not UNSET:
        # Both, whichever has changed: texts of the one speak of groups of the other.
        await check_rule(patch.match or before.match, patch.action or before.action)
    async with transaction() as db:
        await lock_project(db, project_id)
        rows = await _rows(project_id, db)
        row = _find(rows, rule_id)
        if patch.name is not UNSET:
            row.name = _name(patch.name)
        if patch.match is not UNSET:
            row.match = to_builtins(patch.match)
        if patch.action is not UNSET:
            row.action = to_builtins(patch.action)
        if patch.enabled is not UNSET:
            row.enabled = patch.enabled
        row.updated_at = now()
        await row.save(using_db=db)
        if patch.position is not UNSET:
            await _place(db, [one for one in rows if one.id != rule_id], row, patch.position)
    return rule_view(row)


async def delete_rule(project_id: str, rule_id: str) -> None:
    """Remove a rule. Clusters keep the keys that it gave.

    Raises:
        NotFound: The project has no such rule.
    """
    async with transaction() as db:
        await lock_project(db, project_id)
        rows = await _rows(project_id, db)
        row = _find(rows, rule_id)
        await row.delete(using_db=db)
        await _number(db, [one for one in rows if one.id != rule_id])


async def _rows(project_id: str, db: BaseDBAsyncClient | None = None) -> list[ClusteringRule]:
    found = ClusteringRule.filter(project_id=project_id).order_by("position", "uid")
    return await (found.using_db(db) if db is not None else found)


def _find(rows: Sequence[ClusteringRule], rule_id: str) -> ClusteringRule:
    for row in rows:
        if row.id == rule_id:
            return row
    raise NotFound("clustering rule not found")


async def _place(db: BaseDBAsyncClient, others: Sequence[ClusteringRule], row: ClusteringRule, position: int) -> None:
    """Put a rule at a position among the others, or behind the last of them."""
    at = min(position, len(others) + 1) - 1
    await _number(db, [*others[:at], row, *others[at:]])


async def _number(db: BaseDBAsyncClient, rows: Sequence[ClusteringRule]) -> None:
    for position, row in enumerate(rows, 1):
        if row.position != position:
            row.position = position
            await row.save(using_db=db, update_fields=["position"])


def _name(text: str) -> str:
    if not (trimmed := text.strip()) or not trimmed.isprintable():
        raise Invalid("name must not be empty, nor hold what cannot be shown", detail="name")
    return trimmed


async def check_rule(match: RuleMatch, action: RuleAction) -> None:
    """Refuse a rule that cannot be used.

    Raises:
        Invalid: As for `create_rule`.
    """
    conditions = {field: condition for field in FIELDS if (condition := getattr(match, field)) is not None}
    if not conditions:
        raise Invalid(f"match must name at least one of {', '.join(FIELDS)}", detail="match")
    groups = set()
    for field, condition in conditions.items():
        groups |= await _check_condition(field, condition)
    if (action.fingerprint is None) == (action.extra is None):
        raise Invalid("action must have either fingerprint or extra", detail="action")
    if action.fingerprint is not None and not action.fingerprint.strip():
        raise Invalid("action.fingerprint must not be empty", detail="action.fingerprint")
    if action.extra is not None:
        _check_extra(action.extra, groups)


def _check_extra(extra: Sequence[str], groups: set[str]) -> None:
    if not extra or not all(text.strip() for text in extra):
        raise Invalid("action.extra must have texts, and none of them empty", detail="action.extra")
    for name in (name for text in extra for name in places(text)):
        if name not in groups:
            known = ", ".join(sorted(groups)) or "none"
            raise Invalid(
                f"action.extra: no regex has a group (?P<{name}>…) (there are: {known})", detail="action.extra"
            )


async def _check_condition(field: str, condition: TextMatch) -> set[str]:
    """Refuse a pattern that cannot be used; say which groups it has."""
    place = f"match.{field}"
    if (condition.glob is None) == (condition.regex is None):
        raise Invalid(f"{place} must have either glob or regex", detail=place)
    text = condition.glob if condition.regex is None else condition.regex
    if not text:
        raise Invalid(f"{place} must not be empty", detail=place)
    if len(text) > PATTERN_LIMIT:
        raise Invalid(f"{place} is longer than {PATTERN_LIMIT} characters", detail=place)
    if condition.regex is None:
        return set()
    try:
        # In a thread: a pattern that is refused for being slow has been slow.
        return (await asyncio.to_thread(check_regex, condition.regex, LENGTHS[field])).names
    except Refused as refusal:
        raise Invalid(f"{place}.regex {refusal}", detail=f"{place}.regex") from refusal
