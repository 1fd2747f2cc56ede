"""What keeps data from being moved."""

from retrospec.core.errors import Conflict, RetrospecError


class BadArchive(RetrospecError):
    """The archive is damaged, or none of ours."""

    code = "bad_archive"


class OtherVersion(RetrospecError):
    """The schema is not the one of this version."""

    code = "other_version"


class NotEmpty(Conflict):
    """The target holds data already."""

    code = "target_not_empty"


class Unfinished(RetrospecError):
    """Data was moved in part only; the text says what there is now."""

    code = "unfinished"
