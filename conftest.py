"""Let pytest collect the pages: ``pytest docs/lab-03-multi-stage-builds/go-app.md``."""

pytest_plugins = ["walkthrough.doors.pytest_plugin"]
