"""``./catch-up`` brings a reader to the files before any step of any page, and loses nothing that was there."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from helpers import LAB, ROOT, small_project
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.patch import apply_patch
from walkthrough.page.steps import ApplyDiff, WriteFile
from walkthrough.project import Project
from walkthrough.publish.archive import archives
from walkthrough.publish.labfolder import drift_of, write_lab
from walkthrough.publish.looks import only_looks
from walkthrough.publish.states import states

SHELLS = [shell for shell in (["dash"], ["bash", "--posix"], ["busybox", "sh"]) if shutil.which(shell[0])]
COURSE = read_course(Project(ROOT))
PAGES = [path for path, itinerary in COURSE.itineraries.items() if states(itinerary) and itinerary.steps]
ARCHIVES = archives(COURSE.itineraries)
OWN_WORK = "own-work"
STATION = re.compile(r"^ +(\d+)  (.+)$", re.MULTILINE)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Return the lab as a reader has it who took the archive, in a folder whose name has blanks."""
    return unpacked(LAB, tmp_path / "my labs")


def unpacked(lab: str, where: Path) -> Path:
    with tarfile.open(fileobj=io.BytesIO(ARCHIVES[f"{lab}/{lab}.tar.gz"])) as archive:
        archive.extractall(where, filter="data")
    return where / lab


def catch_up(
    lab: Path, *arguments: str, shell: tuple[str, ...] = (), cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the script as a reader does, with no program at hand but the few that it may use."""
    return subprocess.run(
        [*shell, str(lab / "catch-up"), *arguments],
        cwd=cwd or lab,
        env={"PATH": str(few_programs(lab.parent))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def few_programs(folder: Path) -> Path:
    place = folder / "bin"
    if not place.exists():
        place.mkdir()
        for name in ("sh", "cp", "mkdir", "mv", "rmdir", "cat", *(shell[0] for shell in SHELLS)):
            (place / name).symlink_to(str(shutil.which(name)))
    return place


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the files of a lab that are a reader's, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in (OWN_WORK, ".catch-up", "catch-up")
    }


def before(itinerary: Itinerary, title: str) -> dict[str, bytes]:
    """Return the files of the page's own steps, and of those before it, that come before the section ``title``."""
    lines = [line.replace("`", "") for line in itinerary.page.text.split("\n")]
    limit = lines.index(f"## {title}") + 1
    done = [step for _, steps in itinerary.before for step in steps]
    files: dict[str, str] = {}
    for step in [*done, *(step for step in itinerary.steps if step.fence.line < limit)]:
        if isinstance(step, WriteFile):
            files[step.path] = step.fence.text
        elif isinstance(step, ApplyDiff):
            files[step.path] = apply_patch(files[step.path], step.fence.text, 1)
    return {path: text.encode() for path, text in files.items()}


def shown_by(itinerary: Itinerary) -> set[str]:
    every = [step for _, steps in itinerary.before for step in steps] + list(itinerary.steps)
    return {step.path for step in every if isinstance(step, (WriteFile, ApplyDiff))}


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: str(shell[0]))
@pytest.mark.parametrize("path", PAGES)
def test_before_every_step_of_every_page_the_files_are_those_of_the_pages_steps(
    tmp_path: Path, path: str, shell: list[str]
) -> None:
    """Byte for byte, and what no step before has shown is not there; all else in the lab stays as it was."""
    itinerary = COURSE.itineraries[path]
    lab = unpacked(str(itinerary.page.lab), tmp_path / "my labs")
    whole = files_in(lab)
    own = shown_by(itinerary)
    listed = STATION.findall(catch_up(lab, itinerary.page.name, shell=tuple(shell)).stdout)
    assert bool(listed) is bool(own) or any(title.startswith("Step ") for _, title in listed)
    for number, title in listed:
        done = catch_up(lab, itinerary.page.name, number, shell=tuple(shell))

        assert (done.returncode, done.stderr) == (0, ""), done
        now = files_in(lab)
        assert {file: now[file] for file in now if file in own} == before(itinerary, title), number
        assert now.keys() - own <= whole.keys()
        assert all(now[file] == whole[file] for file in now.keys() - own)
        for file in (lab / name for name in now):
            assert bool(file.stat().st_mode & 0o100) is file.read_bytes().startswith(b"#!"), file


