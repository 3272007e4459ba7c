# AgenticAudit's server: `agentaudit serve | processor | api | …` (docker-compose.yml runs the last two).
# Python 3.11 because that is what every test runs on.

FROM python:3.11-slim-bookworm AS builder
WORKDIR /src
COPY requirements.lock ./
RUN pip install --no-cache-dir "$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.lock)"
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY hook hook
COPY processor processor
COPY backend backend
RUN uv build --quiet --wheel --out-dir /dist
# What the lock pins, by hash, and nothing else.
RUN uv venv --quiet /opt/agentaudit \
 && uv pip install --quiet --python /opt/agentaudit --constraints requirements.lock \
      "agentic-audit[server] @ file://$(echo /dist/*.whl)"

FROM python:3.11-slim-bookworm
# Pango lays out the PDF report.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends \
      libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --create-home --home-dir /home/agentaudit agentaudit \
 && install --directory --owner agentaudit --mode 0700 /data
COPY --from=builder /opt/agentaudit /opt/agentaudit
ENV PATH=/opt/agentaudit/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/tmp \
    AGENTAUDIT_HOST=0.0.0.0 \
    AGENTAUDIT_DATA_DIR=/data
USER 10001
VOLUME /data
EXPOSE 8000 4317 4318
ENTRYPOINT ["agentaudit"]
CMD ["serve"]
