"""Compares the API of two sources by griffe."""

import griffe
from public_names import names_of


def breaking(entries, earlier, now):
    """What breaks users of the names that `entries` of `PUBLIC` stand for, each in a line. `earlier`, `now`: folders of
    sources."""
    before, after = _Sources(earlier), _Sources(now)
    for entry in entries:
        for name in names_of(earlier, entry):
            old, new = before.find(name), after.find(name)
            if old is None:
                raise LookupError(f"{name} is not in {earlier}, although {entry} stands for it")
            if new is None:
                yield f"{name} was removed"
            else:
                yield from sorted({_told(each) for each in griffe.find_breaking_changes(_holder(old), _holder(new))})


class _Sources:
    """Packages below a folder, loaded once. Nothing is imported."""

    def __init__(self, folder):
        self._folder = folder
        self._loaded = {}

    def find(self, name):
        """The object with this name, wherever it is defined; None if there is none."""
        package = name.partition(".")[0]
        if package not in self._loaded:
            self._loaded[package] = griffe.load(
                package,
                search_paths=[self._folder],
                allow_inspection=False,
                resolve_aliases=True,
                resolve_external=False,
            )
        try:
            found = self._loaded[package][name.partition(".")[2]]
            return found.final_target if found.is_alias else found
        except (KeyError, griffe.AliasResolutionError):
            return None


def _holder(found):
    """A module that has nothing but this: griffe compares the members of what it is given."""
    module = griffe.Module("public")
    module.exports = ["it"]
    module.members["it"] = griffe.Alias("it", found, parent=module)
    return module


def _told(breakage):
    place = breakage.obj.path
    if breakage.kind.name.startswith("PARAMETER"):
        place += f"({(breakage.old_value or breakage.new_value).name})"
    return f"{place}: {breakage.kind.value}"