def test_steps_have_the_numbers_that_the_page_gives_them(lab: Path) -> None:
    """A page that calls its steps so is taken at its word; another is counted."""
    for itinerary in COURSE.itineraries.values():
        if itinerary.page.lab != LAB:
            continue
        for number, title in STATION.findall(catch_up(lab, itinerary.page.name).stdout):
            called = re.match(r"Step (\d+)", title)
            assert not called or called[1] == number, (itinerary.page.path, title)


def test_own_work_is_set_aside_and_comes_back(lab: Path) -> None:
    """All of it: changes, new files, those whose names begin with a dot, links; and what came instead is kept too."""
    page = lab / "go-app"
    (page / "main.go").write_text("package mine\n")
    (page / ".env").write_text("X=1\n")
    (page / "a folder").mkdir()
    (page / "a folder/notes").write_bytes(b"\x00\xff")
    (page / "link").symlink_to("nowhere")
    mine = files_in(lab)

    first = catch_up(lab, "go-app", "3")
    assert "own-work/1-go-app" in first.stdout
    assert not (page / ".env").exists()
    assert not (page / "link").is_symlink()
    assert (lab / "own-work/1-go-app/go-app/main.go").read_text() == "package mine\n"
    at_three = files_in(lab)
    second = catch_up(lab, "go-app", "2")
    assert "own-work/2-go-app" in second.stdout
    assert files_in(lab) != at_three

    assert "own-work/undone-2-go-app" in catch_up(lab, "--back").stdout
    assert files_in(lab) == at_three
    (page / "main.go").write_text("package later\n")
    assert "own-work/undone-1-go-app" in catch_up(lab, "--back").stdout
    assert files_in(lab) == mine
    assert (page / "link").is_symlink()
    assert (lab / "own-work/undone-1-go-app/go-app/main.go").read_text() == "package later\n"
    assert sorted(path.name for path in (lab / OWN_WORK).iterdir()) == ["undone-1-go-app", "undone-2-go-app"]

    nothing = catch_up(lab, "--back")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "nothing to put back" in nothing.stderr
    assert "own-work/3-go-app" in catch_up(lab, "go-app", "1").stdout


def test_a_shell_that_stands_in_the_folder_stays_in_it(lab: Path) -> None:
    """The page has its reader there: the files change, the folder is the same one."""
    inode = (lab / "go-app").stat().st_ino

    done = subprocess.run(
        ["sh", "-c", "../catch-up go-app 3 && cat Dockerfile"],
        cwd=lab / "go-app",
        capture_output=True,
        text=True,
        check=True,
    )

    assert (lab / "go-app").stat().st_ino == inode
    assert done.stdout.endswith((lab / "go-app/Dockerfile").read_text())


