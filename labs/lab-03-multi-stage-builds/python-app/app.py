"""A web server that greets, tells whether it is well, and has one slow page."""

import time

from flask import Flask, Response

app = Flask(__name__)


def text(words: str) -> Response:
    return Response(words + "\n", mimetype="text/plain")


@app.get("/")
def greet() -> Response:
    return text("Hello from a small Python image!")


@app.get("/health")
def health() -> Response:
    return text("ok")


@app.get("/slow")
def slow() -> Response:
    time.sleep(2)
    return text("Slow, but finished.")
