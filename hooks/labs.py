"""The MkDocs hook: verifies the pages before they are rendered, and shows on them what was seen.

Everything that touches MkDocs (or ProperDocs) is in this file.
"""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path
from typing import Any

import yaml

from walkthrough.doors.preview import BackgroundWalker
from walkthrough.doors.report import Progress, account
from walkthrough.doors.results import PageResult, Run
from walkthrough.doors.verify import verify
from walkthrough.errors import EngineMissingError, Problem, WalkthroughError
from walkthrough.page.course import Course, read_course
from walkthrough.page.figures import sources
from walkthrough.page.pages import Page
from walkthrough.project import Project, state_folder
from walkthrough.publish import blocks, figures, score, status
from walkthrough.publish.addresses import with_addresses
from walkthrough.publish.archive import archives, pack_site
from walkthrough.publish.downloads import downloads
from walkthrough.publish.labfolder import drift_of
from walkthrough.publish.policy import with_policy
from walkthrough.publish.prerequisites import with_sections
from walkthrough.publish.slots import Verdicts, slot
from walkthrough.record.evidence import Record, read_record
from walkthrough.walk.abort import reason

_STATUS = "status.md"
"""The page below ``docs/`` that ends with the course's status."""
_LATER = "<!-- the evidence stands here -->"
_log = logging.getLogger("mkdocs.plugins.walkthrough")


class _Site:
    """What the hook knows between MkDocs' events."""

    def __init__(self) -> None:
        self.serving = False
        self.project: Project | None = None
        self.course: Course | None = None
        self.view: blocks.View | None = None
        self.fence = 0
        self.records: dict[str, Record | None] = {}
        self.evidence: dict[str, str] = {}
        self.later: dict[str, str] = {}
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.run: Run | None = None
        self.walker: BackgroundWalker | None = None
        self.verdicts = Verdicts()
        self.seen = 0
        self.evidence_links: dict[str, str | None] = {}
        self.sections: dict[str, list[str]] = {}


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
    """Verify the pages: at once in a build, in the background in a preview; add downloads and evidence pages."""
    assert _site.project is not None
    _site.course = read_course(_site.project)
    if _site.serving:
        _site.walker = _site.walker or BackgroundWalker(_tell, _log)
        _site.seen = _site.verdicts.number
        _site.walker.look(_site.course)
        _site.problems = _site.walker.problems(_site.course)
    else:
        _verify(_site.course)
    itineraries = _site.course.itineraries
    _site.records = {path: read_record(_site.project, itinerary.page) for path, itinerary in itineraries.items()}
    for path, content in (archives(itineraries) | downloads(itineraries)).items():
        files.append(_generated(config, path, content))
    _site.evidence = {_evidence_source(itinerary.page): path for path, itinerary in itineraries.items()}
    for source, path in _site.evidence.items():
        page = itineraries[path].page
        title = f"Evidence: {page.front.title or page.name}"
        front = yaml.safe_dump({"title": title, "search": {"exclude": True}}, allow_unicode=True)
        files.append(_generated(config, source, f"---\n{front}---\n\n# {title}\n".encode()))
    return files


def _evidence_source(page: Page) -> str:
    """Return the page below ``docs/`` that shows the evidence of ``page``; it is made here and is in no folder."""
    return f"{page.lab}/evidence/{page.flat_name}.md"


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
        _site.view = blocks.view_of(itinerary, _site.records[path], problems, walking, _root(page))
    elif problems:
        known = _site.course.pages.get(path)
        if known is None:
            _log.info("%s cannot be read as it is; its problems are shown on it", path)
        else:
            _site.view = blocks.View(known, state="failed", problems=problems)
    return markdown


def on_page_content(html: str, page: Any, config: Any, files: Any, **_: Any) -> str:
    """Draw the figures in the page's prose from the records, and put what is known of it on it."""
    html = with_addresses(_with_figures(html), config.site_url or "", config.repo_url or "")
    source, view = page.file.src_uri, _site.view
    if view is not None:
        made = files.get_file_from_path(_evidence_source(view.page))
        link = _root(page) + made.url if made else None
        _site.evidence_links[view.page.path] = link
        _site.sections[str(page.url)] = [section.id for top in page.toc for section in top.children]
        heading, end, rest = html.partition("</h1>")
        line, unplaced = _placed("line", blocks.line(view, link)), _placed("end", blocks.unplaced(view))
        return heading + end + line + rest + blocks.evidence(view) + unplaced
    if source in _site.evidence:
        listed = _listed(_site.evidence[source], page, files)
        _site.later[source] = blocks.evidence_page(listed.view, listed.link)
        return html + _LATER
    if source == _STATUS:
        assert _site.course is not None
        menu = _site.course.project.menu
        paths = sorted(_site.course.itineraries, key=lambda path: menu.get(path, len(menu)))
        return html + status.status(_listed(path, page, files) for path in paths)
    problems = _site.problems.get(f"docs/{source}", ())
    return html + "".join(blocks.problem(problem) for problem in problems)


def _listed(path: str, page: Any, files: Any) -> status.Listed:
    """Return the view of the lab page ``path``, and the link that leads to it from ``page``."""
    assert _site.course is not None
    itinerary = _site.course.itineraries[path]
    view = blocks.view_of(itinerary, _site.records[path])
    link = _root(page) + files.get_file_from_path(path.removeprefix("docs/")).url
    return status.Listed(view, link, *score.current_score(_site.course.project, itinerary))


