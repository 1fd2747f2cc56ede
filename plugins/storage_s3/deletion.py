"""Taking many objects out of the bucket at once."""

from collections.abc import Mapping, Sequence

from retrospec.plugin import checked_key

from .calls import Calls, Refused

# As many as S3 takes in one call.
BATCH = 1000


async def delete(calls: Calls, keys: Sequence[str]) -> Mapping[str, str]:
    """Delete objects.

    Returns:
        For each key that could not be deleted, the reason.

    Raises:
        StorageUnavailable: S3 does not answer. Deleting all of them again does no harm.
    """
    failed: dict[str, str] = {}
    by_list: list[str] = []
    by_name: list[str] = []
    for key in dict.fromkeys(keys):
        try:
            checked_key(key)
        except ValueError as error:
            failed[key] = str(error)
        else:
            # A list of keys is XML, which has no words for some letters: one such key would fail its whole batch.
            (by_list if key.isprintable() else by_name).append(key)
    for start in range(0, len(by_list), BATCH):
        failed |= await _delete_batch(calls, by_list[start : start + BATCH])
    for key in by_name:
        failed |= await _delete_one(calls, key)
    return failed


async def _delete_batch(calls: Calls, keys: Sequence[str]) -> Mapping[str, str]:
    answer = await calls("delete_objects", Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})
    refusals = {error["Key"]: Refused(error.get("Code", "unknown")) for error in answer.get("Errors", [])}
    return {key: str(refusal) for key, refusal in refusals.items() if not refusal.missing}


async def _delete_one(calls: Calls, key: str) -> Mapping[str, str]:
    try:
        await calls("delete_object", Key=key)
    except Refused as refusal:
        return {} if refusal.missing else {key: str(refusal)}
    return {}
