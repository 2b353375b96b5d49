"""The MkDocs hook: verifies the pages before they are rendered, and shows on them what was seen.

Everything that touches MkDocs (or ProperDocs) is in this file.
"""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from typing import Any

from walkthrough import figures, publish
from walkthrough.archive import archives
from walkthrough.course import Course, read_course
from walkthrough.errors import EngineMissingError, Problem, WalkthroughError
from walkthrough.labfolder import drift_of
from walkthrough.project import Project, state_folder
from walkthrough.record import content_digest, read_record
from walkthrough.report import Progress, summary, table
from walkthrough.verify import Run, verify

_log = logging.getLogger("mkdocs.plugins.walkthrough")


class _Site:
    """What the hook knows between MkDocs' events."""

    def __init__(self) -> None:
        self.serving = False
        self.project: Project | None = None
        self.course: Course | None = None
        self.view: publish.View | None = None
        self.fence = 0
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.run: Run | None = None
        self.walker: _BackgroundWalker | None = None


_site = _Site()


def on_startup(command: str, **_: Any) -> None:
    """Remember whether this is a live preview."""
    _site.serving = command == "serve"


def on_config(config: Any) -> Any:
    """Let every fence be rendered through this hook, and find the project."""
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {})
    fences["custom_fences"] = [{"name": "*", "class": "", "validator": _accept_options, "format": _format}]
    _site.project = Project(Path(config.config_file_path).absolute().parent)
    return config


