"""From a finished run to a bundle: what inference needs, nothing more, with checksums."""
