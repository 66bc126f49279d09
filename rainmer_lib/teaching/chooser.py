"""Button of a notebook to choose a photo; a sentence in its place where there is no ipywidgets, or where nothing runs."""

from importlib import import_module

TEXT = (
    "In a running notebook a button stands here, to upload a photo of up to 10 MB (package ipywidgets, extra `lab`). "
    "Without it, set `photo` to the path of a file."
)


class Chooser:
    """Button to upload one image; as the last value of a notebook cell it appears there.

    What was uploaded stays until the button's cell runs again.  Without ipywidgets nothing can be chosen.
    """

    def __init__(self) -> None:
        try:
            made = import_module("ipywidgets").FileUpload
        except ModuleNotFoundError:
            self.button = None
        else:
            self.button = made(accept="image/*", multiple=False, description="Choose a photo", layout={"width": "12em"})

    @property
    def chosen(self) -> tuple[str, bytes] | None:
        """Name and content of the file that was uploaded; None if there is none."""
        if self.button is None or not self.button.value:
            return None
        file = self.button.value[-1]
        return file["name"], bytes(file["content"])

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        shown = {} if self.button is None else self.button._repr_mimebundle_(include=include, exclude=exclude)
        return shown | {"text/markdown": TEXT, "text/plain": TEXT}