def on_files(files: Any, config: Any) -> Any:
    """Verify the pages: at once in a build, in the background in a preview; add each lab's archive."""
    assert _site.project is not None
    _site.course = read_course(_site.project)
    if _site.serving:
        _site.walker = _site.walker or _BackgroundWalker(_site.project)
        _site.walker.look(_site.course)
        _site.problems = _site.walker.problems(_site.course)
    else:
        _verify(_site.course)
    for path, content in archives(_site.course.itineraries).items():
        files.append(_generated(config, path, content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Choose what is known of the page that is rendered next."""
    assert _site.project is not None
    assert _site.course is not None
    path = f"docs/{page.file.src_uri}"
    itinerary = _site.course.itineraries.get(path)
    problems = _site.problems.get(path, ())
    _site.fence = 0
    _site.view = None
    if itinerary:
        walking = _site.walker is not None and _site.walker.at_work
        _site.view = publish.view_of(itinerary, read_record(_site.project, itinerary.page), problems, walking)
    elif problems:
        known = _site.course.pages.get(path)
        if known is None:
            _log.info("%s cannot be read as it is; its problems are shown on it", path)
        else:
            _site.view = publish.View(known, state="failed", problems=problems)
    return markdown


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Draw the figures in the page's prose from the records, and put its evidence at its end."""
    html = _with_figures(html)
    if _site.view is not None:
        return html + publish.evidence(_site.view)
    problems = _site.problems.get(f"docs/{page.file.src_uri}", ())
    return html + "".join(publish.problem(problem) for problem in problems)


def _with_figures(html: str) -> str:
    project, course = _site.project, _site.course
    assert project is not None
    assert course is not None
    known = figures.sources(course.itineraries)
    return figures.fill(html, known, lambda path: read_record(project, course.itineraries[path].page))


def on_post_build(**_: Any) -> None:
    """End a build with the table of its pages."""
    if _site.run is not None:
        print(table(_site.run))
        for result in _site.run.results:
            for path in result.rewritten:
                print(f"brought up to date: {path}")
        print(summary(_site.run))


def on_serve(server: Any, **_: Any) -> Any:
    """Let the preview refresh when a verdict is in."""
    if _site.walker is not None:
        server.watch(str(_site.walker.signal.parent))
    return server


def _verify(course: Course) -> None:
    """Walk what changed; without an engine, say what each page's record is worth.

    Raises:
        PluginError: where a page does not hold, after all pages were tried.
    """
    try:
        _site.run = verify(course, [], Progress())
    except EngineMissingError as error:
        # Printed, not logged: it must be seen in a quiet build too, and is no warning that a strict one fails on.
        print(f"nothing is walked: {error}")
        for itinerary in course.itineraries.values():
            print(publish.worth(publish.view_of(itinerary, read_record(course.project, itinerary.page))))
        for problem in drift_of(course):
            print(problem)
        problems = list(course.problems)
    except WalkthroughError as error:
        raise _plugin_error(str(error)) from None
    else:
        outside = [problem for problem in course.problems if problem not in _site.run.problems]
        problems = [*_site.run.problems, *outside]
        problems += [] if problems else drift_of(course)
    if problems:
        if _site.run is not None:
            print(table(_site.run))
        raise _plugin_error("the pages do not hold:\n" + "\n".join(map(str, problems)))


def _plugin_error(message: str) -> Exception:
    """Return the error that ends a build without a traceback, of the generator that runs us."""
    if "properdocs" in sys.modules:
        from properdocs.exceptions import PluginError
    else:
        from mkdocs.exceptions import PluginError  # type: ignore[assignment]
    return PluginError(message)


def _generated(config: Any, path: str, content: bytes) -> Any:
    """Return a file of the site that is made here, as the generator that runs us knows it."""
    if "properdocs" in sys.modules:
        from properdocs.structure.files import File
    else:
        from mkdocs.structure.files import File  # type: ignore[assignment]
    return File.generated(config, path, content=content)


def _accept_options(_language: str, inputs: dict[str, str], options: dict[str, Any], _attrs: Any, _md: Any) -> bool:
    """Accept every option: the page has been read before, and each of its options is known."""
    options.update(inputs)
    return True


def _format(source: str, language: str, _class: str, options: dict[str, Any], md: Any, **keywords: Any) -> str:
    """Render a fence as superfences would, then let what is known of it be put there."""
    looks = {name: options[name] for name in ("title", "linenums", "hl_lines") if name in options}
    highlighted = md.preprocessors["fenced_code_block"].highlight(
        src=source, language=language, options=looks, md=md, **keywords
    )
    number, _site.fence = _site.fence, _site.fence + 1
    return publish.block(_site.view, number, highlighted) if _site.view else str(highlighted)


class _BackgroundWalker:
    """Verifies in the background while the preview is read; the newest state of the pages wins.

    ``signal`` is a file that is touched when a verdict is in; the preview's server watches it.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._wanted = threading.Condition()
        self._again = False
        self._known: dict[str, tuple[Problem, ...]] = {}
        self.at_work = False
        self.signal = state_folder() / "serve" / "verdict"
        self.signal.parent.mkdir(parents=True, exist_ok=True)
        self.signal.touch()
        self._seen: object = None
        threading.Thread(target=self._work, name="background walker", daemon=True).start()

    def look(self, course: Course) -> None:
        """Walk anew if anything executable, or what is wrong with the pages, changed since the last look."""
        seen = {path: content_digest(itinerary) for path, itinerary in course.itineraries.items()}
        if seen == self._seen:
            return
        self._seen = seen
        with self._wanted:
            self._again = self.at_work = True
            self._wanted.notify()

    def problems(self, course: Course) -> dict[str, tuple[Problem, ...]]:
        """Return the problems by page: those of reading it, else those of its last walk."""
        paths = {problem.where.path for problem in course.problems} | self._known.keys()
        return {path: tuple(course.broken(path)) or self._known.get(path, ()) for path in paths}

    def _work(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._again)
                self._again = False
            known: dict[str, tuple[Problem, ...]] = {}
            try:
                run = verify(read_course(self._project), [], Progress())
                known = {result.page: result.problems for result in run.results if result.problems}
                _log.info("verdict: %s", summary(run))
                for problem in run.problems:
                    _log.info("%s", problem)
            except WalkthroughError as error:
                _log.info("nothing is walked: %s", error)
            except Exception:
                _log.exception("the background walk broke")
            self._known = known
            with self._wanted:
                self.at_work = self._again
            self.signal.write_text("a verdict is in\n")
            self.signal.touch()
