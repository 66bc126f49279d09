"""What a figure shows."""


def words(axis):
    """Every text that stands in it."""
    return [text.get_text() for text in axis.texts]


def boxes(axis):
    """Extents of the boxes of a diagram that are drawn as such."""
    return [p.get_path().get_extents(p.get_patch_transform()) for p in axis.patches if hasattr(p, "get_boxstyle")]
