"""Which pages a change of the project has to prove anew: those that are not as they were recorded, and core paths."""

from __future__ import annotations

from walkthrough.doors.corepath import core_pages
from walkthrough.page.course import Course
from walkthrough.page.itinerary import content_digest
from walkthrough.record.evidence import read_record


def due(course: Course) -> set[str]:
    """Return the paths of the pages that are walked where not all are.

    A page that is changed, or builds on one that is, has another digest than its record. Of the others it is those that
    a reader does first: they meet most of what the tool can do, and a fault of the tool is seldom one page's alone.
    """
    return changed(course) | (core_pages(course.pages.values()) & course.itineraries.keys())


def changed(course: Course) -> set[str]:
    """Return the paths of the pages that are not as they were recorded."""
    return {
        path
        for path, one in course.itineraries.items()
        if (record := read_record(course.project, one.page)) is None or record.content != content_digest(one)
    }
