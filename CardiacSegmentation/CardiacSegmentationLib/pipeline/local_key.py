"""A secret of this user on this computer, so that checksums in de-identified results tell nobody else anything.

A plain checksum of a patient's age and weight, or of the names and dates of files, can be found by trying them all.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.deidentify import KEY_VARIABLE
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.resources import user_file

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32


def local_key() -> bytes:
    """``$CARDIACSEG_DEIDENTIFY_KEY``, else a random key that is made once and kept in the user's own settings.

    Where it cannot be kept it is of this moment alone: then no later run knows the results again, and does them anew.
    """
    chosen = os.environ.get(KEY_VARIABLE, "").encode()
    if chosen:
        return chosen
    path = key_path()
    try:
        if path.stat().st_size == KEY_BYTES:
            return path.read_bytes()
    except OSError:
        pass  # not made yet
    key = secrets.token_bytes(KEY_BYTES)
    try:
        with atomic_path(path) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_bytes(key)
    except OSError:
        return key
    return path.read_bytes()


def key_path() -> Path:
    """Where the key is kept."""
    return user_file("key")


def checksum(content: bytes, key: bytes = b"") -> str:
    """A checksum (HMAC-SHA-256) in hexadecimal digits."""
    return hmac.digest(key, content, hashlib.sha256).hex()
