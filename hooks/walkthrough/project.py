"""The places of a project: where its pages, labs and state are."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from walkthrough.errors import WalkthroughError

LAB_PREFIX = "lab-"


def state_folder() -> Path:
    """Return the folder of all state outside the checkout: ``LABS_STATE``, else below the user's cache."""
    named = os.environ.get("LABS_STATE")
    if named:
        return Path(named).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser().absolute() / "docker-labs"


class _SiteConfigLoader(yaml.SafeLoader):
    """Reads ``mkdocs.yml`` without MkDocs: plain YAML and ``!!python/name:`` for extension options."""


def _named_object(_loader: yaml.Loader, suffix: str, _node: yaml.Node) -> Any:
    module, _, name = suffix.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _environment(loader: yaml.Loader, node: yaml.Node) -> Any:
    """``!ENV [NAME, default]`` as MkDocs reads it; only the default matters to a page's text."""
    if isinstance(node, yaml.SequenceNode):
        *names, default = loader.construct_sequence(node)
        return next((os.environ[name] for name in names if name in os.environ), default)
    return os.environ.get(str(node.value))


_SiteConfigLoader.add_multi_constructor("tag:yaml.org,2002:python/name:", _named_object)
_SiteConfigLoader.add_constructor("!ENV", _environment)


def _pages_in(menu: Any) -> Iterator[str]:
    """Yield the pages that a part of ``nav`` names, from top to bottom."""
    if isinstance(menu, str):
        yield menu
    elif isinstance(menu, (list, dict)):
        for part in menu.values() if isinstance(menu, dict) else menu:
            yield from _pages_in(part)


@dataclass(frozen=True)
class Project:
    """A checkout: ``root`` holds ``mkdocs.yml``, ``docs/`` and ``labs/``."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Return the project that ``start`` (default: the working directory) lies in."""
        start = (start or Path.cwd()).absolute()
        for folder in (start, *start.parents):
            if (folder / "mkdocs.yml").is_file():
                return cls(folder)
        raise WalkthroughError(f"no mkdocs.yml in {start} or above it; run this inside the checkout")

    @property
    def docs(self) -> Path:
        """The folder of the pages."""
        return self.root / "docs"

    @property
    def labs(self) -> Path:
        """The folder of the generated labs and of the records."""
        return self.root / "labs"

    @cached_property
    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = yaml.load((self.root / "mkdocs.yml").read_text(), _SiteConfigLoader)  # noqa: S506 - a SafeLoader
        return config

    @cached_property
    def menu(self) -> dict[str, int]:
        """The place of each page in the site's menu, by path; empty where the menu is made from the folders."""
        return {f"docs/{page}": place for place, page in enumerate(_pages_in(self._config.get("nav")))}

    @cached_property
    def markdown_extensions(self) -> tuple[list[str], dict[str, Any]]:
        """The Markdown extensions that the site renders with, and their options by extension."""
        names, options = ["toc", "tables"], {}
        for entry in self._config.get("markdown_extensions", []):
            name, values = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
            if name not in names:
                names.append(name)
            options[name] = values or {}
        return names, options

    def page_paths(self) -> list[Path]:
        """Return every Markdown file of ``docs/``, sorted."""
        return sorted(self.docs.rglob("*.md"))

    def relative(self, path: Path) -> str:
        """Return ``path`` as people name it: relative to the project, with slashes."""
        return path.absolute().relative_to(self.root).as_posix()