def test_a_reader_who_has_nothing_gets_the_files(lab: Path) -> None:
    """Folders are made, also where a file or a link has their name."""
    shutil.rmtree(lab / "go-app")
    (lab / "go-app").write_text("a file\n")
    (lab / "elsewhere").mkdir()
    shutil.rmtree(lab / "rust-app")
    (lab / "rust-app").symlink_to("elsewhere")

    for page in ("go-app", "rust-app"):
        done = catch_up(lab, page, "2")
        assert (done.returncode, done.stderr) == (0, "")
        assert (lab / page / "Dockerfile").is_file()
    assert (lab / "own-work/1-go-app/go-app").read_text() == "a file\n"
    assert list((lab / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("arguments", [("go-app", "77"), ("go-app", "two"), ("go-app", "*"), ("nothing", "1")])
def test_an_unknown_page_or_step_is_told_with_those_that_there_are(lab: Path, arguments: tuple[str, str]) -> None:
    """Nothing is changed by it."""
    before_it = files_in(lab)

    done = catch_up(lab, *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    what = "no page of this lab is called nothing" if arguments[0] == "nothing" else "go-app has no step"
    assert done.stderr.startswith(f"catch-up: {what}")
    assert "3  Step 3: tests that guard the image" in done.stderr
    assert files_in(lab) == before_it
    assert not (lab / OWN_WORK).exists()


def test_a_page_is_found_by_every_name_that_a_reader_would_give(lab: Path) -> None:
    """As its file, as its address, as in the folder of what is set aside; from anywhere, by a path with blanks."""
    told = {catch_up(lab, name, cwd=ROOT).stdout for name in ("setup/verify", "setup-verify", "setup/verify.md")}

    assert len(told) == 1
    assert "setup/verify: Verification" in told.pop()
    assert catch_up(lab, "go-app", "1", "x").returncode == catch_up(lab, "-x").returncode == 2
    assert "./catch-up PAGE STEP" in catch_up(lab, "--help").stdout


def test_what_is_no_file_is_brought_by_a_line_to_paste(lab: Path) -> None:
    """It is the last line, and its path may have blanks; where nothing was run by then there is none."""
    said = catch_up(lab, "go-app", "3").stdout
    page = str(lab / ".catch-up/go-app/again")

    assert "2 of them builds" in said
    assert said.endswith(f"\n\n  . '{page}' 3\n")
    assert "goes" not in said
    assert len(said.splitlines()) == 7


@pytest.mark.parametrize(
    ("command", "looks"),
    [
        ("docker ps --all | grep web | wc -l", True),
        ("docker run --rm debian:trixie-slim cat /etc/os-release", True),
        ("docker save web | gzip | wc -c", True),
        ("grep -c x file 2>/dev/null || echo 'a > b'", True),
        ("docker run --rm -v kept:/data debian:trixie-slim cat /data/file", False),
        ("docker run -d --name web web", False),
        ("docker save -o web.tar web", False),
        ("echo one > file", False),
        ("sed -i '$d' app.py", False),
        ("cat file | tee copy", False),
        ("ID=$(docker inspect web)", False),
        ('echo "$(docker rm web)"', False),
        ("docker ps; docker rm web", False),
        ("size() { docker ps; }", False),
        ("curl -s localhost:8080", False),
    ],
)
def test_a_command_only_looks_where_its_words_say_so(command: str, looks: bool) -> None:
    """What is not known is run again."""
    assert only_looks(command) is looks


IN_THE_MIDDLE = """\
---
builds_on: [one.md]
---
# T

## Step 1

```text title="x/a"
first
```

```console
$ cd ~/docker-labs/lab-01-small/x
$ said() { echo "said $1"; }
$ cp a of-its-time
$ cat a
first
```

```console terminal="other" stays
$ echo begun > b; cat b
begun
```

## Step 2

```text title="x/a"
second
```

```console exit="3"
$ (exit 3)
```

## Step 3

```console
$ said hello
said hello
```
"""


def test_a_shell_that_does_it_again_has_what_the_page_has(tmp_path: Path) -> None:
    """Functions, the folder, files that commands made of the files of their time; and own work is never removed."""
    home = tmp_path / "home"
    small_project(tmp_path, "# One\n\n```bash\necho before > ~/before\n```\n", "one")
    project = Project(small_project(tmp_path, IN_THE_MIDDLE))
    for itinerary in read_course(project).itineraries.values():
        write_lab(project, itinerary)
    lab = home / "docker-labs/lab-01-small"
    shutil.copytree(project.labs / "lab-01-small", lab)

    def bash(text: str) -> str:
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=lab,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    # Each command once: three of the session, and the one that stays.
    assert "runs 1 4 0\n" in (lab / ".catch-up/page/states").read_text()
    again = ". .catch-up/page/again"
    said = bash(
        f"./catch-up page 3 >/dev/null; {again} 3; said hello; pwd; cat a of-its-time ~/before; compgen -v _labs"
    )
    assert said.endswith(f"has there.\nsaid hello\n{lab}/x\nsecond\nfirst\nbefore\n"), said
    assert "$ (exit 3)" in said
    assert "$ cat a" not in said

    (lab / "x/a").write_text("mine\n")
    assert "the files are not those that catch-up brings" in bash(f"{again} 3")
    assert (lab / "x/a").read_text() == "mine\n"
    assert "the number of a step is missing" in bash(again)
    refuses = bash(f"./catch-up page 3; cp() {{ false; }}; {again} 3; echo $?; compgen -A function _labs")
    assert "the file x/a cannot be written" in refuses
    assert refuses.endswith("\n1\n")
    (home / "before").unlink()
    (home / "before").mkdir()
    fails = bash(f"./catch-up page 3; {again} 3; echo $?; compgen -A function _labs")
    assert "this command ends with 1, not with 0" in fails
    assert fails.endswith("\n1\n")


def test_a_folder_that_cannot_be_written_is_told(lab: Path) -> None:
    """And what was set aside by then is named."""
    shutil.rmtree(lab / "go-app")
    (lab / OWN_WORK).write_text("a file in the way\n")

    done = catch_up(lab, "go-app", "3")

    assert done.returncode == 1
    assert "own-work/1-go-app cannot be made; nothing was changed" in done.stderr


SECTIONS = """\
# T

```text title="a"
## Step 9: in a file
```

{headings}
"""


@pytest.mark.parametrize(
    ("headings", "numbers"),
    [
        (
            "## Before\n\n## Step 1: `x`\n\n## An aside\n\n## Step 2\n\n## After\n",
            "0 Before|1 Step 1: x|2 Step 2|3 After",
        ),
        ("## One {#one}\n\n<!--\n## Hidden\n-->\n\n### Part\n\n## [Two](page.md) ##\n", "1 One|2 Two"),
        ("## Step 2\n\n## Step 1\n\n## Step 3\n", "2 Step 2|3 Step 3"),
        ("Only text.\n", "1 page"),
    ],
)
def test_steps_are_counted_as_a_reader_counts(tmp_path: Path, headings: str, numbers: str) -> None:
    """By their own numbers; where they have none, from one; a page of one piece is one step."""
    project = Project(small_project(tmp_path, SECTIONS.format(headings=headings)))
    (itinerary,) = read_course(project).itineraries.values()

    assert "|".join(f"{state.number} {state.title}" for state in states(itinerary)) == numbers


def test_what_is_not_needed_any_more_is_drift_and_goes(tmp_path: Path) -> None:
    """Texts that the page shows no more leave the folder; those of other pages are left alone."""
    for name in ("one", "two"):
        small_project(tmp_path, f'# {name}\n\n```text title="{name}.txt"\nfirst\n```\n', name)
    project = Project(tmp_path)
    for itinerary in read_course(project).itineraries.values():
        write_lab(project, itinerary)
    assert drift_of(read_course(project)) == []
    page = project.docs / "lab-01-small/one.md"
    page.write_text(page.read_text().replace("first", "second"))
    course = read_course(project)

    told = [str(problem) for problem in drift_of(course)]
    assert sum("is not needed by this page any more; run 'make'" in line for line in told) == 1
    assert "is shown on no page" not in "".join(told)
    write_lab(project, course.itineraries["docs/lab-01-small/one.md"])
    assert drift_of(course) == []
    (project.labs / "lab-01-small/.catch-up/two/states").write_text("")
    assert len(drift_of(course)) == 1


@pytest.mark.parametrize("path", ["catch-up", "./Catch-Up", ".catch-up/x", "own-work/x"])
def test_no_page_shows_a_file_where_these_are_kept(tmp_path: Path, path: str) -> None:
    """A problem of the page, at its line."""
    course = read_course(Project(small_project(tmp_path, f'```text title="{path}"\nx\n```\n')))

    assert [problem.what for problem in course.problems] == [
        f"the file path '{path}' is kept by 'make' itself, from the pages"
    ]


def test_the_readme_begins_with_where_to_begin(lab: Path) -> None:
    """As a file it does; on the site its reader has no files as yet."""
    said = (lab / "README.md").read_text().split("\n## ")[0]

    assert "`./catch-up` lists the pages" in " ".join(said.replace(">", "").split())
    assert "catch-up" not in COURSE.pages[f"docs/{LAB}/index.md"].text.split("\n## ")[0]
