FROM python:3.13-slim-trixie
WORKDIR /app
COPY roman.py ./
USER 65532:65532
ENTRYPOINT ["python", "roman.py"]
CMD ["2026"]
