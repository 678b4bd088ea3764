"""Figures of the package's layout, read from its source: `python -m tests.support.house` prints them.

Nothing is imported; the syntax trees of all modules say it. Imports for types alone count like any other, and so do
imports inside functions.

* Rooms are what lies at the top of the package: folders and loose modules.
* A circle is a set of modules each of which imports, by way of others or itself, each other one.
* A class counts as defined twice if two modules define public classes of its name.
* What a program says on standard error is thrown away only where a comment on that line says why.
* An import of the package's own modules inside a function needs a reason: a comment on its line or directly above the
  import statements that it is among.
"""

from __future__ import annotations

import ast
import collections
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.paths import PACKAGE

LONG = 400  # lines, from which on a file counts as long
_ENTRY = ("__init__.py", "__main__.py")
_Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class Module:
    """A module's name, where it is, and what it says."""

    name: str
    path: Path
    text: str

    @property
    def package(self) -> str:
        """The package that its relative imports start from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    def imports(self) -> Iterator[_Import]:
        """Return all import statements, at any depth."""
        return (node for node in ast.walk(self.tree) if isinstance(node, _Import))

    def source(self, node: ast.ImportFrom) -> str:
        """Return the full name of the module that names are imported from."""
        if not node.level:
            return node.module or ""
        above = self.package.split(".")
        return ".".join([*above[: len(above) - node.level + 1], *([node.module] if node.module else [])])


class House:
    """The modules of a package and what they import from each other."""

    def __init__(self, package: Path = PACKAGE) -> None:
        self.package = package
        self.modules = {module.name: module for module in map(self._module, sorted(package.rglob("*.py")))}

    def _module(self, path: Path) -> Module:
        parts = path.relative_to(self.package.parent).with_suffix("").parts
        return Module(".".join(parts).removesuffix(".__init__"), path, path.read_text("utf-8"))

    def imported(self, module: Module, node: _Import) -> set[str]:
        """Return the modules of this package that a statement imports, or imports from."""
        if isinstance(node, ast.Import):
            found = {alias.name for alias in node.names}
        else:
            source = module.source(node)
            # `from .room import name`: the name is a module of the room, or something that the room itself holds.
            found = {f"{source}.{alias.name}" for alias in node.names}
            found = {name if name in self.modules else source for name in found}
        return found & set(self.modules) - {module.name}

    @functools.cached_property
    def graph(self) -> dict[str, set[str]]:
        """What each module imports. Packages are left out: they gather words from their modules."""
        return {
            module.name: {
                name
                for node in module.imports()
                for name in self.imported(module, node)
                if self.modules[name].path.name != "__init__.py"
            }
            for module in self.modules.values()
        }

    def loose(self) -> list[str]:
        """Return the modules that lie in no room."""
        return [path.stem for path in sorted(self.package.glob("*.py")) if path.name not in _ENTRY]

    def rooms(self) -> list[str]:
        """Return the names of folders and loose modules at the top."""
        return self.loose() + [path.name for path in sorted(self.package.iterdir()) if list(path.glob("*.py"))]

    def circles(self) -> list[list[str]]:
        """Return the circles of imports: the strongly connected parts of the graph (Tarjan's algorithm)."""
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        found: list[list[str]] = []

        def visit(name: str) -> None:
            index[name] = low[name] = len(index)
            stack.append(name)
            for other in sorted(self.graph[name]):
                if other not in index:
                    visit(other)
                    low[name] = min(low[name], low[other])
                elif other in stack:
                    low[name] = min(low[name], index[other])
            if low[name] == index[name]:
                at = stack.index(name)
                part, stack[at:] = stack[at:], []
                if len(part) > 1:
                    found.append(sorted(part))

        for name in self.graph:
            if name not in index:
                visit(name)
        return found

    def long(self) -> dict[str, int]:
        """Return the modules of more than `LONG` lines, and how many they have."""
        lines = {name: module.text.count("\n") for name, module in self.modules.items()}
        return {name: count for name, count in lines.items() if count > LONG}

    def twice(self) -> dict[str, list[str]]:
        """Return the names of public classes that several modules define, and which modules do."""
        homes = collections.defaultdict(list)
        for module in self.modules.values():
            for node in module.tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes[node.name].append(module.name)
        return {name: found for name, found in sorted(homes.items()) if len(found) > 1}

    def unexplained(self) -> list[str]:
        """Return where the package's own modules are imported inside a function without a reason, as "path:line"."""
        return [
            f"{module.path.relative_to(self.package.parent)}:{node.lineno}"
            for module in self.modules.values()
            for node in self._inner(module)
            if self.imported(module, node) and not _explained(module, node)
        ]

    def _inner(self, module: Module) -> list[_Import]:
        found: dict[int, _Import] = {}
        for function in ast.walk(module.tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= {node.lineno: node for node in ast.walk(function) if isinstance(node, _Import)}
        return [found[line] for line in sorted(found)]

    def unheard(self) -> list[str]:
        """Return where a program's standard error is thrown away without a reason, as "path:line"."""
        return [
            f"{module.path.relative_to(self.package.parent)}:{node.lineno}"
            for module in self.modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call | ast.Dict)
            for value in _errors(node)
            if "devnull" in ast.unparse(value).lower() and "#" not in module.text.splitlines()[value.lineno - 1]
        ]

    def hidden(self) -> list[str]:
        """Return the public words of the package that have the name of a room or module, and so hide it."""
        public = {name for module in self.modules.values() if module.path.parent == self.package and
                  module.path.name == "__init__.py" for name in _public(module)}  # fmt: skip
        return sorted(public & set(self.rooms()))


def _explained(module: Module, node: _Import) -> bool:
    """Whether a comment is on an import, or directly above the imports that it is among."""
    lines = module.text.splitlines()
    if any("#" in line for line in lines[node.lineno - 1 : node.end_lineno]):
        return True
    at = node.lineno - 2
    while lines[at].lstrip().startswith(("from ", "import ")):
        at -= 1
    return lines[at].lstrip().startswith("#") or "#" in lines[at + 1]


def _errors(node: ast.Call | ast.Dict) -> list[ast.expr]:
    """Return what a call, or a dictionary of its arguments, gives as `stderr`."""
    if isinstance(node, ast.Call):
        return [word.value for word in node.keywords if word.arg == "stderr"]
    pairs = zip(node.keys, node.values, strict=True)
    return [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "stderr"]


def _public(module: Module) -> list[str]:
    """Return the names in a module's `__all__`."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


if __name__ == "__main__":
    house = House()
    print(f"{len(house.rooms())} rooms, {len(house.loose())} loose modules: {' '.join(house.rooms())}")
    print(f"{len(house.modules)} modules, {sum(module.text.count(chr(10)) for module in house.modules.values())} lines")
    print(f"{len(house.circles())} circles of imports")
    for circle in house.circles():
        print("   ", " ".join(circle))
    print(f"{len(house.long())} files over {LONG} lines")
    for name, lines in house.long().items():
        print(f"    {lines} {name}")
    print(f"{len(house.twice())} public classes of a name that another has too")
    for name, where in house.twice().items():
        print(f"    {name}: {' '.join(where)}")
    print(f"{len(house.unexplained())} imports inside functions without a reason")
    for line in house.unexplained():
        print("   ", line)
