"""YAML that people write, held against a schema: what is wrong, in plain words, at its line."""

from __future__ import annotations

from typing import Any

import yaml


class NotYamlError(ValueError):
    """A text is no YAML; ``line`` counts from 0."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


class _Plain(yaml.SafeLoader):
    """Reads YAML without aliases: with one a value can hold itself, or a short text stand for ten million values."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            what = f"'*{event.anchor}' is an alias; write the value again"
            raise yaml.composer.ComposerError(None, None, what, event.start_mark)
        return super().compose_node(parent, index)


def read_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """Return a text as a tree with lines, and as plain values.

    Raises:
        NotYamlError: where it is no YAML, or holds a value that is none, such as the date 2026-13-45, or an alias.
    """
    try:
        return yaml.compose(text, _Plain), yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        raise NotYamlError(error.problem_mark.line if error.problem_mark else 0, str(error.problem)) from None
    except yaml.reader.ReaderError as error:
        raise NotYamlError(text[: error.position].count("\n"), "it holds a control character") from None
    except (ValueError, RecursionError) as error:
        raise NotYamlError(0, str(error).partition("\n")[0]) from None


def line_of(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """Return the line (from 0) of the deepest part of ``loc`` that a composed YAML ``node`` has.

    A number names an entry of a list, or of a mapping that has no such key.
    """
    line = node.start_mark.line if node else 0
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            match = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if match is None and isinstance(part, int) and part < len(node.value):
                match = node.value[part]
            if match is None:
                break
            line, node = match[0].start_mark.line, match[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return line


def explain(entry: Any) -> str:
    """Return pydantic's account of one error in plain words."""
    if entry["type"] == "extra_forbidden":
        return "nobody knows this key"
    if entry["type"] == "missing":
        return "is missing"
    return str(entry["msg"]).removeprefix("Value error, ")
