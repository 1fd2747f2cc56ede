"""The bucket itself: there, made, and kept tidy."""

from typing import Any

from retrospec.plugin import StorageUnavailable

from .calls import Calls, Refused
from .settings import S3Settings

LEFTOVERS, OLD_OBJECTS = "retrospec-unfinished-uploads", "retrospec-expired-"
PREFIXES = ("session-events/", "replay-artifacts/")
# What S3 answers, without a word, to keys that have ended and to a bucket of another region.
WRONG_PLACE = ("301", "400")
NEEDED = "s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload"


async def make_ready(calls: Calls, settings: S3Settings) -> None:
    """See that the bucket is there, and set up what the settings ask for.

    Raises:
        StorageUnavailable: It cannot be used; the text says which setting to look at.
    """
    try:
        await reach(calls, settings)
    except Refused as refusal:
        if not refusal.missing:
            raise
        if not settings.create_bucket:
            raise StorageUnavailable(
                f"S3_BUCKET={settings.bucket}: there is no such bucket at {settings.place}; make it, or set "
                "S3_CREATE_BUCKET=true"
            ) from refusal
        await _create(calls, settings)
    if settings.lifecycle_enabled:
        await _keep_rules(calls, settings)


async def reach(calls: Calls, settings: S3Settings) -> None:
    """Ask for the bucket.

    Raises:
        Refused: It is not there.
        StorageUnavailable: It may be; the text names it, and what to look at.
    """
    try:
        await calls("head_bucket")
    except Refused as refusal:
        if refusal.missing:
            raise
        ours = refusal.denied or refusal.reason in WRONG_PLACE
        hint = f" (check S3_REGION and the keys, and that they allow {NEEDED})" if ours else ""
        raise StorageUnavailable(f"bucket {settings.bucket} at {settings.place}: {refusal}{hint}") from refusal
    except StorageUnavailable as failure:
        raise StorageUnavailable(f"bucket {settings.bucket} at {settings.place}: {failure}") from failure


async def _create(calls: Calls, settings: S3Settings) -> None:
    # us-east-1 is the region that must not be named.
    elsewhere = settings.region != "us-east-1"
    where = {"CreateBucketConfiguration": {"LocationConstraint": settings.region}} if elsewhere else {}
    try:
        await calls("create_bucket", **where)
    except StorageUnavailable as failure:
        # Another process that starts now may have been quicker.
        if not (isinstance(failure, Refused) and failure.reason == "BucketAlreadyOwnedByYou"):
            raise StorageUnavailable(
                f"S3_BUCKET={settings.bucket}: cannot be made at {settings.place}: {failure}"
            ) from failure


async def _keep_rules(calls: Calls, settings: S3Settings) -> None:
    try:
        there = await _rules(calls)
        foreign = [rule for rule in there if not _is_ours(rule)]
        wanted = foreign + _our_rules(settings.lifecycle_expire_days)
        if there != wanted:
            await calls("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": wanted})
    except StorageUnavailable as failure:
        raise StorageUnavailable(
            f"S3_LIFECYCLE_ENABLED: the rules of bucket {settings.bucket} cannot be set: {failure}"
        ) from failure


async def _rules(calls: Calls) -> list[dict[str, Any]]:
    try:
        rules: list[dict[str, Any]] = (await calls("get_bucket_lifecycle_configuration")).get("Rules", [])
    except Refused as refusal:
        if refusal.reason != "NoSuchLifecycleConfiguration":
            raise
        return []
    return rules


def _is_ours(rule: dict[str, Any]) -> bool:
    return str(rule.get("ID", "")).startswith((LEFTOVERS, OLD_OBJECTS))


def _our_rules(expire_days: int) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [
        {
            "ID": LEFTOVERS,
            "Filter": {"Prefix": ""},
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ]
    # By prefix: whatever else lies in the bucket is not ours to expire.
    expiring = PREFIXES if expire_days else ()
    return rules + [
        {
            "ID": OLD_OBJECTS + prefix.strip("/"),
            "Filter": {"Prefix": prefix},
            "Status": "Enabled",
            "Expiration": {"Days": expire_days},
        }
        for prefix in expiring
    ]