def _root(page: Any) -> str:
    """Return the way from a published page to the site's root."""
    return "../" * str(page.url).count("/")


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Give the page its Content-Security-Policy; a preview has none, as its server adds a script of its own.

    An evidence page gets its content only now: before, the search would read all of it for nothing.
    """
    output = output.replace(_LATER, _site.later.pop(page.file.src_uri, ""))
    ticked = {url: ids for url, ids in _site.sections.items() if len(ids) > 1}  # a page of one section has no boxes
    output = with_sections(output, str(page.url), ticked)
    if _site.serving:
        return output.replace("</body>", _site.verdicts.script(f"docs/{page.file.src_uri}", _site.seen) + "</body>")
    return with_policy(output)


def on_post_template(output_content: str, template_name: str, **_: Any) -> str:
    """Give the pages that are no Markdown, such as the one for a missing address, their policy too."""
    return with_policy(output_content) if template_name.endswith(".html") and not _site.serving else output_content


def _with_figures(html: str) -> str:
    assert _site.course is not None
    return figures.fill(html, sources(_site.course.itineraries), _site.records.get)


def on_post_build(config: Any, **_: Any) -> None:
    """Pack the site as an archive, and end a build with the table of its pages."""
    if not _site.serving:
        pack_site(Path(config.site_dir))
    if _site.run is not None:
        print(account(_site.run))


# Last of all: the search's index for readers without a server is written in this event too.
on_post_build.mkdocs_priority = -200  # type: ignore[attr-defined]


def on_serve(server: Any, **_: Any) -> Any:
    """Let the preview hear of verdicts: its open pages at once, its build when all are in."""
    if _site.walker is not None:
        server.set_app(_site.verdicts.answering(server.get_app()))
        server.watch(str(_site.walker.signal.parent))
    return server


def _tell(course: Course, result: PageResult) -> None:
    """Put the verdict on a page into its slots, where it is open in a browser."""
    if result.page not in course.itineraries:
        return
    itinerary = course.itineraries[result.page]
    record = read_record(course.project, itinerary.page)
    view = blocks.view_of(itinerary, record, result.problems)
    parts = {str(step.fence.number): blocks.said(view, step.fence.number) for step in itinerary.steps}
    parts["line"] = blocks.line(view, _site.evidence_links.get(result.page))
    _site.verdicts.tell(result.page, {**parts, "end": blocks.unplaced(view)})


def _placed(name: str, html: str) -> str:
    """Return HTML as it is, in a preview in a slot that a verdict can fill."""
    return slot(name, html) if _site.serving else html


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
            print(blocks.worth(blocks.view_of(itinerary, read_record(course.project, itinerary.page))))
        for problem in drift_of(course):
            print(problem)
        problems = list(course.problems)
    except WalkthroughError as error:
        raise _plugin_error(str(error)) from None
    except Exception as error:
        raise _plugin_error(str(reason(error, None, state_folder()))) from None
    else:
        outside = [problem for problem in course.problems if problem not in _site.run.problems]
        problems = [*_site.run.problems, *outside]
        problems += [] if problems else drift_of(course)
    if problems:
        if _site.run is not None:
            print(account(_site.run))
        untried = _site.run is not None and _site.run.status == 2
        words = "the pages could not all be walked" if untried else "the pages do not hold"
        raise _plugin_error(f"{words}:\n" + "\n".join(map(str, problems)))


def _plugin_error(message: str) -> Exception:
    """Return the error that ends a build without a traceback."""
    error: Exception = _of_the_generator("exceptions").PluginError(message)
    return error


def _generated(config: Any, path: str, content: bytes) -> Any:
    """Return a file of the site that is made here; no menu names it."""
    files = _of_the_generator("structure.files")
    return files.File.generated(config, path, content=content, inclusion=files.InclusionLevel.NOT_IN_NAV)


def _of_the_generator(module: str) -> Any:
    """Return a module of the generator that runs us, MkDocs or ProperDocs."""
    return importlib.import_module(f"{'properdocs' if 'properdocs' in sys.modules else 'mkdocs'}.{module}")


def _accept_options(_language: str, inputs: dict[str, str], options: dict[str, Any], _attrs: Any, _md: Any) -> bool:
    """Accept every option: the page has been read before, and each of its options is known."""
    options.update(inputs)
    return True


def _format(source: str, language: str, _class: str, options: dict[str, Any], md: Any, **keywords: Any) -> str:
    """Render a fence as superfences would, then let what is known of it be put there."""
    # The final newline is the file's; without it, Pygments would take a blank last line for it.
    source += "\n" if source else ""
    looks = {name: options[name] for name in ("title", "linenums", "hl_lines") if name in options}

    def highlight(text: str, its_language: str, **given: Any) -> str:
        plain: dict[str, Any] = {"options": {}, "classes": [], "id_value": "", "attrs": {}}
        render = md.preprocessors["fenced_code_block"].highlight
        return str(render(src=text, language=its_language, md=md, **(plain | given)))

    highlighted = highlight(source, language, options=looks, **keywords)
    number, _site.fence = _site.fence, _site.fence + 1
    if _site.view is None:
        return highlighted
    said = _placed(str(number), blocks.said(_site.view, number))
    return blocks.block(_site.view, number, highlighted, highlight) + said
